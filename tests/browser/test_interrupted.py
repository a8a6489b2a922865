"""Reloading, the browser's own buttons, two tabs, and polls that close while somebody is in the booth."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from protocol.text import LocalText
from tests.browser.booth import Booth
from tests.browser.conftest import NewContext
from tests.browser.site import Site
from tests.browser.ward import LAND, Hours, hold
from tests.browser.words import EN, VI
from tests.support.offices import close_early
from voting.office import utc_now

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def test_a_reload_forgets_everything_and_begins_anew(site: Site, page: Page) -> None:
    election = site.ward.short
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.to_review(voter, "A library")
    page.reload()
    booth.expect_step(EN.enter_code)
    assert page.url == site.page("en", election, "booth")
    expect(page.get_by_label(EN.code, exact=True)).to_have_value("")
    booth.enter(voter.code.written)
    booth.expect_step(booth.text(0))
    expect(page.locator("input:checked")).to_have_count(0)
    assert site.ward.ballots_of(election, voter) == ()


def test_back_and_forward_walk_through_the_steps(site: Site, page: Page) -> None:
    election = site.ward.open
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.enter(voter.code.written)
    booth.choose("A library")
    booth.choose("Lane 12, Lò Gốm")
    booth.give({"Boat race": "1"})
    booth.expect_review()
    for text in (booth.text(2), booth.text(1)):
        page.go_back()
        booth.expect_step(text)
    page.get_by_label("Lane 12, Lò Gốm").uncheck()
    page.get_by_label("Lane 81, Hồ Sen").check()
    page.go_forward()
    booth.expect_step(booth.text(2))
    page.go_forward()
    booth.expect_review()
    assert booth.answers()[1].startswith("Lane 81, Hồ Sen")  # what stands on the page is what is sealed
    booth.cast()
    booth.expect_end()
    (ballot,) = site.ward.ballots_of(election, voter)
    assert site.ward.opened(election, ballot) == [[0, 0, 1, 0], [0, 0, 1], [0, 1]]


def test_after_casting_back_does_not_return_to_the_ballot(site: Site, page: Page) -> None:
    election = site.ward.short
    voter = election.take()
    page.goto(site.page("en", election))
    page.get_by_role("link", name="Go to the voting booth").click()
    booth = Booth(page, site, election)
    booth.to_review(voter, "A covered market")
    booth.cast()
    booth.expect_end()
    assert "A covered market" not in page.locator("#booth").inner_text()
    page.go_back()
    expect(page).to_have_url(site.page("en", election))
    page.go_forward()
    booth.expect_step(EN.enter_code)
    expect(page.get_by_label(EN.code, exact=True)).to_have_value("")
    assert len(site.ward.ballots_of(election, voter)) == 1


def test_a_second_press_casts_nothing_twice(site: Site, page: Page) -> None:
    election = site.ward.short
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.to_review(voter, "A library")
    booth.button(EN.cast).dblclick()
    booth.expect_end()
    assert len(site.ward.ballots_of(election, voter)) == 1


def test_leaving_while_the_ballot_is_on_its_way_asks_first(site: Site, page: Page) -> None:
    election = site.ward.short
    voter = election.take()
    booth = Booth(page, site, election).open()
    booth.to_review(voter, "A library")
    page.route("**/ballots", lambda route: route.abort())
    booth.cast()
    booth.expect_step(EN.unknown)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.evaluate("location.reload()")
    expect(page.get_by_role("heading", level=1, name=EN.unknown)).to_be_visible()
    assert asked == ["beforeunload"]
    page.go_back()
    expect(page.get_by_role("heading", level=1, name=EN.unknown)).to_be_visible()


def test_two_tabs_with_one_code(site: Site, new_context: NewContext) -> None:
    """The second tab's ballot comes too late to be number one; its voter is told, and votes again."""
    election = site.ward.short
    voter = election.take()
    context = new_context()
    one, two = (Booth(context.new_page(), site, election).open() for _ in range(2))
    one.to_review(voter, "A covered market")
    two.to_review(voter, "A library")
    one.cast()
    first = one.expect_end()
    two.cast()
    two.expect_step(EN.refused)
    two.sees("Another ballot with this voting code arrived in the meantime.")
    (ballot,) = site.ward.ballots_of(election, voter)
    assert ballot.counts
    two.button(EN.retry).click()
    two.expect_review(voted_before=True)
    assert two.answers() == ["A library"]
    two.cast()
    second = two.expect_end()
    assert second != first
    old, new = site.ward.ballots_of(election, voter)
    assert (old.counts, new.counts) == (False, True)
    assert site.ward.opened(election, new) == [[0, 0, 1, 0]]


def test_the_polls_close_while_a_voter_is_in_the_booth(site: Site, page: Page) -> None:
    title = LocalText(en="Closing soon", vi="Sắp kết thúc")
    election = hold(site.ward.office, title, (LAND,), Hours.around(utc_now()), trustees=1, voters=2)
    voter = election.take()
    booth = Booth(page, site, election, VI).open()
    booth.to_review(voter, "Thư viện")
    close_early(site.ward.office, election.id)
    booth.cast()
    booth.expect_step(VI.refused)
    booth.sees("Đã kết thúc bỏ phiếu. Không thể bỏ phiếu được nữa.")
    booth.sees("Chưa có gì được lưu. Câu trả lời của bạn vẫn còn trên thiết bị này.")
    assert site.ward.ballots_of(election, voter) == ()
    booth.button(VI.retry).click()
    booth.expect_step(VI.refused)  # it looked again: still closed
    page.reload()
    expect(page.get_by_role("heading", name="Phòng bỏ phiếu đã đóng")).to_be_visible()
