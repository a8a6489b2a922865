"""A server that changes its own database and calls its own verbs with its own keys: the verifier names it, and the
trustees do not open.

`test_malicious_server.py` attacks boards in memory. Here the operator sits at the SQL prompt of a real office.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from audits.stored_board import StoredBoard
from board import log as board
from board.errors import BoardInconsistent
from board.log import LogId
from crypto.checkpoint import Checkpoint, sign_checkpoint
from crypto.encoding import encode_base64url
from crypto.merkle import leaf_hash, root_hash
from protocol.casting import verify_promise
from protocol.leaf import Kind, decode_leaf, make_leaf, sign_body
from protocol.report import CheckName
from protocol.text import parse_time
from protocol.verification import Options, verify_board
from rehearsal.ceremony import Trustees
from rehearsal.one_machine import UrnNotOpened, open_urn
from storage.session import reading, writing
from tally.aggregation import aggregate
from tally.opening import publish_result
from tests.support.databases import BOTH, database
from tests.support.elections import CLOSES, LOG_KEY, trustee_key, voter_key
from tests.support.hostile import Served, canonical, failures, require_only
from tests.support.offices import (
    FIRST,
    SECOND,
    OfficeUnderTest,
    ballot_body,
    close_early,
    make_office,
    signed_request,
)
from tests.support.trustees import Urn, close_and_aggregate, tally, urn_of
from tests.voting.whole import verified
from voting.casting import cast_ballot
from voting.models import VotingBallot, VotingElection, VotingRoll
from voting.office import find_election, lock_election

HOLDERS = (trustee_key(1),)


def trustees_of(office: OfficeUnderTest) -> Trustees:
    """All trustees, as they act on one machine."""
    return Trustees(HOLDERS, office.election.shares, office.election.ceremony_body)


def require_closed_urn(office: OfficeUnderTest) -> None:
    """The trustees look at the board first, and do not open it: they sign nothing at all."""
    before = office.kinds()
    with pytest.raises(UrnNotOpened, match="the board does not verify"):
        open_urn(office.office, office.id, trustees_of(office), [1])
    assert office.kinds() == before


def require_named(office: OfficeUnderTest, check: CheckName, entry: int | None, words: str) -> None:
    """The verification of what is stored fails in this check, at this entry, for this reason."""
    require_only(verify_board(StoredBoard(office.engine, office.id)), check, entry, words)


def put(office: OfficeUnderTest, kind: Kind, body: bytes, signature: bytes | None = None) -> int:
    """The server's own program, told to append anything and to sign the head."""
    with writing(office.engine) as session:
        row = lock_election(session, office.id)
        if signature is None:
            entry = office.office.append_as_server(session, row, kind, body)
        else:
            entry = office.office.append(session, row, kind, body, signature)
        office.office.sign_head(session, row)
        return entry.index


def put_ballot(office: OfficeUnderTest, voter: int, body: bytes, signer: int = 0) -> int:
    """A ballot past the door, straight onto the board."""
    return put(office, Kind.BALLOT, body, sign_body(Kind.BALLOT, body, voter_key(signer or voter)))


def closed_by_hand(office: OfficeUnderTest, ballots: int) -> None:
    """A closing whose numbers fit what is on the board, whatever the index says."""
    terms = office.election.terms
    body = canonical(
        {
            "ballots": ballots,
            "by": "Official Test",
            "challenges": 0,
            "election": terms.election,
            "fingerprint": terms.fingerprint_text,
            "format": "psephos/closing/v1",
            "keys": None,
            "persons": None,
            "reason": None if office.clock.now > parse_time(CLOSES) else "The test has seen enough.",
        }
    )
    index = put(office, Kind.CLOSING, body)
    with writing(office.engine) as session:
        session.execute(update(VotingElection).values(closing_index=index))


# Ballots dropped, stuffed, changed.


def test_a_ballot_left_out_of_the_count_is_named(office: OfficeUnderTest) -> None:
    """The row of the index is deleted; the leaf cannot be."""
    office.cast(1, FIRST)
    dropped = office.cast(2, FIRST)
    close_early(office.office, office.id)
    with writing(office.engine) as session:
        session.execute(delete(VotingBallot).where(VotingBallot.index == dropped.index))
    index = aggregate(office.office, office.id)
    require_only(
        verify_board(StoredBoard(office.engine, office.id)),
        CheckName.COUNTED,
        index,
        "other ballots than the 2",
        {CheckName.AGGREGATES: "Group 0"},
    )
    require_closed_urn(office)


