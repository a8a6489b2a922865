"""What a file proves against the server, and what it does not; objections that nobody can lose or change."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from board import log as board
from board.log import LogId
from crypto.checkpoint import Checkpoint, sign_checkpoint
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from crypto.transcript import tuple_hash
from identity import trail
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest, Promise, Receipt, make_promise
from protocol.errors import RecordTooLarge
from protocol.leaf import Kind, body_digest, decode_leaf
from protocol.text import format_time
from rehearsal.one_machine import seal_vote
from storage.session import reading, writing
from tests.support.sign_in_votes import SignInVote, hold_sign_in_vote
from tests.support.sites import SiteUnderTest, site_under_test
from voting.casting import CastAnswer, cast_ballot
from voting.deeds import By
from voting.dispute_evidence import (
    EVIDENCE_BYTES_MAX,
    Finding,
    FindingCode,
    NoEvidence,
    examine,
)
from voting.disputes import (
    AnsweredAlready,
    Category,
    DisputeRecord,
    Filing,
    NoSuchDispute,
    TooLate,
    Verdict,
    answer_dispute,
    disputes_of,
    file_dispute,
    find_dispute,
    forget_addresses,
    is_filer,
    last_moment,
    open_disputes,
)
from voting.office import find_election

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
YES = ((1, 0, 0, 0),)
KEY = b"k" * 16


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as site:
        yield site


@pytest.fixture
def vote(site: SiteUnderTest) -> SignInVote:
    return hold_sign_in_vote(site.app.state.office, site.desk.desk, site.desk.clock(), EMAILS, sign_in=False)


def filing(evidence: bytes | None = None, **changes: object) -> Filing:
    made = Filing(
        category=Category.NOT_FOUND,
        words="Lá phiếu của tôi không có trên bảng.",
        publish_words=False,
        receipt_code="",
        evidence=evidence,
        email="",
        language="vi",
        key=KEY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def find(vote: SignInVote, data: bytes) -> Finding:
    with reading(vote.office.engine) as session:
        return examine(vote.office, session, find_election(session, vote.election), data)


def sealed(vote: SignInVote, n: int = 1, sequence: int = 1) -> bytes:
    return seal_vote(vote.terms, vote.codes[n - 1].code, YES, sequence)


def tracker_of(request: bytes) -> bytes:
    record = decode_canonical(request, CastRequest, limit_bytes=len(request))
    return body_digest(Kind.BALLOT, encode_canonical(record.ballot))


def evidence(request: bytes, promise: Promise | None, shown: str | None = None) -> bytes:
    """As the booth saves it while the outcome is not known."""
    return encode_canonical(
        {
            "format": "psephos/evidence/v1",
            "promise": promise,
            "request": msgspec.Raw(request),
            "shown": shown,
        }
    )


def promise(vote: SignInVote, request: bytes, index: int) -> Promise:
    """The server's signed word for a ballot that it did not store."""
    moment, server = vote.office.clock(), vote.office.election_keys(vote.election).server
    return make_promise(vote.terms.manifest, tracker_of(request), index, format_time(moment), server)


def receipt(vote: SignInVote, request: bytes, cast: CastAnswer) -> bytes:
    """As the booth saves it at the end."""
    record = decode_canonical(request, CastRequest, limit_bytes=len(request))
    with reading(vote.office.engine) as session:
        log_id = LogId(find_election(session, vote.election).log_id)
        size = board.tree_size(session, log_id)
        note = board.latest_checkpoint(session, log_id)
        proof = board.inclusion_proof(session, log_id, cast.index, size)
        leaf = decode_leaf(board.entry(session, log_id, cast.index).leaf)
    return encode_canonical(
        Receipt(
            ballot=record.ballot,
            checkpoint=note,
            election=vote.election,
            fingerprint=vote.terms.fingerprint_text,
            format="psephos/receipt/v1",
            inclusion=tuple(encode_base64url(node) for node in proof),
            leaf=leaf,
            promise=cast.promise,
            tracker=cast.promise.tracker,
        )
    )


def test_a_broken_promise_is_proved_when_its_time_is_over(site: SiteUnderTest, vote: SignInVote) -> None:
    request = sealed(vote)
    file = evidence(request, promise(vote, request, 5))
    assert find(vote, file) == Finding(FindingCode.NOT_DUE, 5)
    site.desk.clock.wait(seconds=vote.terms.manifest.promise_seconds + 1)
    assert find(vote, file) == Finding(FindingCode.BROKEN_PROMISE, 5)
    assert FindingCode.BROKEN_PROMISE.proved
    # Another ballot at the promised place does not keep the promise.
    cast = cast_ballot(vote.office, vote.election, sealed(vote, 2))
    assert cast.index == 5
    assert find(vote, file) == Finding(FindingCode.BROKEN_PROMISE, 5)


