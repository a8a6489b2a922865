"""A petition's log, as the verbs write it: entries in the transaction of the deed, the head signed at its end.

Every function that writes expects the petition's row to be locked (`consultation.petitions.store.lock_petition`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import versions
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

    @classmethod
    def open(cls, desk: Desk, session: Session, row: PetitionPetition, now: datetime) -> "Ledger":
        """Made with the first signature."""
        counter = session.get(PetitionCount, row.id, populate_existing=True)
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
            session.flush()
        return cls(desk, session, row, counter, now)

    def append(self, make: Callable[[int, str], PetitionEntry]) -> int:
        """One entry; its number. make: gets number and hour."""
        log = LogId(self.counter.log)
        head = board.lock(self.session, log)
        moment = self.now.replace(minute=0, second=0, microsecond=0)
        if head.last_time is not None:
            moment = max(moment, head.last_time)
        entry = make(head.size, format_time(moment))
        board.append(
            self.session,
            log,
            leaf=encode_canonical(entry),
            body=_NO_BODY,
            digest=_DIGEST,
            kind=KIND,
            time=parse_time(entry.time),
        )
        return head.size

    def name_words(self) -> str:
        """See to it that the words in force stand in the log; their digest as entries give it."""
        text = next(iter(versions(self.session, self.row.id)))
        digest = encode_base64url(text.digest)
        if self.counter.version != text.version:
            self.append(
                lambda entry, time: TextEntry(
                    entry=entry, petition=self.row.id, text=digest, time=time, version=text.version
                )
            )
            self.counter.version = text.version
        return digest

    def settle(self, change: int) -> int:
        """Sign the head and count. change: by how many more or fewer signatures count now. Gives the new count."""
        window, counter = window_of(self.now), self.counter
        if window > counter.window:
            counter.window, counter.shown, counter.shown_entries = window, counter.count, counter.entries
        counter.count += change
        counter.entries = board.tree_size(self.session, LogId(counter.log))
        board.sign_checkpoint(self.session, LogId(counter.log), self.desk.keys.log, self.now)
        self.session.flush()
        return counter.count
