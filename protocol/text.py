"""Text and times inside records: bounded, NFC, without control characters; UTC to the second."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from protocol.canonical import Record

Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z")]
ElectionId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
# Not \d, which matches the digits of every script: times are compared as text, and one time has one spelling.
Timestamp = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Base64url = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]*\Z")]

# Controls and bidirectional controls (PROTOCOL section 1): what a reader cannot see must not be signed.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def require_text(value: str, limit_characters: int, name: str) -> None:
    """Raises: ValueError unless `value` is NFC, 1 to `limit_characters` long, free of unseen controls."""
    if not 1 <= len(value) <= limit_characters:
        raise ValueError(f"{name} has {len(value)} characters; 1 to {limit_characters} are allowed")
    if _UNSEEN.search(value):
        raise ValueError(f"{name} holds a control character")
    if unicodedata.normalize("NFC", value) != value:
        raise ValueError(f"{name} is not in Unicode normal form C")


class LocalText(Record, frozen=True):
    """One text in the platform's two languages."""

    en: str
    vi: str

    def require(self, limit_characters: int, name: str) -> None:
        """Raises: ValueError as `require_text`, for either language."""
        require_text(self.en, limit_characters, f"{name} (en)")
        require_text(self.vi, limit_characters, f"{name} (vi)")


def parse_time(text: str) -> datetime:
    """`2026-11-24T12:00:00Z` as an aware UTC time. Raises: ValueError for a day or hour that does not exist."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def format_time(moment: datetime) -> str:
    """An aware time as UTC text, cut to whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
