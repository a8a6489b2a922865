"""A registrar who writes the roll, keeps codes, or changes the list after the trustees signed it."""

from typing import Any

import pytest
from Cryptodome.Signature import eddsa

from crypto.encoding import decode_base64url, encode_base64url
from protocol.records import freeze_message
from protocol.report import BoardState, CheckName
from protocol.roll import RollEntry, make_roll
from protocol.terms import assemble_terms
from tests.support.boards import MemoryBoard
from tests.support.elections import TestElection, trustee_key, voter_key
from tests.support.hostile import (
    Change,
    board_of,
    body_of,
    failures,
    on_list,
    published_by_two,
    put,
    require_only,
    small_election,
    threshold_election,
    with_body,
)

TWO = threshold_election()
STARTED = published_by_two()[:5]
LINES: list[dict[str, Any]] = body_of(STARTED[2])["entries"]

ORDER_ONE = bytes([1] + [0] * 31)
ORDER_TWO = bytes.fromhex("ec" + "ff" * 30 + "7f")
ORDER_FOUR = bytes(32)
ORDER_EIGHT = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")


def mixed_order() -> bytes:
    """A sound key plus a point of order eight: some verifiers accept its signatures, others do not."""
    point = eddsa.import_public_key(voter_key(77).public_key).pointQ
    point += eddsa.import_public_key(ORDER_EIGHT).pointQ
    x, y = point.xy
    return (int(y) | (int(x) & 1) << 255).to_bytes(32, "little")


def with_line(key: bytes, area: str = "north", weight: int = 1) -> Change:
    """One line more, where its key belongs."""
    new = {"area": area, "key": encode_base64url(key), "weight": weight}
    return put(("entries",), sorted([*LINES, new], key=lambda line: decode_base64url(line["key"], 32)))


ROLL_ATTACKS: list[tuple[str, Change, str]] = [
    ("key of order one", with_line(ORDER_ONE), "small order"),
    ("key of order two", with_line(ORDER_TWO), "small order"),
    ("key of order four", with_line(ORDER_FOUR), "small order"),
    ("key of order eight", with_line(ORDER_EIGHT), "small order"),
    ("key with a part of small order", with_line(mixed_order()), "small order"),
    ("key that is no point", with_line(bytes([2] + [0] * 31)), "not a point"),
    ("key in a second spelling", with_line(bytes([0xEE] + [0xFF] * 30 + [0x7F])), "not below 2^255"),
    (
        "voter twice",
        on_list(("entries",), lambda lines: lines.insert(1, lines[0])),
        "Line 2 of the roll: keys must be",
    ),
    ("unsorted", on_list(("entries",), list.reverse), "Line 2 of the roll: keys must be"),
    ("area of nobody", with_line(voter_key(9).public_key, area="west"), "no area 'west'"),
    ("weight zero", with_line(voter_key(9).public_key, weight=0), ">= 1"),
    ("weight beyond the limit", with_line(voter_key(9).public_key, weight=1_000_001), "<= 1000000"),
    ("nobody", put(("entries",), []), "0 lines"),
    ("roll of another election", put(("election",), "f" * 32), "another election"),
    ("name beside a key", put(("entries", 0, "name"), "Nguyễn Thị Lan"), "unknown field"),
]


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in ROLL_ATTACKS], ids=[case[0] for case in ROLL_ATTACKS]
)
def test_roll_that_breaks_a_rule_is_refused(change: Change, words: str) -> None:
    verdict = board_of(TWO, with_body(STARTED, 2, change)).verify()
    require_only(verdict, CheckName.ROLL, 2, words)
    assert verdict.report.state is BoardState.UNREADABLE


CHANGES_AFTER_THE_FREEZE: list[tuple[str, Change]] = [
    ("a voter more", with_line(voter_key(9).public_key)),
    ("a voter less", on_list(("entries",), list.pop)),
    ("another weight", put(("entries", 0, "weight"), 2)),
    ("another area", put(("entries", 0, "area"), "sea")),
]


