"""Write credential.json: `python -m tests.vectors.make_credential`."""

import hashlib
import hmac
from typing import Any

from crypto.credential import credential_of
from crypto.display_code import alias
from crypto.transcript import tuple_hash
from crypto.voting_code import VotingCode
from tests.vectors.files import write_vectors

CODES = ("0" * 26, "01JQ7ZK4M8N2P5R9TVWXYABCDE", "Z" * 26)
ELECTIONS = ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdee")


def hkdf_seed(data: str, election: str) -> bytes:
    """RFC 5869 with one output block, written out: extract, then expand."""
    extracted = hmac.digest(election.encode("ascii"), data.encode("ascii"), hashlib.sha256)
    return hmac.digest(extracted, b"psephos/v1/credential\x01", hashlib.sha256)


def vectors() -> dict[str, Any]:
    cases: list[dict[str, Any]] = []
    for data in CODES:
        for election in ELECTIONS:
            key = credential_of(VotingCode(data), election)
            message = tuple_hash("sign", [b"ballot", bytes(32)])
            cases.append(
                {
                    "id": f"code-{CODES.index(data)}-election-{ELECTIONS.index(election)}",
                    "result": "valid",
                    "written": VotingCode(data).written,
                    "election": election,
                    "seed": hkdf_seed(data, election).hex(),
                    "public_key": key.public_key.hex(),
                    "alias": alias(key.public_key),
                    "message": message.hex(),
                    "signature": key.sign(message).hex(),
                }
            )
    return {
        "format": "psephos/credential/v1",
        "spec": "docs/PROTOCOL.md, section 2",
        "made_by": "tests/vectors/make_credential.py",
        "note": "message = H_sign('ballot', 32 zero bytes)",
        "cases": cases,
    }


if __name__ == "__main__":
    write_vectors("credential", vectors())
