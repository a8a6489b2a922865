"""axe-core on every page behind sign-in: the list is made from the routes, so a new page is looked at too."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from crypto.encoding import encode_base64url
from identity.roles import Role
from rehearsal.trial_run import cast_for_invented_voters, prepare_trial
from tests.browser.places import PLACES
from tests.browser.test_accessibility import faults
from tests.rehearsal.test_trial_run import QUESTION, VOTERS, draft
from tests.support.drafts import holders
from tests.support.showing import show_if_page
from tests.support.sites import SiteUnderTest, served
from voting.deeds import By
from voting.draft_document import QuestionsPart, Words
from voting.drafts import create
from web.routes.private import private_routes

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

LONG = "Nguyễn" * 16
ELSEWHERE = {
    "/{lang}/sign-in/link": "?t=" + "A" * 43,
    "/{lang}/invitation": "?t=" + "A" * 43,
    "/{lang}/office/drafts/{draft}/questions/new": "?kind=ranking",
}
"""What an address needs behind it to show more than its plain page."""

NOT_PAGES = {
    "/sign-in/callback/{provider}",
    "/sign-in/keys.json",
    "/{lang}/sign-in/{provider}",
    "/{lang}/office/drafts/{draft}/documents/{sha256}",
    "/{lang}/office/drafts/{draft}/files/{name}",
    "/{lang}/trustee/{draft}/files/{name}",
    "/{lang}/elections/{election}/documents/{sha256}",
}
"""Files, and what a provider's answer leads to (looked at in tests/identity/oidc)."""


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SiteUnderTest, dict[str, str], str]]:
    """A site with a draft, an open trial election, people of long names, and the cookie of somebody with every role."""
    with served(tmp_path_factory.mktemp("staffed")) as site:
        office = site.app.state.office
        by = By(site.desk.desk, site.desk.signed_in(Role.OFFICIAL, name=LONG))
        person = site.desk.person(LONG, tuple(Role))
        token = site.desk.session(person)
        words = Words(en="W" * 120, vi="Ữ" * 120)
        long_draft = msgspec.structs.replace(
            draft(), title=msgspec.structs.replace(draft().title, title=words), key_holders=holders(3)
        )
        part = QuestionsPart(questions=(QUESTION, msgspec.structs.replace(QUESTION, id="q2", text=words)))
        made = create(office, by, long_draft.title, msgspec.structs.replace(long_draft, questions=part))
        election = prepare_trial(office, draft(), "test", VOTERS)
        for _ in range(3):
            cast_for_invented_voters(office, election, 2)
            site.desk.clock.wait(hours=1)
        token = site.desk.session(person)
        values = {
            "draft": made,
            "election": election,
            "person": person,
            "question": "q1",
            "step": "review",
            "number": "1",
        }
        yield site, values, encode_base64url(token)


def pages() -> list[str]:
    """Every page of the private routes but those of participation, which are looked at elsewhere in every state."""
    return [
        route.path
        for route in private_routes()
        if "GET" in (route.methods or ())
        and route.path not in NOT_PAGES | set(PLACES)
        and "{lang}" in route.path
    ]


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_every_page_behind_sign_in(staffed: Any, browser: Any, lang: str) -> None:
    site, values, cookie = staffed
    context = browser.new_context(reduced_motion="reduce")
    context.add_cookies([{"name": "psephos", "value": cookie, "url": site.settings.base_url}])
    page: Page = context.new_page()
    page.goto(f"{site.settings.base_url}/{lang}/data")
    expect.set_options(timeout=20_000)
    found: dict[str, list[str]] = {}
    seen = 0
    for path in pages():
        address = path.replace("{lang}", lang) + ELSEWHERE.get(path, "")
        for name, value in values.items():
            address = address.replace(f"{{{name}}}", value)
        assert "{" not in address, f"{path}: say in tests/browser/places.py where this page is to be seen."
        status = show_if_page(page, address)
        if status is None:
            continue
        seen += 1
        assert status < 500, address
        if bad := faults(page, words_alone=lang == "en"):
            found[f"{address} ({status})"] = bad
    context.close()
    assert not found
    assert seen > 30
