"""A trial run goes through every room with real keys and ballots, and is marked as one."""

from pathlib import Path

import msgspec
import pytest

from audits.stored_board import StoredBoard
from protocol.errors import ManifestInvalid
from protocol.manifest import RELAXED_SMALL_AREAS
from protocol.roll import RollEntry
from protocol.verification import verify_board
from rehearsal.one_machine import open_office, seal_vote
from rehearsal.trial_keys import TrialSecretsMissing, read_trial_secrets
from rehearsal.trial_run import (
    LEFT_FOR_THE_OFFICIAL,
    cast_for_invented_voters,
    codes_to_try,
    count_trial,
    prepare_trial,
)
from storage.session import reading
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.draft_document import (
    AreasPart,
    Draft,
    DraftOption,
    DraftQuestion,
    KeyHoldersPart,
    QuestionsPart,
    TitlePart,
    Words,
    empty_draft,
)
from voting.office import Office, State, find_election, read_manifest, state_of

OPTIONS = tuple(DraftOption(id=name, label=Words(en=name, vi=name)) for name in ("yes", "no", "later"))
QUESTION = DraftQuestion(
    id="q1",
    kind="choose-one",
    maximum=1,
    minimum=1,
    options=OPTIONS,
    points_max=0,
    positions=(),
    text=Words(en="Shall it be?", vi="Có nên không?"),
)
VOTERS = [RollEntry(area="all", weight=1)] * 12


def draft() -> Draft:
    """A whole question, a title, one key holder to be: everything else is still missing."""
    base = empty_draft()
    areas = AreasPart(
        areas=(msgspec.structs.replace(base.areas.areas[0], id="all"),), small_areas=RELAXED_SMALL_AREAS
    )
    words = Words(en="Trial", vi="Chạy thử")
    return msgspec.structs.replace(
        base,
        areas=areas,
        key_holders=KeyHoldersPart(bits=2048, holders=()),
        questions=QuestionsPart(questions=(QUESTION,)),
        title=TitlePart(authority=words, rehearsal=False, title=words),
    )


@pytest.fixture
def office(tmp_path: Path, either_database_url: str) -> Office:
    return open_office(either_database_url, tmp_path / "secrets")


def test_a_trial_is_held_from_draft_to_verified_result(office: Office) -> None:
    election = prepare_trial(office, draft(), "trial.example", VOTERS)
    with reading(office.engine) as session:
        row = find_election(session, election)
        assert state_of(row) is State.OPEN
        assert read_manifest(row).rehearsal

    tried = codes_to_try(office, election)
    assert len(tried) == LEFT_FOR_THE_OFFICIAL
    terms = office.terms(election)
    cast_ballot(office, election, seal_vote(terms, tried[0].code, ((0, 0, 1, 0),)))
    assert cast_for_invented_voters(office, election, 3) == 3
    assert cast_for_invented_voters(office, election, 100) == len(VOTERS) - LEFT_FOR_THE_OFFICIAL - 3
    assert cast_for_invented_voters(office, election, 100) == 0

    close_polls(office, election, by="Lê Văn An", reason="The trial is over.")
    count_trial(office, election)
    verified = verify_board(StoredBoard(office.engine, election))
    assert verified.report.ok
    assert verified.report.result is not None
    votes = [item.votes for item in verified.report.result[0].votes]
    assert sum(votes) == len(VOTERS) - LEFT_FOR_THE_OFFICIAL + 1
    assert votes[2] >= 1

    count_trial(office, election)  # a job that runs twice does no harm
    with pytest.raises(TrialSecretsMissing):
        codes_to_try(office, election)
    assert not list(office.keys.folder.glob("*.trial.json"))


def test_an_interrupted_count_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    election = prepare_trial(office, draft(), "trial.example", VOTERS)
    cast_for_invented_voters(office, election, 2)
    close_polls(office, election, by="Lê Văn An", reason="The trial is over.")

    def power_cut(*_: object) -> None:
        raise OSError("no power")

    monkeypatch.setattr("rehearsal.trial_run.publish_result", power_cut)
    with pytest.raises(OSError, match="no power"):
        count_trial(office, election)
    monkeypatch.undo()
    count_trial(office, election)
    assert verify_board(StoredBoard(office.engine, election)).report.ok


def test_a_draft_without_questions_says_what_is_missing(office: Office) -> None:
    empty = msgspec.structs.replace(draft(), questions=QuestionsPart(questions=()))
    with pytest.raises(ManifestInvalid, match="questions"):
        prepare_trial(office, empty, "trial.example", VOTERS)


def test_codes_are_not_in_a_repr_and_files_are_the_servers_alone(office: Office) -> None:
    election = prepare_trial(office, draft(), "trial.example", VOTERS)
    kept = read_trial_secrets(office.keys.folder, election, office.terms(election).manifest.size)
    assert all(code.written not in repr(kept) for code in kept.codes)
    (file,) = office.keys.folder.glob("*.trial.json")
    assert file.stat().st_mode & 0o077 == 0
