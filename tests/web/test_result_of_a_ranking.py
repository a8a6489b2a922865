"""The pages of a ranking on a real office: what is asked, who stood where, and the same by area."""

from pathlib import Path

import pytest

from protocol.ranking import blank_ranking, ranking_values
from protocol.roll import RollEntry
from tests.support.elections import make_election, make_manifest, ranking
from tests.support.offices import make_office
from tests.support.trustees import tally
from tests.web.reader import Page


def cells(page: Page, table_class: str) -> list[str]:
    """The words of all cells of the tables with this class, in order."""
    inside = False
    found = []
    for element in page.elements:
        if element.name == "table":
            inside = table_class in element.classes
        if inside and element.name in ("th", "td"):
            found.append(element.text)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ranking_on_every_page_of_a_counted_election(database_url: str, tmp_path: Path) -> None:
    manifest = make_manifest((ranking(3, (5, 2, 0)),), areas=("north", "south"))
    entries = [
        RollEntry(weight=weight, area=("north", "south")[i % 2]) for i, weight in enumerate((1, 3, 1, 2))
    ]
    office = make_office(database_url, tmp_path / "secrets", make_election(manifest, entries=entries))
    booth = Page(office.client.get(f"/en/elections/{office.id}/booth").text)
    (points,) = booth.with_attribute("data-position-points")
    assert points.text == "5, 2, 0"
    assert [each.attributes["data-option"] for each in booth.all("select")] == ["0", "1", "2"]
    asked = Page(office.client.get(f"/en/elections/{office.id}").text)
    assert "Rank 3 (points from the first position to the last: 5, 2, 0), or a blank vote" in " ".join(
        asked.visible
    )

    office.cast(1, [ranking_values((2, 3, 1))])  # north
    office.cast(2, [ranking_values((1, 2, 3))])  # south, weight 3
    office.cast(3, [ranking_values((1, 3, 2))])  # north
    office.cast(4, [blank_ranking(3)])  # south, weight 2
    tally(office)
    html = office.client.get(f"/en/elections/{office.id}/result").text
    page = Page(html)
    seen = " ".join(" ".join(page.visible).split())
    assert "Most points: “Option 1” with 22." in seen
    assert "Points from the first position to the last: 5, 2, 0. Shares are of 35," in seen
    assert cells(page, "ps-places") == [
        *("Option", "1", "2", "3", "Points"),
        *("Option 1", "4", "1", "0", "22"),
        *("Option 2", "0", "3", "2", "6"),
        *("Option 3", "1", "1", "3", "7"),
    ]
    assert "2 blank votes" in seen
    # By area: north 1 + 1 ballots of weight 1, south weights 3 and 2.
    assert "north 2 ballots Option 1 7 · 70.0% Option 2 0 · 0.0% Option 3 7 · 70.0%" in seen
    assert "south 2 ballots Option 1 15 · 60.0% Option 2 6 · 24.0% Option 3 0 · 0.0%" in seen
    listed = " ".join(" ".join(Page(office.client.get("/en/elections").text).visible).split())
    assert "Most points: Option 1" in listed
    office.engine.dispose()
