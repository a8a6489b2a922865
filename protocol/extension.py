"""Moving the closing time later: an official act with a name and a reason, within the limit of the manifest.

Source: PROTOCOL sections 3, 4 and 8, "Closing time".
"""

from typing import Literal

from protocol.canonical import Record
from protocol.errors import ProtocolError
from protocol.manifest import Manifest
from protocol.text import Base64url, ElectionId, Timestamp, parse_time, require_text


class Extension(Record, frozen=True):
    """From its leaf on, ballots are taken until before `closes_at`. name: the official who answers for it."""

    closes_at: Timestamp
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/extension/v1"]
    name: str
    reason: str

    def __post_init__(self) -> None:
        parse_time(self.closes_at)
        require_text(self.name, 100, "name")
        require_text(self.reason, 1000, "reason")


class ExtensionRefused(ProtocolError):
    """A new closing time that is too late, not later than the present one, or comes after the closing time."""

    code = "extension-refused"


def require_extension(manifest: Manifest, closes_at: str, wanted: str, moment: str) -> None:
    """Check that at `moment` the closing time may move from `closes_at` to `wanted`. All three: times as in records.

    Raises: ExtensionRefused.
    """
    if moment >= closes_at:
        raise ExtensionRefused(f"Voting ended at {closes_at}: what has ended is not extended.")
    if wanted <= closes_at:
        raise ExtensionRefused(f"Voting ends at {closes_at} already; it can only be moved to a later time.")
    if wanted > manifest.latest_closes_at:
        raise ExtensionRefused(
            f"The terms of this election let it be moved to {manifest.latest_closes_at} at the latest."
            if manifest.extension_seconds
            else "The terms of this election do not let its closing time be moved."
        )