def test_a_kept_promise_and_a_receipt_are_genuine(site: SiteUnderTest, vote: SignInVote) -> None:
    request = sealed(vote)
    cast = cast_ballot(vote.office, vote.election, request)
    site.desk.clock.wait(days=1)
    assert find(vote, evidence(request, cast.promise)) == Finding(FindingCode.STANDS, cast.index)
    assert find(vote, receipt(vote, request, cast)) == Finding(FindingCode.STANDS, cast.index)
    assert find(vote, receipt(vote, request, cast) + b"\n").code is FindingCode.STANDS


def test_without_a_promise_only_the_board_says_something(vote: SignInVote) -> None:
    request = sealed(vote)
    assert find(vote, evidence(request, None)) == Finding(FindingCode.SENT_ABSENT)
    cast = cast_ballot(vote.office, vote.election, request)
    assert find(vote, evidence(request, None)) == Finding(FindingCode.SENT_STANDS, cast.index)


def test_nobody_convicts_the_server_with_what_it_did_not_sign(site: SiteUnderTest, vote: SignInVote) -> None:
    request = sealed(vote)
    own = make_promise(
        vote.terms.manifest,
        tracker_of(request),
        5,
        format_time(vote.office.clock()),
        SigningKey.from_seed(b"x" * 32),
    )
    site.desk.clock.wait(days=1)
    assert find(vote, evidence(request, own)) == Finding(FindingCode.SENT_ABSENT)
    # A promise with a deadline of one's own, or of another vote, is none.
    real = promise(vote, request, 5)
    for changes in ({"deadline": real.time}, {"election": "f" * 32}, {"index": 6}):
        changed = msgspec.structs.replace(real, **changes)
        assert find(vote, evidence(request, changed)).code is FindingCode.SENT_ABSENT
    # Nor is a ballot that no code of this vote has signed.
    record = decode_canonical(request, CastRequest, limit_bytes=len(request))
    unsigned = encode_canonical(msgspec.structs.replace(record, signature=encode_base64url(b"s" * 64)))
    assert find(vote, evidence(unsigned, None)) == Finding(FindingCode.NOT_SIGNED)


def test_a_board_that_was_signed_and_changed_is_proved(vote: SignInVote) -> None:
    request = sealed(vote)
    cast = cast_ballot(vote.office, vote.election, request)
    good = receipt(vote, request, cast)
    record = decode_canonical(good, Receipt, limit_bytes=len(good))
    keys, origin = vote.office.election_keys(vote.election), vote.terms.manifest.log_origin

    def signed(size: int, root: bytes) -> str:
        return sign_checkpoint(Checkpoint(origin, size, root), keys.log)

    with reading(vote.office.engine) as session:
        log_id = LogId(find_election(session, vote.election).log_id)
        size = board.tree_size(session, log_id)
        root = board.root(session, log_id, size)
    for note in (signed(size, b"r" * 32), signed(size + 3, root), signed(3, root)):
        other = encode_canonical(msgspec.structs.replace(record, checkpoint=note))
        assert find(vote, other).code is FindingCode.BOARD_CHANGED
        proof = {"checkpoint": record.checkpoint, "entries": [_entry(note, record)]}
        assert find(vote, encode_canonical(proof)).code is FindingCode.BOARD_CHANGED
        shown = encode_canonical(_entry(note, record)).decode()
        assert find(vote, evidence(request, None, shown)).code is FindingCode.BOARD_CHANGED
    proof = {"checkpoint": record.checkpoint, "entries": [_entry(record.checkpoint, record)]}
    assert find(vote, encode_canonical(proof)) == Finding(FindingCode.HEAD_STANDS)


def _entry(note: str, record: Receipt) -> dict[str, object]:
    return {"checkpoint": note, "index": 5, "leaf": "x", "proof": record.inclusion, "size": 6}


def test_other_files_are_none(vote: SignInVote) -> None:
    for data in (b"", b"{}", b"[" * 100_000, b'{"format":"psephos/evidence/v1"}', b"\xff" * 100, b"null"):
        with pytest.raises(NoEvidence):
            find(vote, data)
    with pytest.raises((NoEvidence, RecordTooLarge)):
        find(vote, b" " * EVIDENCE_BYTES_MAX)


