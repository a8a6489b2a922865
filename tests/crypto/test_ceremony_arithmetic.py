"""The parts of a ceremony, each alone: bytes, random numbers, zero sharing, trial division."""

from itertools import combinations
from math import gcd, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.ceremony.messages import (
    Message,
    agreement,
    bytes_below,
    commitment,
    decode_integers,
    encode_integers,
)
from crypto.ceremony.parameters import mersenne_ring
from crypto.ceremony.party import decode_claims, encode_claims
from crypto.ceremony.randomness import Draw, ZeroSharing, derive_seeds
from crypto.ceremony.trial_division import small_factors
from crypto.errors import MalformedEncoding, OutOfRange
from crypto.numbers import is_prime
from tests.support.ceremonies import SMALL


@given(st.lists(st.integers(0, 999)), st.sampled_from([1000, 65536, 65537, 2**300]))
def test_numbers_come_back_from_their_bytes(values: list[int], limit: int) -> None:
    data = encode_integers(values, bytes_below(limit))
    assert decode_integers(data, len(values), limit) == values


@given(st.binary(max_size=8), st.integers(0, 4))
def test_numbers_are_read_in_one_spelling_only(data: bytes, count: int) -> None:
    try:
        values = decode_integers(data, count, 1000)
    except MalformedEncoding:
        return
    assert encode_integers(values, 2) == data
    assert max(values, default=0) < 1000


def test_the_first_number_that_is_too_large_is_refused() -> None:
    assert decode_integers((999).to_bytes(2, "big"), 1, 1000) == [999]
    with pytest.raises(MalformedEncoding):
        decode_integers((1000).to_bytes(2, "big"), 1, 1000)
    with pytest.raises(OutOfRange):
        encode_integers([1 << 16], 2)


def test_a_commitment_is_bound_to_all_it_names() -> None:
    first = (b"session", 3, 1, b"n" * 32, b"value")
    others = [
        (b"Session", *first[1:]),
        (first[0], 4, *first[2:]),
        (*first[:2], 2, *first[3:]),
        (*first[:3], b"m" * 32, first[4]),
        (*first[:4], b"valuf"),
        (*first[:3], b"n" * 31, b"nvalue"),
    ]
    assert len({commitment(*case) for case in [first, *others]}) == 7


def test_an_agreement_is_bound_to_order_round_and_past() -> None:
    cases = [
        agreement(b"0", 1, [b"a", b"b"]),
        agreement(b"0", 1, [b"b", b"a"]),
        agreement(b"0", 1, [b"ab", b""]),
        agreement(b"0", 2, [b"a", b"b"]),
        agreement(b"1", 1, [b"a", b"b"]),
    ]
    assert len(set(cases)) == 5


def test_a_private_payload_does_not_show_in_a_repr() -> None:
    assert "secret" not in repr(Message(1, 2, 3, b"secret"))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 10), st.integers(0, 1000), st.integers(1, 4), st.binary(min_size=32, max_size=32))
def test_shares_of_zero_sum_to_zero(parties: int, first: int, count: int, seed: bytes) -> None:
    pairs = list(combinations(range(1, parties + 1), 2))
    keys = dict(zip(pairs, derive_seeds(seed, "test", 0, len(pairs)), strict=True))
    moduli = (2**61 - 1, 1009)
    sharings = [
        ZeroSharing(j, {a + b - j: key for (a, b), key in keys.items() if j in (a, b)})
        for j in range(1, parties + 1)
    ]
    for shares in zip(*(sharing.batch(first, count, moduli) for sharing in sharings), strict=True):
        for i, modulus in enumerate(moduli):
            assert sum(share[i] for share in shares) % modulus == 0
    assert sum(sharing.single(first, moduli[0]) for sharing in sharings) % moduli[0] == 0


def test_zero_sharing_never_repeats_a_label() -> None:
    sharing = ZeroSharing(1, {2: bytes(32)})
    modulus = 2**128
    values = [share[0] for first in (0, 10) for share in sharing.batch(first, 10, (modulus,))]
    values += [sharing.single(attempt, modulus) for attempt in range(10)]
    assert len(set(values)) == 30


def test_draws_follow_from_the_seed_and_do_not_repeat() -> None:
    first, second = Draw(b"a" * 32), Draw(b"a" * 32)
    values = [first.below(2**64) for _ in range(500)]
    assert values == [second.below(2**64) for _ in range(500)]
    assert len(set(values)) == 500
    assert Draw(b"b" * 32).below(2**64) != values[0]


def test_drawn_bits_reach_both_ends() -> None:
    draw = Draw(bytes(32))
    assert {draw.bits(3) for _ in range(200)} == set(range(8))
    assert {draw.below(5) for _ in range(200)} == set(range(5))


def test_drawn_units_are_uniform_units() -> None:
    draw = Draw(bytes(32))
    units = [draw.unit(15) for _ in range(2000)]
    assert set(units) == {u for u in range(15) if gcd(u, 15) == 1}
    assert all(190 < units.count(u) < 310 for u in set(units))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 10**12), max_size=9), st.integers(2, 200))
def test_small_factors_are_all_found(numbers: list[int], limit: int) -> None:
    primes = [r for r in range(2, limit + 1) if is_prime(r)]
    assert small_factors(numbers, limit) == [prod(r for r in primes if x % r == 0) for x in numbers]


CLAIMS = {0: 3, 3: 2**40 + 1, 300: 5}


def test_claims_come_back_from_their_bytes() -> None:
    assert decode_claims(encode_claims(CLAIMS), range(0, 301, 3), SMALL) == CLAIMS
    assert decode_claims(b"", range(0, 301, 3), SMALL) == {}


@pytest.mark.parametrize(
    "data",
    [
        encode_claims(CLAIMS)[:-1],
        encode_claims(CLAIMS) + b"\0",
        encode_claims({1: 3}),
        encode_claims({303: 3}),
        encode_claims({3: 5}) + encode_claims({0: 5}),
        encode_claims({3: 5}) * 2,
        encode_claims({3: 2 ** (8 * SMALL.n_bytes)}),
        bytes.fromhex("0000000300020005"),
        bytes.fromhex("000000030000"),
    ],
)
def test_other_spellings_of_claims_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedEncoding):
        decode_claims(data, range(0, 301, 3), SMALL)


@pytest.mark.parametrize(("bits", "trustees"), [(64, 3), (64, 4), (65, 5), (66, 7), (100, 10)])
def test_rings_are_coprime_to_every_lagrange_denominator(bits: int, trustees: int) -> None:
    ring = mersenne_ring(bits, trustees)
    assert ring.bit_length() >= bits
    assert ring & (ring + 1) == 0
    assert gcd(ring, prod(range(1, trustees + 1))) == 1
