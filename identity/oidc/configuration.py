"""The providers that people can sign in with, from a TOML file: checked entirely before the server starts.

A misspelt key is an error, never ignored: `max_agee` would otherwise be a sign-in of last year that counts today.
"""

import re
import ssl
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from identity.assurance import Assurance, level_named
from identity.oidc.client_key import ClientKey, DecryptionKey, read_client_key, read_decryption_key
from identity.oidc.errors import UnusableConfiguration

SIGNING_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"}
)
"""What an ID token may be signed with. `none` and the HMACs, whose key the client would know, can never be named."""

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_FILE_BYTES: Final = 100_000
MAX_PROVIDERS: Final = 20
MAX_SECRET_BYTES: Final = 4096
OWN_PARAMETERS: Final = frozenset(
    {
        "acr_values",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "max_age",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
        "ui_locales",
    }
)
"""What `parameters` cannot change."""
RESERVED: Final = frozenset({"callback", "link", "passkey", "second-factor", "sent"})
"""Other addresses under `/{lang}/sign-in/`, which no provider can have as its id."""
_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_Unusable = Callable[[str], UnusableConfiguration]
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")


class Pushing(StrEnum):
    """Whether requests are sent through the back channel first (RFC 9126)."""

    OFFERED = "offered"
    """Where the provider has an address for it."""
    REQUIRED = "required"
    """Always; a provider without such an address is not used."""
    NEVER = "never"


@dataclass(frozen=True)
class BasicSecret:
    """client_secret_basic, RFC 6749 §2.3.1."""

    secret: str = field(repr=False)


@dataclass(frozen=True)
class PlainOAuth:
    """Addresses of a service that issues no ID token: its address for user information says who it is."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str


@dataclass(frozen=True)
class ProviderConfiguration:
    """One provider, as whoever runs the server described it."""

    id: str
    """In addresses: `/en/sign-in/{id}`."""
    issuer: str
    """Compared byte by byte with what the provider says of itself."""
    client_id: str
    authentication: BasicSecret | ClientKey
    name_en: str
    name_vi: str
    scopes: tuple[str, ...]
    claim: tuple[str, ...]
    """Path to the claim that tells people apart; mostly ("sub",)."""
    algorithms: frozenset[str]
    acr: Mapping[str, Assurance]
    """What each value of the claim `acr` is worth here. Empty: the claim is not looked at."""
    acr_values: tuple[str, ...]
    """Asked for, best first."""
    assurance: Assurance | None
    """Of a sign-in whose `acr` is not in the table; None: such a sign-in is refused."""
    minimum: Assurance
    """A weaker sign-in is refused."""
    amr: frozenset[str]
    """At least one of these methods must be named by the token. Empty: any."""
    max_age: int | None
    """Seconds since the person last proved who they are; None: not asked."""
    hosts: frozenset[str]
    """Hosts beside the issuer's own that its addresses may have."""
    pushing: Pushing
    decryption: DecryptionKey | None
    """For tokens that must come encrypted; None: they must not."""
    possession: bool
    """Whether requests are bound to a key of the sign-in (DPoP)."""
    parameters: Mapping[str, str]
    """More of the authorization request."""
    acr_claim: str
    """Where the value for the table `acr` stands; mostly "acr"."""
    plain: PlainOAuth | None
    """Set for a service that speaks OAuth 2.0 only."""
    certificates: Path | None
    """The only authorities that its TLS certificate may come from, in PEM; None: those that this machine trusts."""

    @property
    def loopback(self) -> bool:
        """Whether this provider runs on this very machine, where http is allowed."""
        return urlsplit(self.issuer).hostname in LOOPBACK


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    issuer: str
    client_id: str
    name: Mapping[str, str]
    authentication: str = "client_secret_basic"
    secret_file: str | None = None
    key_file: str | None = None
    key_algorithm: str | None = None
    key_id: str | None = None
    scopes: tuple[str, ...] = ("openid",)
    claim: str | tuple[str, ...] = "sub"
    algorithms: tuple[str, ...] = ("ES256", "PS256", "RS256")
    acr: Mapping[str, str] = MappingProxyType({})
    acr_values: tuple[str, ...] = ()
    assurance: str | None = None
    minimum: str = "low"
    amr: tuple[str, ...] = ()
    max_age: int | None = None
    hosts: tuple[str, ...] = ()
    par: str = "offered"
    certificates: str | None = None
    decryption_key_file: str | None = None
    decryption_algorithm: str = "ECDH-ES+A256KW"
    decryption_key_id: str | None = None
    dpop: bool = False
    parameters: Mapping[str, str] = MappingProxyType({})
    acr_claim: str = "acr"
    oauth: PlainOAuth | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    provider: tuple[_Entry, ...]


