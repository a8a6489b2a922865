"""A server that moves the hours, the roll and the ties while an election runs."""

from collections.abc import Callable
from functools import cache

import pytest

from crypto.checkpoint import Checkpoint
from crypto.encoding import encode_base64url
from protocol.leaf import Kind
from protocol.manifest import SmallAreas
from protocol.records import counted_digest
from protocol.report import CheckName
from protocol.roll import RollEntry
from protocol.verification import Options
from tests.support.boards import MemoryBoard, later
from tests.support.elections import (
    SERVER_KEY,
    TestElection,
    choose_one,
    make_election,
    make_manifest,
    voter_key,
)
from tests.support.hostile import board_of, failures, put, require_only, with_body
from tests.support.signed_in import revocation, with_registrar

FIRST, SECOND = [[1, 0, 0]], [[0, 1, 0]]
LATER = "2026-11-30T21:00:00Z"
DAYS = 6 * 24 * 3600


@cache
def election(sign_in: bool = False) -> TestElection:
    """Two hours of extension, a registrar, five voters."""
    manifest = with_registrar(make_manifest((choose_one(2),)), sign_in)
    return make_election(manifest, entries=[RollEntry(weight=1, area="all")] * 5)


def board(sign_in: bool = False) -> MemoryBoard:
    return MemoryBoard(election(sign_in)).start()


def totals(made: MemoryBoard, persons: int | None = None) -> list[int]:
    """Closed, opened and verified: votes for each option."""
    report = made.tally([1], persons).report
    assert report.ok, failures(report)
    assert report.result is not None
    return [option.votes for option in report.result[0].votes]


def test_control_an_honest_server_extends_and_publishes_what_the_registrar_signed() -> None:
    made = board()
    made.cast(1, FIRST)
    made.cast(2, FIRST)
    made.revoke(1, 11)
    made.cast(11, SECOND)
    made.extend(LATER)
    later(made, DAYS + 8 * 3600 + 1800)  # half an hour after the first closing time
    made.cast(3, SECOND)
    assert totals(made) == [1, 2, 0]


# The hours.


def past_the_end(made: MemoryBoard) -> None:
    later(made, DAYS + 8 * 3600)


EXTENSIONS: list[tuple[str, Callable[[MemoryBoard], object], str, str]] = [
    ("after the end", past_the_end, LATER, "Voting ended at 2026-11-30T20:00:00Z"),
    ("to the same time", lambda _: None, "2026-11-30T20:00:00Z", "only be moved to a later time"),
    ("backwards", lambda _: None, "2026-11-30T19:00:00Z", "only be moved to a later time"),
    (
        "backwards after an extension",
        lambda made: made.extend("2026-11-30T22:00:00Z"),
        LATER,
        "only be moved",
    ),
    (
        "beyond the terms",
        lambda _: None,
        "2026-11-30T22:00:01Z",
        "moved to 2026-11-30T22:00:00Z at the latest",
    ),
]


@pytest.mark.parametrize(
    ("prepare", "closes_at", "words"), [case[1:] for case in EXTENSIONS], ids=[case[0] for case in EXTENSIONS]
)
def test_an_extension_that_breaks_the_rule_breaks_the_board(
    prepare: Callable[[MemoryBoard], object], closes_at: str, words: str
) -> None:
    made = board()
    made.cast(1, FIRST)
    prepare(made)
    index = made.extend(closes_at)
    require_only(made.verify(), CheckName.BOARD, index, words)


def test_an_extension_before_the_polls_open_or_after_they_close_breaks_the_board() -> None:
    made = board()
    opened = made.leaves.pop()
    index = made.extend(LATER)
    made.leaves.append(opened)
    require_only(made.verify(), CheckName.BOARD, index, "may not stand here")
    made = board()
    made.close()
    index = made.extend(LATER)
    require_only(made.verify(), CheckName.BOARD, index, "may not stand here")


def test_a_ballot_after_the_end_is_not_counted_because_of_an_extension_to_come() -> None:
    """The server keeps the polls open for one voter and would publish the extension afterwards."""
    made = board()
    made.cast(1, FIRST)
    past_the_end(made)
    late = made.cast(2, FIRST)
    extended = made.extend(LATER)
    found = failures(made.verify().report)
    assert found[CheckName.BALLOTS][0][0] == late
    assert "outside-window" in found[CheckName.BALLOTS][0][1]
    assert found[CheckName.BOARD][0][0] == extended


def test_a_ballot_after_the_extended_end_is_not_counted() -> None:
    made = board()
    made.extend(LATER)
    later(made, DAYS + 9 * 3600)
    late = made.cast(1, FIRST)
    require_only(made.verify(), CheckName.BALLOTS, late, "until before 2026-11-30T21:00:00Z")


