"""axe-core on what people really see: every page of the live site, and the booth in every step, filled by its script.

The examples of tests/web/test_in_a_browser.py have every state of a page; here the script and real data fill them.
"""

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
from tests.support.axe import violations
from voting.office import utc_now

pytestmark = pytest.mark.browser

NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1280, "height": 720}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults(page: Page, *, words_alone: bool = False) -> list[str]:
    """What is wrong with the view: at 320 px by day, then its width and its colours at 1280 px by night.

    words_alone: the same elements were looked at with the words of another language.
    """
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    found = violations(page, "words" if words_alone else "all")
    if page.evaluate(OVERFLOW) > 0:
        found.append("wider than 320 px")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    if page.evaluate(OVERFLOW) > 0:
        found.append("wider than 1280 px")
    if not words_alone:
        page.emulate_media(color_scheme="dark")
        found += violations(page, "colours")
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


def test_a_colour_that_only_what_is_chosen_has_is_found(still: Page) -> None:
    """Whoever looks at each kind of element once looks at chosen ones as well."""
    still.set_content(
        """<html lang=en><title>x</title><style>.item:has(:checked) { background: #888; color: #777 }</style>
        <main><h1>x</h1><div class=item><input type=radio id=a><label for=a>This one</label></div></main>"""
    )
    assert not faults(still)
    still.locator("input").check()
    assert "color-contrast" in "\n".join(faults(still))


@pytest.mark.parametrize("words", [pytest.param(EN, marks=pytest.mark.thorough), VI], ids=["en", "vi"])
def test_every_page(site: Site, still: Page, words: Words) -> None:
    found = {}
    for name, path in every_page(site).items():
        still.goto(f"{site.url}/{words.lang}{path}")
        if name == "check found":
            expect(still.locator("#browser-checks")).to_be_visible()
        if bad := faults(still, words_alone=words is EN):
            found[name] = bad
    assert not found


@pytest.mark.thorough
@pytest.mark.parametrize("words", [pytest.param(EN, marks=pytest.mark.slow), VI], ids=["en", "vi"])
def test_every_step_of_the_booth(site: Site, still: Page, words: Words) -> None:
    """The voter makes every mistake, tests a ballot, loses the connection, is refused, and votes.

    Other walks take the English booth to the end; here its words are looked at in the slow tests.
    """
    found: dict[str, Any] = {}

    def look(step: str) -> None:
        if bad := faults(still, words_alone=words is EN):
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


@pytest.mark.thorough
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
