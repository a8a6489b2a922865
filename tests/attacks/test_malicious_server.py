"""A server that signs whatever it likes: each board fails in the check that is there for it, at the right entry."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.checkpoint import Checkpoint, add_cosignature, sign_checkpoint
from crypto.encoding import decode_int, encode_base64url, encode_int
from crypto.numbers import powmod
from crypto.signature import SigningKey
from protocol.leaf import Kind, make_leaf, sign_body
from protocol.manifest import STRICT_SMALL_AREAS, NamedKey
from protocol.records import counted_digest
from protocol.report import BoardState, CheckName
from protocol.roll import RollEntry
from protocol.verification import Options, SourceBroken, verify_board
from tests.support.boards import Entry, MemoryBoard, later
from tests.support.elections import (
    LOG_KEY,
    SERVER_KEY,
    TestElection,
    choose_one,
    make_election,
    make_manifest,
    trustee_key,
    voter_key,
)
from tests.support.hostile import (
    Change,
    Served,
    before,
    board_of,
    body_of,
    bump,
    canonical,
    failures,
    leaf_of,
    on_list,
    plus_one,
    position,
    published,
    published_by_two,
    put,
    put_at,
    require_only,
    signed_entry,
    small_election,
    take,
    threshold_election,
    with_body,
)

OTHER_KEY = SigningKey.from_seed(b"o" * 32)
ONE, TWO = small_election(), threshold_election()


def served(election: TestElection, leaves: Sequence[Entry]) -> Served:
    """These leaves under heads that the log signed for them."""
    board = board_of(election, leaves)
    return Served(tuple(leaves), board.checkpoint, board.closing_checkpoint)


def replaced(leaves: Sequence[Entry], index: int, entry: Entry) -> list[Entry]:
    return [*leaves[:index], entry, *leaves[index + 1 :]]


def test_honest_boards_verify() -> None:
    one, two = served(ONE, published()).verify(), served(TWO, published_by_two()).verify()
    for verdict in (one, two):
        assert verdict.report.ok
        assert verdict.report.state is BoardState.PUBLISHED
        assert all(check.count for check in verdict.report.checks if check.name is not CheckName.CHALLENGES)
    assert one.report.result is not None
    votes = [[option.votes for option in question.votes] for question in one.report.result]
    # Weights 1, 3, 1, 2; the first voter's second ballot counts.
    assert votes == [[2, 4, 1], [1, 5], [1 + 0 + 1 + 4]]


# 03: the board.


def swapped(leaves: Sequence[Entry], i: int, j: int) -> list[Entry]:
    """Bodies exchanged, leaves in place."""
    altered = list(leaves)
    altered[i], altered[j] = (leaves[i][0], leaves[j][1]), (leaves[j][0], leaves[i][1])
    return altered


def test_bodies_exchanged_between_two_ballots_break_the_board() -> None:
    found = failures(served(ONE, swapped(published(), 5, 6)).verify().report)[CheckName.BOARD]
    assert [at for at, _ in found[:2]] == [5, 6]
    assert all("not the one that the leaf announces" in reason for _, reason in found[:2])


def first_failure(verdict_leaves: Sequence[Entry], election: TestElection = ONE) -> tuple[int | None, str]:
    report = served(election, verdict_leaves).verify().report
    assert not report.ok
    return failures(report)[CheckName.BOARD][0]


CLOSING = position(published(), Kind.CLOSING)
NOON = "2026-11-24T12:00:00Z"
Spoil = Callable[[Entry], Entry]


def fields(**wrong: Any) -> Spoil:
    """Leaf fields altered."""
    return lambda entry: (canonical(json.loads(entry[0]) | wrong), entry[1])


def without_signature(entry: Entry) -> Entry:
    value = json.loads(entry[0])
    del value["signature"]
    return canonical(value), entry[1]


def leaf(data: bytes) -> Spoil:
    """Other leaf bytes."""
    return lambda entry: (data, entry[1])


def signed_by(kind: Kind, signer: SigningKey, as_kind: Kind | None = None) -> Spoil:
    """A leaf whose signature another key made, or the right key for another kind."""
    return lambda entry: (
        make_leaf(kind, entry[1], NOON, sign_body(as_kind or kind, entry[1], signer)),
        entry[1],
    )


LEAF_ATTACKS: list[tuple[str, int, Spoil, str]] = [
    ("unknown field", 6, fields(note="x"), "unknown field"),
    ("digest of another body", 6, fields(digest="A" * 43), "not the one that the leaf announces"),
    ("digest with padding", 6, fields(digest="A" * 43 + "="), "regex"),
    ("digest with trailing bits", 6, fields(digest="A" * 42 + "B"), "canonical"),
    ("kind that is none", 6, fields(kind="vote"), "vote"),
    ("another kind", 6, fields(kind="challenge"), "not the one that the leaf announces"),
    ("day that does not exist", 6, fields(time="2026-13-45T12:00:00Z"), "cannot be read"),
    ("time in another script", 6, fields(time="٢٠٢٦-11-24T12:00:00Z"), "regex"),
    ("time that goes back", 6, fields(time="2026-11-24T11:59:59Z"), "earlier than"),
    ("ballot without a signature", 6, without_signature, "signed exactly when"),
    ("signature of 63 bytes", 6, fields(signature="A" * 84), "64 bytes"),
    ("roll with a signature", 2, fields(signature="A" * 86), "signed exactly when"),
    ("leaf with a space", 6, lambda entry: (entry[0] + b" ", entry[1]), "not canonical"),
    ("leaf beyond its limit", 6, leaf(b'{"' + b"x" * 65_535), "longer than"),
    ("leaf of nested lists", 6, leaf(b"[" * 30_000), "cannot be read"),
    ("empty leaf", 6, leaf(b""), "cannot be read"),
    ("empty body", 6, lambda entry: (entry[0], b""), "not the one that the leaf announces"),
    ("closing without a true signature", CLOSING, fields(signature="A" * 86), "not signed by its author"),
    ("closing signed by a voter", CLOSING, signed_by(Kind.CLOSING, voter_key(1)), "not signed by its author"),
    (
        "closing signed as an act",
        CLOSING,
        signed_by(Kind.CLOSING, SERVER_KEY, Kind.ACT),
        "not signed by its author",
    ),
    ("polls opened by a stranger", 4, signed_by(Kind.POLLS_OPENED, OTHER_KEY), "not signed by its author"),
]


@pytest.mark.parametrize(
    ("index", "spoil", "words"), [case[1:] for case in LEAF_ATTACKS], ids=[case[0] for case in LEAF_ATTACKS]
)
def test_leaf_that_breaks_a_rule_breaks_the_board(index: int, spoil: Spoil, words: str) -> None:
    at, reason = first_failure(replaced(published(), index, spoil(published()[index])))
    assert (at, words in reason) == (index, True), reason


def moved(leaves: Sequence[Entry], source: int, target: int) -> list[Entry]:
    """One leaf taken out and put in before `target`."""
    rest = [*leaves[:source], *leaves[source + 1 :]]
    return [*rest[:target], leaves[source], *rest[target:]]


def test_any_other_order_of_kinds_breaks_the_board() -> None:
    """Leaves left out, moved or repeated."""
    leaves = list(published())
    end, statement = len(leaves), CLOSING + 2
    cases: list[tuple[str, list[Entry], int]] = [
        ("no freeze", [*leaves[:3], *leaves[4:]], 3),
        ("freeze twice", [*leaves[:4], leaves[3], *leaves[4:]], 4),
        ("roll twice", [*leaves[:3], leaves[2], *leaves[3:]], 3),
        ("polls opened twice", [*leaves[:5], leaves[4], *leaves[5:]], 5),
        ("ballot before the polls open", moved(leaves, 5, 4), 4),
        ("closing before the polls open", moved(leaves, CLOSING, 4), 4),
        ("closing twice", [*leaves[: CLOSING + 1], *leaves[CLOSING:]], CLOSING + 1),
        ("no closing", [*leaves[:CLOSING], *leaves[CLOSING + 1 :]], CLOSING),
        ("aggregates twice", [*leaves[:statement], *leaves[CLOSING + 1 :]], statement),
        ("statement before the aggregates", moved(leaves, statement, CLOSING + 1), CLOSING + 1),
        ("no aggregates", [*leaves[: CLOSING + 1], *leaves[statement:]], CLOSING + 1),
        ("statement twice", [*leaves[: statement + 1], *leaves[statement:]], statement + 1),
        ("result twice", [*leaves, leaves[-1]], end),
        ("something after the result", [*leaves, leaves[statement]], end),
    ]
    for name, altered, at in cases:
        entry, reason = first_failure(altered)
        assert entry == at, (name, entry, reason)
        assert any(words in reason for words in ("may not stand here", "must be the", "already")), (
            name,
            reason,
        )


def test_board_that_does_not_begin_with_its_terms_is_refused() -> None:
    leaves = published()
    for order in ((1, 0, 2), (2, 1, 0), (0, 2, 1)):
        report = served(ONE, [*(leaves[i] for i in order), *leaves[3:]]).verify().report
        assert {CheckName.KEY, CheckName.ROLL} & set(failures(report))
        assert report.state is BoardState.UNREADABLE


def test_ballot_after_the_closing_breaks_the_board() -> None:
    board = before(ONE, published(), Kind.AGGREGATES)
    at = board.cast(5, [[1, 0, 0], [0, 0], [0]])
    require_only(board.verify(), CheckName.BOARD, at, "may not stand here")


def test_act_stands_once() -> None:
    board = before(TWO, published_by_two(), Kind.CLOSING_STATEMENT)
    board.lower_quorum()
    assert board.verify().report.ok
    at = board.lower_quorum()
    require_only(board.verify(), CheckName.BOARD, at, "may not stand here")


@pytest.mark.parametrize(("field", "wrong"), [("ballots", 4), ("ballots", 6), ("challenges", 1)])
def test_closing_with_wrong_numbers_is_refused(field: str, wrong: int) -> None:
    board = before(ONE, published(), Kind.AGGREGATES)
    board.leaves = with_body(board.leaves, CLOSING, put((field,), wrong))
    require_only(board.verify(), CheckName.BOARD, CLOSING, "the board holds 5 and 0")


@pytest.mark.parametrize("kind", [Kind.POLLS_OPENED, Kind.CLOSING])
@pytest.mark.parametrize("field", ["election", "fingerprint"])
def test_server_record_of_another_election_is_refused(kind: Kind, field: str) -> None:
    board = before(ONE, published(), Kind.AGGREGATES)
    at = position(board.leaves, kind)
    wrong = "f" * 32 if field == "election" else "A" * 43
    board.leaves = with_body(board.leaves, at, put((field,), wrong))
    require_only(board.verify(), CheckName.BOARD, at, "another election or fingerprint")


def closed() -> MemoryBoard:
    return before(ONE, published(), Kind.AGGREGATES)


def head(board: MemoryBoard, size: int | None = None, **changes: Any) -> str:
    size = len(board.leaves) if size is None else size
    checkpoint = Checkpoint(board.election.manifest.log_origin, size, board.root_at(size))
    return sign_checkpoint(replace(checkpoint, **changes), LOG_KEY)


def test_head_of_another_tree_key_or_log_is_refused() -> None:
    board = closed()
    good, closing = board.checkpoint, board.closing_checkpoint
    origin = board.election.manifest.log_origin
    other = sign_checkpoint(
        Checkpoint(origin, len(board.leaves), board.root_at(len(board.leaves))), OTHER_KEY
    )
    heads = {
        "another root": head(board, root=bytes(32)),
        "one leaf less": head(board, len(board.leaves) - 1),
        "one leaf more": head(board, size=len(board.leaves) + 1),
        "another log": head(board, origin="elsewhere.invalid/log"),
        "another key": other,
        "no note": "not a note",
        "empty": "",
        "cut": good[:-10],
        "an extension line": good.replace("\n\n", "\nextension\n\n"),
    }
    for name, note in heads.items():
        report = Served(tuple(board.leaves), note, closing).verify().report
        found = failures(report)
        assert set(found) == {CheckName.BOARD}, name
        assert [at for at, _ in found[CheckName.BOARD]] == [None], name
    assert Served(tuple(board.leaves), good, closing).verify().report.ok


def test_closing_head_must_be_there_and_end_with_the_closing() -> None:
    board = before(ONE, published(), Kind.CLOSING_STATEMENT)
    leaves, good = tuple(board.leaves), board.checkpoint
    for closing, words in [
        (None, "belongs to a closed board"),
        (board.checkpoint, "not the head that ends with the closing"),
        (board.checkpoint_at(CLOSING), "not the head that ends with the closing"),
        (head(board, CLOSING + 1, root=bytes(32)), "not the head that ends with the closing"),
        ("nothing", "signed note"),
    ]:
        require_only(Served(leaves, good, closing).verify(), CheckName.BOARD, None, words)
    open_board = before(ONE, published(), Kind.CLOSING)
    notes = (open_board.checkpoint, open_board.checkpoint)
    require_only(Served(tuple(open_board.leaves), *notes).verify(), CheckName.BOARD, None, "only to one")


def test_board_that_is_no_continuation_of_a_head_that_somebody_kept_is_refused() -> None:
    board = closed()
    origin = board.election.manifest.log_origin
    kept = Checkpoint(origin, 7, board.root_at(7))
    assert board.verify(Options(older=kept)).report.ok
    whole = Checkpoint(origin, len(board.leaves), board.root_at(len(board.leaves)))
    assert board.verify(Options(older=whole)).report.ok
    # Two ballots in the other order: a head before them still fits, one between them does not.
    board.leaves[6], board.leaves[7] = board.leaves[7], board.leaves[6]
    require_only(board.verify(Options(older=kept)), CheckName.BOARD, None, "not a prefix of this board")
    assert board.verify(Options(older=Checkpoint(origin, 6, board.root_at(6)))).report.ok
    longer = Checkpoint(origin, len(board.leaves) + 1, bytes(32))
    require_only(board.verify(Options(older=longer)), CheckName.BOARD, None, f"size {len(board.leaves) + 1}")


# Witnesses.


@cache
def witnessed_election() -> TestElection:
    """As `threshold_election`, with three witnesses and an objection time of one hour."""
    base = threshold_election().manifest
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    witnesses = tuple(
        NamedKey(key=encode_base64url(witness_key(i).public_key), name=f"witness.example/{i}")
        for i in range(3)
    )
    manifest = type(base)(**fields | {"witnesses": witnesses, "objection_seconds": 3600})
    return make_election(manifest, entries=[RollEntry(weight=1, area="north")] * 5)


def witness_key(number: int) -> SigningKey:
    return SigningKey.from_seed(b"witness" + number.to_bytes(25, "big"))


def cosigned(
    note: str | None, witnesses: Sequence[int], key_of: Callable[[int], SigningKey] = witness_key
) -> str:
    assert note is not None
    for number in witnesses:
        note = add_cosignature(note, f"witness.example/{number}", key_of(number), 1_795_521_600)
    return note


@cache
def witnessed() -> MemoryBoard:
    """An honest witnessed board up to the statements of all three trustees, and the act's leaf beside it."""
    board = WitnessedBoard(witnessed_election()).start()
    board.cast(1, [[1, 0, 0]])
    board.cast(2, [[0, 1, 0]])
    board.close()
    board.aggregate()
    return board


