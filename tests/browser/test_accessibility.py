"""axe-core on what people really see: every page of the live site, and the booth in every step, filled by its script.

The examples of tests/web/test_in_a_browser.py have every state of a page; here the script and real data fill them.
"""

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from protocol.text import LocalText
from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.pages import every_page
from tests.browser.site import Site
from tests.browser.ward import LONG, Hours, hold
from tests.browser.words import EN, VI, Words
from tests.support.repository import ROOT
from voting.office import utc_now

pytestmark = pytest.mark.browser

AXE = ROOT / "web/client/node_modules/axe-core/axe.min.js"
NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1280, "height": 720}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNFOLD = "for (const folded of document.querySelectorAll('main details')) folded.open = true"
RUN = """async (options) => {
  const {violations} = await axe.run(document, options)
  return violations.map(({id, nodes}) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`)
}"""


@cache
def axe() -> str:
    """The program that looks for faults."""
    assert AXE.is_file(), "axe is not installed: run `make check`"
    return AXE.read_text(encoding="utf-8")


def faults(page: Page, *, colours_by_night: bool = True) -> list[str]:
    """What is wrong with the view: at 320 px by day in full, then its width and its colours at 1280 px by night.

    colours_by_night: not needed twice for the same elements with other words.
    """
    page.evaluate(UNFOLD)
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe())  # through the debugger, so that the page's policy stays as it is
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    found: list[str] = page.evaluate(RUN, {"resultTypes": ["violations"]})
    if page.evaluate(OVERFLOW) > 0:
        found.append("wider than 320 px")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="dark")
    if colours_by_night:
        found += page.evaluate(RUN, {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})
    if page.evaluate(OVERFLOW) > 0:
        found.append("wider than 1280 px")
    return found


@pytest.fixture
def still(new_context: NewContext) -> Page:
    """A tab in which nothing moves."""
    return new_context(reduced_motion="reduce").new_page()


def test_what_is_wrong_is_found(still: Page) -> None:
    still.set_content("<title>x</title><main><img src=x><p style='color:#aaa;width:500px'>pale</p></main>")
    found = "\n".join(faults(still))
    for fault in ("html-has-lang", "image-alt", "color-contrast", "wider than 320 px"):
        assert fault in found


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_every_page(site: Site, still: Page, words: Words) -> None:
    found = {}
    for name, path in every_page(site).items():
        still.goto(f"{site.url}/{words.lang}{path}")
        if name == "check found":
            expect(still.locator("#browser-checks")).to_be_visible()
        if bad := faults(still, colours_by_night=words is VI):
            found[name] = bad
    assert not found


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_every_step_of_the_booth(site: Site, still: Page, words: Words) -> None:
    """The voter makes every mistake, tests a ballot, loses the connection, is refused, and votes."""
    found: dict[str, Any] = {}

    def look(step: str) -> None:
        if bad := faults(still, colours_by_night=words is VI):
            found[step] = bad

    election = site.ward.open
    voter = election.take()
    booth = Booth(still, site, election, words).open()
    look("code")
    booth.enter("7KQ4Ă")
    look("code, with an error")
    booth.enter(voter.code.written)
    booth.expect_step(booth.text(0))
    look("question 1")
    booth.go_on()
    look("question 1, with an error")
    still.get_by_role("radio").first.check()
    booth.go_on()
    booth.expect_step(booth.text(1))
    for box in still.get_by_role("checkbox").all():
        box.check()
    booth.go_on()
    look("question 2, with an error")
    still.get_by_role("checkbox").first.uncheck()
    booth.go_on()
    booth.expect_step(booth.text(2))
    look("question 3")
    still.get_by_role("textbox").first.fill("9")
    booth.go_on()
    look("question 3, with an error")
    still.get_by_role("textbox").first.fill("3")
    booth.go_on()
    booth.expect_review()
    look("review")
    booth.button(words.test).click()
    booth.expect_step(words.tested)
    look("test")
    booth.button(words.after_test).click()
    booth.expect_review()
    still.route("**/ballots", lambda route: route.abort())
    booth.cast()
    booth.expect_step(words.unknown)
    look("unknown")
    still.unroute("**/ballots")
    booth.button(words.send_again).click()
    booth.expect_end()
    look("end")
    assert not found


def test_the_steps_that_refuse(site: Site, still: Page) -> None:
    election = site.ward.short
    booth = Booth(still, site, election).open()
    booth.to_review(election.take(), "A library")
    problem = '{"code":"closed","detail":"Closed.","status":409,"title":"Conflict","type":"about:blank"}'
    still.route(
        "**/ballots",
        lambda route: route.fulfill(status=409, body=problem, content_type="application/problem+json"),
    )
    booth.cast()
    booth.expect_step(EN.refused)
    assert not faults(still)
    still.route("**/terms", lambda route: route.abort())
    still.reload()
    booth.expect_step(EN.failed)
    assert not faults(still)


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_words_without_end(site: Site, still: Page, words: Words) -> None:
    """A title and options of a hundred letters without a space: broken, never wider than the page."""
    title = LocalText(en="W" * 190, vi="Ữ" * 190)
    office = site.ward.office
    election = hold(office, title, (LONG,), Hours.around(utc_now()), trustees=1, voters=2)
    voter = election.take()
    still.set_viewport_size(NARROW)  # type: ignore[arg-type]
    for place in ("", "check", "board", "verify"):
        still.goto(site.page(words.lang, election, place))
        assert still.evaluate(OVERFLOW) <= 0, place
    booth = Booth(still, site, election, words).open()
    booth.enter(voter.code.written)
    booth.expect_step(booth.text(0))
    assert still.evaluate(OVERFLOW) <= 0
    still.get_by_role("radio").first.check()
    booth.go_on()
    booth.expect_review()
    assert still.evaluate(OVERFLOW) <= 0
    booth.cast()
    booth.expect_end()
    assert still.evaluate(OVERFLOW) <= 0