def test_an_extension_signed_by_somebody_else_breaks_the_board() -> None:
    made = board()
    made.extend(LATER)
    body = made.leaves.pop()[1]
    index = made.append_for(Kind.EXTENSION, body, voter_key(1))
    require_only(made.verify(), CheckName.BOARD, index, "not signed by its author")


@pytest.mark.parametrize(
    ("by", "reason", "words"),
    [
        ("clock", "It was late.", "needs an official's name and a reason"),
        ("Official Test", None, "needs an official's name and a reason"),
        ("clock", None, "needs an official's name and a reason"),
        ("Official Test", "", "reason has 0 characters"),
        ("", "It was late.", "by has 0 characters"),
    ],
)
def test_closing_early_without_name_or_reason_breaks_the_board(
    by: str, reason: str | None, words: str
) -> None:
    made = board()
    made.cast(1, FIRST)
    index = made.close()
    # Words that no record of ours would hold.
    made.leaves = with_body(made.leaves, index, lambda body: body.update(by=by, reason=reason))
    require_only(made.verify(), CheckName.BOARD, index, words)


def test_closing_in_time_gives_no_reason() -> None:
    made = board()
    past_the_end(made)
    index = made.close()
    require_only(made.verify(), CheckName.BOARD, index, "no reason to give")


# The roll.


def test_a_revocation_that_the_registrar_did_not_sign_breaks_the_board() -> None:
    for author in (SERVER_KEY, voter_key(1), voter_key(11)):
        made = board()
        made.cast(1, FIRST)
        body, signature = revocation(made.election, 1, 11, author)
        index = made.append(Kind.REVOCATION, body, signature)
        require_only(made.verify(), CheckName.BOARD, index, "not signed by its author")


def test_a_revocation_where_no_registrar_is_named_breaks_the_board() -> None:
    made = MemoryBoard(make_election(make_manifest((choose_one(2),)))).start()
    body, signature = revocation(made.election, 1, 11)
    index = made.append(Kind.REVOCATION, body, signature)
    require_only(made.verify(), CheckName.BOARD, index, "names no registrar")


def test_a_revocation_to_a_key_on_the_roll_breaks_the_board() -> None:
    made = board()
    index = made.revoke(1, 2)
    require_only(made.verify(), CheckName.BOARD, index, "is or was on the voters' list")


def test_a_revocation_that_comes_when_voting_is_over_breaks_the_board() -> None:
    made = board()
    made.cast(1, FIRST)
    past_the_end(made)
    index = made.revoke(1, 11)
    require_only(made.verify(), CheckName.BOARD, index, "could not be used")
    made = board()
    made.close()
    index = made.revoke(1, 11)
    require_only(made.verify(), CheckName.BOARD, index, "may not stand here")


def test_a_ballot_of_a_revoked_code_after_its_revocation_is_named_and_does_not_count() -> None:
    made = board()
    made.cast(1, FIRST)
    made.revoke(1, 11)
    late = made.cast(1, FIRST, sequence=2)
    made.cast(11, SECOND)
    verdict = made.verify()
    require_only(verdict, CheckName.BALLOTS, late, "revoked-credential")
    assert verdict.tally is not None
    assert verdict.tally.counted == [late + 1]


def test_a_ballot_of_a_new_code_before_the_revocation_that_names_it_does_not_count() -> None:
    made = board()
    early = made.cast(11, FIRST)
    made.revoke(1, 11)
    made.cast(11, SECOND)
    require_only(made.verify(), CheckName.BALLOTS, early, "unknown-credential")


def test_a_revoked_ballot_that_is_counted_all_the_same_is_refused() -> None:
    made = board()
    first = made.cast(1, FIRST)
    made.cast(2, SECOND)
    made.revoke(1, 11)
    made.close()
    made.aggregate()
    honest = made.verify()
    assert honest.tally is not None
    assert first not in honest.tally.counted
    wrong = encode_base64url(counted_digest([first, *honest.tally.counted]))
    leaves = with_body(made.leaves, len(made.leaves) - 1, put(("counted",), wrong))
    verdict = board_of(made.election, leaves).verify()
    require_only(verdict, CheckName.COUNTED, len(leaves) - 1, "other ballots than the 1")


def test_a_revocation_that_is_left_out_of_the_count_is_refused() -> None:
    """The server multiplies as if nothing had been revoked: the aggregates of the same board without the leaf."""
    without = board()
    without.cast(1, FIRST)
    without.cast(2, SECOND)
    without.close()
    without.aggregate()
    wrong = without.leaves[-1][1]
    made = MemoryBoard(without.election, without.leaves[:7])
    made.ballots = 2
    made.revoke(1, 11)
    made.close()
    index = made.append(Kind.AGGREGATES, wrong)
    found = failures(made.verify().report)
    assert found[CheckName.COUNTED][0][0] == index
    assert found[CheckName.AGGREGATES][0][0] == index


