"""Corrupt trustees: wrong answers, statements for two boards, and keys that could lie about the result."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any

import pytest

from crypto.certificate import (
    KeyCheck,
    KeyRefused,
    nth_root_challenges,
    square_root_challenges,
    verify_nth_roots,
)
from crypto.encoding import encode_base64url, encode_int
from crypto.hashed_elements import verification_base
from crypto.key_record import KeyShare, PublicKeyRecord, derive_verification_keys
from crypto.numbers import gcd, invert, powmod
from crypto.opening_proof import open_partially
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind
from protocol.opening_rules import make_partial_openings, opening_context
from protocol.report import CheckName
from protocol.terms import assemble_terms
from tests.support.boards import Entry, MemoryBoard
from tests.support.claims import first_prime
from tests.support.elections import SERVER_KEY, TestElection, make_election, trustee_key
from tests.support.hostile import (
    Change,
    before,
    board_of,
    body_of,
    bump,
    failures,
    on_list,
    position,
    published_by_two,
    put,
    require_only,
    take,
    threshold_election,
    with_body,
)

TWO = threshold_election()
N = TWO.terms.record.n


def opened(openers: Sequence[int] = (1,)) -> MemoryBoard:
    """The honest board with the statements of all and the openings of these trustees, without a result."""
    board = before(TWO, published_by_two(), Kind.PARTIAL_OPENING)
    products = board.products()
    for trustee in openers:
        board.open_by(trustee, products)
    return board


@cache
def opened_by_one() -> tuple[Entry, ...]:
    return tuple(opened().leaves)


PARTIAL = position(opened_by_one(), Kind.PARTIAL_OPENING)


def with_partial(change: Change, signer: int = 1) -> MemoryBoard:
    return board_of(TWO, with_body(opened_by_one(), PARTIAL, change, trustee_key(signer)))


FIRST, SECOND = ("openings", 0), ("openings", 1)
PARTIAL_ATTACKS: list[tuple[str, Change, str]] = [
    ("another answer", bump((*FIRST, "x")), "group 0, question q1, chunk 0: Trustee 1"),
    ("another challenge", bump((*FIRST, "challenge")), "Trustee 1's partial opening fails"),
    ("another response", bump((*SECOND, "response")), "group 1, question q1, chunk 0: Trustee 1"),
    ("answer zero", put((*FIRST, "x"), encode_int(0, 256)), "not a unit"),
    ("answer n", put((*FIRST, "x"), encode_int(N, 256)), "not a unit"),
    ("answer above n", put((*FIRST, "x"), encode_base64url(b"\xff" * 256)), "not a unit"),
    ("longest response", put((*FIRST, "response"), encode_base64url(b"\xff" * 361)), "was not made with"),
    ("an opening missing", on_list(("openings",), list.pop), "2 products are opened, not 1"),
    (
        "an opening too many",
        on_list(("openings",), lambda each: each.append(each[0])),
        "2 products are opened, not 3",
    ),
    ("no openings", put(("openings",), []), "2 products are opened, not 0"),
    ("answer of another length", put((*FIRST, "x"), "AA"), "cannot be read"),
    ("response of another length", put((*FIRST, "response"), "AA"), "cannot be read"),
    ("other aggregates", put(("aggregates",), "A" * 43), "answer other aggregates"),
    ("another election", put(("fingerprint",), "A" * 43), "belong to another election"),
    ("another format", put(("format",), "psephos/partial-opening/v2"), "cannot be read"),
]


def test_honest_partial_openings_verify() -> None:
    assert opened((1, 2, 3)).verify().report.ok


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in PARTIAL_ATTACKS], ids=[case[0] for case in PARTIAL_ATTACKS]
)
def test_wrong_partial_opening_is_named(change: Change, words: str) -> None:
    require_only(with_partial(change).verify(), CheckName.PARTIAL_OPENINGS, PARTIAL, words)


def test_partial_openings_of_two_products_exchanged_are_both_named() -> None:
    report = with_partial(on_list(("openings",), list.reverse)).verify().report
    assert [(at, reason[:7]) for at, reason in failures(report)[CheckName.PARTIAL_OPENINGS]] == [
        (PARTIAL, "group 0"),
        (PARTIAL, "group 1"),
    ]


def test_answer_of_one_product_does_not_serve_for_another() -> None:
    board = with_partial(take(SECOND, FIRST))
    require_only(
        board.verify(), CheckName.PARTIAL_OPENINGS, PARTIAL, "group 1, question q1, chunk 0: Trustee 1"
    )


def forged_partial(
    share: int, context_trustee: int, trustee: int = 1, context_group: int | None = None
) -> MemoryBoard:
    """Trustee `trustee` answers with another share, or with proofs for another place."""
    board = before(TWO, published_by_two(), Kind.PARTIAL_OPENING)
    openings = []
    for product in board.products():
        if product.is_empty:
            continue
        place = product if context_group is None else replace(product, group=context_group)
        context = opening_context(TWO.terms, board.aggregates_digest, place, context_trustee)
        secret = TWO.shares[share - 1]
        openings.append(open_partially(TWO.terms.record, secret, product.ciphertext, context))
    body = make_partial_openings(TWO.terms, board.aggregates_digest, trustee, openings)
    board.append_for(Kind.PARTIAL_OPENING, body, trustee_key(trustee))
    return board


def test_control_of_the_forger_an_honest_answer_verifies() -> None:
    assert forged_partial(share=1, context_trustee=1).verify().report.ok


@pytest.mark.parametrize(
    ("share", "context_trustee", "context_group", "faults"),
    [(2, 1, None, 2), (1, 2, None, 2), (1, 1, 0, 1), (1, 1, 2, 2)],
    ids=["another share", "another trustee's context", "context of group 0", "context of the empty group"],
)
def test_proof_made_for_another_share_or_place_is_named(
    share: int, context_trustee: int, context_group: int | None, faults: int
) -> None:
    board = forged_partial(share, context_trustee, context_group=context_group)
    found = failures(board.verify().report)
    assert set(found) == {CheckName.PARTIAL_OPENINGS}
    assert [at for at, _ in found[CheckName.PARTIAL_OPENINGS]] == [len(board.leaves) - 1] * faults
    assert all(
        "Trustee 1's partial opening fails" in reason for _, reason in found[CheckName.PARTIAL_OPENINGS]
    )


def test_answer_copied_from_another_trustee_is_named() -> None:
    board = opened((1, 2))
    at = position(board.leaves, Kind.PARTIAL_OPENING, 1)
    honest = body_of(board.leaves[at - 1])["openings"]
    board.leaves = with_body(board.leaves, at, put(("openings",), honest), trustee_key(2))
    found = failures(board.verify().report)[CheckName.PARTIAL_OPENINGS]
    assert [(entry, "Trustee 2" in reason) for entry, reason in found] == [(at, True)] * 2


def test_opening_in_another_trustees_name_breaks_the_board() -> None:
    board = with_partial(put(("trustee",), 2), signer=1)
    require_only(board.verify(), CheckName.BOARD, PARTIAL, "not signed by its author")
    board = with_partial(put(("trustee",), 4), signer=1)
    require_only(board.verify(), CheckName.BOARD, PARTIAL, "There is no trustee 4")
    board = with_partial(lambda _: None, signer=2)
    require_only(board.verify(), CheckName.BOARD, PARTIAL, "not signed by its author")


def test_one_wrong_trustee_of_three_changes_nothing_but_is_named() -> None:
    board = opened((1, 2, 3))
    at = position(board.leaves, Kind.PARTIAL_OPENING)
    honest = board.verify().tally
    assert honest is not None
    board.leaves = with_body(board.leaves, at, bump((*FIRST, "x")), trustee_key(1))
    wrong = board.verify().tally
    assert wrong is not None
    assert wrong.answers[1] != honest.answers[1]
    board.publish(wrong.answers)
    report = board.verify().report
    found = failures(report)
    assert set(found) == {CheckName.PARTIAL_OPENINGS}
    assert [entry for entry, _ in found[CheckName.PARTIAL_OPENINGS]] == [at]
    assert report.result is not None
    assert [option.votes for option in report.result[0].votes] == [1, 2, 1]


def test_second_opening_of_the_same_trustee_breaks_the_board() -> None:
    board = opened((1,))
    board.leaves.append(board.leaves[-1])
    require_only(board.verify(), CheckName.BOARD, len(board.leaves) - 1, "Trustee 1 has already a leaf")


# Closing statements.

STATEMENT = position(published_by_two(), Kind.CLOSING_STATEMENT)


def with_statement(change: Change) -> MemoryBoard:
    board = board_of(TWO, published_by_two()[: STATEMENT + 1])
    board.leaves = with_body(board.leaves, STATEMENT, change, trustee_key(1))
    return board


@pytest.mark.parametrize(
    "change",
    [
        bump(("checkpoint_root",)),
        put(("checkpoint_size",), 9),
        bump(("aggregates",)),
        put(("election",), "f" * 32),
        bump(("fingerprint",)),
        put(("checkpoint_root",), ""),
    ],
    ids=["another root", "another size", "other aggregates", "another election", "other terms", "no root"],
)
def test_statement_of_another_board_is_refused(change: Change) -> None:
    require_only(
        with_statement(change).verify(),
        CheckName.PARTIAL_OPENINGS,
        STATEMENT,
        "Trustee 1's closing statement",
    )


def test_statement_in_another_trustees_name_breaks_the_board() -> None:
    board = with_statement(put(("trustee",), 2))
    require_only(board.verify(), CheckName.BOARD, STATEMENT, "not signed by its author")


def stated(trustees: Sequence[int], *, act: bool = False, late: Sequence[int] = ()) -> MemoryBoard:
    """The honest board with these statements, an act perhaps, the opening of trustee 1, late statements."""
    board = before(TWO, published_by_two(), Kind.CLOSING_STATEMENT)
    for trustee in trustees:
        board.state(trustee)
    if act:
        board.lower_quorum()
    board.open_by(1, board.products())
    for trustee in late:
        board.state(trustee)
    return board


def test_opening_before_all_statements_is_refused() -> None:
    for trustees in ((), (1,), (1, 2)):
        board = stated(trustees)
        words = f"{len(trustees)} identical closing statements stand on the board; 3 must precede"
        require_only(board.verify(), CheckName.PARTIAL_OPENINGS, len(board.leaves) - 1, words)
    late = stated((1, 2), late=(3,))
    require_only(
        late.verify(), CheckName.PARTIAL_OPENINGS, len(late.leaves) - 2, "2 identical closing statements"
    )


def test_act_lets_two_open_when_one_is_gone() -> None:
    board = stated((1, 2), act=True)
    board.open_by(2, board.products())
    tally = board.verify().tally
    assert tally is not None
    board.publish(tally.answers)
    verdict = board.verify()
    assert verdict.report.ok
    assert "statement-quorum-lowered" in verdict.report.warnings
    assert verdict.report.result is not None
    assert [option.votes for option in verdict.report.result[0].votes] == [1, 2, 1]


def test_act_does_not_let_one_open_alone() -> None:
    board = stated((1,), act=True)
    require_only(
        board.verify(), CheckName.PARTIAL_OPENINGS, len(board.leaves) - 1, "1 identical closing statements"
    )


def test_act_after_the_opening_heals_nothing() -> None:
    board = stated((1, 2))
    at = len(board.leaves) - 1
    board.lower_quorum()
    require_only(board.verify(), CheckName.PARTIAL_OPENINGS, at, "2 identical closing statements stand")


@pytest.mark.parametrize(
    "change",
    [
        put(("to",), 1),
        put(("to",), 3),
        put(("election",), "f" * 32),
        put(("name",), ""),
        put(("act",), "open-now"),
    ],
    ids=["to one", "to three", "another election", "no name", "another act"],
)
def test_act_that_the_protocol_does_not_know_lowers_nothing(change: Change) -> None:
    board = stated((1, 2), act=True)
    at = position(board.leaves, Kind.ACT)
    board.leaves = with_body(board.leaves, at, change)
    found = failures(board.verify().report)
    assert set(found) == {CheckName.PARTIAL_OPENINGS}
    assert [entry for entry, _ in found[CheckName.PARTIAL_OPENINGS]] == [at, len(board.leaves) - 1]


def test_act_signed_by_trustees_is_none() -> None:
    board = stated((1, 2), act=True)
    at = position(board.leaves, Kind.ACT)
    board.leaves = with_body(board.leaves, at, lambda _: None, trustee_key(1))
    require_only(board.verify(), CheckName.BOARD, at, "not signed by its author")


def fork(votes: Sequence[int]) -> MemoryBoard:
    """A board closed after the ballots of these voters, with the aggregates of exactly them."""
    board = MemoryBoard(TWO).start()
    for index in votes:
        board.leaves.append(published_by_two()[4 + index])
        board.ballots += 1
    board.close()
    board.aggregate()
    return board


def test_forked_closing_opens_nothing_with_one_corrupt_trustee() -> None:
    """Was broken: opening "all four" to trustee 2 and "the first three" to trustee 3 shows the fourth ballot.

    Trustee 1 is corrupt and signs for both boards; each honest trustee states only the board that it saw.
    """
    whole, part = fork((1, 2, 3, 4)), fork((1, 2, 3))
    for board, honest in ((whole, 2), (part, 3)):
        board.state(1)
        board.state(honest)
        assert board.verify().report.ok
    # Neither fork reaches the three identical statements that precede an opening ...
    for board in (whole, part):
        forced = board_of(TWO, board.leaves)
        forced.open_by(1, forced.products())
        words = "2 identical closing statements stand on the board; 3 must precede"
        require_only(forced.verify(), CheckName.PARTIAL_OPENINGS, len(forced.leaves) - 1, words)
    # ... and the statement that is missing on one board, carried over from the other, convicts the server.
    elsewhere = part.leaves[position(part.leaves, Kind.CLOSING_STATEMENT, 1)]
    whole.leaves.append(elsewhere)
    at = len(whole.leaves) - 1
    require_only(whole.verify(), CheckName.PARTIAL_OPENINGS, at, "Somebody was shown a different board")
    whole.open_by(1, whole.products())
    assert "2 identical" in failures(whole.verify().report)[CheckName.PARTIAL_OPENINGS][1][1]


# Results without the openings that must come first.


def test_result_without_statements_or_openings_is_refused() -> None:
    honest = published_by_two()
    result = honest[-1]
    first, last = position(honest, Kind.CLOSING_STATEMENT), position(honest, Kind.PARTIAL_OPENING)
    cases: list[tuple[Sequence[Entry], str]] = [
        (honest[:first], "0 identical closing statements"),
        (honest[: first + 2], "2 identical closing statements"),
        (honest[:last], "Partial openings of 0 trustees stand before the result; 2 open"),
        (honest[: last + 1], "Partial openings of 1 trustees stand before the result; 2 open"),
    ]
    for leaves, words in cases:
        board = board_of(TWO, [*leaves, result])
        require_only(board.verify(), CheckName.PARTIAL_OPENINGS, len(board.leaves) - 1, words)


# Keys of a conspiracy of all trustees. Nobody but they could make them; no ballot may be cast under them.


def conspirators_key(primes: Sequence[int]) -> PublicKeyRecord:
    """The record of a single trustee for any modulus, with every root that exists, and 1 where none does."""
    n = prod(primes)
    phi = prod(
        (p - 1) * p ** (primes.count(p) - 1) if i == primes.index(p) else 1 for i, p in enumerate(primes)
    )
    inverse = int(invert(n, phi)) if gcd(n, phi) == 1 else 1
    feldman = ((int(powmod(verification_base(n), inverse, n)),),)
    bare = PublicKeyRecord(
        n=n, threshold=1, trustees=1, F0=1, k=0, feldman=feldman,
        verification_keys=derive_verification_keys(n, 1, 0, feldman), nth_roots=(), square_roots=(),
    )  # fmt: skip
    return replace(
        bare,
        nth_roots=tuple(int(powmod(x, inverse, n)) for x in nth_root_challenges(n)),
        square_roots=tuple(square_root_of_either(x, primes) for x in square_root_challenges(n)),
    )


def square_root_of_either(x: int, primes: Sequence[int]) -> int:
    """The smaller root of x or -x modulo the product of distinct primes; 1 when neither has one, or they repeat."""
    if len(set(primes)) < len(primes):
        return 1  # an earlier check is in the way
    n = prod(primes)
    for value in (x, n - x):
        if all(powmod(value, (p - 1) // 2, p) == 1 for p in primes):
            root = 0
            for p in primes:
                rest = n // p
                root += root_modulo(value % p, p) * rest * int(invert(rest, p))
            return min(root % n, -root % n)
    return 1


def root_modulo(value: int, p: int) -> int:
    """Tonelli and Shanks."""
    odd, twos = p - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    other = 2
    while powmod(other, (p - 1) // 2, p) == 1:
        other += 1
    c, root, t = powmod(other, odd, p), powmod(value, (odd + 1) // 2, p), powmod(value, odd, p)
    while t != 1:
        square, least = t, 0
        while square != 1:
            square, least = square * square % p, least + 1
        factor = powmod(c, 1 << (twos - least - 1), p)
        twos, c = least, factor * factor % p
        root, t = root * factor % p, t * c % p
    return int(root)


def election_under(record: PublicKeyRecord) -> TestElection:
    base = make_election()
    ceremony = make_ceremony_body(base.manifest.election, record, base.manifest.size, b"T" * 32)
    terms, roll = assemble_terms(base.manifest_body, ceremony, base.roll_body)
    return TestElection(base.manifest_body, ceremony, base.roll_body, terms, roll, (KeyShare(1, 1),))


def primes_of(count: int, residue: int) -> list[int]:
    """Distinct primes, all `residue` mod 4, whose product has exactly 2048 bits."""
    bits = 2048 // count
    found: list[int] = []
    start = (1 << bits) - (1 << (bits - 8))
    while len(found) < count - 1:
        found.append(first_prime(start, residue, 4))
        start = found[-1] + 4
    found.append(first_prime((3 << 2046) // prod(found), residue, 4))
    assert prod(found).bit_length() == 2048
    return found


def test_control_conspirators_with_two_primes_3_mod_4_have_an_honest_key() -> None:
    board = MemoryBoard(election_under(conspirators_key(primes_of(2, 3)))).start()
    assert board.verify().report.ok


def twice(primes: Sequence[int]) -> list[int]:
    """p²·q of 2048 bits, 1 mod 4."""
    p = primes[0]
    return [p, p, first_prime((3 << 2046) // (p * p), 1, 4)]


@pytest.mark.parametrize(
    ("primes", "check"),
    [
        (lambda: primes_of(32, 3), "square-roots"),
        (lambda: primes_of(4, 3), "square-roots"),
        (lambda: primes_of(2, 1), "square-roots"),
        (lambda: twice(primes_of(3, 3)), "feldman-equation"),
        (lambda: [p := primes_of(2, 3)[0], p], "square"),
    ],
    ids=["32 small primes", "four primes", "two primes, 1 mod 4", "p squared times q", "a square"],
)  # fmt: skip
def test_modulus_that_could_lie_is_refused_with_the_terms(primes: Any, check: str) -> None:
    """Was broken: with 25 small primes, 45 valid ballots opened to a false result. Every root that exists is shown."""
    board = MemoryBoard(election_under(conspirators_key(primes()))).start()
    require_only(board.verify(), CheckName.KEY, 1, f"The key is refused ({check})")


def test_square_factor_leaves_no_n_th_roots_either() -> None:
    record = conspirators_key(twice(primes_of(3, 3)))
    with pytest.raises(KeyRefused) as refused:
        verify_nth_roots(record.n, record.nth_roots)
    assert refused.value.check is KeyCheck.NTH_ROOTS


def test_half_the_square_roots_exist_for_primes_that_are_1_mod_4() -> None:
    """What the attack above is up against: the fraction that the certificate's 128 roots catch."""
    record = conspirators_key(primes_of(2, 1))
    shown = [root for root in record.square_roots if root != 1]
    assert 32 <= len(shown) <= 96
    challenges = square_root_challenges(record.n)
    for root, x in zip(record.square_roots, challenges, strict=True):
        assert root == 1 or root * root % record.n in {x, record.n - x}


def test_ceremony_with_one_number_altered_is_refused() -> None:
    for path, check in [
        (("feldman", 0, 0), "feldman-equation"),
        (("f0",), "feldman-equation"),
        (("k",), "feldman-equation"),
        (("nth_roots", 6), "nth-roots"),
        (("square_roots", 127), "square-roots"),
    ]:
        leaves = with_body(published_by_two()[:5], 1, bump(path), SERVER_KEY)
        found = failures(board_of(TWO, leaves).verify().report)
        assert set(found) == {CheckName.KEY}
        ((entry, reason),) = found[CheckName.KEY]
        assert (entry, f"({check})" in reason) == (1, True), (path, reason)