class WitnessedBoard(MemoryBoard):
    """Whose closing head all witnesses have signed."""

    @property
    def closing_checkpoint(self) -> str | None:
        return None if self.closing_index is None else cosigned(super().closing_checkpoint, (0, 1, 2))


def test_closing_needs_more_than_half_of_the_witnesses() -> None:
    board = witnessed()
    plain = board.checkpoint_at(CLOSING_OF_WITNESSED + 1)
    leaves, top = tuple(board.leaves), board.checkpoint
    for numbers in ((0, 1), (1, 2), (0, 1, 2)):
        assert Served(leaves, top, cosigned(plain, numbers)).verify().report.ok
    forged = [
        (plain, "0 witnesses"),
        (cosigned(plain, (0,)), "1 witnesses"),
        (cosigned(plain, (0,)) + cosigned(plain, (0,)).splitlines(keepends=True)[-1], "0 witnesses"),
        (cosigned(cosigned(plain, (0,)), (1, 2), lambda number: witness_key(number + 10)), "1 witnesses"),
        (add_cosignature(cosigned(plain, (0,)), "witness.example/9", witness_key(1), 1), "1 witnesses"),
    ]
    for note, words in forged:
        require_only(
            Served(leaves, top, note).verify(), CheckName.BOARD, None, f"{words} cosigned the closing; 2"
        )
    # A cosignature of another head does not count for this one.
    other = cosigned(board.checkpoint_at(CLOSING_OF_WITNESSED), (0, 1)).splitlines(keepends=True)[-2:]
    require_only(Served(leaves, top, plain + "".join(other)).verify(), CheckName.BOARD, None, "0 witnesses")


