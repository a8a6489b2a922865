"""What a first visit costs a telephone: bytes over the wire, headers included."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, NewContext
from tests.browser.site import Site
from tests.browser.words import VI

pytestmark = pytest.mark.browser

KB = 1000


class Scale:
    """Weighs everything that a tab receives."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bytes: dict[str, int] = {}
        self._urls: dict[str, str] = {}
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.responseReceived", self._on_response)
        devtools.on("Network.loadingFinished", self._on_finished)

    def _on_response(self, event: dict[str, object]) -> None:
        response = event["response"]
        assert isinstance(response, dict)
        self._urls[str(event["requestId"])] = response["url"]

    def _on_finished(self, event: dict[str, object]) -> None:
        url = self._urls.get(str(event["requestId"]), "?")
        self.bytes[url] = self.bytes.get(url, 0) + int(float(str(event["encodedDataLength"])))

    def weigh(self, address: str) -> int:
        """The bytes of a first visit."""
        self.page.goto(address, wait_until="networkidle")
        return sum(self.bytes.values())


def test_a_first_visit_of_the_election_page(site: Site, new_context: NewContext) -> None:
    scale = Scale(new_context(locale="vi-VN", **PHONE).new_page())
    total = scale.weigh(site.page("vi", site.ward.open))
    assert any("be-vietnam-pro" in url for url in scale.bytes)
    assert total <= 100 * KB, scale.bytes


def test_a_first_visit_of_the_booth(site: Site, new_context: NewContext) -> None:
    """Page, style, faces, script and the terms; the worker's script is weighed beside them."""
    page = new_context(locale="vi-VN", **PHONE).new_page()
    scale = Scale(page)
    with page.expect_worker() as worker:
        total = scale.weigh(site.page("vi", site.ward.open, "booth"))
    expect(page.get_by_role("heading", name=VI.enter_code)).to_be_visible()
    script = page.request.get(worker.value.url)
    if worker.value.url not in scale.bytes:
        total += int(script.headers["content-length"])
    assert any(url.endswith("/terms") for url in scale.bytes)
    assert total <= 200 * KB, scale.bytes
