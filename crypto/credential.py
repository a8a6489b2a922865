"""From the voting code to the voter's signing key."""

from typing import Final, cast

from Cryptodome.Hash import SHA256
from Cryptodome.Protocol.KDF import HKDF

from crypto.errors import MalformedEncoding
from crypto.signature import SEED_BYTES, SigningKey
from crypto.voting_code import VotingCode

INFO: Final = b"psephos/v1/credential"


def credential_seed(code: VotingCode, election_id: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of the ASCII of the 26 data symbols, salt = the election id in ASCII,
    info = "psephos/v1/credential", 32 bytes. No stretching: the code has 130 random bits.

    Raises: MalformedEncoding when the election id is empty or not ASCII.
    """
    if not election_id or not election_id.isascii():
        raise MalformedEncoding("An election id is a non-empty ASCII text.")
    seed = HKDF(code.data.encode("ascii"), SEED_BYTES, election_id.encode("ascii"), SHA256, context=INFO)
    return cast(bytes, seed)


def credential_of(code: VotingCode, election_id: str) -> SigningKey:
    """The Ed25519 key whose public half stands on the roll of this election. Raises: as `credential_seed`."""
    return SigningKey.from_seed(credential_seed(code, election_id))