CLOSING_OF_WITNESSED = 7


def test_act_that_lowers_the_quorum_demands_every_witness() -> None:
    board = board_of(witnessed_election(), witnessed().leaves)
    board.lower_quorum()
    plain = board.checkpoint_at(CLOSING_OF_WITNESSED + 1)
    leaves, top = tuple(board.leaves), board.checkpoint
    assert Served(leaves, top, cosigned(plain, (0, 1, 2))).verify().report.ok
    require_only(
        Served(leaves, top, cosigned(plain, (0, 1))).verify(),
        CheckName.BOARD,
        None,
        "2 witnesses cosigned the closing; 3",
    )


def test_opening_within_the_objection_time_is_refused() -> None:
    for seconds, early in ((3599, True), (3600, False)):
        board = WitnessedBoard(witnessed_election(), list(witnessed().leaves))
        board.ballots, board.closing_index = 2, CLOSING_OF_WITNESSED
        for trustee in (1, 2, 3):
            board.state(trustee)
        later(board, seconds)
        board.open_by(1, board.products())
        if early:
            require_only(
                board.verify(), CheckName.PARTIAL_OPENINGS, len(board.leaves) - 1, "end of the objection time"
            )
        else:
            assert board.verify().report.ok


# 07 and 08: what is counted and multiplied.


