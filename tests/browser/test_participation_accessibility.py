"""axe-core on every page of petitions, discussions, consultations, moderation and My page, in every state and both
languages, at 320 px: Vietnamese by day in full and with large letters, English by night for its colours and width.

What is wrong in a form is said above it with links to its fields, and beside each field.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.participation import Scene
from tests.browser.places import PLACES, REFUSED, Place, places
from tests.browser.test_accessibility import NARROW, OVERFLOW
from tests.support.axe import violations
from tests.support.showing import show
from web.routes.pages import page_routes
from web.routes.private import private_routes

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

Lang = Literal["en", "vi"]
TWICE: Final = f"""() => {{
  document.documentElement.style.fontSize = "200%"
  const wider = {OVERFLOW}
  document.documentElement.style.fontSize = ""
  return wider
}}"""
SUMMARY: Final = """() => {
  const links = [...document.querySelectorAll(".govuk-error-summary a")]
  const lost = links.filter((link) => !document.getElementById(link.hash.slice(1)))
  const silent = [...document.querySelectorAll(".govuk-error-message[id]")]
    .filter((fault) => !document.querySelector(`[aria-describedby~="${fault.id}"]`))
  return [
    ...(links.length ? [] : ["no summary of what is wrong"]),
    ...(/^(Error|Lỗi): /.test(document.title) ? [] : [`a title that says nothing: ${document.title}`]),
    ...lost.map((link) => `leads nowhere: ${link.outerHTML}`),
    ...silent.map((fault) => `tied to no field: ${fault.outerHTML}`),
  ]
}"""


@dataclass
class Readers:
    """A tab for everybody who reads, in one language."""

    scene: Scene
    browser: Browser
    lang: Lang
    stack: ExitStack
    tabs: dict[str, Page] = field(default_factory=dict)
    found: dict[str, list[str]] = field(default_factory=dict)

    def look(self, place: Place) -> None:
        """Show it to whoever reads it, and note what is wrong with it."""
        tab = self.tab(place)
        status = show(tab, self.path(place))
        if status != place.status:
            self.note(place, [f"answered with {status}"])
        self.note(place, self.faults(tab))

    def path(self, place: Place) -> str:
        """Its address."""
        return f"/{self.lang}{place.path(self.scene.names)}"

    def tab(self, place: Place) -> Page:
        """That of whoever reads it."""
        if place.reader not in self.tabs:
            self.tabs[place.reader] = self._tab(place.reader)
        return self.tabs[place.reader]

    def note(self, place: Place, faults: list[str]) -> None:
        """Remember what is wrong."""
        if faults:
            self.found.setdefault(place.line, []).extend(faults)

    def _tab(self, reader: str) -> Page:
        scheme: Literal["dark", "light"] = "light" if self.lang == "vi" else "dark"
        context = self.browser.new_context(
            viewport=NARROW,  # type: ignore[arg-type]
            reduced_motion="reduce",
            color_scheme=scheme,
        )
        self.stack.callback(context.close)
        if reader in self.scene.cookies:
            cookie = {"name": "psephos", "value": self.scene.cookies[reader], "url": self.scene.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        tab = context.new_page()
        tab.goto(f"{self.scene.url}/{self.lang}/data")
        return tab

    def faults(self, tab: Page) -> list[str]:
        """What is wrong with what it shows."""
        found = violations(tab, "colours" if self.lang == "en" else "all")
        if tab.evaluate(OVERFLOW) > 0:
            found.append("wider than 320 px")
        if self.lang == "vi" and tab.evaluate(TWICE) > 0:
            found.append("wider than 320 px with letters of twice the size")
        return found


def test_only_pages_that_are_there_are_listed() -> None:
    """The other way round, that none is missing, see test_staff_accessibility."""
    assert set(PLACES) <= {route.path for route in (*page_routes(), *private_routes())}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_page(participation: Scene, browser: Any, lang: Lang) -> None:
    with ExitStack() as stack:
        readers = Readers(participation, browser, lang, stack)
        for place in places():
            readers.look(place)
    assert not readers.found


def test_what_is_wrong_is_said_above_and_beside(participation: Scene, browser: Any) -> None:
    with ExitStack() as stack:
        readers = Readers(participation, browser, "vi", stack)
        for line in REFUSED:
            place = Place(line)
            tab = readers.tab(place)
            tab.goto(f"{participation.url}{readers.path(place)}")
            with tab.expect_navigation():
                tab.locator("main form[method=post] button").first.evaluate("button => button.click()")
            readers.note(place, [*tab.evaluate(SUMMARY), *readers.faults(tab)])
    assert not readers.found
