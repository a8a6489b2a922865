"""An election as an official writes it down: a TOML file, without the parts that the server adds.

Added by the server: the election's id, its log and its keys. Everything else is what PROTOCOL section 4 says.
"""

import tomllib
from datetime import datetime
from typing import Any

import msgspec

from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.manifest import STRICT_SMALL_AREAS, Manifest, decode_manifest
from protocol.text import format_time
from voting.preparation import log_origin
from voting.server_keys import ElectionKeys

FILE_BYTES_MAX = 1_000_000
SERVER_FIELDS = frozenset({"election", "format", "log_key", "log_origin", "server_key"})
DEFAULTS: dict[str, Any] = {
    "areas": [{"id": "all", "name": {"en": "All voters", "vi": "Tất cả cử tri"}}],
    "bits": 3072,
    "ceremony": "separate-machines",
    "documents": [],
    "extension_seconds": 0,
    "objection_seconds": 3600,
    "promise_seconds": 60,
    "quorum": None,
    "registrar_key": None,
    "rehearsal": False,
    "revoting": True,
    "sign_in": "none",
    "small_areas": msgspec.to_builtins(STRICT_SMALL_AREAS),
    "witnesses": [],
}
"""What may be left out of the file."""


class ManifestFileUnusable(Exception):
    """The file cannot be turned into a manifest; the sentence says what to mend."""


def parse_manifest(data: bytes) -> dict[str, Any]:
    """The fields that the file sets, defaults filled in, times in UTC.

    Raises: ManifestFileUnusable for what is not TOML or sets a field of the server.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise ManifestFileUnusable("The file begins with a byte order mark. Save it as UTF-8 without one.")
    try:
        fields = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # ValueError: not UTF-8, not TOML, a number of 5000 digits
        raise ManifestFileUnusable(f"This is not a TOML file: {error}.") from error
    if forbidden := sorted(SERVER_FIELDS & fields.keys()):
        raise ManifestFileUnusable(f"{forbidden[0]} is set by the server. Take it out of the file.")
    return {**DEFAULTS, **{name: _in_utc(name, value) for name, value in fields.items()}}


def _in_utc(name: str, value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ManifestFileUnusable(f"{name} has no time zone. Write it as 2026-11-29T20:00:00+07:00.")
    try:
        return format_time(value)
    except OverflowError as error:
        raise ManifestFileUnusable(f"{name} lies before the first year or after the last one.") from error


def complete_manifest(fields: dict[str, Any], election: str, keys: ElectionKeys, site: str) -> Manifest:
    """The manifest, with what the server adds.

    Raises: ManifestFileUnusable naming the field; ManifestInvalid for one of the manifest's own limits.
    """
    whole = {
        **fields,
        "election": election,
        "format": "psephos/manifest/v1",
        "log_key": encode_base64url(keys.log.public_key),
        "log_origin": log_origin(site, election),
        "server_key": encode_base64url(keys.server.public_key),
    }
    if whole["witnesses"]:
        raise ManifestFileUnusable(
            "This server cannot collect witnesses' cosignatures yet: name no witnesses."
        )
    try:
        manifest = msgspec.convert(whole, Manifest)
    except msgspec.ValidationError as error:
        raise ManifestFileUnusable(f"The file cannot become a manifest: {error}.") from error
    return decode_manifest(encode_canonical(manifest))
