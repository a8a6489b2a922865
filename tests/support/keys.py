"""Keys of real size for the project's tests. Their shares are published in this repository: test material
only.
"""

import json
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import pytest

import crypto.certificate
from crypto.key import ElectionKey
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.key_size import KeySize

KEYS_FOLDER = Path(__file__).parent.parent / "vectors" / "keys"
WARNING = "PUBLIC TEST MATERIAL: everybody knows these shares. Never use this key."
TEST_KEYS = ("single-2048", "threshold-2of3-2048", "threshold-2of3-3072")


@pytest.fixture(scope="session", autouse=True)
def keys_are_known() -> Iterator[None]:
    """What a process has found sound of a modulus it does not check again, nor does it derive a key twice.

    Nearly all tests have the same few keys. A refusal is never kept: a key that one test refuses, each does.
    """
    with pytest.MonkeyPatch.context() as patch:
        for check in ("verify_modulus", "verify_nth_roots", "verify_square_roots"):
            patch.setattr(crypto.certificate, check, lru_cache(64)(getattr(crypto.certificate, check)))
        patch.setattr(ElectionKey, "derive", staticmethod(lru_cache(32)(ElectionKey.derive)))
        yield


@cache
def load_test_key(name: str) -> tuple[PublicKeyRecord, tuple[KeyShare, ...]]:
    """The key of tests/vectors/keys/<name>.json; tests/vectors/make_keys.py made it."""
    data = json.loads((KEYS_FOLDER / f"{name}.json").read_text())
    record = PublicKeyRecord(
        n=_number(data["n"]),
        threshold=data["threshold"],
        trustees=data["trustees"],
        F0=_number(data["F0"]),
        k=_number(data["k"]),
        feldman=tuple(_numbers(values) for values in data["feldman"]),
        verification_keys=_numbers(data["verification_keys"]),
        nth_roots=_numbers(data["nth_roots"]),
        square_roots=_numbers(data["square_roots"]),
    )
    size = KeySize(record.n.bit_length())
    shares = enumerate(data["public_test_shares"], start=1)
    return record, tuple(KeyShare.from_bytes(j, bytes.fromhex(text), size) for j, text in shares)


def dump_test_key(record: PublicKeyRecord, shares: tuple[KeyShare, ...]) -> str:
    """The file that `load_test_key` reads."""
    size = KeySize(record.n.bit_length())
    data: dict[str, Any] = {
        "warning": WARNING,
        "made_by": "tests/vectors/make_keys.py",
        "threshold": record.threshold,
        "trustees": record.trustees,
        "n": hex(record.n),
        "F0": hex(record.F0),
        "k": hex(record.k),
        "feldman": [[hex(value) for value in values] for values in record.feldman],
        "verification_keys": [hex(value) for value in record.verification_keys],
        "nth_roots": [hex(value) for value in record.nth_roots],
        "square_roots": [hex(value) for value in record.square_roots],
        "public_test_shares": [share.to_bytes(size).hex() for share in shares],
    }
    return json.dumps(data, indent=1) + "\n"


def _number(text: str) -> int:
    return int(text, 16)


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(_number(text) for text in texts)
