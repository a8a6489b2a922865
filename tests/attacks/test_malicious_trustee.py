"""Corrupt trustees: wrong answers, statements for two boards, and keys that could lie about the result."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from math import prod

import pytest

from crypto.encoding import encode_base64url, encode_int
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.membership import ProofContext, challenge
from crypto.numbers import mpz
from crypto.opening import combine_openings
from crypto.opening_proof import open_partially
from protocol.ballot import AnswerRecord, BallotRecord, ProofRecord
from protocol.canonical import encode_canonical
from protocol.ceremony_record import make_ceremony_body
from protocol.leaf import Kind, sign_body
from protocol.opening_rules import make_partial_openings, opening_context
from protocol.records import OpeningRecord, OptionVotes, QuestionVotes, Result
from protocol.report import CheckName
from protocol.terms import assemble_terms
from tests.support.boards import Entry, MemoryBoard
from tests.support.claims import simulated_commitment, smaller
from tests.support.elections import (
    SERVER_KEY,
    TestElection,
    choose_one,
    make_election,
    make_manifest,
    trustee_key,
    voter_key,
)
from tests.support.forged_keys import forge_record, prime_after
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


def election_under(record: PublicKeyRecord) -> TestElection:
    base = make_election()
    ceremony = make_ceremony_body(base.manifest.election, record, base.manifest.size, b"T" * 32)
    terms, roll = assemble_terms(base.manifest_body, ceremony, base.roll_body)
    return TestElection(base.manifest_body, ceremony, base.roll_body, terms, roll, (KeyShare(1, 1),))


def primes_of(count: int, residue: int) -> list[int]:
    """Distinct primes, all `residue` mod 8, whose product has exactly 2048 bits."""
    bits = 2048 // count
    found: list[int] = []
    start = (1 << bits) - (1 << (bits - 8))
    while len(found) < count - 1:
        found.append(prime_after(start, residue, 8))
        start = found[-1] + 8
    found.append(prime_after((3 << 2046) // prod(found), residue, 8))
    assert prod(found).bit_length() == 2048
    return found


def test_control_a_conspiracy_with_two_primes_3_mod_4_has_an_honest_key() -> None:
    assert MemoryBoard(election_under(forge_record(primes_of(2, 3)))).start().verify().report.ok


def squared() -> list[int]:
    """p²·q of 2048 bits, 1 mod 4."""
    p = prime_after(3 << 680, 3, 8)
    return [p, p, prime_after((3 << 2046) // (p * p), 5, 8)]


@pytest.mark.parametrize(
    ("primes", "check"),
    [
        (partial(primes_of, 32, 3), "square-roots"),
        (partial(primes_of, 4, 3), "square-roots"),
        (partial(primes_of, 2, 5), "square-roots"),
        (squared, "feldman-equation"),
    ],
    ids=["32 small primes", "four primes", "two primes, 1 mod 4", "p squared times q"],
)
def test_modulus_that_could_lie_is_refused_with_the_terms(
    primes: Callable[[], list[int]], check: str
) -> None:
    """Was broken: with 25 small primes, 45 valid ballots opened to a false result. Every root that exists is shown."""
    board = MemoryBoard(election_under(forge_record(primes()))).start()
    require_only(board.verify(), CheckName.KEY, 1, f"The key is refused ({check})")


# A key that keeps every check, and can lie all the same: one factor is shorter than a challenge.

SHORT_FACTOR = 1_000_003
FOUND_AFTER = 3_349_188
"""Attempts after which `forged_choice` succeeds; it searches on, for minutes, where the formats changed."""


@cache
def lying_election() -> TestElection:
    long_factor = prime_after((3 << 2046) // SHORT_FACTOR, 3, 4)
    record = forge_record([SHORT_FACTOR, long_factor])
    share = pow(record.n, -1, (SHORT_FACTOR - 1) * (long_factor - 1))
    base = make_election(make_manifest((choose_one(2),)))
    ceremony = make_ceremony_body(base.manifest.election, record, base.manifest.size, b"T" * 32)
    terms, roll = assemble_terms(base.manifest_body, ceremony, base.roll_body)
    return TestElection(base.manifest_body, ceremony, base.roll_body, terms, roll, (KeyShare(1, share),))


def forged_choice(voter: int) -> tuple[bytes, bytes]:
    """A ballot that "holds one vote for the first option", in truth n / p more: valid for every verifier.

    The error of its branch is a multiple of e·n·(n / p), which is 0 modulo n² when p divides e; so hash until it does.
    """
    election = lying_election()
    terms, key = election.terms, election.terms.key
    (layout,), size, r = terms.layouts, terms.manifest.size, (1 << 1024) // 3
    credential = voter_key(voter).public_key
    members = layout.proof_sets()[0][1]
    context = ProofContext(terms.fingerprint, layout.id, "choice 1", credential, 1)
    c = key.encrypt(1 + key.n // SHORT_FACTOR, r)
    e, z = [0, 1 << 100, 1 << 101], [0, 2, 3]
    others = [simulated_commitment(key, c, members[j], e[j], z[j]) for j in (1, 2)]
    sigma = (1 << 1400) + FOUND_AFTER
    a, step, n2 = mpz(key.H_table.power(sigma)), mpz(key.H), mpz(key.n2)
    while True:
        e[0] = (challenge(key, c, members, (int(a), *others), context) - sum(e[1:])) % (1 << 256)
        if e[0] % SHORT_FACTOR == 0:
            break
        a, sigma = a * step % n2, sigma + 1
    z[0] = smaller(key, pow(key.h, sigma - r * e[0], key.n))
    proof = ProofRecord(
        a=tuple(encode_int(each, size.n2_bytes) for each in (int(a), *others)),
        e=tuple(encode_int(each, 32) for each in e),
        z=tuple(encode_int(each, size.n_bytes) for each in z),
    )
    answer = AnswerRecord(ciphertexts=(encode_int(c, size.n2_bytes),), proofs=(proof,), question=layout.id)
    body = encode_canonical(
        BallotRecord(
            answers=(answer,),
            credential=encode_base64url(credential),
            election=terms.election,
            fingerprint=terms.fingerprint_text,
            format="psephos/ballot/v1",
            sequence=1,
        )
    )
    return body, sign_body(Kind.BALLOT, body, voter_key(voter))


def test_conspiracy_of_all_cannot_publish_an_impossible_sum() -> None:
    """The bound on packed slots is for this: a forged ballot moves the sum by more than all slots together hold."""
    election = lying_election()
    board = MemoryBoard(election).start()
    board.append(Kind.BALLOT, *forged_choice(1))
    board.cast(2, [[0, 1, 0]])
    board.close()
    assert board.aggregate().report.ok  # key and proofs hold
    board.state(1)
    (product,) = board.products()
    (x,) = board.open_by(1, [product])
    opening = combine_openings(election.terms.record, product.ciphertext, {1: x})
    (layout,) = election.terms.layouts
    assert opening.plaintext == 1 + (1 << layout.slot_bits) + election.terms.record.n // SHORT_FACTOR
    assert opening.plaintext.bit_length() > layout.slot_bits * layout.chunk_slots
    size = election.terms.manifest.size
    result = Result(
        aggregates=encode_base64url(board.aggregates_digest),
        election=election.terms.election,
        fingerprint=election.terms.fingerprint_text,
        format="psephos/result/v1",
        openings=(
            OpeningRecord(
                areas=product.areas,
                chunk=0,
                ciphertext=encode_int(product.ciphertext, size.n2_bytes),
                plaintext=encode_int(opening.plaintext, size.n_bytes),
                question=layout.id,
                root=encode_int(opening.root, size.n_bytes),
            ),
        ),
        totals=(
            QuestionVotes(
                matrix=(),
                question=layout.id,
                votes=tuple(OptionVotes(option=option, votes=5) for option in layout.option_ids),
            ),
        ),
        withheld=False,
    )
    at = board.append(Kind.RESULT, encode_canonical(result))
    require_only(board.verify(), CheckName.TOTALS, at, "the opened sum is larger than its slots")


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
