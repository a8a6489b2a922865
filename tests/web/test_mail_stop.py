"""What becomes of a petition is mailed to its signers, and a link in each mail stops them, without an account."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from consultation.following import contacts
from consultation.following.contacts import confirm, contact_of, give_address
from consultation.following.follows import follow, unfollow
from consultation.petitions.answering import answer, set_debate, set_outcome
from consultation.petitions.deciding import Rejecting, admit, readmit, reject
from consultation.petitions.life import close_early, edit
from consultation.petitions.mailing import NEWS
from consultation.petitions.settings import set_bodies
from consultation.petitions.types import Body, Draft, Outcome, Reason
from consultation.signing.ending import remove_signatures, withdraw
from consultation.signing.models import PetitionSignature
from consultation.signing.signing import Signing, seal_address, sign
from consultation.signing.telling import Contact, stop_token
from consultation.subjects import Subject
from mail.models import OutboxMail
from mail.outbox import MailState
from protocol.text import LocalText
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.petitions import LAKE, PetitionsUnderTest, prepare
from tests.support.signatures import Signatures
from tests.support.sites import SiteUnderTest, site_under_test
from web.i18n import Text
from web.petition_mails import DUE, PetitionMails

NEW_WORDS = replace(LAKE, details="We ask for 20 lamps and a railing.")


@dataclass
class Told:
    """A site whose mails about petitions are written when `news` asks for them."""

    site: SiteUnderTest
    room: PetitionsUnderTest
    signatures: Signatures
    worker: Worker
    seen: int = 0

    def news(self, kind: str = NEWS) -> Sequence[OutboxMail]:
        """Mails since it was last asked."""
        while self.worker.run_once():
            pass
        self.site.desk.clock.wait(minutes=1)
        with writing(self.site.desk.desk.engine) as session:  # whose rows can be read after its end
            rows = session.scalars(
                select(OutboxMail).where(OutboxMail.id > self.seen).order_by(OutboxMail.id)
            ).all()
            self.seen = max([self.seen, *(row.id for row in rows)])
            return [row for row in rows if row.kind == kind]

    def subjects(self) -> dict[str, str]:
        """Subject by recipient, of mails since it was last asked."""
        return {mail.recipient or "": (mail.subject or "").partition(":")[0] for mail in self.news()}

    def key(self, petition: str, name: str, *, mails: bool = True) -> str:
        """Of a signature by mail."""
        return self.signatures.confirm(
            self.signatures.ask(petition, f"{name}@example.org", mails=mails),
            self.room.find(petition).text.version,
        )

    def wants_mails(self, key: str) -> tuple[bool, bool]:
        """Of a signature: whether it is told, and whether it keeps an address."""
        with reading(self.site.desk.desk.engine) as session:
            row = session.scalars(select(PetitionSignature).where(PetitionSignature.key == key)).one()
            return row.mails, row.address_sealed is not None


@pytest.fixture
def told(either_database_url: str, tmp_path: Path) -> Iterator[Told]:
    with site_under_test(either_database_url, tmp_path) as site:
        desk = site.desk.desk
        writer = PetitionMails(desk, Text("Ward", "Phường"), "024 0000 0123", "Asia/Ho_Chi_Minh")
        yield Told(
            site,
            prepare(site.desk),
            Signatures(site.desk),
            Worker(desk.engine, writer.handlers(), desk.clock),
        )


def test_what_becomes_of_it_is_told_in_one_mail_each(told: Told) -> None:
    room, engine = told.room, told.site.desk.desk.engine
    petition = room.submitted()
    an, _ = told.key(petition, "an"), told.key(petition, "binh")
    told.news()
    both = {"an@example.org", "binh@example.org"}

    def all_told(subject: str) -> bool:
        return told.subjects() == dict.fromkeys(both, subject)

    with writing(engine) as session:
        admit(session, room.moderator, petition, 1)
    assert all_told("Open for signatures")
    with writing(engine) as session:
        assert edit(session, room.lan, petition, 1, NEW_WORDS, told.site.desk.clock())
    assert told.subjects() == {}  # it is not public yet
    with writing(engine) as session:
        admit(session, room.moderator, petition, 2)
    # Whoever has agreed to the new words already is not asked about them.
    told.signatures.confirm(told.signatures.ask(petition, "an@example.org", mails=True), 2)
    later, _ = told.key(petition, "dung"), told.key(petition, "chi", mails=False)
    (mail,) = told.news()
    assert (mail.recipient, (mail.subject or "").partition(":")[0]) == ("binh@example.org", "New words")
    assert f"/en/petitions/{petition}/versions" in (mail.text or "")
    both.add("dung@example.org")
    with writing(engine) as session:
        set_debate(session, room.official, petition, room.saying(session, petition), told.site.desk.clock())
    assert all_told("Debate")
    with writing(engine) as session:
        number = answer(session, room.official, petition, room.saying(session, petition))
    (mail, *_) = found = told.news()
    assert {one.recipient for one in found} == both
    assert f"/en/petitions/{petition}#event-{number}" in (mail.text or "")
    with writing(engine) as session:
        said = room.saying(session, petition)
        set_outcome(session, room.official, petition, said, Outcome.PLANNED)
    assert all_told("What became of it")
    with writing(engine) as session:
        ids = session.scalars(
            select(PetitionSignature.id).where(PetitionSignature.key.in_([an, later]))
        ).all()
        actor = room.moderator.actor
        remove_signatures(
            told.site.desk.desk, session, petition, ids, "Made by a machine.", actor, told.site.desk.clock()
        )
    assert told.subjects() == dict.fromkeys(both - {"binh@example.org"}, "Your signature was removed")
    with writing(engine) as session:
        close_early(session, room.lan, petition, told.site.desk.clock())
    assert told.subjects() == {"binh@example.org": "Closed"}


def test_supporters_hear_of_a_rejection_unless_its_words_are_hidden(told: Told) -> None:
    room, engine = told.room, told.site.desk.desk.engine
    for reason, subject in ((Reason.UNCLEAR, "Not accepted"), (Reason.ACCUSATION, None)):
        petition = room.submitted()
        for name in ("an", "binh"):
            told.key(petition, name)
        told.news()
        with writing(engine) as session:
            reject(session, room.moderator, petition, 1, Rejecting(reason, "Not like this."))
        expected = {"an@example.org": subject, "binh@example.org": subject} if subject else {}
        assert told.subjects() == expected
        with writing(engine) as session:
            readmit(session, told.site.desk.desk, petition)
        assert set(told.subjects().values()) == {"Open for signatures"}


def test_supporters_of_earlier_words_hear_of_the_new_ones_once_at_publication(told: Told) -> None:
    room, engine = told.room, told.site.desk.desk.engine
    petition = room.submitted()
    told.key(petition, "an")
    for number in range(3):  # as often as its writer likes
        with writing(engine) as session:
            words = replace(LAKE, details=f"We ask for {number} lamps.")
            edit(session, room.lan, petition, number + 1, words, told.site.desk.clock())
    told.key(petition, "binh")
    assert told.subjects() == {}
    with writing(engine) as session:
        admit(session, room.moderator, petition, 4)
    assert told.subjects() == {"an@example.org": "New words", "binh@example.org": "Open for signatures"}


def test_a_mail_to_sign_holds_no_words_that_nobody_has_read(told: Told) -> None:
    room, browser = told.room, told.site.browser()
    waiting, public = room.submitted(replace(LAKE, action="You have won: bank.example")), room.published()
    for petition, subject in ((waiting, "Support a petition"), (public, f"Sign: “{LAKE.action}”")):
        browser.get(f"/en/petitions/{petition}/sign")
        answer = browser.post(f"/en/petitions/{petition}/sign", {"email": "an@example.org", "version": "1"})
        assert answer.status_code == 303
        (mail,) = told.news("sign-petition")
        assert mail.subject == subject
        assert "won" not in (mail.text or "")


def test_one_press_stops_the_mails_of_one_petition_without_an_account(told: Told) -> None:
    room, site, engine = told.room, told.site, told.site.desk.desk.engine
    one, other = room.published(), room.published(Draft("Cross safely", "No lights.", "", "en", "ward"))
    site.desk.clock.wait(minutes=1)
    key, kept = told.key(one, "an"), told.key(other, "an")
    told.news()
    with writing(engine) as session:
        answer(session, room.official, one, room.saying(session, one))
    (mail,) = told.news()
    assert mail.stop_link is not None
    path = mail.stop_link.removeprefix(site.settings.base_url)
    page = next(line.strip() for line in (mail.text or "").split("\n") if "/stop-mails?" in line)
    stranger = site.browser()
    # A scanner opens every link, with GET and with HEAD; nothing is stopped by that.
    shown = stranger.get(page.removeprefix(site.settings.base_url))
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert LAKE.action in shown.text
    assert "example.org" not in shown.text
    stranger.client.head(path)
    assert stranger.get(path).headers["location"] == page.removeprefix(site.settings.base_url)
    assert told.wants_mails(key) == (True, True)
    # The button of a mail program: RFC 8058 allows both ways of sending a form, and no cookie comes with it.
    files = {"List-Unsubscribe": (None, "One-Click")}
    assert site.browser().client.post(path, files=files).status_code == 204
    assert site.browser().client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 204
    assert told.wants_mails(key) == (False, False)
    assert told.wants_mails(kept) == (True, True)
    with reading(engine) as session:  # what was still waiting does not go out any more
        row = session.get_one(OutboxMail, mail.id)
        assert (row.recipient, row.text, row.stop_link, row.state) == (None, None, None, MailState.REFUSED)
    with writing(engine) as session:
        refuse_on = room.saying(session, one)
        set_outcome(session, room.official, one, refuse_on, Outcome.DONE)
        answer(session, room.official, other, room.saying(session, other))
    assert [mail.subject_key for mail in told.news()] == [other]


def test_the_page_stops_everything_that_somebody_signed_and_leaves_the_signatures(told: Told) -> None:
    room, site = told.room, told.site
    one, other = room.published(), room.published(Draft("Cross safely", "No lights.", "", "en", "ward"))
    keys = [told.key(one, "an"), told.key(other, "an")]
    bystander = told.key(one, "binh")
    token = stop_token(site.desk.desk, Contact(keys[0], "an@example.org", "vi", 1))
    browser = site.browser()
    browser.get(f"/vi/stop-mails?t={token}")
    done = browser.post("/vi/stop-mails", {"t": token, "stop": "all"})
    assert done.status_code == 200
    assert [told.wants_mails(key) for key in keys] == [(False, False)] * 2
    assert told.wants_mails(bystander) == (True, True)
    assert room.find(one).signatures == 2
    # Harmless once more, and after the signature was taken back.
    with writing(site.desk.desk.engine) as session:
        withdraw(site.desk.desk, session, keys[0])
    _press(told, token, "all")
    assert told.wants_mails(bystander) == (True, True)


def test_a_link_that_was_never_sent_stops_nothing(told: Told) -> None:
    key = told.key(told.room.published(), "an")
    good = stop_token(told.site.desk.desk, Contact(key, "an@example.org", "vi", 1))
    browser = told.site.browser()
    for wrong in ("", "x", "A" * 43, "A" * 64, "đ" * 20, good[:-4] + "AAAA", good[:20]):
        assert browser.client.get("/en/stop-mails", params={"t": wrong}).status_code == 410
        assert browser.client.post("/api/v1/mails/stop", params={"t": wrong}).status_code == 404
    assert told.wants_mails(key) == (True, True)


def test_whoever_follows_is_told_by_the_digest_alone(told: Told) -> None:
    room, site, engine = told.room, told.site, told.site.desk.desk.engine
    petition, desk = room.published(), site.desk.desk
    site.desk.clock.wait(minutes=1)
    follower, reader = site.desk.person(""), site.desk.person("")
    for person in (follower, reader):
        who = site.desk.who(site.desk.session(person))
        assert who is not None
        with writing(engine) as session:
            _, token = give_address(desk, session, person, f"{person}@example.org", desk.clock())
            confirm(desk, session, token, desk.clock())
            sign(desk, session, petition, who, Signing(1, None, mails=True, language="vi"))
    with writing(engine) as session:
        follow(session, follower, Subject("petition", petition), desk.clock())
    told.news()
    with writing(engine) as session:
        answer(session, room.official, petition, room.saying(session, petition))
    (mail,) = told.news()
    assert (mail.recipient, mail.language) == (f"{reader}@example.org", "vi")
    assert (mail.stop_link or "").endswith("&lang=vi")
    # Whoever stops all mails of their account has its address forgotten, also in this one.
    browser = site.browser().hold(site.desk.session(reader, second_factor=False))
    browser.get("/en/my/news")
    assert browser.post("/en/my/news/stop").status_code == 303
    with reading(engine) as session:
        assert session.get_one(OutboxMail, mail.id).recipient is None
    with writing(engine) as session:
        contact = contact_of(desk, session, follower, desk.clock())
        assert contact is not None
        set_outcome(session, room.official, petition, room.saying(session, petition), Outcome.DONE)
        unfollow(session, follower, Subject("petition", petition))
    (mail,) = told.news()
    assert mail.recipient == f"{follower}@example.org"
    token = contacts.stop_token(desk, contact.key)
    assert site.browser().client.post("/api/v1/mails/stop", params={"t": token}).status_code == 204
    with reading(engine) as session:
        assert session.get_one(OutboxMail, mail.id).recipient is None


def test_news_that_come_back_from_a_former_address_do_not_count_against_the_new_one(told: Told) -> None:
    room, desk = told.room, told.site.desk.desk
    petition, person = room.published(), told.site.desk.person("")
    _sign(told, petition, person)

    def answered() -> list[str | None]:
        """Who is told of one more answer; all mails come back."""
        with writing(desk.engine) as session:
            answer(session, room.official, petition, room.saying(session, petition))
        sent = told.news()
        with writing(desk.engine) as session:
            for mail in sent:
                row = session.get_one(OutboxMail, mail.id)
                row.state, row.reason = MailState.BOUNCED, "5.1.1 no such mailbox"
        return [mail.recipient for mail in sent]

    told.news()
    for address in ("an@old.example", "an@new.example"):
        _use(told, person, address)
        assert [answered() for _ in range(3)] == [[address], [address], []]


def test_a_link_stops_what_goes_to_the_mailbox_in_which_it_lies(told: Told) -> None:
    room, person = told.room, told.site.desk.person("")
    petition = room.published()
    _sign(told, petition, person)
    told.news()
    _use(told, person, "an@old.example")
    old = _link(told, petition, "an@old.example")
    _use(told, person, "an@new.example")
    for stop in ("one", "all"):
        _press(told, old, stop)
    _link(told, petition, "an@new.example")  # whoever reads the old one stops nothing else
    _use(told, person, "An@Old.example")
    _press(told, old, "one")  # it is theirs again
    assert _recipients(told, petition) == []


def test_a_link_still_stops_after_the_address_was_given_anew(told: Told) -> None:
    petition, person = told.room.published(), told.site.desk.person("")
    _sign(told, petition, person)
    told.news()
    _use(told, person, "an@example.org")
    link = _link(told, petition, "an@example.org")
    with writing(told.site.desk.desk.engine) as session:
        contacts.forget_address(session, person)
    _use(told, person, "an@example.org")
    _press(told, link, "all")
    assert _recipients(told, petition) == []


def test_first_one_petition_then_all(told: Told) -> None:
    one, other = (
        told.room.published(),
        told.room.published(Draft("Cross safely", "No lights.", "", "en", "ward")),
    )
    told.site.desk.clock.wait(minutes=1)
    for petition in (one, other):
        told.key(petition, "an")
    told.news()
    link = _link(told, one, "an@example.org")
    _press(told, link, "one")
    assert (_recipients(told, one), _recipients(told, other)) == ([], ["an@example.org"])
    _press(told, link, "all")
    assert _recipients(told, other) == []


def test_all_in_a_kept_mailbox_leaves_what_goes_to_another(told: Told) -> None:
    one, other = (
        told.room.published(),
        told.room.published(Draft("Cross safely", "No lights.", "", "en", "ward")),
    )
    desk, person = told.site.desk.desk, told.site.desk.person("")
    for petition in (one, other):
        _sign(told, petition, person)
    with writing(desk.engine) as session:  # the first was signed by mail, before there was an account
        row = session.scalars(select(PetitionSignature).where(PetitionSignature.petition == one)).one()
        row.address_sealed = seal_address(desk, row.key, "an@example.org")
    told.news()
    link = _link(told, one, "an@example.org")
    _use(told, person, "an@new.example")
    _press(told, link, "all")
    assert (_recipients(told, one), _recipients(told, other)) == ([], ["an@new.example"])


def test_all_reaches_what_another_account_of_the_same_mailbox_signed(told: Told) -> None:
    one, other = (
        told.room.published(),
        told.room.published(Draft("Cross safely", "No lights.", "", "en", "ward")),
    )
    told.site.desk.clock.wait(minutes=1)
    for petition, spelling in ((one, "lan.an@gmail.com"), (other, "lanan@gmail.com")):
        told.signatures.confirm(told.signatures.ask(petition, spelling, mails=True), 1)
    told.news()
    link = _link(told, one, "lan.an@gmail.com")
    assert _recipients(told, other) == ["lanan@gmail.com"]  # control
    _press(told, link, "all")
    assert _recipients(told, other) == []


def _recipients(told: Told, petition: str) -> list[str | None]:
    """Who is told of one more answer."""
    room = told.room
    with writing(told.site.desk.desk.engine) as session:
        answer(session, room.official, petition, room.saying(session, petition))
    return [mail.recipient for mail in told.news()]


def _link(told: Told, petition: str, address: str) -> str:
    """The token in a mail about one more answer, which goes to this address."""
    assert _recipients(told, petition) == [address]
    with reading(told.site.desk.desk.engine) as session:
        mail = session.get_one(OutboxMail, told.seen)
        return parse_qs(urlsplit(mail.stop_link or "").query)["t"][0]


def _press(told: Told, token: str, stop: str) -> None:
    browser = told.site.browser()
    assert browser.get(f"/en/stop-mails?t={token}").status_code == 200
    assert browser.post("/en/stop-mails", {"t": token, "stop": stop}).status_code == 200


def _sign(told: Told, petition: str, person: str) -> None:
    """With an account, at whose address they are told."""
    told.site.desk.clock.wait(minutes=1)
    who = told.site.desk.who(told.site.desk.session(person))
    assert who is not None
    with writing(told.site.desk.desk.engine) as session:
        sign(told.site.desk.desk, session, petition, who, Signing(1, None, mails=True, language="en"))


def _use(told: Told, person: str, address: str) -> None:
    """Mails to an account go to this address from now on."""
    with writing(told.site.desk.desk.engine) as session:
        _, token = give_address(told.site.desk.desk, session, person, address, told.site.desk.clock())
    owner = told.site.browser()
    owner.get(f"/en/confirm-address?t={token}")
    assert owner.post("/en/confirm-address", {"t": token}).status_code == 200


def test_an_office_is_written_to_in_its_language(told: Told) -> None:
    room, engine = told.room, told.site.desk.desk.engine
    said = {}
    for language in ("en", "vi", ""):
        ward = Body(
            "ward", LocalText(en="Ward office", vi="Ủy ban phường"), "ward@example.org", language=language
        )
        with writing(engine) as session:
            set_bodies(session, [ward])
        petition = room.published()
        room.count(petition, 3)
        (mail,) = told.news(DUE)
        said[language] = (mail.language, mail.subject or "", mail.text or "")
    assert said["en"][0] == "en"
    assert "Ward office" in said["en"][2]
    assert "Ủy ban phường" not in said["en"][2]
    assert said["vi"][0] == "vi"
    assert "Ủy ban phường" in said["vi"][2]
    assert "Ward office" not in said["vi"][2]
    assert said[""][0] == "vi"
    assert all(name in said[""][2] for name in ("Ward office", "Ủy ban phường"))
    assert " / " in said[""][1]
