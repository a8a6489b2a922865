"""Key ceremonies among honest parties: what comes out, and that every number is where the document says."""

import secrets
from collections import Counter
from math import gcd, prod

import pytest

from crypto.ceremony.errors import CeremonyFailed
from crypto.ceremony.one_process import CeremonyProgress, run_in_one_process
from crypto.ceremony.parameters import SESSION_BYTES, CeremonyParameters
from crypto.ceremony.party import CeremonyParty, CeremonyStage
from crypto.ceremony.secret_work import Pairs, SecretWork
from crypto.certificate import verify_key_record, verify_key_share
from crypto.errors import OutOfRange, UnsupportedParameters
from crypto.key_record import quotient_bits, share_bits
from crypto.key_size import KeySize
from crypto.numbers import is_prime
from tests.support.ceremonies import (
    SMALL,
    factor_with_shares,
    run_parties,
    small_key,
    small_parameters,
)

SESSION = bytes(SESSION_BYTES)


@pytest.mark.parametrize("trustees", [3, 4, 5, 10])
def test_all_parties_hold_one_key_that_everybody_accepts(trustees: int) -> None:
    key = small_key(trustees)
    verify_key_record(key.record, SMALL)
    assert [share.index for share in key.shares] == list(range(1, trustees + 1))
    for share in key.shares:
        verify_key_share(key.record, share)
        assert abs(share.share).bit_length() <= share_bits(key.record.n)
    assert key.record.k.bit_length() <= quotient_bits(key.record.n)
    assert len(key.transcript) == 32


@pytest.mark.parametrize("trustees", [3, 4, 5, 10])
def test_the_primes_have_the_promised_form(trustees: int) -> None:
    key = small_key(trustees)
    parameters = small_parameters(trustees)
    p, q = factor_with_shares(key.record, key.shares[-2:])
    assert p * q == key.record.n
    for prime in (p, q):
        assert is_prime(prime)
        assert 3 << 254 <= prime < 1 << 256
        assert prime % parameters.residue_modulus == parameters.residue_modulus - 1


def test_one_share_does_not_factor() -> None:
    key = small_key(3)
    with pytest.raises(AssertionError):
        factor_with_shares(key.record, key.shares[:1])


def test_parties_agree_on_record_and_transcript() -> None:
    parameters = small_parameters()
    outcomes = run_parties([CeremonyParty(parameters, j) for j in parameters.parties])
    assert len({outcome.record for outcome in outcomes}) == 1
    assert len({outcome.transcript for outcome in outcomes}) == 1
    assert len({outcome.share.share for outcome in outcomes}) == 3


def test_two_ceremonies_of_one_session_name_have_nothing_in_common() -> None:
    parameters = small_parameters()
    first, second = run_in_one_process(parameters), run_in_one_process(parameters)
    assert first.transcript != second.transcript
    assert first.record.n != second.record.n


def test_progress_is_told() -> None:
    heard: list[CeremonyProgress] = []
    outcome = run_in_one_process(small_parameters(), heard.append)
    assert len(heard) == outcome.rounds
    assert heard[-1].stage is CeremonyStage.FINISHED
    assert heard[-1].candidates_tried == outcome.candidates_tried
    assert [p.candidates_tried for p in heard] == sorted(p.candidates_tried for p in heard)
    assert {p.stage for p in heard} >= {CeremonyStage.CANDIDATES, CeremonyStage.FILTER, CeremonyStage.INVERSE}


@pytest.mark.parametrize(
    ("trustees", "threshold", "sentence"),
    [
        (5, 3, "reduction round"),
        (3, 3, "reduction round"),
        (10, 5, "reduction round"),
        (2, 2, "at least 3 trustees"),
        (1, 2, "at least 3 trustees"),
        (11, 2, "At most 10"),
        (3, 1, "threshold of 2"),
        (3, 0, "threshold of 2"),
        (0, 0, "threshold of 2"),
        (1, 1, "a ceremony needs at least 3"),
    ],
)
def test_other_numbers_of_trustees_are_refused_with_a_sentence(
    trustees: int, threshold: int, sentence: str
) -> None:
    with pytest.raises(UnsupportedParameters, match=sentence):
        CeremonyParameters(SMALL, trustees, threshold, SESSION)


def test_a_session_has_a_name_of_32_bytes() -> None:
    with pytest.raises(OutOfRange):
        CeremonyParameters(SMALL, 3, 2, b"short")


