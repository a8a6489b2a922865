"""What a moderator hides is shown by no door, nor is anything that stands under it, and nobody can add to it.

Its author still reads their own words, and moderators read them on the page of the case; elsewhere both are anybody.

Every address of the site is opened once while all is public, and noted is which of them shows whose words. Then each
thing is hidden in turn by a moderator's decision, and those addresses are opened again. A new page is in this test by
being a route: with a part of an address that nobody declared here, it fails.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.routing import Route

from consultation import kinds
from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.models import DiscussionContribution
from consultation.discussions.threads import thread_of
from consultation.discussions.topics import Text, Topic, open_topic
from consultation.following.follows import follow
from consultation.following.notices import tell
from consultation.following.showing import shown_to
from consultation.hearings.answers import answer as answer_question
from consultation.hearings.documents import paragraphs_of
from consultation.hearings.hearings import change_hearing, find_hearing
from consultation.hearings.questions import add_question
from consultation.hearings.types import Answer, Plan, Question, QuestionKind
from consultation.moderation.cases import claim, find_case, waiting_cases
from consultation.moderation.decisions import Decision, decide, restore
from consultation.moderation.reports import report
from consultation.moderation.types import Rule, Template
from consultation.petitions.answering import answer as answer_petition
from consultation.petitions.types import Draft
from consultation.subjects import Subject
from identity.roles import Permission, Role
from identity.sessions import SignedIn
from protocol.text import LocalText
from storage.session import reading, writing
from tests.consultation.hearings.conftest import begun
from tests.support.petitions import prepare
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.access import Access, AccessRoute

PETITION, ANSWER, COMMENT, REPLY = "wordspetition", "wordsanswer", "wordscomment", "wordsreply"
TOPIC, INSIDE = "wordstopic", "wordsinside"
HEARING, PARAGRAPH, MARGIN, WRITTEN = "wordshearing", "wordsparagraph", "wordsmargin", "wordswritten"
WORDS = (PETITION, ANSWER, COMMENT, REPLY, TOPIC, INSIDE, HEARING, PARAGRAPH, MARGIN, WRITTEN)
OWN = {"author": {COMMENT, TOPIC, INSIDE, MARGIN, WRITTEN}}
"""What a walker has written: they are shown it always, and nothing else that is hidden."""
STATIC = {"/readyz", "/healthz", "/{lang}/sign-in", "/api/v1/petitions/{petition}/bundle"}
"""Without a word of anybody, the first asking for processes that are not here; and the packed export of signatures,
whose words are tried beside it (`Petition.shows_words`).
"""
SEARCHES = ("/en/petitions?q=Light", "/en/petitions/similar?action=Light")
ELSEWHERE = {
    "election", "key", "index", "tracker", "digest", "table", "name", "provider", "person", "part", "deed", "draft",
    "sha256", "step", "case",
}  # fmt: skip
"""Parts of addresses that lead to votes, files, people and work of the staff: nothing that citizens wrote is there."""


@dataclass
class Full:
    """A site with one thing of every kind. under: which words stand under which subject.

    doors: which addresses show which words to whom, while all is public.
    """

    site: SiteUnderTest
    first: SignedIn
    second: SignedIn
    reader: str
    reporter: str
    values: Mapping[str, list[str]]
    under: Mapping[Subject, set[str]]
    posts: Mapping[Subject, list[tuple[str, dict[str, str]]]]
    browsers: Mapping[str, Browser] = field(default_factory=dict)
    doors: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def hide(self, subject: Subject) -> str:
        """By the real verbs; the number of the case."""
        desk, now = self.site.desk.desk, self.site.desk.clock()
        with writing(desk.engine) as session:
            report(session, self.reporter, subject, Rule.ATTACK, "", now)
            (case,) = waiting_cases(session, self.first.person_id, now).cases
            claim(session, case.id, self.first.person_id, now)
            described = find_case(session, case.id, self.first.person_id, now).case.described
            assert described is not None
            decide(session, desk, self.first, case.id, Decision(Template.PERSON_INSULTED, described.digest))
            return case.id

    def show(self, subject: Subject) -> None:
        """A mistake is corrected."""
        with writing(self.site.desk.desk.engine) as session:
            restore(session, self.site.desk.desk, self.second, subject, "")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    folder: Path = tmp_path_factory.mktemp("hidden-everywhere")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield filled(site)


def filled(site: SiteUnderTest) -> Full:
    """Everything is written, and somebody follows all of it and has news of it."""
    on, engine = site.desk, site.desk.desk.engine
    ward, author, reader = prepare(on), on.person(), on.person()
    draft = Draft(f"Light {PETITION}", f"Why {PETITION}", f"More {PETITION}", "en", "ward")
    petition = ward.published(draft)
    ward.count(petition, 3)
    hall = begun(on)
    document = hall.document(f"{PARAGRAPH} opens at six.\n\nStalls are drawn by lot.")
    with hall.work() as session:
        add_question(
            session, hall.hearing, Question(QuestionKind.TEXT, LocalText(en="What?", vi="Gì?")), on.clock()
        )
        found = find_hearing(session, hall.hearing, on.clock())
        title = LocalText(en=f"On {HEARING}", vi=f"Về {HEARING}")
        plan = Plan(title, title, found.plan.opens_at, found.plan.closes_at, found.plan.outcome_due)
        change_hearing(session, hall.hearing, plan, found.plan.seen, on.clock())
    hall.open()
    with writing(engine) as session:
        now = on.clock()
        said = answer_petition(
            session, ward.official, petition, ward.saying(session, petition, f"We do {ANSWER}")
        )
        about = thread_of(session, Subject("petition", petition), now)
        comment = contribute(session, Writing(about.id, author, f"I say {COMMENT}"), now)
        contribute(session, Writing(about.id, ward.lan, f"But {REPLY}", parent=1), now)
        topic = open_topic(session, Topic(Text(en=f"Why {TOPIC}?"), office=True), author, now)
        contribute(session, Writing(topic.id, author, f"As {INSIDE}"), now)
        paragraph = paragraphs_of(session, document.id, 1)[0].id or ""
        margin = thread_of(session, Subject("paragraph", paragraph), now)
        contribute(session, Writing(margin.id, author, f"Rather {MARGIN}"), now)
        answer_question(session, hall.hearing, author, {1: Answer(words=f"A {WRITTEN}")}, on.clock)
    hall.close()
    with reading(engine) as session:
        written = kinds.KINDS["hearing-answer"].written_by(session, author)[0]
    subjects = {
        Subject("petition", petition): {PETITION, ANSWER, COMMENT, REPLY},
        Subject("answer", str(said)): {ANSWER},
        Subject("topic", about.id): {COMMENT, REPLY},
        Subject("contribution", str(comment.id)): {COMMENT},
        Subject("topic", topic.id): {TOPIC, INSIDE},
        Subject("hearing", hall.hearing): {HEARING, PARAGRAPH, MARGIN, WRITTEN},
        Subject("paragraph", paragraph): {PARAGRAPH, MARGIN},
        written: {WRITTEN},
    }
    with writing(engine) as session:
        for subject in subjects:
            follow(session, reader, subject, on.clock.now.replace(year=2020))
        tell(session, on.clock())
    on.clock.wait(minutes=1)  # numbers lag behind a little
    values = {
        "lang": ["en"],
        "petition": [petition],
        "thread": [about.id, topic.id, margin.id],
        "number": ["1", "2"],
        "kind": sorted(kinds.KINDS),
        "id": [subject.id for subject in subjects],
        "place": [petition, paragraph],
        "hearing": [hall.hearing],
        "consultation": [hall.hearing],
        "document": [document.id],
        "paragraph": [paragraph],
        "question": ["1"],
        "answer": [written.id],
    }
    talk, question, edge = (f"/en/discussions/{thread}" for thread in (about.id, topic.id, margin.id))
    more = {"words": "And I add this.", "deed": "publish"}
    posts: dict[Subject, list[tuple[str, dict[str, str]]]] = {
        subject: [
            (f"/en/report/{subject.kind}/{subject.id}", {"rule": "attack"}),
            (f"/en/follow/{subject.kind}/{subject.id}", {"follow": "yes"}),
        ]
        for subject in subjects
    }
    on_comment = [(f"{talk}/1", more), (f"{talk}/1/vote", {"vote": "agree", "version": "1"})]
    under_comment = (f"/en/report/contribution/{comment.id}", {"rule": "attack"})
    posts[Subject("petition", petition)] += [
        *on_comment,
        (talk, more),
        under_comment,
        *posts[Subject("answer", str(said))],
    ]
    posts[Subject("topic", about.id)] += [*on_comment, (talk, more), under_comment]
    posts[Subject("contribution", str(comment.id))] += on_comment
    posts[Subject("topic", topic.id)] += [
        (question, more),
        (f"{question}/1/vote", {"vote": "agree", "version": "1"}),
    ]
    posts[Subject("hearing", hall.hearing)] += [(edge, more), (f"{edge}/1", more)]
    posts[Subject("paragraph", paragraph)] += [(edge, more), (f"{edge}/1", more)]
    first, second = (on.signed_in(Role.MODERATOR, name=name) for name in ("An", "Bình"))
    walkers = {"reader": reader, "author": author, "moderator": second.person_id}
    made = Full(
        site,
        first,
        second,
        reader,
        on.person(),
        values,
        subjects,
        posts,
        {
            "everybody": site.browser(),
            **{who: site.browser().hold(on.session(person)) for who, person in walkers.items()},
        },
    )
    note_doors(made)
    return made


def addresses(full: Full) -> Iterator[tuple[str, bool]]:
    """Of every route for whoever has no role, with all that stands there; and whether it asks who reads."""
    for route in full.site.app.routes:
        assert isinstance(route, Route) or not hasattr(route, "methods")
        if not isinstance(route, Route) or "GET" not in (route.methods or ()):
            continue
        access = route.access if isinstance(route, AccessRoute) else Access.PUBLIC
        parts = re.findall(r"\{(\w+)(?::\w+)?\}", route.path)
        unknown = set(parts) - set(full.values) - ELSEWHERE
        assert not unknown, f"Say in this test what {unknown} of {route.path} stands for."
        if set(parts) & ELSEWHERE or isinstance(access, Permission) or route.path in STATIC:
            continue
        for chosen in product(*(full.values[part] for part in parts)):
            if "id" in parts and Subject(*chosen[-2:]) not in full.under:
                continue
            path = route.path
            for part, value in zip(parts, chosen, strict=True):
                path = re.sub(rf"\{{{part}(:\w+)?\}}", value, path)
            yield path, access is Access.SIGNED_IN
    yield from ((path, False) for path in SEARCHES)


def note_doors(full: Full) -> None:
    """Who is shown which words where; who is signed in is asked apart where the page may be another one for them."""
    for path, signed_in in dict(addresses(full)).items():
        for who, browser in full.browsers.items():
            alone = signed_in or path.startswith("/en/discussions/")
            if signed_in if who == "everybody" else not alone:
                continue
            answer = browser.client.get(path)
            assert answer.status_code < 500, path
            shown = {word for word in WORDS if word in answer.text}
            if shown:
                full.doors[who, path] = shown


def test_all_is_shown_while_it_is_public(full: Full) -> None:
    for who in full.browsers:
        seen = set().union(*(shown for (one, _), shown in full.doors.items() if one == who))
        assert seen == set(WORDS)
    assert len(full.doors) > 40
    doors = {path for _, path in full.doors}
    assert {"/en/my/news", "/en/my/activity", "/api/v1/answers.atom", SEARCHES[0]} <= doors
    assert {kind.name for kind in kinds.KINDS.values()} == {subject.kind for subject in full.under}


def test_hidden_words_and_all_under_them_are_shown_by_no_door_and_nobody_adds_to_them(full: Full) -> None:
    engine, reader = full.site.desk.desk.engine, full.browsers["reader"]
    reader.get("/en/my")
    for subject, words in full.under.items():
        case = full.hide(subject)
        for (who, path), shown in full.doors.items():
            if shown & words:
                text, own = full.browsers[who].client.get(path).text, OWN.get(who, set())
                assert not [word for word in words - own if word in text], f"{path} shows {subject} to {who}"
        mine = full.browsers["author"].get("/en/my/activity").text
        assert all(word in mine for word in words & OWN["author"])
        page = full.browsers["moderator"].get(f"/en/moderation/cases/{case}").text
        with reading(engine) as session:
            described = kinds.describe(session, subject)
        assert described is not None
        assert {word for word in words if word in page} == {word for word in words if word in described.words}
        with writing(engine) as session:
            before = session.scalars(select(DiscussionContribution.id)).all()
            assert shown_to(session, full.reader, subject) is None  # and so no mail names it
        for path, fields in full.posts[subject]:
            answer = reader.post(path, fields)
            assert 400 <= answer.status_code < 500, f"{path} takes something while {subject} is hidden"
        with reading(engine) as session:
            assert session.scalars(select(DiscussionContribution.id)).all() == before
        full.show(subject)
        assert reader.get("/en/my/activity").text.count("wordsp") > 0
    path = next(path for who, path in full.doors if who == "everybody" and "/discussions/" in path)
    assert any(
        word in full.browsers["everybody"].client.get(path).text for word in WORDS
    )  # control: it is back
