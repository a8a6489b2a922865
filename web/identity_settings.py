"""Settings of people: how sure of somebody the site has to be for what, and the clocks of its own pages."""

from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from identity.assurance import DEFAULTS, Action, Assurance, AssurancePolicy, level_named

_VARIABLE_OF: Final = {
    Action.VOTE: "PSEPHOS_ASSURANCE_VOTE",
    Action.SIGN_PETITION: "PSEPHOS_ASSURANCE_PETITION",
    Action.STAFF: "PSEPHOS_ASSURANCE_STAFF",
}
_ZONE: Final = "PSEPHOS_TIME_ZONE"

VARIABLES: Final = {
    "PSEPHOS_ASSURANCE_VOTE": "least assurance of a sign-in that a vote asks for: `low` (e-mail), `substantial`, "
    "`high`; default `substantial`",
    "PSEPHOS_ASSURANCE_PETITION": "the same for signing petitions; default `low`",
    "PSEPHOS_ASSURANCE_STAFF": "the same for everything that a role allows, besides the second factor; default `low`",
    _ZONE: "IANA time zone of pages that belong to no single vote, as `Asia/Ho_Chi_Minh`; default `UTC`",
}
"""Every variable, as the README's table says it."""


def read_assurance(environment: Mapping[str, str], unusable: type[Exception]) -> AssurancePolicy:
    """The policy that `environment` describes. Raises: `unusable` with a sentence."""
    levels: dict[Action, Assurance] = {}
    for action, variable in _VARIABLE_OF.items():
        text = environment.get(variable, "").strip()
        try:
            levels[action] = level_named(text) if text else DEFAULTS[action]
        except ValueError as error:
            raise unusable(f"{variable}: {error}") from error
    return AssurancePolicy(levels)


def read_time_zone(environment: Mapping[str, str], unusable: type[Exception]) -> str:
    """The name of the zone. Raises: `unusable` with a sentence."""
    name = environment.get(_ZONE, "").strip() or "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise unusable(f"{_ZONE}: there is no time zone {name!r}. Write it as Asia/Ho_Chi_Minh.") from error
    return name