def test_a_weight_changed_in_the_index_is_named(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    office.cast(2, FIRST)
    close_early(office.office, office.id)
    with writing(office.engine) as session:
        session.execute(
            update(VotingRoll).where(VotingRoll.key == voter_key(1).public_key).values(weight=1000)
        )
    index = aggregate(office.office, office.id)
    require_named(office, CheckName.AGGREGATES, index, "Group 0: 2 ballots of weight 4 are counted in it")
    require_closed_urn(office)


def test_an_earlier_ballot_counted_instead_of_the_last_is_named(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    second = office.cast(1, SECOND, 2)
    close_early(office.office, office.id)
    with writing(office.engine) as session:
        session.execute(delete(VotingBallot).where(VotingBallot.index == second.index))
    index = aggregate(office.office, office.id)
    verdict = verify_board(StoredBoard(office.engine, office.id))
    found = failures(verdict.report)
    assert set(found) == {CheckName.COUNTED, CheckName.AGGREGATES}
    assert found[CheckName.COUNTED][0] == (
        index,
        "The server counts other ballots than the 1 that the rule gives.",
    )
    require_closed_urn(office)


def test_a_second_first_ballot_does_not_count(office: OfficeUnderTest) -> None:
    """The index forgets that the voter has voted, and the door takes a ballot numbered 1 again."""
    office.cast(1, FIRST)
    with writing(office.engine) as session:
        session.execute(delete(VotingBallot))
    again = cast_ballot(
        office.office,
        office.id,
        signed_request(ballot_body(office.election, 1, SECOND, 1, b"again"), voter_key(1)),
    )
    closed_by_hand(office, 2)
    require_named(office, CheckName.BALLOTS, again.index, "wrong-sequence")


@dataclass(frozen=True)
class Stuffing:
    """What the server puts onto the board without asking its own door."""

    put: Callable[[OfficeUnderTest], int]
    check: CheckName
    words: str


def _altered(voter: int, **changes: object) -> Callable[[OfficeUnderTest], int]:
    def act(office: OfficeUnderTest) -> int:
        body = json.loads(ballot_body(office.election, voter)) | changes
        return put_ballot(office, voter, canonical(body))

    return act


def _with_ciphertext_of(victim: int, thief: int) -> Callable[[OfficeUnderTest], int]:
    def act(office: OfficeUnderTest) -> int:
        body = json.loads(ballot_body(office.election, thief))
        body["answers"] = json.loads(ballot_body(office.election, victim))["answers"]
        return put_ballot(office, thief, canonical(body))

    return act


STUFFINGS = {
    "for somebody who is not on the roll": Stuffing(
        lambda office: put_ballot(office, 99, ballot_body(office.election, 99)),
        CheckName.BALLOTS,
        "unknown-credential",
    ),
    "signed by the server instead of the voter": Stuffing(
        lambda office: put(office, Kind.BALLOT, ballot_body(office.election, 3)),
        CheckName.BALLOTS,
        "bad-signature",
    ),
    "signed by another voter": Stuffing(
        lambda office: put_ballot(office, 3, ballot_body(office.election, 3), signer=4),
        CheckName.BALLOTS,
        "bad-signature",
    ),
    "the same once more": Stuffing(
        lambda office: put_ballot(office, 1, ballot_body(office.election, 1)),
        CheckName.BALLOTS,
        "wrong-sequence",
    ),
    "numbered far ahead": Stuffing(_altered(3, sequence=2**32 - 1), CheckName.BALLOTS, "wrong-sequence"),
    "of another election": Stuffing(_altered(3, election="f" * 32), CheckName.BALLOTS, "wrong-election"),
    "with somebody else's answers": Stuffing(
        _with_ciphertext_of(1, 3), CheckName.MEMBERSHIP, "membership-failed: question q1, choice 1"
    ),
    "of no ballot at all": Stuffing(
        lambda office: put_ballot(office, 3, b'{"vote":1000}'), CheckName.BALLOTS, "malformed-ballot"
    ),
}


@pytest.mark.parametrize("name", STUFFINGS)
def test_a_ballot_past_the_door_is_named_and_does_not_count(office: OfficeUnderTest, name: str) -> None:
    stuffing = STUFFINGS[name]
    office.cast(1, FIRST)
    index = stuffing.put(office)
    closed_by_hand(office, 2)
    verdict = verify_board(StoredBoard(office.engine, office.id))
    found = failures(verdict.report)
    assert set(found) == {stuffing.check}
    assert {entry for entry, _ in found[stuffing.check]} == {index}
    assert stuffing.words in found[stuffing.check][0][1]
    assert verdict.tally is not None
    assert verdict.tally.counted == [5]


def test_a_ballot_outside_the_hours_is_named(office: OfficeUnderTest) -> None:
    """The server's clock says what it likes; the leaf says so too."""
    office.cast(1, FIRST)
    office.clock.now = office.clock.now.replace(month=12)
    index = put_ballot(office, 2, ballot_body(office.election, 2))
    closed_by_hand(office, 2)
    require_named(office, CheckName.BALLOTS, index, "outside-window")


# Closing undone.


def test_polls_that_are_opened_again_break_the_board(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    close_early(office.office, office.id)
    with writing(office.engine) as session:
        session.execute(update(VotingElection).values(closing_index=None))
    late = office.cast(2, FIRST)
    verdict = verify_board(StoredBoard(office.engine, office.id))
    found = failures(verdict.report)
    assert found[CheckName.BOARD][0] == (late.index, "A leaf of kind ballot may not stand here.")


def test_a_closing_with_other_numbers_is_named(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    closed_by_hand(office, 0)
    require_named(
        office, CheckName.BOARD, 6, "The closing counts 0 ballots and 0 challenges; the board holds 1"
    )


# History rewritten.


def rewritten(office: OfficeUnderTest, index: int, body: bytes, leaf: bytes) -> None:
    """The operator drops the triggers of the database and puts another leaf into the place of one."""
    digest = decode_leaf(leaf).digest_bytes
    with office.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE board_entry DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER board_entry_no_update"))
        connection.execute(
            text("INSERT INTO board_body (digest, body) VALUES (:digest, :body)"),
            {"digest": digest, "body": body},
        )
        connection.execute(
            text('UPDATE board_entry SET leaf = :leaf, digest = :digest WHERE "index" = :index'),
            {"leaf": leaf, "digest": digest, "index": index},
        )


def test_a_ballot_exchanged_in_the_database_breaks_the_signed_head(office: OfficeUnderTest) -> None:
    cast = office.cast(1, FIRST)
    office.cast(2, FIRST)
    body = ballot_body(office.election, 1, SECOND, 1, b"other")  # as the voter's own code could have made it
    leaf = make_leaf(Kind.BALLOT, body, cast.leaf.time, sign_body(Kind.BALLOT, body, voter_key(1)))
    rewritten(office, cast.index, body, leaf)
    require_named(office, CheckName.BOARD, None, "The signed checkpoint is not the head of these leaves")


def test_a_rewritten_tree_is_no_continuation_of_what_was_signed(office: OfficeUnderTest) -> None:
    """With the tree rewritten too, the server's own program refuses to sign, and says what it saw."""
    cast = office.cast(1, FIRST)
    signed = office.checkpoint()
    with office.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE board_node DISABLE TRIGGER ALL"))
        else:
            connection.execute(text("DROP TRIGGER board_node_no_update"))
        connection.execute(
            text('UPDATE board_node SET hash = :hash WHERE level = 1 AND "index" = :index'),
            {"hash": b"h" * 32, "index": cast.index // 2},
        )
    before = office.everything()
    with pytest.raises(BoardInconsistent, match="does not continue its last signed checkpoint") as seen:
        office.cast(2, FIRST)
    assert seen.value.checkpoint == signed
    assert office.everything() == before
    office.faults.add(500)
    answer = office.client.post(
        f"{office.api}/ballots", content=signed_request(ballot_body(office.election, 2), voter_key(2))
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")


def pairs(office: OfficeUnderTest) -> list[tuple[bytes, bytes]]:
    with reading(office.engine) as session:
        log_id = LogId(find_election(session, office.id).log_id)
        return list(board.iter_leaves_and_bodies(session, log_id))


def served(office: OfficeUnderTest, leaves: list[tuple[bytes, bytes]]) -> Served:
    """Another board, with a head that the log's key signs."""
    root = root_hash([leaf_hash(leaf) for leaf, _ in leaves])
    note = sign_checkpoint(Checkpoint(office.election.manifest.log_origin, len(leaves), root), LOG_KEY)
    return Served(tuple(leaves), note, None)


def test_a_promised_ballot_that_is_dropped_leaves_two_signatures_that_contradict(
    office: OfficeUnderTest,
) -> None:
    """A second board without it verifies, but not for whoever kept the promise or a head."""
    answer = office.cast(1, FIRST)
    kept = board_head(office)
    office.cast(2, FIRST)
    leaves = pairs(office)
    fork = served(office, leaves[: answer.index] + leaves[answer.index + 1 :])
    assert fork.verify().report.ok  # control: the fork is a good board by itself
    require_only(fork.verify(Options(older=kept)), CheckName.BOARD, None, "not a prefix of this board")
    verify_promise(office.election.manifest, answer.promise)
    there = decode_leaf(fork.leaves[answer.promise.index][0])
    assert there.digest != answer.promise.tracker  # the promise names this index: evidence against the server


def board_head(office: OfficeUnderTest) -> Checkpoint:
    leaves = pairs(office)
    return Checkpoint(
        office.election.manifest.log_origin, len(leaves), root_hash([leaf_hash(leaf) for leaf, _ in leaves])
    )


def test_a_trustee_states_one_board_only(office: OfficeUnderTest) -> None:
    """The server shows a trustee a board without one ballot: the statement then does not fit the other board."""
    office.cast(1, FIRST)
    office.cast(2, FIRST)
    urn = close_and_aggregate(office)
    other = Urn(office, urn.closing - 1, b"r" * 32, urn.digest, urn.products)
    body, signature = other.statement(1)
    index = put(office, Kind.CLOSING_STATEMENT, body, signature)
    require_named(office, CheckName.PARTIAL_OPENINGS, index, "Somebody was shown a different board")


# The end.


@pytest.fixture(scope="module", params=BOTH)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeUnderTest]:
    """An election with its result; nothing is changed in it."""
    folder = tmp_path_factory.mktemp("opened")
    with database(request.param, request, folder) as url:
        office = make_office(url, folder / "secrets")
        office.cast(1, FIRST)
        office.cast(2, SECOND)
        tally(office)
        yield office
        office.engine.dispose()


def _more_votes(result: Any) -> None:
    votes = result["totals"][0]["votes"]
    votes[0]["votes"] += 1
    votes[1]["votes"] -= 1


def _other_plaintext(result: Any) -> None:
    opening = result["openings"][0]
    opening["plaintext"] = result["openings"][1]["plaintext"]


def _withheld(result: Any) -> None:
    result |= {"withheld": True, "openings": [], "totals": []}


RESULTS: dict[str, tuple[Callable[[Any], object], CheckName, str]] = {
    "votes moved": (_more_votes, CheckName.RESULT, "not the recomputed ones"),
    "another plaintext": (_other_plaintext, CheckName.OPENINGS, "question q1"),
    "a question left out": (
        lambda result: result["totals"].pop(),
        CheckName.RESULT,
        "not the recomputed ones",
    ),
    "withheld without a reason": (_withheld, CheckName.RESULT, "The rule for small areas decides otherwise"),
    "of other aggregates": (
        lambda result: result.update(aggregates=encode_base64url(b"a" * 32)),
        CheckName.RESULT,
        "other aggregates",
    ),
}


@pytest.mark.parametrize("name", RESULTS)
def test_another_result_is_named(opened: OfficeUnderTest, name: str) -> None:
    change, check, words = RESULTS[name]
    verified(opened)  # control
    leaves = pairs(opened)
    result = json.loads(leaves[-1][1])
    change(result)
    body = canonical(result)
    key = opened.office.election_keys(opened.id).server
    leaf = make_leaf(Kind.RESULT, body, decode_leaf(leaves[-1][0]).time, sign_body(Kind.RESULT, body, key))
    fork = served(opened, [*leaves[:-1], (leaf, body)])
    closing = StoredBoard(opened.engine, opened.id).closing_checkpoint
    verdict = Served(fork.leaves, fork.checkpoint, closing).verify()
    found = failures(verdict.report)
    assert check in found, found
    assert words in found[check][0][1]


def test_a_second_result_breaks_the_board(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    tally(office)
    with writing(office.engine) as session:
        session.execute(update(VotingElection).values(result_index=None))
    publish_result(office.office, office.id)
    require_named(
        office, CheckName.BOARD, len(office.entries()) - 1, "A leaf of kind result may not stand here"
    )


def test_a_result_without_the_trustees_is_named(office: OfficeUnderTest, tmp_path: Path) -> None:
    """The server holds the trustee's share all the same and opens alone: the board shows that nobody stated."""
    office.cast(1, FIRST)
    urn = close_and_aggregate(office)
    openings = urn.parts(1)
    index = put(office, Kind.PARTIAL_OPENING, *openings)
    publish_result(office.office, office.id)
    verdict = verify_board(StoredBoard(office.engine, office.id))
    found = failures(verdict.report)
    assert set(found) == {CheckName.PARTIAL_OPENINGS}
    assert found[CheckName.PARTIAL_OPENINGS][0] == (
        index,
        "0 identical closing statements stand on the board; 1 must precede an opening.",
    )


def test_control_the_same_steps_by_an_honest_server_verify(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    put_ballot(office, 2, ballot_body(office.election, 2))
    closed_by_hand(office, 2)
    verified(office)
    with writing(office.engine) as session:
        session.add(
            VotingBallot(
                election=office.id,
                index=6,
                credential=voter_key(2).public_key,
                sequence=1,
                tracker=b"t" * 32,
                receipt_code="x",
            )
        )
    aggregate(office.office, office.id)
    open_urn(office.office, office.id, trustees_of(office), [1])
    publish_result(office.office, office.id)
    urn_of(office)
