"""The public checks of a key: honest ones pass, and forged ones fail at the check that was made for them."""

from dataclasses import replace

import pytest

from crypto.certificate import (
    KeyCheck,
    KeyRefused,
    square_root_challenges,
    verify_key_record,
    verify_modulus,
    verify_nth_roots,
    verify_square_roots,
)
from crypto.hashed_elements import hashed_jacobi_unit, hashed_unit, verification_base
from crypto.key_record import PublicKeyRecord, derive_verification_keys
from crypto.key_size import KeySize
from crypto.numbers import gcd, jacobi
from tests.support.forged_keys import forge_record, prime_after
from tests.support.keys import load_test_key
from tests.support.small_keys import SmallKeySize

SIZE = SmallKeySize(768)
TOP = 3 << 382


def check_that_refuses(record: PublicKeyRecord, size: KeySize = SIZE) -> KeyCheck:
    with pytest.raises(KeyRefused) as refused:
        verify_key_record(record, size)
    assert refused.value.check.value in str(refused.value)
    return refused.value.check


def test_the_forger_makes_a_good_record_of_good_primes() -> None:
    verify_key_record(forge_record([prime_after(TOP, 3, 4), prime_after(TOP + 2**380, 3, 4)]), SIZE)


def test_a_modulus_of_many_small_primes_is_refused() -> None:
    primes = [prime_after(2**32 - 10_000 * (i + 1), 3, 4) for i in range(24)]
    record = forge_record(primes)
    assert record.n.bit_length() == 768
    verify_modulus(record.n, SIZE)
    verify_nth_roots(record.n, record.nth_roots)
    assert check_that_refuses(record) is KeyCheck.SQUARE_ROOTS


def test_a_modulus_of_four_primes_is_refused() -> None:
    record = forge_record([prime_after((7 << 189) + i * 2**180, 3, 4) for i in range(1, 5)])
    verify_nth_roots(record.n, record.nth_roots)
    assert check_that_refuses(record) is KeyCheck.SQUARE_ROOTS


def test_two_primes_that_are_1_modulo_4_are_refused() -> None:
    p, q = prime_after(TOP, 5, 8), prime_after(TOP + 2**380, 5, 8)
    record = forge_record([p, q])
    verify_nth_roots(record.n, record.nth_roots)
    stuck = [i for i, x in enumerate(square_root_challenges(record.n)) if jacobi(x, p) == -1]
    assert 30 < len(stuck) < 98
    with pytest.raises(KeyRefused, match=f"square root {stuck[0]} is not") as refused:
        verify_key_record(record, SIZE)
    assert refused.value.check is KeyCheck.SQUARE_ROOTS


def test_one_prime_that_is_1_modulo_4_is_refused() -> None:
    record = forge_record([prime_after(TOP, 3, 4), prime_after(TOP, 5, 8)])
    assert check_that_refuses(record) is KeyCheck.FORM


def test_a_squared_prime_has_no_nth_roots() -> None:
    record = forge_record([prime_after(7 << 253, 3, 4)] * 2 + [prime_after(7 << 253, 5, 8)])
    verify_modulus(record.n, SIZE)
    with pytest.raises(KeyRefused) as refused:
        verify_nth_roots(record.n, record.nth_roots)
    assert refused.value.check is KeyCheck.NTH_ROOTS
    assert check_that_refuses(record) is KeyCheck.FELDMAN_EQUATION


def test_a_prime_that_divides_the_other_minus_one_has_no_nth_roots() -> None:
    p = prime_after(3 << 254, 3, 4)
    q = prime_after(3 << 510, (2 * p + 1) % (4 * p), 4 * p)
    assert q % p == 1
    assert q % 4 == 3
    record = forge_record([p, q])
    verify_modulus(record.n, SIZE)
    with pytest.raises(KeyRefused) as refused:
        verify_nth_roots(record.n, record.nth_roots)
    assert refused.value.check is KeyCheck.NTH_ROOTS
    assert check_that_refuses(record) is KeyCheck.FELDMAN_EQUATION


