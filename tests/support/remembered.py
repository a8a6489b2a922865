"""Arithmetic that a process has done once it does not do again: most tests verify the same few boards over and over.

Pure functions alone are remembered, by all of their arguments, and never a refusal.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import gmpy2
import pytest

from crypto import signature

# Numbers modulo n² have 512 bytes: some 20 MB in all.
_powmod = lru_cache(8192)(gmpy2.powmod)
_sound_coordinates = lru_cache(512)(signature._sound_coordinates)


@contextmanager
def remembered_arithmetic() -> Iterator[None]:
    """Public powers, and whether a public key is sound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gmpy2, "powmod", _powmod)
        patch.setattr(signature, "_sound_coordinates", _sound_coordinates)
        yield