def test_an_objection_is_numbered_listed_and_in_the_site_log(site: SiteUnderTest, vote: SignInVote) -> None:
    request = sealed(vote)
    first = file_dispute(vote.office, vote.desk, vote.election, filing(evidence(request, None)))
    words = filing(key=b"l" * 16, publish_words=True, words="Công khai.\nHai dòng.")
    second = file_dispute(vote.office, vote.desk, vote.election, words)
    assert (first, second) == (1, 2)
    with reading(vote.office.engine) as session:
        lines = disputes_of(session, vote.election)
        found = find_dispute(session, vote.election, 1)
        assert is_filer(session, vote.election, 1, KEY)
        assert not is_filer(session, vote.election, 2, KEY)
        assert not is_filer(session, vote.election, 1, b"x" * 16)
        assert open_disputes(session) == {vote.election: 2}
        log = trail.deeds(site.desk.desk, session, 0, 1000, with_names=True)
        trail.verify_trail(session, site.desk.desk.trail_origin, site.desk.desk.keys.log.public_key)
    assert [line.words for line in lines] == [None, "Công khai.\nHai dòng."]
    assert lines[0].finding == Finding(FindingCode.SENT_ABSENT)
    assert tuple_hash("dispute", [found.data]) == lines[0].digest
    record = decode_canonical(found.data, DisputeRecord, limit_bytes=10_000)
    assert record.words == "Lá phiếu của tôi không có trên bảng."
    assert record.evidence == encode_base64url(hashlib.sha256(evidence(request, None)).digest())
    filed = [deed for deed in log if deed.deed == "dispute-filed"]
    assert filed[0].subject == f"objection 1 {encode_base64url(lines[0].digest)} election {vote.election}"
    assert "Lá phiếu" not in repr(log)


def test_sent_twice_it_is_one(vote: SignInVote) -> None:
    numbers = [file_dispute(vote.office, vote.desk, vote.election, filing()) for _ in range(3)]
    assert numbers == [1, 1, 1]
    other = hold_sign_in_vote(
        vote.office, vote.desk, vote.office.clock() + timedelta(seconds=1), EMAILS, sign_in=False
    )
    # The key of another vote's objection is another key.
    assert file_dispute(vote.office, vote.desk, other.election, filing()) == 1


def test_an_answer_stands(site: SiteUnderTest, vote: SignInVote) -> None:
    file_dispute(vote.office, vote.desk, vote.election, filing(email="lan@example.org"))
    by = By(site.desk.desk, site.desk.signed_in())
    answer_dispute(vote.office, by, vote.election, 1, Verdict.REJECTED, "Lá phiếu ở mục số 5.")
    with pytest.raises(AnsweredAlready):
        answer_dispute(vote.office, by, vote.election, 1, Verdict.UPHELD, "Khác.")
    for number in (0, 2, 2**40):
        with pytest.raises((NoSuchDispute, OverflowError)):
            answer_dispute(vote.office, by, vote.election, number, Verdict.UPHELD, "Khác.")
    with reading(vote.office.engine) as session:
        (line,) = disputes_of(session, vote.election)
        found = find_dispute(session, vote.election, 1)
        assert open_disputes(session) == {}
    assert (line.verdict, line.answer) == (Verdict.REJECTED, "Lá phiếu ở mục số 5.")
    assert not found.wants_answer  # the address is gone


def test_the_time_to_object_ends_a_week_after_the_result(site: SiteUnderTest, vote: SignInVote) -> None:
    cast = cast_ballot(vote.office, vote.election, sealed(vote))
    with reading(vote.office.engine) as session:
        assert last_moment(session, find_election(session, vote.election)) is None
    with writing(vote.office.engine) as session:  # as if that entry were the result
        find_election(session, vote.election).result_index = cast.index
    site.desk.clock.wait(days=6, hours=23)
    assert file_dispute(vote.office, vote.desk, vote.election, filing()) == 1
    site.desk.clock.wait(hours=1)
    with pytest.raises(TooLate):
        file_dispute(vote.office, vote.desk, vote.election, filing(key=b"l" * 16))
    # What was filed in time is still found when the form is sent once more.
    assert file_dispute(vote.office, vote.desk, vote.election, filing()) == 1


def test_an_address_does_not_wait_for_an_answer_for_ever(site: SiteUnderTest, vote: SignInVote) -> None:
    cast = cast_ballot(vote.office, vote.election, sealed(vote))
    file_dispute(vote.office, vote.desk, vote.election, filing(email="lan@example.org"))
    site.desk.clock.wait(days=400)
    assert forget_addresses(vote.office) == 0  # no result yet: the office may still answer
    with writing(vote.office.engine) as session:
        find_election(session, vote.election).result_index = cast.index
    assert forget_addresses(vote.office) == 1
    assert forget_addresses(vote.office) == 0
    with reading(vote.office.engine) as session:
        assert not find_dispute(session, vote.election, 1).wants_answer
