"""The trustee's program against honest boards, and against servers that want more opened than they may have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from crypto.certificate import KeyRefused
from crypto.checkpoint import Checkpoint, add_cosignature
from crypto.encoding import encode_base64url
from crypto.key_record import KeyShare
from crypto.opening_proof import verify_partial_opening
from crypto.signature import SigningKey, verify_signature
from protocol.canonical import encode_canonical
from protocol.errors import ProtocolError, TermsMismatch
from protocol.leaf import Kind
from protocol.manifest import STRICT_SMALL_AREAS, Manifest, NamedKey
from protocol.opening_rules import decode_partial_openings, opening_context
from protocol.records import Aggregates, counted_digest, freeze_message
from protocol.report import CheckName
from protocol.signed_body import (
    decode_signed_body,
    encode_freeze_signature,
    encode_signed_body,
    read_freeze_signature,
    verify_signed_body,
)
from protocol.verification import Options, SourceBroken
from tests.support.boards import Entry, MemoryBoard
from tests.support.elections import DURING, TestElection, make_election, make_manifest, voter_key
from tests.support.key_files import diary_of, open_trustee
from trustee.diary import Diary
from trustee.errors import (
    ActNotAccepted,
    AlreadyOpened,
    BoardRefused,
    DiaryDamaged,
    NothingToOpen,
    NotThisTrustee,
    StatementAlreadySigned,
    StatementNotOnBoard,
    TooEarly,
)
from trustee.key_file import TrusteeKey
from trustee.program import check_terms, open_products, rehearse, require_own, sign_freeze, sign_statement

NOW = DURING + timedelta(days=10)
CLOSED_AT = DURING
"""When the trustees see the closed board."""


def changed_manifest(**fields: object) -> Manifest:
    """The usual manifest of three trustees, with some fields changed."""
    manifest = make_manifest(trustees=3)
    return Manifest(**{name: getattr(manifest, name) for name in Manifest.__struct_fields__} | fields)


ELECTION = make_election(make_manifest(trustees=3))


def closed_board(election: TestElection = ELECTION, voters: int = 3) -> MemoryBoard:
    """Ballots, closing, aggregates; no statement yet."""
    board = MemoryBoard(election).start()
    for voter in range(1, voters + 1):
        board.cast(voter, [[0, 1, 0, 0]])
    board.close()
    board.aggregate()
    return board


def append(board: MemoryBoard, data: bytes) -> None:
    """Put a trustee's file onto the board, as the office does."""
    signed = decode_signed_body(data)
    verify_signed_body(board.election.terms, signed)
    board.append(signed.kind, signed.body, signed.signature)


@pytest.fixture
def diaries(tmp_path: Path) -> dict[int, Diary]:
    """A fresh diary for each of three trustees."""
    return {number: diary_of(open_trustee(ELECTION, number), tmp_path) for number in (1, 2, 3)}


def stated_board(diaries: dict[int, Diary], board: MemoryBoard, numbers: tuple[int, ...]) -> MemoryBoard:
    """The board with these trustees' own statements."""
    for number in numbers:
        result = sign_statement(board, open_trustee(board.election, number), diaries[number], CLOSED_AT)
        append(board, encode_signed_body(result.signed))
    return board


# Terms.


def bodies(election: TestElection) -> tuple[bytes, bytes, bytes]:
    """Manifest, ceremony, roll."""
    return election.manifest_body, election.ceremony_body, election.roll_body


def test_good_terms_are_signed() -> None:
    key = open_trustee(ELECTION, 2)
    terms = check_terms(key, *bodies(ELECTION))
    signature = sign_freeze(key, terms)
    verify_signature(key.public_key, freeze_message(terms.election, terms.fingerprint), signature)
    data = encode_freeze_signature(terms, 2, signature)
    assert read_freeze_signature(terms, data) == (2, signature)
    with pytest.raises(TermsMismatch, match="did not sign"):
        read_freeze_signature(terms, encode_freeze_signature(terms, 1, signature))
    other = make_election(make_manifest(trustees=3), voters=4).terms
    with pytest.raises(TermsMismatch, match="other terms"):
        read_freeze_signature(other, data)


def test_terms_of_another_election_are_not_signed() -> None:
    other = make_election(make_manifest(trustees=3, election="f" * 32))
    with pytest.raises(NotThisTrustee, match="is for election"):
        check_terms(open_trustee(ELECTION, 1), *bodies(other))
    with pytest.raises(ProtocolError):
        check_terms(
            open_trustee(ELECTION, 1), ELECTION.manifest_body, other.ceremony_body, ELECTION.roll_body
        )


