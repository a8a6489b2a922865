"""After an edit: everybody sees what changed and how many stand under which words; who signed is asked again."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from consultation.petitions import life
from consultation.petitions.deciding import admit
from consultation.petitions.errors import TooManyVersions
from consultation.petitions.life import VERSIONS_MAX
from consultation.signing.by_version import counts_by_version
from consultation.signing.counting import take_areas
from storage.session import writing
from tests.support.petition_ward import LAMPS, SPONSORS, Ward
from tests.support.petitions import words_read
from tests.support.sites import SiteUnderTest, site_under_test

MORE = replace(LAMPS, details=LAMPS.details + " Và lan can.")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("versions")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield site


@pytest.fixture(scope="module")
def ward(site: SiteUnderTest) -> Ward:
    return Ward(site.desk)


def counted(site: SiteUnderTest, petition: str) -> dict[int, int | None]:
    """By version, as the hourly count takes them."""
    with writing(site.desk.desk.engine) as session:
        take_areas(session, petition, site.desk.clock())
        return dict(counts_by_version(session, petition).counts)


def test_signers_are_asked_again_and_small_numbers_are_not_told(site: SiteUnderTest, ward: Ward) -> None:
    petition, engine, clock = ward.open(LAMPS), site.desk.desk.engine, site.desk.clock
    people = [*ward.signatures.people(7)]
    first = [ward.signatures.sign(petition, person) for person in people]
    reader = site.browser()
    assert "under these words" not in reader.get(f"/en/petitions/{petition}").text
    with writing(engine) as session:
        life.edit(session, ward.creator, petition, 1, MORE, clock())
        admit(session, ward.moderator, petition, 2)
    assert counted(site, petition) == {1: SPONSORS + 7}
    again = [ward.signatures.sign(petition, person, version=2) for person in people[:6]]
    assert again == first[:6], "the same signature, under other words"
    assert counted(site, petition) == {1: SPONSORS + 1, 2: 6}
    clock.wait(seconds=11)
    page = reader.get(f"/en/petitions/{petition}").text
    assert "12 people had signed before; they were asked again. 6 signatures stand under these words." in page
    assert '<span class="ps-big">12</span>' in page
    history = reader.get(f"/en/petitions/{petition}/versions").text
    assert re.search(
        r"6 signatures stand under these words.*6 signatures stand under these words", history, re.S
    )
    assert "<ins>" in history
    assert f'href="/en/petitions/{petition}/sign"' in history

    late = site.browser().hold(site.desk.session(people[6]))
    form = late.get(f"/en/petitions/{petition}/sign").text
    assert "You signed version 1. The words were changed since: this is version 2." in form
    late.post(f"/en/petitions/{petition}/sign", {"version": "2"})
    ward.signatures.sign(petition, ward.signatures.people(1)[0], version=2)
    assert counted(site, petition) == {1: SPONSORS, 2: 8}
    one = ward.signatures.people(1)[0]
    receipt = ward.signatures.sign(petition, one, version=2)
    assert receipt not in first
    with writing(engine) as session:
        life.edit(session, ward.creator, petition, 2, LAMPS, clock())
        admit(session, ward.moderator, petition, 3)
    where = late.post(f"/en/petitions/{petition}/sign", {"version": "3"}).headers["location"]
    assert "The words were changed since" not in late.get(where).text
    # One alone stands under the newest words, so neither that nor the number that would betray it is shown.
    assert counted(site, petition) == {1: None, 2: 8, 3: None}
    assert (
        "The number of signatures under these words is not shown."
        in reader.get(f"/en/petitions/{petition}/versions").text
    )


def test_the_receipt_of_earlier_words_says_so(site: SiteUnderTest, ward: Ward) -> None:
    petition = ward.sponsors(LAMPS)
    signer = site.browser().hold(site.desk.session(site.desk.person("")))
    signer.get(f"/en/petitions/{petition}/sign")
    where = signer.post(f"/en/petitions/{petition}/sign", {"version": "1"}).headers["location"]
    assert "Sign again" not in signer.get(where).text
    with writing(site.desk.desk.engine) as session:
        life.edit(session, ward.creator, petition, 1, MORE, site.desk.clock())
    assert (
        "You signed version 1. The words were changed since: they are version 2 now."
        in signer.get(where).text
    )


def test_a_long_history_has_an_end_and_pages(site: SiteUnderTest, ward: Ward) -> None:
    petition, clock = ward.sponsors(LAMPS), site.desk.clock
    with writing(site.desk.desk.engine) as session:
        for version in range(1, VERSIONS_MAX):
            draft = replace(LAMPS, details=f"Lần {version}")
            life.edit(session, ward.creator, petition, version, draft, clock())
    with writing(site.desk.desk.engine) as session, pytest.raises(TooManyVersions):
        life.edit(session, ward.creator, petition, VERSIONS_MAX, LAMPS, clock())
    browser, seen = site.browser(), []
    path: str | None = f"/vi/petitions/{petition}/versions"
    while path:
        text = browser.get(path).text
        seen += [int(number) for number in re.findall(r"<h2[^>]*>[^<0-9]*([0-9]+),", text)]
        assert text.count("<ins>") <= 10
        found = re.search(r'href="(/vi/petitions/[0-9a-f]{16}/versions\?before=[0-9]+)"', text)
        path = found[1] if found else None
    assert seen == list(range(VERSIONS_MAX, 0, -1))
    assert browser.get(f"/en/petitions/{petition}/versions?before=1").status_code == 404
    assert browser.get(f"/en/petitions/{petition}/versions?before=%00").status_code == 200
    creator = site.browser().hold(site.desk.session(ward.creator))
    fields = {"action": "Khác", "background": "Vì sao", "language": "vi", "body": "ward"}
    fields |= words_read(creator.get(f"/en/petitions/{petition}/edit").text)
    refused = creator.post(f"/en/petitions/{petition}/edit", fields)
    assert refused.status_code == 422
    assert "The words were changed as often as they can be." in refused.text
    assert "Khác" in refused.text
