"""The board as pages show it: entries with their codes, the signed state, what lies there so far."""

import base64

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board.log import Entry
from board.models import BoardCheckpoint
from crypto.checkpoint import parse_checkpoint_text, parse_note
from crypto.display_code import display_code
from protocol.leaf import Kind
from voting.lookup import turnout
from voting.models import VotingChallenge, VotingElection
from web.links import api
from web.live.acts import count_of
from web.pages.board import BoardCounts, BoardEntry, SignedState


def test_codes(session: Session, row: VotingElection, entries: list[Entry]) -> dict[int, str]:
    """Receipt codes of the challenged ballots among these entries."""
    indices = [entry.index for entry in entries if entry.kind == Kind.CHALLENGE]
    if not indices:
        return {}
    found = session.execute(
        select(VotingChallenge.index, VotingChallenge.tracker).where(
            VotingChallenge.election == row.id, VotingChallenge.index.in_(indices)
        )
    )
    return {index: display_code(tracker) for index, tracker in found}


def board_entry(entry: Entry, tests: dict[int, str]) -> BoardEntry:
    """A row. tests: from `test_codes`."""
    code = display_code(entry.digest) if entry.kind == Kind.BALLOT else tests.get(entry.index)
    return BoardEntry(entry.index, entry.time, entry.kind, code)


def signed_state(session: Session, row: VotingElection) -> SignedState:
    """The newest checkpoint."""
    note, signed_at = session.execute(
        select(BoardCheckpoint.note, BoardCheckpoint.signed_at)
        .where(BoardCheckpoint.log_id == row.log_id)
        .order_by(BoardCheckpoint.size.desc())
        .limit(1)
    ).one()
    head = parse_checkpoint_text(parse_note(note).text)
    return SignedState(
        size=head.size,
        signed_at=signed_at,
        root=base64.b64encode(head.root).decode("ascii"),
        url=f"{api(row.id)}/checkpoint",
    )


def counts_of(session: Session, row: VotingElection, size: int) -> BoardCounts:
    """What lies on a board of this size."""
    found = turnout(session, row)
    tests = session.scalar(
        select(func.count()).select_from(VotingChallenge).where(VotingChallenge.election == row.id)
    )
    revocations, conflicts = (count_of(session, row, kind) for kind in (Kind.REVOCATION, Kind.CONFLICT))
    return BoardCounts(
        ballots=found.ballots,
        replaced=found.ballots - found.voted,
        tests=tests or 0,
        acts=size - found.ballots - (tests or 0) - revocations - conflicts,
        revocations=revocations,
        conflicts=conflicts,
    )
