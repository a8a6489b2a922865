"""A trustee's answer with a proof that it used the share behind its verification key.

The opening itself needs no proof. The proof says *who* cheated when exactly t trustees answer.
Source: docs/KEY-CEREMONY.md, "Proof of a partial opening"; Shoup 2000, section 3.
"""

import secrets
from dataclasses import dataclass

from crypto.encoding import int_to_bytes
from crypto.errors import CryptoError
from crypto.hashed_elements import modulus_bytes, verification_base
from crypto.key_record import KeyShare, PublicKeyRecord, share_bits
from crypto.numbers import gcd, mpz, powmod, powmod_secret
from crypto.opening import answer, require_ciphertext
from crypto.transcript import tuple_hash, u32

CHALLENGE_BITS = 256
_SLACK_BITS = 128
# A response has at most share_bits + 256 + 128 + 1 bits.
_RESPONSE_SPARE_BYTES = 105


class PartialOpeningFailed(CryptoError):
    """Trustee `trustee`'s answer does not come with a valid proof."""

    def __init__(self, trustee: int, reason: str) -> None:
        super().__init__(f"Trustee {trustee}'s partial opening fails: {reason}")
        self.trustee = trustee


@dataclass(frozen=True)
class PartialOpening:
    """x = x_j; `challenge` below 2^256; `response` a non-negative integer of at most `response_bytes`
    bytes.
    """

    x: int
    challenge: int
    response: int


def response_bytes(n: int) -> int:
    """Fixed length of an encoded response."""
    return modulus_bytes(n) + _RESPONSE_SPARE_BYTES


def open_partially(
    record: PublicKeyRecord, share: KeyShare, ciphertext: int, context: bytes
) -> PartialOpening:
    """Answer `ciphertext` and prove log_v(v_j) = log_{x^4}(x_j²), both s_j.

    nonce r: uniform below 2^(share_bits + 384).  e = the challenge over the whole statement and (v^r,
    x^(4r)). z = r + e·s_j over the integers. s_j may be negative: a negative z (chance below 2^-128) starts
    again with a new nonce, so that responses are never negative and hide s_j within 2^-127. context: what
    the answer is for; a proof is valid for it alone.
    Raises: OutOfRange (C).
    """
    n = mpz(record.n)
    x_j = answer(record, share, ciphertext)
    v = verification_base(record.n)
    x4 = powmod(ciphertext % n, 4, n)
    while True:
        nonce = secrets.randbits(share_bits(record.n) + CHALLENGE_BITS + _SLACK_BITS)
        commitments = (powmod_secret(v, nonce, n), powmod_secret(x4, nonce, n))
        challenge = _challenge(record, share.index, ciphertext, x_j, commitments, context=context)
        response = nonce + challenge * share.share
        if response >= 0:
            return PartialOpening(x=x_j, challenge=challenge, response=response)


def verify_partial_opening(
    record: PublicKeyRecord, trustee: int, ciphertext: int, partial: PartialOpening, context: bytes
) -> None:
    """Check trustee's proof: e = challenge(…, v^z·v_j^(-e), x^(4z)·x_j^(-2e)).

    Sound up to the sign of x_j (harmless: it is squared) and up to elements of small order, which nobody
    finds without the factors (low-order assumption). Cost: two powers to z and two to e modulo n.
    Raises: PartialOpeningFailed (existence, ranges before any power, unit, equation), OutOfRange (C).
    """
    n = mpz(record.n)
    require_ciphertext(record.n, ciphertext)
    if not 1 <= trustee <= record.trustees:
        raise PartialOpeningFailed(trustee, "there is no such trustee.")
    if not 1 <= partial.x < n or gcd(partial.x, n) != 1:
        raise PartialOpeningFailed(trustee, "the answer is not a unit between 1 and n - 1.")
    if partial.challenge < 0 or partial.challenge.bit_length() > CHALLENGE_BITS:
        raise PartialOpeningFailed(trustee, "the challenge does not have 256 bits.")
    if partial.response < 0 or partial.response.bit_length() > 8 * response_bytes(record.n):
        raise PartialOpeningFailed(trustee, "the response is negative or too long.")
    v, v_j = verification_base(record.n), record.verification_keys[trustee - 1]
    x4 = powmod(ciphertext % n, 4, n)
    commitments = (
        powmod(v, partial.response, n) * powmod(v_j, -partial.challenge, n) % n,
        powmod(x4, partial.response, n) * powmod(partial.x, -2 * partial.challenge, n) % n,
    )
    if _challenge(record, trustee, ciphertext, partial.x, commitments, context=context) != partial.challenge:
        raise PartialOpeningFailed(trustee, "it was not made with the share behind the verification key.")


def _challenge(
    record: PublicKeyRecord,
    trustee: int,
    ciphertext: int,
    x_j: int,
    commitments: tuple[int, int],
    *,
    context: bytes,
) -> int:
    length = modulus_bytes(record.n)
    statement = [
        context,
        int_to_bytes(record.n, length),
        u32(trustee),
        int_to_bytes(verification_base(record.n), length),
        int_to_bytes(record.verification_keys[trustee - 1], length),
        int_to_bytes(ciphertext, 2 * length),
        int_to_bytes(x_j, length),
        *(int_to_bytes(int(value), length) for value in commitments),
    ]
    return int.from_bytes(tuple_hash("partial-opening", statement, CHALLENGE_BITS // 8), "big")
