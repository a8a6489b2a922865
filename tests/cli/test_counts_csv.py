"""Files of counts: one spelling, and a sentence with the line for everything else."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.counts_csv import Counts, parse_counts, read_counts
from cli.strict_csv import CsvUnusable
from tests.support.repository import ROOT

HEADER = b"option,votes\n"
COUNTS = ROOT / "tests/data/counts"


def test_a_file_of_counts_is_read_in_its_order() -> None:
    counts = parse_counts(
        HEADER + 'Đồng ý,12\n"No, never",0\n(blank),3\nMạc Đĩnh Chi,1000000000000\n'.encode()
    )
    assert counts == Counts((("Đồng ý", 12), ("No, never", 0), ("Mạc Đĩnh Chi", 10**12)), 3)
    assert parse_counts(HEADER + b"a,1\nb,2").blank is None


def test_line_ends_of_all_systems_and_empty_lines() -> None:
    expected = Counts((("a", 1), ("b", 2)), None)
    for data in (b"option,votes\r\na,1\r\nb,2\r\n", HEADER + b"\na,1\n\nb,2\n\n", HEADER + b'"a","1"\nb,2\n'):
        assert parse_counts(data) == expected


def test_scaling_rounds_down() -> None:
    counts = Counts((("a", 16141241), ("b", 9999), ("c", 10000)), 19999)
    assert counts.scaled(10000) == Counts((("a", 1614), ("b", 0), ("c", 1)), 1)
    assert counts.scaled(1) == counts


WRONG = {
    "empty": (b"", "Line 1: the file must begin with the header option,votes"),
    "only a header": (HEADER, "names no option"),
    "only the blank row": (HEADER + b"(blank),3\n", "names no option"),
    "no header": (b"a,1\nb,2\n", "Line 1: the file must begin with the header option,votes"),
    "another header": (b"votes,option\na,1\n", "Line 1"),
    "header in capitals": (b"Option,Votes\na,1\n", "Line 1"),
    "header with a space": (b"option, votes\na,1\n", "Line 1"),
    "semicolons": (b"option;votes\na;1\n", "Line 1"),
    "UTF-8 with a byte order mark": (b"\xef\xbb\xbf" + HEADER + b"a,1\n", "byte order mark"),
    "UTF-16": ("option,votes\na,1\n".encode("utf-16"), "byte order mark"),
    "UTF-16 without a mark": ("option,votes\na,1\n".encode("utf-16-le"), "Line 1"),
    "Latin-1": (HEADER + b"a,1\nAndr\xe9,2\n", "Line 3: the file is not UTF-8"),
    "surrogate": (HEADER + b"\xed\xa0\x80,2\n", "Line 2: the file is not UTF-8"),
    "negative": (HEADER + b"a,-1\n", "Line 2: votes must be a whole number from 0 to"),
    "plus": (HEADER + b"a,+1\n", "Line 2: votes"),
    "decimal": (HEADER + b"a,1.0\n", "Line 2: votes"),
    "exponent": (HEADER + b"a,1e3\n", "Line 2: votes"),
    "leading zero": (HEADER + b"a,1\nb,007\n", "Line 3: votes"),
    "minus zero": (HEADER + b"a,-0\n", "Line 2: votes"),
    "underscore": (HEADER + b"a,1_000\n", "Line 2: votes"),
    "thousands": (HEADER + b'a,"1,000"\n', "Line 2: votes"),
    "spaces": (HEADER + b"a, 1\n", "Line 2: votes"),
    "no number": (HEADER + b"a,\n", "Line 2: votes"),
    "hexadecimal": (HEADER + b"a,0x10\n", "Line 2: votes"),
    "Arabic digits": (HEADER + "a,١٢\n".encode(), "Line 2: votes"),
    "huge": (HEADER + b"a,1000000000001\n", "Line 2: votes"),
    "a number of 5,000 digits": (HEADER + b"a," + b"9" * 5000 + b"\n", "Line 2: votes"),
    "three fields": (HEADER + b"a,1,2\n", "Line 2: 3 fields"),
    "one field": (HEADER + b"a,1\nb\n", "Line 3: 1 fields"),
    "the same name twice": (HEADER + b"a,1\nb,2\na,3\n", "Line 4: the option 'a' stands in the file twice"),
    "blank twice": (HEADER + b"a,1\n(blank),2\n(blank),2\n", "Line 4: the option '(blank)' stands"),
    "no name": (HEADER + b",5\n", "Line 2: the option's name has 0 characters"),
    "a name of 301 characters": (
        HEADER + b"a" * 301 + b",5\n",
        "Line 2: the option's name has 301 characters",
    ),
    "NUL": (HEADER + b"a\0b,1\n", "Line 2"),
    "tab": (HEADER + b"a\tb,1\n", "Line 2: the option's name holds a control character"),
    "escape sequence": (HEADER + b"\x1b[31mred,1\n", "Line 2: the option's name holds a control character"),
    "line break in a name": (HEADER + b'"a\nb",1\n', "Line 3: the option's name holds a control character"),
    "right-to-left override": (HEADER + "a\u202eb,1\n".encode(), "Line 2: the option's name holds a control"),
    "isolate": (HEADER + "\u2066a,1\n".encode(), "Line 2: the option's name holds a control character"),
    "decomposed letters": (
        HEADER + "Nguye\u0302\u0303n,1\n".encode(),
        "Line 2: the option's name is not in Unicode",
    ),
    "an open quote": (HEADER + b'"a,1\nb,2\n', "not a line of a CSV file"),
    "text after a quote": (HEADER + b'"a"b,1\n', "Line 2: not a line of a CSV file"),
    "a field of 200,000 characters": (HEADER + b"x" * 200_000 + b",1\n", "Line 2: not a line of a CSV file"),
    "201 options": (
        HEADER + b"".join(b"option %d,1\n" % number for number in range(201)),
        "201 options; at most 200",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_line(name: str) -> None:
    data, words = WRONG[name]
    with pytest.raises(CsvUnusable) as refused:
        parse_counts(data)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400


def test_two_hundred_options_are_possible() -> None:
    data = HEADER + b"".join(b"option %d,1\n" % number for number in range(200)) + b"(blank),1\n"
    assert len(parse_counts(data).options) == 200


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CsvUnusable, match="cannot be read: No such file"):
        read_counts(tmp_path / "nothing.csv")
    with pytest.raises(CsvUnusable, match="cannot be read: Is a directory"):
        read_counts(tmp_path)
    huge = tmp_path / "huge.csv"
    huge.write_bytes(HEADER + b"a,1\n" * 500_000)
    assert huge.stat().st_size > 2_000_000
    with pytest.raises(CsvUnusable, match="larger than 1000000 bytes"):
        read_counts(huge)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for content in (data, HEADER + data):
        try:
            counts = parse_counts(content)
        except CsvUnusable:
            continue
        assert counts.options
        assert all(votes >= 0 for _, votes in counts.options)


def test_the_real_counts_of_this_repository_are_read() -> None:
    """tests/data/counts/SOURCES.md says where they come from; the sums are those of expected.json there."""
    expected = json.loads((COUNTS / "expected.json").read_text(encoding="utf-8"))
    files = sorted(COUNTS.glob("*.csv"))
    assert {path.name for path in files} == set(expected)
    for path in files:
        if path.name.endswith(".rankings.csv"):
            continue  # test_rankings_csv.py
        counts = read_counts(path)
        assert sum(votes for _, votes in counts.options) == expected[path.name]["votes"]
        assert len(counts.options) == expected[path.name]["options"]
        assert counts.blank == expected[path.name]["blank"]
