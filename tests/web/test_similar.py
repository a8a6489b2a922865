"""Similar petitions: a part of the page while somebody types, and a page for who has no script."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from storage.jobs import claim, plan
from storage.session import writing
from tests.support.petition_ward import CROSSING, LAMPS, Ward
from tests.support.sentence_models import write_meanings
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.duties import FILL_SENSE, handlers
from web.rate_limits import TooManyRequests
from web.rate_rules import SIMILAR
from web.sense import open_sense
from web.settings import UnusableSettings

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


def test_what_shares_no_word_is_found_where_the_site_names_a_model(
    site: SiteUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, asked, desk = site.browser(), f"{PLACE}?action=Illuminate+it", site.desk.desk
    settings = replace(site.settings, similar_model=write_meanings(tmp_path / "meanings"))
    sense = open_sense(settings)
    monkeypatch.setattr(site.app.state, "sense", sense, raising=False)
    assert "No petition like this one" in part(browser, asked), "no vectors yet"
    with writing(desk.engine) as session:
        plan(session, FILL_SENSE, 60, desk.clock())
    site.desk.clock.wait(minutes=1)
    with writing(desk.engine) as session:
        job = claim(session, [FILL_SENSE], desk.clock)
    assert job is not None
    handlers(site.app.state.office, desk, settings)[FILL_SENSE](job)
    found = part(browser, asked)
    assert found.count("<li>") == 1
    assert LAMPS.action in found
    assert CROSSING.action in part(browser, f"{PLACE}?action=pupils")


def test_a_site_does_not_start_with_a_model_that_is_none(site: SiteUnderTest, tmp_path: Path) -> None:
    assert open_sense(site.settings) is None
    with pytest.raises(UnusableSettings, match=r"PSEPHOS_SIMILAR_MODEL: .*holds no BERT sentence model"):
        open_sense(replace(site.settings, similar_model=tmp_path))


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