@pytest.mark.parametrize(
    "change",
    [case[1] for case in CHANGES_AFTER_THE_FREEZE],
    ids=[case[0] for case in CHANGES_AFTER_THE_FREEZE],
)
def test_roll_changed_after_the_freeze_is_not_what_the_trustees_signed(change: Change) -> None:
    """The server helps and announces the new fingerprint; the trustees' signatures are what it cannot make."""
    leaves = with_body(STARTED, 2, change)
    found = failures(board_of(TWO, leaves).verify().report)
    assert {name: [at for at, _ in reasons] for name, reasons in found.items()} == {CheckName.BOARD: [3, 4]}
    assert all("another election or fingerprint" in reason for _, reason in found[CheckName.BOARD])

    terms, _ = assemble_terms(*(body for _, body in leaves[:3]))
    for index in (3, 4):
        leaves = with_body(leaves, index, put(("fingerprint",), terms.fingerprint_text))
    require_only(
        board_of(TWO, leaves).verify(), CheckName.BOARD, 3, "Trustee 1 did not sign this fingerprint"
    )

    message = freeze_message(terms.election, terms.fingerprint)
    corrupt = [encode_base64url(trustee_key(trustee).sign(message)) for trustee in (1, 2)]
    honest = body_of(STARTED[3])["signatures"][2]
    leaves = with_body(leaves, 3, put(("signatures",), [*corrupt, honest]))
    require_only(
        board_of(TWO, leaves).verify(), CheckName.BOARD, 3, "Trustee 3 did not sign this fingerprint"
    )
    # Control: with every trustee on the registrar's side it is simply another election, with another fingerprint.
    leaves = with_body(
        leaves, 3, put(("signatures",), [*corrupt, encode_base64url(trustee_key(3).sign(message))])
    )
    verdict = board_of(TWO, leaves).verify()
    assert verdict.report.ok
    assert verdict.report.fingerprint_code != TWO.terms.fingerprint_code


def test_registrar_who_kept_a_code_can_vote_but_not_unseen_nor_for_ever() -> None:
    """Where nobody signs in, the code is the voter. The owner's device sees a ballot that is not its own, and wins."""
    election = small_election()
    board = MemoryBoard(election).start()
    stolen = board.cast(1, [[1, 0, 0], [0, 0], [0]])
    too_low = board.cast(1, [[0, 1, 0], [0, 0], [0]], sequence=1)  # a device that did not look at the board
    owned = board.cast(1, [[0, 1, 0], [0, 0], [0]], sequence=2)
    verdict = board.verify()
    assert verdict.tally is not None
    assert verdict.tally.counted == [owned]
    assert [at for at, _ in failures(verdict.report)[CheckName.BALLOTS]] == [too_low]
    assert stolen < too_low < owned


def test_registrar_who_adds_voters_before_the_freeze_changes_the_turnout_that_everybody_sees() -> None:
    """No proof catches this: it is why the roll is public, and reconciled with the list of persons."""
    entries = [RollEntry(weight=1, area="north")] * 7
    roll_body = make_roll(
        TWO.manifest.election, ((voter_key(i).public_key, entry) for i, entry in enumerate(entries, start=1))
    )
    terms, roll = assemble_terms(TWO.manifest_body, TWO.ceremony_body, roll_body)
    stuffed = TestElection(TWO.manifest_body, TWO.ceremony_body, roll_body, terms, roll, TWO.shares)
    report = MemoryBoard(stuffed).start().verify().report
    assert report.ok
    assert next(check.count for check in report.checks if check.name is CheckName.ROLL) == 7
    assert report.fingerprint_code != TWO.terms.fingerprint_code


def test_ballot_under_a_key_that_was_on_an_earlier_draft_of_the_roll_is_refused() -> None:
    board = board_of(TWO, STARTED)
    at = board.cast(9, [[1, 0, 0]])
    require_only(board.verify(), CheckName.BALLOTS, at, "unknown-credential")


def test_control_the_untouched_roll_is_accepted() -> None:
    assert board_of(TWO, STARTED).verify().report.ok
