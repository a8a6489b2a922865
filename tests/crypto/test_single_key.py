"""The key of a single returning officer."""

import tomllib
from pathlib import Path

import pytest

from crypto import paillier
from crypto.certificate import KeyCheck, KeyRefused, verify_key_record, verify_key_share
from crypto.errors import MalformedEncoding, OutOfRange, UnsupportedParameters
from crypto.key_record import KeyShare
from crypto.key_size import KeySize
from crypto.numbers import is_prime
from crypto.opening import answer, combine_openings
from crypto.single_key import derive_single_key, generate_primes, make_single_key
from tests.support.keys import TEST_KEYS, load_test_key
from tests.support.small_keys import SmallKeySize

SIZE = SmallKeySize(768)


@pytest.mark.parametrize("bits", [0, 512, 1024, 2047, 2056, 4096])
def test_only_two_sizes_are_offered(bits: int) -> None:
    with pytest.raises(UnsupportedParameters, match="2048 or 3072"):
        KeySize(bits)


def test_lengths_follow_from_the_size() -> None:
    sizes = (KeySize.BITS_2048, KeySize.BITS_3072)
    assert [(s.n_bytes, s.n2_bytes, s.blinding_bits) for s in sizes] == [(256, 512, 1024), (384, 768, 1536)]


@pytest.mark.parametrize("size", [SIZE, SmallKeySize(1024), KeySize.BITS_2048])
def test_primes_are_as_the_certificate_needs_them(size: KeySize) -> None:
    p, q = generate_primes(size)
    assert is_prime(p)
    assert is_prime(q)
    assert p != q
    assert p % 4 == q % 4 == 3
    assert p.bit_length() == q.bit_length() == size.bits // 2
    assert (p * q).bit_length() == size.bits


def test_a_new_key_is_accepted_and_opens() -> None:
    record, share = make_single_key(SIZE)
    verify_key_record(record, SIZE)
    verify_key_share(record, share)
    ciphertext = paillier.encrypt(record.n, 41, 4711)
    opening = combine_openings(record, ciphertext, {1: answer(record, share, ciphertext)})
    assert (opening.plaintext, opening.root) == (41, 4711)


def test_phe_decrypts_with_the_same_primes() -> None:
    p, q = generate_primes(SIZE)
    record, share = derive_single_key(p, q, SIZE)
    for plaintext in (0, 1, record.n // 2, record.n - 1):
        ciphertext = paillier.encrypt(record.n, plaintext, 12345)
        opening = combine_openings(record, ciphertext, {1: answer(record, share, ciphertext)})
        assert paillier.decrypt(p, q, ciphertext) == opening.plaintext == plaintext


def test_the_reference_never_draws_a_root_of_its_own() -> None:
    with pytest.raises(OutOfRange):
        paillier.encrypt(15, 1, 0)


def test_primes_of_the_wrong_residue_give_no_key() -> None:
    p, _ = generate_primes(SIZE)
    q = next(x for x in range((3 << 382) + 1, 1 << 384, 4) if is_prime(x))
    with pytest.raises(KeyRefused) as refused:
        derive_single_key(p, q, SIZE)
    assert refused.value.check is KeyCheck.FORM


@pytest.mark.parametrize("name", TEST_KEYS)
def test_committed_keys_are_good(name: str) -> None:
    record, shares = load_test_key(name)
    verify_key_record(record, KeySize(record.n.bit_length()))
    for share in shares:
        verify_key_share(record, share)


def test_a_share_of_another_trustee_is_refused() -> None:
    record, shares = load_test_key("threshold-2of3-2048")
    for index, share in ((1, shares[1].share), (1, shares[0].share + 1), (4, shares[0].share), (0, 1)):
        with pytest.raises(KeyRefused) as refused:
            verify_key_share(record, KeyShare(index, share))
        assert refused.value.check is KeyCheck.SHARE


@pytest.mark.parametrize("value", [0, 1, -1, 2**1000, -(2**1000), 2**1216 - 1, -(2**1216) + 1])
def test_a_share_keeps_its_sign_in_bytes(value: int) -> None:
    data = KeyShare(2, value).to_bytes(SIZE)
    assert len(data) == 1 + 96 + 56
    assert KeyShare.from_bytes(2, data, SIZE) == KeyShare(2, value)


def test_a_share_that_is_too_long_is_not_written() -> None:
    with pytest.raises(OutOfRange):
        KeyShare(1, 2**1216).to_bytes(SIZE)


@pytest.mark.parametrize(
    "data", [b"", bytes(152), bytes(154), b"\2" + bytes(152), b"\1" + bytes(152)], ids=len
)
def test_other_spellings_of_a_share_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedEncoding):
        KeyShare.from_bytes(1, data, SIZE)


def test_a_share_never_shows_in_a_repr() -> None:
    assert "12345" not in repr(KeyShare(1, 12345))


def test_nothing_in_the_product_reaches_for_a_smaller_modulus() -> None:
    root = Path(__file__).parents[2]
    packages = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    rooms = [pattern.rstrip("*") for pattern in packages["include"]]
    sources = [path for room in rooms for path in (root / room).rglob("*.py")]
    assert len(sources) > 100
    for path in sources:
        text = path.read_text()
        assert "small_keys" not in text, path
        assert "(KeySize)" not in text, f"{path} extends KeySize"
