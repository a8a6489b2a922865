"""Of a whole vote, what goes out and what stays behind: neither tells the code, the key or the choice."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Request, expect

from crypto.credential import credential_seed
from protocol.canonical import decode_canonical
from protocol.casting import CastRequest
from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.site import Site, Watch
from tests.browser.words import EN
from voting.registrar import IssuedCode

pytestmark = pytest.mark.browser

STORED = """async () => JSON.stringify([
  {...localStorage}, {...sessionStorage}, document.cookie, history.state, location.href, window.name,
  (await indexedDB.databases()).map((each) => each.name), await caches.keys(),
])"""


@dataclass(frozen=True)
class Choice:
    """Answers to the three questions of the open election."""

    land: str
    lanes: tuple[str, ...]
    points: dict[str, str]

    @property
    def words(self) -> Iterator[str]:
        """Everything that tells what was chosen, and nothing that every voter's page tells."""
        yield self.land
        yield from self.lanes
        yield from self.points


ONE = Choice("A library", ("Lane 12, Lò Gốm",), {"Boat race": "1"})
TWO = Choice(EN.blank, ("Lane 45, Bến Đò", "Lane 81, Hồ Sen"), {"Lantern festival": "3", "Boat race": "1"})


def vote(site: Site, page: Page, choice: Choice) -> IssuedCode:
    """From the election's page by the letter's QR code to the end, then to the check."""
    election = site.ward.open
    voter = election.take()
    booth = Booth(page, site, election)
    page.goto(site.page("en", election))
    page.goto(f"{site.page('en', election, 'booth')}#code={voter.code.written}")
    booth.go_on()
    booth.choose(choice.land)
    booth.choose(*choice.lanes)
    booth.give(choice.points)
    booth.expect_review()
    _nothing_is_kept(site, page, voter, choice)
    booth.cast()
    booth.expect_end()
    expect(page.get_by_role("img", name="QR code of the receipt")).to_be_visible()
    assert not any(word in page.content() for word in secrets_of(site, voter))
    expect(page.locator("#code")).to_have_value("")
    expect(page.locator("input:checked")).to_have_count(0)
    _nothing_is_kept(site, page, voter, choice)
    page.get_by_role("link", name="Check your ballot").click()
    expect(
        page.get_by_role("heading", name=EN.found)
    ).to_be_visible()  # the server says so, the browser soon after
    expect(page.get_by_role("heading", name="What this browser checked")).to_be_visible()
    _nothing_is_kept(site, page, voter, choice)
    return voter


def secrets_of(site: Site, voter: IssuedCode) -> list[str]:
    """The code and what is derived from it, in every usual spelling."""
    seed = credential_seed(voter.code, site.ward.open.id)
    written = voter.code.written
    spelt = [written, written.replace("-", ""), written.replace("-", " "), voter.code.data]
    encoded = [base64.b64encode(seed).decode(), base64.urlsafe_b64encode(seed).decode(), seed.hex()]
    return [*spelt, *(each.lower() for each in spelt), *(each.rstrip("=") for each in encoded)]


def _nothing_is_kept(site: Site, page: Page, voter: IssuedCode, choice: Choice) -> None:
    kept = page.evaluate(STORED)
    assert not any(word in kept for word in [*secrets_of(site, voter), *choice.words])
    assert page.context.cookies() == []


def _shape(request: Request) -> tuple[str, str, int]:
    """What somebody on the line sees of a request: method, address without its public digests, length."""
    address = re.sub(r"[A-Za-z0-9_-]{43}|[0-9A-Z]{5}(-[0-9A-Z]{5}){4}", "…", request.url)
    address = re.sub(r"(entries/|size=|old=|new=)\d+", r"\1…", address)
    return request.method, address, len(request.post_data_buffer or b"")


def test_nothing_that_leaves_tells_the_code_or_the_choice(
    site: Site, new_context: NewContext, watches: list[Watch]
) -> None:
    election = site.ward.open
    shapes = []
    for choice in (ONE, TWO):
        voter = vote(site, new_context().new_page(), choice)
        sent = watches[-1].requests
        for request in sent:
            everything = repr((request.url, request.all_headers(), request.post_data))
            assert not any(word in everything for word in [*secrets_of(site, voter), *choice.words])
        bodies = [request.post_data_buffer for request in sent if request.method != "GET"]
        assert len(bodies) == 1
        data = bodies[0] or b""
        decode_canonical(
            data, CastRequest, limit_bytes=len(data)
        )  # a sealed ballot and a signature, no other field
        shapes.append(sorted({_shape(request) for request in sent}))
    # The same addresses and the same lengths, whatever was chosen.
    assert shapes[0] == shapes[1]
    first, second = election.used[-2:]
    assert site.ward.opened(election, site.ward.ballots_of(election, first)[0]) == [
        [0, 0, 1, 0],
        [1, 0, 0],
        [0, 1],
    ]
    assert site.ward.opened(election, site.ward.ballots_of(election, second)[0]) == [
        [0, 0, 0, 1],
        [0, 1, 1],
        [3, 1],
    ]


def test_an_open_page_of_another_site_learns_nothing(site: Site, page: Page) -> None:
    """The booth can be neither framed nor reached from the window that opened it."""
    answer = page.goto(site.page("en", site.ward.open, "booth"))
    assert answer is not None
    headers = answer.all_headers()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "form-action 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


def test_the_watch_over_every_walk_sees_what_it_should(
    site: Site, new_context: NewContext, watches: list[Watch]
) -> None:
    """Every profile of these tests is watched by it: a stranger, a broken policy and a broken script are noticed."""
    page = new_context().new_page()
    (watch,) = watches
    page.goto(site.page("en", site.ward.open))
    watch.require_peace()
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    with page.context.expect_event("weberror"):
        page.evaluate("setTimeout(() => { throw new Error('broken') })")
    assert len(watch.policy_violations) == 1
    assert len(watch.faults) == 1
    page.goto("about:blank")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => null)")
    assert watch.strangers == ["http://127.0.0.1:9/"]
    watches.clear()