def test_a_manifest_that_names_somebody_else_is_not_signed() -> None:
    names = ELECTION.manifest.trustees
    exchanged = make_election(changed_manifest(trustees=(names[1], names[0], names[2])))
    with pytest.raises(NotThisTrustee, match="names another key"):
        check_terms(open_trustee(ELECTION, 1), *bodies(exchanged))


def test_a_share_of_another_key_is_noticed() -> None:
    key = open_trustee(ELECTION, 1)
    assert key.share is not None
    wrong = replace(key, share=KeyShare(1, key.share.share + 1))
    with pytest.raises(NotThisTrustee, match="does not open this election"):
        check_terms(wrong, *bodies(ELECTION))
    with pytest.raises(NotThisTrustee, match="holds no share"):
        require_own(TrusteeKey(key.name, key.seed), ELECTION.terms)


def test_a_key_whose_certificate_is_forged_is_not_signed() -> None:
    root = ELECTION.terms.record.nth_roots[0]
    size = ELECTION.manifest.size.n_bytes
    text = encode_base64url(root.to_bytes(size, "big")).encode()
    forged = encode_base64url((root ^ 2).to_bytes(size, "big")).encode()
    ceremony = ELECTION.ceremony_body.replace(text, forged)
    assert ceremony != ELECTION.ceremony_body
    with pytest.raises(KeyRefused, match="nth-roots"):
        check_terms(open_trustee(ELECTION, 1), ELECTION.manifest_body, ceremony, ELECTION.roll_body)


def test_a_rehearsal_shows_that_the_file_opens() -> None:
    record = ELECTION.terms.record
    assert rehearse(record, ELECTION.shares[0]) == 7
    with pytest.raises(NotThisTrustee):
        rehearse(record, KeyShare(1, ELECTION.shares[1].share))


# From closing to opening.


def test_three_statements_then_two_open(diaries: dict[int, Diary]) -> None:
    board = stated_board(diaries, closed_board(), (1, 2, 3))
    products = board.products()
    answers: dict[int, Sequence[int]] = {}
    for number in (1, 3):
        result = open_products(board, open_trustee(ELECTION, number), diaries[number], NOW)
        assert result.failures == ()
        trustee, openings = decode_partial_openings(
            ELECTION.terms, result.signed.body, board.aggregates_digest, products
        )
        assert trustee == number
        for product, opening in zip(products, openings, strict=True):
            context = opening_context(ELECTION.terms, board.aggregates_digest, product, number)
            verify_partial_opening(ELECTION.terms.record, number, product.ciphertext, opening, context)
        append(board, encode_signed_body(result.signed))
        answers[number] = tuple(opening.x for opening in openings)
    board.publish(answers)
    verdict = board.verify()
    assert verdict.report.ok, verdict.report
    assert verdict.report.result is not None
    assert [vote.votes for vote in verdict.report.result[0].votes] == [0, 3, 0, 0]


def test_the_same_statement_may_be_signed_again(diaries: dict[int, Diary]) -> None:
    board = closed_board()
    key = open_trustee(ELECTION, 1)
    first = sign_statement(board, key, diaries[1], CLOSED_AT)
    board.now += timedelta(hours=1)
    assert sign_statement(board, key, diaries[1], CLOSED_AT) == first
    # Statements of others behind it change nothing.
    board.state(2)
    assert sign_statement(board, key, diaries[1], CLOSED_AT) == first


def test_a_board_that_is_not_closed_is_not_stated(diaries: dict[int, Diary]) -> None:
    board = MemoryBoard(ELECTION).start()
    board.cast(1, [[1, 0, 0, 0]])
    key = open_trustee(ELECTION, 1)
    with pytest.raises(TooEarly, match="not closed"):
        sign_statement(board, key, diaries[1], CLOSED_AT)
    board.close()
    with pytest.raises(TooEarly, match="aggregates"):
        sign_statement(board, key, diaries[1], CLOSED_AT)
    assert diaries[1].statement() is None


def test_two_boards_of_one_election_are_never_both_stated(diaries: dict[int, Diary]) -> None:
    """The forked closing: the difference of the two sums would be one ballot."""
    key = open_trustee(ELECTION, 1)
    first, second = closed_board(voters=3), closed_board(voters=2)
    sign_statement(first, key, diaries[1], CLOSED_AT)
    with pytest.raises(StatementAlreadySigned):
        sign_statement(second, key, diaries[1], CLOSED_AT)
    second = stated_board({2: diaries[2], 3: diaries[3]}, second, (2, 3))
    second.state(1)  # as if a thief had signed for trustee 1
    with pytest.raises(StatementAlreadySigned):
        open_products(second, key, diaries[1], NOW)


