"""Bundles from the database: whole folders, the same files zipped, and verdicts equal to that of the stored board."""

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy.pool import QueuePool

from audits.bundle import write_bundle, zip_bundle
from audits.stored_board import StoredBoard
from board.errors import NoCheckpoint
from protocol.report import BoardState, Report
from protocol.verification import verify_board
from storage.session import reading
from tests.support.databases import BOTH, database
from tests.support.offices import FIRST, SECOND, OfficeUnderTest, make_office
from tests.support.trustees import tally
from verifier.bundle import Bundle
from verifier.program import verify_bundle
from voting.errors import NoSuchElection, NotFrozen
from voting.office import State, find_election

FILES = ["board.jsonl", "bodies.jsonl", "checkpoint", "closing-checkpoint", "key.json", "result.json"]


@pytest.fixture(scope="module", params=BOTH)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OfficeUnderTest]:
    """An election with its result, which no test changes."""
    folder = tmp_path_factory.mktemp("published")
    with database(request.param, request, folder) as url:
        office = make_office(url, folder / "secrets")
        office.cast(1, FIRST)
        office.cast(2, FIRST)
        office.cast(1, SECOND, 2)
        tally(office)
        yield office
        office.engine.dispose()


def write(office: OfficeUnderTest, folder: Path) -> Path:
    with reading(office.engine) as session:
        write_bundle(session, find_election(session, office.id), folder)
    return folder


def unzipped(office: OfficeUnderTest) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_bundle(office.engine, office.id)))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def timeless(report: Report) -> Report:
    """The report without its seconds."""
    return replace(report, checks=tuple(replace(check, seconds=0.0) for check in report.checks))


def test_bundle_zip_and_database_give_one_verdict(published: OfficeUnderTest, tmp_path: Path) -> None:
    folder = write(published, tmp_path / "bundle")
    assert sorted(path.name for path in folder.iterdir()) == FILES
    verdict = verify_bundle(Bundle.open(folder)).report
    assert verdict.ok
    assert verdict.state is BoardState.PUBLISHED
    stored = verify_board(StoredBoard(published.engine, published.id)).report
    assert timeless(stored) == timeless(verdict)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert unzipped(published) == {f"{published.id}/{name}": content for name, content in files.items()}
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_bundle(published.engine, published.id)))) as archive:
        archive.extractall(unpacked)
    assert timeless(verify_bundle(Bundle.open(unpacked / published.id)).report) == timeless(verdict)


def test_an_open_election_has_a_bundle_too(office: OfficeUnderTest, tmp_path: Path) -> None:
    office.cast(1, FIRST)
    folder = write(office, tmp_path / "bundle")
    assert sorted(path.name for path in folder.iterdir()) == [
        "board.jsonl",
        "bodies.jsonl",
        "checkpoint",
        "key.json",
    ]
    report = verify_bundle(Bundle.open(folder)).report
    assert (report.ok, report.state) == (True, BoardState.OPEN)
    assert set(unzipped(office)) == {f"{office.id}/{path.name}" for path in folder.iterdir()}


def test_a_draft_has_none(database_url: str, tmp_path: Path) -> None:
    office = make_office(database_url, tmp_path / "secrets", until=State.DRAFT)
    with pytest.raises(NotFrozen):
        write(office, tmp_path / "bundle")
    with pytest.raises(NotFrozen):
        b"".join(zip_bundle(office.engine, office.id))
    with pytest.raises(NoSuchElection):
        b"".join(zip_bundle(office.engine, "0" * 32))
    with pytest.raises(NoCheckpoint):
        _ = StoredBoard(office.engine, office.id).checkpoint
    assert not (tmp_path / "bundle").exists()
    office.engine.dispose()


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_already_is_never_written_over(
    published: OfficeUnderTest, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / "bundle"
    if kind == "folder":
        target.mkdir()
        (target / "precious").write_text("mine")
    else:
        target.write_text("mine")
    with pytest.raises(FileExistsError, match="a bundle is written into a new folder"):
        write(published, target)
    assert (target / "precious" if kind == "folder" else target).read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_a_bundle_that_cannot_be_finished_leaves_nothing(
    published: OfficeUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, calls = os.fsync, iter([False, False, True])

    def full(descriptor: int) -> None:
        if next(calls):
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(published, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_ballots_cast_while_a_slow_reader_takes_the_bundle_do_not_spoil_it(
    office: OfficeUnderTest, tmp_path: Path
) -> None:
    """Its files belong to one size of the board, and no connection is kept in between."""
    office.cast(1, FIRST)
    pieces = zip_bundle(office.engine, office.id)
    start = list(islice(pieces, 1))
    assert start[0]
    pool = office.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    office.cast(2, FIRST)
    (tmp_path / "bundle.zip").write_bytes(b"".join([*start, *pieces]))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path)
    report = verify_bundle(Bundle.open(tmp_path / office.id)).report
    assert (report.ok, report.size) == (True, 6)


def test_a_reader_who_goes_away_leaves_nothing_open(office: OfficeUnderTest) -> None:
    pieces = zip_bundle(office.engine, office.id)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    pool = office.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0


def test_a_board_that_grows_while_it_is_verified_is_the_board_that_it_was(office: OfficeUnderTest) -> None:
    """A trustee verifies while another one's statement, or here a ballot, arrives."""
    office.cast(1, FIRST)
    board = StoredBoard(office.engine, office.id)
    entries = board.entries()
    first = next(entries)
    office.cast(2, FIRST)
    assert len([first, *entries]) == board.size == 6
    report = verify_board(board).report
    assert (report.ok, report.size) == (True, 6)
    later = verify_board(StoredBoard(office.engine, office.id)).report
    assert (later.ok, later.size) == (True, 7)
