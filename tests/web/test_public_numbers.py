"""Nobody watches a single signature arrive: what lists, trends and pages say of it waits for the public window."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consultation.petitions.lists import Filter, Sort, list_petitions
from consultation.signing.counting import public_count, trending
from consultation.signing.ending import withdraw
from identity.roles import Role
from storage.session import reading, writing
from tests.support.petition_ward import SPONSORS, Ward
from tests.support.sites import SiteUnderTest, site_under_test


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as site:
        yield site


def test_no_list_and_no_page_tells_a_signature_of_the_present_window(site: SiteUnderTest) -> None:
    clock, ward = site.desk.clock, Ward(site.desk, answer_at=100)
    clock.now = clock.now.replace(minute=30, second=0, microsecond=0)
    made = [ward.open(signatures=SPONSORS + more) for more in (0, 1, 1, 1)]
    taken_back = ward.signatures.sign(made[3])
    prepared = ward.sponsors()
    least = made[0]
    clock.wait(minutes=1)
    stranger, creator = site.browser(), site.browser().hold(site.desk.session(ward.creator))
    official, moderator = site.browser_of(Role.OFFICIAL), site.browser_of(Role.MODERATOR)

    def told() -> list[str]:
        """All that anybody is told of the numbers of these petitions, by every cursor."""
        cursors = [f"?sort=signatures&after={count}.{'0' * 16}" for count in range(12)]
        minutes = [f"?sort=trending&after={int(clock().timestamp()) // 60 - ago}.1" for ago in range(3)]
        pages = [
            *(stranger.get(f"/en/petitions{query}").text for query in (*cursors, *minutes)),
            *(stranger.get(f"/en/petitions?sort={sort}").text for sort in ("signatures", "trending")),
            *(creator.get(f"/en/petitions/{each}/manage").text for each in (least, prepared)),
            creator.get(f"/en/petitions/{prepared}/edit").text,
            *(official.get(f"/en/office/petitions{one}").text for one in ("", f"/{least}")),
            moderator.get(f"/en/moderation/petitions/{least}").text,
        ]
        return [
            " ".join(re.findall(r"petitions/[0-9a-f]{16}\"|[0-9]+ (?:signature|in the|of)|has signed", page))
            for page in pages
        ]

    def walked() -> list[tuple[str, int]]:
        """Page after page by signatures, with the public number of each."""
        seen, cursor = [], ""
        with reading(site.desk.desk.engine) as session:
            while True:
                page = list_petitions(session, Filter(sort=Sort.SIGNATURES), clock(), cursor, limit=1)
                seen += [(one.id, public_count(session, one.id, clock()).count) for one in page.petitions]
                if not (cursor := page.next):
                    return seen

    before, order = told(), walked()
    assert [count for _, count in order] == [7, 6, 6, 5]
    ward.sign(least, 3)
    ward.sign(made[2], 2)
    ward.sign(prepared, 1)
    with writing(site.desk.desk.engine) as session:
        withdraw(site.desk.desk, session, taken_back)
    assert told() == before
    assert walked() == order
    clock.wait(seconds=10)
    assert walked() == sorted(
        [(least, 8), *((made[2], 8), (made[1], 6), (made[3], 6))], key=_order, reverse=True
    )
    clock.wait(seconds=50)
    assert told() != before
    with reading(site.desk.desk.engine) as session:
        lately = dict(trending(session, clock(), 9))
    assert lately == {least: 8, made[1]: 6, made[2]: 8, made[3]: 6}


def _order(line: tuple[str, int]) -> tuple[int, str]:
    return line[1], line[0]
