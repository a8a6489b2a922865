"""Settings of the server, all from environment variables `PSEPHOS_*`, read once and checked before anything starts."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from identity.assurance import AssurancePolicy
from identity.oidc.configuration import ProviderConfiguration, read_providers
from identity.oidc.errors import UnusableConfiguration
from mail.domains import SiteDomains
from mail.server import MailServer
from web import identity_settings, mail_settings
from web.client_network import Network
from web.i18n import Text

_THIS_MACHINE: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

DEVELOPMENT_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class UnusableSettings(Exception):
    """The server must not start like this. The sentence says which variable to set to what."""


@dataclass(frozen=True)
class Settings:
    """How this server runs.

    On a public address (`PSEPHOS_BASE_URL` other than localhost) nothing is guessed: every variable without a
    sound default must be set.
    """

    base_url: str
    """Scheme and host, no slash at the end."""
    host: str
    port: int
    database_url: str
    """As SQLAlchemy takes it."""
    secrets: Path
    """Folder of the server's keys, readable by the server alone."""
    name: Text
    """Short name beside the mark."""
    authority: Text
    help_line: str
    trusted_proxies: tuple[Network, ...] = ()
    """Networks of the proxies whose `X-Forwarded-For` is believed."""
    providers: tuple[ProviderConfiguration, ...] = ()
    """Sign-in services of others (OpenID Connect), in the order of their buttons."""
    time_zone: str = "UTC"
    """IANA name: the clocks of pages that belong to no single vote."""
    assurance: AssurancePolicy = field(default_factory=AssurancePolicy)
    """How sure of somebody this site has to be for what."""
    mail_server: MailServer | None = None
    """None: this site sends no mail, and what is queued waits."""
    mail_domains: SiteDomains = field(default_factory=SiteDomains)
    """What the site itself says of mail domains."""
    similar_model: Path | None = None
    """Folder of a sentence model, by which similar petitions are found beside their words. None: by words alone."""

    @property
    def https(self) -> bool:
        """Whether browsers reach this server encrypted."""
        return self.base_url.startswith("https://")


VARIABLES: Final = {
    "PSEPHOS_BASE_URL": "address of the site, as `https://vote.example.org`; default `http://localhost:8000`",
    "PSEPHOS_HOST": "address to listen on; default `127.0.0.1`",
    "PSEPHOS_PORT": "port to listen on; default `8000`",
    "PSEPHOS_DATABASE_URL": "database, as SQLAlchemy writes it; default `sqlite:///psephos.db` on localhost",
    "PSEPHOS_SECRETS": "folder of the server's keys, mode 0700; default `secrets` on localhost",
    "PSEPHOS_NAME_EN": "short name beside the mark, English; default `Demonstration` on localhost",
    "PSEPHOS_NAME_VI": "the same in Vietnamese; default the English one",
    "PSEPHOS_AUTHORITY_EN": "who runs the site, English; default the short name",
    "PSEPHOS_AUTHORITY_VI": "the same in Vietnamese; default the English one",
    "PSEPHOS_HELP_LINE": "telephone number or address for voters; default `(none)` on localhost",
    "PSEPHOS_SIMILAR_MODEL": "folder of a sentence model (`config.json`, `tokenizer.json`, `model.safetensors`), by "
    "which similar petitions are found beside their words; default none",
    "PSEPHOS_TRUSTED_PROXIES": "proxies whose `X-Forwarded-For` is believed, as `10.0.0.5, 10.1.0.0/16`, or `none`; "
    "default this machine where `PSEPHOS_HOST` is its own address",
    "PSEPHOS_OIDC": "file of sign-in services (docs/guides/sign-in.md); default none",
    **identity_settings.VARIABLES,
    **mail_settings.VARIABLES,
}
"""Every variable, as the README's table says it."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that `environment` describes.

    Raises: UnusableSettings.
    """
    unknown = [name for name in environment if name.startswith("PSEPHOS_") and not _known(name)]
    if unknown:
        raise UnusableSettings(
            f"{unknown[0]} is not a setting of Psephos. Is it misspelt? See the table in the README."
        )
    port = _port(environment.get("PSEPHOS_PORT", "8000"))
    base_url = environment.get("PSEPHOS_BASE_URL", f"http://localhost:{port}").rstrip("/")
    public = _is_public(base_url)

    def value(name: str, default: str) -> str:
        given = environment.get(name, "").strip()
        if not given and public:
            raise UnusableSettings(
                f"Set {name}: {VARIABLES[name].split(';')[0]}. A public server does not guess it."
            )
        return given or default

    name_en = value("PSEPHOS_NAME_EN", "Demonstration")
    name = Text(name_en, environment.get("PSEPHOS_NAME_VI", "" if public else "Trình diễn") or name_en)
    authority_en = environment.get("PSEPHOS_AUTHORITY_EN", "") or name.en
    authority = Text(
        authority_en,
        environment.get("PSEPHOS_AUTHORITY_VI", "") or (name.vi if authority_en == name.en else authority_en),
    )
    secrets = Path(value("PSEPHOS_SECRETS", "secrets"))
    require_private(secrets)
    return Settings(
        base_url=base_url,
        host=environment.get("PSEPHOS_HOST", "127.0.0.1"),
        port=port,
        database_url=value("PSEPHOS_DATABASE_URL", "sqlite:///psephos.db"),
        secrets=secrets,
        name=name,
        authority=authority,
        help_line=value("PSEPHOS_HELP_LINE", "(none)"),
        trusted_proxies=_trusted_proxies(environment, public),
        providers=_providers(environment.get("PSEPHOS_OIDC", "").strip(), secrets, public),
        time_zone=identity_settings.read_time_zone(environment, UnusableSettings),
        assurance=identity_settings.read_assurance(environment, UnusableSettings),
        mail_server=mail_settings.read_mail_settings(environment, value, UnusableSettings),
        mail_domains=mail_settings.read_mail_domains(environment, UnusableSettings),
        similar_model=_folder(environment, "PSEPHOS_SIMILAR_MODEL"),
    )


