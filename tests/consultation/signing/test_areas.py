"""Signatures by area: whoever reads the table learns of nobody where they live."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete

from consultation.signing.counting import counts_by_area, tellable
from consultation.signing.models import PetitionArea
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest


def shown(shared: SigningUnderTest, petition: str, counts: dict[str, int]) -> dict[str, int | None]:
    """What everybody sees of these counts."""
    with writing(shared.desk.engine) as session:
        session.execute(delete(PetitionArea).where(PetitionArea.petition == petition))
        session.add_all(PetitionArea(petition=petition, area=area, count=n) for area, n in counts.items())
    with reading(shared.desk.engine) as session:
        return {cell.area or "": cell.count for cell in counts_by_area(session, petition).cells}


def test_small_numbers_and_those_that_would_tell_them_are_withheld(shared: SigningUnderTest) -> None:
    petition = shared.published()
    # The sum is public: without the 6 the reader would know the 3.
    assert shown(shared, petition, {"north": 9, "south": 6, "east": 3}) == {
        "north": 9,
        "south": None,
        "east": None,
    }
    # All that equal the smallest one go with it: which of them it was would be told by the other.
    assert shown(shared, petition, {"north": 6, "south": 6, "": 4}) == {
        "north": None,
        "south": None,
        "": None,
    }
    assert shown(shared, petition, {"north": 5, "south": 6}) == {"south": 6, "north": 5}
    # So few have signed at all that not even the names of their areas are given.
    assert shown(shared, petition, {"north": 3, "": 1}) == {}
    # Withheld ones stand in the order of their names, which tells nothing of their size.
    order = [list(shown(shared, petition, {"a": a, "b": b, "c": 9})) for a, b in ((2, 4), (4, 2))]
    assert order[0] == order[1] == ["a", "b", "c"]


def test_the_difference_of_two_tables_tells_of_nobody() -> None:
    told: Mapping[str, int] = {}
    steps: Sequence[tuple[Mapping[str, int], Mapping[str, int]]] = [
        ({"north": 4}, {}),
        ({"north": 20, "south": 20}, {"north": 20, "south": 20}),
        ({"north": 20, "south": 21}, {"north": 20, "south": 20}),  # one signature, whoever else came and went
        ({"north": 19, "south": 24}, {"north": 20, "south": 20}),
        ({"north": 19, "south": 25}, {"north": 20, "south": 25}),
        ({"north": 30, "south": 25, "west": 3}, {"north": 20, "south": 25}),  # else the sum would tell the 3
        ({"north": 30, "south": 25, "west": 5}, {"north": 30, "south": 25, "west": 5}),
        ({"south": 25, "west": 5}, {"south": 25, "west": 5}),
    ]
    for counted, expected in steps:
        told = tellable(counted, told)
        assert told == expected
