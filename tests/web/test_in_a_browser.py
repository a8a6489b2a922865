"""Every page of the examples in a real Chromium: nothing overflows, axe finds nothing, the policy is never broken."""

import socket
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from tests.support.axe import violations
from tests.support.showing import show
from tests.web.conftest import SETTINGS
from tests.web.examples import ExamplePages
from tests.web.paths import ERRORS, PAGES
from web.app import create_app

pytestmark = pytest.mark.browser

ALL = PAGES | ERRORS
STEPS = (
    *("code", "question-1", "question-2", "question-3", "review", "casting", "end"),
    *("refused", "unknown", "test", "failed"),
)

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Every word of five letters and more becomes one of 45 and more, as only a hostile or German option name is.
LONG_WORDS = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const texts = []
  while (walker.nextNode()) texts.push(walker.currentNode)
  for (const text of texts) {
    if (text.parentElement.closest("script, template, noscript, svg, .govuk-visually-hidden")) continue
    text.data = text.data.replace(/[a-zA-Z]{5,}/g, (word) => word + "wxyz".repeat(10))
  }
}"""

# What the client does when it changes the step: one is shown. (The client itself is kept away in these tests.)
SHOW_STEP = """(step) => {
  for (const section of document.querySelectorAll("section[data-step]"))
    section.hidden = section.dataset.step !== step && section.id !== step
  document.getElementById("booth-not-started").hidden = true
}"""

SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, summary, select")]
  .filter((target) => target.checkVisibility())
  .filter((target) => !target.closest(".govuk-skip-link, p, li, td, dd, .govuk-details__text"))
  .map((target) => [target.outerHTML.slice(0, 100), target.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && box.height < 44)
  .map(([html, box]) => `${html}: ${box.height}`)"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The example site on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(create_app(SETTINGS, ExamplePages()), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "The example site does not start."
        time.sleep(0.02)
    yield f"http://localhost:{port}"
    server.should_exit = True
    thread.join()


class Walk:
    """One tab without the client's script, with whatever the browser complains about."""

    def __init__(
        self, browser: Browser, address: str, width: int, scheme: Literal["light", "dark"] = "light"
    ) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 640}, reduced_motion="reduce", color_scheme=scheme
        )
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._address = address
        self.page.route("**/static/client/**", self._nothing)
        self.page.on("console", self._hear)

    def _nothing(self, route: Route) -> None:
        route.fulfill(body="", content_type="text/javascript")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "404" not in message.text:
            self.complaints.append(message.text)

    def every_view(self, language: str, *, loaded: bool = False) -> Iterator[str]:
        """Open every page, the booth in every step; the name of what is shown.

        loaded: each from its address; else only the first, and the others are put in its place.
        """
        self.page.goto(f"{self._address}/{language}/")
        for name, path in ALL.items():
            if loaded:
                self.page.goto(f"{self._address}/{language}{path}")
            else:
                status = show(self.page, f"/{language}{path}")
                assert (status == HTTPStatus.OK) == (name in PAGES), f"{name}: {status}"
            if name == "booth":
                for step in STEPS:
                    self.page.evaluate(SHOW_STEP, step)
                    yield f"{name} {step}"
            else:
                yield name


@pytest.mark.thorough
def test_nothing_overflows_a_small_phone(browser: Browser, address: str) -> None:
    """320 px; then with text twice as large; then with words of 45 letters."""
    walk = Walk(browser, address, 320)
    wide = []
    for language in ("en", "vi"):
        for view in walk.every_view(language):
            if walk.page.evaluate(OVERFLOW) > 0:
                wide.append(f"{language} {view}")
            walk.page.evaluate("document.documentElement.style.fontSize = '200%'")
            if walk.page.evaluate(OVERFLOW) > 0:
                wide.append(f"{language} {view} at 200 %")
            walk.page.evaluate("document.documentElement.style.fontSize = ''")
            if language == "en" and not view.startswith("booth "):
                walk.page.evaluate(LONG_WORDS)
                if walk.page.evaluate(OVERFLOW) > 0:
                    wide.append(f"{language} {view} with long words")
    assert not wide


def test_axe_finds_nothing(browser: Browser, address: str) -> None:
    walk = Walk(browser, address, 360)
    views = walk.every_view("vi", loaded=True)
    assert not [f"{view}: {fault}" for view in views for fault in violations(walk.page)]
    assert not walk.complaints  # a broken policy is written to the console


@pytest.mark.thorough
def test_axe_finds_nothing_at_night(browser: Browser, address: str) -> None:
    """Only the colours differ from the day."""
    walk = Walk(browser, address, 1280, "dark")
    views = walk.every_view("en")
    assert not [f"{view}: {fault}" for view in views for fault in violations(walk.page, "colours")]
    assert not walk.complaints


@pytest.mark.thorough
def test_targets_are_large_enough_for_a_thumb(browser: Browser, address: str) -> None:
    """44 px for whatever stands alone; links within a sentence are exempt (WCAG 2.5.8)."""
    walk = Walk(browser, address, 360)
    small = [
        f"{view}: {target}" for view in walk.every_view("en") for target in walk.page.evaluate(SMALL_TARGETS)
    ]
    assert not small


@pytest.mark.parametrize("language", ["en", "vi"])
def test_without_script_the_booth_says_what_to_do(browser: Browser, address: str, language: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/{language}{PAGES['booth']}")
    assert page.locator("noscript h1").is_visible()
    assert page.locator("noscript").inner_text().count("024") == 1
    assert not page.locator("#code").is_visible()
    assert not page.locator("#booth-not-started").is_visible()


def test_when_the_script_does_not_start_the_booth_says_so(browser: Browser, address: str) -> None:
    walk = Walk(browser, address, 360)
    walk.page.goto(f"{address}/en{PAGES['booth']}")
    late = walk.page.locator("#booth-not-started")
    assert not late.is_visible()
    walk.page.evaluate(
        "document.getAnimations().forEach((animation) => animation.finish())"
    )  # eight seconds later
    assert late.is_visible()


def test_a_form_of_the_booth_cannot_be_sent(browser: Browser, address: str) -> None:
    """Even with the client's script gone, the code does not leave the device."""
    walk = Walk(browser, address, 360)
    walk.page.goto(f"{address}/en{PAGES['booth']}")
    sent: list[str] = []
    walk.page.on(
        "request", lambda request: sent.append(request.url) if "/static/" not in request.url else None
    )
    walk.page.fill("#code", "7M4K 2RX9 XRHC")
    walk.page.evaluate("document.getElementById('code-form').requestSubmit()")
    walk.page.wait_for_timeout(300)
    assert not sent
    assert any("form-action" in complaint for complaint in walk.complaints)


def test_entries_are_turned_without_loading_the_page(browser: Browser, address: str) -> None:
    walk = Walk(browser, address, 1280)
    walk.page.goto(f"{address}/en{PAGES['board']}")
    walk.page.evaluate("window.same = true")
    walk.page.get_by_text("Earlier entries").click()
    walk.page.get_by_text("Later entries").wait_for()
    assert walk.page.url.endswith("/board?page=165")
    assert walk.page.evaluate("window.same")
    walk.page.go_back()
    walk.page.get_by_text("Latest entries").wait_for()
    assert not walk.complaints
