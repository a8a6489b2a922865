"""`voter,area,weight`: every line, or none and the first bad one named."""

import pytest

from cli.roll_csv import VoterLine, parse_voters
from cli.strict_csv import CsvUnusable
from protocol.roll import WEIGHT_MAX, RollEntry
from tests.support.elections import make_manifest

MANIFEST = make_manifest(areas=("north", "south"))
HEADER = "voter,area,weight\n"


def test_voters_in_their_order() -> None:
    found = parse_voters(f"{HEADER}Bùi Thị Hoa,south,1\n\n007,north,{WEIGHT_MAX}\n".encode(), MANIFEST)
    assert found == [
        VoterLine("Bùi Thị Hoa", RollEntry(weight=1, area="south")),
        VoterLine("007", RollEntry(weight=WEIGHT_MAX, area="north")),
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("Hoa,north,1\nHoa,south,1\n", "Line 3: 'Hoa' stands in the file twice."),
        ("Hoa,east,1\n", "Line 2: the manifest has no area 'east'."),
        ("Hoa,North,1\n", "no area 'North'"),
        ("Hoa,,1\n", "no area ''"),
        ("Hoa, north,1\n", "no area ' north'"),
        (",north,1\n", "Line 2: the voter has 0 characters"),
        ("x" * 201 + ",north,1\n", "201 characters"),
        ("Hoa\x07,north,1\n", "control character"),
        ('"Hoa\nLam",north,1\n', "Line 3: the voter holds a control character"),
        ("Hoa\u202e,north,1\n", "control character"),
        ("Hoa\u0300,north,1\n", "normal form C"),
        ("Hoa,north,1\nLam,north\n", "Line 3: 2 fields"),
        *(
            (f"Hoa,north,{weight}\n", f"Line 2: weight must be a whole number from 1 to {WEIGHT_MAX}.")
            for weight in (
                "0",
                "-1",
                "+1",
                "01",
                "1.0",
                "1.5",
                '"1,5"',
                "1e3",
                "1_000",
                " 1",
                "1 ",
                "",
                "one",
                "0x1",
                "\u0661",  # an Arabic one
                "\uff11",  # a full-width one
                "²",
                "1000001",
                "9" * 5000,
            )
        ),
        ("", "The file names 0 voters; 1 to 1000000 are possible."),
    ],
)
def test_a_bad_line_is_named(lines: str, words: str) -> None:
    with pytest.raises(CsvUnusable) as refused:
        parse_voters((HEADER + lines).encode(), MANIFEST)
    assert words in str(refused.value)


def test_the_file_s_own_faults_come_first() -> None:
    for data, words in (
        (b"\xef\xbb\xbf" + HEADER.encode() + b"Hoa,north,1\n", "byte order mark"),
        (b"voter;area;weight\nHoa;north;1\n", "header voter,area,weight"),
        (b"voter,area\nHoa,north\n", "header voter,area,weight"),
        (b"Hoa,north,1\n", "header voter,area,weight"),
    ):
        with pytest.raises(CsvUnusable, match=words):
            parse_voters(data, MANIFEST)
