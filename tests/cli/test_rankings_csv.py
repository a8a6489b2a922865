"""Files of rankings: one spelling, and a sentence with the line for everything else."""

import json

import pytest

from cli.rankings_csv import Rankings, parse_rankings, read_rankings
from cli.strict_csv import CsvUnusable
from tests.support.repository import ROOT

COUNTS = ROOT / "tests/data/counts"
HEADER = b"votes,1,2,3\n"


def test_rankings_are_read_with_the_options_of_the_first_line() -> None:
    data = HEADER + '2,Trà,"Cà phê, đá",Nước\n0,(blank),,\n7,Nước,Trà,"Cà phê, đá"\n3,(blank),,\n'.encode()
    assert parse_rankings(data) == Rankings(
        ("Trà", "Cà phê, đá", "Nước"), (((0, 1, 2), 2), ((2, 0, 1), 7)), 3
    )
    assert parse_rankings(b"votes,1,2\r\n1,a,b\r\n") == Rankings(("a", "b"), (((0, 1), 1),), None)


def test_scaling_rounds_down() -> None:
    rankings = Rankings(("a", "b"), (((0, 1), 7), ((1, 0), 2)), 5)
    assert rankings.scaled(3) == Rankings(("a", "b"), (((0, 1), 2), ((1, 0), 0)), 1)


WRONG = {
    "empty": (b"", "Line 1: the file must begin with the header votes,1,2"),
    "counts": (b"option,votes\na,1\n", "Line 1: the file must begin with the header votes,1,2"),
    "one position": (b"votes,1\n1,a\n", "2 to 8 of them"),
    "nine positions": (b"votes,1,2,3,4,5,6,7,8,9\n", "2 to 8 of them"),
    "positions backwards": (b"votes,2,1\n1,a,b\n", "Line 1"),
    "byte order mark": (b"\xef\xbb\xbf" + HEADER + b"1,a,b,c\n", "byte order mark"),
    "only a header": (HEADER, "ranks no option"),
    "only blank ballots": (HEADER + b"4,(blank),,\n", "ranks no option"),
    "not UTF-8": (HEADER + b"1,a,b,\xff\n", "Line 2: the file is not UTF-8"),
    "negative": (HEADER + b"-1,a,b,c\n", "Line 2: votes must be a whole number"),
    "leading zero": (HEADER + b"01,a,b,c\n", "Line 2: votes must be a whole number"),
    "too few": (HEADER + b"1,a,b,c\n1,a,b\n", "Line 3: 3 fields; a line has 4"),
    "not all": (HEADER + b"1,a,b,c\n1,a,b,\n", "Line 3: each of the options must stand in it once: a, b, c"),
    "another option": (HEADER + b"1,a,b,c\n1,a,b,d\n", "Line 3: each of the options"),
    "one twice": (HEADER + b"1,a,b,a\n", "Line 2: an option stands in it twice"),
    "one twice later": (HEADER + b"1,a,b,c\n1,a,b,a\n", "Line 3: each of the options"),
    "blank in the middle": (HEADER + b"1,a,(blank),c\n", "does not stand first"),
    "something after blank": (
        HEADER + b"1,a,b,c\n1,(blank),a,\n",
        "Line 3: behind (blank) nothing is ranked",
    ),
    "no name": (HEADER + b"1,a,,c\n", "Line 2: the option's name"),
    "decomposed": (HEADER + "1,a,b,e\u0302\n".encode(), "normal form C"),
    "control character": (HEADER + b"1,a,b,\x1b[2J\n", "control character"),
}


@pytest.mark.parametrize("name", WRONG)
def test_anything_else_is_refused_with_the_line(name: str) -> None:
    data, words = WRONG[name]
    with pytest.raises(CsvUnusable) as refused:
        parse_rankings(data)
    assert words in str(refused.value)


def test_the_published_rankings_add_up() -> None:
    expected = json.loads((COUNTS / "expected.json").read_text())["00002-00000006.rankings.csv"]
    rankings = read_rankings(COUNTS / "00002-00000006.rankings.csv")
    assert sum(ballots for _, ballots in rankings.orders) == expected["votes"]
    assert len(rankings.options) == expected["options"]
    assert rankings.blank == expected["blank"]
