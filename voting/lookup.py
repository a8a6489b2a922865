"""Looking things up on an election's board: a credential's ballots, a receipt code, an alias, turnout."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.display_code import alias, parse_display_code
from crypto.encoding import decode_base64url
from crypto.errors import MalformedEncoding
from protocol.counting import unknown_credential
from protocol.leaf import Leaf, decode_leaf
from voting.errors import CodeNotFound
from voting.models import VotingBallot, VotingElection, VotingRoll

TRACKER_CHARACTERS: Final = 43
"""A tracker in base64url, as QR codes carry it."""


@dataclass(frozen=True)
class StandingBallot:
    """One ballot of a credential. counts: whether it is the last one of a credential that was not revoked."""

    index: int
    leaf: Leaf
    sequence: int
    counts: bool


@dataclass(frozen=True)
class CredentialRecord:
    """A credential with its line of the roll and every ballot that it cast, oldest first.

    revoked_index: entry of the revocation that ended it.  replaced_by, replaces: the credentials after and before it
    on the same line. All three None where there is none.
    """

    key: bytes
    alias: str
    area: str
    weight: int
    ballots: tuple[StandingBallot, ...]
    revoked_index: int | None
    replaced_by: bytes | None
    replaces: bytes | None

    @property
    def next_sequence(self) -> int:
        """The sequence number of its next ballot."""
        return len(self.ballots) + 1


@dataclass(frozen=True)
class Turnout:
    """voters: lines of the roll.  voted: lines with a ballot that counts.  ballots: all that were cast."""

    voters: int
    voted: int
    ballots: int


def credential_record(session: Session, row: VotingElection, key: bytes) -> CredentialRecord:
    """Raises: BallotInvalid `unknown-credential`."""
    line = session.get(VotingRoll, (row.id, key))
    if line is None:
        raise unknown_credential()
    ballots = session.scalars(
        select(VotingBallot)
        .where(VotingBallot.election == row.id, VotingBallot.credential == key)
        .order_by(VotingBallot.sequence)
    ).all()
    standing = tuple(
        StandingBallot(
            index=ballot.index,
            leaf=decode_leaf(board.entry(session, LogId(row.log_id), ballot.index).leaf),
            sequence=ballot.sequence,
            counts=ballot.sequence == len(ballots) and line.revoked_index is None,
        )
        for ballot in ballots
    )
    return CredentialRecord(
        key=key,
        alias=alias(key),
        area=line.area,
        weight=line.weight,
        ballots=standing,
        revoked_index=line.revoked_index,
        replaced_by=line.replaced_by,
        replaces=line.replaces,
    )


def find_by_code(session: Session, row: VotingElection, code: str) -> tuple[CredentialRecord, int | None]:
    """By receipt code or voter number: the credential's record, and the index of the ballot with that receipt code.

    Raises: MistypedCode (of `crypto.display_code`) for what is no such code, CodeNotFound.
    """
    wanted = parse_display_code(code)
    ballot = session.scalar(
        select(VotingBallot).where(VotingBallot.election == row.id, VotingBallot.receipt_code == wanted)
    )
    if ballot is not None:
        return credential_record(session, row, ballot.credential), ballot.index
    line = session.scalar(select(VotingRoll).where(VotingRoll.election == row.id, VotingRoll.alias == wanted))
    if line is None:
        raise CodeNotFound
    return credential_record(session, row, line.key), None


def find_by_tracker(session: Session, row: VotingElection, tracker: bytes) -> tuple[CredentialRecord, int]:
    """By all bits of a tracker, as a QR code carries them. Raises: CodeNotFound."""
    ballot = session.scalar(
        select(VotingBallot).where(VotingBallot.election == row.id, VotingBallot.tracker == tracker)
    )
    if ballot is None:
        raise CodeNotFound
    return credential_record(session, row, ballot.credential), ballot.index


def find_by_any(session: Session, row: VotingElection, text: str) -> tuple[CredentialRecord, int | None]:
    """By receipt code, voter number or a whole tracker in base64url. Raises: MistypedCode, CodeNotFound."""
    if len(text) == TRACKER_CHARACTERS:
        try:
            return find_by_tracker(session, row, decode_base64url(text, 32))
        except MalformedEncoding:
            pass  # then it is read as a typed code, whose errors name the symbol
    return find_by_code(session, row, text)


def turnout_by_area(session: Session, row: VotingElection) -> dict[str, Turnout]:
    """Turnout of each area that has voters."""
    active = VotingRoll.revoked_index.is_(None)
    rows = session.execute(
        select(
            VotingRoll.area,
            func.count(func.distinct(case((active, VotingRoll.key)))),
            func.count(func.distinct(case((active, VotingBallot.credential)))),
            func.count(VotingBallot.index),
        )
        .join(
            VotingBallot,
            (VotingBallot.election == VotingRoll.election) & (VotingBallot.credential == VotingRoll.key),
            isouter=True,
        )
        .where(VotingRoll.election == row.id)
        .group_by(VotingRoll.area)
    )
    return {area: Turnout(voters, voted, ballots) for area, voters, voted, ballots in rows}


def turnout(session: Session, row: VotingElection) -> Turnout:
    """How many have voted so far."""
    of_election = VotingBallot.election == row.id
    ballots = session.scalar(select(func.count()).select_from(VotingBallot).where(of_election)) or 0
    voted = (
        session.scalar(
            select(func.count())
            .select_from(VotingBallot)
            .join(
                VotingRoll,
                (VotingRoll.election == VotingBallot.election) & (VotingRoll.key == VotingBallot.credential),
            )
            .where(of_election, VotingBallot.sequence == 1, VotingRoll.revoked_index.is_(None))
        )
        or 0
    )
    return Turnout(voters=row.voters or 0, voted=voted, ballots=ballots)
