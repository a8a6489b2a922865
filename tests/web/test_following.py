"""Following, news, their address and the mails about them; one's data taken along; the end of an account."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from consultation.discussions.contributions import Writing, contribute, vote
from consultation.discussions.threads import Thread, thread_of
from consultation.discussions.topics import Text as Words
from consultation.discussions.topics import Topic, open_topic
from consultation.following.acting import acted
from consultation.following.contacts import Contact, contact_of, give_address, stop_token
from consultation.following.follows import FollowsTooMuch, follow, follows
from consultation.following.models import FollowingContact, FollowingNotice
from consultation.happenings import What, happened
from consultation.kinds import KINDS
from consultation.models import ConsultationHappening
from consultation.petitions.deciding import admit
from consultation.petitions.life import edit
from consultation.signing.ending import withdraw
from consultation.subjects import Subject
from identity.models import IdentityPerson, IdentityTotp
from identity.roles import Role
from mail.bounces import Action, Heard, Report, hear
from mail.models import OutboxMail
from mail.outbox import MailState
from mail.server import MailServer, Security
from storage.jobs import Job, claim, plan
from storage.session import reading, writing
from tests.support.petitions import LAKE, prepare
from tests.support.signatures import Signatures
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.digests import DigestWriter
from web.duties import WRITE_DIGESTS
from web.following_texts import HAPPENED
from web.i18n import Text, translations

ADDRESS, OTHER = "lan@dong-sen.example", "lan@elsewhere.example"


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as made:
        made.app.state.settings = replace(
            made.settings,
            mail_server=MailServer("localhost", 25, Security.LOOPBACK, "Đồng Sen", "office@dong-sen.example"),
        )
        yield made


def a_person(site: SiteUnderTest) -> tuple[str, Browser]:
    person = site.desk.person("")
    browser = site.browser().hold(site.desk.session(person, second_factor=False))
    browser.get("/en/my")
    return person, browser


def a_topic(site: SiteUnderTest, author: str) -> Thread:
    words = Words(en="Where should trees stand?", vi="Nên trồng cây ở đâu?")
    with writing(site.desk.desk.engine) as session:
        topic = Topic(title=words, office=True)
        return open_topic(session, topic, author, site.desk.clock())


def say(site: SiteUnderTest, thread: Thread, author: str, words: str) -> int:
    with writing(site.desk.desk.engine) as session:
        return contribute(session, Writing(thread.id, author, words), site.desk.clock()).id


def run_digests(site: SiteUnderTest) -> None:
    """As the server does every five minutes."""
    desk = site.desk.desk
    with writing(desk.engine) as session:
        plan(session, WRITE_DIGESTS, 300, desk.clock())
    site.desk.clock.wait(minutes=5)
    with writing(desk.engine) as session:
        job: Job | None = claim(session, [WRITE_DIGESTS], desk.clock)
    assert job is not None
    DigestWriter(desk, Text("Đồng Sen ward", "Phường Đồng Sen"), "024 0000 0123").do(job)


def mails(site: SiteUnderTest, kind: str) -> Sequence[OutboxMail]:
    with writing(site.desk.desk.engine) as session:  # whose rows can be read after its end
        return session.scalars(
            select(OutboxMail).where(OutboxMail.kind == kind).order_by(OutboxMail.id)
        ).all()


def confirm_address(site: SiteUnderTest, browser: Browser, address: str = ADDRESS) -> None:
    assert browser.post("/en/my/news/address", {"email": address}).status_code == 303
    link = re.findall(r"\S+/en/confirm-address\?t=\S+", mails(site, "confirm-address")[-1].text or "")[-1]
    other = site.browser()
    assert other.get(link.removeprefix(site.settings.base_url)).status_code == 200
    assert contact(site).address is None
    assert other.post("/en/confirm-address", {"t": link.partition("?t=")[2]}).status_code == 200
    assert contact(site).address == address


def contact(site: SiteUnderTest) -> Contact:
    desk = site.desk.desk
    with reading(desk.engine) as session:
        person = session.scalars(select(FollowingContact.person)).one()
        found = contact_of(desk, session, person, desk.clock())
        assert found is not None
        return found


def test_following_by_a_button_and_stopping_again(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    place = f"/en/follow/topic/{thread.id}"
    assert "Follow this?" in browser.get(place).text
    assert browser.post(place, {"follow": "yes"}).status_code == 303
    assert "You follow this" in browser.get(place).text
    assert "Where should trees stand?" in browser.get("/en/my/activity").text
    assert browser.post(place, {"follow": "no"}).status_code == 303
    with reading(site.desk.desk.engine) as session:
        assert not follows(session, lan, thread.subject)
    for nothing in (
        f"/en/follow/topic/{'0' * 16}",
        "/en/follow/nothing/1",
        "/en/follow/topic/a%00b",
        "/en/follow/topic/" + "a" * 70,
    ):
        assert browser.get(nothing).status_code == 404
    signed_out = site.browser().get(place)
    assert signed_out.headers["location"].startswith("/en/sign-in?next=%2Fen%2Ffollow")


def test_news_reach_those_who_follow_and_not_who_did_it(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    minh, other = a_person(site)
    thread = a_topic(site, site.desk.person())
    now = site.desk.clock()
    with writing(site.desk.desk.engine) as session:
        follow(session, lan, thread.subject, now)
        follow(session, minh, thread.subject, now)
    say(site, thread, minh, "Ven hồ.")
    run_digests(site)
    assert "1 is new." in browser.get("/en/my/news").text
    assert "1 new" in browser.get("/en/my").text
    assert "No news yet" in other.get("/en/my/news").text
    with reading(site.desk.desk.engine) as session:
        newest = session.scalars(select(FollowingNotice.id)).one()
        assert session.scalars(select(ConsultationHappening)).all() == []
    browser.post("/en/my/news/read", {"up_to": str(newest)})
    assert "You have seen everything." in browser.get("/en/my/news").text


def test_whoever_acts_has_seen_what_was_before(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    with writing(site.desk.desk.engine) as session:
        follow(session, lan, thread.subject, site.desk.clock())
    confirm_address(site, browser)
    say(site, thread, site.desk.person(), "Ven hồ.")
    site.desk.clock.wait(minutes=1)
    say(site, thread, lan, "Tôi cũng nghĩ vậy.")
    site.desk.clock.wait(hours=2)
    run_digests(site)
    browser.hold(site.desk.session(lan, second_factor=False))
    assert "You have seen everything." in browser.get("/en/my/news").text
    assert mails(site, "digest") == []


def test_a_vote_an_answer_and_a_new_signature_are_acts_as_well(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    room, desk = prepare(site.desk), site.desk.desk
    petition, thread = room.published(), a_topic(site, site.desk.person())
    signatures = Signatures(site.desk)
    signatures.sign(petition, lan)
    site.desk.clock.wait(minutes=1)
    with writing(desk.engine) as session:
        for subject in (thread.subject, Subject("petition", petition), Subject("hearing", "5f" * 4)):
            follow(session, lan, subject, desk.clock())
    confirm_address(site, browser)
    site.desk.clock.wait(minutes=1)
    number = say(site, thread, site.desk.person(), "Ven hồ.")
    with writing(desk.engine) as session:
        edit(session, room.lan, petition, 1, replace(LAKE, details="20 lamps."), desk.clock())
    with writing(desk.engine) as session:
        admit(session, room.moderator, petition, 2)
        happened(session, What.CONSULTATION_OPENED, Subject("hearing", "5f" * 4), at=desk.clock())
    site.desk.clock.wait(minutes=1)
    # Before the happenings were told to anybody: what comes later in their line is not lost.
    with writing(desk.engine) as session:
        vote(session, number, lan, agrees=True, version=1, now=desk.clock())
        acted(session, lan, Subject("hearing", "5f" * 4), desk.clock())
    signatures.sign(petition, lan, version=2)
    site.desk.clock.wait(minutes=1)
    with writing(desk.engine) as session:
        happened(session, What.CONSULTATION_CLOSED, Subject("hearing", "5f" * 4), at=desk.clock())
    site.desk.clock.wait(hours=2)
    run_digests(site)
    [mail] = mails(site, "digest")
    told = [line for line in (mail.text or "").split("\n") if line.startswith("· ")]
    assert told == [f"· {HAPPENED[What.CONSULTATION_CLOSED]}"]


def test_several_news_are_one_mail_a_day_and_none_goes_twice(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread, others = a_topic(site, site.desk.person()), a_topic(site, site.desk.person())
    with writing(site.desk.desk.engine) as session:
        session.get_one(IdentityPerson, lan).language = "vi"
        for one in (thread, others):
            follow(session, lan, one.subject, site.desk.clock())
    say(site, thread, site.desk.person(), "Trước khi có địa chỉ.")
    run_digests(site)
    confirm_address(site, browser)
    for words in ("Một.", "Hai.", "Ba."):
        say(site, thread, site.desk.person(), words)
    say(site, others, site.desk.person(), "Bốn.")
    run_digests(site)
    assert mails(site, "digest") == []  # the first one waits for others
    site.desk.clock.wait(hours=1)
    run_digests(site)
    run_digests(site)
    [mail] = mails(site, "digest")
    assert mail.recipient == ADDRESS
    text = mail.text or ""
    assert text.count("“Nên trồng cây ở đâu?”") == 2  # in the reader's language, as everything
    assert "Where should" not in text
    say_it = translations("vi").gettext(HAPPENED[What.CONTRIBUTION_MADE])
    assert f"· {say_it} (3)" in text  # what was before the address was known is not mailed
    assert mail.stop_link is not None
    say(site, thread, site.desk.person(), "Năm.")
    site.desk.clock.wait(hours=20)
    run_digests(site)
    assert len(mails(site, "digest")) == 1
    site.desk.clock.wait(hours=4)
    run_digests(site)
    assert len(mails(site, "digest")) == 2


def test_an_address_from_which_digests_come_back_is_forgotten(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    with writing(site.desk.desk.engine) as session:
        follow(session, lan, thread.subject, site.desk.clock())
    confirm_address(site, browser)
    for sent in (1, 2, 2):
        say(site, thread, site.desk.person(), f"Lần {site.desk.clock()}.")
        site.desk.clock.wait(days=1)
        run_digests(site)
        with writing(site.desk.desk.engine) as session:
            digests = session.query(OutboxMail).filter(OutboxMail.kind == "digest")
            assert digests.count() == sent
            digests.update({"state": MailState.BOUNCED, "reason": "5.1.1 no such mailbox"})
    with reading(site.desk.desk.engine) as session:
        assert session.scalars(select(FollowingContact)).all() == []
        assert set(session.scalars(select(OutboxMail.recipient))) == {None}


def test_what_comes_back_from_a_former_address_says_nothing_of_the_new_one(site: SiteUnderTest) -> None:
    lan, _ = a_person(site)
    thread, desk, clock = a_topic(site, site.desk.person()), site.desk.desk, site.desk.clock
    with writing(desk.engine) as session:
        follow(session, lan, thread.subject, clock())

    def to(address: str) -> Sequence[OutboxMail]:
        """Two more digests, after the owner of this address has confirmed it."""
        with writing(desk.engine) as session:
            _, token = give_address(desk, session, lan, address, clock())
        owner = site.browser()
        owner.get(f"/en/confirm-address?t={token}")
        assert owner.post("/en/confirm-address", {"t": token}).status_code == 200
        last = max([0, *(mail.id for mail in mails(site, "digest"))])
        for _ in range(2):
            say(site, thread, site.desk.person(), f"Lần {clock()}.")
            clock.wait(days=1)
            run_digests(site)
        return [mail for mail in mails(site, "digest") if mail.id > last]

    def come_back(sent: Sequence[OutboxMail]) -> None:
        with writing(desk.engine) as session:
            for mail in sent:
                session.get_one(OutboxMail, mail.id).state = MailState.SENT
                report = Report(mail.token, mail.sending, Action.FAILED, "5.1.1 no such mailbox")
                assert hear(session, report, clock()) is Heard.BOUNCED

    first = to(ADDRESS)
    assert [mail.recipient for mail in first] == [ADDRESS] * 2
    come_back(first)  # one more digest, and the address would be forgotten
    second = to(OTHER)
    assert [mail.recipient for mail in second] == [OTHER] * 2
    come_back(first)  # reports may be late
    third = to(OTHER)
    assert [mail.recipient for mail in third] == [OTHER] * 2
    assert {mail.recipient for mail in mails(site, "digest")} == {OTHER, None}
    come_back(third)
    assert to(OTHER) == []  # to confirm the same one again is no help
    with reading(desk.engine) as session:
        assert session.scalars(select(FollowingContact)).all() == []


def test_a_decision_about_oneself_goes_at_once(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    confirm_address(site, browser)
    number = say(site, thread, lan, "Ven hồ.")
    subject = Subject("contribution", str(number))
    with writing(site.desk.desk.engine) as session:
        happened(session, What.APPEAL_DECIDED, subject, at=site.desk.clock(), to=lan)
    run_digests(site)
    [mail] = mails(site, "digest")
    assert HAPPENED[What.APPEAL_DECIDED] in (mail.text or "")
    assert f"/en/discussions/{thread.id}/1" in (mail.text or "")


def test_one_click_stops_the_mails_without_sign_in(site: SiteUnderTest) -> None:
    _, browser = a_person(site)
    confirm_address(site, browser)
    token = stop_token(site.desk.desk, contact(site).key)
    stranger = site.browser()
    # Opening changes nothing: scanners open every link.
    assert stranger.get(f"/en/stop-mails?t={token}").status_code == 200
    assert stranger.get(f"/api/v1/mails/stop?t={token}").headers["location"] == f"/en/stop-mails?t={token}"
    assert contact(site).address == ADDRESS
    answer = stranger.client.post(f"/api/v1/mails/stop?t={token}", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (204, "")
    with reading(site.desk.desk.engine) as session:
        assert session.scalars(select(FollowingContact)).all() == []
        assert [one.recipient for one in session.scalars(select(OutboxMail))] == [None]
        assert {one.state for one in session.scalars(select(OutboxMail))} == {MailState.REFUSED}
    again = stranger.client.post(f"/api/v1/mails/stop?t={token}")
    assert again.status_code == 204
    stranger.get(f"/en/stop-mails?t={token}")
    assert "no longer goes to the address" in stranger.post("/en/stop-mails", {"t": token}).text


def test_a_mail_to_a_former_address_stops_none_to_the_new_one(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread, desk = a_topic(site, site.desk.person()), site.desk.desk
    with writing(desk.engine) as session:
        follow(session, lan, thread.subject, site.desk.clock())

    def told() -> OutboxMail:
        say(site, thread, site.desk.person(), f"Lần {site.desk.clock()}.")
        site.desk.clock.wait(days=1)
        run_digests(site)
        return mails(site, "digest")[-1]

    confirm_address(site, browser)
    former = told()
    with writing(desk.engine) as session:
        _, token = give_address(desk, session, lan, OTHER, site.desk.clock())
    reader = site.browser()
    reader.get(f"/en/confirm-address?t={token}")
    assert reader.post("/en/confirm-address", {"t": token}).status_code == 200
    for mail, left in ((former, OTHER), (told(), None)):
        link = (mail.stop_link or "").removeprefix(site.settings.base_url)
        assert reader.client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 204
        page = reader.get(link).headers["location"]
        reader.get(page)
        assert reader.post("/en/stop-mails", {"t": page.partition("?t=")[2]}).status_code == 200
        with reading(desk.engine) as session:
            now = contact_of(desk, session, lan, site.desk.clock())
            assert (None if now is None else now.address) == left


def test_a_link_that_was_never_sent_does_nothing(site: SiteUnderTest) -> None:
    _, browser = a_person(site)
    confirm_address(site, browser)
    stranger = site.browser()
    stranger.get("/en/sign-in")
    for token in ("", "x", "A" * 43, "A" * 1_000, "đ" * 20):
        assert stranger.client.post("/api/v1/mails/stop", params={"t": token}).status_code == 404
        assert stranger.post("/en/stop-mails", {"t": token}).status_code == 410
        assert stranger.post("/en/confirm-address", {"t": token}).status_code == 410
    assert contact(site).address == ADDRESS


def test_an_address_that_is_none_is_said_beside_the_field(site: SiteUnderTest) -> None:
    _, browser = a_person(site)
    for typed in ("", "lan", "lan@", "lan@a.example\r\nBcc: x@a.example", "a" * 300 + "@a.example"):
        answer = browser.post("/en/my/news/address", {"email": typed})
        assert answer.status_code == 422
        assert 'href="#email"' in answer.text
    assert mails(site, "confirm-address") == []


def test_a_link_to_an_address_runs_out(site: SiteUnderTest) -> None:
    _, browser = a_person(site)
    browser.post("/en/my/news/address", {"email": ADDRESS})
    [mail] = mails(site, "confirm-address")
    token = re.findall(r"t=(\S+)", mail.text or "")[0]
    site.desk.clock.wait(days=1)
    stranger = site.browser()
    stranger.get("/en/sign-in")
    assert stranger.post("/en/confirm-address", {"t": token}).status_code == 410


def test_nobody_follows_without_end(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise FollowsTooMuch

    _, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    browser.get(f"/en/follow/topic/{thread.id}")
    monkeypatch.setattr("web.routes.following.follow", refuse)
    answer = browser.post(f"/en/follow/topic/{thread.id}", {"follow": "yes"})
    assert answer.status_code == 422
    assert "Stop following one of them first." in answer.text


def test_everything_happens_in_words() -> None:
    assert set(HAPPENED) == set(What) - {What.ACTED}


def test_all_of_it_is_taken_along(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    thread = a_topic(site, site.desk.person())
    say(site, thread, lan, "Ven hồ <b>đẹp</b>.")
    with writing(site.desk.desk.engine) as session:
        follow(session, lan, thread.subject, site.desk.clock())
    confirm_address(site, browser)
    answer = browser.post("/en/my/data/export")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["README.txt", "data.html", "data.json"]
        lists = json.loads(archive.read("data.json"))
        page = archive.read("data.html").decode()
    assert lists["account"][0]["number"] == lan
    assert {"kind": "mails", "address": ADDRESS, "not_confirmed": None} in lists["following"]
    assert {"kind": "follows", "subject": f"topic {thread.id}", "since": "2026-11-20T08:00:00Z"} in lists[
        "following"
    ]
    assert lists["discussions"][0]["words"] == "Ven hồ <b>đẹp</b>."
    assert "Ven hồ &lt;b&gt;đẹp&lt;/b&gt;." in page
    assert ADDRESS in page
    assert "<script" not in page


def test_what_somebody_signed_is_on_their_page(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    petition = prepare(site.desk).published()
    key = Signatures(site.desk).sign(petition, lan)
    page = browser.get("/en/my/activity").text
    assert f'href="/en/petitions/{petition}"' in page
    assert "Light the east bank of Sen Lake" in page
    answer = browser.post("/en/my/data/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        lists = json.loads(archive.read("data.json"))
    assert lists["signatures"][0]["petition"] == petition
    with writing(site.desk.desk.engine) as session:
        withdraw(site.desk.desk, session, key)
    assert "You have signed nothing yet." in browser.get("/en/my/activity").text


def test_a_discussion_is_called_as_what_it_is_about(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    petition = prepare(site.desk).published()
    with writing(site.desk.desk.engine) as session:
        thread = thread_of(session, Subject("petition", petition), site.desk.clock())
        follow(session, lan, thread.subject, site.desk.clock())
    page = browser.get("/en/my/activity").text
    assert f'<a href="/en/discussions/{thread.id}">Light the east bank of Sen Lake</a>' in page
    assert f"petition {petition}" not in page
    with writing(site.desk.desk.engine) as session:
        KINDS["petition"].set_hidden(session, petition, entry=1)
    hidden = browser.get("/en/my/activity").text
    assert "Something that is not public any more" in hidden
    assert "Light the east bank" not in hidden


def test_an_account_is_deleted_by_a_tick_and_a_button(site: SiteUnderTest) -> None:
    lan, browser = a_person(site)
    assert "What stays, and why" in browser.get("/en/my/data/delete").text
    refused = browser.post("/en/my/data/delete")
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    answer = browser.post("/en/my/data/delete", {"sure": "yes"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/account-deleted")
    assert "Your account is deleted" in browser.get("/en/account-deleted").text
    assert browser.get("/en/my").headers["location"].startswith("/en/sign-in")
    with reading(site.desk.desk.engine) as session:
        assert session.get(IdentityPerson, lan) is None


def test_whoever_has_a_second_factor_shows_it_before(site: SiteUnderTest) -> None:
    lan = site.desk.person("")
    browser = site.browser().hold(site.desk.session(lan, second_factor=False))
    browser.get("/en/my")
    with writing(site.desk.desk.engine) as session:
        session.add(IdentityTotp(person=lan, sealed=b"s" * 60, last_step=1))
    answer = browser.post("/en/my/data/delete", {"sure": "yes"})
    assert answer.headers["location"].startswith("/en/sign-in/second-factor?next=/en/my/data/delete")
    with reading(site.desk.desk.engine) as session:
        assert session.get(IdentityPerson, lan) is not None


def test_staff_is_told_why_not(site: SiteUnderTest) -> None:
    browser = site.browser_of(Role.MODERATOR)
    assert "You have a role here." in browser.get("/en/my/data").text
    answer = browser.post("/en/my/data/delete", {"sure": "yes"})
    assert answer.status_code == 422
    assert "Ask an administrator" in answer.text
