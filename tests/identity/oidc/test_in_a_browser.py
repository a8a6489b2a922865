"""The way to a provider and back in a real Chromium, under the policies of both sites."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from identity.oidc.configuration import RESERVED
from tests.identity.oidc.site import SiteUnderTest, free_port, running_site, toml_of, write_secret
from tests.support.openid import ProviderSetup, running_provider, signing_key
from web.routes.oidc import FAULTS
from web.routes.private import private_routes

SECRET = "of the browser test"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    write_secret(folder / "secrets", "provider.secret", SECRET.encode())
    address = f"http://localhost:{port}/sign-in/callback/ward"
    client = {"client_id": "psephos", "client_secret": SECRET, "redirect_uris": [address]}
    with running_provider(ProviderSetup([client], [signing_key("rsa-1", "RS256")])) as provider:
        toml = toml_of(
            id="ward",
            issuer=provider.issuer,
            client_id="psephos",
            secret_file="provider.secret",
            name={"en": "Ward <b>ID</b>", "vi": "Định danh phường"},
            assurance="low",
        )
        with running_site(folder, port, toml, f"sqlite:///{folder / 'psephos.sqlite'}") as running:
            yield running


@pytest.mark.browser
def test_lan_signs_in_and_an_refuses(site: SiteUnderTest, page: Page) -> None:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.url}/vi/sign-in")
    page.get_by_role("button", name="Định danh phường").click()
    page.locator("input[name=login]").fill("lan")
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{site.url}/vi/my")
    assert len(site.sessions()) == 1

    page.context.clear_cookies()
    page.goto(f"{site.url}/vi/sign-in")
    page.get_by_role("button", name="Định danh phường").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(f"{site.url}/vi/sign-in/ward?why=sign-in-cancelled&next=%2Fvi%2Fmy")
    # The way to begin again works from where the failed one ended.
    page.locator("main form button").click()
    expect(page.locator("input[name=login]")).to_be_visible()
    assert len(site.sessions()) == 1
    assert not [fault for fault in faults if "Content Security Policy" in fault]


@pytest.mark.browser
def test_every_failure_has_a_page_that_says_what_to_do(site: SiteUnderTest, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for lang in ("en", "vi"):
        for why, fault in FAULTS.items():
            answer = page.goto(f"{site.url}/{lang}/sign-in/ward?why={why}")
            assert answer is not None
            assert answer.status == fault.status
            assert page.locator("main form").get_attribute("action") == f"/{lang}/sign-in/ward"
            assert page.locator("h1").inner_text()
            assert "%(" not in page.inner_text("main")
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            # The name is text wherever it stands.
            assert page.locator("main b").count() == 0


def test_a_provider_has_an_address_that_nothing_else_has() -> None:
    paths = [route.path.split("/") for route in private_routes() if route.path.startswith("/{lang}/sign-in/")]
    assert {parts[3] for parts in paths} - {"{provider}"} <= RESERVED
