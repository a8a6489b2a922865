"""What a petition says, as a record: whoever signs binds the signature to the digest of one of these."""

from typing import Annotated, Final, Literal

import msgspec

from crypto.transcript import tuple_hash
from protocol.canonical import Record, encode_canonical
from protocol.text import Identifier

ACTION_CHARACTERS: Final = 80
BACKGROUND_CHARACTERS: Final = 500
DETAILS_CHARACTERS: Final = 1_000
PETITION_ID_BYTES: Final = 8

PetitionId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]


class PetitionTextRecord(Record, frozen=True, kw_only=True):
    """`psephos/petition-text/v1`: one version of a petition, with whom it asks and for which area.

    area: None for the whole territory.  language: `both` where the words themselves are in both languages.
    """

    action: Annotated[str, msgspec.Meta(min_length=1, max_length=ACTION_CHARACTERS)]
    area: Identifier | None
    background: Annotated[str, msgspec.Meta(min_length=1, max_length=BACKGROUND_CHARACTERS)]
    body: Identifier
    details: Annotated[str, msgspec.Meta(max_length=DETAILS_CHARACTERS)]
    format: Literal["psephos/petition-text/v1"] = "psephos/petition-text/v1"
    language: Literal["en", "vi", "both"]
    petition: PetitionId
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]

    @property
    def digest(self) -> bytes:
        """32 bytes that no other text, body, area or petition has."""
        return tuple_hash("petition-text", [encode_canonical(self)])
