"""Powers of one base that never changes: a table of windows instead of a general exponentiation.

Secrecy of the exponents: the table is indexed by windows of a secret exponent, in Python, with numbers whose
products take slightly different times. **This is not constant-time**, and no table in Python can be. What
runs beside it on the same machine and watches caches could learn digits; what sees only the length of an
answer over a network could at most learn the length of a uniformly random number. Encryption for a voter
belongs on the voter's own device, for this reason among others; secret *shares* of trustees never pass
through here (`crypto.numbers.powmod_secret` serves them).
"""

from crypto.errors import OutOfRange
from crypto.numbers import mpz, powmod_secret

# Six bits: at 3072 bits a table modulo n² has about 330 rows of 64 numbers, 16 MB, and is built in 0.2 s.
# Seven bits would save 14 % of each power for twice the memory.
WINDOW_BITS = 6


class FixedBase:
    """base^e mod modulus for many e.

    bits: exponents below 2^bits cost one multiplication for each window of `WINDOW_BITS` bits; a longer one
    is still answered rightly, its high part by a general exponentiation. Memory: bits / 6 · 64 numbers.
    """

    def __init__(self, base: int, modulus: int, bits: int) -> None:
        self.modulus = mpz(modulus)
        row_count = -(-bits // WINDOW_BITS)
        self.bits = row_count * WINDOW_BITS
        rows: list[tuple[int, ...]] = []
        step = mpz(base) % self.modulus
        for _ in range(row_count):
            row = [mpz(1), step]
            for _ in range((1 << WINDOW_BITS) - 2):
                row.append(row[-1] * step % self.modulus)
            rows.append(tuple(row))
            step = row[-1] * step % self.modulus
        self._rows = tuple(rows)
        self._beyond = step  # base^(2^bits)

    def power(self, exponent: int) -> int:
        """base^exponent mod modulus, as gmpy2's integer. Raises: OutOfRange for a negative exponent."""
        if exponent < 0:
            raise OutOfRange("A fixed base is raised to exponents from 0 upwards only.")
        modulus = self.modulus
        high, low = divmod(mpz(exponent), mpz(1) << self.bits)
        result = powmod_secret(self._beyond, high, modulus) if high else mpz(1)
        mask = (1 << WINDOW_BITS) - 1
        for row in self._rows:
            if not low:
                break
            result = result * row[low & mask] % modulus
            low >>= WINDOW_BITS
        return result
