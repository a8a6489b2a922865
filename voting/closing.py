"""Closing the polls: one leaf after which no ballot counts."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from protocol.canonical import encode_canonical
from protocol.errors import MalformedRecord
from protocol.leaf import Kind
from protocol.records import CLOCK, Closing, require_closing_reason
from protocol.text import format_time
from storage.session import Beside, writing
from voting.errors import WrongState
from voting.models import VotingBallot, VotingChallenge
from voting.office import Office, State, effective_closes_at, lock_election, state_of
from voting.sign_in import count_ties, forget_ties


def close_polls(
    office: Office,
    election_id: str,
    by: str = CLOCK,
    reason: str | None = None,
    beside: Beside | None = None,
) -> int:
    """Append the closing leaf and sign the head that ends with it; index of the leaf. It cannot be undone.

    by: the name of the official who closes, everybody reads it; `CLOCK` where nobody's hand does.
    reason: why the polls are closed before their time, which only an official can do; None in time.
    beside: belongs to the same transaction.
    Where sign-in was asked, the ties of people to codes are counted and then gone, with the key that made them.
    Raises: WrongState unless the polls are open, and for a name or reason that does not fit.
    """
    terms = office.terms(election_id)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) is not State.OPEN:
            raise WrongState(f"Only open polls can be closed; this election is {state_of(row)}.")
        moment = office.next_time(session, row)
        persons, keys = count_ties(session, election_id) if terms.manifest.asks_sign_in else (None, None)
        try:
            closing = Closing(
                ballots=_count(session, VotingBallot, election_id),
                by=by,
                challenges=_count(session, VotingChallenge, election_id),
                election=election_id,
                fingerprint=terms.fingerprint_text,
                format="psephos/closing/v1",
                keys=keys,
                persons=persons,
                reason=reason,
            )
            require_closing_reason(closing, effective_closes_at(row), format_time(moment))
        except (ValueError, MalformedRecord) as error:
            raise WrongState(f"The polls cannot be closed like this. {error}") from error
        body = encode_canonical(closing)
        row.closing_index = office.append_as_server(session, row, Kind.CLOSING, body, moment).index
        forget_ties(session, election_id)
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
    office.keys.destroy_tie_key(election_id)
    return row.closing_index


def _count(session: Session, table: type[VotingBallot] | type[VotingChallenge], election_id: str) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.election == election_id)) or 0