@pytest.mark.parametrize(
    ("n", "check"),
    [
        (prime_after(3 << 766, 1, 4), KeyCheck.PRIME),
        (prime_after(TOP, 3, 4) ** 2, KeyCheck.SQUARE),
        (999_983 * prime_after(13 << 744, 3, 4), KeyCheck.SMALL_FACTORS),
        (prime_after(TOP, 3, 4) * prime_after(TOP // 2, 3, 4), KeyCheck.LENGTH),
        (-prime_after(3 << 766, 3, 4), KeyCheck.LENGTH),
        ((3 << 766) + 2, KeyCheck.FORM),
        ((3 << 766) + 3, KeyCheck.FORM),
    ],
)
def test_a_malformed_modulus_is_refused(n: int, check: KeyCheck) -> None:
    with pytest.raises(KeyRefused) as refused:
        verify_modulus(n, SIZE)
    assert refused.value.check is check


def test_trial_division_ends_at_a_million() -> None:
    verify_modulus(1_000_003 * prime_after(13 << 744, 3, 4), SIZE)


def altered(record: PublicKeyRecord) -> list[tuple[PublicKeyRecord, KeyCheck]]:
    n = record.n
    (V, W), *others = record.feldman
    swapped = (record.verification_keys[1], record.verification_keys[0], record.verification_keys[2])
    roots, squares = record.nth_roots, record.square_roots
    return [
        (replace(record, trustees=4), KeyCheck.FELDMAN_RANGE),
        (replace(record, threshold=3), KeyCheck.TRUSTEES),
        (replace(record, trustees=11), KeyCheck.TRUSTEES),
        (replace(record, trustees=2), KeyCheck.TRUSTEES),
        (replace(record, threshold=1), KeyCheck.TRUSTEES),
        (
            replace(record, n=n + 4),
            KeyCheck.CONSTANTS if gcd(record.F0, n + 4) > 1 else KeyCheck.SMALL_FACTORS,
        ),
        (replace(record, F0=0), KeyCheck.CONSTANTS),
        (replace(record, F0=n), KeyCheck.CONSTANTS),
        (replace(record, F0=record.F0 + n), KeyCheck.CONSTANTS),
        (replace(record, F0=record.F0 - 1), KeyCheck.FELDMAN_EQUATION),
        (replace(record, k=-1), KeyCheck.CONSTANTS),
        (replace(record, k=1 << 2500), KeyCheck.CONSTANTS),
        (replace(record, k=record.k + 1), KeyCheck.FELDMAN_EQUATION),
        (replace(record, feldman=record.feldman[:2]), KeyCheck.FELDMAN_RANGE),
        (replace(record, feldman=((V,), *others)), KeyCheck.FELDMAN_RANGE),
        (replace(record, feldman=((V, 0), *others)), KeyCheck.FELDMAN_RANGE),
        (replace(record, feldman=((V + n, W), *others)), KeyCheck.FELDMAN_RANGE),
        (replace(record, feldman=((W, V), *others)), KeyCheck.FELDMAN_EQUATION),
        (replace(record, feldman=((n - V, W), *others)), KeyCheck.FELDMAN_EQUATION),
        (replace(record, feldman=((V, n - W), *others)), KeyCheck.VERIFICATION_KEYS),
        (replace(record, verification_keys=swapped), KeyCheck.VERIFICATION_KEYS),
        (replace(record, verification_keys=swapped[:2]), KeyCheck.VERIFICATION_KEYS),
        (replace(record, nth_roots=roots[:6]), KeyCheck.NTH_ROOTS),
        (replace(record, nth_roots=(*roots, roots[0])), KeyCheck.NTH_ROOTS),
        (replace(record, nth_roots=(roots[1], roots[0], *roots[2:])), KeyCheck.NTH_ROOTS),
        (replace(record, nth_roots=(roots[0] + n, *roots[1:])), KeyCheck.NTH_ROOTS),
        (replace(record, nth_roots=(n - roots[0], *roots[1:])), KeyCheck.NTH_ROOTS),
        (replace(record, square_roots=squares[:127]), KeyCheck.SQUARE_ROOTS),
        (replace(record, square_roots=(*squares[:127], squares[0])), KeyCheck.SQUARE_ROOTS),
        (replace(record, square_roots=(n - squares[0], *squares[1:])), KeyCheck.SQUARE_ROOTS),
        (replace(record, square_roots=(squares[0] + n, *squares[1:])), KeyCheck.SQUARE_ROOTS),
        (replace(record, square_roots=(0, *squares[1:])), KeyCheck.SQUARE_ROOTS),
    ]


def test_every_altered_number_is_refused_by_its_own_check() -> None:
    record, _ = load_test_key("threshold-2of3-2048")
    verify_key_record(record, KeySize.BITS_2048)
    cases = altered(record)
    found = []
    for forged, _ in cases:
        with pytest.raises(KeyRefused) as refused:
            verify_key_record(forged, KeySize.BITS_2048)
        found.append(refused.value.check)
    expected = [check for _, check in cases]
    unsure = next(i for i, (forged, _) in enumerate(cases) if forged.n != record.n)
    del found[unsure], expected[unsure]
    assert found == expected


def test_a_record_of_another_size_is_refused() -> None:
    record, _ = load_test_key("single-2048")
    assert check_that_refuses(record, KeySize.BITS_3072) is KeyCheck.LENGTH


def test_hashed_elements_are_units_and_differ_by_purpose_and_index() -> None:
    record, _ = load_test_key("single-2048")
    n = record.n
    elements = [hashed_unit("nth-root-challenge", n, i) for i in range(7)]
    elements += [hashed_jacobi_unit("square-root-challenge", n, i) for i in range(20)]
    elements.append(verification_base(n))
    assert len(set(elements)) == len(elements)
    assert all(1 <= x < n and gcd(x, n) == 1 for x in elements)
    assert all(jacobi(x, n) == 1 for x in elements[7:])


def test_verification_keys_are_derived_by_everybody() -> None:
    record, _ = load_test_key("threshold-2of3-3072")
    keys = derive_verification_keys(record.n, record.delta, record.k, record.feldman)
    assert keys == record.verification_keys


def test_square_roots_of_a_good_key_stand_for_plus_or_minus() -> None:
    record, _ = load_test_key("single-2048")
    verify_square_roots(record.n, record.square_roots)
    signs = [
        w * w % record.n == x
        for w, x in zip(record.square_roots, square_root_challenges(record.n), strict=True)
    ]
    assert 30 < sum(signs) < 98
