"""Ed25519 (RFC 8032) with one verdict: a signature is good everywhere or nowhere.

Libraries disagree on keys and R with a part of small order: cofactored verifiers multiply that part away,
cofactorless ones do not, and some accept S = ℓ or a second spelling of a point. So:

* a key counts only if its encoding is canonical and it lies in the subgroup of prime order ℓ, without the
  neutral element (`require_sound_public_key`);
* S < ℓ, and R must be, byte for byte, the encoding of S·B − k·A.

With A and B in the subgroup, S·B − k·A lies in it too and `_encode` writes the one canonical spelling. The
byte comparison therefore also shows that R is canonical and has no part of small order; no separate check
of R is needed. For signatures accepted here the cofactored and the cofactorless equation agree, because
8 is invertible modulo ℓ.

`Cryptodome.Signature.eddsa` verifies with the cofactor and lets S = ℓ pass; only the library's points are used, to
verify. Signing leaves no choice, and is OpenSSL's: in constant time, and a twentieth of what the other takes.
An implementation on noble-curves must pass `zip215: false` and additionally require that R is torsion-free
(its check is cofactored as well); `tests/vectors/signature.json` has a case for each difference.
"""

import hashlib
from typing import Final, final

from Cryptodome.PublicKey import ECC
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.errors import CryptoError, MalformedEncoding
from crypto.numbers import powmod

SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

FIELD_PRIME: Final = 2**255 - 19
GROUP_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""ℓ, the prime order of the base point."""

_BASE: Final = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
_D: Final = 37095705934669439343138083508754565189542113879843219016388785533085940283555
_SQRT_MINUS_ONE: Final = powmod(2, (FIELD_PRIME - 1) // 4, FIELD_PRIME)


class UnsoundPublicKey(CryptoError):
    """Bytes that are not an Ed25519 public key on whose signatures all verifiers agree."""

    code = "unsound-public-key"

    def __init__(self, fault: str) -> None:
        super().__init__(f"This is not an acceptable Ed25519 public key: {fault}")


class SignatureFailed(CryptoError):
    """A signature that does not belong to this key and message."""

    code = "signature-failed"

    def __init__(self, fault: str) -> None:
        super().__init__(f"The signature is not valid: {fault}")


@final
class SigningKey:
    """A private Ed25519 key. Neither `repr` nor an error message shows its seed."""

    __slots__ = ("_key", "public_key")

    public_key: bytes
    """32 bytes, RFC 8032 encoding. Sound by construction: a multiple of the base point."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public_key = key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of RFC 8032, section 5.1.5. seed: 32 secret bytes. Raises: MalformedEncoding."""
        if len(seed) != SEED_BYTES:
            raise MalformedEncoding(f"A signing key's seed has {SEED_BYTES} bytes, not {len(seed)}.")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, message: bytes) -> bytes:
        """64 bytes, deterministic (RFC 8032, section 5.1.6)."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(public_key={self.public_key.hex()})"


def require_sound_public_key(public_key: bytes) -> None:
    """Check that `public_key` is canonical, of prime order, and not the neutral element.

    Raises: UnsoundPublicKey.
    """
    _sound_coordinates(public_key)


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check that the owner of `public_key` signed exactly `message`.

    Signed messages of the protocol are 32-byte tuple hashes under a purpose, or checkpoint notes.
    Raises: UnsoundPublicKey, SignatureFailed (length, S not below ℓ, or R ≠ S·B − k·A).
    """
    x, y = _sound_coordinates(public_key)
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureFailed(f"it has {len(signature)} bytes instead of {SIGNATURE_BYTES}.")
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    if scalar >= GROUP_ORDER:
        raise SignatureFailed("its second half is not below the group's order.")
    digest = hashlib.sha512(commitment + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % GROUP_ORDER
    result = _multiple(*_BASE, scalar)
    result += _multiple(FIELD_PRIME - x, y, challenge)
    if _encode(result) != commitment:
        raise SignatureFailed("it was made with another key or for other content.")


def _sound_coordinates(public_key: bytes) -> tuple[int, int]:
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise UnsoundPublicKey(f"it has {len(public_key)} bytes instead of {PUBLIC_KEY_BYTES}.")
    number = int.from_bytes(public_key, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= FIELD_PRIME:
        raise UnsoundPublicKey("its coordinate is not below 2^255 − 19.")
    if y in (0, 1, FIELD_PRIME - 1):
        # Order 4, 1 and 2: points on an axis, which the library does not construct; for the latter two (x = 0)
        # there is also a spelling with the sign bit set.
        raise UnsoundPublicKey("the point has small order.")
    x = _recover_x(y)
    if x is None:
        raise UnsoundPublicKey("it is not a point of the curve.")
    if x & 1 != sign:
        x = FIELD_PRIME - x
    # Not `is_point_at_infinity`: the library asks only for x = 0, which the point of order 2 has as well.
    if _multiple(x, y, GROUP_ORDER).xy != (0, 1):
        raise UnsoundPublicKey("the point has a part of small order.")
    return x, y


def _recover_x(y: int) -> int | None:
    """RFC 8032, section 5.1.3: a square root of (y² − 1) / (d·y² + 1), if there is one."""
    u, v = (y * y - 1) % FIELD_PRIME, (_D * y * y + 1) % FIELD_PRIME
    root = u * v**3 * powmod(u * v**7 % FIELD_PRIME, (FIELD_PRIME - 5) // 8, FIELD_PRIME) % FIELD_PRIME
    for candidate in (root, root * _SQRT_MINUS_ONE % FIELD_PRIME):
        if v * candidate * candidate % FIELD_PRIME == u:
            return int(candidate)
    return None


def _multiple(x: int, y: int, scalar: int) -> ECC.EccPoint:
    # In place, on a point made for it: the library's `*` first copies the point, which costs as much again.
    point = ECC.EccPoint(x, y, "Ed25519")
    point *= scalar
    return point


def _encode(point: ECC.EccPoint) -> bytes:
    """RFC 8032, section 5.1.2: y in 255 bits little-endian, then the lowest bit of x."""
    x, y = point.xy
    return (int(y) | (int(x) & 1) << 255).to_bytes(32, "little")