def forged_aggregates(board: MemoryBoard, counted: list[int]) -> MemoryBoard:
    """A server signs the product of some ballots only, honestly computed from a board that holds only those."""
    tally = board.verify().tally
    assert tally is not None
    lesser = MemoryBoard(board.election, [board.leaves[i] for i in [*range(5), *counted]])
    lesser.ballots = len(counted)
    lesser.close()
    lesser_tally = lesser.verify().tally
    assert lesser_tally is not None
    aggregates = Aggregates(
        election=board.election.terms.election,
        fingerprint=board.election.terms.fingerprint_text,
        counted=encode_base64url(counted_digest(counted)),
        format="psephos/aggregates/v1",
        groups=lesser_tally.group_records,
        withheld=False,
    )
    board.append(Kind.AGGREGATES, encode_canonical(aggregates))
    return board


def test_a_single_ballot_put_in_place_of_the_product_is_not_opened(diaries: dict[int, Diary]) -> None:
    board = MemoryBoard(ELECTION).start()
    for voter in (1, 2, 3):
        board.cast(voter, [[0, 1, 0, 0]])
    board.close()
    board = forged_aggregates(board, [6])
    key = open_trustee(ELECTION, 1)
    with pytest.raises(BoardRefused) as refused:
        sign_statement(board, key, diaries[1], CLOSED_AT)
    failed = {check.name for check in refused.value.report.checks if not check.ok}
    assert {CheckName.COUNTED, CheckName.AGGREGATES} <= failed
    for number in (1, 2, 3):
        board.state(number)
    with pytest.raises(BoardRefused):
        open_products(board, key, diaries[1], NOW)


class TwoFacedBoard:
    """Serves one board to the first full reading, and another body in its place to the second."""

    def __init__(self, board: MemoryBoard, at: int, instead: Entry) -> None:
        self.board, self.at, self.instead, self.readings = board, at, instead, 0
        self.checkpoint, self.closing_checkpoint = board.checkpoint, board.closing_checkpoint

    def entries(self) -> Iterator[Entry]:
        """The first three bodies are read alone, before the first full reading."""
        self.readings += 1
        for index, entry in enumerate(self.board.leaves):
            yield self.instead if index == self.at and self.readings > 2 else entry


@pytest.mark.parametrize("other", [5, 6])
def test_a_source_that_changes_between_two_readings_is_caught(diaries: dict[int, Diary], other: int) -> None:
    """Repeating one voter's ballot in place of all others would open it."""
    board = closed_board()
    body, _ = ELECTION.ballot(3, [[1, 0, 0, 0]])
    instead = board.leaves[other] if other != 5 else (board.leaves[7][0], body)
    source = TwoFacedBoard(board, 7, instead)
    with pytest.raises(BoardRefused, match="changed while the board was read"):
        sign_statement(source, open_trustee(ELECTION, 1), diaries[1], CLOSED_AT)
    assert source.readings == 3


def test_a_source_that_breaks_off_is_caught(diaries: dict[int, Diary]) -> None:
    class Broken(TwoFacedBoard):
        def entries(self) -> Iterator[Entry]:
            for index, entry in enumerate(super().entries()):
                if index == 6:
                    raise SourceBroken("The connection was lost.")
                yield entry

    source = Broken(closed_board(), 0, (b"", b""))
    with pytest.raises(BoardRefused, match="connection was lost"):
        sign_statement(source, open_trustee(ELECTION, 1), diaries[1], CLOSED_AT)


def test_invalid_ballots_are_told_but_do_not_keep_the_others_closed(diaries: dict[int, Diary]) -> None:
    board = MemoryBoard(ELECTION).start()
    board.cast(1, [[1, 0, 0, 0]])
    body, _ = ELECTION.ballot(2, [[0, 1, 0, 0]])
    board.append_for(Kind.BALLOT, body, voter_key(3))
    board.close()
    board.aggregate()
    board = stated_board(diaries, board, (1, 2, 3))
    result = open_products(board, open_trustee(ELECTION, 1), diaries[1], NOW)
    assert [check.name for check in result.failures] == [CheckName.BALLOTS]
    assert result.failures[0].failures[0].entry == 6


