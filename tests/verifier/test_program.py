"""The auditor's program over bundles: what verifies, and to which check each fault of a bundle belongs."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.checkpoint import add_cosignature, sign_checkpoint, verify_checkpoint
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.manifest import NamedKey
from protocol.report import BoardState, CheckName
from tests.support.boards import MemoryBoard
from tests.support.bundles import open_board, published_board, smallest_board, write_bundle
from tests.support.elections import LOG_KEY, make_election, make_manifest
from verifier.bundle import Bundle, UnusableBundle
from verifier.program import MalformedFingerprint, Request, Verdict, read_fingerprint, verify_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published bundle of its own for each test."""
    return write_bundle(published_board(), tmp_path / "bundle")


def failed(verdict: Verdict) -> list[CheckName]:
    """Names of the checks with failures."""
    return [check.name for check in verdict.report.checks if not check.ok]


def test_a_published_bundle_verifies(folder: Path) -> None:
    verdict = verify_bundle(Bundle.open(folder))
    assert failed(verdict) == []
    assert verdict.report.state is BoardState.PUBLISHED
    assert verdict.report.result is not None
    assert [[vote.votes for vote in question.votes] for question in verdict.report.result] == [
        [0, 0, 2, 1],
        [1, 1, 0],
    ]
    assert all(check.count for check in verdict.report.checks if check.name is not CheckName.CHALLENGES)


def test_other_processes_come_to_the_same_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("verifier.program.PARALLEL_FROM_ENTRIES", 1)
    steps: list[tuple[int, int]] = []
    verdict = verify_bundle(
        Bundle.open(folder), Request(jobs=2, progress=lambda done, expected: steps.append((done, expected)))
    )
    assert failed(verdict) == []
    size = len(published_board().leaves)
    assert steps == [(i, 2 * size) for i in range(1, 2 * size + 1)]

    # A fault is found in the other process too.
    board = open_board()
    board.leaves.append(board.leaves[-1])
    verdict = verify_bundle(Bundle.open(write_bundle(board, tmp_path / "replayed")), Request(jobs=2))
    assert failed(verdict) == [CheckName.BALLOTS]


def test_an_open_board_is_checked_as_far_as_it_goes(tmp_path: Path) -> None:
    verdict = verify_bundle(Bundle.open(write_bundle(open_board(), tmp_path / "bundle")))
    assert failed(verdict) == []
    assert verdict.report.state is BoardState.OPEN
    assert verdict.report.result is None


# Any one change of any file.


def flip(data: bytes, at: int, rng: random.Random) -> bytes:
    """One byte replaced by another."""
    return data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]


def insert(data: bytes, at: int, rng: random.Random) -> bytes:
    """One byte inserted: a random one, or one that parsers tend to overlook."""
    return data[:at] + bytes([rng.choice([*b" \t\r\n\x000=", rng.randrange(256)])]) + data[at:]


def delete(data: bytes, at: int, _rng: random.Random) -> bytes:
    """One byte taken away."""
    return data[:at] + data[at + 1 :]


def is_verified(folder: Path) -> bool:
    """Whether the command would exit with 0; any exception but `UnusableBundle` fails the test."""
    try:
        return verify_bundle(Bundle.open(folder)).report.ok
    except UnusableBundle:
        return False


@pytest.mark.parametrize("change", [flip, insert, delete])
@pytest.mark.parametrize(
    "name", ["key.json", "board.jsonl", "bodies.jsonl", "checkpoint", "closing-checkpoint", "result.json"]
)
def test_a_bundle_with_any_one_byte_changed_is_refused(
    tmp_path: Path, name: str, change: Callable[[bytes, int, random.Random], bytes]
) -> None:
    folder = write_bundle(smallest_board(), tmp_path / "bundle")
    assert is_verified(folder)
    rng = random.Random(f"{name} {change.__name__}")  # noqa: S311  (which bytes are tried, not a secret)
    path = folder / name
    data = path.read_bytes()
    # The ends, and places over the whole file.
    places = {0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(14))}
    for at in sorted(places):
        changed = change(data, at, rng)
        if changed == data:
            continue
        path.write_bytes(changed)
        assert not is_verified(folder), f"{name}: {change.__name__} at {at} of {len(data)}"
    path.write_bytes(data)
    assert is_verified(folder)


