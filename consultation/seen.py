"""What somebody saw when a form was shown to them, in a few letters that the form sends back.

Two officials may have the same form open. Whoever sends theirs second would overwrite what they have never read; so the
verb compares, under its lock, what stands there with what the form had shown.
"""

from typing import Final

from consultation.errors import ChangedMeanwhile
from crypto.encoding import encode_base64url
from crypto.transcript import tuple_hash

_BYTES: Final = 16


def seen_of(*parts: object) -> str:
    """Letters that change with any of these parts, each of which is told by its `str`."""
    return encode_base64url(tuple_hash("consultation-seen", [str(part).encode() for part in parts])[:_BYTES])


def require_seen(seen: str, stands: str) -> None:
    """Raises: ChangedMeanwhile when the form had shown something else."""
    if seen != stands:
        raise ChangedMeanwhile
