"""PSEPHOS_ASSURANCE_* and PSEPHOS_TIME_ZONE."""

import pytest

from identity.assurance import Action, Assurance
from web.identity_settings import read_assurance, read_time_zone
from web.settings import UnusableSettings


def test_what_is_not_said_has_its_default() -> None:
    policy = read_assurance({}, UnusableSettings)
    assert policy.needed(Action.VOTE) is Assurance.SUBSTANTIAL
    assert policy.needed(Action.SIGN_PETITION) is Assurance.LOW
    assert policy.needed(Action.STAFF) is Assurance.LOW
    assert read_time_zone({}, UnusableSettings) == "UTC"


@pytest.mark.parametrize(("level", "enough"), [("low", [1, 2, 3]), ("substantial", [2, 3]), ("high", [3])])
def test_a_level_admits_itself_and_what_is_above(level: str, enough: list[int]) -> None:
    policy = read_assurance({"PSEPHOS_ASSURANCE_VOTE": level}, UnusableSettings)
    assert [int(each) for each in Assurance if policy.is_enough(each, Action.VOTE)] == enough


@pytest.mark.parametrize("variable", ["VOTE", "PETITION", "STAFF"])
@pytest.mark.parametrize("level", ["medium", "LOW ER", "1"])
def test_a_level_that_is_none_is_named(variable: str, level: str) -> None:
    with pytest.raises(UnusableSettings, match=f"PSEPHOS_ASSURANCE_{variable}.*low, substantial, high"):
        read_assurance({f"PSEPHOS_ASSURANCE_{variable}": level}, UnusableSettings)


@pytest.mark.parametrize("zone", ["Saigon", "GMT+7", "../etc/passwd", "x" * 300])
def test_a_zone_that_is_none_is_named(zone: str) -> None:
    with pytest.raises(UnusableSettings, match="PSEPHOS_TIME_ZONE"):
        read_time_zone({"PSEPHOS_TIME_ZONE": zone}, UnusableSettings)


def test_a_zone() -> None:
    assert read_time_zone({"PSEPHOS_TIME_ZONE": "Asia/Ho_Chi_Minh"}, UnusableSettings) == "Asia/Ho_Chi_Minh"
