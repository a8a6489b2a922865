"""All randomness of one ballot, expanded from 32 bytes: who reveals the seed lets everybody recompute the
ballot.

This is what a challenged ballot publishes instead of hundreds of numbers. The seed is as secret as the vote.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from crypto.errors import OutOfRange
from crypto.transcript import tuple_hash, u32

SEED_BYTES = 32

Draw = Callable[[int, str, int, int], int]
"""draw(member position, name, bits, attempt): a secret number below 2^bits for one branch of one proof."""


@dataclass(frozen=True)
class BallotSeed:
    """The 32 secret bytes behind one ballot; used for one ballot only."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != SEED_BYTES:
            raise OutOfRange(f"A ballot's seed has {SEED_BYTES} bytes.")

    @classmethod
    def fresh(cls, credential_secret: bytes) -> "BallotSeed":
        """A new seed from the credential's secret and 32 bytes of the operating system's generator.

        The credential takes part so that a device with a broken generator still makes seeds that others
        cannot guess.
        """
        return cls.derive(credential_secret, secrets.token_bytes(SEED_BYTES))

    @classmethod
    def derive(cls, credential_secret: bytes, entropy: bytes) -> "BallotSeed":
        """hash("ballot-seed", credential secret, entropy). entropy: 32 bytes. Raises: OutOfRange."""
        if len(entropy) != SEED_BYTES:
            raise OutOfRange(f"A ballot's seed is made from {SEED_BYTES} fresh bytes.")
        return cls(tuple_hash("ballot-seed", [credential_secret, entropy], SEED_BYTES))

    def value(self, label: str, i: int, bits: int) -> int:
        """The low `bits` bits of hash("ballot-randomness", seed, label, i) of ⌈bits/8⌉ bytes, big-endian."""
        items = [self.secret, label.encode("utf-8"), u32(i)]
        wide = int.from_bytes(tuple_hash("ballot-randomness", items, (bits + 7) // 8), "big")
        return wide & ((1 << bits) - 1)

    def blinding(self, question: str, part: str, bits: int) -> int:
        """r of the ciphertext of `part`: label "question/part/-/r". bits: L of the key's size."""
        return self.value(_label(question, part, "-", "r"), 0, bits)

    def draw(self, question: str, part: str) -> Draw:
        """The source of one proof's secret numbers: labels "question/part/position/name", i = attempt."""

        def draw(position: int, name: str, bits: int, attempt: int) -> int:
            return self.value(_label(question, part, str(position), name), attempt, bits)

        return draw


def _label(question: str, part: str, member: str, name: str) -> str:
    # With a slash inside a name two places of a ballot could share their randomness, and so reveal their
    # difference.
    if "/" in question or "/" in part:
        raise OutOfRange("The names of a question and its parts contain no slash.")
    return "/".join((question, part, member, name))
