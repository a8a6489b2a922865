"""Why a ceremony ended without a key. Nothing of such a ceremony may be used; a new one starts from
nothing.
"""

from enum import StrEnum

from crypto.errors import CryptoError


class CeremonyCheck(StrEnum):
    """What did not hold."""

    MESSAGES = "messages"
    BROADCAST_AGREEMENT = "broadcast-agreement"
    ENCODING = "encoding"
    COMMITMENT = "commitment"
    MODULUS_FORM = "modulus-form"
    FACTOR_CLAIM = "factor-claim"
    FELDMAN_SHARE = "feldman-share"
    INVERSE_DIVISIBLE = "inverse-divisible"
    INVERSE_RANGE = "inverse-range"
    INVERSE_UNIT = "inverse-unit"
    INVERSE_EQUATION = "inverse-equation"
    NTH_ROOTS = "nth-roots"
    CERTIFICATE = "certificate"


class CeremonyFailed(CryptoError):
    """`check` failed. `party` is whose message did not fit, or None where the check cannot tell who
    cheated.
    """

    def __init__(self, check: CeremonyCheck, party: int | None, reason: str) -> None:
        who = "" if party is None else f"Party {party}: "
        super().__init__(f"{who}{reason} ({check.value}) The ceremony ends without a key; start a new one.")
        self.check = check
        self.party = party