def read_providers(path: Path, secrets: Path, *, public: bool) -> tuple[ProviderConfiguration, ...]:
    """The providers of the file at `path`, in its order.

    secrets: the folder that `secret_file` and `key_file` are names in. public: whether this server is reached
    from outside; then every issuer must be https. Raises: UnusableConfiguration.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnusableConfiguration(f"{path} (PSEPHOS_OIDC) cannot be read.") from error
    if len(data) > MAX_FILE_BYTES:
        raise UnusableConfiguration(f"{path} (PSEPHOS_OIDC) is longer than {MAX_FILE_BYTES} bytes.")
    try:
        document: dict[str, Any] = tomllib.loads(data.decode())
        file = msgspec.convert(document, _File)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise UnusableConfiguration(f"{path} (PSEPHOS_OIDC) is not as it must be: {error}") from error
    if not 1 <= len(file.provider) <= MAX_PROVIDERS:
        raise UnusableConfiguration(f"{path} (PSEPHOS_OIDC) must name 1 to {MAX_PROVIDERS} providers.")
    providers = tuple(_provider(entry, secrets, public=public) for entry in file.provider)
    if len({provider.id for provider in providers}) != len(providers):
        raise UnusableConfiguration(f"{path} (PSEPHOS_OIDC) names two providers with the same id.")
    return providers


def _provider(entry: _Entry, secrets: Path, *, public: bool) -> ProviderConfiguration:
    def unusable(what: str) -> UnusableConfiguration:
        return UnusableConfiguration(f"Provider {entry.id!r} of PSEPHOS_OIDC: {what}")

    if not _ID.fullmatch(entry.id) or entry.id in RESERVED:
        raise unusable(
            "`id` must be 1 to 32 small letters, digits and hyphens, with a letter first, and none of "
            f"{', '.join(sorted(RESERVED))}."
        )
    _require_issuer(entry.issuer, public, unusable)
    if not entry.client_id or not entry.client_id.isascii() or not entry.client_id.isprintable():
        raise unusable("`client_id` must be what the provider gave you when you registered this site.")
    if set(entry.name) - {"en", "vi"} or not entry.name.get("en", "").strip():
        raise unusable('`name` must be a table like { en = "…", vi = "…" }.')
    if (entry.oauth is None) != ("openid" in entry.scopes) or not all(
        _SCOPE.fullmatch(scope) for scope in entry.scopes
    ):
        raise unusable('`scopes` must hold "openid" (with `oauth` they must not), and no scope has a space.')
    claim = (entry.claim,) if isinstance(entry.claim, str) else entry.claim
    if not claim or not all(claim):
        raise unusable("`claim` must be the name of a claim, or a path of names.")
    if not entry.algorithms or set(entry.algorithms) - SIGNING_ALGORITHMS:
        raise unusable(f"`algorithms` must be of {', '.join(sorted(SIGNING_ALGORITHMS))}.")
    if entry.max_age is not None and not 0 <= entry.max_age <= 86_400:
        raise unusable("`max_age` must be 0 to 86400 seconds.")
    if entry.par not in set(Pushing):
        raise unusable('`par` must be "offered", "required" or "never".')
    if any(host != urlsplit(f"//{host}").netloc.lower() or not host for host in entry.hosts):
        raise unusable("`hosts` must be host names in small letters, with a port if it is not 443.")
    taken = sorted(set(entry.parameters) & OWN_PARAMETERS)
    if taken:
        raise unusable(f"`parameters` must not name {', '.join(taken)}.")
    if not entry.acr_claim:
        raise unusable("`acr_claim` must be the name of a claim.")
    if entry.oauth is not None and (entry.decryption_key_file or entry.dpop or entry.max_age is not None):
        raise unusable("`oauth` goes with none of `decryption_key_file`, `dpop` and `max_age`.")
    if not entry.acr and entry.assurance is None:
        raise unusable("say what a sign-in is worth: a table `acr`, or `assurance` for all.")
    return ProviderConfiguration(
        id=entry.id,
        issuer=entry.issuer,
        client_id=entry.client_id,
        authentication=_authentication(entry, secrets, unusable),
        name_en=entry.name["en"].strip(),
        name_vi=entry.name.get("vi", "").strip() or entry.name["en"].strip(),
        scopes=entry.scopes,
        claim=claim,
        algorithms=frozenset(entry.algorithms),
        acr=MappingProxyType({acr: _assurance(name, unusable) for acr, name in entry.acr.items()}),
        acr_values=entry.acr_values,
        assurance=None if entry.assurance is None else _assurance(entry.assurance, unusable),
        minimum=_assurance(entry.minimum, unusable),
        amr=frozenset(entry.amr),
        max_age=entry.max_age,
        hosts=frozenset(entry.hosts),
        pushing=Pushing(entry.par),
        decryption=_decryption(entry, secrets, unusable),
        possession=entry.dpop,
        parameters=MappingProxyType(dict(entry.parameters)),
        acr_claim=entry.acr_claim,
        plain=entry.oauth,
        certificates=_certificates(entry, unusable),
    )


def _require_issuer(issuer: str, public: bool, unusable: _Unusable) -> None:
    parts = urlsplit(issuer)
    on_this_machine = parts.hostname in LOOPBACK and not public
    if parts.scheme != "https" and not (parts.scheme == "http" and on_this_machine):
        raise unusable("`issuer` must begin with https://. Only a trial on localhost may do without.")
    if not parts.hostname or parts.query or parts.fragment or parts.username or not issuer.isascii():
        raise unusable("`issuer` must be the address that the provider names as its issuer, without ? and #.")


def _certificates(entry: _Entry, unusable: _Unusable) -> Path | None:
    if entry.certificates is None:
        return None
    path = Path(entry.certificates)
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # an ssl.SSLError is one
        raise unusable(f"`certificates`: {path} is no file of certificates in PEM.") from error
    return path


def _assurance(name: str, unusable: _Unusable) -> Assurance:
    try:
        return level_named(name)
    except ValueError as error:
        raise unusable(str(error)) from None


def _authentication(entry: _Entry, secrets: Path, unusable: _Unusable) -> BasicSecret | ClientKey:
    match entry.authentication:
        case "client_secret_basic":
            if entry.key_file or entry.key_algorithm or entry.key_id:
                raise unusable('`key_file` belongs to the authentication "private_key_jwt".')
            data = _read_secret(entry.secret_file, "secret_file", secrets, unusable)
            try:
                secret = data.decode("ascii").strip()
            except UnicodeDecodeError:
                secret = ""
            if not secret or not secret.isprintable():
                raise unusable("`secret_file` must hold the secret in one line.")
            return BasicSecret(secret)
        case "private_key_jwt":
            if entry.secret_file:
                raise unusable('`secret_file` belongs to the authentication "client_secret_basic".')
            data = _read_secret(entry.key_file, "key_file", secrets, unusable)
            try:
                return read_client_key(data, entry.key_algorithm or "ES256", entry.key_id)
            except ValueError as error:
                raise unusable(f"`key_file`: {error}") from error
        case _:
            raise unusable('`authentication` must be "client_secret_basic" or "private_key_jwt".')


def _decryption(entry: _Entry, secrets: Path, unusable: _Unusable) -> DecryptionKey | None:
    if entry.decryption_key_file is None:
        return None
    data = _read_secret(entry.decryption_key_file, "decryption_key_file", secrets, unusable)
    try:
        return read_decryption_key(data, entry.decryption_algorithm, entry.decryption_key_id)
    except ValueError as error:
        raise unusable(f"`decryption_key_file`: {error}") from error


def _read_secret(name: str | None, key: str, secrets: Path, unusable: _Unusable) -> bytes:
    if not name or Path(name).name != name:
        raise unusable(f"`{key}` must be the name of a file in the folder PSEPHOS_SECRETS.")
    path = secrets / name
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise unusable(f"others on this machine can read {path}. Run: chmod 600 {path}")
        with path.open("rb") as file:
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise unusable(f"`{key}`: {path} cannot be read.") from error
    if len(data) > MAX_SECRET_BYTES:
        raise unusable(f"`{key}`: {path} is longer than {MAX_SECRET_BYTES} bytes.")
    return data
