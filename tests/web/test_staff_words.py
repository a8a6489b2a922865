"""No English on the Vietnamese pages behind sign-in: the list is made from the routes."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import available_timezones

import pytest

from identity.roles import Role
from rehearsal.trial_run import prepare_trial
from tests.browser.test_staff_accessibility import ELSEWHERE, pages
from tests.rehearsal.test_trial_run import QUESTION, VOTERS, draft
from tests.support.sites import SiteUnderTest, site_under_test
from tests.web.reader import Page
from tests.web.test_words import ENGLISH, NAMES
from voting.deeds import By
from voting.drafts import create

ZONES = available_timezones()
"""Names of the world, not of a language."""


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SiteUnderTest, dict[str, str]]]:
    folder: Path = tmp_path_factory.mktemp("words")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        office = site.app.state.office
        by = By(site.desk.desk, site.desk.signed_in(Role.OFFICIAL))
        values = {
            "draft": create(office, by, draft().title, draft()),
            "election": prepare_trial(office, draft(), "test", VOTERS),
            "person": site.desk.person("Lan Nguyễn", tuple(Role)),
            "question": "q1",
            "step": "review",
            "number": "1",
        }
        yield site, values


def test_no_english_sentence_behind_sign_in(staffed: tuple[SiteUnderTest, dict[str, str]]) -> None:
    site, values = staffed
    browser = site.browser_of(*Role)
    found: dict[str, list[str]] = {}
    seen = 0
    for path in pages():
        address = path.replace("{lang}", "vi") + ELSEWHERE.get(path, "")
        for name, value in values.items():
            address = address.replace(f"{{{name}}}", value)
        answer = browser.get(address)
        if "html" not in answer.headers.get("content-type", ""):
            continue
        seen += 1
        visible = Page(answer.text).visible
        if english := [
            words
            for words in visible
            if ENGLISH.search(NAMES.sub("", words))
            and words.replace(" ", "_") not in ZONES
            and words != QUESTION.text.en
        ]:
            found[f"{address} ({answer.status_code})"] = english
    assert not found
    assert seen > 40
