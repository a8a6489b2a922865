"""What the clock does to elections: opens, closes and multiplies, each in its time, whoever is awake.

Nothing is remembered but the board itself, so a server that was down does at its start what it missed. Several
servers may keep time at once: each deed is decided under the board's lock, and who comes second finds it done.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from protocol.text import format_time
from storage.session import Beside, reading, writing
from tally.aggregation import aggregate
from tally.errors import TallyRefused
from voting.closing import close_polls
from voting.errors import VotingError, WrongState
from voting.models import VotingElection
from voting.office import Office, State, effective_closes_at, find_election, read_manifest, state_of
from voting.preparation import list_elections, open_polls

_log = logging.getLogger(__name__)


class Deed(StrEnum):
    """What the clock can do."""

    OPEN = "open"
    CLOSE = "close"
    AGGREGATE = "aggregate"


@dataclass(frozen=True)
class Done:
    """One deed that was done."""

    election: str
    deed: Deed


def keep_time(office: Office) -> tuple[Done, ...]:
    """Everything whose time has come; what was done, in order.

    An election that cannot be helped (its keys are missing) does not hold up the others: the log says so.
    """
    now = format_time(office.clock())
    with reading(office.engine) as session:
        rows = list_elections(session)
        waiting = [(row.id, _due(row, now)) for row in rows]
        closed = [row.id for row in rows if row.closing_index is not None]
    for election in closed:
        _forget_tie_key(office, election)
    return tuple(done for election, deed in waiting for done in _catch_up(office, election, deed))


def _forget_tie_key(office: Office, election: str) -> None:
    # A server that stopped between the closing and the end of its key would keep the key for ever.
    try:
        office.keys.destroy_tie_key(election)
    except OSError as error:
        _log.error("The sign-in key of the closed election %s is not destroyed yet: %s", election, error)


def _catch_up(office: Office, election: str, due: Deed | None) -> list[Done]:
    done = []
    while due is not None:
        try:
            _do(office, election, due)
            done.append(Done(election, due))
        except (WrongState, TallyRefused):
            pass  # somebody else was faster; what is due now is asked below
        except VotingError as error:
            _log.error("The clock could not %s election %s: %s", due, election, error)
            break
        with reading(office.engine) as session:
            after = _due(find_election(session, election), format_time(office.clock()))
        due = None if after is due else after
    return done


def leave_opening_to_official(
    office: Office, election_id: str, by_hand: bool, beside: Beside | None = None
) -> None:
    """Choose who opens the polls. Raises: NoSuchElection, WrongState once they are open."""
    with writing(office.engine) as session:
        row = find_election(session, election_id)
        if row.opened_index is not None:
            raise WrongState("The polls are open already.")
        row.opens_by_hand = by_hand
        if beside is not None:
            beside(session)


def _due(row: VotingElection, now: str) -> Deed | None:
    state = state_of(row)
    if state is State.FROZEN and not row.opens_by_hand and now >= read_manifest(row).opens_at:
        return Deed.OPEN
    if state is State.OPEN and now >= effective_closes_at(row):
        return Deed.CLOSE
    if state is State.CLOSED and row.aggregates_index is None:
        return Deed.AGGREGATE
    return None


def _do(office: Office, election: str, deed: Deed) -> None:
    if deed is Deed.OPEN:
        open_polls(office, election)
    elif deed is Deed.CLOSE:
        close_polls(office, election)
    else:
        aggregate(office, election)
