"""Passphrases that are stretched in no time: the only door to that stands outside the product.

A file that is sealed meanwhile still says the product's cost, and the product still refuses a smaller one; but a
guess costs next to nothing, and nobody can open the file without this door.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crypto import sealing
from crypto.sealing import ScryptCost

_ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class CheapScryptCost(ScryptCost):
    """Guessed in no time: for tests of everything but the cost."""

    log2_n: int = 4

    def __post_init__(self) -> None:
        """Any cost is allowed here."""


CHEAP = CheapScryptCost()

CHEAP_PROGRAM = f"""import sys
sys.path.append({str(_ROOT)!r})
from cli.main import run
from tests.support.stretching import cheap_stretching
with cheap_stretching():
    run()
"""
"""The program as another process starts it, for files that are sealed cheaply."""

CHEAP_PSEPHOS = (sys.executable, "-c", CHEAP_PROGRAM)


@contextmanager
def cheap_stretching() -> Iterator[None]:
    """Whatever is sealed and opened meanwhile costs nothing, in files that say the product's cost."""
    real = sealing._stretch

    def stretch(passphrase: bytes, salt: bytes, cost: ScryptCost) -> tuple[bytes, bytes]:
        # The cost stays part of what is derived: a file with another cost does not open.
        return real(repr(cost).encode() + passphrase, salt, CHEAP)

    # By hand: other processes come through here as well, and have no use for all of pytest.
    sealing._stretch = stretch
    try:
        yield
    finally:
        sealing._stretch = real
