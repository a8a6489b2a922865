"""Mai ranks what is asked of her: every mistake is said beside its field, and the result shows who stood where."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from protocol.manifest import Ranking
from protocol.text import LocalText
from rehearsal.one_machine import open_urn
from tally.aggregation import aggregate
from tally.opening import publish_result
from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.site import Site
from tests.browser.test_accessibility import faults
from tests.browser.ward import HeldElection, Hours, hold, option
from tests.browser.words import EN, VI
from tests.support.offices import close_early
from voting.office import utc_now

pytestmark = pytest.mark.browser

TREES = Ranking(
    id="trees",
    text=LocalText(en="Which trees should grow along the lake?", vi="Nên trồng cây gì ven hồ?"),
    options=(
        option("flame", "Flame trees", "Cây phượng"),
        option("myrtle", "Giant crape myrtles", "Cây bằng lăng"),
        option("willow", "Weeping willows", "Cây liễu"),
    ),
    positions=(3, 1, 0),
)


def held(site: Site) -> HeldElection:
    """A small election with one ranking."""
    title = LocalText(en="Trees along the lake", vi="Cây ven hồ")
    return hold(site.ward.office, title, (TREES,), Hours.around(utc_now()), voters=6)


def place(page: Page, option_name: str) -> Locator:
    """The list of positions of this option."""
    return page.get_by_role("combobox", name=option_name, exact=True)


def hears(page: Page, sentence: str, field: Locator) -> None:
    """The same sentence in the summary, which leads to the field, and at the field itself."""
    expect(page.locator("[data-error-summary]:visible")).to_be_focused()
    page.get_by_role("link", name=sentence, exact=True).click()
    expect(field).to_be_focused()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(f"{re.escape(sentence)}$"))


def test_mai_ranks_on_a_phone_votes_again_blank_and_reads_the_result(
    site: Site, phone: Page, new_context: NewContext
) -> None:
    election = held(site)
    mai, bo = election.take(), election.take()
    booth = Booth(phone, site, election, VI).open()
    booth.enter(mai.code.written)
    booth.expect_step("Nên trồng cây gì ven hồ?")
    booth.sees("Điểm từ hạng đầu đến hạng cuối: 3, 1, 0")
    for name in ("Cây phượng", "Cây bằng lăng", "Cây liễu"):
        expect(place(phone, name)).to_have_value("")
    booth.go_on()
    summary = "Hãy xếp hạng cho mọi phương án, hoặc đánh dấu phiếu trắng"
    expect(phone.get_by_role("group")).to_have_accessible_description(re.compile(f"{summary}$"))
    place(phone, "Cây liễu").select_option("Hạng 1")
    place(phone, "Cây phượng").select_option("Hạng 1")
    booth.sees("Đã xếp 2 trên 3 hạng. Hạng còn trống: 2, 3.")
    booth.go_on()
    twice = "“Cây phượng” và “Cây liễu” cùng ở hạng 1. Mỗi hạng chỉ dành cho một phương án."
    hears(phone, twice, place(phone, "Cây liễu"))
    assert phone.title().startswith(VI.error)
    assert not faults(phone)
    place(phone, "Cây phượng").select_option("Hạng 3")
    booth.go_on()
    hears(phone, "Hãy xếp hạng cho “Cây bằng lăng”", place(phone, "Cây bằng lăng"))
    expect(place(phone, "Cây liễu")).to_have_value("1")
    place(phone, "Cây bằng lăng").select_option("Hạng 2")
    booth.go_on()
    booth.expect_review()
    assert booth.answers() == ["1. Cây liễu\n2. Cây bằng lăng\n3. Cây phượng"]
    booth.button(VI.test).click()
    booth.expect_step(VI.tested)
    opened = phone.locator("#test-list dd").all_inner_texts()
    assert opened == ["1. Cây liễu\n2. Cây bằng lăng\n3. Cây phượng"]
    booth.button(VI.after_test).click()
    booth.expect_review()
    booth.change(1)
    expect(place(phone, "Cây bằng lăng")).to_have_value("2")
    booth.go_on()
    booth.expect_review()
    booth.cast()
    booth.expect_end()
    (ballot,) = site.ward.ballots_of(election, mai)
    assert site.ward.opened(election, ballot) == [[0, 0, 1, 0, 1, 0, 1, 0, 0, 0]]

    desk = new_context(viewport={"width": 1280, "height": 720}).new_page()
    _bo_leaves_it_blank(Booth(desk, site, election, EN).open(), bo.code.written)
    (ballot,) = site.ward.ballots_of(election, bo)
    assert site.ward.opened(election, ballot) == [[0] * 9 + [1]]
    _count(site, election)
    _reads_the_result(site, desk, phone, election)


def _bo_leaves_it_blank(booth: Booth, code: str) -> None:
    """By keyboard, in English: he ranks, thinks better of it, and is told that both do not go together."""
    page, keys = booth.page, booth.page.keyboard
    booth.enter(code)
    booth.expect_step("Which trees should grow along the lake?")
    expect(page.get_by_role("main")).to_match_aria_snapshot("""
        - group "Which trees should grow along the lake?":
          - heading "Which trees should grow along the lake?" [level=1]
          - text: Flame trees
          - combobox "Flame trees":
            - option "Choose…" [selected]
            - option "1st"
            - option "2nd"
            - option "3rd"
          - text: Giant crape myrtles
          - combobox "Giant crape myrtles"
          - text: Weeping willows
          - combobox "Weeping willows"
          - text: or
          - 'checkbox "Blank vote: I rank nothing here"'
        - button "Continue"
    """)
    place(page, "Flame trees").focus()
    keys.press("ArrowDown")
    keys.press("Tab")
    expect(place(page, "Giant crape myrtles")).to_be_focused()
    keys.press("Tab")
    keys.press("Tab")
    blank = page.get_by_role("checkbox", name="Blank vote: I rank nothing here")
    expect(blank).to_be_focused()
    keys.press("Space")
    booth.go_on()
    hears(page, "A blank vote ranks nothing. Untick it, or take the positions away.", blank)
    place(page, "Flame trees").select_option("Choose…")
    booth.go_on()
    booth.expect_review()
    assert booth.answers() == ["Blank vote"]
    booth.cast()
    booth.expect_end()


def _count(site: Site, election: HeldElection) -> None:
    office = site.ward.office
    close_early(office, election.id)
    aggregate(office, election.id)
    open_urn(office, election.id, election.trustees, openers=(1, 2))
    publish_result(office, election.id)


def _reads_the_result(site: Site, desk: Page, phone: Page, election: HeldElection) -> None:
    desk.goto(site.page("en", election, "result"))
    expect(desk.get_by_text("Most points: “Weeping willows” with 3.")).to_be_visible()
    table = desk.get_by_role("table", name="How many put each option at each position")
    rows = [row.all_inner_texts() for row in (r.locator("th, td") for r in table.get_by_role("row").all())]
    assert rows == [
        ["Option", "1", "2", "3", "Points"],
        ["Flame trees", "0", "0", "1", "0"],
        ["Giant crape myrtles", "0", "1", "0", "1"],
        ["Weeping willows", "1", "0", "0", "3"],
    ]
    expect(desk.get_by_text("1 blank vote", exact=True)).to_be_visible()
    phone.goto(site.page("vi", election, "result"))
    expect(phone.get_by_text("1 phiếu trắng", exact=True)).to_be_visible()
    for page in (desk, phone):
        assert not faults(page)
    phone.goto(site.page("vi", election))
    expect(
        phone.get_by_text("Xếp hạng 3 phương án (điểm từ hạng đầu đến hạng cuối: 3, 1, 0)")
    ).to_be_visible()
    assert not faults(phone)
