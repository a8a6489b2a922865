"""`psephos simulate`: whole elections that add up to a file, and sentences for files and options that cannot."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import cli.simulation
from cli.counts_csv import read_counts
from rehearsal.one_machine import Hands, _start_hand
from tests.cli.conftest import Psephos
from tests.support.repository import ROOT

COUNTS = ROOT / "tests/data/counts"
QUICK = ("--bits", 2048, "--trustees", 1, "--threshold", 1, "--json")
PHASES = ["ceremony", "encrypt", "cast", "aggregate", "open", "verify"]


class HereAlone(Hands):
    """The same hands in this process: what it takes to start others is no matter of most tests here."""

    def __init__(self, database_url: str, secrets_folder: Path) -> None:
        self.workers = 1
        self.pool = ThreadPoolExecutor(1, initializer=_start_hand, initargs=(database_url, secrets_folder))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what runs here. The program that is started as a process has processes of its own: see the last test."""
    monkeypatch.setattr(cli.simulation, "Hands", HereAlone)


@pytest.fixture
def counts(tmp_path: Path) -> Any:
    """Writes a file of counts."""

    def write(text: str | bytes, name: str = "counts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def hold(psephos: Psephos, path: Path, out: Path, *options: object) -> dict[str, Any]:
    """A whole election; its JSON answer, checked for its shape."""
    code, stdout, _ = psephos("simulate", path, "--out", out, *QUICK, *options)
    assert code == 0, stdout
    answer: dict[str, Any] = json.loads(stdout)
    assert stdout.count("\n") == 1
    assert list(answer)[:4] == ["ok", "result", "ballots", "seconds"]
    assert answer["ok"] is True
    assert list(answer["seconds"]) == PHASES
    assert all(isinstance(seconds, float) and seconds >= 0 for seconds in answer["seconds"].values())
    assert "single-trustee" in answer["warnings"]
    assert "small-areas-relaxed" in answer["warnings"]
    verdict = json.loads(psephos("verify", out / "bundle", "--json")[1])
    assert verdict["ok"] is True
    return answer


def test_choosing_one_without_a_blank_row(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    path = counts('option,votes\nĐồng ý,3\n"No, thanks",2\nNobody,0\n')
    out = tmp_path / "new" / "folder"
    answer = hold(psephos, path, out)
    assert answer["result"] == {"Đồng ý": 3, "No, thanks": 2, "Nobody": 0}
    assert answer["ballots"] == 5
    assert Path(answer["bundle"]) == out / "bundle"
    assert sorted(item.name for item in out.iterdir()) == ["bundle"]
    # And never written over: not the same folder again, however often.
    before = {item.name: item.read_bytes() for item in (out / "bundle").iterdir()}
    code, stdout, stderr = psephos("simulate", path, "--out", out, *QUICK)
    assert code == 2
    assert "exists already" in json.loads(stdout)["error"]
    assert "exists already" in stderr.replace("\n", " ")
    assert {item.name: item.read_bytes() for item in (out / "bundle").iterdir()} == before


def test_choosing_one_with_blank_votes_and_a_scale(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    path = counts("option,votes\nYes,39\nNo,20\n(blank),19\n", "a\u0301 name that no title may have\t.csv")
    answer = hold(psephos, path, tmp_path, "--scale", 10)
    assert answer["result"] == {"Yes": 3, "No": 2, "(blank)": 1}
    assert answer["ballots"] == 6


def test_approval_with_a_scale(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    """The scale divides the counts of the file; --ballots says how many ballots are made, as it stands."""
    path = counts("option,votes\nA,9\nB,4\nC,1\n")
    options = ("--kind", "approval", "--ballots", 4, "--min", 1, "--max", 2, "--scale", 2)
    answer = hold(psephos, path, tmp_path, *options)
    assert answer["result"] == {"A": 4, "B": 2, "C": 0}
    assert answer["ballots"] == 4


def test_points(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    path = counts("option,votes\nA,9\nB,3\n")
    options = ("--kind", "points", "--ballots", 3, "--points-max", 5, "--points-total", "0..5")
    answer = hold(psephos, path, tmp_path, *options)
    assert answer["result"] == {"A": 9, "B": 3}
    assert answer["ballots"] == 3


@pytest.mark.slow
def test_a_choice_among_two_hundred_takes_several_ciphertexts(
    psephos: Psephos, counts: Any, tmp_path: Path
) -> None:
    lines = "".join(f"Option {number},{1 if number < 130 else 0}\n" for number in range(200))
    answer = hold(psephos, counts("option,votes\n" + lines), tmp_path)
    assert sum(answer["result"].values()) == answer["ballots"] == 130
    ballot = json.loads((tmp_path / "bundle/bodies.jsonl").read_bytes().split(b"\n")[5])
    assert len(ballot["answers"][0]["ciphertexts"]) == 2


@pytest.mark.slow
def test_two_of_three_trustees_at_full_length(psephos: Psephos, tmp_path: Path) -> None:
    """As the command is when nothing is said: 3 trustees, 2 open, 3072 bits, a key that nobody holds."""
    path = COUNTS / "00002-00000006.csv"
    code, stdout, _ = psephos("simulate", path, "--out", tmp_path, "--scale", 20, "--json")
    answer = json.loads(stdout)
    assert (code, answer["ok"]) == (0, True)
    assert answer["result"] == dict(read_counts(path).scaled(20).options)
    assert answer["warnings"] == [
        "one-machine-ceremony",
        "not-witnessed",
        "no-objection-time",
        "small-areas-relaxed",
        "closed-early",
    ]


def require_refused(psephos: Psephos, out: Path, words: str, *arguments: object) -> None:
    """Exit 2, one JSON object with the sentence, the same on stderr, and nothing written."""
    existed = out.exists()
    before = sorted(out.rglob("*")) if existed else []
    code, stdout, stderr = psephos("simulate", *arguments, "--out", out, "--json")
    assert code == 2, (stdout, stderr)
    answer = json.loads(stdout)
    assert answer["ok"] is False
    assert words in answer["error"]
    assert words in " ".join(stderr.split())
    assert "Traceback" not in stderr
    assert out.exists() == existed
    assert (sorted(out.rglob("*")) if existed else []) == before


@pytest.mark.slow
def test_published_rankings_give_their_matrix_and_scores(psephos: Psephos, tmp_path: Path) -> None:
    expected = json.loads((COUNTS / "expected.json").read_text())["00002-00000006.rankings.csv"]
    answer = hold(psephos, COUNTS / "00002-00000006.rankings.csv", tmp_path, "--kind", "ranking")
    assert answer["ballots"] == expected["votes"]
    assert answer["matrix"] == expected["matrix"]
    assert answer["result"] == expected["borda"]


def test_rankings_with_points_of_their_own_and_blank_ballots(
    psephos: Psephos, counts: Any, tmp_path: Path
) -> None:
    path = counts("votes,1,2,3\n4,b,a,c\n2,(blank),,\n3,a,c,b\n", "rankings.csv")
    answer = hold(psephos, path, tmp_path, "--kind", "ranking", "--positions", "9,1,0")
    assert answer["result"] == {"b": 36, "a": 31, "c": 3, "(blank)": 2}
    assert answer["matrix"] == {"b": [4, 0, 3], "a": [3, 4, 0], "c": [0, 3, 4]}
    assert answer["ballots"] == 9
    code, stdout, _ = psephos("verify", tmp_path / "bundle", "--json")
    (question,) = json.loads(stdout)["questions"]
    assert (code, question["matrix"]) == (0, [[4, 0, 3], [3, 4, 0], [0, 3, 4]])
    assert [option["votes"] for option in question["options"]] == [36, 31, 3, 2]
    _, stdout, _ = psephos("verify", tmp_path / "bundle")
    found = [line.split() for line in stdout.splitlines()]
    assert ["score", "at", "1", "at", "2", "at", "3"] in found
    assert ["36", "b", "4", "0", "3"] in found
    assert ["(blank):", "2"] in found


FILES: dict[str, tuple[bytes, str]] = {
    "byte order mark": (b"\xef\xbb\xbfoption,votes\na,1\nb,1\n", "byte order mark"),
    "no header": (b"a,1\nb,1\n", "must begin with the header option,votes"),
    "negative": (b"option,votes\na,-1\nb,1\n", "Line 2: votes must be a whole number"),
    "huge": (b"option,votes\na,99999999999999\nb,1\n", "Line 2: votes must be a whole number"),
    "more than a roll can hold": (b"option,votes\na,1000000\nb,1\n", "1000001 ballots: from 1 to 1000000"),
    "nobody voted": (b"option,votes\na,0\nb,0\n", "0 ballots: from 1 to 1000000"),
    "decimal": (b"option,votes\na,1.5\nb,1\n", "Line 2: votes must be a whole number"),
    "leading zero": (b"option,votes\na,01\nb,1\n", "Line 2: votes must be a whole number"),
    "twice": (b"option,votes\na,1\na,1\n", "stands in the file twice"),
    "empty": (b"", "must begin with the header"),
    "one option": (b"option,votes\na,1\n", "at least two options"),
    "one option and blank": (b"option,votes\na,1\n(blank),1\n", "at least two options"),
    "201 options": (b"option,votes\n" + b"".join(b"o%d,1\n" % i for i in range(201)), "201 options"),
    "NUL": (b"option,votes\na\0,1\nb,1\n", "Line 2"),
    "not UTF-8": (b"option,votes\n\xff,1\nb,1\n", "Line 2: the file is not UTF-8"),
    "open quote": (b'option,votes\n"a,1\nb,1\n', "not a line of a CSV file"),
    "2 MB": (b"option,votes\n" + b"a,1\n" * 500_000, "larger than 1000000 bytes"),
    "control character": (b"option,votes\n\x1b[2J,1\nb,1\n", "control character"),
    "bidirectional control": ("option,votes\n\u202ea,1\nb,1\n".encode(), "control character"),
    "decomposed": ("option,votes\ne\u0302,1\nb,1\n".encode(), "normal form C"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_used(psephos: Psephos, counts: Any, tmp_path: Path, name: str) -> None:
    data, words = FILES[name]
    require_refused(psephos, tmp_path / "out", words, counts(data))


TWO = "option,votes\na,3\nb,2\n"
OPTIONS: dict[str, tuple[tuple[object, ...], str]] = {
    "scale zero": (("--scale", 0), "--scale must be 1 or more"),
    "scale above everything": (("--scale", 1000), "0 ballots"),
    "4096 bits": (("--bits", 4096), "--bits must be 2048 or 3072"),
    "two trustees": (("--trustees", 2, "--threshold", 2), "at least 3 trustees"),
    "no trustee": (("--trustees", 0, "--threshold", 0), "threshold of 2"),
    "eleven trustees": (("--trustees", 11), "At most 10 trustees"),
    "threshold of three": (("--trustees", 5, "--threshold", 3), "Choose a threshold of 2"),
    "ballots of choose-one": (("--ballots", 5), "go with --kind approval or points"),
    "approval without ballots": (("--kind", "approval"), "--kind approval needs --ballots"),
    "approval of no ballots": (("--kind", "approval", "--ballots", 0), "--ballots must be from 1"),
    "approval of less than none": (("--kind", "approval", "--ballots", -3), "--ballots must be from 1"),
    "approval with points": (
        ("--kind", "approval", "--ballots", 5, "--points-max", 3),
        "go with --kind points",
    ),
    "approval, min above max": (
        ("--kind", "approval", "--ballots", 5, "--min", 2, "--max", 1),
        "0 <= min <= max",
    ),
    "approval, max above options": (("--kind", "approval", "--ballots", 5, "--max", 3), "max <= 2"),
    "approval, max of nothing": (("--kind", "approval", "--ballots", 5, "--max", 0), "max >= 1"),
    "approval beyond all ballots": (
        ("--kind", "approval", "--ballots", 2),
        "more than 2, the most that 2 ballots",
    ),
    "approval, too few for min": (("--kind", "approval", "--ballots", 5, "--min", 2), "must carry 5 in all"),
    "points without a maximum": (("--kind", "points", "--ballots", 5), "needs --points-max"),
    "points of 21": (("--kind", "points", "--ballots", 5, "--points-max", 21), "from 1 to 20"),
    "points with min": (
        ("--kind", "points", "--ballots", 5, "--points-max", 5, "--min", 1),
        "go with --kind approval",
    ),
    "points, impossible sum": (
        ("--kind", "points", "--ballots", 5, "--points-max", 5, "--points-total", "2..3"),
        "must carry 5 in all, but each carries from 2 to 3",
    ),
    "points, total backwards": (
        ("--kind", "points", "--ballots", 5, "--points-max", 5, "--points-total", "3..2"),
        "must be A..B",
    ),
    "points, total in other digits": (
        ("--kind", "points", "--ballots", 5, "--points-max", 5, "--points-total", "٠..٥"),
        "must be A..B",
    ),
    "positions of another kind": (("--positions", "1,0"), "--positions goes with --kind ranking"),
    "ballots of a ranking": (("--kind", "ranking", "--ballots", 5), "begin with the header votes,1,2"),
    "points, total beyond all": (
        ("--kind", "points", "--ballots", 5, "--points-max", 5, "--points-total", "0..11"),
        "B <= 10",
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_do_not_go_together(psephos: Psephos, counts: Any, tmp_path: Path, name: str) -> None:
    options, words = OPTIONS[name]
    require_refused(psephos, tmp_path / "out", words, counts(TWO), *options)


RANKED = "votes,1,2\n3,a,b\n2,b,a\n"
POSITIONS: dict[str, tuple[tuple[object, ...], str]] = {
    "number of ballots": (("--ballots", 5), "go with --kind approval or points"),
    "points for each": (("--points-max", 5), "go with --kind approval or points"),
    "scale above everything": (("--scale", 4), "0 ballots"),
    "one position": (("--positions", "1"), "must give 2 numbers"),
    "three positions": (("--positions", "2,1,0"), "must give 2 numbers"),
    "points that rise": (("--positions", "0,1"), "never rising"),
    "points alike": (("--positions", "1,1"), "more for the first"),
    "points above 1000": (("--positions", "1001,0"), "up to 1000"),
    "half points": (("--positions", "1.5,0"), "whole numbers with commas"),
    "points in other digits": (("--positions", "٣,٢"), "whole numbers with commas"),
    "no points": (("--positions", ""), "whole numbers with commas"),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_options_that_no_ranking_has(psephos: Psephos, counts: Any, tmp_path: Path, name: str) -> None:
    options, words = POSITIONS[name]
    require_refused(psephos, tmp_path / "out", words, counts(RANKED), "--kind", "ranking", *options)


def test_a_blank_row_belongs_to_choosing_one(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    path = counts(TWO + "(blank),1\n")
    options = ("--kind", "approval", "--ballots", 5)
    require_refused(psephos, tmp_path / "out", "a blank ballot is one without any option", path, *options)


def test_too_many_proofs_for_a_ballot(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    path = counts("option,votes\n" + "".join(f"o{number},1\n" for number in range(200)))
    options = ("--kind", "points", "--ballots", 200, "--points-max", 20)
    require_refused(psephos, tmp_path / "out", "proof branches; at most 4096", path, *options)


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_stands_at_the_place_of_the_bundle_stays(
    psephos: Psephos, counts: Any, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if kind == "folder":
        (out / "bundle").mkdir()
    elif kind == "file":
        (out / "bundle").write_text("mine")
    else:
        (out / "bundle").symlink_to(tmp_path / "nowhere")
    require_refused(psephos, out, "exists already", counts(TWO))
    assert os.path.lexists(out / "bundle")


def test_a_file_in_the_place_of_the_folder(psephos: Psephos, counts: Any, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    code, stdout, _ = psephos("simulate", counts(TWO), "--out", tmp_path / "out", *QUICK)
    assert (code, "is not a folder" in json.loads(stdout)["error"]) == (2, True)
    code, stdout, _ = psephos("simulate", counts(TWO), "--out", tmp_path / "out" / "below", *QUICK)
    assert code == 2
    assert (tmp_path / "out").read_text() == "mine"


def test_no_such_file(psephos: Psephos, tmp_path: Path) -> None:
    require_refused(psephos, tmp_path / "out", "cannot be read: No such file", tmp_path / "none.csv")
    require_refused(psephos, tmp_path / "out", "cannot be read: Is a directory", tmp_path)


def test_a_fault_half_way_writes_no_bundle(
    psephos: Psephos, counts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, which says nothing about the election; no bundle and no secrets are left."""

    def broken(*_: object) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(cli.simulation, "aggregate", broken)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    out = tmp_path / "out"
    code, stdout, stderr = psephos("simulate", counts(TWO), "--out", out, *QUICK)
    assert (code, json.loads(stdout)["ok"]) == (3, False)
    assert "half way" in stderr
    assert list(out.iterdir()) == []
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith("psephos-simulation-")] == []


def test_the_counts_may_come_through_a_pipe(tmp_path: Path) -> None:
    """What is read once is enough."""
    program = [sys.executable, "-c", "from cli.main import run; run()", "simulate", "/dev/stdin"]
    arguments = ["--out", str(tmp_path), *map(str, QUICK)]
    ended = subprocess.run(
        [*program, *arguments], input=TWO.encode(), cwd=ROOT, capture_output=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["result"] == {"a": 3, "b": 2}