def counted(indices: list[int]) -> str:
    return encode_base64url(counted_digest(indices))


AGGREGATES = position(published(), Kind.AGGREGATES)
COUNTED = [6, 7, 8, 9]


def aggregated(change: Change) -> MemoryBoard:
    board = before(ONE, published(), Kind.CLOSING_STATEMENT)
    board.leaves = with_body(board.leaves, AGGREGATES, change)
    return board


@pytest.mark.parametrize(
    "indices",
    [[6, 7, 8], [5, 6, 7, 8], [5, 6, 7, 8, 9], [6, 7, 8, 8, 9], [9, 8, 7, 6], []],
    ids=["dropped", "replaced ballot counted", "counted twice", "repeated", "another order", "none"],
)
def test_other_list_of_counted_ballots_is_refused(indices: list[int]) -> None:
    assert body_of(published()[AGGREGATES])["counted"] == counted(COUNTED)
    board = aggregated(put(("counted",), counted(indices)))
    require_only(board.verify(), CheckName.COUNTED, AGGREGATES, "other ballots than the 4")


def ciphertext(index: int, question: int, part: int = 0) -> int:
    return decode_int(body_of(published()[index])["answers"][question]["ciphertexts"][part], 512)


def test_dropped_ballot_is_missed_in_the_product() -> None:
    n2 = ONE.terms.key.n2

    def divide(body: Any) -> None:
        product = decode_int(body["groups"][0]["products"][0][0], 512)
        # Ballot 7 of weight 1 is taken out, from the list as well.
        body["groups"][0]["products"][0][0] = encode_int(product * powmod(ciphertext(7, 0), -1, n2) % n2, 512)
        body["counted"] = counted([6, 8, 9])
        body["groups"][0].update(credentials=3, weight=6)

    report = aggregated(divide).verify().report
    found = failures(report)
    assert set(found) == {CheckName.COUNTED, CheckName.AGGREGATES}
    assert found[CheckName.AGGREGATES] == [(AGGREGATES, "Group 0: 4 ballots of weight 7 are counted in it.")]


