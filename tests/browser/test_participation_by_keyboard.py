"""Without a mouse: a petition is begun and signed, a contribution written, reported and hidden, questions are answered.

Only Tab, Shift, arrows, Space, Enter and letters. Wherever the focus comes, it is seen.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.participation import Scene
from tests.browser.test_accessibility import NARROW

pytestmark = pytest.mark.browser

TABS_MAX: Final = 90
FOCUS: Final = """() => {
  const focused = document.activeElement
  const drawn = [focused, focused.parentElement].some((one) => getComputedStyle(one).outlineStyle !== "none")
  const box = focused.getBoundingClientRect()
  const seen = box.bottom > 0 && box.top < innerHeight
  return drawn && seen ? "" : focused.outerHTML.slice(0, 200)
}"""


class Keys:
    """A tab in which nothing is clicked."""

    def __init__(self, page: Page, start: str) -> None:
        self.page, self.start = page, start

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(f"{self.start}{path}")

    def to(self, selector: str) -> None:
        """Press Tab until the focus is there."""
        wanted = self.page.locator(selector).first
        expect(wanted).to_be_attached()
        for _ in range(TABS_MAX):
            self.page.keyboard.press("Tab")
            unseen = self.page.evaluate(FOCUS)
            assert not unseen, f"The focus is not seen: {unseen}"
            if wanted.evaluate("one => one === document.activeElement"):
                return
        pytest.fail(f"{selector} is not reached with Tab.")

    def press(self, selector: str, key: str = "Enter") -> None:
        """Go there, and press a key."""
        self.to(selector)
        self.page.keyboard.press(key)

    def go(self, selector: str) -> None:
        """Go to a link or button that leads to another page, and press Enter."""
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def type(self, selector: str, words: str) -> None:
        """Go there, and type."""
        self.to(selector)
        self.page.keyboard.insert_text(words)


@pytest.fixture
def keys_of(participation: Scene, browser: Any) -> Iterator[Callable[[str], Keys]]:
    with ExitStack() as stack:

        def make(reader: str) -> Keys:
            context = browser.new_context(viewport=NARROW, reduced_motion="reduce")
            stack.callback(context.close)
            context.set_default_timeout(20_000)
            cookie = {"name": "psephos", "value": participation.cookies[reader], "url": participation.url}
            context.add_cookies([cookie])
            return Keys(context.new_page(), f"{participation.url}/vi")

        yield make


def test_a_petition_is_started_and_signed(participation: Scene, keys_of: Callable[[str], Keys]) -> None:
    lan = keys_of("lan")
    lan.open("/petitions/new")
    lan.type("#action", "Sửa cầu gỗ ở bến đò")
    lan.type("#background", "Ván cầu đã mục, trẻ em đi học qua đây mỗi ngày.")
    lan.press("input[name=body]", "Space")
    lan.go("main form[method=post] button")
    expect(lan.page.get_by_role("heading", name="Sửa cầu gỗ ở bến đò")).to_be_visible()
    reader = keys_of("newcomer")
    reader.open(f"/petitions/{participation.names['petition']}")
    reader.go("main a[href$='/sign']")
    reader.go("main form[method=post] button")
    assert "/receipt" in reader.page.url


def test_a_contribution_is_written_reported_and_hidden(
    participation: Scene, keys_of: Callable[[str], Keys]
) -> None:
    names = participation.names
    lan = keys_of("lan")
    lan.open(f"/discussions/{names['long']}")
    lan.press("a[href='#write']")
    lan.type("#words", "Tôi thấy nên trồng cây trước.")
    lan.go("button[value=preview]")
    lan.go("button[value=publish]")
    expect(lan.page.locator(".ps-post", has_text="Tôi thấy nên trồng cây trước.")).to_be_visible()

    minh = keys_of("minh")
    minh.open(f"/discussions/{names['thread']}/1")
    minh.go("main a[href*='/report/contribution/']")
    minh.go("main form[method=post] button")
    expect(minh.page.locator(".govuk-error-summary")).to_be_focused()
    minh.press(".govuk-error-summary a")
    expect(minh.page.locator("input[name=rule]").first).to_be_focused()
    minh.page.keyboard.press("Space")
    minh.go("main form[method=post] button")
    assert minh.page.url.endswith("sent=yes")

    moderator = keys_of("moderator")
    moderator.open("/moderation")
    moderator.go(f"main a[href$='/cases/{names['case']}']")
    moderator.press("input[name=deed]", "ArrowDown")
    expect(moderator.page.locator("input[name=deed][value=hide]")).to_be_checked()
    moderator.press("select[name=reason]", "ArrowDown")
    moderator.go("main form[method=post] button")
    assert "/moderation/record/" in moderator.page.url


def test_a_consultation_is_answered(participation: Scene, keys_of: Callable[[str], Keys]) -> None:
    lan = keys_of("lan")
    hearing = f"/consultations/{participation.names['hearing']}"
    lan.open(hearing)
    lan.go(f"main a[href$='{hearing}/questions']")
    lan.press("input[name=q1]", "Space")
    lan.press("input[name=q2]", "Space")
    lan.type("textarea", "Thêm nhà vệ sinh.")
    lan.go("main form[method=post] button")
    assert lan.page.url.endswith("kept=1")
