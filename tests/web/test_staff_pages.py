"""The pages behind sign-in: good HTML in both languages, names only for those who may read them, nothing lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.checkpoint import verify_checkpoint
from identity.invitations import invite
from identity.roles import Role
from identity.trail import System, record, verify_trail
from storage.session import reading, writing
from tests.support.repository import ROOT
from tests.support.sites import SAME_SITE, SiteUnderTest, site_under_test
from tests.web.reader import Page
from web.i18n import LANGUAGES
from web.people_texts import DEEDS, ROLE_NAMES, ROLE_TASKS

PAGES = {
    "sign-in": "/sign-in?next=/en/elections",
    "sign-in-sent": "/sign-in/sent",
    "sign-in-link-used": "/sign-in/link?t=x",
    "my": "/my",
    "second-factor-set-up": "/my/second-factor",
    "staff": "/staff",
    "people": "/staff/people",
    "person": "/staff/people/{person}",
    "own-person": "/staff/people/{own}",
    "invitation": "/invitation?t={token}",
    "trail": "/trail",
    "trail-with-names": "/staff/trail",
}
SIGNED_OUT = {"sign-in", "sign-in-sent", "sign-in-link-used", "invitation", "trail"}
GONE = {"sign-in-link-used"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("staff")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as running:
        yield running


@pytest.fixture(scope="module")
def pages(site: SiteUnderTest) -> dict[tuple[str, str], str]:
    """Every page in both languages, read once."""
    own = site.desk.person("Trần Thị Hoa", tuple(Role))
    person = site.desk.person("Nguyễn Văn An " + "x" * 60, (Role.OFFICIAL,))
    with writing(site.desk.desk.engine) as session:
        link = invite(
            site.desk.desk,
            session,
            System("console"),
            name="Lê Minh",
            address="minh@example.org",
            roles=[Role.OFFICIAL, Role.REGISTRAR],
            language="en",
        )
        record(site.desk.desk, session, System("clock"), "something-unheard-of", "election 1", {"a": "b"})
    inside = site.browser().hold(site.desk.session(own))
    values = {"own": own, "person": person, "token": link.partition("t=")[2]}
    found: dict[tuple[str, str], str] = {}
    for language in LANGUAGES:
        for name, path in PAGES.items():
            browser = site.browser() if name in SIGNED_OUT else inside
            answer = browser.get(f"/{language}{path.format(**values)}")
            assert answer.status_code == (410 if name in GONE else 200), name
            found[language, name] = answer.text
    return found


EVERY = [(language, name) for language in LANGUAGES for name in PAGES]


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_good_html(pages: dict[tuple[str, str], str], language: str, name: str) -> None:
    page = Page(pages[language, name])
    assert page.all("html")[0].attributes["lang"] == language
    assert page.all("title")[0].text.endswith(" – Psephos")
    assert [heading.text != "" for heading in page.all("h1")] == [True]
    assert len(page.ids) == len(set(page.ids))
    referred = {element.attributes["for"] for element in page.with_attribute("for")}
    for attribute in ("aria-describedby", "aria-labelledby"):
        for element in page.with_attribute(attribute):
            referred |= set(element.attributes[attribute].split())
    referred |= {
        link.attributes["href"][1:] for link in page.all("a") if link.attributes["href"].startswith("#")
    }
    assert referred <= set(page.ids)
    labelled = {label.attributes["for"] for label in page.all("label")}
    fields = [field for field in page.all("input") if field.attributes.get("type") != "hidden"]
    assert all(field.attributes["id"] in labelled for field in fields)
    assert all(button.text for button in page.all("button"))
    for picture in page.all("svg"):
        assert picture.attributes.get("aria-hidden") == "true"
    assert not page.with_attribute("style")
    for element in page.elements:
        assert not any(attribute.startswith("on") for attribute in element.attributes)
    for script in page.all("script"):
        assert "src" in script.attributes or script.attributes["type"] == "application/json"
    for form in page.all("form"):
        if form.attributes["method"] == "post":
            assert form.attributes["action"].startswith(f"/{language}/")


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_every_posted_form_has_its_token(pages: dict[tuple[str, str], str], language: str, name: str) -> None:
    for form in re.findall(r"<form [^>]*method=\"post\".*?</form>", pages[language, name], flags=re.DOTALL):
        assert len(re.findall(r'name="csrf" value="[A-Za-z0-9_-]{86}"', form)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_for_those_who_may_read_them(pages: dict[tuple[str, str], str], language: str) -> None:
    public, inside = pages[language, "trail"], pages[language, "trail-with-names"]
    assert "Lê Minh" in inside
    assert "Lê Minh" not in public
    assert "something-unheard-of" in public  # a deed without words is shown by its code


def test_every_role_has_words() -> None:
    assert set(ROLE_NAMES) == set(ROLE_TASKS) == set(Role)


def test_every_deed_that_is_recorded_has_words() -> None:
    """Codes in the sources that call `trail.record`, or a helper that does (`By.note`, `By.beside`, …)."""
    call_of_a_helper = re.compile(
        r"(?:trail\.record|[^.\w]record|_record|\.beside|\bnote|_noted)\((?:[^()]|\([^()]*\))*\)"
    )
    recorded = set()
    for room in ("identity", "voting", "web", "tally"):
        for source in (ROOT / room).rglob("*.py"):
            text = source.read_text(encoding="utf-8")
            for call in call_of_a_helper.findall(text):
                recorded |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', call))
    assert {"roles-changed", "polls-closed", "draft-created", "trial-voted"} <= recorded
    assert recorded <= set(DEEDS)


def test_what_was_typed_outlives_a_session(site: SiteUnderTest) -> None:
    """Signed out while typing: signed in again in another tab, the same form goes through."""
    person = site.desk.person("An", (Role.ADMINISTRATOR,))
    browser = site.browser().hold(site.desk.session(person))
    browser.get("/en/staff/people")
    typed: dict[str, str | list[str]] = {
        "name": "Phạm Thu Hà",
        "email": "ha@example.org",
        "roles": ["official", "registrar"],
        "language": "vi",
    }
    site.desk.clock.wait(hours=1)
    kept = browser.post("/en/staff/people", typed)
    assert kept.status_code == 403
    assert "You are signed out" in kept.text
    browser.hold(site.desk.session(person))
    for expected in (403, 303):  # the first page still has the token of before
        page = Page(kept.text)
        fields = [
            (field.attributes["name"], field.attributes["value"])
            for field in page.all("input")
            if field.attributes["type"] == "hidden"
        ]
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        kept = browser.client.post("/en/staff/people", data=data, headers=SAME_SITE)
        assert kept.status_code == expected
    people = browser.get("/en/staff/people").text
    assert "Phạm Thu Hà" in people


def test_a_kept_page_never_shows_a_code(site: SiteUnderTest) -> None:
    browser = site.browser_of()
    answer = browser.post("/en/sign-in/second-factor", {"code": "482915", "next": "/en/my"}, csrf="x")
    assert answer.status_code == 403
    assert "482915" not in answer.text


def test_a_page_is_kept_by_nobody_once_it_knows_who_reads_it(site: SiteUnderTest) -> None:
    browser = site.browser_of(Role.AUDITOR)
    for path in ("/en/my", "/en/staff", "/en/staff/trail", "/en/sign-in/sent"):
        answer = browser.get(path)
        expected = "no-cache" if path.endswith("/sent") else "no-store"
        assert answer.headers["cache-control"] == expected
    assert site.browser().get("/en/sign-in").headers["cache-control"] == "no-store"


def test_the_head_of_the_log_is_for_everybody_to_keep(site: SiteUnderTest) -> None:
    desk = site.desk.desk
    answer = site.browser().get("/api/v1/site/checkpoint")
    assert answer.status_code == 200
    head = verify_checkpoint(answer.text, desk.trail_origin, desk.keys.log.public_key)
    with reading(desk.engine) as session:
        assert verify_trail(session, desk.trail_origin, desk.keys.log.public_key, [answer.text]) == head.size
