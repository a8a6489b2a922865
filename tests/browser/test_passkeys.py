"""Staff with a passkey: from the invitation to the staff page, and back in without a mail. Chromium has the device."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from identity.invitations import invite
from identity.roles import Role
from identity.trail import System
from storage.session import writing
from tests.browser.site import Watch
from tests.support.sites import SiteUnderTest, served

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000


@pytest.fixture
def staff_site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with served(tmp_path) as site:
        yield site


@pytest.fixture
def profile(browser: Any, staff_site: SiteUnderTest) -> Iterator[BrowserContext]:
    """A browser profile that speaks with nobody else and breaks no policy."""
    expect.set_options(timeout=PATIENCE_MS)
    fresh = browser.new_context(locale="en-GB")
    watch = Watch(staff_site.settings.base_url).over(fresh)
    yield fresh
    fresh.close()
    watch.require_peace()


def invitation(site: SiteUnderTest) -> str:
    with writing(site.desk.desk.engine) as session:
        return invite(
            site.desk.desk,
            session,
            System("console"),
            name="Trần Thị Hoa",
            address="hoa@example.org",
            roles=[Role.ADMINISTRATOR],
            language="en",
        )


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A device with a fingerprint reader that says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools, added["authenticatorId"]


def accept(page: Page, site: SiteUnderTest) -> None:
    page.goto(invitation(site))
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="Use this device (passkey)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trần Thị Hoa")


def sign_in(page: Page, site: SiteUnderTest) -> None:
    page.goto(f"{site.settings.base_url}/en/staff")
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_hoa_is_invited_and_signs_in_with_her_finger(
    profile: BrowserContext, staff_site: SiteUnderTest
) -> None:
    page = profile.new_page()
    authenticator(page)
    accept(page, staff_site)
    page.get_by_role("link", name="What I can do here").click()
    expect(page.get_by_role("link", name="People and roles")).to_be_visible()  # the passkey was both factors
    page.goto(f"{staff_site.settings.base_url}/en/my")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, staff_site)
    expect(page.get_by_role("heading", level=1)).to_have_text("What I can do here")  # where she wanted to go
    page.goto(f"{staff_site.settings.base_url}/en/my")
    page.get_by_text("Rename or remove").click()
    page.get_by_label("Name").fill("điện thoại của tôi")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="điện thoại của tôi")).to_be_visible()
    page.get_by_text("Rename or remove").click()
    page.get_by_role("button", name="Remove “điện thoại của tôi”").click()
    expect(page.get_by_role("main").get_by_text("Staff need a second factor").first).to_be_visible()
    page.get_by_role("button", name="Add a passkey on this device").click()
    expect(page.get_by_text("has a passkey for this site already")).to_be_visible()


def test_a_copied_passkey_is_noticed(profile: BrowserContext, staff_site: SiteUnderTest) -> None:
    page = profile.new_page()
    devtools, device = authenticator(page)
    accept(page, staff_site)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, staff_site)
    expect(page.get_by_role("heading", level=1)).to_have_text("What I can do here")
    (key,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    devtools.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    copy = {**key, "signCount": 1}  # a copy that was made before the last sign-in
    devtools.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": copy})
    page.goto(f"{staff_site.settings.base_url}/en/my")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, staff_site)
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not accepted")
    page.goto(f"{staff_site.settings.base_url}/en/my")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_device_that_does_not_check_its_owner_signs_nobody_in(
    profile: BrowserContext, staff_site: SiteUnderTest
) -> None:
    page = profile.new_page()
    devtools, device = authenticator(page)
    accept(page, staff_site)
    page.get_by_role("button", name="Sign out").click()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    sign_in(page, staff_site)
    expect(page.get_by_role("alert")).to_contain_text("the device did not confirm")


def test_without_script_the_mail_is_there_and_the_button_is_not(
    browser: Any, staff_site: SiteUnderTest
) -> None:
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{staff_site.settings.base_url}/en/sign-in")
    expect(page.get_by_label("E-mail address")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    plain.close()
