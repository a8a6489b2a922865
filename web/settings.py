"""Settings of the server, all from environment variables `PSEPHOS_*`, read once and checked before anything starts."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from web.i18n import Text

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
    )


def require_private(folder: Path) -> None:
    """Refuse a folder of keys that others on this machine can look into. A missing one will be created 0700.

    Raises: UnusableSettings.
    """
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise UnusableSettings(
            f"Others on this machine can look into {folder} (PSEPHOS_SECRETS). Run: chmod 700 {folder}"
        )


def _known(name: str) -> bool:
    return name in VARIABLES or name.startswith("PSEPHOS_TEST_")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise UnusableSettings(f"PSEPHOS_PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


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