def require_private(folder: Path) -> None:
    """Refuse a folder of keys that others on this machine can look into. A missing one will be created 0700.

    Raises: UnusableSettings.
    """
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise UnusableSettings(
            f"Others on this machine can look into {folder} (PSEPHOS_SECRETS). Run: chmod 700 {folder}"
        )


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    given = environment.get(name, "").strip()
    if not given:
        return None
    if not Path(given).is_dir():
        raise UnusableSettings(f"{name}: there is no folder {given}.")
    return Path(given)


def _known(name: str) -> bool:
    return name in VARIABLES or name.startswith("PSEPHOS_TEST_")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise UnusableSettings(f"PSEPHOS_PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def _providers(file: str, secrets: Path, public: bool) -> tuple[ProviderConfiguration, ...]:
    if not file:
        return ()
    try:
        return read_providers(Path(file), secrets, public=public)
    except UnusableConfiguration as error:
        raise UnusableSettings(str(error)) from error


def _trusted_proxies(environment: Mapping[str, str], public: bool) -> tuple[Network, ...]:
    """A public server stands behind a proxy, for it speaks no TLS itself. If it did not know that proxy, it would take
    all voters for one network, and the limits for one would hold for all.
    """
    text = environment.get("PSEPHOS_TRUSTED_PROXIES", "").strip()
    host = environment.get("PSEPHOS_HOST", "127.0.0.1")
    if not text and host in DEVELOPMENT_HOSTS:
        return _THIS_MACHINE  # nobody else can connect
    if not text and public:
        raise UnusableSettings(
            "Set PSEPHOS_TRUSTED_PROXIES: the addresses of the proxies in front of this server, which listens on "
            f"{host}. Without them all voters would count as one network."
        )
    if text in ("", "none"):
        return ()
    try:
        found = tuple(ip_network(name.strip()) for name in text.split(","))
    except ValueError as error:
        raise UnusableSettings(
            "PSEPHOS_TRUSTED_PROXIES must be addresses or networks with commas between, "
            f"as 10.0.0.5, 10.1.0.0/16: {error}."
        ) from error
    if any(network.prefixlen == 0 for network in found):
        raise UnusableSettings(
            "PSEPHOS_TRUSTED_PROXIES must not name all addresses: then everybody could claim to be anybody."
        )
    return found


def _is_public(base_url: str) -> bool:
    parts = urlsplit(base_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path
        or parts.query
        or parts.fragment
    ):
        raise UnusableSettings(
            f"PSEPHOS_BASE_URL must be a scheme and a host like https://vote.example.org, not {base_url!r}."
        )
    if parts.hostname in DEVELOPMENT_HOSTS:
        return False
    if parts.scheme != "https":
        raise UnusableSettings(
            "PSEPHOS_BASE_URL must begin with https:// on a public server: "
            "otherwise anyone on the way can change the voting booth."
        )
    return True
