"""The diary: one closing statement for an election, ever; on the disk before anybody has the signature."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from protocol.opening_rules import make_statement
from tests.support.elections import DURING as NOW
from tests.support.elections import make_election, make_manifest
from tests.support.key_files import diary_of, open_trustee
from trustee.diary import Diary, NotedStatement, diary_path
from trustee.errors import DiaryDamaged, FileStands, StatementAlreadySigned
from trustee.key_file import SharePlace

ELECTION = make_election(make_manifest(trustees=3))
PLACE = SharePlace(bits=2048, election=ELECTION.terms.election, trustee=1)


def statement(closing: int, trustee: int = 1) -> bytes:
    """The statement about a board whose closing is entry `closing`."""
    return make_statement(ELECTION.terms, trustee, closing, b"r" * 32, b"a" * 32)


def noted_statement(closing: int) -> NotedStatement:
    """The same as the diary gives it back."""
    return NotedStatement(statement(closing), NOW)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    """The diary of trustee 1."""
    return diary_of(open_trustee(ELECTION, 1), tmp_path)


def test_a_new_diary_knows_of_no_statement(diary: Diary) -> None:
    assert diary.statement() is None


def test_the_first_statement_stays_and_may_be_repeated(diary: Diary) -> None:
    diary.record_statement(statement(7), NOW)
    once = diary.path.read_bytes()
    diary.record_statement(statement(7), NOW + timedelta(hours=1))
    assert diary.path.read_bytes() == once
    assert Diary(diary.path, PLACE).statement() == noted_statement(7)


def test_a_second_different_statement_is_refused_with_both(diary: Diary) -> None:
    diary.record_statement(statement(7), NOW)
    before = diary.path.read_bytes()
    with pytest.raises(StatementAlreadySigned) as refused:
        diary.record_statement(statement(8), NOW)
    assert (refused.value.earlier, refused.value.refused) == (statement(7), statement(8))
    assert diary.path.read_bytes() == before


def test_it_is_on_the_disk_before_the_call_returns(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []

    def note(handle: int) -> None:
        if os.path.samestat(os.fstat(handle), diary.path.stat()):
            synced.append(diary.path.read_bytes())

    monkeypatch.setattr(os, "fsync", note)
    diary.record_statement(statement(7), NOW)
    assert len(synced) == 1
    assert statement(7) in synced[0]


def test_a_disk_that_fails_is_not_hidden(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        diary.record_statement(statement(7), NOW)


def test_a_key_file_without_its_diary_signs_nothing(diary: Diary) -> None:
    diary.path.unlink()
    with pytest.raises(DiaryDamaged, match="must lie beside it"):
        diary.record_statement(statement(7), NOW)
    assert not diary.path.exists()


def test_a_diary_is_not_begun_again(diary: Diary) -> None:
    diary.record_statement(statement(7), NOW)
    with pytest.raises(FileStands):
        Diary.create(diary.path, PLACE)
    assert diary.statement() == noted_statement(7)


@pytest.mark.parametrize("cut", [1, 2, 30, -1])
def test_a_diary_cut_in_the_middle_of_a_line_signs_nothing(diary: Diary, cut: int) -> None:
    diary.record_statement(statement(7), NOW)
    data = diary.path.read_bytes()
    whole = data.index(b"\n") + 1
    diary.path.write_bytes(data[: whole + cut] if cut > 0 else data[:cut])
    with pytest.raises(DiaryDamaged):
        diary.record_statement(statement(8), NOW)
    with pytest.raises(DiaryDamaged):
        diary.statement()


def test_every_changed_byte_is_noticed_or_still_refuses_another_statement(diary: Diary) -> None:
    diary.record_statement(statement(7), NOW)
    data = diary.path.read_bytes()
    for at in range(len(data)):
        diary.path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises((DiaryDamaged, StatementAlreadySigned)):
            diary.record_statement(statement(300), NOW)


def test_the_diary_of_another_trustee_is_not_taken(diary: Diary) -> None:
    other = SharePlace(bits=2048, election=PLACE.election, trustee=2)
    with pytest.raises(DiaryDamaged, match="not the diary of this key file"):
        Diary(diary.path, other).statement()
    elsewhere = SharePlace(bits=2048, election="f" * 32, trustee=1)
    with pytest.raises(DiaryDamaged):
        Diary(diary.path, elsewhere).record_statement(statement(7), NOW)


def test_it_lies_beside_the_key_file() -> None:
    assert diary_path(Path("/media/stick/lan.key")) == Path("/media/stick/lan.key.diary")


def attempt(path: Path, closing: int) -> bool:
    """In another process: whether this statement was noted."""
    try:
        Diary(path, PLACE).record_statement(statement(closing), NOW)
    except StatementAlreadySigned:
        return False
    return True


def test_of_programs_that_run_at_once_one_wins(diary: Diary) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        noted = list(pool.map(attempt, [diary.path] * 8, range(5, 13)))
    assert noted.count(True) == 1
    assert diary.statement() == noted_statement(5 + noted.index(True))
