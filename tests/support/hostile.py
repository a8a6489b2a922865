"""Boards as malicious servers, trustees and registrars serve them: cut, altered, signed again; and the verdicts."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from crypto.encoding import decode_base64url, encode_base64url
from crypto.signature import SigningKey
from protocol.canonical import Record, encode_canonical
from protocol.leaf import UNSIGNED_KINDS, Kind, Leaf, decode_leaf, make_leaf, sign_body
from protocol.report import CheckName, Report
from protocol.roll import RollEntry
from protocol.verification import Options, VerifiedBoard, verify_board
from tests.support.boards import Entry, MemoryBoard
from tests.support.elections import (
    SERVER_KEY,
    TestElection,
    approval,
    choose_one,
    make_election,
    make_manifest,
    points,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Served:
    """A board exactly as somebody serves it, heads included."""

    leaves: tuple[Entry, ...]
    checkpoint: str
    closing_checkpoint: str | None

    def entries(self) -> Iterator[Entry]:
        """All entries from the first."""
        return iter(self.leaves)

    def verify(self, options: Options | None = None) -> VerifiedBoard:
        """The whole verification."""
        return verify_board(self, options)


@cache
def small_election(revoting: bool = True) -> TestElection:
    """One trustee, the three kinds of question with 16 proof branches, five voters of different weights."""
    questions = (choose_one(2), approval(2, 0, 2), points(1, 2, 0, 2))
    entries = [RollEntry(weight=weight, area="all") for weight in (1, 3, 1, 2, 1)]
    return make_election(make_manifest(questions, revoting=revoting), entries=entries)


@cache
def threshold_election() -> TestElection:
    """2 of 3 trustees, one question, three areas (the last one empty), five voters."""
    areas = ("north", "south", "sea")
    entries = [RollEntry(weight=1, area=areas[i % 2]) for i in range(5)]
    return make_election(make_manifest((choose_one(2),), 3, areas), entries=entries)


@cache
def published() -> tuple[Entry, ...]:
    """An honest board of `small_election`, from manifest to result: six ballots, two of them of one voter."""
    board = MemoryBoard(small_election()).start()
    board.cast(1, [[1, 0, 0], [1, 1], [2]])
    board.cast(2, [[0, 1, 0], [0, 1], [0]])
    board.cast(3, [[0, 0, 1], [0, 0], [1]])
    board.cast(1, [[0, 1, 0], [1, 0], [1]], sequence=2)
    board.cast(4, [[1, 0, 0], [0, 1], [2]])
    verdict = board.tally([1])
    assert verdict.report.ok, verdict.report
    return tuple(board.leaves)


@cache
def published_by_two() -> tuple[Entry, ...]:
    """An honest board of `threshold_election`: four ballots, three statements, openings by trustees 1 and 3."""
    board = MemoryBoard(threshold_election()).start()
    for voter, choice in enumerate(([1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]), start=1):
        board.cast(voter, [choice])
    verdict = board.tally([1, 3])
    assert verdict.report.ok, verdict.report
    return tuple(board.leaves)


def leaf_of(entry: Entry) -> Leaf:
    """The leaf of an entry."""
    return decode_leaf(entry[0])


def position(leaves: Sequence[Entry], kind: Kind, number: int = 0) -> int:
    """Index of the leaf of this kind; number: which one, from 0."""
    return [i for i, entry in enumerate(leaves) if leaf_of(entry).kind is kind][number]


def board_of(election: TestElection, leaves: Sequence[Entry]) -> MemoryBoard:
    """A board that goes on from these leaves, readable or not: every head is signed anew."""
    board = MemoryBoard(election, list(leaves))
    kinds = [next((kind for kind in Kind if f'"kind":"{kind}"'.encode() in leaf), None) for leaf, _ in leaves]
    board.ballots, board.challenges = kinds.count(Kind.BALLOT), kinds.count(Kind.CHALLENGE)
    board.closing_index = kinds.index(Kind.CLOSING) if Kind.CLOSING in kinds else None
    return board


def before(election: TestElection, leaves: Sequence[Entry], kind: Kind) -> MemoryBoard:
    """The board as it stood before the first leaf of this kind."""
    return board_of(election, leaves[: position(leaves, kind)])


def body_of(entry: Entry) -> Any:
    """The body as JSON."""
    return json.loads(entry[1])


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of plain JSON values, written without `protocol`."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed_entry(
    kind: Kind, body: bytes, signer: SigningKey = SERVER_KEY, time: str = "2026-11-24T12:00:00Z"
) -> Entry:
    """A leaf for this body, signed by `signer` where its kind is signed."""
    signature = None if kind in UNSIGNED_KINDS else sign_body(kind, body, signer)
    return make_leaf(kind, body, time, signature), body


def with_body(
    leaves: Sequence[Entry], index: int, change: "Change", signer: SigningKey = SERVER_KEY
) -> list[Entry]:
    """The leaves with one body changed in place by `change` (of its JSON), its leaf signed again."""
    leaf, value = leaf_of(leaves[index]), body_of(leaves[index])
    change(value)
    altered = list(leaves)
    altered[index] = signed_entry(leaf.kind, canonical(value), signer, leaf.time)
    return altered


def failures(report: Report) -> dict[CheckName, list[tuple[int | None, str]]]:
    """What failed of itself: checks that were only not reached are left out."""
    found = {
        check.name: [
            (failure.entry, failure.reason)
            for failure in check.failures
            if not failure.reason.startswith("Not checked")
        ]
        for check in report.checks
    }
    return {name: listed for name, listed in found.items() if listed}


def require_only(
    verdict: VerifiedBoard,
    check: CheckName,
    entry: int | None,
    words: str,
    also: Mapping[CheckName, str] = {},
) -> None:
    """The report is bad, `check` alone failed of itself, once, at this entry, and its reason holds `words`.

    also: further checks that fail for the same cause, with words of their reason.
    """
    assert not verdict.report.ok
    found = failures(verdict.report)
    assert set(found) == {check, *also}, found
    assert [at for at, _ in found[check]] == [entry], found
    assert words in found[check][0][1], found
    for name, others in also.items():
        assert all(others in reason for _, reason in found[name]), found


def every_field(record: Record) -> list[Path]:
    """The path of every field that holds a value, through the struct types: nested records, items of tuples."""
    return list(_fields(record, ()))


def _fields(value: object, path: Path) -> Iterator[Path]:
    if isinstance(value, msgspec.Struct):
        for info in msgspec.structs.fields(value):
            yield from _fields(getattr(value, info.name), (*path, info.encode_name))
    elif isinstance(value, tuple) and value:
        for i, item in enumerate(value):
            yield from _fields(item, (*path, i))
    else:
        yield path


def get_at(value: Any, path: Path) -> Any:
    """The JSON value at a path."""
    for step in path:
        value = value[step]
    return value


def put_at(value: Any, path: Path, new: object) -> None:
    """Replace the JSON value at a path."""
    get_at(value, path[:-1])[path[-1]] = new


def plus_one(text: str) -> str:
    """The base64url number plus one: another value, as canonical as the first."""
    length = len(text) * 3 // 4
    number = int.from_bytes(decode_base64url(text, length), "big") + 1
    return encode_base64url((number % (1 << 8 * length)).to_bytes(length, "big"))


def as_json(record: Record) -> Any:
    """A record as plain JSON values."""
    return json.loads(encode_canonical(record))


Change = Callable[[Any], None]
"""Alters a JSON body in place."""


def put(path: Path, new: object) -> Change:
    """The change that puts a value at a path."""
    return lambda value: put_at(value, path, new)


def bump(path: Path) -> Change:
    """The change that adds one to the number at a path."""
    return lambda value: put_at(value, path, plus_one(get_at(value, path)))


def take(path: Path, source: Path) -> Change:
    """The change that copies the value at `source` to a path."""
    return lambda value: put_at(value, path, get_at(value, source))


def on_list(path: Path, deed: Callable[[list[Any]], object]) -> Change:
    """The change that does something to the list at a path."""

    def change(value: Any) -> None:
        deed(get_at(value, path))

    return change
