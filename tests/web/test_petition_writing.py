"""Writing a petition: looked at before it is kept, nothing lost, and bounds that say what to do."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from consultation.fraud.work import solve
from consultation.petitions import life
from consultation.petitions.life import PREPARED_MAX
from consultation.petitions.lists import prepared
from identity.models import IdentityClaim
from storage.session import reading, writing
from tests.support.petition_ward import LAMPS, Ward
from tests.support.petitions import words_read
from tests.support.sites import SAME_SITE, Browser, SiteUnderTest, site_under_test
from web.rate_limits import TooManyRequests
from web.rate_rules import PETITION_START, PETITION_WRITE, WITHOUT_WORK

NEW = "/en/petitions/new"
FIELDS = {
    "action": "Lắp đèn ở bờ tây hồ Sen",
    "background": "Tối. <b>Rất tối</b>",
    "details": "",
    "language": "vi",
    "body": "ward",
    "area": "north",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("writing")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield site


@pytest.fixture(scope="module")
def ward(site: SiteUnderTest) -> Ward:
    return Ward(site.desk)


def writer(site: SiteUnderTest) -> tuple[Browser, str]:
    """Somebody new on the page where petitions begin."""
    person = site.desk.person("Hoa")
    browser = site.browser().hold(site.desk.session(person))
    browser.get(NEW)
    return browser, person


def begun(site: SiteUnderTest, person: str) -> int:
    with reading(site.desk.desk.engine) as session:
        return len(prepared(session, person))


def mailbox(site: SiteUnderTest, person: str) -> str:
    """What a person is counted as, in all spellings."""
    return site.desk.desk.keys.person_digest("email", f"{person}@example.org").hex()


def used_up(site: SiteUnderTest, rule: object, subject: str) -> None:
    for _ in range(rule.amount):  # type: ignore[attr-defined]
        with suppress(TooManyRequests):
            site.app.state.limiter.count(rule, subject)


def test_it_is_looked_at_before_anything_is_kept(site: SiteUnderTest, ward: Ward) -> None:
    older = ward.open(LAMPS)
    browser, person = writer(site)
    page = browser.post(NEW, {**FIELDS, "deed": "preview"})
    assert page.status_code == 200
    look = page.text[page.text.index('id="preview"') : page.text.index("<form")]
    assert FIELDS["action"] in look
    assert "Tối. &lt;b&gt;Rất tối&lt;/b&gt;" in look
    assert "Ward Office · North" in look
    assert f'href="/en/petitions/{older}"' in look, "a similar one, without script"
    assert f'value="{FIELDS["action"]}"' in page.text
    assert begun(site, person) == 0
    wrong = browser.post(NEW, {**FIELDS, "deed": "preview", "area": "nowhere"})
    assert (wrong.status_code, wrong.text.count("Choose one of the areas in the list")) == (422, 2)
    kept = browser.post(NEW, {**FIELDS, "deed": "keep"})
    assert kept.status_code == 303
    assert begun(site, person) == 1
    manage = kept.headers["location"]
    assert f'href="{manage}"' in browser.get(NEW).text, "found again without an address"
    assert f'href="/en/petitions/{older}"' in browser.get(manage).text
    assert f'href="{manage}"' in browser.get("/en/my/activity").text


def test_a_change_is_looked_at_and_meets_another_one(site: SiteUnderTest, ward: Ward) -> None:
    petition = ward.sponsors(LAMPS)
    browser = site.browser().hold(site.desk.session(ward.creator))
    place = f"/en/petitions/{petition}/edit"
    read = words_read(browser.get(place).text)
    mine = {
        **FIELDS,
        "action": LAMPS.action,
        "background": LAMPS.background,
        "details": "Mười hai.",
        **read,
    }
    look = browser.post(place, {**mine, "deed": "preview"})
    assert look.status_code == 200
    assert "<ins>" in look.text
    assert "<del>" in look.text
    with writing(site.desk.desk.engine) as session:
        life.edit(
            session, ward.creator, petition, 1, replace(LAMPS, details="Ở tab khác."), site.desk.clock()
        )
    clash = browser.post(place, {**mine, "deed": "keep"})
    assert clash.status_code == 422
    assert "The words were changed since you opened them." in clash.text
    assert re.search(r"<del>.*Ở tab khác.*</del>", clash.text), "what stands now, and what would be gone"
    assert "Mười hai." in clash.text
    assert 'name="version" value="2"' in clash.text
    assert browser.post(place, {**mine, "version": "2"}).status_code == 422
    assert browser.post(place, {**mine, **words_read(clash.text)}).status_code == 303
    for wrong in ("", "0", "x", "9" * 30):
        assert browser.post(place, {**mine, "version": wrong}).status_code == 422


def test_what_was_typed_survives_the_end_of_the_session(site: SiteUnderTest) -> None:
    browser, _ = writer(site)
    browser.client.cookies.clear()
    lost = browser.post(NEW, {**FIELDS, "deed": "keep", "work": "1,2,3", "work-on": "psephos-work/1.x"})
    assert lost.status_code == 403
    assert f'name="action" value="{FIELDS["action"]}"' in lost.text
    assert '<li class="ps-lines">Tối. &lt;b&gt;Rất tối&lt;/b&gt;</li>' in lost.text
    assert "psephos-work" not in lost.text
    assert "1,2,3" not in lost.text
    person = site.desk.person("Hoa")
    again = site.browser().hold(site.desk.session(person))
    again.get(NEW)
    assert again.post(NEW, {**FIELDS, "deed": "keep"}).status_code == 303


def test_the_work_is_taken_once_and_without_it_the_slower_limit_holds(site: SiteUnderTest) -> None:
    browser, person = writer(site)
    page = browser.get(NEW).text
    line, bits = re.search(r'name="work-on" value="([^"]+)"', page), re.search(r'data-bits="(\d+)"', page)
    assert line is not None
    assert bits is not None
    worked = {**FIELDS, "work-on": line[1], "work": solve(line[1], int(bits[1]))}
    used_up(site, WITHOUT_WORK, "unknown")
    refused = browser.post(NEW, FIELDS)
    assert refused.status_code == 422
    assert "Too many tries" in refused.text
    assert FIELDS["action"] in refused.text
    assert browser.post(NEW, worked).status_code == 303
    assert browser.post(NEW, worked).status_code == 422
    assert begun(site, person) == 1


def test_one_person_begins_and_changes_so_much_and_is_told_what_to_do(
    site: SiteUnderTest, ward: Ward
) -> None:
    site.desk.clock.wait(days=1)
    browser, person = writer(site)
    with writing(site.desk.desk.engine) as session:
        for number in range(PREPARED_MAX):
            draft = replace(LAMPS, action=f"Việc {number}")
            last = life.create_draft(session, person, draft, site.desk.clock())
    full = browser.post(NEW, FIELDS)  # also where the limits are used up
    assert full.status_code == 422
    assert f"You have {PREPARED_MAX} petitions in preparation" in full.text
    assert full.text.count('/manage"') == PREPARED_MAX
    other, stranger = writer(site)
    used_up(site, PETITION_START, mailbox(site, stranger))
    refused = other.post(NEW, FIELDS)
    assert refused.status_code == 422
    assert "Too many tries" in refused.text
    twin, spelling = writer(site)
    same = update(IdentityClaim).where(IdentityClaim.person == spelling)
    with writing(site.desk.desk.engine) as session:
        session.execute(same.values(mailbox=bytes.fromhex(mailbox(site, stranger))))
    assert "Too many tries" in twin.post(NEW, FIELDS).text  # another spelling of that mailbox
    used_up(site, PETITION_WRITE, mailbox(site, person))
    for place, fields, anchor in (
        ("edit", {**FIELDS, "version": "1"}, "action"),
        ("manage", {"deed": "withdraw"}, "deeds"),
    ):
        refused = browser.post(f"/en/petitions/{last}/{place}", fields)
        assert refused.status_code == 422
        assert f'href="#{anchor}"' in refused.text
        assert f'id="{anchor}"' in refused.text
    assert begun(site, person) == PREPARED_MAX
    assert ward.creator != person


@pytest.mark.parametrize("megabytes", [1, 10])
def test_a_form_of_ten_megabytes_is_refused_as_too_long(site: SiteUnderTest, megabytes: int) -> None:
    browser, _ = writer(site)
    data = {"csrf": browser.token, **FIELDS, "details": "x" * megabytes * 1024 * 1024}
    for path in (NEW, "/vi/petitions/new"):
        answer = browser.client.post(path, data=data, headers=SAME_SITE)
        assert answer.status_code == 413
        assert "<h1" in answer.text
    assert "longer than" in browser.client.post(NEW, data=data, headers=SAME_SITE).text