def test_too_few_statements_do_not_open(diaries: dict[int, Diary]) -> None:
    board = stated_board(diaries, closed_board(), (1, 2))
    key = open_trustee(ELECTION, 1)
    with pytest.raises(TooEarly, match="2 identical closing statements stand on the board; 3 must"):
        open_products(board, key, diaries[1], NOW)
    board.lower_quorum()
    with pytest.raises(ActNotAccepted, match="Trustee 3 lost the key file"):
        open_products(board, key, diaries[1], NOW)
    opened = open_products(board, key, diaries[1], NOW, accept_act=True)
    assert opened.signed.kind is Kind.PARTIAL_OPENING


def test_an_act_without_witnesses_opens_no_single_ballot_unasked(diaries: dict[int, Diary]) -> None:
    # The server shows trustee 2 the board and trustee 3 the board without the last ballot; trustee 1 helps it.
    whole = closed_board()
    last = max(i for i, (leaf, _) in enumerate(whole.leaves) if b'"kind":"ballot"' in leaf)
    shorter = MemoryBoard(ELECTION, [*whole.leaves[:last]], whole.now, None, whole.ballots - 1)
    shorter.close()
    shorter.aggregate()
    for board, honest, absent in ((whole, 2, 3), (shorter, 3, 2)):
        board.lower_quorum()
        board.state(1)
        stated_board({honest: diaries[honest]}, board, (honest,))
        assert board.verify().report.ok
        with pytest.raises(ActNotAccepted, match=f"Ask trustee {absent} "):
            open_products(board, open_trustee(ELECTION, honest), diaries[honest], NOW)


def test_an_act_that_all_statements_make_idle_is_not_asked_about(diaries: dict[int, Diary]) -> None:
    board = stated_board(diaries, closed_board(), (1, 2, 3))
    board.lower_quorum()
    open_products(board, open_trustee(ELECTION, 1), diaries[1], NOW)


def test_a_trustee_without_an_own_statement_on_the_board_does_not_open(diaries: dict[int, Diary]) -> None:
    board = closed_board()
    for number in (1, 2, 3):
        board.state(number)
    key = open_trustee(ELECTION, 1)
    with pytest.raises(StatementNotOnBoard):
        open_products(board, key, diaries[1], NOW)
    sign_statement(board, key, diaries[1], CLOSED_AT)
    open_products(board, key, diaries[1], NOW)
    # Signed, yet the server keeps it back and lowers the quorum with the others' statements.
    board = stated_board({2: diaries[2], 3: diaries[3]}, closed_board_like(board), (2, 3))
    board.lower_quorum()
    with pytest.raises(StatementNotOnBoard):
        open_products(board, key, diaries[1], NOW)


def closed_board_like(board: MemoryBoard) -> MemoryBoard:
    """The same board up to its aggregates."""
    assert board.closing_index is not None
    leaves = board.leaves[: board.closing_index + 2]
    return MemoryBoard(
        board.election, leaves, board.now, board.closing_index, board.ballots, board.challenges
    )


def test_the_time_for_objections_is_kept(tmp_path: Path) -> None:
    election = make_election(changed_manifest(objection_seconds=3600))
    board = closed_board(election)
    keys = {number: open_trustee(election, number) for number in (1, 2, 3)}
    own = {number: diary_of(keys[number], tmp_path) for number in keys}
    board = stated_board(own, board, (1, 2, 3))
    with pytest.raises(TooEarly, match="objections ends at 2026-11-24T13:00:00Z; it is 2026-11-24T12:59:59Z"):
        open_products(board, keys[1], own[1], DURING + timedelta(seconds=3599))
    open_products(board, keys[1], own[1], DURING + timedelta(seconds=3600))


def test_a_backdated_closing_does_not_shorten_the_objections(tmp_path: Path) -> None:
    """After a quiet hour the server may give the closing the time of the last ballot: the trustee's clock decides."""
    election = make_election(changed_manifest(objection_seconds=3600))
    board = closed_board(election)
    keys = {number: open_trustee(election, number) for number in (1, 2, 3)}
    own = {number: diary_of(keys[number], tmp_path) for number in keys}
    seen = CLOSED_AT + timedelta(minutes=59)
    for number, key in keys.items():
        append(board, encode_signed_body(sign_statement(board, key, own[number], seen).signed))
    with pytest.raises(TooEarly, match="objections ends at 2026-11-24T13:59:00Z"):
        open_products(board, keys[1], own[1], seen + timedelta(minutes=2))
    open_products(board, keys[1], own[1], seen + timedelta(hours=1))


WITNESSES = {f"w{i}.invalid": SigningKey.from_seed(bytes([0x50 + i]) * 32) for i in (1, 2, 3)}


