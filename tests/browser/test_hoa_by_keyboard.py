"""Hoa is blind: she votes with Tab, Space, arrows and Enter, and hears names and roles."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.site import Site
from tests.browser.words import VI

pytestmark = pytest.mark.browser

TABS_MAX = 25

Role = Literal["button", "checkbox", "link", "radio", "textbox"]

FOCUS_IS_SHOWN = """(element) => {
  const style = getComputedStyle(element)
  const box = element.getBoundingClientRect()
  return element === document.activeElement && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
    && box.bottom > 0 && box.top < innerHeight
}"""


class Keyboard:
    """Hands that have no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go_to(self, role: Role, name: str) -> Locator:
        """Tab on until this control has the focus; it is on the screen and has a ring around it."""
        target = self.page.get_by_role(role, name=name, exact=True)
        expect(target).to_have_count(1)
        for _ in range(TABS_MAX):
            if target.evaluate("(element) => element === document.activeElement"):
                return target
            self.press("Tab")
        raise AssertionError(f"{TABS_MAX} tabs do not reach {role} “{name}”.")

    def press(self, *keys: str) -> None:
        """Press keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type where the focus is."""
        self.page.keyboard.type(text)

    def use(self, role: Role, name: str) -> None:
        """Go to a button or link and press it with Enter."""
        target = self.go_to(role, name)
        # With the keyboard the ring must be seen: WCAG 2.2, 2.4.7 and 2.4.11.
        assert target.evaluate(FOCUS_IS_SHOWN)
        self.press("Enter")


def test_hoa_votes_with_the_keyboard_alone(site: Site, new_context: NewContext) -> None:
    page = new_context(locale="vi-VN", viewport={"width": 1280, "height": 720}).new_page()
    election = site.ward.open
    voter = election.take()
    booth, keys = Booth(page, site, election, VI), Keyboard(page)

    page.goto(site.page("vi", election))
    keys.press("Tab")
    expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
    keys.press("Enter")
    keys.use("link", "Vào phòng bỏ phiếu")
    expect(page).to_have_title("Nhập mã bỏ phiếu – Psephos")
    keys.go_to("textbox", VI.code)
    keys.press("Enter")
    _hears_the_error(keys, "Nhập mã bỏ phiếu", "textbox", VI.code)
    keys.type(voter.code.written)
    keys.press("Enter")

    booth.expect_step("Khu đất chợ cũ nên dùng làm gì?")
    expect(page).to_have_title("Câu 1 trong 3 – Psephos")
    expect(page.get_by_role("main")).to_match_aria_snapshot("""
        - button "Quay lại"
        - group "Khu đất chợ cũ nên dùng làm gì?":
          - heading "Khu đất chợ cũ nên dùng làm gì?" [level=1]
          - radio "Chợ có mái che"
          - radio "Công viên và sân chơi"
          - radio "Thư viện"
          - 'radio "Phiếu trắng: tôi không chọn phương án nào"'
        - button "Tiếp tục"
    """)
    keys.use("button", VI.go_on)
    _hears_the_error(keys, "Hãy chọn một phương án, hoặc phiếu trắng", "radio", "Chợ có mái che")
    keys.press("Space", "ArrowDown")
    expect(page.get_by_role("radio", name="Công viên và sân chơi")).to_be_checked()
    keys.press("Enter")

    booth.expect_step("Những ngõ nào cần sửa trước?")
    expect(page).to_have_title("Câu 2 trong 3 – Psephos")
    for lane in ("Ngõ 12 Lò Gốm", "Ngõ 45 Bến Đò", "Ngõ 81 Hồ Sen"):
        keys.go_to("checkbox", lane)
        keys.press("Space")
    expect(page.get_by_role("status").locator("visible=true")).to_contain_text("Đã chọn 3 trong tối đa 2.")
    keys.use("button", VI.go_on)
    _hears_the_error(keys, "Chỉ được chọn nhiều nhất 2 phương án; bạn đã chọn 3", "checkbox", "Ngõ 12 Lò Gốm")
    keys.press("Space")
    keys.use("button", VI.go_on)

    booth.expect_step("Chia bốn điểm cho các lễ hội")
    keys.go_to("textbox", "Tết Trung thu")
    keys.type("9")
    keys.press("Enter")
    _hears_the_error(keys, "Hãy cho “Tết Trung thu” một số nguyên từ 0 đến 3", "textbox", "Tết Trung thu")
    keys.press("Backspace")
    keys.type("3")
    keys.press("Enter")

    booth.expect_review()
    expect(page).to_have_title("Xem lại câu trả lời – Psephos")
    keys.go_to("link", "Sửa câu 1")
    keys.go_to("link", "Sửa câu 2")
    keys.use("button", VI.cast)
    booth.expect_end()
    expect(page).to_have_title("Lá phiếu của bạn đã vào hòm phiếu – Psephos")
    (ballot,) = site.ward.ballots_of(election, voter)
    assert site.ward.opened(election, ballot) == [[0, 1, 0, 0], [0, 1, 1], [3, 0]]

    keys.use("link", "Kiểm tra lá phiếu")
    expect(page.get_by_role("heading", level=2, name=VI.found)).to_be_visible()


def _hears_the_error(keys: Keyboard, sentence: str, role: Role, name: str) -> None:
    """The summary has the focus, the title says it, the field says it, and the link leads to the field."""
    page = keys.page
    expect(page.locator("[data-error-summary]:visible")).to_be_focused()
    alert = page.get_by_role("alert").locator("visible=true")
    expect(alert.get_by_role("heading", name=VI.problem)).to_be_visible()
    assert page.title().startswith(VI.error)
    link = page.get_by_role("link", name=sentence, exact=True)
    keys.press("Tab")
    expect(link).to_be_focused()
    keys.press("Enter")
    field = page.get_by_role(role, name=name, exact=True)
    expect(field).to_be_focused()
    # The same sentence belongs to the field, or to the group that it is in.
    described = page.locator("[aria-invalid=true]")
    expect(described).to_have_count(1)
    expect(described).to_have_accessible_description(re.compile(f"{VI.error}{re.escape(sentence)}$"))
