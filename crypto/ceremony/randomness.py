"""A party's secret numbers, expanded from seeds that the operating system gave.

One seed per candidate (and per pair and candidate): a candidate can later be opened to an audit without
opening another.
"""

from crypto.ceremony.parameters import SEED_BYTES
from crypto.numbers import gcd
from crypto.transcript import tuple_hash, u32

# Spare bytes before reduction: uniform within 2^-128.
_SPARE_BYTES = 16
_BLOCK_BYTES = 1024


def derive_seeds(seed: bytes, purpose: str, first: int, count: int) -> list[bytes]:
    """`count` seeds for candidates first, first + 1, …: one hash of `seed` for the whole batch."""
    output = tuple_hash(purpose, [seed, u32(first), u32(count)], count * SEED_BYTES)
    return [output[i : i + SEED_BYTES] for i in range(0, len(output), SEED_BYTES)]


class Draw:
    """Numbers read one after the other from the expansion of a 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._block = 0
        self._buffer = b""

    def below(self, limit: int) -> int:
        """Uniform in [0, limit) within 2^-128."""
        return int.from_bytes(self._take((limit.bit_length() + 7) // 8 + _SPARE_BYTES), "big") % limit

    def bits(self, count: int) -> int:
        """Uniform in [0, 2^count)."""
        return int.from_bytes(self._take((count + 7) // 8), "big") & ((1 << count) - 1)

    def unit(self, modulus: int) -> int:
        """Uniform among the units modulo `modulus`: the first draw that is one."""
        while True:
            value = self.below(modulus)
            if gcd(value, modulus) == 1:
                return value

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += tuple_hash("ceremony-draw", [self._seed, u32(self._block)], _BLOCK_BYTES)
            self._block += 1
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


class ZeroSharing:
    """Shares of zero that cost no message: the pair keys of one party.

    z_i = Σ_{j>i} G(k_ij) - Σ_{j<i} G(k_ij), so that Σ z_i = 0. Each (candidate or attempt) number is used
    once.
    """

    def __init__(self, index: int, pair_keys: dict[int, bytes]) -> None:
        self._index = index
        self._pair_keys = pair_keys

    def batch(self, first: int, count: int, moduli: tuple[int, ...]) -> list[tuple[int, ...]]:
        """For each candidate first, first + 1, … a share of zero modulo each of `moduli`."""
        return self._shares("ceremony-zero-candidate", first, count, moduli)

    def single(self, attempt: int, modulus: int) -> int:
        """A share of zero for the opening of the inverse, number `attempt`."""
        return self._shares("ceremony-zero-inverse", attempt, 1, (modulus,))[0][0]

    def _shares(self, purpose: str, first: int, count: int, moduli: tuple[int, ...]) -> list[tuple[int, ...]]:
        totals = [[0] * len(moduli) for _ in range(count)]
        for peer, key in self._pair_keys.items():
            for total, seed in zip(totals, derive_seeds(key, purpose, first, count), strict=True):
                draw = Draw(seed)
                for position, modulus in enumerate(moduli):
                    value = draw.below(modulus)
                    total[position] += value if peer > self._index else -value
        return [tuple(v % modulus for v, modulus in zip(total, moduli, strict=True)) for total in totals]
