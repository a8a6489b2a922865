"""A petition's log, as the verbs write it: entries in the transaction of the deed, the head signed at its end.

Every function that writes expects the petition's row to be locked (`consultation.petitions.store.lock_petition`).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from board import log as board
from board.appending import OpenLog
from board.log import LogId
from consultation.petitions.models import PetitionPetition, PetitionVersion
from consultation.signing.models import PetitionCount
from consultation.signing.windows import window_of
from crypto.encoding import encode_base64url
from crypto.transcript import tuple_hash
from identity.desk import Desk
from protocol.canonical import encode_canonical
from protocol.petition import PetitionEntry, TextEntry, petition_origin
from protocol.text import format_time, parse_time
from storage.statements import table_of

KIND: Final = "petition"
_NO_BODY: Final = b""
"""An entry is whole in its leaf: what the board keeps for ever beside it is empty."""
_DIGEST: Final = tuple_hash("body", [KIND.encode("ascii"), _NO_BODY])
_VERSION: Final = table_of(PetitionVersion)
_COUNT: Final = table_of(PetitionCount)
# Made once: putting a statement together takes longer than running it, and these are part of every signature.
WORDS_AND_COUNTER: Final = (
    _VERSION.c.digest,
    _COUNT.c.log,
    _COUNT.c.version,
    _COUNT.c.batches,
    _COUNT.c.count,
    _COUNT.c.entries,
    _COUNT.c.window,
    _COUNT.c.shown,
    _COUNT.c.shown_entries,
)
"""What a ledger is opened with."""
THEIRS: Final = _VERSION.outerjoin(_COUNT, _COUNT.c.petition == _VERSION.c.petition)
"""Where that stands. Its parameters are `petition` and `version`."""
OF_WORDS: Final = and_(
    _VERSION.c.petition == bindparam("petition"), _VERSION.c.version == bindparam("version")
)
_FOUND: Final = select(*WORDS_AND_COUNTER).select_from(THEIRS).where(OF_WORDS)
_NEW: Final = insert(_COUNT)
_SETTLED: Final = (
    update(_COUNT)
    .where(_COUNT.c.petition == bindparam("of"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("version", "batches", "count", "entries", "window", "shown", "shown_entries")
        }
    )
)


@dataclass
class Counter:
    """A row of `PetitionCount` while its petition is locked, as far as a ledger changes it."""

    log: LogId
    version: int
    batches: int
    count: int
    entries: int
    window: datetime
    shown: int
    shown_entries: int


def origin_of(desk: Desk, petition: str) -> str:
    """The name of a petition's log on this site."""
    return petition_origin(urlsplit(desk.base_url).netloc, petition)


@dataclass
class Ledger:
    """The log of one petition and its counter, both locked with the petition's row."""

    desk: Desk
    session: Session
    row: PetitionPetition
    counter: Counter
    now: datetime
    words: str
    """Digest of the words in force, as entries give it."""
    _log: OpenLog

    @classmethod
    def open(cls, desk: Desk, session: Session, row: PetitionPetition, now: datetime) -> "Ledger":
        """Made with the first signature."""
        found = session.execute(_FOUND, {"petition": row.id, "version": row.version}).one()
        return cls.opened(desk, session, row, now, found)

    @classmethod
    def opened(
        cls, desk: Desk, session: Session, row: PetitionPetition, now: datetime, found: Sequence[Any]
    ) -> "Ledger":
        """The same. found: WORDS_AND_COUNTER, as they were read behind the petition's lock."""
        digest, log, *numbers = found
        if log is None:
            counter = Counter(
                board.create_log(session, origin_of(desk, row.id)), 0, 0, 0, 0, window_of(now), 0, 0
            )
            session.execute(
                _NEW, {"petition": row.id, "areas_entries": 0, "checked_entries": 0, **asdict(counter)}
            )
        else:
            counter = Counter(LogId(log), *numbers)
        # Whoever appends to this log holds the petition's row.
        opened = board.open_log(session, counter.log, alone=True)
        return cls(desk, session, row, counter, now, encode_base64url(digest), opened)

    @property
    def size(self) -> int:
        """Entries, with what was appended here."""
        return self._log.head.size

    def append(self, make: Callable[[int, str], PetitionEntry]) -> int:
        """One entry; its number. make: gets number and hour."""
        head = self._log.head
        moment = self.now.replace(minute=0, second=0, microsecond=0)
        if head.last_time is not None:
            moment = max(moment, head.last_time)
        entry = make(head.size, format_time(moment))
        self._log.append(
            leaf=encode_canonical(entry),
            body=_NO_BODY,
            digest=_DIGEST,
            kind=KIND,
            time=parse_time(entry.time),
        )
        return head.size

    def name_words(self) -> None:
        """See to it that the words in force stand in the log."""
        if self.counter.version == self.row.version:
            return
        self.append(
            lambda entry, time: TextEntry(
                entry=entry, petition=self.row.id, text=self.words, time=time, version=self.row.version
            )
        )
        self.counter.version = self.row.version

    def settle(self, change: int) -> int:
        """Store what was appended under a signed head, and count, with whatever else the session holds.

        change: by how many more or fewer signatures count now. Gives the new count.
        """
        window, counter = window_of(self.now), self.counter
        if window > counter.window:
            counter.window, counter.shown, counter.shown_entries = window, counter.count, counter.entries
        counter.count += change
        counter.entries = self._log.head.size
        self._log.sign(self.desk.keys.log, self.now)
        changed = {
            "of": self.row.id,
            "new_version": counter.version,
            "new_batches": counter.batches,
            "new_count": counter.count,
            "new_entries": counter.entries,
            "new_window": counter.window,
            "new_shown": counter.shown,
            "new_shown_entries": counter.shown_entries,
        }
        self.session.execute(_SETTLED, changed)
        self.session.flush()
        return counter.count
