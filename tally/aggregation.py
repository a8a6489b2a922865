"""Aggregation at the server: the counted ballots of a closed board, multiplied.

Every ballot on the board passed the door, where all checks of PROTOCOL section 8 ran; what this room writes is
recomputed by every trustee and verifier from the board alone.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.encoding import encode_base64url
from protocol.aggregation import Aggregator, group_areas, group_records
from protocol.ballot import decode_ballot
from protocol.canonical import encode_canonical
from protocol.leaf import Kind
from protocol.records import Aggregates, AreaGroup, counted_digest
from protocol.roll import RollEntry
from storage.session import reading, writing
from tally.errors import AlreadyAggregated, TallyRefused
from voting.models import VotingBallot, VotingElection, VotingRoll
from voting.office import Office, find_election, lock_election


def aggregate(office: Office, election_id: str) -> int:
    """Append the aggregates of a closed election; index of the leaf.

    A key of sign-in that a crash after the closing has left behind is destroyed first.
    Raises: TallyRefused before the closing; AlreadyAggregated.
    """
    terms = office.terms(election_id)
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        if row.aggregates_index is not None:
            raise AlreadyAggregated
        if row.closing_index is None:
            raise TallyRefused("Only a closed election can be aggregated.")
        office.keys.destroy_tie_key(election_id)
        counted = _counted(session, row)
        groups = group_areas(
            [area.id for area in terms.manifest.areas],
            terms.manifest.small_areas,
            [entry for _, entry in counted],
        )
        records: tuple[AreaGroup, ...] = ()
        if groups is not None:
            aggregator = Aggregator(terms, groups)
            for index, entry in counted:
                digest = board.entry(session, LogId(row.log_id), index).digest
                aggregator.add(decode_ballot(terms, board.body(session, digest)), entry)
            records = group_records(terms, groups, aggregator.packed())
    body = encode_canonical(
        Aggregates(
            counted=encode_base64url(counted_digest([index for index, _ in counted])),
            election=election_id,
            fingerprint=terms.fingerprint_text,
            format="psephos/aggregates/v1",
            groups=records,
            withheld=groups is None,
        )
    )
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if row.aggregates_index is not None:
            raise AlreadyAggregated
        row.aggregates_index = office.append_as_server(session, row, Kind.AGGREGATES, body).index
        office.sign_head(session, row)
        return row.aggregates_index


def _counted(session: Session, row: VotingElection) -> list[tuple[int, RollEntry]]:
    """(index, roll entry) of the last ballot of each credential that was not revoked, ascending."""
    last = (
        select(func.max(VotingBallot.index).label("index"), VotingBallot.credential)
        .where(VotingBallot.election == row.id)
        .group_by(VotingBallot.credential)
        .subquery()
    )
    rows = session.execute(
        select(last.c.index, VotingRoll.weight, VotingRoll.area)
        .join(VotingRoll, (VotingRoll.key == last.c.credential) & (VotingRoll.election == row.id))
        .where(VotingRoll.revoked_index.is_(None))
        .order_by(last.c.index)
    )
    return [(index, RollEntry(weight=weight, area=area)) for index, weight, area in rows]
