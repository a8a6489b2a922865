"""Moduli that are too small for any election: the only door to them, and it stands outside the product."""

from dataclasses import dataclass

from crypto.key_size import KeySize


@dataclass(frozen=True)
class SmallKeySize(KeySize):
    """At least 768 bits: below that a 256-bit challenge proves nothing, and soundness tests lie."""

    def __post_init__(self) -> None:
        if self.bits < 768 or self.bits % 16:
            raise ValueError("A test modulus has at least 768 bits, a multiple of 16.")


@dataclass(frozen=True)
class CeremonyTestKeySize(KeySize):
    """At least 512 bits: for the arithmetic of key generation and opening, never for membership proofs."""

    def __post_init__(self) -> None:
        if self.bits < 512 or self.bits % 16:
            raise ValueError("A ceremony test modulus has at least 512 bits, a multiple of 16.")