PRODUCTS = ("groups", 0, "products")
AGGREGATE_ATTACKS: list[tuple[str, Change, str]] = [
    ("another product", bump((*PRODUCTS, 1, 0)), "Group 0, question q2, chunk 0"),
    ("products exchanged", on_list(PRODUCTS, list.reverse), "Group 0, question q1, chunk 0"),
    (
        "a product twice",
        on_list((*PRODUCTS, 0), lambda each: each.append(each[0])),
        "q1: there must be 1 products",
    ),
    ("no product", on_list(PRODUCTS, list.pop), "products for 3 questions"),
    ("product of another length", put((*PRODUCTS, 0, 0), "AAAA"), "cannot be read"),
    ("another number of ballots", put(("groups", 0, "credentials"), 5), "4 ballots of weight 7"),
    ("another weight", put(("groups", 0, "weight"), 8), "4 ballots of weight 7"),
    ("another area", put(("groups", 0, "areas"), ["other"]), "grouped otherwise"),
    ("no group", put(("groups",), []), "grouped otherwise"),
    ("group twice", on_list(("groups",), lambda each: each.append(each[0])), "grouped otherwise"),
    ("withheld", put(("withheld",), True), "rule for small areas decides otherwise"),
    ("of another election", put(("election",), "f" * 32), "another election"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in AGGREGATE_ATTACKS], ids=[case[0] for case in AGGREGATE_ATTACKS]
)
def test_wrong_aggregates_are_refused(change: Change, words: str) -> None:
    require_only(aggregated(change).verify(), CheckName.AGGREGATES, AGGREGATES, words)


def test_small_area_may_not_be_opened_alone() -> None:
    """Ten voters in the north, one in the south: only their joint sum may be opened, whatever the server signs."""
    manifest = make_manifest((choose_one(2),), areas=("north", "south"), small_areas=STRICT_SMALL_AREAS)
    entries = [RollEntry(weight=1, area="north")] * 10 + [RollEntry(weight=1, area="south")]
    election = make_election(manifest, entries=entries)
    board = MemoryBoard(election).start()
    for voter in range(1, 12):
        board.cast(voter, [[1, 0, 0]])
    board.close()
    honest = board.aggregate()
    assert honest.report.ok
    at = len(board.leaves) - 1
    groups = body_of(board.leaves[at])["groups"]
    assert [(group["areas"], group["credentials"]) for group in groups] == [(["north", "south"], 11)]
    south = body_of(board.leaves[5 + 10])["answers"][0]["ciphertexts"][0]
    n2 = election.terms.key.n2
    north = decode_int(groups[0]["products"][0][0], 512) * powmod(decode_int(south, 512), -1, n2) % n2
    split = [
        {"areas": ["north"], "credentials": 10, "products": [[encode_int(north, 512)]], "weight": 10},
        {"areas": ["south"], "credentials": 1, "products": [[south]], "weight": 1},
    ]
    board.leaves = with_body(board.leaves, at, put(("groups",), split))
    require_only(board.verify(), CheckName.AGGREGATES, at, "grouped otherwise")


