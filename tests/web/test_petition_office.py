"""The officials' and the moderator's pages of petitions, with the real verbs behind them."""

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from consultation.ballots import Asked, Ballot
from consultation.petitions import life
from consultation.petitions.clocks import clocks_of, waiting
from consultation.petitions.errors import ChangedSince
from consultation.petitions.life import close_early
from consultation.petitions.models import PetitionPetition
from consultation.petitions.settings import answerers, bodies, rules, thresholds
from consultation.petitions.store import events_of, last_words
from consultation.petitions.types import Due, Outcome, Reason, Rules, State, What
from consultation.petitions.votes import begin_vote, petition_of_vote, votes_of
from consultation.signing.models import PetitionSignature
from identity.roles import Role
from identity.trail import deeds
from storage.session import reading, writing
from tests.support.petitions import LAKE, PetitionsUnderTest, prepare, words_read
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from voting.draft_document import Words
from voting.draft_errors import DraftFrozen
from voting.draft_models import VotingDraft
from voting.drafts import discard, load, new_draft_id
from web.routes import petition_office

OFFICE = "/en/office/petitions"
FIELD = re.compile(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"')


@dataclass
class Room:
    site: SiteUnderTest
    petitions: PetitionsUnderTest
    official: Browser
    moderator: Browser


@contextmanager
def room_in(folder: Path) -> Iterator[Room]:
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        petitions = prepare(site.desk)
        yield Room(site, petitions, site.browser_of(Role.OFFICIAL), site.browser_of(Role.MODERATOR))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room_in(tmp_path_factory.mktemp("petition-office")) as made:
        yield made


@pytest.fixture
def own_room(tmp_path: Path) -> Iterator[Room]:
    """For tests that change the settings or the time."""
    with room_in(tmp_path) as made:
        yield made


def seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def taken(moderator: Browser, place: str) -> Mapping[str, str]:
    """Take a petition that waits; what its form says of the words."""
    assert moderator.post(f"{place}/claim").headers["location"] == place
    return words_read(moderator.get(place).text)


def draft_of(page: str) -> str:
    return page.partition('name="draft" value="')[2].partition('"')[0]


def saying(page: str, **more: str) -> dict[str, str]:
    return {"seen": seen(page), "body": "ward", "words": "We install them.", "language": "en", **more}


def test_an_answer_is_given_once_and_read_by_everybody(room: Room) -> None:
    petition = room.petitions.published()
    room.petitions.count(petition, 3)
    assert petition in room.official.get(OFFICE).text
    place = f"{OFFICE}/{petition}/say/answer"
    page = room.official.get(place)
    assert page.status_code == 200
    empty = room.official.post(place, {"seen": seen(page.text)})
    assert empty.status_code == 422
    assert all(f'href="#{name}"' in empty.text for name in ("words", "body", "language"))
    answer = saying(page.text, words="<script>alert(1)</script> We do it.")
    assert room.official.post(place, answer).headers["location"] == f"{OFFICE}/{petition}"
    again = room.official.post(place, answer)
    assert again.status_code == 409
    assert "were changed since" in again.text
    with reading(room.site.desk.desk.engine) as session:
        assert [clock.met_at is not None for clock in clocks_of(session, petition)] == [True]
        whats = [event.what for event in events_of(session, petition)]
    assert whats.count(What.ANSWERED) == 1
    public = room.site.browser().get(f"/en/petitions/{petition}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; We do it." in public


def test_what_is_due_comes_page_after_page(own_room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(petition_office, "waiting", partial(waiting, limit=2))
    petitions = [own_room.petitions.published() for _ in range(3)]
    for petition in petitions:
        own_room.petitions.count(petition, 3)
    shown, place = [], OFFICE
    for _ in range(2):
        page = own_room.official.get(place).text
        due = page.partition(">Due</h2>")[2].partition("</section>")[0]
        shown.append(re.findall(rf'href="{OFFICE}/([0-9a-f]{{16}})"', due))
        place = OFFICE + "".join(re.findall(r'href="[^"?]*(\?due=\d+)"', due))
    assert shown == [petitions[:2], petitions[2:]]
    assert place == OFFICE  # there is no third page
    assert "To the beginning" in due


def test_debate_and_outcome_are_said_with_reasons(room: Room) -> None:
    petition = room.petitions.published()
    none_due = f"{OFFICE}/{petition}/say/no-debate"
    refused = room.official.post(none_due, saying(room.official.get(none_due).text, body="council"))
    assert refused.status_code == 422
    assert "Nothing of this kind is due" in refused.text
    room.petitions.count(petition, 5)
    place = f"{OFFICE}/{petition}/say/debate"
    page = room.official.get(place).text
    assert room.official.post(place, saying(page, body="council")).status_code == 422
    day = {"on-day": "12", "on-month": "1", "on-year": "2027", "on-time": "19:00"}
    assert room.official.post(place, saying(page, body="council", **day)).status_code == 303
    place = f"{OFFICE}/{petition}/say/outcome"
    page = room.official.get(place).text
    assert room.official.post(place, saying(page)).status_code == 422
    done = saying(page, outcome=Outcome.PARTLY.value)
    assert room.official.post(place, done).status_code == 303
    found = room.petitions.find(petition)
    assert found.debate_on is not None
    assert (found.debate_on.year, found.debate_on.month, found.debate_on.day) == (2027, 1, 12)
    assert "Carried out in part" in room.site.browser().get(f"/en/petitions/{petition}").text


def test_a_petition_becomes_the_draft_of_a_vote_once(room: Room) -> None:
    petition = room.petitions.published()
    place = f"{OFFICE}/{petition}/vote"
    page = room.official.get(place).text
    values = {
        "seen": seen(page),
        "draft": draft_of(page),
        "title-en": "Lamps at Sen Lake",
        "title-vi": "Đèn hồ Sen",
        "authority-en": "Ward",
        "authority-vi": "Phường",
        "question-en": "Shall the ward install 16 lamps?",
        "question-vi": "Phường có lắp 16 đèn không?",
        "option-1-en": "Yes",
        "option-1-vi": "Có",
        "option-2-en": "No",
    }
    half = room.official.post(place, values)
    assert half.status_code == 422
    assert 'href="#option-2-vi"' in half.text
    values["option-2-vi"] = "Có"
    assert "same" in room.official.post(place, values).text
    values["option-2-vi"] = "Không"
    for _ in range(2):
        answer = room.official.post(place, values)
        assert answer.headers["location"] == f"/en/office/drafts/{values['draft']}"
    draft = load(room.site.app.state.office, values["draft"]).draft
    assert [option.label.vi for option in draft.questions.questions[0].options] == ["Có", "Không"]
    assert [document.media_type for document in draft.documents.documents] == ["text/plain"]
    assert room.official.get(f"/en/office/drafts/{values['draft']}").status_code == 200
    engine = room.site.desk.desk.engine
    with reading(engine) as session:
        (vote,) = votes_of(session, petition)
        assert (vote.draft, vote.election, vote.gone) == (values["draft"], None, False)
        assert petition_of_vote(session, "e" * 32) is None
    with engine.begin() as connection:
        connection.execute(
            VotingDraft.__table__.update()  # type: ignore[attr-defined]
            .where(VotingDraft.id == values["draft"])
            .values(election="e" * 32, frozen_at=room.site.desk.clock())
        )
    with reading(engine) as session:
        came_from = petition_of_vote(session, "e" * 32)
        assert came_from is not None
        assert came_from.id == petition
        assert votes_of(session, petition)[0].election == "e" * 32
    # The way between them has no end: what is frozen cannot be discarded, and closing a petition takes nothing away.
    office, by = room.site.app.state.office, room.petitions.official
    with pytest.raises(DraftFrozen):
        discard(office, by, values["draft"])
    with writing(engine) as session:
        close_early(session, room.petitions.lan, petition, room.site.desk.clock())
    with reading(engine) as session:
        assert [vote.election for vote in votes_of(session, petition)] == ["e" * 32]
        assert petition_of_vote(session, "e" * 32) is not None


def test_a_vote_that_was_given_up_stays_in_the_history_of_its_petition(room: Room) -> None:
    petition, office = room.petitions.published(), room.site.app.state.office
    words = Words(en="Shall we?", vi="Có không?")
    asked = Asked(words, (Words(en="Yes", vi="Có"), Words(en="No", vi="Không")))
    ballot = Ballot(words, Words(en="Ward", vi="Phường"), (asked,))
    draft = begin_vote(office, room.petitions.official, petition, ballot, new_draft_id(), 0)
    public, own = f"/en/petitions/{petition}", f"{OFFICE}/{petition}"
    assert "A vote is being prepared." in room.site.browser().get(public).text
    discard(office, room.petitions.official, draft)
    after = room.site.browser().get(public).text
    assert "turned into a vote" in after
    assert "A vote is being prepared." not in after
    assert "discarded" in room.official.get(own).text
    with reading(room.site.desk.desk.engine) as session:
        assert [(vote.draft, vote.gone) for vote in votes_of(session, petition)] == [(draft, True)]


def test_a_moderator_publishes_or_rejects_with_a_published_reason(room: Room) -> None:
    petition, other = room.petitions.waiting(), room.petitions.waiting()
    place = f"/en/moderation/petitions/{petition}"
    read = taken(room.moderator, place)
    publish = {**read, "decision": "publish"}
    assert room.moderator.post(place, read).status_code == 422
    assert room.moderator.post(place, {**publish, "version": "7"}).status_code == 409
    for digest in ("", "00" * 32, "x" * 64):
        assert room.moderator.post(place, {**publish, "digest": digest}).status_code == 409
    assert room.moderator.post(place, publish).status_code == 303
    assert room.petitions.find(petition).state is State.OPEN
    assert room.moderator.post(place, publish).status_code == 409
    place = f"/en/moderation/petitions/{other}"
    values = {
        **taken(room.moderator, place),
        "decision": "reject",
        "reason": Reason.DUPLICATE.value,
        "words": "Sign that one.",
    }
    wrong = room.moderator.post(place, {**values, "twin": "https://elsewhere.example/x"})
    assert wrong.status_code == 422
    assert 'href="#twin"' in wrong.text
    right = {**values, "twin": f"http://localhost:8000/vi/petitions/{petition}?x#y"}
    assert room.moderator.post(place, right).status_code == 303
    rejection = room.petitions.find(other).rejection
    assert rejection is not None
    assert (rejection.reason, rejection.twin) == (Reason.DUPLICATE, petition)
    listed = room.site.browser().get("/en/petitions/rejected").text
    assert "Another petition asks for the same." in listed


def test_nothing_is_published_or_rejected_that_the_moderator_has_not_read(room: Room) -> None:
    petition, clock = room.petitions.published(), room.site.desk.clock
    place = f"/en/moderation/petitions/{petition}"
    engine, lan = room.site.desk.desk.engine, room.petitions.lan
    with writing(engine) as session:
        life.edit(session, lan, petition, 1, replace(LAKE, details="A comma is corrected."), clock())
    read = taken(room.moderator, place)
    with writing(engine) as session:  # the proposal is replaced, under the same number
        life.edit(session, lan, petition, 2, replace(LAKE, action="Sell the lake"), clock())
    reject = {"reason": Reason.JOKE.value, "words": "Not meant."}
    for decision in ({"decision": "publish"}, {"decision": "reject", **reject}):
        refused = room.moderator.post(place, {**read, **decision})
        assert refused.status_code == 409
        assert "The words were changed since you opened them." in refused.text
        assert "Sell the lake" in refused.text
        assert "Take this petition" in refused.text
    assert "What you had written" in refused.text
    assert "Not meant." in refused.text
    assert room.petitions.find(petition).text.action == LAKE.action
    # Nor does a second tab of the creator overwrite what the first one has proposed.
    with writing(engine) as session, pytest.raises(ChangedSince):
        life.edit(session, lan, petition, 2, LAKE, clock(), digest=bytes.fromhex(read["digest"]))
    seen_now = taken(room.moderator, place)
    assert seen_now["version"] == read["version"]
    assert room.moderator.post(place, {**seen_now, "decision": "publish"}).status_code == 303
    assert room.petitions.find(petition).text.action == "Sell the lake"


def test_one_moderator_at_a_time_works_on_a_petition(own_room: Room) -> None:
    petition, first, clock = own_room.petitions.waiting(), own_room.moderator, own_room.site.desk.clock
    second = own_room.site.browser_of(Role.MODERATOR, name="Bình")
    place, queue = f"/en/moderation/petitions/{petition}", "/en/moderation"
    page = first.get(place).text
    assert "Take this petition" in page
    assert "<textarea" not in page
    read = taken(first, place)
    assert "Yours until" in first.get(place).text
    assert ">Yours</strong>" in first.get(queue).text
    assert "Another moderator works on it" in second.get(queue).text
    page = second.get(place).text
    assert "It comes back to the queue" in page
    assert "<textarea" not in page
    assert "Take this petition" not in page
    publish = {**read, "decision": "publish"}
    for refused in (second.post(f"{place}/claim"), second.post(place, publish)):
        assert refused.status_code == 409
        assert "Another moderator works on this now." in refused.text
    assert "Một người kiểm duyệt khác đang xem việc này." in second.get(place.replace("/en/", "/vi/")).text
    assert second.post(f"{place}/release").status_code == 303  # harmless
    assert "Yours until" in first.get(place).text
    clock.wait(minutes=15)
    assert "Another moderator works on it" not in second.get(queue).text
    late = first.post(place, publish)
    assert late.status_code == 409
    assert "Take the petition first. Its time may have run out." in late.text
    # Nor is what was written lost when something is wrong with it as well.
    late = first.post(place, {**read, "decision": "reject", "words": "Ask the ward, not us."})
    assert late.status_code == 409
    assert "Its time may have run out." in late.text
    assert "Ask the ward, not us." in late.text
    taken(second, place)
    late = first.post(place, {**read, "decision": "reject", "words": "Ask the ward, not us."})
    assert "Another moderator works on this now." in late.text
    assert "Ask the ward, not us." in late.text
    assert second.post(f"{place}/release").headers["location"] == place
    assert own_room.petitions.find(petition).state is State.MODERATION
    assert first.post(place, {**taken(first, place), "decision": "publish"}).status_code == 303
    assert own_room.petitions.find(petition).state is State.OPEN
    for deed in ("claim", "release"):
        assert first.post(f"/en/moderation/petitions/{'0' * 16}/{deed}").status_code == 404
        assert own_room.official.post(f"{place}/{deed}").status_code == 403
    assert first.post(f"{place}/claim").status_code == 409


def test_what_was_decided_before_stands_where_the_next_decision_is_made(room: Room) -> None:
    petition, clock, lan = room.petitions.waiting(), room.site.desk.clock, room.petitions.lan
    place, engine = f"/en/moderation/petitions/{petition}", room.site.desk.desk.engine
    assert "What was decided before" not in room.moderator.get(place).text
    reject = {"decision": "reject", "reason": Reason.JOKE.value, "words": "Not meant."}
    for number, decision in enumerate(({"decision": "publish"}, reject, {"decision": "publish"})):
        clock.wait(seconds=1)
        assert room.moderator.post(place, {**taken(room.moderator, place), **decision}).status_code == 303
        with writing(engine) as session:
            version = last_words(session, petition).version
            life.edit(session, lan, petition, version, replace(LAKE, details=f"{number}"), clock())
    page = room.moderator.get(place).text
    told = page.partition("What was decided before")[2].partition("</section>")[0]
    shown = re.findall(r"New text published|Left as it is|>Published|It is not meant seriously", told)
    assert shown == ["New text published", "It is not meant seriously", "Left as it is", ">Published"]
    assert re.search(r'href="/en/moderation/record/\d+"', told)
    page = room.moderator.get(place.replace("/en/", "/vi/")).text
    assert "Những quyết định trước đây" in page
    assert "Đã công bố nội dung mới" in page


def test_whoever_started_or_signed_it_is_told_so_before_they_read_it(room: Room) -> None:
    petition, desk = room.petitions.waiting(), room.site.desk
    sponsor, starter = (desk.person(name, (Role.MODERATOR,)) for name in ("An", "Bình"))
    with writing(desk.desk.engine) as session:
        session.add(
            PetitionSignature(
                key=petition, petition=petition, person=sponsor, version=1, entry=0, salt=b"", mails=False,
                language="en", signed_at=desk.clock(),
            )
        )  # fmt: skip
        session.get_one(PetitionPetition, petition).creator = starter
    place = f"/en/moderation/petitions/{petition}"
    for person, words in (
        (sponsor, "You signed this petition before it was published. Somebody else must decide about it."),
        (starter, "You started this petition. Somebody else must decide about it."),
    ):
        browser = room.site.browser().hold(desk.session(person))
        line = browser.get("/en/moderation").text.partition(f'href="{place}"')[2].partition("</li>")[0]
        assert "For another moderator" in line
        page = browser.get(place).text
        assert words in page
        assert "Take this petition" not in page
        browser.get("/en/my")
        refused = browser.post(f"{place}/claim")
        assert refused.status_code == 409
        assert "You started this petition, signed it before it was published, or answered it" in refused.text
    line = room.moderator.get("/en/moderation").text.partition(f'href="{place}"')[2].partition("</li>")[0]
    assert "For another moderator" not in line


def test_what_only_its_creator_may_see_is_not_shown_to_staff(room: Room) -> None:
    draft, sponsors = room.petitions.started(), room.petitions.submitted()
    assert room.moderator.get(f"/en/moderation/petitions/{draft}").status_code == 404
    for path in (f"/{draft}", f"/{sponsors}", f"/{sponsors}/say/answer", f"/{sponsors}/vote", "/settings/x"):
        assert room.official.get(OFFICE + path).status_code == 404
    published = room.petitions.published()
    for path in (f"/{published}/say/nothing", "/0000000000000000", "/%00", "/x"):
        assert room.official.get(OFFICE + path).status_code == 404


def test_settings_are_read_back_as_they_were_saved(own_room: Room) -> None:
    engine = own_room.site.desk.desk.engine

    def save(part: str, fields: dict[str, str]) -> int:
        place = f"{OFFICE}/settings/{part}"
        shown = seen(own_room.official.get(place).text)
        return own_room.official.post(place, {"seen": shown, **fields}).status_code

    page = own_room.official.get(f"{OFFICE}/settings/numbers")
    assert page.status_code == 200
    numbers = {"sponsors": "3", "sponsor_days": "0", "open_days": "90"}
    assert save("numbers", numbers) == 422
    numbers["sponsor_days"] = "20"
    assert save("numbers", numbers) == 303
    own_room.official.get(f"{OFFICE}/settings/bodies")
    people = {
        "rows": "3",
        "id-1": "ward",
        "name-1-en": "Ward office",
        "name-1-vi": "Phường",
        "mail-1": "not an address",
        "language-1": "fr",
        "name-3-en": "School",
        "name-3-vi": "Trường",
    }
    assert save("bodies", people) == 422
    people["mail-1"] = "ward@example.org"
    assert save("bodies", people) == 422
    people["language-1"] = "vi"
    assert save("bodies", people) == 303
    marks = {"rows": "2", "count-1": "10", "due-1": "answer", "days-1": "14", "body-1": "nobody"}
    assert save("thresholds", marks) == 422
    marks["body-1"] = "ward"
    assert save("thresholds", marks) == 303
    with reading(engine) as session:
        assert rules(session) == Rules(3, 20, 90)
        assert [(body.id, body.language) for body in bodies(session)] == [("ward", "vi"), ("body-1", "")]
        (mark,) = thresholds(session)
        assert (mark.count, mark.due, mark.days) == (10, Due.ANSWER, 14)
    for wrong in ("ho-sen; Hồ Sen", "HO; a; b", "a; b; c\na; d; e", "a; b; \u202ec"):
        assert save("areas", {"areas": wrong}) == 422
    fine = {"areas": "ho-sen; Sen Lake; Hồ Sen\n\nben-do; Ferry; Bến Đò"}
    assert save("areas", fine) == 303
    assert "ben-do; Ferry; Bến Đò" in own_room.official.get(f"{OFFICE}/settings/areas").text


def test_a_name_in_history_stays_and_every_change_of_settings_is_told(own_room: Room) -> None:
    petition, place = own_room.petitions.published(), f"{OFFICE}/settings/bodies"
    own_room.petitions.count(petition, 3)
    first, second = own_room.official, own_room.site.browser_of(Role.OFFICIAL, name="Minh")
    page = first.get(place).text
    fields = {name: html.unescape(value) for name, value in FIELD.findall(page) if name != "csrf"}
    renamed = {**fields, "name-1-en": "Ministry of Silly Walks"}
    refused = first.post(place, renamed)
    assert refused.status_code == 422
    assert "Petitions name this body already, so it keeps its name: Ward office" in refused.text
    second.get(place)
    closed = {
        **fields,
        "name-1-en": "",
        "name-1-vi": "",
        "name-3-en": "Ward of Tomorrow",
        "name-3-vi": "Phường mai",
    }
    assert second.post(place, closed).status_code == 303
    first.get(place)
    lost = first.post(place, {**fields, "mail-1": "other@example.org"})
    assert lost.status_code == 409
    assert "Somebody else has saved these settings meanwhile." in lost.text
    assert "Ward of Tomorrow" in lost.text
    with reading(own_room.site.desk.desk.engine) as session:
        assert {body.id for body in bodies(session)} == {"council", "body-1"}
        # What is closed still owes what was due from it, and can give it.
        assert "ward" in {body.id for body in answerers(session, petition)}
        (deed,) = [
            each
            for each in deeds(own_room.site.desk.desk, session, 0, 100, with_names=True)
            if each.deed == "petition-bodies-set"
        ]
        told = dict(deed.detail or {})
        assert told["closed"].startswith("ward: Ward office | ")
        assert told["added"].startswith("body-1: Ward of Tomorrow | Phường mai")
    assert 'value="ward"' in first.get(f"{OFFICE}/{petition}/say/answer").text


def test_the_office_sees_what_is_late(own_room: Room) -> None:
    petition = own_room.petitions.published()
    own_room.petitions.count(petition, 1_000)
    due = own_room.site.desk.clock() + timedelta(days=30)
    own_room.site.desk.clock.now = due + timedelta(seconds=1)
    official = own_room.site.browser_of(Role.OFFICIAL)
    assert "Was due on" in official.get(OFFICE).text
    for path in (f"/{petition}", f"/{petition}/say/answer", f"/{petition}/vote"):
        assert official.get(OFFICE.replace("/en/", "/vi/") + path).status_code == 200
