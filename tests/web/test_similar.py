"""Similar petitions: a part of the page while somebody types, and a page for who has no script."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.petition_ward import CROSSING, LAMPS, Ward
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.rate_limits import TooManyRequests
from web.rate_rules import SIMILAR

PLACE = "/en/petitions/similar"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("similar")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        ward = Ward(site.desk)
        ward.open(LAMPS)
        ward.open(CROSSING)
        ward.draft()
        yield site


def part(browser: Browser, path: str) -> str:
    answer = browser.client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return str(answer.text)


def test_without_accents_the_one_with_accents_is_found_and_no_draft(site: SiteUnderTest) -> None:
    found = part(site.browser(), f"{PLACE}?action=lap+den+duong+ho+sen")
    assert found.count("<li>") == 1
    assert LAMPS.action in found
    assert 'lang="vi"' in found


def test_the_background_helps(site: SiteUnderTest) -> None:
    assert CROSSING.action in part(
        site.browser(), f"{PLACE}?action=safety&background=children+cross+the+road"
    )


def test_nothing_is_said_of_nothing(site: SiteUnderTest) -> None:
    assert part(site.browser(), f"{PLACE}?action=").strip() == ""
    assert "No petition like this one was found." in part(site.browser(), f"{PLACE}?action=xylophone")


def test_the_page_works_without_script_and_repeats_what_was_typed(site: SiteUnderTest) -> None:
    page = site.browser().get(f"{PLACE}?action=%22%3E%3Cscript%3Ecrossing+school")
    assert page.status_code == 200
    assert "<script>crossing" not in page.text
    assert CROSSING.action in page.text
    assert "HX-Request" in page.headers["vary"]
    assert site.browser().get("/vi/petitions/similar").status_code == 200


@pytest.mark.parametrize("query", ["action=%00%FF", "action=" + "a" * 60_000, "action=a&action=b", "text=x"])
def test_whatever_is_asked_there_is_an_answer(site: SiteUnderTest, query: str) -> None:
    assert site.browser().client.get(f"{PLACE}?{query}").status_code == 200


def test_who_asks_without_end_is_told_to_wait(site: SiteUnderTest) -> None:
    browser, limiter = site.browser(), site.app.state.limiter
    for _ in range(SIMILAR.amount):
        with suppress(TooManyRequests):
            limiter.count(SIMILAR, "unknown")
    answer = browser.client.get(
        f"{PLACE}?action=lamps", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert answer.status_code == 429
    assert "<html" not in answer.text