@cache
def withheld_board() -> tuple[TestElection, tuple[Entry, ...]]:
    """Two voters under the strict rule: nothing may be opened."""
    election = make_election(make_manifest((choose_one(2),), small_areas=STRICT_SMALL_AREAS))
    board = MemoryBoard(election).start()
    board.cast(1, [[1, 0, 0]])
    board.cast(2, [[0, 1, 0]])
    board.close()
    board.aggregate()
    board.state(1)
    board.publish({})
    return election, tuple(board.leaves)


def test_withheld_result_verifies_and_shows_nothing() -> None:
    election, leaves = withheld_board()
    verdict = served(election, leaves).verify()
    assert verdict.report.ok
    assert verdict.report.state is BoardState.WITHHELD
    assert verdict.report.result is None
    assert body_of(leaves[-1])["openings"] == body_of(leaves[-1])["totals"] == []


def test_whole_election_below_the_limits_may_not_be_opened() -> None:
    election, leaves = withheld_board()
    at = position(leaves, Kind.AGGREGATES)
    n2 = election.terms.key.n2
    product = 1
    for index in (5, 6):
        product = product * decode_int(body_of(leaves[index])["answers"][0]["ciphertexts"][0], 512) % n2
    group = {"areas": ["all"], "credentials": 2, "products": [[encode_int(product, 512)]], "weight": 2}
    board = before(election, leaves, Kind.CLOSING_STATEMENT)
    for withheld in (False, True):
        opened = with_body(board.leaves, at, put(("groups",), [group]))
        opened = with_body(opened, at, put(("withheld",), withheld))
        found = failures(served(election, opened).verify().report)
        assert {name: [i for i, _ in reasons] for name, reasons in found.items()} == {
            CheckName.AGGREGATES: [at]
        }


def test_withheld_result_that_shows_something_is_refused() -> None:
    election, leaves = withheld_board()
    totals = [
        {
            "matrix": [],
            "question": "q1",
            "votes": [{"option": option, "votes": 1} for option in ("a1", "a2", "blank")],
        }
    ]
    shown = with_body(leaves, len(leaves) - 1, put(("totals",), totals))
    require_only(
        served(election, shown).verify(), CheckName.RESULT, len(leaves) - 1, "not the recomputed ones"
    )
    opening = {"areas": ["all"], "chunk": 0, "ciphertext": encode_int(1, 512), "plaintext": encode_int(0, 256),
               "question": "q1", "root": encode_int(1, 256)}  # fmt: skip
    opened = with_body(leaves, len(leaves) - 1, put(("openings",), [opening]))
    require_only(
        served(election, opened).verify(), CheckName.OPENINGS, len(leaves) - 1, "0 products are to be opened"
    )
    claimed = with_body(leaves, len(leaves) - 1, put(("withheld",), False))
    require_only(served(election, claimed).verify(), CheckName.RESULT, len(leaves) - 1, "decides otherwise")


# 10 to 12: opening, totals, result.

RESULT = len(published()) - 1


def with_result(change: Change) -> Served:
    return served(ONE, with_body(published(), RESULT, change))


def shift_vote(body: Any) -> None:
    """One vote more for the first option, with the root that would belong to it were 1 + n an n-th power."""
    n, entry = ONE.terms.record.n, body["openings"][0]
    entry["plaintext"] = plus_one(entry["plaintext"])
    entry["root"] = encode_int(decode_int(entry["root"], 256) * powmod(1 + n, -1, n * n) % n, 256)


