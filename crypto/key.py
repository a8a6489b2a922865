"""The election's public key: one Paillier modulus, a base that nobody chose, and encryption under them.

Source: docs/PROTOCOL.md, sections 1 and 5. Paillier 1999 for the scheme; the base of
n-th residues with a short exponent follows Damgård, Jurik and Nielsen 2010.
"""

from dataclasses import dataclass
from functools import cached_property

from crypto.encoding import int_to_bytes
from crypto.errors import OutOfRange
from crypto.fixed_base import FixedBase
from crypto.key_size import KeySize
from crypto.numbers import gcd, mpz, powmod
from crypto.transcript import tuple_hash, u32

CHALLENGE_BITS = 256
"""T: the length of a challenge."""

SLACK_BITS = 128
"""κ: how much longer a mask is than what it hides."""

# Products of up to 2^16 ciphertexts are proved with tables alone; a larger product costs one general
# exponentiation.
_TABLE_MARGIN_BITS = 16 + 2

_HEX_DIGITS = frozenset("0123456789abcdef")


def mask_bits(size: KeySize, ciphertexts: int = 1) -> int:
    """ℓ = L + T + κ + ⌈log2 ciphertexts⌉: bits of the mask of a proof about a product of `ciphertexts`
    ciphertexts."""
    if ciphertexts < 1:
        raise OutOfRange("A proof is about a product of at least one ciphertext.")
    return size.blinding_bits + CHALLENGE_BITS + SLACK_BITS + (ciphertexts - 1).bit_length()


@dataclass(frozen=True)
class ElectionKey:
    """n, n², and the bases h (modulo n) and H = h^n (modulo n²) of one election.

    Made by `derive` only: whoever could choose h freely could choose one of small order. `election` is the
    election's identifier, 32 hexadecimal digits. Two keys are equal when their numbers are; the tables are
    not part of the value and do not travel with it to another process.
    """

    size: KeySize
    n: int
    n2: int
    election: str
    h: int
    H: int

    @classmethod
    def derive(cls, n: int, election: str, size: KeySize) -> "ElectionKey":
        """The key of `election` over the modulus n, whose factors need not be known to anybody.

        That n is a good modulus is a check of its own (its n-th and square roots); here only its length and
        oddness are looked at. Raises: OutOfRange.
        """
        if n.bit_length() != size.bits or n % 2 == 0:
            raise OutOfRange(f"The modulus must be an odd number of exactly {size.bits} bits.")
        h = derive_base(n, election, size)
        n2 = n * n
        return cls(size=size, n=int(n), n2=int(n2), election=election, h=h, H=int(powmod(h, n, n2)))

    def __reduce__(self) -> tuple[type["ElectionKey"], tuple[KeySize, int, int, str, int, int]]:
        return ElectionKey, (self.size, self.n, self.n2, self.election, self.h, self.H)

    @cached_property
    def h_table(self) -> FixedBase:
        """Powers of h modulo n, built at the first use."""
        return FixedBase(self.h, self.n, mask_bits(self.size) + _TABLE_MARGIN_BITS)

    @cached_property
    def H_table(self) -> FixedBase:
        """Powers of H modulo n², built at the first use."""
        return FixedBase(self.H, self.n2, mask_bits(self.size) + _TABLE_MARGIN_BITS)

    def encrypt(self, value: int, r: int) -> int:
        """Enc(value; r) = (1 + value·n) · H^r mod n².

        value: 0 ≤ value < n.  r: 0 ≤ r < 2^L, uniform, used once (`crypto.ballot_seed`).
        Any Paillier software reads the answer: it is the encryption of `value` with the randomness h^r mod n.
        Raises: OutOfRange, which never repeats the number.
        """
        if not 0 <= value < self.n:
            raise OutOfRange("The plaintext must lie between 0 and n - 1.")
        if r < 0 or r.bit_length() > self.size.blinding_bits:
            raise OutOfRange(f"The encryption randomness must have at most {self.size.blinding_bits} bits.")
        return int((1 + mpz(value) * self.n) * self.H_table.power(r) % self.n2)


def derive_base(n: int, election: str, size: KeySize) -> int:
    """h = −x² mod n for the first unit x that the hash of (n, election, counter) gives.

    −x² with n ≡ 1 (mod 4) and both primes ≡ 3 (mod 4) has Jacobi symbol 1 and is no square: such elements
    generate, up to a small unknown index, the group of Jacobi symbol 1. Raises: OutOfRange when `election` is
    not spelt as 32 lower-case hexadecimal digits.
    """
    if len(election) != 32 or not _HEX_DIGITS.issuperset(election):
        raise OutOfRange("An election is named by 32 lower-case hexadecimal digits.")
    counter = 0
    while True:
        items = [int_to_bytes(n, size.n_bytes), election.encode("ascii"), u32(counter)]
        x = int.from_bytes(tuple_hash("base", items, size.n_bytes + 16), "big") % n
        if x != 0 and gcd(x, n) == 1:
            return int(-x * x % n)
        counter += 1
