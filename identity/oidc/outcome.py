"""What a checked token means here: who it is, and how sure that is."""

import unicodedata
from typing import Any, Final

from identity.assurance import Assurance
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import IdentityInsufficient
from identity.oidc.id_token import IdToken
from identity.types import Identity

MAX_CLAIM: Final = 256
"""Characters; identifiers of eIDAS have at most as many."""
MAX_METHODS: Final = 10


def identity_of(token: IdToken, provider: ProviderConfiguration) -> Identity:
    """The person behind the token. Raises: IdentityInsufficient."""
    assurance = assurance_of(token, provider)
    methods = tuple(method for method in token.claims.methods if method.isprintable() and len(method) <= 40)
    if provider.amr and not provider.amr & set(methods):
        raise IdentityInsufficient("it was not made in one of the ways that are accepted here")
    if assurance < provider.minimum:
        raise IdentityInsufficient(f"it is weaker than {provider.minimum.name.lower()}")
    return Identity(provider.issuer, claim_of(token, provider), assurance, methods[:MAX_METHODS])


def assurance_of(token: IdToken, provider: ProviderConfiguration) -> Assurance:
    """What the claim `acr` is worth by the provider's table, else the fixed level. Raises: IdentityInsufficient."""
    acr = token.claims.acr
    assurance = provider.acr.get(acr, provider.assurance) if acr is not None else provider.assurance
    if assurance is None:
        raise IdentityInsufficient(
            "it does not say how sure the identity is, or not in words that are known here"
        )
    return assurance


def claim_of(token: IdToken, provider: ProviderConfiguration) -> str:
    """The claim that tells people apart, in NFC.

    An e-mail address counts only if the provider says that it was confirmed: else anybody could take another's.
    Raises: IdentityInsufficient.
    """
    value: Any = token.every
    for name in provider.claim:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > MAX_CLAIM:
        raise IdentityInsufficient("it lacks the claim that this site knows people by")
    if provider.claim[-1] == "email" and token.every.get("email_verified") is not True:
        raise IdentityInsufficient("the e-mail address is not confirmed")
    return unicodedata.normalize("NFC", value)
