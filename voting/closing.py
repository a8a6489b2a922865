"""Closing the polls: one leaf after which no ballot counts."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from protocol.canonical import encode_canonical
from protocol.leaf import Kind
from protocol.records import Closing
from storage.session import writing
from voting.errors import WrongState
from voting.models import VotingBallot, VotingChallenge
from voting.office import Office, State, lock_election, state_of


def close_polls(office: Office, election_id: str) -> int:
    """Append the closing leaf and sign the head that ends with it; index of the leaf. It cannot be undone.

    Raises: WrongState unless the polls are open.
    """
    terms = office.terms(election_id)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) is not State.OPEN:
            raise WrongState(f"Only open polls can be closed; this election is {state_of(row)}.")
        body = encode_canonical(
            Closing(
                ballots=_count(session, VotingBallot, election_id),
                challenges=_count(session, VotingChallenge, election_id),
                election=election_id,
                fingerprint=terms.fingerprint_text,
                format="psephos/closing/v1",
                keys=None,
                persons=None,
            )
        )
        row.closing_index = office.append_as_server(session, row, Kind.CLOSING, body).index
        office.sign_head(session, row)
        return row.closing_index


def _count(session: Session, table: type[VotingBallot] | type[VotingChallenge], election_id: str) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.election == election_id)) or 0