def test_small_areas_are_grouped_by_the_effective_roll() -> None:
    """Two voters of a lonely weight: when the code of one is replaced and not used, the other is not opened alone."""
    rule = SmallAreas(max_share=(1, 2), min_credentials=2, min_same_weight=2, open_whole=False)
    manifest = with_registrar(make_manifest((choose_one(2),), small_areas=rule), sign_in=False)
    made = MemoryBoard(make_election(manifest, entries=[RollEntry(weight=7, area="all")] * 2)).start()
    made.cast(1, FIRST)
    made.cast(2, SECOND)
    assert totals(made) == [7, 7, 0]
    made = MemoryBoard(made.election, made.leaves[:7], ballots=2)
    made.revoke(1, 11)
    made.close()
    verdict = made.aggregate()
    assert verdict.report.ok
    assert verdict.tally is not None
    assert verdict.tally.withheld


# The ties.


def test_control_an_honest_server_counts_the_persons() -> None:
    made = board(sign_in=True)
    made.cast(1, FIRST)
    made.cast(2, SECOND)
    made.conflict(3)
    assert totals(made, persons=2) == [1, 1, 0]


@pytest.mark.parametrize(
    ("persons", "keys", "words"),
    [
        (1, 2, "1 persons are tied to 2 voting codes"),
        (3, 2, "3 persons are tied to 2 voting codes"),
        (1, 1, "1 voting codes are tied to persons, but 2 ballots count"),
        (3, 3, "3 voting codes are tied to persons, but 2 ballots count and 2 codes have voted"),
        (None, None, "does not say how many persons voted"),
        (2, None, "does not say how many persons voted"),
        (0, 0, "0 voting codes are tied"),
    ],
)
def test_wrong_numbers_of_persons_and_keys_are_refused(
    persons: int | None, keys: int | None, words: str
) -> None:
    made = board(sign_in=True)
    made.cast(1, FIRST)
    made.cast(2, SECOND)
    made.cast(2, FIRST, sequence=2)
    index = made.close(persons, keys)
    require_only(made.verify(), CheckName.RESULT, index, words)


def test_ties_to_revoked_codes_are_neither_forgotten_nor_invented() -> None:
    """A thief and the owner: two people, two codes, one ballot that counts. A third person is nobody."""
    for persons, good in ((1, True), (2, True), (3, False), (0, False)):
        made = board(sign_in=True)
        made.cast(1, FIRST)
        made.revoke(1, 11)
        made.cast(11, SECOND)
        made.close(persons, persons)
        assert made.verify().report.ok is good


def test_persons_of_an_election_without_sign_in_are_refused() -> None:
    made = board()
    made.cast(1, FIRST)
    index = made.close(1, 1)
    require_only(made.verify(), CheckName.RESULT, index, "asks no sign-in")


def test_a_dropped_conflict_shows_against_a_head_that_somebody_kept() -> None:
    """Whoever was refused got the index of the leaf; the head that he kept is no beginning of the board without it."""
    made = board(sign_in=True)
    made.cast(1, FIRST)
    index = made.conflict(2)
    origin = made.election.manifest.log_origin
    kept = Options(older=Checkpoint(origin, index + 1, made.root_at(index + 1)))
    made.cast(2, SECOND)
    assert made.verify(kept).report.ok
    del made.leaves[index]
    assert made.verify().report.ok
    require_only(made.verify(kept), CheckName.BOARD, None, "not a prefix of this board")


@pytest.mark.parametrize(
    ("sign_in", "voter", "hours", "words"),
    [
        (False, 1, 0, "without sign-in"),
        (True, 9, 0, "could not vote"),
        (True, 1, 24 * 6 + 8, "outside the hours"),
    ],
    ids=["no sign-in asked", "of nobody", "after the end"],
)
def test_a_conflict_that_cannot_have_been_breaks_the_board(
    sign_in: bool, voter: int, hours: int, words: str
) -> None:
    made = board(sign_in)
    later(made, hours * 3600)
    index = made.conflict(voter)
    require_only(made.verify(), CheckName.BOARD, index, words)


def test_a_board_is_not_filled_with_conflicts_of_one_code() -> None:
    made = board(sign_in=True)
    for _ in range(5):
        made.conflict(1)
    assert made.verify().report.ok
    index = made.conflict(1)
    require_only(made.verify(), CheckName.BOARD, index, "More than 5 conflicts")
