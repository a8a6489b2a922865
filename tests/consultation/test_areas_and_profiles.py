"""Areas stay known for ever; a profile shows what was chosen, and nothing where nothing was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consultation.areas import Area, areas, require_area, set_areas
from consultation.errors import NoSuchArea, TextRefused
from consultation.profiles import Profile, forget_profile, profiles_of, set_profile
from protocol.text import LocalText
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test

LAKE = Area("ho-sen", LocalText(en="Lotus Lake", vi="Hồ Sen"))
FERRY = Area("ben-do", LocalText(en="Ferry", vi="Bến Đò"))


@pytest.fixture
def under_test(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(database_url, tmp_path) as made:
        yield made


def test_a_closed_area_stays_known(under_test: DeskUnderTest) -> None:
    engine = under_test.desk.engine
    with writing(engine) as session:
        set_areas(session, [LAKE, FERRY])
        assert areas(session) == [LAKE, FERRY]
        set_areas(session, [FERRY])
    with reading(engine) as session:
        assert areas(session) == [FERRY]
        assert require_area(session, "ho-sen") == LAKE
        for unknown in ("nowhere", "x" * 33, "a\0b"):
            with pytest.raises(NoSuchArea):
                require_area(session, unknown)
    with writing(engine) as session:
        set_areas(session, [LAKE, FERRY])
        assert areas(session) == [LAKE, FERRY]
        with pytest.raises(ValueError, match="each once"):
            set_areas(session, [LAKE, LAKE])
        with pytest.raises(TextRefused):
            set_areas(session, [Area("x", LocalText(en="", vi=""))])


def test_a_profile_is_what_was_chosen(under_test: DeskUnderTest) -> None:
    lan, minh = under_test.person(), under_test.person()
    with writing(under_test.desk.engine) as session:
        set_areas(session, [LAKE])
        set_profile(session, lan, " Shopkeeper ", "ho-sen")
        assert profiles_of(session, [lan, minh]) == {
            lan: Profile("Shopkeeper", LAKE.name, "ho-sen"),
            minh: Profile(),
        }
        set_profile(session, lan, "", None)
        assert profiles_of(session, [lan])[lan] == Profile()
        with pytest.raises(NoSuchArea):
            set_profile(session, lan, "", "nowhere")
        forget_profile(session, lan)
        assert profiles_of(session, [lan])[lan] == Profile()
