"""What is public of a petition's log and when; who may sign again; and what a large log costs its readers."""

from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.kinds import KINDS
from consultation.leaving import delete_account
from consultation.petitions.deciding import admit
from consultation.petitions.life import withdraw as take_down
from consultation.petitions.settings import rules
from consultation.signing.counting import forget_old, public_count, trending
from consultation.signing.ending import remove_signatures, withdraw
from consultation.signing.errors import RemovedBefore, TakenBackTooOften
from consultation.signing.exporting import NoRecord, export_files, public_record, record_files, zip_record
from consultation.signing.ledger import KIND
from consultation.signing.models import PetitionCount, PetitionEnded, PetitionSignature
from consultation.signing.receipts import REMOVALS_PAGE, removals
from consultation.signing.returning import RETURNS_MOST
from consultation.signing.windows import WINDOW_SECONDS, window_of
from crypto.checkpoint import parse_checkpoint_text, parse_note
from crypto.transcript import tuple_hash
from identity.people import find_by_claim, person_hash
from identity.types import EMAIL
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest

MANY = 10_000


def counted(engine: Engine) -> list[str]:
    """The statements from now on."""
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    return statements


def lengthened(signing: SigningUnderTest, petition: str, entries: int) -> None:
    """So many leaves more, which no reader here decodes."""
    with writing(signing.desk.engine) as session:
        log = board.open_log(session, LogId(session.get_one(PetitionCount, petition).log))
        for number in range(entries):
            log.append(
                leaf=b'{"kind":"signature","number":%d}' % number,
                body=b"",
                digest=tuple_hash("body", [KIND.encode(), b""]),
                kind=KIND,
                time=log.head.last_time or signing.site.clock(),
            )
        log.store()


def removed(signing: SigningUnderTest, petition: str, *keys: str) -> None:
    with writing(signing.desk.engine) as session:
        ids = session.scalars(select(PetitionSignature.id).where(PetitionSignature.key.in_(keys))).all()
        by = signing.petitions.moderator.actor
        remove_signatures(signing.desk, session, petition, ids, "Made up", by, signing.site.clock())


def taken_back(signing: SigningUnderTest, key: str) -> None:
    with writing(signing.desk.engine) as session:
        withdraw(signing.desk, session, key)


def test_a_long_log_costs_its_readers_little(shared: SigningUnderTest) -> None:
    petition = shared.published()
    keys = [shared.sign(petition) for _ in range(REMOVALS_PAGE + 1)]
    removed(shared, petition, keys[0])
    lengthened(shared, petition, MANY)
    for key in keys[1:]:
        removed(shared, petition, key)
    statements = counted(shared.desk.engine)
    with reading(shared.desk.engine) as session:
        newest = removals(session, petition)
        assert len(statements) <= REMOVALS_PAGE + 4
        assert [each.batch for each in newest.batches] == list(range(REMOVALS_PAGE + 1, 1, -1))
        assert newest.before == 2
        first = removals(session, petition, newest.before)
        assert [(each.batch, each.reason, len(each.signatures)) for each in first.batches] == [
            (1, "Made up", 1)
        ]
        assert first.before is None
    _goes_out_in_small_pieces(shared, petition)


def _goes_out_in_small_pieces(signing: SigningUnderTest, petition: str) -> None:
    opened: list[int] = []

    def open_session() -> AbstractContextManager[Session]:
        opened.append(1)
        return reading(signing.desk.engine)

    with reading(signing.desk.engine) as session:
        now = signing.site.clock() + timedelta(seconds=WINDOW_SECONDS)
        record = public_record(signing.desk, session, petition, now)
    leaves = next(iter(record_files(open_session, record)))
    assert not opened
    assert max(len(chunk) for chunk in leaves.chunks) < 200_000
    assert len(opened) == record.entries // 1_000 + 1 == MANY // 1_000 + 1
    assert max(map(len, zip_record(signing.desk, record))) < 200_000


