"""A petition's log, as the verbs write it: entries in the transaction of the deed, the head signed at its end.

Every function that writes expects the petition's row to be locked (`consultation.petitions.store.lock_petition`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select
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

KIND: Final = "petition"
_NO_BODY: Final = b""
"""An entry is whole in its leaf: what the board keeps for ever beside it is empty."""
_DIGEST: Final = tuple_hash("body", [KIND.encode("ascii"), _NO_BODY])
_COUNTER_AND_WORDS: Final = (
    select(PetitionCount, PetitionVersion.digest)
    .select_from(PetitionVersion)
    .outerjoin(PetitionCount, PetitionCount.petition == PetitionVersion.petition)
    .where(PetitionVersion.petition == bindparam("petition"), PetitionVersion.version == bindparam("version"))
    .execution_options(populate_existing=True)
)


def origin_of(desk: Desk, petition: str) -> str:
    """The name of a petition's log on this site."""
    return petition_origin(urlsplit(desk.base_url).netloc, petition)


@dataclass
class Ledger:
    """The log of one petition and its counter, both locked with the petition's row."""

    desk: Desk
    session: Session
    row: PetitionPetition
    counter: PetitionCount
    now: datetime
    words: str
    """Digest of the words in force, as entries give it."""
    _log: OpenLog

    @classmethod
    def open(cls, desk: Desk, session: Session, row: PetitionPetition, now: datetime) -> "Ledger":
        """Made with the first signature."""
        found = session.execute(_COUNTER_AND_WORDS, {"petition": row.id, "version": row.version}).one()
        counter: PetitionCount | None = found[0]
        if counter is None:
            counter = PetitionCount(
                petition=row.id,
                log=board.create_log(session, origin_of(desk, row.id)),
                version=0,
                batches=0,
                count=0,
                entries=0,
                window=window_of(now),
                shown=0,
                shown_entries=0,
                areas_at=None,
                areas_entries=0,
                checked_entries=0,
            )
            session.add(counter)
        log = board.open_log(session, LogId(counter.log))
        return cls(desk, session, row, counter, now, encode_base64url(found[1]), log)

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
        self.session.flush()
        return counter.count
