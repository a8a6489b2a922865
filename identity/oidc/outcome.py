"""What a checked token means here: who it is, and how sure that is."""

import re
import unicodedata
from typing import Any, Final

from identity.assurance import Assurance
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import AssuranceTooLow, ClaimMissing
from identity.oidc.id_token import IdToken
from identity.types import Identity

MAX_CLAIM: Final = 256
"""Characters; identifiers of eIDAS have at most as many."""
MAX_METHODS: Final = 10
_METHOD: Final = re.compile(r"[A-Za-z0-9._:/-]{1,60}")


def identity_of(token: IdToken, provider: ProviderConfiguration) -> Identity:
    """The person behind the token. Raises: AssuranceTooLow, ClaimMissing."""
    assurance = assurance_of(token, provider)
    methods = tuple(method for method in token.claims.methods if _METHOD.fullmatch(method))
    if provider.amr and not provider.amr & set(methods):
        raise AssuranceTooLow("it was not made in one of the ways that are accepted here")
    if assurance < provider.minimum:
        raise AssuranceTooLow(f"it is weaker than {provider.minimum.name.lower()}")
    return Identity(provider.issuer, claim_of(token, provider), assurance, methods[:MAX_METHODS])


def assurance_of(token: IdToken, provider: ProviderConfiguration) -> Assurance:
    """What the claim `acr` is worth by the provider's table, else the fixed level. Raises: AssuranceTooLow."""
    acr = token.claims.acr
    assurance = provider.acr.get(acr, provider.assurance) if acr is not None else provider.assurance
    if assurance is None:
        raise AssuranceTooLow("it does not say how sure the identity is, or not in words that are known here")
    return assurance


def claim_of(token: IdToken, provider: ProviderConfiguration) -> str:
    """The claim that tells people apart, in NFC.

    An e-mail address counts only if the provider says that it was confirmed: else anybody could take another's.
    Raises: ClaimMissing.
    """
    value: Any = token.every
    for name in provider.claim:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_CLAIM:
        raise ClaimMissing("the claim is absent, empty or too long")
    if provider.claim[-1] == "email" and token.every.get("email_verified") is not True:
        raise ClaimMissing("the e-mail address is not confirmed")
    return unicodedata.normalize("NFC", value)