FIRST, SECOND = ("openings", 0), ("openings", 1)
OPENING_ATTACKS: list[tuple[str, Change, str]] = [
    ("another plaintext", bump((*FIRST, "plaintext")), "do not re-encrypt"),
    ("another root", bump((*SECOND, "root")), "do not re-encrypt"),
    ("a vote shifted", shift_vote, "do not re-encrypt"),
    ("plaintext above n", put((*FIRST, "plaintext"), encode_int((1 << 2048) - 1, 256)), "outside 0"),
    ("root zero", put((*FIRST, "root"), encode_int(0, 256)), "not a unit"),
    ("root is n", put((*FIRST, "root"), encode_int(ONE.terms.record.n, 256)), "not a unit"),
    ("root of another length", put((*FIRST, "root"), "AA"), "256 bytes"),
    (
        "opening of another product",
        take((*FIRST, "ciphertext"), (*SECOND, "ciphertext")),
        "of another product",
    ),
    ("openings exchanged", on_list(("openings",), list.reverse), "of another product"),
    ("another chunk", put((*FIRST, "chunk"), 1), "of another product"),
    ("other areas", put((*FIRST, "areas"), ["all", "all"]), "of another product"),
    ("an opening missing", on_list(("openings",), list.pop), "3 products are to be opened, 2"),
    (
        "an opening twice",
        on_list(("openings",), lambda each: each.append(each[0])),
        "3 products are to be opened, 4",
    ),
    ("no opening", put(("openings",), []), "3 products are to be opened, 0"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in OPENING_ATTACKS], ids=[case[0] for case in OPENING_ATTACKS]
)
def test_wrong_opening_is_refused(change: Change, words: str) -> None:
    report = with_result(change).verify().report
    found = failures(report)
    assert set(found) == {CheckName.OPENINGS}
    assert {at for at, _ in found[CheckName.OPENINGS]} == {RESULT}
    assert all(words in reason for _, reason in found[CheckName.OPENINGS])
    assert report.result is None


VOTES = ("totals", 0, "votes")
RESULT_ATTACKS: list[tuple[str, Change, str]] = [
    ("one vote more", put((*VOTES, 0, "votes"), 3), "not the recomputed ones"),
    (
        "votes of two options exchanged",
        take((*VOTES, 0, "votes"), (*VOTES, 1, "votes")),
        "not the recomputed ones",
    ),
    ("options exchanged", on_list(VOTES, list.reverse), "not the recomputed ones"),
    ("an option missing", on_list(VOTES, list.pop), "not the recomputed ones"),
    ("a question missing", on_list(("totals",), list.pop), "not the recomputed ones"),
    ("no totals", put(("totals",), []), "not the recomputed ones"),
    ("withheld", put(("withheld",), True), "decides otherwise"),
    ("of another election", put(("fingerprint",), "A" * 43), "another election"),
    ("of other aggregates", put(("aggregates",), "A" * 43), "other aggregates"),
    ("unknown field", lambda body: put_at(body, ("note",), "x"), "unknown field"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in RESULT_ATTACKS], ids=[case[0] for case in RESULT_ATTACKS]
)
def test_published_numbers_that_are_not_the_recomputed_ones_are_refused(change: Change, words: str) -> None:
    require_only(with_result(change).verify(), CheckName.RESULT, RESULT, words)


def test_persons_are_not_counted_where_nobody_signs_in() -> None:
    for keys, persons in ((5, 5), (None, 5)):
        leaves = with_body(published(), CLOSING, put(("keys",), keys))
        leaves = with_body(leaves, CLOSING, put(("persons",), persons))
        # Everything after the closing is made for this closing again.
        board = board_of(ONE, leaves[: CLOSING + 1])
        board.aggregate()
        board.state(1)
        board.publish({1: board.open_by(1, board.products())})
        require_only(board.verify(), CheckName.RESULT, CLOSING, "asks no sign-in")


# A board that is not the same when it is read again.


class Changing:
    """Serves one board at the first readings and another one from reading `change_at` on."""

    def __init__(self, honest: Served, other: Served, change_at: int) -> None:
        self.readings, self.change_at = itertools.count(1), change_at
        self.boards = (honest, other)
        self.checkpoint, self.closing_checkpoint = honest.checkpoint, honest.closing_checkpoint

    def entries(self) -> Iterator[Entry]:
        return self.boards[next(self.readings) >= self.change_at].entries()


def test_ballots_exchanged_before_they_are_multiplied_are_noticed() -> None:
    """Else a server that streams could have one person's ballot opened among ballots of its own making."""
    honest = before(ONE, published(), Kind.CLOSING_STATEMENT)
    others = list(honest.leaves)
    for index in range(5, 9):
        body, signature = ONE.ballot(5, [[1, 0, 0], [0, 0], [0]])
        others[index] = (make_leaf(Kind.BALLOT, body, "2026-11-24T12:00:00Z", signature), body)
    shorter = Served(tuple(honest.leaves[:7]), honest.checkpoint, honest.closing_checkpoint)
    swapped_order = Served(tuple(swapped(honest.leaves, 6, 7)), honest.checkpoint, honest.closing_checkpoint)
    good = Served(tuple(honest.leaves), honest.checkpoint, honest.closing_checkpoint)
    assert verify_board(Changing(good, good, 3)).report.ok
    for other in (replace(good, leaves=tuple(others)), shorter, swapped_order):
        verdict = verify_board(Changing(good, other, 3))
        assert CheckName.BOARD in failures(verdict.report)


