"""Opening: every t trustees open, a wrong answer never opens anything else, and its author is found."""

from collections.abc import Callable
from functools import cached_property
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import paillier
from crypto.ceremony.one_process import CeremonyOutcome
from crypto.errors import OutOfRange
from crypto.hashed_elements import NTH_ROOT_CHALLENGE, hashed_unit
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.opening import (
    Opening,
    OpeningFailed,
    answer,
    combine_openings,
    extract_root,
    find_opening,
    verify_opening,
)
from crypto.opening_proof import (
    PartialOpening,
    PartialOpeningFailed,
    open_partially,
    response_bytes,
    verify_partial_opening,
)
from crypto.single_key import derive_single_key, generate_primes
from tests.support.ceremonies import small_key
from tests.support.keys import load_test_key
from tests.support.small_keys import SmallKeySize

CONTEXT = b"area 1 of the test election"


def answers_to(trustees: int, ciphertext: int) -> dict[int, int]:
    key = small_key(trustees)
    return {share.index: answer(key.record, share, ciphertext) for share in key.shares}


@pytest.mark.parametrize("trustees", [3, 4, 5, 10])
def test_every_subset_of_two_opens(trustees: int) -> None:
    record = small_key(trustees).record
    ciphertext = paillier.encrypt(record.n, 2**400 + 7, 3**300 % record.n)
    answers = answers_to(trustees, ciphertext)
    for subset in combinations(answers, 2):
        opening = combine_openings(record, ciphertext, {j: answers[j] for j in subset})
        assert opening == Opening(2**400 + 7, 3**300 % record.n)
    assert find_opening(record, ciphertext, answers)[1] == frozenset()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_opening_undoes_encryption(data: st.DataObject) -> None:
    record = small_key(3).record
    plaintext = data.draw(st.integers(0, record.n - 1) | st.sampled_from([0, 1, record.n - 1]))
    root = data.draw(st.integers(1, record.n - 1) | st.sampled_from([1, record.n - 1]))
    ciphertext = paillier.encrypt(record.n, plaintext, root)
    opening, wrong = find_opening(record, ciphertext, answers_to(3, ciphertext))
    assert opening == Opening(plaintext, root)
    assert not wrong
    verify_opening(record.n, ciphertext, plaintext, root)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**200), st.integers(0, 2**200), st.integers(1, 2**200), st.integers(1, 2**200))
def test_the_opening_of_a_product_is_the_sum(a: int, b: int, r: int, s: int) -> None:
    record = small_key(3).record
    n = record.n
    product = paillier.encrypt(n, a, r) * paillier.encrypt(n, b, s) % n**2
    opening, _ = find_opening(record, product, answers_to(3, product))
    assert opening == Opening(a + b, r * s % n)


@pytest.mark.parametrize("name", ["single-2048", "threshold-2of3-2048", "threshold-2of3-3072"])
def test_keys_of_real_size_open(name: str) -> None:
    record, shares = load_test_key(name)
    ciphertext = paillier.encrypt(record.n, 123456789, 987654321)
    some = shares[-record.threshold :]
    opening = combine_openings(record, ciphertext, {s.index: answer(record, s, ciphertext) for s in some})
    verify_opening(record.n, ciphertext, opening.plaintext, opening.root)
    assert opening == Opening(123456789, 987654321)


def test_an_empty_product_opens_without_trustees() -> None:
    verify_opening(small_key(3).record.n, 1, 0, 1)


def test_the_root_of_a_hashed_element_comes_from_the_same_code() -> None:
    record = small_key(4).record
    for i in range(7):
        element = hashed_unit(NTH_ROOT_CHALLENGE, record.n, i)
        answers = answers_to(4, element)
        root = extract_root(record, element, {j: answers[j] for j in (2, 4)})
        assert root == record.nth_roots[i]
        assert pow(root, record.n, record.n) == element