@pytest.mark.parametrize("name", ["board.jsonl", "bodies.jsonl"])
def test_exchanged_repeated_and_missing_lines_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_bundle(smallest_board(), tmp_path / "bundle")
    path = folder / name
    lines = path.read_bytes().splitlines(keepends=True)
    for i in range(len(lines) - 1):
        for changed in (
            [*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]],
            [*lines[:i], lines[i], *lines[i:]],
            [*lines[:i], *lines[i + 1 :]],
        ):
            path.write_bytes(b"".join(changed))
            assert not is_verified(folder), f"{name}, line {i}"


@pytest.mark.parametrize(
    "name", ["key.json", "board.jsonl", "bodies.jsonl", "checkpoint", "closing-checkpoint", "result.json"]
)
def test_a_file_that_is_empty_cut_or_doubled_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    data = path.read_bytes()
    for changed in (b"", data[: len(data) // 2], data + data, data + b"\n", b"\xef\xbb\xbf" + data):
        path.write_bytes(changed)
        assert not is_verified(folder)
    path.unlink()
    assert not is_verified(folder)


def test_leaves_and_bodies_of_two_entries_exchanged_together_are_refused(folder: Path) -> None:
    for name in ("board.jsonl", "bodies.jsonl"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        lines[5], lines[6] = lines[6], lines[5]
        (folder / name).write_bytes(b"".join(lines))
    assert failed(verify_bundle(Bundle.open(folder)))[0] is CheckName.BOARD


# To which check a fault belongs.


@pytest.mark.parametrize(
    ("name", "data", "check"),
    [
        ("key.json", b"{}", CheckName.KEY),
        ("checkpoint", b"\xff", CheckName.BOARD),
        ("result.json", b"{}", CheckName.RESULT),
        ("result.json", None, CheckName.RESULT),
        ("closing-checkpoint", None, CheckName.BOARD),
    ],
)
def test_content_that_contradicts_fails_its_own_check(
    folder: Path, name: str, data: bytes | None, check: CheckName
) -> None:
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    assert failed(verify_bundle(Bundle.open(folder)))[0] is check


def test_the_key_of_another_election_is_refused(folder: Path) -> None:
    path = folder / "key.json"
    path.write_bytes(path.read_bytes().replace(b'"election":"0', b'"election":"1'))
    verdict = verify_bundle(Bundle.open(folder))
    assert failed(verdict) == [CheckName.KEY]
    assert "not of the election" in verdict.report.checks[0].failures[0].reason


def test_a_result_beside_a_board_without_one_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(open_board(), tmp_path / "bundle")
    (folder / "result.json").write_bytes(published_board().leaves[-1][1] + b"\n")
    assert failed(verify_bundle(Bundle.open(folder))) == [CheckName.RESULT]


def test_a_line_too_long_is_a_failure_of_the_board(folder: Path) -> None:
    path = folder / "board.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[6] = b" " * 70_000 + b"\n"
    path.write_bytes(b"".join(lines))
    verdict = verify_bundle(Bundle.open(folder))
    board = verdict.report.checks[2]
    assert (board.name, board.failures[0].entry) == (CheckName.BOARD, 6)
    assert "longer than" in board.failures[0].reason


# What the auditor brings along.


def test_the_fingerprint_of_the_letter_is_compared(folder: Path) -> None:
    terms = published_board().election.terms
    for text in (
        terms.fingerprint_code,
        terms.fingerprint_text,
        terms.fingerprint_code.lower().replace("-", " "),
    ):
        assert failed(verify_bundle(Bundle.open(folder), Request(fingerprint=read_fingerprint(text)))) == []
    other = read_fingerprint(encode_base64url(b"\x01" * 32))
    verdict = verify_bundle(Bundle.open(folder), Request(fingerprint=other))
    assert failed(verdict) == [CheckName.KEY]
    assert other in verdict.report.checks[0].failures[0].reason


def test_a_fingerprint_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedFingerprint):
        read_fingerprint("AAAAA-BBBBB")


@pytest.mark.parametrize("size", [1, 5, 6, -1])
def test_a_checkpoint_kept_from_earlier_is_a_prefix(folder: Path, size: int) -> None:
    board = published_board()
    note = board.checkpoint_at(size if size > 0 else len(board.leaves))
    assert failed(verify_bundle(Bundle.open(folder), Request(checkpoint=note))) == []


def test_a_checkpoint_of_another_history_refutes(folder: Path) -> None:
    other = MemoryBoard(published_board().election).start()
    other.cast(4, [[1, 0, 0, 0], [0, 0, 0]])
    verdict = verify_bundle(Bundle.open(folder), Request(checkpoint=other.checkpoint))
    assert failed(verdict)[0] is CheckName.BOARD
    assert "not a prefix" in verdict.report.checks[2].failures[0].reason


def test_a_checkpoint_that_the_log_did_not_sign_refutes(folder: Path) -> None:
    origin = published_board().election.manifest.log_origin
    head = verify_checkpoint(published_board().checkpoint, origin, LOG_KEY.public_key)
    forged = sign_checkpoint(head, SigningKey.from_seed(b"X" * 32))
    for note in (forged, "no note"):
        verdict = verify_bundle(Bundle.open(folder), Request(checkpoint=note))
        assert failed(verdict) == [CheckName.BOARD]
        assert "that you kept" in verdict.report.checks[2].failures[0].reason


# Witnesses.

WITNESSES = {f"w{i}.invalid": SigningKey.from_seed(bytes([0x40 + i]) * 32) for i in range(1, 4)}


def witnessed_bundle(folder: Path, cosigners: list[str]) -> Path:
    """A closed board with three witnesses, of whom some cosigned the closing."""
    named = tuple(
        NamedKey(key=encode_base64url(key.public_key), name=name) for name, key in WITNESSES.items()
    )
    manifest = make_manifest(trustees=3)
    changed = {field: getattr(manifest, field) for field in manifest.__struct_fields__} | {"witnesses": named}
    board = MemoryBoard(make_election(type(manifest)(**changed))).start()
    board.cast(1, [[0, 1, 0, 0]])
    board.close()
    write_bundle(board, folder)
    note = board.closing_checkpoint
    assert note is not None
    for name in cosigners:
        note = add_cosignature(note, name, WITNESSES[name], 1_790_000_000)
    (folder / "closing-checkpoint").write_text(note)
    return folder


@pytest.mark.parametrize(("count", "ok"), [(0, False), (1, False), (2, True), (3, True)])
def test_more_than_half_of_the_witnesses_must_have_seen_the_closing(
    tmp_path: Path, count: int, ok: bool
) -> None:
    folder = witnessed_bundle(tmp_path / "bundle", list(WITNESSES)[:count])
    assert verify_bundle(Bundle.open(folder)).report.ok is ok


def test_a_cosignature_beyond_the_quorum_is_checked_as_well(tmp_path: Path) -> None:
    folder = witnessed_bundle(tmp_path / "bundle", list(WITNESSES))
    path = folder / "closing-checkpoint"
    good = path.read_bytes()
    last_line = good.rstrip(b"\n").rfind(b"\n") + 1
    for at in range(last_line, len(good), 7):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert not is_verified(folder)


def test_a_stranger_does_not_sign_the_checkpoints_of_a_bundle(folder: Path) -> None:
    note = (folder / "checkpoint").read_text()
    stranger = add_cosignature(note, "stranger.invalid", SigningKey.from_seed(b"Y" * 32), 1)
    (folder / "checkpoint").write_text(stranger)
    verdict = verify_bundle(Bundle.open(folder))
    assert failed(verdict) == [CheckName.BOARD]
    assert "stranger.invalid" in verdict.report.checks[2].failures[0].reason