def test_terms_exchanged_between_two_readings_are_noticed() -> None:
    other = make_election(
        make_manifest(ONE.manifest.questions, revoting=False), entries=list(ONE.roll.entries.values())
    )
    honest = before(ONE, published(), Kind.BALLOT)
    fake = MemoryBoard(other).start()
    first = Served(tuple(honest.leaves), honest.checkpoint, None)
    second = Served(tuple(fake.leaves), fake.checkpoint, None)
    changing = Changing(first, second, 2)
    changing.checkpoint = fake.checkpoint
    found = failures(verify_board(changing).report)
    assert (0, "This record is not the one that was read first.") in found[CheckName.BOARD]


class Failing(Served):
    """A source that breaks off."""

    def entries(self) -> Iterator[Entry]:
        yield from self.leaves[:6]
        raise SourceBroken("Line 7 cannot be read.")


def test_source_that_breaks_off_is_no_fault_of_the_program() -> None:
    board = closed()
    report = verify_board(Failing(tuple(board.leaves), board.checkpoint, board.closing_checkpoint)).report
    assert (6, "Line 7 cannot be read.") in failures(report)[CheckName.BOARD]


# Whatever it serves, the answer is a verdict.


@pytest.mark.parametrize("kind", [Kind.CLOSING_STATEMENT, Kind.PARTIAL_OPENING, Kind.ACT, Kind.RESULT])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 50_000,
        b'{"x":' * 50_000,
        b'{"trustee":1,"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"trustee":1e999}',
        b'{"trustee":' + b"1" * 10_000 + b"}",
        b'{"trustee":-1}',
        b'{"trustee":0}',
        b'{"trustee":4}',
        b'{"trustee":2,"trustee":1}',
        b'{"trustee":1,"\xff":1}',
        b'{"trustee":"1"}',
        b'\xef\xbb\xbf{"trustee":1}',
    ],
)  # fmt: skip
def test_body_of_any_bytes_gets_a_verdict(kind: Kind, body: bytes) -> None:
    board = before(TWO, published_by_two(), Kind.CLOSING_STATEMENT)
    signer = SERVER_KEY if kind in {Kind.ACT, Kind.RESULT} else trustee_key(1)
    at = board.append_for(kind, body, signer)
    report = board.verify().report
    found = failures(report)
    assert {entry for reasons in found.values() for entry, _ in reasons} == {at}
    assert set(found) <= {CheckName.BOARD, CheckName.PARTIAL_OPENINGS, CheckName.RESULT}


@pytest.mark.parametrize(
    "leaves", [(), ((b"", b""),), ((b"{}", b"{}"),) * 3, ((b"[" * 10**5, b"[" * 10**5),) * 4]
)
def test_board_without_terms_gets_a_verdict(leaves: tuple[Entry, ...]) -> None:
    report = Served(leaves, "", None).verify().report
    assert not report.ok
    assert report.state is BoardState.UNREADABLE
    assert CheckName.KEY in failures(report)
    assert all(not check.ok for check in report.checks)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_byte_flipped_anywhere_is_never_accepted_and_never_raises(data: st.DataObject) -> None:
    leaves = list(published_by_two())
    index = data.draw(st.integers(0, len(leaves) - 1))
    in_body = data.draw(st.booleans())
    part = bytearray(leaves[index][in_body])
    at = data.draw(st.integers(0, len(part) - 1))
    part[at] ^= data.draw(st.integers(1, 255))
    leaf, body = leaves[index]
    leaves[index] = (leaf, bytes(part)) if in_body else (bytes(part), body)
    board = board_of(TWO, published_by_two())
    report = Served(tuple(leaves), board.checkpoint, board.closing_checkpoint).verify().report
    assert not report.ok
    assert len(failures(report)) >= 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_body_changed_in_any_field_and_signed_again_is_never_accepted(data: st.DataObject) -> None:
    """The server signs anything after the ballots; trustees and voters do not help it."""
    leaves = list(published_by_two())
    kinds = (Kind.CLOSING, Kind.AGGREGATES, Kind.RESULT)
    index = position(leaves, data.draw(st.sampled_from(kinds)))
    value = body_of(leaves[index])
    before_change = copy.deepcopy(value)
    holder: Any = value
    while True:
        step = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        if not isinstance(holder[step], dict | list) or not holder[step]:
            break
        holder = holder[step]
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just("A" * 43))
    holder[step] = data.draw(scalars)
    if value == before_change:
        return
    leaves[index] = signed_entry(leaf_of(leaves[index]).kind, canonical(value))
    assert not served(TWO, leaves).verify().report.ok
