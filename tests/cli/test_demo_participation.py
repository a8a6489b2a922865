"""The demonstration's real petitions and discussions are on the pages of a fresh site, and what is refused is known."""

import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cli.demo_participation import LAMPS, LIBRARY, SAMPLE, SIGNERS, take_part
from cli.import_data import read_contributions, read_petitions, read_topics
from consultation.importing import Refusal, Report
from consultation.petitions.models import PetitionPetition
from consultation.petitions.settings import rules
from consultation.petitions.types import Rules
from storage.session import reading
from tests.support.sites import SiteUnderTest, site_under_test

ALREADY = "No reason code of this site means “already-happening”."


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SiteUnderTest, Report, Report]]:
    """A site where everything was brought in once, and both reports."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield site, *take_part(site.desk.desk)


def read(site: SiteUnderTest, path: str) -> str:
    """What everybody reads there."""
    answer = site.browser().get(path)
    assert answer.status_code == 200, path
    return html.unescape(answer.text)


def test_what_is_refused_is_named(held: tuple[SiteUnderTest, Report, Report]) -> None:
    site, petitions, discussions = held
    lines = {each.source: each.line for each in read_petitions(SAMPLE / "petitions.csv")}
    assert petitions.refused == [Refusal(lines[each], each, ALREADY) for each in ("309389", "314150")]
    assert petitions.done.keys() == lines.keys() - {"309389", "314150"}
    assert discussions.refused == []
    topics, said = read_topics(SAMPLE / "proposals.csv"), read_contributions(SAMPLE / "comments.csv")
    assert discussions.done.keys() == {each.source for each in topics} | {each.source for each in said}
    assert discussions.votes == sum(each.agree + each.disagree for each in said) > 0
    with reading(site.desk.desk.engine) as session:
        assert rules(session) == Rules(), "petitions need sponsors again"


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_petitions_are_on_the_pages(held: tuple[SiteUnderTest, Report, Report], lang: str) -> None:
    site, petitions, _ = held
    page = read(site, f"/{lang}/petitions")
    foreign = read_petitions(SAMPLE / "petitions.csv")
    open_there = [each for each in foreign if each.state == "open"]
    assert len(open_there) == 4
    for action in (*(each.action for each in open_there), LAMPS.action, LIBRARY.action):
        assert action in page
    rejected = read(site, f"/{lang}/petitions?state=rejected")
    assert {each.source for each in foreign if each.state == "rejected" and each.action not in rejected} == {
        "309389",
        "314150",
    }
    one = read(site, f"/{lang}/petitions/{petitions.done[open_there[0].source]}")
    assert open_there[0].action in one
    assert open_there[0].background.split("\n")[0].strip() in one


def test_the_own_petitions_are_signed(held: tuple[SiteUnderTest, Report, Report]) -> None:
    site, petitions, _ = held
    imported = set(petitions.done.values())
    with reading(site.desk.desk.engine) as session:
        rows = session.scalars(select(PetitionPetition)).all()
        signatures = {row.id: row.signatures for row in rows}
    own = sorted(count for number, count in signatures.items() if number not in imported)
    assert own == sorted(sum(counts) for counts in SIGNERS.values())
    assert {signatures[number] for number in imported} == {0}


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_discussions_are_on_the_pages(held: tuple[SiteUnderTest, Report, Report], lang: str) -> None:
    site, _, discussions = held
    page = read(site, f"/{lang}/discussions")
    for topic in read_topics(SAMPLE / "proposals.csv"):
        assert topic.title in page
        one = read(site, f"/{lang}/discussions/{discussions.done[topic.source]}")
        assert topic.title in one
        assert topic.words[:40] in one
