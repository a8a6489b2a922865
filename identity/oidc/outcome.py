"""What was found out about somebody means here: who it is, and how sure that is."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from identity.assurance import Assurance
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import AssuranceTooLow, ClaimMissing
from identity.types import Identity

MAX_CLAIM: Final = 256
"""Characters; identifiers of eIDAS have at most as many."""
MAX_METHODS: Final = 10
_METHOD: Final = re.compile(r"[A-Za-z0-9._:/-]{1,60}")


def identity_of(claims: Mapping[str, Any], provider: ProviderConfiguration) -> Identity:
    """The person that the claims of a checked answer tell of. Raises: AssuranceTooLow, ClaimMissing."""
    assurance, methods = assurance_of(claims, provider), methods_of(claims)
    if provider.amr and not provider.amr & set(methods):
        raise AssuranceTooLow("it was not made in one of the ways that are accepted here")
    if assurance < provider.minimum:
        raise AssuranceTooLow(f"it is weaker than {provider.minimum.name.lower()}")
    return Identity(provider.issuer, claim_of(claims, provider), assurance, methods)


def assurance_of(claims: Mapping[str, Any], provider: ProviderConfiguration) -> Assurance:
    """What the claim `acr` is worth by the provider's table, else the fixed level. Raises: AssuranceTooLow."""
    acr = claims.get(provider.acr_claim)
    assurance = provider.acr.get(acr, provider.assurance) if isinstance(acr, str) else provider.assurance
    if assurance is None:
        raise AssuranceTooLow("it does not say how sure the identity is, or not in words that are known here")
    return assurance


def methods_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """`amr`, of which some providers write a single method without the list; words with a space are left out."""
    amr = claims.get("amr", ())
    given = [amr] if isinstance(amr, str) else amr if isinstance(amr, list | tuple) else []
    return tuple(one for one in given if isinstance(one, str) and _METHOD.fullmatch(one))[:MAX_METHODS]


def claim_of(claims: Mapping[str, Any], provider: ProviderConfiguration) -> str:
    """The claim that tells people apart, in NFC.

    An e-mail address counts only if the provider says that it was confirmed: else anybody could take another's.
    Raises: ClaimMissing.
    """
    value: Any = claims
    for name in provider.claim:
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_CLAIM:
        raise ClaimMissing("the claim is absent, empty or too long")
    if provider.claim[-1] == "email" and claims.get("email_verified") is not True:
        raise ClaimMissing("the e-mail address is not confirmed")
    return unicodedata.normalize("NFC", value)
