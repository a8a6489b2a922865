"""Trial runs through the job queue: made in another process, refused with a sentence, counted to the end.

Each on one of the two databases: the queue and the verbs of voting and tally are tested on both in their rooms.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from audits.stored_board import StoredBoard
from protocol.verification import verify_board
from rehearsal.models import RehearsalTrial
from rehearsal.trial_run import VOTERS_MAX, codes_to_try
from rehearsal.trials import (
    PREPARE,
    PREPARED_WITHIN,
    ask_for_count,
    ask_for_votes,
    begin_trial,
    handlers,
    invented_roll,
    trials_of,
)
from storage.jobs import backlog, dead, enqueue
from storage.session import reading, writing
from storage.worker import Worker
from tests.rehearsal.test_trial_run import draft
from tests.support.drafts import Preparing, begin
from voting.closing import close_polls
from voting.draft_document import QuestionsPart
from voting.draft_errors import NoSuchDraft
from voting.drafts import create
from voting.lookup import turnout
from voting.office import Office, find_election


@pytest.fixture
def preparing(either_database_url: str, tmp_path: Path) -> Iterator[Preparing]:
    found = begin(either_database_url, tmp_path / "secrets")
    yield found
    found.office.engine.dispose()


def work(office: Office) -> None:
    """Do every job that waits."""
    worker = Worker(office.engine, handlers(office, "trial.example"), office.clock)
    while worker.run_once():
        pass


def test_nobody_floods_the_server_with_keys(preparing: Preparing) -> None:
    office, by = preparing.office, preparing.official
    made = create(office, by, draft().title, draft())
    first = begin_trial(office, made, 12)
    assert begin_trial(office, made, 500) == first
    assert [trial.id for trial in trials_of(office, made)] == [first]
    with reading(office.engine) as session:
        assert backlog(session, office.clock()).waiting == 1
    with writing(office.engine) as session:  # its job died
        session.get_one(RehearsalTrial, first).begun_at -= PREPARED_WITHIN
    assert begin_trial(office, made, 12) != first


def test_an_official_holds_a_trial(preparing: Preparing) -> None:
    office, by = preparing.office, preparing.official
    made = create(office, by, draft().title, draft())
    begin_trial(office, made, 12)
    (before,) = trials_of(office, made)
    assert (before.election, before.fault) == (None, "")
    work(office)
    (trial,) = trials_of(office, made)
    assert trial.fault == ""
    assert trial.election is not None
    election = trial.election

    with writing(office.engine) as session:  # a worker that died after its work: nothing is made twice
        enqueue(session, PREPARE, {"trial": trial.id}, now=office.clock())
    work(office)
    assert trials_of(office, made) == (trial,)

    assert len(codes_to_try(office, election)) == 5
    with writing(office.engine) as session:
        ask_for_votes(session, election, 4, office.clock())
    work(office)
    with reading(office.engine) as session:
        assert turnout(session, find_election(session, election)).voted == 4

    close_polls(Office(office.engine, office.keys), election, by="Ms Lan", reason="Seen enough.")
    with writing(office.engine) as session:
        ask_for_votes(session, election, 4, office.clock())  # asked a moment too late: nothing happens
        ask_for_count(session, election, office.clock())
        ask_for_count(session, election, office.clock())
    work(office)
    assert verify_board(StoredBoard(office.engine, election)).report.result is not None
    with reading(office.engine) as session:
        assert dead(session) == []
        assert backlog(session, office.clock()).waiting == 0


def test_a_draft_that_lacks_something_says_what(preparing: Preparing) -> None:
    office = preparing.office
    empty = msgspec.structs.replace(draft(), questions=QuestionsPart(questions=()))
    made = create(office, preparing.official, empty.title, empty)
    begin_trial(office, made, 12)
    work(office)
    (trial,) = trials_of(office, made)
    assert trial.election is None
    assert "questions" in trial.fault
    assert not list(office.keys.folder.glob("*.trial.json"))


def test_what_cannot_be_asked(preparing: Preparing) -> None:
    with pytest.raises(NoSuchDraft):
        begin_trial(preparing.office, "0" * 32, 12)
    for voters in (0, VOTERS_MAX + 1):
        with pytest.raises(ValueError, match="invented voters"):
            begin_trial(preparing.office, preparing.draft, voters)


def test_invented_voters_are_dealt_to_all_areas() -> None:
    assert {entry.area for entry in invented_roll(draft(), 3)} == {"all"}
