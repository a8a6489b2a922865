"""Signing in: a mailed link, once, by a button; the second factor; invitations; My page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import select

from crypto.encoding import encode_base64url
from identity.models import IdentityEmailLink, IdentitySession
from identity.people import email_claim
from identity.roles import Role
from mail.models import OutboxMail
from storage.session import reading
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from tests.web.reader import Page
from web.client_network import UNKNOWN
from web.rate_limits import EMAIL_LINK, EMAIL_LINK_NETWORK


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(f"sqlite:///{tmp_path / 'site.db'}", tmp_path) as running:
        yield running


def mails(site: SiteUnderTest) -> list[OutboxMail]:
    with reading(site.desk.desk.engine) as session:
        found = list(session.scalars(select(OutboxMail).order_by(OutboxMail.id)))
        session.expunge_all()
    return found


def link_in(mail: OutboxMail) -> str:
    found = re.search(r"http://localhost:8000(/\S+)", mail.text or "")
    assert found is not None
    return found[1]


def ask(site: SiteUnderTest, browser: Browser, address: str = "hoa@example.org", next_path: str = "") -> str:
    if browser.get(f"/en/sign-in?next={next_path}").status_code == 303:  # signed in already
        browser.get("/en/my")
    answer = browser.post("/en/sign-in", {"email": address, "next": next_path})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/sign-in/sent")
    return link_in(mails(site)[-1])


def follow(browser: Browser, link: str) -> str:
    """Open the link and press its button; gives where it leads."""
    page = browser.get(link)
    assert page.status_code == 200
    token = link.partition("t=")[2]
    answer = browser.post(link.partition("?")[0], {"t": token})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


class TestEmailLink:
    def test_signs_in_once(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        link = ask(site, browser, next_path="/en/elections")
        assert follow(browser, link) == "/en/elections"
        assert browser.get("/en/my").status_code == 200
        again = site.browser()
        assert again.get(link).status_code == 410
        again.get("/en/sign-in")
        assert again.post("/en/sign-in/link", {"t": link.partition("t=")[2]}).status_code == 410
        assert again.session() is None

    def test_opening_it_signs_nobody_in(self, site: SiteUnderTest) -> None:
        """A mail scanner opens every link, also twice, also with HEAD."""
        browser = site.browser()
        link = ask(site, browser)
        scanner = site.browser()
        assert scanner.client.head(link).status_code == 200
        assert scanner.get(link).status_code == 200
        assert scanner.get(link).status_code == 200
        with reading(site.desk.desk.engine) as session:
            assert session.scalars(select(IdentitySession)).all() == []
            assert session.scalars(select(IdentityEmailLink.spent_at)).one() is None
        assert follow(browser, link) == "/en/my"

    def test_another_browser_is_asked_first(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        link = ask(site, browser)
        assert "You asked for this link in this browser" in browser.get(link).text
        other = site.browser().get(link).text
        assert "Did you ask for this link yourself?" in other
        assert "You asked for this link in this browser" not in other

    def test_ends_after_a_quarter_of_an_hour(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        link = ask(site, browser)
        site.desk.clock.wait(minutes=14, seconds=59)
        assert browser.get(link).status_code == 200
        site.desk.clock.wait(seconds=1)
        assert browser.get(link).status_code == 410
        assert browser.post("/en/sign-in/link", {"t": link.partition("t=")[2]}).status_code == 410

    def test_known_and_unknown_addresses_get_the_same_answer(self, site: SiteUnderTest) -> None:
        known = site.browser()
        follow(known, ask(site, known, "hoa@example.org"))
        pages = []
        for address in ("hoa@example.org", "nobody@example.org"):
            browser = site.browser()
            browser.get("/en/sign-in")
            answer = browser.post("/en/sign-in", {"email": address})
            pages.append((answer.status_code, answer.headers["location"], answer.text))
        assert pages[0] == pages[1]
        assert [mail.recipient for mail in mails(site)[1:]] == ["hoa@example.org", "nobody@example.org"]

    def test_the_database_holds_neither_address_nor_link(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        link = ask(site, browser)
        follow(browser, link)
        with reading(site.desk.desk.engine) as session:
            row = session.scalars(select(IdentityEmailLink)).one()
            stored = repr(
                [getattr(row, column.key) for column in IdentityEmailLink.__table__.columns]
            ).encode()
        assert b"hoa" not in stored
        assert link.partition("t=")[2].encode() not in stored
        assert mails(site)[0].secret

    def test_capitals_are_one_person(self, site: SiteUnderTest) -> None:
        first, second = site.browser(), site.browser()
        follow(first, ask(site, first, "hoa@example.org"))
        follow(second, ask(site, second, " HOA@Example.ORG "))
        with reading(site.desk.desk.engine) as session:
            people = set(session.scalars(select(IdentitySession.person)))
        assert len(people) == 1

    @pytest.mark.parametrize(
        "address", ["", "hoa", "hoa@", "a@b@c", "hoa@example.org\r\nBcc: x@y.z", "x" * 300 + "@y.z"]
    )
    def test_what_is_no_address_is_said_beside_the_field(self, site: SiteUnderTest, address: str) -> None:
        browser = site.browser()
        browser.get("/en/sign-in")
        answer = browser.post("/en/sign-in", {"email": address})
        assert answer.status_code == 422
        page = Page(answer.text)
        assert page.all("title")[0].text.startswith("Error:")
        assert [e.attributes["href"] for e in page.all("a") if e.attributes["href"] == "#email"]
        assert mails(site) == []

    def test_one_mailbox_is_not_flooded(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        browser.get("/en/sign-in")
        statuses = [
            browser.post("/en/sign-in", {"email": f"hoa+{n}@example.org"}).status_code for n in range(4)
        ]
        assert statuses == [303, 303, 303, 429]
        assert browser.post("/en/sign-in", {"email": "other@example.org"}).status_code == 303

    def test_a_network_that_came_too_often_uses_up_nobodys_links(self, site: SiteUnderTest) -> None:
        limiter = site.app.state.limiter
        flood = site.browser()
        flood.get("/en/sign-in")
        for _ in range(EMAIL_LINK_NETWORK.amount):
            limiter.count(EMAIL_LINK_NETWORK, UNKNOWN)
        for _ in range(4):
            assert flood.post("/en/sign-in", {"email": "hoa@example.org"}).status_code == 429
        claim = email_claim("hoa@example.org")
        assert limiter.count(EMAIL_LINK, claim).remaining == EMAIL_LINK.amount - 1

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/en/\\evil",
            "/enx",
            "/en/a\r\nSet-Cookie: x",
            "/api/v1/elections",
            "javascript:alert(1)",
            "/en/" + "a" * 600,
        ],
    )
    def test_leads_nowhere_else(self, site: SiteUnderTest, target: str) -> None:
        browser = site.browser()
        browser.get("/en/sign-in")
        browser.post("/en/sign-in", {"email": "hoa@example.org", "next": target})
        assert follow(browser, link_in(mails(site)[-1])) == "/en/my"

    def test_a_session_is_new_at_each_sign_in(self, site: SiteUnderTest) -> None:
        """Session fixation: what the browser brought along is worth nothing afterwards."""
        browser = site.browser()
        browser.hold_text("A" * 43)
        follow(browser, ask(site, browser))
        assert browser.session() != "A" * 43
        first = browser.session()
        follow(browser, ask(site, browser))
        assert first != browser.session()
        old = site.browser()
        old.hold_text(first or "")
        assert old.get("/en/my").status_code == 303


class TestSessions:
    def test_cookies_are_out_of_reach(self, site: SiteUnderTest) -> None:
        browser = site.browser()
        link = ask(site, browser)
        browser.get(link)
        answer = browser.post("/en/sign-in/link", {"t": link.partition("t=")[2]})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "path=/" in cookie
        assert "max-age" not in cookie
        assert answer.headers["cache-control"] == "no-store"

    def test_sign_out_ends_it_at_the_server(self, site: SiteUnderTest) -> None:
        browser = site.browser_of()
        token = browser.session()
        assert browser.post("/en/sign-out").headers["location"] == "/en/"
        assert browser.session() is None
        thief = site.browser()
        thief.hold_text(token or "")
        assert thief.get("/en/my").headers["location"].startswith("/en/sign-in")

    def test_others_are_ended_from_my_page(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.AUDITOR,))
        here, there = (site.browser().hold(site.desk.session(person)) for _ in range(2))
        here.get("/en/my")
        assert here.post("/en/my/sessions/end").status_code == 303
        assert here.get("/en/my").status_code == 200
        assert there.get("/en/my").status_code == 303

    def test_a_session_of_somebody_else_stays(self, site: SiteUnderTest) -> None:
        victim, attacker = site.browser_of(), site.browser_of()
        with reading(site.desk.desk.engine) as session:
            digests = list(session.scalars(select(IdentitySession.digest)))
        for digest in digests:
            attacker.post("/en/my/sessions/end", {"session": encode_base64url(digest)})
        assert victim.get("/en/my").status_code == 200

    @pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 303)])
    def test_idle_sessions_end(self, site: SiteUnderTest, minutes: int, status: int) -> None:
        browser = site.browser_of()
        site.desk.clock.wait(minutes=minutes)
        assert browser.get("/en/my").status_code == status

    @pytest.mark.parametrize(("roles", "hours"), [((), 2), ((Role.AUDITOR,), 8)])
    def test_no_session_lives_for_ever(
        self, site: SiteUnderTest, roles: tuple[Role, ...], hours: int
    ) -> None:
        browser = site.browser_of(*roles)
        for _ in range(hours * 6):
            assert browser.get("/en/my").status_code == 200
            site.desk.clock.wait(minutes=10)
        site.desk.clock.wait(seconds=1)
        assert browser.get("/en/my").status_code == 303


def set_up_app(site: SiteUnderTest, browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """An authenticator app, and the recovery codes that come with it."""
    page = browser.get("/en/my/second-factor")
    assert page.status_code == 200
    app = pyotp.TOTP("".join(re.findall(r"<span>([A-Z2-7]{4})</span>", page.text)))
    answer = browser.post("/en/my/second-factor", {"code": app.at(site.desk.clock())})
    assert answer.status_code == 200, answer.text
    codes = re.findall(r"<span>([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})</span>", answer.text)
    assert len(set(codes)) == 10
    return app, codes


class TestSecondFactor:
    def test_staff_pages_wait_for_it(self, site: SiteUnderTest) -> None:
        browser = site.browser_of(Role.ADMINISTRATOR, second_factor=False)
        answer = browser.get("/en/staff/people")
        assert answer.headers["location"] == "/en/sign-in/second-factor?next=%2Fen%2Fstaff%2Fpeople"
        assert browser.get("/en/sign-in/second-factor").headers["location"] == "/en/my/second-factor"
        before = browser.session()
        set_up_app(site, browser)
        assert browser.session() != before  # what somebody learned before opens nothing now
        assert browser.get("/en/staff/people").status_code == 200

    def test_the_app_is_asked_at_the_next_sign_in(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.ADMINISTRATOR,))
        first = site.browser().hold(site.desk.session(person, second_factor=False))
        app, _ = set_up_app(site, first)
        site.desk.clock.wait(seconds=30)
        browser = site.browser().hold(site.desk.session(person, second_factor=False))
        assert browser.get("/en/sign-in/second-factor?next=/en/staff").status_code == 200
        answer = browser.post(
            "/en/sign-in/second-factor", {"code": app.at(site.desk.clock()), "next": "/en/staff"}
        )
        assert answer.headers["location"] == "/en/staff"
        assert browser.get("/en/staff").status_code == 200

    def test_a_code_works_once(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.AUDITOR,))
        app, _ = set_up_app(site, site.browser().hold(site.desk.session(person, second_factor=False)))
        code = app.at(site.desk.clock())  # the one that confirmed the app
        browser = site.browser().hold(site.desk.session(person, second_factor=False))
        browser.get("/en/sign-in/second-factor")
        answer = browser.post("/en/sign-in/second-factor", {"code": code})
        assert answer.status_code == 422
        assert "was used before" in answer.text
        earlier = app.at(site.desk.clock().timestamp() - 30)
        assert browser.post("/en/sign-in/second-factor", {"code": earlier}).status_code == 422
        site.desk.clock.wait(seconds=30)
        code = app.at(site.desk.clock())
        assert browser.post("/en/sign-in/second-factor", {"code": code}).status_code == 303
        other = site.browser().hold(site.desk.session(person, second_factor=False))
        other.get("/en/sign-in/second-factor")
        assert other.post("/en/sign-in/second-factor", {"code": code}).status_code == 422

    def test_wrong_codes_make_the_next_one_wait(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.AUDITOR,))
        app, codes = set_up_app(site, site.browser().hold(site.desk.session(person, second_factor=False)))
        site.desk.clock.wait(seconds=90)
        browser = site.browser().hold(site.desk.session(person, second_factor=False))
        browser.get("/en/sign-in/second-factor")
        right = app.at(site.desk.clock())
        wrong = "000000" if right != "000000" else "111111"
        for guess in (wrong, "AAAA-AAAA-AAAA", wrong, "", "1", wrong, wrong):
            assert browser.post("/en/sign-in/second-factor", {"code": guess}).status_code == 422
        answer = browser.post("/en/sign-in/second-factor", {"code": right})
        assert answer.status_code == 422
        assert "Too many wrong codes" in answer.text
        assert browser.post("/en/sign-in/second-factor", {"code": codes[0]}).status_code == 422
        site.desk.clock.wait(minutes=5)
        right = app.at(site.desk.clock())
        assert browser.post("/en/sign-in/second-factor", {"code": right}).status_code == 303

    def test_a_recovery_code_works_once(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.AUDITOR,))
        _, codes = set_up_app(site, site.browser().hold(site.desk.session(person, second_factor=False)))
        for expected in (303, 422):
            browser = site.browser().hold(site.desk.session(person, second_factor=False))
            browser.get("/en/sign-in/second-factor")
            typed = codes[3].lower().replace("-", " ")
            assert browser.post("/en/sign-in/second-factor", {"code": typed}).status_code == expected

    def test_who_has_one_cannot_be_given_another_by_a_thief_of_the_mailbox(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.ADMINISTRATOR,))
        set_up_app(site, site.browser().hold(site.desk.session(person, second_factor=False)))
        thief = site.browser().hold(site.desk.session(person, second_factor=False))
        thief.get("/en/my")
        assert "/second-factor?next=" in thief.get("/en/my/second-factor").headers["location"]
        assert "/second-factor" in thief.post("/en/my/second-factor", {"code": "123456"}).headers["location"]
        assert "/second-factor" in thief.post("/en/my/recovery-codes").headers["location"]
        assert thief.post_json("/en/my/passkeys/options", {}).json()["code"] == "second-factor-needed"
        assert thief.post("/en/my/passkeys/remove", {"key": "AAAA"}).status_code == 303
        assert thief.get("/en/staff").status_code == 303

    def test_who_read_the_mailbox_first_does_not_know_the_owners_secret(self, site: SiteUnderTest) -> None:
        person = site.desk.person(roles=(Role.ADMINISTRATOR,))

        def shown(browser: Browser) -> str:
            return "".join(
                re.findall(r"<span>([A-Z2-7]{4})</span>", browser.get("/en/my/second-factor").text)
            )

        thief, owner = (site.browser().hold(site.desk.session(person, second_factor=False)) for _ in range(2))
        seen = shown(thief)
        assert len(seen) == 32
        assert shown(thief) == seen  # a reload shows what the app was told
        app, _ = set_up_app(site, owner)
        assert app.secret != seen
        # Nor can a page that was opened before the owner's be confirmed after it.
        other = site.desk.person(roles=(Role.ADMINISTRATOR,))
        thief, owner = (site.browser().hold(site.desk.session(other, second_factor=False)) for _ in range(2))
        late = pyotp.TOTP(shown(thief))
        shown(owner)
        assert thief.post("/en/my/second-factor", {"code": late.at(site.desk.clock())}).status_code == 422

    def test_the_secret_is_sealed_in_the_database(self, site: SiteUnderTest, tmp_path: Path) -> None:
        browser = site.browser_of(Role.AUDITOR, second_factor=False)
        app, codes = set_up_app(site, browser)
        with reading(site.desk.desk.engine) as session:
            session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("site.db*"))
        assert app.secret.encode() not in stored
        assert not any(code.replace("-", "").encode() in stored for code in codes)


class TestInvitations:
    def invite(self, site: SiteUnderTest, browser: Browser, **fields: str | list[str]) -> str:
        browser.get("/en/staff/people")
        given = {
            "name": "Trần Thị Hoa",
            "email": "hoa@example.org",
            "roles": ["official"],
            "language": "vi",
            **fields,
        }
        answer = browser.post("/en/staff/people", given)
        assert answer.status_code == 303, answer.text
        return link_in(mails(site)[-1])

    def test_from_the_mail_to_the_staff_page(self, site: SiteUnderTest) -> None:
        link = self.invite(site, site.browser_of(Role.ADMINISTRATOR, name="Nguyễn Văn An"))
        assert link.startswith("/vi/invitation?t=")
        hoa = site.browser()
        assert "Nguyễn Văn An" in hoa.get(link).text
        assert hoa.session() is None
        answer = hoa.post("/vi/invitation", {"t": link.partition("t=")[2]})
        assert answer.headers["location"] == "/vi/my/second-factor"
        assert hoa.get("/vi/staff").status_code == 303  # not before the second factor
        set_up_app(site, hoa)
        assert hoa.get("/vi/staff").status_code == 200
        assert hoa.get("/vi/staff/people").status_code == 403  # an official appoints nobody
        assert site.browser().get(link).status_code == 410

    def test_ends_after_a_week(self, site: SiteUnderTest) -> None:
        link = self.invite(site, site.browser_of(Role.ADMINISTRATOR))
        site.desk.clock.wait(days=7)
        browser = site.browser()
        assert browser.get(link).status_code == 410
        browser.get("/vi/sign-in")
        assert browser.post("/vi/invitation", {"t": link.partition("t=")[2]}).status_code == 410

    def test_can_be_withdrawn(self, site: SiteUnderTest) -> None:
        administrator = site.browser_of(Role.ADMINISTRATOR)
        link = self.invite(site, administrator)
        page = administrator.get("/en/staff/people").text
        found = re.search(r'name="invitation" value="([^"]+)"', page)
        assert found is not None
        administrator.post("/en/staff/people/withdraw", {"invitation": found[1]})
        assert site.browser().get(link).status_code == 410
        assert found[1] not in administrator.get("/en/staff/people").text

    def test_passkeys_and_apps_of_a_citizen_do_not_count_for_a_role(self, site: SiteUnderTest) -> None:
        """Somebody who read the mailbox earlier could have added their own."""
        intruder = site.browser()
        follow(intruder, ask(site, intruder, "hoa@example.org"))
        set_up_app(site, intruder)
        link = self.invite(site, site.browser_of(Role.ADMINISTRATOR))
        hoa = site.browser()
        hoa.get(link)
        hoa.post("/vi/invitation", {"t": link.partition("t=")[2]})
        assert intruder.get("/en/my").status_code == 303  # signed out
        assert hoa.get("/vi/my/second-factor").status_code == 200  # she sets up her own first one

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", "x" * 101),
            ("email", "hoa"),
            ("roles", []),
            ("roles", ["owner"]),
            ("language", "fr"),
        ],
    )
    def test_faults_are_said_and_nobody_is_invited(
        self, site: SiteUnderTest, field: str, value: str | list[str]
    ) -> None:
        browser = site.browser_of(Role.ADMINISTRATOR)
        browser.get("/en/staff/people")
        given: dict[str, str | list[str]] = {
            "name": "Hoa",
            "email": "hoa@example.org",
            "roles": ["official"],
            "language": "vi",
        }
        answer = browser.post("/en/staff/people", {**given, field: value})
        assert answer.status_code == 422
        page = Page(answer.text)
        assert [
            fault.attributes["href"] for fault in page.all("a") if fault.attributes["href"] == f"#{field}"
        ]
        assert mails(site) == []
