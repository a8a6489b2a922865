"""The sizes of modulus that an election may have, and the lengths that follow from them."""

from dataclasses import dataclass
from typing import ClassVar

from crypto.errors import UnsupportedParameters


@dataclass(frozen=True)
class KeySize:
    """Length of the modulus n in bits: 3072 by default, 2048 where speed matters more (112-bit security).

    Raises: UnsupportedParameters for every other length; nothing in the product constructs one.
    """

    bits: int

    BITS_2048: ClassVar["KeySize"]
    BITS_3072: ClassVar["KeySize"]

    def __post_init__(self) -> None:
        if self.bits not in (2048, 3072):
            raise UnsupportedParameters(f"A modulus has 2048 or 3072 bits, not {self.bits}.")

    @property
    def n_bytes(self) -> int:
        """Length of an encoded integer modulo n."""
        return (self.bits + 7) // 8

    @property
    def n2_bytes(self) -> int:
        """Length of an encoded integer modulo n²: twice that of n."""
        return 2 * self.n_bytes

    @property
    def blinding_bits(self) -> int:
        """L, the bits of encryption randomness: half the bits of n, rounded up."""
        return (self.bits + 1) // 2


KeySize.BITS_2048 = KeySize(2048)
KeySize.BITS_3072 = KeySize(3072)
