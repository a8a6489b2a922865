"""`psephos import`: real petitions and comments come in by everybody's rules, and each refused line is named."""

import csv
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from cli.import_data import CONTRIBUTIONS, PETITIONS, TOPICS
from consultation.discussions.models import DiscussionContribution, DiscussionTopic, DiscussionVote
from consultation.petitions.lists import Filter, Sort, list_petitions
from consultation.petitions.models import PetitionPetition
from consultation.petitions.settings import set_bodies, set_rules
from consultation.petitions.types import Body, Reason, Rules, State
from identity.models import IdentityPerson
from protocol.text import LocalText
from storage.engine import make_engine
from storage.session import reading, writing
from tests.cli.desk import Desk
from tests.support.repository import ROOT

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SAMPLE = ROOT / "cli" / "sample"
GOOD = dict.fromkeys(PETITIONS, "") | {
    "id": "7",
    "state": "open",
    "action": "Mend the bridge",
    "background": "It is broken.",
}


@dataclass(frozen=True)
class DeskThere(Desk):
    """A desk whose database is the one of the test."""

    database_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The settings."""
        return {**super().environment, "PSEPHOS_DATABASE_URL": self.database_url}


@pytest.fixture
def desk(either_database_url: str, tmp_path: Path) -> Desk:
    """A site with one body, whose petitions need no sponsors."""
    desk = DeskThere(tmp_path, database_url=either_database_url)
    engine = engine_of(desk)
    with writing(engine) as session:
        set_bodies(session, (Body("ward", LocalText(en="Ward", vi="Phường")),))
        set_rules(session, Rules(sponsors=0))
    engine.dispose()
    return desk


def engine_of(desk: Desk) -> Engine:
    return make_engine(desk.environment["PSEPHOS_DATABASE_URL"])


def petitions_file(desk: Desk, *changes: dict[str, str]) -> Path:
    path = desk.folder / "petitions.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, PETITIONS)
        writer.writeheader()
        writer.writerows(GOOD | change for change in changes)
    return path


def test_petitions_come_in_as_they_were_there(desk: Desk) -> None:
    shown = desk.do("import", "petitions", SAMPLE / "petitions.csv", "--body", "ward")
    assert "28 of 30 lines came in, 2 were refused." in shown
    assert shown.count("No reason code of this site means “already-happening”.") == 2
    with reading(engine_of(desk)) as session:
        counts = dict(
            session.execute(
                select(PetitionPetition.state, func.count()).group_by(PetitionPetition.state)
            ).all()
        )
        assert counts == {"open": 4, "closed": 14, "rejected": 10}
        rejected = list_petitions(
            session, Filter(frozenset({State.REJECTED}), sort=Sort.REJECTED), NOW, limit=100
        ).petitions
        closed = list_petitions(session, Filter(frozenset({State.CLOSED})), NOW, limit=100).petitions
        assert {each.creator for each in (*rejected, *closed)} == {None}
        assert sum(each.answered_at is not None for each in closed) == 6
        assert all(each.signatures == 0 for each in closed)
    assert "VERIFIED" in desk.do("admin", "verify-trail")


def test_a_duplicate_leads_to_its_twin_whichever_stands_first(desk: Desk) -> None:
    twin = {"id": "6", "state": "rejected", "rejection_code": "duplicate", "action": "Repair the bridge"}
    address = "https://petition.parliament.uk/petitions/7"
    lost = {**twin, "id": "9", "rejection_details": "https://petition.parliament.uk/petitions/8"}
    file = petitions_file(desk, {**twin, "rejection_details": address}, {}, lost)
    shown = desk.do("import", "petitions", file, "--body", "ward")
    assert "line 4 (9): The petition that asks the same did not come in." in shown
    with reading(engine_of(desk)) as session:
        rejected, opened = session.scalars(select(PetitionPetition).order_by(PetitionPetition.state.desc()))
        (shown_there,) = list_petitions(
            session, Filter(frozenset({State.REJECTED}), sort=Sort.REJECTED), NOW
        ).petitions
        assert shown_there.id == rejected.id
        assert shown_there.rejection is not None
        assert (shown_there.rejection.reason, shown_there.rejection.twin) == (Reason.DUPLICATE, opened.id)


def test_a_line_that_is_refused_leaves_nothing_behind(desk: Desk) -> None:
    bad = {"id": "1", "action": "Turned \u202e round"}
    answered_too_long = {"id": "2", "government_response_summary": "x" * 10_001}
    report = desk.folder / "refused.csv"
    file = petitions_file(desk, bad, answered_too_long, {"id": "=3", "action": ""}, {})
    assert "1 of 4 lines" in desk.do("import", "petitions", file, "--body", "ward", "--report", report)
    with report.open(encoding="utf-8", newline="") as lines:
        refused = list(csv.reader(lines))
    assert [line[:2] for line in refused] == [["line", "id"], ["2", "1"], ["3", "2"], ["4", "'=3"]]
    with reading(engine_of(desk)) as session:
        assert session.scalar(select(func.count()).select_from(PetitionPetition)) == 1


def test_sponsors_cannot_be_imported(desk: Desk) -> None:
    engine = engine_of(desk)
    with writing(engine) as session:
        set_rules(session, Rules())
    engine.dispose()
    assert "need sponsors" in desk("import", "petitions", SAMPLE / "petitions.csv", "--body", "ward").err


def test_discussions_come_in_with_replies_and_votes(desk: Desk) -> None:
    shown = desk.do("import", "discussions", SAMPLE / "proposals.csv", SAMPLE / "comments.csv")
    assert "46 of 46 lines came in, 0 were refused." in shown
    with (SAMPLE / "comments.csv").open(encoding="utf-8", newline="") as file:
        comments = list(csv.DictReader(file))
    with reading(engine_of(desk)) as session:
        rows = session.scalars(select(DiscussionContribution)).all()
        assert len(rows) == len(comments)
        assert len({row.author for row in rows}) == len({comment["user"] for comment in comments})
        there = {comment["id"] for comment in comments}
        answers = [comment for comment in comments if comment["parent_id"] in there]
        assert sum(row.parent is not None for row in rows) == len(answers) > 0
        said = sum(int(comment["votes_up"]) + int(comment["votes_down"]) for comment in comments)
        assert sum(row.agree_before + row.disagree_before for row in rows) == said > 0
        assert f"{said:,} opinions" in shown
        assert session.scalar(select(func.count()).select_from(DiscussionVote)) == 0  # nobody here has voted


def test_an_answer_to_what_is_gone_stands_by_itself(desk: Desk) -> None:
    topics, comments = desk.folder / "topics.csv", desk.folder / "comments.csv"
    write(topics, TOPICS, {"id": "1", "title": "Cầu", "summary": "Cầu hỏng."})
    said = {"proposal_id": "1", "user": "u1", "text": "Đúng.", "votes_up": "3", "votes_down": "0"}
    write(
        comments,
        CONTRIBUTIONS,
        {**said, "id": "5", "parent_id": "4"},
        {**said, "id": "6", "proposal_id": "2"},
    )
    shown = desk.do("import", "discussions", topics, comments)
    assert "line 3 (6): Its topic did not come in." in shown
    with reading(engine_of(desk)) as session:
        (row,) = session.scalars(select(DiscussionContribution))
        assert (row.parent, row.agree, row.agree_before) == (None, 0, 3)


@pytest.mark.parametrize(("language", "other"), [("en", "vi"), ("vi", "en")])
def test_topics_stand_in_the_language_that_was_named(desk: Desk, language: str, other: str) -> None:
    topics, comments = desk.folder / "topics.csv", desk.folder / "comments.csv"
    write(topics, TOPICS, {"id": "1", "title": "Cầu", "summary": "Cầu hỏng."})
    said = {"id": "5", "proposal_id": "1", "user": "u1", "text": "Đúng.", "votes_up": "0", "votes_down": "0"}
    write(comments, CONTRIBUTIONS, said)
    desk.do("import", "discussions", topics, comments, "--language", language)
    with reading(engine_of(desk)) as session:
        (row,) = session.scalars(select(DiscussionTopic))
        (author,) = session.scalars(select(DiscussionContribution.author))
        assert author is not None
        assert session.get_one(IdentityPerson, author).language == language
        shown = {"en": (row.title_en, row.words_en), "vi": (row.title_vi, row.words_vi)}
    assert shown == {language: ("Cầu", "Cầu hỏng."), other: ("", "")}


def test_a_language_that_topics_lack_is_refused(desk: Desk) -> None:
    sample = (SAMPLE / "proposals.csv", SAMPLE / "comments.csv")
    ended = desk("import", "discussions", *sample, "--language", "es")
    assert (ended.code, "--language" in ended.err) == (2, True)
    with reading(engine_of(desk)) as session:
        assert session.scalar(select(func.count()).select_from(DiscussionTopic)) == 0


def write(path: Path, columns: tuple[str, ...], *rows: dict[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_what_cannot_be_used_is_said(desk: Desk) -> None:
    desk.do("import", "--help")
    state = petitions_file(desk, {"state": "hidden"})
    assert "line 2: state is" in desk("import", "petitions", state, "--body", "ward").err
    assert desk("import", "petitions", SAMPLE / "petitions.csv", "--body", "nobody").code == 2
    assert desk("import", "petitions", SAMPLE / "comments.csv", "--body", "ward").code == 2
    assert desk("import", "petitions", desk.folder / "missing.csv", "--body", "ward").code == 2
    assert (
        desk("import", "petitions", SAMPLE / "petitions.csv", "--body", "ward", "--language", "fr").code == 2
    )
    votes = shutil.copy(SAMPLE / "comments.csv", desk.folder / "comments.csv")
    Path(votes).write_text(
        Path(votes).read_text(encoding="utf-8").rstrip("\n").rsplit(",", 1)[0] + ",-1\n", encoding="utf-8"
    )
    assert "no number of votes" in desk("import", "discussions", SAMPLE / "proposals.csv", votes).err