def test_nobody_watches_single_signatures_arrive(shared: SigningUnderTest) -> None:
    """Neither in the record nor by asking for a receipt again and again."""
    petition, clock = shared.published(), shared.site.clock
    clock.now = window_of(clock.now) + timedelta(seconds=WINDOW_SECONDS)
    first = shared.sign(petition)
    with reading(shared.desk.engine) as session, pytest.raises(NoRecord):
        export_files(shared.desk, session, petition, clock())

    def head_of(note: str) -> int:
        return parse_checkpoint_text(parse_note(note).text).size

    def seen() -> tuple[int, int]:
        with reading(shared.desk.engine) as session:
            record = public_record(shared.desk, session, petition, clock())
            assert record.published.count == public_count(session, petition, clock()).count
        return record.entries, head_of(shared.receipt(first).checkpoint)

    assert head_of(shared.receipt(first).checkpoint) == 2  # its own, in the moment of signing
    clock.wait(seconds=WINDOW_SECONDS)
    assert seen() == (2, 2)
    for _ in range(3):
        clock.wait(seconds=3)
        shared.sign(petition)
        assert seen() == (2, 2)
    clock.wait(seconds=1)
    assert seen() == (5, 5)


def test_words_that_their_author_took_back_are_in_no_export(shared: SigningUnderTest) -> None:
    petition = shared.petitions.submitted()
    shared.sign(petition)
    assert b"east bank" in shared.files(petition)["texts.jsonl"]
    for entry, shown in ((7, False), (None, True)):  # nor what a moderator took away
        with writing(shared.desk.engine) as session:
            KINDS["petition"].set_hidden(session, petition, entry=entry)
        assert (b"east bank" in shared.files(petition)["texts.jsonl"]) is shown
    with writing(shared.desk.engine) as session:
        take_down(session, shared.petitions.lan, petition, shared.site.clock())
    files = shared.files(petition)
    assert files["texts.jsonl"] == b""
    assert files["board.jsonl"]


def test_a_signature_removed_while_supporters_signed_does_not_return_after_publication(
    shared: SigningUnderTest,
) -> None:
    """In that time `closes_at` is the end of gathering supporters; the petition itself is open for months more."""
    room, address = shared.petitions, "supporter@farm.example"
    petition = room.submitted()
    key = shared.confirm(shared.ask(petition, address))
    removed(shared, petition, key)
    with writing(shared.desk.engine) as session:
        person = find_by_claim(session, EMAIL, person_hash(shared.desk.keys, EMAIL, address))
        assert person is not None
        delete_account(shared.desk, session, person)
        limit = rules(session)
    for _ in range(limit.sponsors):
        shared.sign(petition)
    with writing(shared.desk.engine) as session:
        admit(session, room.moderator, petition, 1)
    shared.site.clock.wait(days=limit.sponsor_days + 1)
    with writing(shared.desk.engine) as session:
        forget_old(session, shared.site.clock())
    with pytest.raises(RemovedBefore):
        shared.confirm(shared.ask(petition, address))


def test_signing_and_taking_back_moves_no_list_and_ends_soon(signing: SigningUnderTest) -> None:
    honest, loop = signing.published(), signing.published()
    for _ in range(2):
        signing.sign(honest)
    for _ in range(RETURNS_MOST):
        taken_back(signing, signing.confirm(signing.ask(loop, "li.an@gmail.com")))
    for address in ("lian@gmail.com", "li.an@gmail.com"):  # by no spelling
        with pytest.raises(TakenBackTooOften):
            signing.confirm(signing.ask(loop, address))
    signing.sign(loop)  # control: somebody else
    signing.site.clock.wait(minutes=1)
    with reading(signing.desk.engine) as session:
        assert trending(session, signing.site.clock(), 10) == [(honest, 2), (loop, 1)]
    signing.site.clock.wait(days=1, seconds=1)
    with writing(signing.desk.engine) as session:
        assert session.scalars(select(PetitionEnded)).all()
        assert forget_old(session, signing.site.clock())
        assert not session.scalars(select(PetitionEnded)).all()
    signing.confirm(signing.ask(loop, "li.an@gmail.com"))


def test_who_leaves_after_a_removal_signs_no_second_time(shared: SigningUnderTest) -> None:
    petition, other, address = shared.published(), shared.published(), "made.up@example.org"
    key = shared.confirm(shared.ask(petition, address))
    removed(shared, petition, key)
    with writing(shared.desk.engine) as session:
        person = find_by_claim(session, EMAIL, person_hash(shared.desk.keys, EMAIL, address))
        assert person is not None
        delete_account(shared.desk, session, person)
    with pytest.raises(RemovedBefore):
        shared.confirm(shared.ask(petition, address))
    shared.confirm(shared.ask(other, address))  # control: another petition
