"""An invited official adds the national identity to the account, and signs in with it next time."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pyotp

from consultation.profiles import forget_profile, set_profile
from crypto.encoding import encode_base64url
from identity import second_factor, sessions
from identity.assurance import Assurance
from identity.invitations import accept, invite
from identity.roles import Role
from identity.trail import System
from storage.session import writing
from tests.identity.oidc.site import Browser, SiteUnderTest, free_port, running_site, toml_of, write_secret
from tests.support.openid import ProviderSetup, read_page, running_provider, sign_in_at_provider, signing_key

SECRET = "a secret"
LAN = "EE38001010001"


def official(site: SiteUnderTest) -> tuple[str, pyotp.TOTP, Browser]:
    """Invited, with an authenticator app, signed in by both."""
    desk = site.desk
    with writing(desk.engine) as session:
        link = invite(
            desk,
            session,
            System("console"),
            name="Lan Nguyễn",
            address="lan@example.org",
            roles=[Role.OFFICIAL],
            language="en",
        )
        accepted = accept(desk, session, link.partition("t=")[2], device="")
        app = pyotp.TOTP(second_factor.begin_app(desk, session, accepted.person, b"s" * 32, "Lan").base32)
        assert second_factor.confirm_app(
            desk, session, accepted.person, b"s" * 32, app.at(desk.clock().timestamp() - 30)
        )
        who = sessions.find_session(desk, session, accepted.token)
        assert who is not None
        cookie = sessions.note_second_factor(desk, session, who, "app")
    browser = Browser(site)
    browser.client.cookies.set("psephos", encode_base64url(cookie), domain="localhost.local")
    return accepted.person, app, browser


def press(browser: Browser, address: str, action: str, **typed: str) -> str:
    """Send the form of a page that goes to `action`; gives where the answer leads."""
    page = browser.client.get(address)
    token = read_page(page.text[page.text.index(f'action="{action}"') - 60 :]).fields["csrf"]
    sent = browser.client.post(action, data={"csrf": token, **typed}, headers={"Origin": browser.site.url})
    assert sent.status_code == 303, sent.text
    return str(sent.headers["location"])


def test_lan_adds_her_national_identity(tmp_path: Path) -> None:
    port = free_port()
    write_secret(tmp_path / "secrets", "provider.secret", SECRET.encode())
    client = {
        "client_id": "psephos",
        "client_secret": SECRET,
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [f"http://localhost:{port}/sign-in/callback/tara"],
    }
    people = {LAN: {"email": "lan@example.org", "email_verified": True}}
    keys = [signing_key("rsa-1", "RS256")]
    database = f"sqlite:///{tmp_path / 'site.db'}"
    with running_provider(ProviderSetup([client], keys, people)) as provider:
        entry = toml_of(
            id="tara",
            client_id="psephos",
            issuer=provider.issuer,
            name={"en": "Ward ID", "vi": "Định danh phường"},
            secret_file="provider.secret",
            assurance="high",
        )
        with running_site(tmp_path, port, entry, database) as site:
            person, app, browser = official(site)
            leads = press(browser, "/en/my", "/en/my/join/tara")
            assert urlsplit(leads).path == "/en/sign-in/tara"
            after = dict(parse_qsl(urlsplit(leads).query))["next"]
            there = browser.address("tara", next=after)
            back = browser.come_back(sign_in_at_provider(there, LAN, site.url))
            assert back.headers["location"] == after
            own = site.sessions()[-1].person
            assert own != person  # signed in as whoever has the national identity
            with writing(site.desk.engine) as session:
                set_profile(session, own, "Lan", None)
            assert "has an account of its own here" in browser.client.get(after).text
            with writing(site.desk.engine) as session:
                forget_profile(session, own)
            assert "Lan Nguyễn" in browser.client.get(after).text
            assert press(browser, after, "/en/my/join", t=after.partition("t=")[2]) == "/en/my"
            newest = site.sessions()[-1]
            assert (newest.person, newest.issuer, newest.assurance) == (
                person,
                provider.issuer,
                Assurance.HIGH,
            )
            later = Browser(site)
            later.come_back(sign_in_at_provider(later.address("tara"), LAN, site.url))
            assert later.client.get("/en/staff").headers["location"].startswith("/en/sign-in/second-factor")
            code = app.at(site.desk.clock())
            assert press(later, "/en/sign-in/second-factor", "/en/sign-in/second-factor", code=code)
            assert later.client.get("/en/staff").status_code == 200
            assert "Ward ID" in later.client.get("/en/my").text
