"""What officials and the registrar did to a vote, read from its board: extensions, an early end, replaced codes."""

from collections.abc import Callable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import Entry, LogId
from board.models import BoardEntry as EntryRow
from crypto.display_code import alias
from crypto.encoding import decode_base64url
from protocol.canonical import decode_canonical
from protocol.extension import Extension
from protocol.leaf import Kind
from protocol.records import CLOCK, RECORD_BYTES_MAX, Act, Closing, PollsOpened
from protocol.revocation import REVOCATION_BYTES_MAX, Revocation
from protocol.sign_in import Conflict
from protocol.text import parse_time
from voting.models import VotingElection
from web.pages.board import EntryFacts
from web.pages.election import OfficialAct


def acts_of(session: Session, row: VotingElection) -> tuple[OfficialAct, ...]:
    """Extensions and a closing before its time, in order, each with who answers for it and why."""
    found = []
    for entry in _of_kinds(session, row, (Kind.EXTENSION, Kind.CLOSING)):
        facts = facts_of(session, entry)
        if facts is not None and facts.reason:
            found.append(
                OfficialAct(entry.kind, entry.time, entry.index, facts.by, facts.reason, facts.closes_at)
            )
    return tuple(found)


def count_of(session: Session, row: VotingElection, kind: Kind) -> int:
    """How many leaves of this kind the board has."""
    return (
        session.scalar(
            select(func.count())
            .select_from(EntryRow)
            .where(EntryRow.log_id == row.log_id, EntryRow.kind == kind.value)
        )
        or 0
    )


def persons_of(session: Session, row: VotingElection) -> int | None:
    """How many people voted, by the closing; None where no sign-in is asked, and before it."""
    if row.closing_index is None:
        return None
    facts = facts_of(session, board.entry(session, LogId(row.log_id), row.closing_index))
    return None if facts is None else facts.persons


def facts_of(session: Session, entry: Entry) -> EntryFacts | None:
    """What an act on the board says in words; None for entries that say nothing in words."""
    if entry.kind not in _READ:
        return None
    return _READ[entry.kind](board.body(session, entry.digest))


def _of_kinds(session: Session, row: VotingElection, kinds: Sequence[Kind]) -> list[Entry]:
    indices = session.scalars(
        select(EntryRow.index)
        .where(EntryRow.log_id == row.log_id, EntryRow.kind.in_([kind.value for kind in kinds]))
        .order_by(EntryRow.index)
    ).all()
    return [board.entry(session, LogId(row.log_id), index) for index in indices]


def _name(by: str) -> str:
    return "" if by == CLOCK else by


def _opened(body: bytes) -> EntryFacts:
    return EntryFacts(by=_name(decode_canonical(body, PollsOpened, limit_bytes=RECORD_BYTES_MAX).by))


def _closing(body: bytes) -> EntryFacts:
    said = decode_canonical(body, Closing, limit_bytes=RECORD_BYTES_MAX)
    return EntryFacts(by=_name(said.by), reason=said.reason or "", persons=said.persons, ballots=said.ballots)


def _extension(body: bytes) -> EntryFacts:
    said = decode_canonical(body, Extension, limit_bytes=RECORD_BYTES_MAX)
    return EntryFacts(by=said.name, reason=said.reason, closes_at=parse_time(said.closes_at))


def _act(body: bytes) -> EntryFacts:
    said = decode_canonical(body, Act, limit_bytes=RECORD_BYTES_MAX)
    return EntryFacts(by=said.name, reason=said.reason)


def _revocation(body: bytes) -> EntryFacts:
    said = decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    return EntryFacts(reason=said.reason, voter=_number(said.old), successor=_number(said.new))


def _conflict(body: bytes) -> EntryFacts:
    said = decode_canonical(body, Conflict, limit_bytes=RECORD_BYTES_MAX)
    return EntryFacts(voter=_number(said.credential), conflict=said.reason.value)


def _number(key: str) -> str:
    return alias(decode_base64url(key, 32))


_READ: dict[str, Callable[[bytes], EntryFacts]] = {
    Kind.POLLS_OPENED: _opened,
    Kind.CLOSING: _closing,
    Kind.EXTENSION: _extension,
    Kind.ACT: _act,
    Kind.REVOCATION: _revocation,
    Kind.CONFLICT: _conflict,
}
