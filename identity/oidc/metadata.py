"""What a provider says of itself. OpenID Connect Discovery 1.0 §3, RFC 8414."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

from identity.oidc.client_authentication import METHODS
from identity.oidc.configuration import PlainOAuth, ProviderConfiguration, Pushing
from identity.oidc.errors import ProviderMisbehaved

MAX_ADDRESS: Final = 2000


@dataclass(frozen=True)
class ProviderMetadata:
    """Addresses and abilities of one provider, checked against its configuration."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    pushing_endpoint: str | None
    """Where requests are pushed first; None: they are not."""
    names_itself: bool
    """Whether its answers carry `iss` (RFC 9207)."""
    userinfo_endpoint: str | None = None
    """Of a service that speaks OAuth 2.0 only; `jwks_uri` is empty then."""


class _Document(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    response_types_supported: tuple[str, ...] = ("code",)
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    pushed_authorization_request_endpoint: str | None = None
    require_pushed_authorization_requests: bool = False
    authorization_response_iss_parameter_supported: bool = False


def discovery_address(issuer: str) -> str:
    """Where the provider's description is (Discovery §4.1)."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def read_metadata(data: bytes, provider: ProviderConfiguration) -> ProviderMetadata:
    """The description in `data`, of at most the bytes that the caller read.

    Raises: ProviderMisbehaved, also when the provider cannot do what its configuration asks.
    """
    try:
        document = msgspec.json.decode(data, type=_Document)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ProviderMisbehaved("its description cannot be read") from error
    if document.issuer != provider.issuer:
        raise ProviderMisbehaved("its description is that of another issuer")
    if "code" not in document.response_types_supported:
        raise ProviderMisbehaved("it does not offer the code flow")
    if document.code_challenge_methods_supported is not None and (
        "S256" not in document.code_challenge_methods_supported
    ):
        raise ProviderMisbehaved("it does not offer the code challenge S256")
    if METHODS[type(provider.authentication)] not in document.token_endpoint_auth_methods_supported:
        raise ProviderMisbehaved(f"it does not accept {METHODS[type(provider.authentication)]}")
    if not provider.algorithms & set(document.id_token_signing_alg_values_supported):
        raise ProviderMisbehaved("it signs tokens with none of the algorithms that are allowed here")
    pushing = _pushing_endpoint(document, provider)
    addresses = (
        document.authorization_endpoint,
        document.token_endpoint,
        document.jwks_uri,
        *([] if pushing is None else [pushing]),
    )
    for address in addresses:
        require_own_address(address, provider)
    return ProviderMetadata(
        authorization_endpoint=document.authorization_endpoint,
        token_endpoint=document.token_endpoint,
        jwks_uri=document.jwks_uri,
        pushing_endpoint=pushing,
        names_itself=document.authorization_response_iss_parameter_supported,
    )


def metadata_of(provider: ProviderConfiguration, plain: PlainOAuth) -> ProviderMetadata:
    """The same for a service without a description: the configuration is all that is known of it.

    Raises: ProviderMisbehaved for an address that is not its own.
    """
    for address in (plain.authorization_endpoint, plain.token_endpoint, plain.userinfo_endpoint):
        require_own_address(address, provider)
    return ProviderMetadata(
        authorization_endpoint=plain.authorization_endpoint,
        token_endpoint=plain.token_endpoint,
        jwks_uri="",
        pushing_endpoint=None,
        names_itself=False,
        userinfo_endpoint=plain.userinfo_endpoint,
    )


def _pushing_endpoint(document: _Document, provider: ProviderConfiguration) -> str | None:
    endpoint = document.pushed_authorization_request_endpoint
    if endpoint is None and (
        provider.pushing is Pushing.REQUIRED or document.require_pushed_authorization_requests
    ):
        raise ProviderMisbehaved("it has no address for pushed requests")
    if provider.pushing is Pushing.NEVER and document.require_pushed_authorization_requests:
        raise ProviderMisbehaved("it demands pushed requests, which are switched off here")
    return None if provider.pushing is Pushing.NEVER else endpoint


def require_own_address(address: str, provider: ProviderConfiguration) -> None:
    """Refuse an address that is not the provider's own: this server asks no other host in its name.

    Own are the issuer's host with its port, and the hosts that the configuration adds. https, unless the issuer is on
    this machine. Raises: ProviderMisbehaved.
    """
    own = urlsplit(provider.issuer)
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise ProviderMisbehaved("an address of it cannot be read") from error
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > MAX_ADDRESS:
        raise ProviderMisbehaved("an address of it cannot be read")
    if parts.scheme != "https" and not (provider.loopback and parts.scheme == own.scheme):
        raise ProviderMisbehaved("an address of it is not https")
    if parts.username is not None or parts.fragment:
        raise ProviderMisbehaved("an address of it has a user name or a fragment")
    if parts.netloc.lower() not in {own.netloc.lower(), *provider.hosts}:
        raise ProviderMisbehaved(
            f"an address of it is on {parts.netloc}, which is not its own host. Name it in `hosts` if it is"
        )