WRONG: dict[str, Callable[[int, int], tuple[tuple[int, int, int], str]]] = {
    "another plaintext": lambda _, c: ((c, 78, 99), "re-encrypt"),
    "another root": lambda _, c: ((c, 77, 100), "re-encrypt"),
    "another ciphertext": lambda _, c: ((c + 1, 77, 99), "re-encrypt"),
    "the root negated": lambda n, c: ((c, 77, n - 99), "re-encrypt"),
    "a plaintext of n or more": lambda n, c: ((c, 77 + n, 99), "plaintext lies outside"),
    "a negative plaintext": lambda n, c: ((c, 77 - n, 99), "plaintext lies outside"),
    "a root of n or more": lambda n, c: ((c, 77, 99 + n), "not a unit"),
    "no root": lambda _, c: ((c, 77, 0), "not a unit"),
    "a negative root": lambda _, c: ((c, 77, -99), "not a unit"),
    "a ciphertext of n² or more": lambda n, c: ((c + n * n, 77, 99), "ciphertext lies outside"),
    "no ciphertext": lambda *_: ((0, 77, 99), "ciphertext lies outside"),
}
"""Name → (n, an encryption of 77 with the root 99) → ciphertext, plaintext and root that do not belong together."""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_opening_is_refused(wrong: str) -> None:
    n = small_key(3).record.n
    ciphertext = paillier.encrypt(n, 77, 99)
    verify_opening(n, ciphertext, 77, 99)
    opening, reason = WRONG[wrong](n, ciphertext)
    with pytest.raises(OpeningFailed, match=reason):
        verify_opening(n, *opening)


class TestWrongAnswers:
    """One trustee of five answers wrongly; the others are honest."""

    @cached_property
    def record(self) -> PublicKeyRecord:
        return small_key(5).record

    @cached_property
    def ciphertext(self) -> int:
        return paillier.encrypt(self.record.n, 5, 6)

    @cached_property
    def honest(self) -> dict[int, int]:
        return answers_to(5, self.ciphertext)

    @pytest.mark.parametrize("cheater", [1, 2, 5])
    @pytest.mark.parametrize("factor", [2, 2**300 + 1])
    def test_the_cheater_is_named(self, cheater: int, factor: int) -> None:
        answers = {**self.honest, cheater: self.honest[cheater] * factor % self.record.n}
        assert find_opening(self.record, self.ciphertext, answers) == (Opening(5, 6), frozenset({cheater}))

    @pytest.mark.parametrize(("times", "plus"), [(0, 0), (0, -1), (1, 0), (1, 1)])
    def test_a_number_outside_the_group_is_named(self, times: int, plus: int) -> None:
        answers = {**self.honest, 2: times * self.record.n + plus}
        assert find_opening(self.record, self.ciphertext, answers) == (Opening(5, 6), frozenset({2}))

    def test_an_answer_of_nobody_is_named(self) -> None:
        assert find_opening(self.record, self.ciphertext, {**self.honest, 6: 3})[1] == frozenset({6})

    def test_the_answer_to_another_ciphertext_is_named(self) -> None:
        other = answers_to(5, paillier.encrypt(self.record.n, 5, 7))
        answers = {**self.honest, 3: other[3]}
        assert find_opening(self.record, self.ciphertext, answers)[1] == frozenset({3})

    def test_two_honest_of_five_are_enough(self) -> None:
        answers = {j: x if j in (2, 5) else x * (j + 1) % self.record.n for j, x in self.honest.items()}
        opening, wrong = find_opening(self.record, self.ciphertext, answers)
        assert opening == Opening(5, 6)
        assert wrong == {1, 3, 4}

    def test_a_negated_answer_is_harmless_and_not_blamed(self) -> None:
        answers = {**self.honest, 1: self.record.n - self.honest[1], 4: self.record.n - self.honest[4]}
        assert find_opening(self.record, self.ciphertext, answers) == (Opening(5, 6), frozenset())

    def test_exactly_two_answers_one_wrong_open_nothing(self) -> None:
        answers = {1: self.honest[1], 2: self.honest[2] * 2 % self.record.n}
        with pytest.raises(OpeningFailed, match="at least one of them is wrong"):
            combine_openings(self.record, self.ciphertext, answers)
        with pytest.raises(OpeningFailed, match="too few are right"):
            find_opening(self.record, self.ciphertext, answers)

    @pytest.mark.parametrize("trustees", [(), (1,), (1, 2, 3)])
    def test_combining_takes_exactly_two(self, trustees: tuple[int, ...]) -> None:
        with pytest.raises(OpeningFailed, match="exactly 2 answers"):
            combine_openings(self.record, self.ciphertext, {j: self.honest[j] for j in trustees})

    def test_combining_refuses_what_is_no_answer(self) -> None:
        for trustee, value in ((6, 3), (0, 3), (2, 0), (2, self.record.n)):
            with pytest.raises(OpeningFailed, match=f"Trustee {trustee}'s answer"):
                combine_openings(self.record, self.ciphertext, {1: self.honest[1], trustee: value})

    def test_no_trustee_answers_to_what_is_no_ciphertext(self) -> None:
        share = small_key(5).shares[0]
        for number in (0, -1, self.record.n, 2 * self.record.n, self.record.n**2, self.record.n**2 + 1):
            with pytest.raises(OutOfRange):
                answer(self.record, share, number)


