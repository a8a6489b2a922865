"""Who makes a key together, of which size, and the constants of the search that follow.

Source: docs/KEY-CEREMONY.md, "Constants". The sieve is capped at a quarter of a prime's bits: a cheater can
learn, even choose, p modulo the sieve's product M, and factoring with a known residue (Coppersmith) needs
half the bits.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, comb, factorial, gcd, log, prod

from crypto.errors import OutOfRange, UnsupportedParameters
from crypto.key_record import require_supported
from crypto.key_size import KeySize
from crypto.numbers import is_prime
from crypto.transcript import tuple_hash, u32

SESSION_BYTES = 32
SEED_BYTES = 32

# How many batches a search is expected to take: fewer cost rounds, more waste the work of the last batch.
_BATCHES_EXPECTED = 12

# exp(γ): Mertens' theorem, the density of integers without a prime factor up to B is 1 / (exp(γ)·ln B).
_EXP_GAMMA = 1.781072


@dataclass(frozen=True)
class CeremonyParameters:
    """size of the modulus; N trustees, t of whom open; session: 32 bytes that name this ceremony.

    Raises: UnsupportedParameters (anything but t = 2 and 3 ≤ N ≤ 10), OutOfRange (session).
    """

    size: KeySize
    trustees: int
    threshold: int
    session: bytes

    def __post_init__(self) -> None:
        require_supported(self.trustees, self.threshold)
        if self.trustees == 1:
            raise UnsupportedParameters("A single trustee makes a key alone; a ceremony needs at least 3.")
        if len(self.session) != SESSION_BYTES:
            raise OutOfRange(f"A ceremony is named by {SESSION_BYTES} bytes.")

    @property
    def parties(self) -> range:
        """The trustees' numbers, 1 … N."""
        return range(1, self.trustees + 1)

    @property
    def dealers(self) -> range:
        """Parties 1 … t, whose units are multiplied in the sieve: at least one of them is honest."""
        return range(1, self.threshold + 1)

    @property
    def delta(self) -> int:
        """Δ = N!."""
        return factorial(self.trustees)

    @property
    def prime_bits(self) -> int:
        """l: bits of each prime."""
        return self.size.bits // 2

    @cached_property
    def residue_modulus(self) -> int:
        """T: 8 times the odd primes up to N. Both primes are -1 modulo T, hence 3 modulo 4."""
        return 8 * prod(r for r in range(3, self.trustees + 1) if is_prime(r))

    @cached_property
    def sieve_primes(self) -> tuple[int, ...]:
        """The primes above max(N, 3), as many as keep their product M within 2^(l/4)."""
        cap = 1 << (self.prime_bits // 4)
        primes: list[int] = []
        product, r = 1, max(self.trustees, 3) + 1
        while True:
            if is_prime(r):
                product *= r
                if product > cap:
                    return tuple(primes)
                primes.append(r)
            r += 1

    @cached_property
    def sieve_product(self) -> int:
        """M. Candidates are units modulo M by construction."""
        return prod(self.sieve_primes)

    @cached_property
    def step(self) -> int:
        """M' = T·M: what a party's free part r_j is multiplied by."""
        return self.residue_modulus * self.sieve_product

    @cached_property
    def offset(self) -> int:
        """C: the smallest multiple of M' that is at least 3·2^(l-2). It sets the top bits of each prime."""
        return -(-(3 << (self.prime_bits - 2)) // self.step) * self.step

    @cached_property
    def free_range(self) -> int:
        """R0: each party's r_j is below it, so that the sum of all parts stays below 2^l."""
        return ((1 << self.prime_bits) - self.offset) // (self.trustees * self.step)

    @cached_property
    def product_ring(self) -> int:
        """Q = 2^k - 1, k ≥ bits(n) + 3, coprime to N!: where p, q and n are shared."""
        return mersenne_ring(self.size.bits + 3, self.trustees)

    @cached_property
    def trial_limit(self) -> int:
        """L: candidates with a prime factor up to L are dropped before the costly test. Measured optimum
        per size.
        """
        for below, limit in ((1024, 10**5), (2048, 10**6), (3072, 3 * 10**6)):
            if self.size.bits < below:
                return limit
        return 10**7

    @cached_property
    def candidates_expected(self) -> int:
        """Mean number of candidates: 1 over the chance that two sieved numbers of l bits are both prime."""
        density = _EXP_GAMMA * log(self.sieve_primes[-1]) / (self.prime_bits * log(2))
        return ceil(1 / density**2)

    @cached_property
    def batch_size(self) -> int:
        """K: candidates made at a time, a multiple of N so that the roles are even."""
        return ceil(self.candidates_expected / (_BATCHES_EXPECTED * self.trustees)) * self.trustees

    @property
    def lambda_bits(self) -> int:
        """Each λ_i: λ_i·φ is uniform modulo n within 2^-128."""
        return self.size.bits + 128

    @property
    def mask_bits(self) -> int:
        """Each R_i: drowns the quotient of λ·φ by n."""
        return self.size.bits + 256 + self.trustees.bit_length() + 2

    @property
    def coefficient_bits(self) -> int:
        """Each c_i of an integer sharing: hides Δ·R_i within 2^-128."""
        return self.mask_bits + self.delta.bit_length() + self.threshold.bit_length() + 128

    @property
    def integer_share_bits(self) -> int:
        """Bound on one dealer's integer share Δ·R_i + c_i·j."""
        return self.coefficient_bits + self.trustees.bit_length() + 1

    @property
    def inverse_bits(self) -> int:
        """Bound on F = λ·φ + n·R."""
        return self.size.bits + self.mask_bits + self.trustees.bit_length() + 1

    @cached_property
    def inverse_ring(self) -> int:
        """Q2 = 2^k - 1 above Δ·F, coprime to N!."""
        return mersenne_ring(self.inverse_bits + self.delta.bit_length() + 1, self.trustees)

    def lagrange(self, party: int) -> int:
        """The coefficient at 0 of point `party` among all N points: (-1)^(j-1)·binomial(N, j), an integer."""
        return comb(self.trustees, party) * (1 if party % 2 else -1)

    def role(self, number: int) -> int:
        """The party that carries the constants of candidate `number`: it rotates, to balance the load."""
        return 1 + number % self.trustees

    def digest(self) -> bytes:
        """What every agreement and commitment of this ceremony descends from."""
        counts = (self.size.bits, self.trustees, self.threshold)
        return tuple_hash("ceremony-parameters", [self.session, *(u32(count) for count in counts)])


def mersenne_ring(bits: int, trustees: int) -> int:
    """2^k - 1 for the smallest k ≥ bits with gcd(2^k - 1, N!) = 1: Lagrange coefficients exist modulo it."""
    while gcd((1 << bits) - 1, factorial(trustees)) != 1:
        bits += 1
    return (1 << bits) - 1
