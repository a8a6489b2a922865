"""The moderators' pages of suspected signatures, as a browser sees them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consultation.signing.signing import confirm
from identity.roles import Role
from storage.session import writing
from tests.support.petition_ward import SPONSORS, Ward
from tests.support.sites import Browser, SiteUnderTest, site_under_test

PLACE = "/en/moderation/signatures"


class Scene:
    """A site with one flooded petition, and a moderator in front of it."""

    def __init__(self, site: SiteUnderTest) -> None:
        self.site, self.ward = site, Ward(site.desk)
        self.petition = self.ward.open()
        self.moderator = site.browser_of(Role.MODERATOR)
        for name in "abcdef":
            token = self.ward.signatures.ask(self.petition, f"{name}{name}@mailinator.com")
            site.desk.clock.wait(seconds=30)
            with writing(site.desk.desk.engine) as session:
                confirm(site.desk.desk, session, token, 1, "198.51.100.9")

    @property
    def place(self) -> str:
        return f"{PLACE}/{self.petition}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("fraud")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield Scene(site)


def fields(page: str) -> dict[str, str]:
    return dict(
        re.findall(
            r'<input type="hidden" name="([a-z-]+)" value="([^"]*)"', page.partition('id="preview"')[2]
        )
    )


def look(browser: Browser, place: str, query: str = "look=yes&mark=disposable") -> str:
    answer = browser.get(f"{place}?{query}")
    assert answer.status_code == 200
    return answer.text


def test_the_list_leads_to_the_petition(scene: Scene) -> None:
    page = scene.moderator.get(PLACE).text
    assert f'href="{scene.place}"' in page
    assert "6 signatures with marks" in page


def test_nothing_can_be_removed_before_the_preview(scene: Scene) -> None:
    page = scene.moderator.get(scene.place)
    assert page.status_code == 200
    assert f"{SPONSORS + 6} signatures count." in page.text
    assert "fingerprint" not in page.text
    assert "mailinator.com" not in page.text  # six do not name a domain
    assert "198.51.100.9" not in page.text


def test_bad_conditions_are_said_beside_the_field(scene: Scene) -> None:
    for query, sentence in (
        ("look=yes", "Choose at least one mark"),
        ("look=yes&domain=gmail.com", "Choose at least one mark"),
        ("look=yes&domain=not+a+domain", "Write the part behind the @"),
        ("look=yes&domain=nguyen-lan.vn", "Fewer than 5 signatures fulfil this, or none."),
        ("look=yes&mark=disposable&since-day=1&since-month=1&since-year=2026&since-time=8%3A07", "quarter"),
        ("look=yes&mark=invented", "Choose from what is offered here."),
        ("look=yes&mark=disposable&since-day=40&since-month=1&since-year=2026", "There is no such day"),
    ):
        answer = scene.moderator.get(f"{scene.place}?{query}")
        assert answer.status_code == 422, query
        assert sentence in answer.text
        assert "fingerprint" not in answer.text
    assert scene.moderator.get(f"{scene.place}?look=yes&network=zz").status_code == 404
    assert scene.moderator.get(f"{PLACE}/{'0' * 16}").status_code == 404
    draft = scene.ward.draft()
    assert scene.moderator.get(f"{PLACE}/{draft}").status_code == 404  # only who writes it has seen it
    assert "was removed" not in scene.moderator.get(f"{scene.place}?batch=999").text


def test_removal_needs_a_reason_and_the_preview_that_was_seen(scene: Scene) -> None:
    page = look(scene.moderator, scene.place)
    assert f"6 of {SPONSORS + 6} signatures would be removed." in page
    kept = fields(page)
    answer = scene.moderator.post(scene.place, {**kept, "reason": " "})
    assert answer.status_code == 422
    assert "Write why these signatures do not count." in answer.text
    assert answer.text.count('value="disposable"') >= 2  # the conditions are still chosen and sent again
    answer = scene.moderator.post(scene.place, {**kept, "fingerprint": "0" * 64, "reason": "Robots"})
    assert answer.status_code == 409
    assert "Nothing was removed." in answer.text


def test_whoever_started_it_sees_no_button(scene: Scene) -> None:
    with writing(scene.site.desk.desk.engine) as session:
        from identity.people import set_roles  # noqa: PLC0415

        set_roles(session, scene.ward.creator, (Role.MODERATOR,))
    creator = scene.site.browser().hold(scene.site.desk.session(scene.ward.creator))
    page = look(creator, scene.place)
    assert "You started this petition." in page
    assert "fingerprint" not in page
    kept = fields(look(scene.moderator, scene.place))
    creator.get("/en/my")
    answer = creator.post(scene.place, {**kept, "csrf": creator.token, "reason": "Robots"})
    assert answer.status_code == 422


def test_a_batch_is_removed_with_its_public_reason(scene: Scene) -> None:
    kept = fields(look(scene.moderator, scene.place))
    answer = scene.moderator.post(scene.place, {**kept, "reason": "Mailboxes for a minute <b>"})
    assert answer.status_code == 303
    page = scene.moderator.get(answer.headers["location"]).text
    assert "Batch 1 was removed." in page
    assert f"{SPONSORS} signatures count." in page
    again = scene.moderator.post(scene.place, {**kept, "reason": "Again"})
    assert again.status_code == 409
    assert "No petition has suspected signatures." in scene.moderator.get(PLACE).text