class TestProofs:
    """What `open_partially` makes, `verify_partial_opening` accepts, and nothing else."""

    @cached_property
    def key(self) -> CeremonyOutcome:
        return small_key(3)

    @cached_property
    def record(self) -> PublicKeyRecord:
        return self.key.record

    @cached_property
    def ciphertext(self) -> int:
        return paillier.encrypt(self.record.n, 11, 12)

    @cached_property
    def partial(self) -> PartialOpening:
        return open_partially(self.record, self.key.shares[1], self.ciphertext, CONTEXT)

    def refuse(self, partial: PartialOpening, **other: object) -> str:
        arguments = {"trustee": 2, "ciphertext": self.ciphertext, "context": CONTEXT, **other}
        with pytest.raises(PartialOpeningFailed) as refused:
            verify_partial_opening(self.record, partial=partial, **arguments)  # type: ignore[arg-type]
        assert refused.value.trustee == arguments["trustee"]
        return str(refused.value)

    @pytest.mark.parametrize("trustees", [3, 4, 10])
    def test_every_trustees_proof_is_accepted(self, trustees: int) -> None:
        key = small_key(trustees)
        ciphertext = paillier.encrypt(key.record.n, 3, 4)
        for share in key.shares:
            partial = open_partially(key.record, share, ciphertext, CONTEXT)
            verify_partial_opening(key.record, share.index, ciphertext, partial, CONTEXT)
            assert partial.x == answer(key.record, share, ciphertext)
            assert 0 <= partial.response.bit_length() <= 8 * response_bytes(key.record.n)

    def test_a_negative_share_opens_and_proves(self) -> None:
        size = SmallKeySize(768)
        p, q = generate_primes(size)
        record, share = derive_single_key(p, q, size)
        negative = KeyShare(1, share.share - (p - 1) * (q - 1) * 2**400)
        assert negative.share < 0
        ciphertext = paillier.encrypt(record.n, 7, 8)
        partial = open_partially(record, negative, ciphertext, CONTEXT)
        verify_partial_opening(record, 1, ciphertext, partial, CONTEXT)
        assert combine_openings(record, ciphertext, {1: partial.x}) == Opening(7, 8)

    def test_a_proof_is_bound_to_its_statement(self) -> None:
        verify_partial_opening(self.record, 2, self.ciphertext, self.partial, CONTEXT)
        sentence = "not made with the share"
        assert sentence in self.refuse(self.partial, trustee=1)
        assert sentence in self.refuse(self.partial, context=b"area 2")
        assert sentence in self.refuse(self.partial, ciphertext=paillier.encrypt(self.record.n, 11, 13))
        assert sentence in self.refuse(self.partial, ciphertext=paillier.encrypt(self.record.n, 12, 12))

    @pytest.mark.parametrize("factor", [2, 3**200])
    def test_an_answer_times_another_element_is_found(self, factor: int) -> None:
        x = self.partial.x * factor % self.record.n
        self.refuse(PartialOpening(x, self.partial.challenge, self.partial.response))

    def test_a_negated_answer_with_the_old_proof_is_found(self) -> None:
        self.refuse(
            PartialOpening(self.record.n - self.partial.x, self.partial.challenge, self.partial.response)
        )

    def test_a_proof_made_with_another_share_is_found(self) -> None:
        forged = open_partially(self.record, self.key.shares[0], self.ciphertext, CONTEXT)
        self.refuse(forged)

    def test_numbers_out_of_range_are_refused_before_any_power(self) -> None:
        x, e, z = self.partial.x, self.partial.challenge, self.partial.response
        for value in (0, -x, x + self.record.n):
            assert "not a unit" in self.refuse(PartialOpening(value, e, z))
        for value in (-1, 1 << 256):
            assert "256 bits" in self.refuse(PartialOpening(x, value, z))
        for value in (-1, 1 << (8 * response_bytes(self.record.n))):
            assert "negative or too long" in self.refuse(PartialOpening(x, e, value))
        for trustee in (0, 4):
            assert "no such trustee" in self.refuse(self.partial, trustee=trustee)

    def test_the_proof_says_who_cheated_when_exactly_two_answer(self) -> None:
        good = open_partially(self.record, self.key.shares[0], self.ciphertext, CONTEXT)
        bad = PartialOpening(
            self.partial.x * 2 % self.record.n, self.partial.challenge, self.partial.response
        )
        with pytest.raises(OpeningFailed):
            combine_openings(self.record, self.ciphertext, {1: good.x, 2: bad.x})
        verify_partial_opening(self.record, 1, self.ciphertext, good, CONTEXT)
        assert "Trustee 2" in self.refuse(bad)
