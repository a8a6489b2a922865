import pickle
from math import gcd

import phe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import OutOfRange
from crypto.key import ElectionKey, derive_base, mask_bits
from crypto.key_size import KeySize
from crypto.numbers import jacobi
from crypto.transcript import tuple_hash, u32
from tests.support.claims import ELECTION, first_prime, small_factors, small_key
from tests.support.small_keys import SmallKeySize


def test_base_is_minus_a_square_that_the_hash_chose() -> None:
    key = small_key()
    items = [key.n.to_bytes(96, "big"), ELECTION.encode("ascii"), u32(0)]
    x = int.from_bytes(tuple_hash("base", items, 96 + 16), "big") % key.n
    assert key.h == -x * x % key.n
    assert pow(key.h, key.n, key.n2) == key.H
    p, q = small_factors()
    assert (jacobi(key.h, p), jacobi(key.h, q)) == (-1, -1)


def test_base_skips_hashes_that_are_not_units() -> None:
    # With a factor of 3 a third of all hashes is no unit. Among ten elections some first hash must have been
    # skipped.
    size = SmallKeySize(768)
    n = 3 * first_prime(1 << 766, 1, 2)
    assert n.bit_length() == 768
    skipped = 0
    for number in range(10):
        election = f"{number:032x}"
        items = [n.to_bytes(96, "big"), election.encode("ascii"), u32(0)]
        skipped += gcd(int.from_bytes(tuple_hash("base", items, 112), "big"), n) != 1
        assert gcd(derive_base(n, election, size), n) == 1
    assert skipped


def test_another_election_has_another_base() -> None:
    key = small_key()
    assert ElectionKey.derive(key.n, "0" * 32, key.size).h != key.h


@pytest.mark.parametrize("election", ["", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "٣" * 32])
def test_election_id_in_another_spelling_is_refused(election: str) -> None:
    key = small_key()
    with pytest.raises(OutOfRange, match="32 lower-case hexadecimal"):
        ElectionKey.derive(key.n, election, key.size)


@pytest.mark.parametrize("n", [(1 << 767) - 1, (1 << 768) + 1, (1 << 768) - 2, 0, -7])
def test_modulus_of_wrong_length_or_even_is_refused(n: int) -> None:
    with pytest.raises(OutOfRange, match="odd number of exactly 768 bits"):
        ElectionKey.derive(n, ELECTION, SmallKeySize(768))


@given(value=st.integers(0, small_key().n - 1), r=st.integers(0, (1 << 384) - 1))
def test_any_paillier_software_reads_the_ciphertext(value: int, r: int) -> None:
    key = small_key()
    c = key.encrypt(value, r)
    assert c == phe.PaillierPublicKey(key.n).raw_encrypt(value, r_value=pow(key.h, r, key.n))
    p, q = small_factors()
    private = phe.PaillierPrivateKey(phe.PaillierPublicKey(key.n), p, q)
    assert private.raw_decrypt(c) == value


def test_ciphertexts_add() -> None:
    key = small_key()
    assert key.encrypt(5, 11) * key.encrypt(7, 13) % key.n2 == key.encrypt(12, 24)


@pytest.mark.parametrize("distance", [-1, small_key().n])
def test_plaintext_outside_the_range_is_refused(distance: int) -> None:
    with pytest.raises(OutOfRange, match="between 0 and n - 1"):
        small_key().encrypt(distance, 1)


def test_randomness_outside_the_range_is_refused() -> None:
    key = small_key()
    for r in (-1, 1 << 384):
        with pytest.raises(OutOfRange, match="at most 384 bits"):
            key.encrypt(0, r)


def test_mask_is_longer_by_challenge_slack_and_the_number_of_ciphertexts() -> None:
    assert mask_bits(KeySize.BITS_3072) == 1536 + 256 + 128
    lengths = [mask_bits(KeySize.BITS_2048, count) - 1024 - 384 for count in (1, 2, 3, 4, 5, 8, 9, 200)]
    assert lengths == [0, 1, 2, 2, 3, 3, 4, 8]
    with pytest.raises(OutOfRange, match="at least one"):
        mask_bits(KeySize.BITS_2048, 0)


def test_tables_are_built_once_and_stay_at_home() -> None:
    key = small_key()
    assert key.H_table is key.H_table
    copy = pickle.loads(pickle.dumps(key))  # noqa: S301  (our own bytes: what a process pool does)
    assert copy == key
    assert "H_table" not in vars(copy)
    assert len(pickle.dumps(key)) < 2000