@pytest.mark.parametrize(("trustees", "T"), [(3, 24), (4, 24), (5, 120), (6, 120), (7, 840), (10, 840)])
@pytest.mark.parametrize("size", [SMALL, KeySize.BITS_2048, KeySize.BITS_3072])
def test_constants(size: KeySize, trustees: int, T: int) -> None:
    parameters = CeremonyParameters(size, trustees, 2, SESSION)
    half = size.bits // 2
    assert parameters.residue_modulus == T
    assert parameters.sieve_product == prod(parameters.sieve_primes) <= 1 << (half // 4)
    assert min(parameters.sieve_primes) > trustees
    assert gcd(T, parameters.sieve_product) == 1
    assert parameters.offset % parameters.step == 0
    assert 3 << (half - 2) <= parameters.offset < (3 << (half - 2)) + parameters.step
    largest = parameters.offset + trustees * parameters.step * parameters.free_range
    assert largest <= 1 << half
    assert largest + trustees * parameters.step > 1 << half
    assert parameters.batch_size % trustees == 0
    assert parameters.product_ring >= 4 << size.bits
    for ring in (parameters.product_ring, parameters.inverse_ring):
        assert gcd(ring, parameters.delta) == 1
    lagrange = [parameters.lagrange(j) for j in parameters.parties]
    assert all(sum(w * j**power for j, w in enumerate(lagrange, 1)) == (power == 0) for power in range(3))


def test_a_cheater_who_knows_all_of_the_sieve_knows_less_than_half_a_prime() -> None:
    for size in (SMALL, KeySize.BITS_2048, KeySize.BITS_3072):
        for trustees in range(3, 11):
            step = CeremonyParameters(size, trustees, 2, SESSION).step
            assert step.bit_length() + 4 < size.bits // 4


def test_roles_rotate() -> None:
    parameters = small_parameters(5)
    counts = Counter(parameters.role(number) for number in range(100))
    assert counts == dict.fromkeys(range(1, 6), 20)


def test_a_party_starts_once_and_ends_once() -> None:
    parameters = small_parameters()
    party = CeremonyParty(parameters, 2)
    with pytest.raises(CeremonyFailed, match="not running"):
        party.receive([])
    party.start()
    with pytest.raises(CeremonyFailed, match="starts once"):
        party.start()
    with pytest.raises(CeremonyFailed, match="not finished"):
        _ = party.outcome
    with pytest.raises(CeremonyFailed, match="no message came"):
        party.receive([])
    with pytest.raises(CeremonyFailed, match="not running"):
        party.receive([])
    with pytest.raises(CeremonyFailed, match="starts once"):
        party.start()
    with pytest.raises(CeremonyFailed, match="no such party"):
        CeremonyParty(parameters, 4)


class ReportsPrimes(SecretWork):
    """Honest, and notes its parts of the candidates."""

    def deal_primes(self) -> dict[int, Pairs]:
        dealt = super().deal_primes()
        # f(0) = 2·f(1) - f(2) modulo Q: the parts themselves, which the dealer knows anyway.
        Q = self.parameters.product_ring
        self.parts = [
            ((2 * a[0] - b[0]) % Q, (2 * a[1] - b[1]) % Q) for a, b in zip(dealt[1], dealt[2], strict=True)
        ]
        return dealt


class LetsManyPass(ReportsPrimes):
    """Answers the filter for every fifth candidate as if it were good."""

    def filter_answer(self, number: int, n: int) -> int:
        return super().filter_answer(number, n) if number % 5 else 1


def test_survivors_that_fail_the_128_rounds_are_passed_over_and_the_lowest_good_one_wins() -> None:
    parameters = small_parameters()
    works = [LetsManyPass(parameters, j) for j in parameters.parties]
    outcomes = run_parties([CeremonyParty(parameters, work.index, work) for work in works])
    verify_key_record(outcomes[0].record, SMALL)
    batch = [
        (sum(part[0] for part in parts), sum(part[1] for part in parts))
        for parts in zip(*(work.parts for work in works), strict=True)
    ]
    good = [p * q for p, q in batch if is_prime(p) and is_prime(q)]
    assert outcomes[0].record.n == good[0]


@pytest.mark.parametrize("trustees", [3, 5])
def test_every_candidate_has_the_promised_form(trustees: int) -> None:
    parameters = small_parameters(trustees)
    works = [ReportsPrimes(parameters, j) for j in parameters.parties]
    parties = [CeremonyParty(parameters, work.index, work) for work in works]
    run_parties(parties, rounds_max=4)
    for parts in zip(*(work.parts for work in works), strict=True):
        for p in (sum(part[i] for part in parts) for i in (0, 1)):
            assert 3 << 254 <= p < 1 << 256
            assert p % parameters.residue_modulus == parameters.residue_modulus - 1
            assert gcd(p, parameters.sieve_product) == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [KeySize.BITS_2048, KeySize.BITS_3072])
def test_a_key_of_real_size(size: KeySize) -> None:
    parameters = CeremonyParameters(size, 3, 2, secrets.token_bytes(SESSION_BYTES))
    outcome = run_in_one_process(parameters)
    verify_key_record(outcome.record, size)
    for share in outcome.shares:
        verify_key_share(outcome.record, share)