@dataclass
class WitnessedBoard(MemoryBoard):
    """A board whose closing some witnesses cosigned."""

    cosigners: tuple[str, ...] = ()

    @property
    def closing_checkpoint(self) -> str | None:
        """The head with their lines."""
        note = super().closing_checkpoint
        for name in self.cosigners if note is not None else ():
            assert note is not None
            note = add_cosignature(note, name, WITNESSES[name], 1)
        return note


def test_the_witnesses_must_have_seen_the_closing(tmp_path: Path) -> None:
    named = tuple(
        NamedKey(key=encode_base64url(key.public_key), name=name) for name, key in WITNESSES.items()
    )
    election = make_election(changed_manifest(witnesses=named))
    all_three = tuple(WITNESSES)
    board = WitnessedBoard(election, cosigners=all_three)
    board.start()
    board.cast(1, [[0, 1, 0, 0]])
    board.close()
    board.aggregate()
    key = open_trustee(election, 1)
    diary = diary_of(key, tmp_path)
    board.cosigners = all_three[:1]
    with pytest.raises(BoardRefused, match="1 witnesses cosigned the closing; 2 are needed"):
        sign_statement(board, key, diary, CLOSED_AT)
    board.cosigners = all_three[:2]
    sign_statement(board, key, diary, CLOSED_AT)
    # After the act that lowers the number of statements every witness must have seen the closing.
    board.state(1)
    board.state(2)
    board.lower_quorum()
    with pytest.raises(BoardRefused, match="2 witnesses cosigned the closing; 3 are needed"):
        open_products(board, key, diary, NOW)
    board.cosigners = all_three
    open_products(board, key, diary, NOW)


def test_a_withheld_result_is_not_opened(tmp_path: Path) -> None:
    election = make_election(make_manifest(trustees=3, small_areas=STRICT_SMALL_AREAS))
    board = closed_board(election)
    key = open_trustee(election, 1)
    diary = diary_of(key, tmp_path)
    append(board, encode_signed_body(sign_statement(board, key, diary, CLOSED_AT).signed))
    board.state(2)
    board.state(3)
    with pytest.raises(NothingToOpen, match="withheld"):
        open_products(board, key, diary, NOW)


def test_openings_that_stand_on_the_board_are_not_made_again(diaries: dict[int, Diary]) -> None:
    board = stated_board(diaries, closed_board(), (1, 2, 3))
    key = open_trustee(ELECTION, 1)
    append(board, encode_signed_body(open_products(board, key, diaries[1], NOW).signed))
    with pytest.raises(AlreadyOpened):
        open_products(board, key, diaries[1], NOW)


def test_a_checkpoint_that_the_trustee_kept_must_be_a_prefix(diaries: dict[int, Diary]) -> None:
    other = MemoryBoard(ELECTION).start()
    other.cast(4, [[1, 0, 0, 0]])
    kept = Options(older=Checkpoint(other.election.manifest.log_origin, 6, other.root_at(6)))
    with pytest.raises(BoardRefused, match="not a prefix"):
        sign_statement(closed_board(), open_trustee(ELECTION, 1), diaries[1], CLOSED_AT, kept)


def test_nothing_is_signed_with_the_key_of_another_election(tmp_path: Path) -> None:
    other = open_trustee(make_election(make_manifest(trustees=3, election="f" * 32)), 1)
    diary = diary_of(other, tmp_path)
    with pytest.raises(NotThisTrustee):
        sign_statement(closed_board(), other, diary, CLOSED_AT)
    with pytest.raises(NotThisTrustee):
        open_products(closed_board(), other, diary, NOW)
    assert diary.statement() is None


def test_without_the_diary_nothing_is_signed(diaries: dict[int, Diary]) -> None:
    diaries[1].path.unlink()
    with pytest.raises(DiaryDamaged):
        sign_statement(closed_board(), open_trustee(ELECTION, 1), diaries[1], CLOSED_AT)
    board = closed_board()
    for number in (1, 2, 3):
        board.state(number)
    with pytest.raises(DiaryDamaged):
        open_products(board, open_trustee(ELECTION, 1), diaries[1], NOW)


def test_a_single_returning_officer_goes_the_same_way(tmp_path: Path) -> None:
    election = make_election()
    board = closed_board(election)
    key = open_trustee(election, 1)
    diary = diary_of(key, tmp_path)
    append(board, encode_signed_body(sign_statement(board, key, diary, CLOSED_AT).signed))
    append(board, encode_signed_body(open_products(board, key, diary, NOW).signed))
    assert board.verify().report.ok
