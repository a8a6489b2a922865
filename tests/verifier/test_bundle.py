"""Reading a bundle: which folders are no bundle at all, and how broken lines are told."""

import os
from pathlib import Path

import pytest

from protocol.verification import SourceBroken
from tests.support.bundles import open_board, published_board, write_bundle
from verifier.bundle import Bundle, UnusableBundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published bundle of its own for each test."""
    return write_bundle(published_board(), tmp_path / "bundle")


def test_the_entries_are_those_of_the_board_each_time(folder: Path) -> None:
    bundle = Bundle.open(folder)
    assert list(bundle.entries()) == published_board().leaves
    assert list(bundle.entries()) == published_board().leaves
    assert bundle.checkpoint == published_board().checkpoint
    assert bundle.closing_checkpoint == published_board().closing_checkpoint
    assert bundle.announced_size() == len(published_board().leaves)
    assert bundle.result_is_last_body()


def test_an_open_board_has_neither_closing_checkpoint_nor_result(tmp_path: Path) -> None:
    bundle = Bundle.open(write_bundle(open_board(), tmp_path / "bundle"))
    assert bundle.closing_checkpoint is None
    assert not bundle.has_result


def test_no_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(UnusableBundle, match="cannot be read"):
        Bundle.open(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(UnusableBundle, match="cannot be read"):
        Bundle.open(tmp_path / "file")


@pytest.mark.parametrize("name", ["key.json", "board.jsonl", "bodies.jsonl", "checkpoint"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(UnusableBundle, match=f"holds no {name}"):
        Bundle.open(folder)


def test_a_further_file_is_named(folder: Path) -> None:
    (folder / "notes.txt").write_bytes(b"")
    with pytest.raises(UnusableBundle, match=r"notes\.txt, which no bundle holds"):
        Bundle.open(folder)


def test_a_link_is_no_plain_file(folder: Path, tmp_path: Path) -> None:
    (folder / "key.json").rename(tmp_path / "elsewhere")
    (folder / "key.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableBundle, match=r"key\.json in .* is not a plain file"):
        Bundle.open(folder)


def test_a_link_put_there_later_is_not_followed(folder: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(folder)
    (folder / "bodies.jsonl").rename(tmp_path / "elsewhere")
    (folder / "bodies.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnusableBundle, match="cannot be read"):
        next(bundle.entries())


def test_a_folder_in_place_of_a_file_is_no_plain_file(folder: Path) -> None:
    (folder / "checkpoint").unlink()
    (folder / "checkpoint").mkdir()
    with pytest.raises(UnusableBundle, match="not a plain file"):
        Bundle.open(folder)


def test_a_line_without_end_stops_the_reading(folder: Path) -> None:
    path = folder / "bodies.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SourceBroken, match="has no end"):
        list(Bundle.open(folder).entries())


def test_a_further_line_in_one_file_stops_the_reading(folder: Path) -> None:
    with (folder / "board.jsonl").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(SourceBroken, match="different numbers of lines"):
        list(Bundle.open(folder).entries())


def test_a_line_is_not_read_beyond_its_limit(folder: Path) -> None:
    # Sparse: 3 GB of zeros that must not be taken into memory.
    os.truncate(folder / "board.jsonl", 3_000_000_000)
    with pytest.raises(SourceBroken, match="longer than the 65534 bytes"):
        list(Bundle.open(folder).entries())


def test_a_checkpoint_file_has_a_limit_and_is_text(folder: Path) -> None:
    (folder / "checkpoint").write_bytes(b"x" * 70_000)
    with pytest.raises(SourceBroken, match="longer than"):
        _ = Bundle.open(folder).checkpoint
    (folder / "checkpoint").write_bytes(b"\xff\n")
    with pytest.raises(SourceBroken, match="not UTF-8"):
        _ = Bundle.open(folder).checkpoint
    assert Bundle.open(folder).announced_size() == 0


def test_a_result_that_only_ends_like_the_last_body_is_not_it(folder: Path) -> None:
    path = folder / "result.json"
    for start in range(1, 4):
        path.write_bytes(published_board().leaves[-1][1][start:] + b"\n")
        assert not Bundle.open(folder).result_is_last_body()
    path.write_bytes(b"".join((folder / "bodies.jsonl").read_bytes().splitlines(keepends=True)[-2:]))
    assert not Bundle.open(folder).result_is_last_body()
    path.write_bytes(b"")
    assert not Bundle.open(folder).result_is_last_body()
