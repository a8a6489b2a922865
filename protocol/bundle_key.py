"""`key.json` of a bundle: what a verification by hand needs besides the openings. Source: PROTOCOL section 10."""

from typing import Literal

from crypto.encoding import encode_int
from protocol.canonical import Record, encode_canonical
from protocol.terms import ElectionTerms
from protocol.text import Base64url, ElectionId


class BundleKey(Record, frozen=True):
    """The modulus, as in the ceremony record."""

    election: ElectionId
    format: Literal["psephos/bundle/v1"]
    n: Base64url


def bundle_key(terms: ElectionTerms) -> BundleKey:
    """The `key.json` that belongs to an election."""
    return BundleKey(
        election=terms.election,
        format="psephos/bundle/v1",
        n=encode_int(terms.record.n, terms.manifest.size.n_bytes),
    )


def encode_bundle_key(key: BundleKey) -> bytes:
    """The one line of the file."""
    return encode_canonical(key) + b"\n"
