"""`psephos registrar make`: a secret code for each letter, and a public roll that says nothing about it."""

import csv
import io
import stat
from pathlib import Path

import pytest

from crypto.credential import credential_of
from crypto.display_code import alias
from crypto.voting_code import parse_voting_code
from protocol.canonical import encode_canonical
from protocol.roll import RollEntry, decode_roll
from tests.cli.desk import DONE, VOTERS, Desk
from tests.support.elections import make_manifest

MANIFEST = make_manifest(trustees=3, areas=("north", "south"))
MAKE = ("registrar", "make", "terms", "voters.csv", "--codes", "codes.csv")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The registrar's: a manifest and the voters."""
    desk = Desk(tmp_path)
    (tmp_path / "terms").mkdir()
    (tmp_path / "terms" / "manifest.json").write_bytes(encode_canonical(MANIFEST) + b"\n")
    desk.write("voters.csv", VOTERS)
    return desk


def test_each_code_opens_its_line_of_the_roll(desk: Desk) -> None:
    ended = desk(*MAKE)
    assert ended.code == DONE
    text = (desk.folder / "codes.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["voter"] for line in lines] == ["Bùi Thị Hoa", "Trần Minh", "Võ Văn Lâm"]
    body = (desk.folder / "terms" / "roll.json").read_bytes().removesuffix(b"\n")
    entries = dict(decode_roll(body, MANIFEST).entries)
    for line, area in zip(lines, ("north", "south", "south"), strict=True):
        key = credential_of(parse_voting_code(line["code"]), MANIFEST.election).public_key
        assert entries.pop(key) == RollEntry(weight=1, area=area)
        assert line["alias"] == alias(key)
    assert not entries
    # Secret is secret, public is public; the codes stand in one place alone.
    assert stat.S_IMODE((desk.folder / "codes.csv").stat().st_mode) == 0o600
    assert stat.S_IMODE((desk.folder / "terms" / "roll.json").stat().st_mode) & 0o044 == 0o044
    everywhere = ended.out + ended.err + body.decode()
    assert not any(line["code"] in everywhere or line["voter"] in everywhere for line in lines)
    # One voter alone in an area with a weight is worth a warning.
    assert ended.err == (
        "Warning: in area north one voter alone has the weight 1: the result could show that vote.\n"
    )


def test_every_making_gives_other_codes(desk: Desk) -> None:
    desk.do(*MAKE)
    (desk.folder / "terms" / "roll.json").unlink()
    desk.do(*MAKE[:-1], "other.csv")
    first, second = (
        {line["code"] for line in csv.DictReader(io.StringIO((desk.folder / name).read_text()))}
        for name in ("codes.csv", "other.csv")
    )
    assert len(first) == len(second) == 3
    assert first.isdisjoint(second)


@pytest.mark.parametrize("name", ["codes.csv", "terms/roll.json"])
def test_what_stands_is_not_overwritten(desk: Desk, name: str) -> None:
    desk.write(name, "kept")
    assert f"{name} cannot be written: File exists" in desk.refused(*MAKE)
    (desk.folder / name).unlink()
    (desk.folder / name).symlink_to("elsewhere")
    assert f"{name} cannot be written: File exists" in desk.refused(*MAKE)
    assert not (desk.folder / "elsewhere").exists()


@pytest.mark.parametrize(
    ("voters", "words"),
    [
        ("\ufeff" + VOTERS, "byte order mark"),
        (VOTERS.replace("voter", "name", 1), "header voter,area,weight"),
        (VOTERS + "Trần Minh,north,1\n", "Line 5: 'Trần Minh' stands in the file twice."),
        (VOTERS + "A,west,1\n", "no area 'west'"),
        (VOTERS + "A,north,0\n", "weight must be"),
        (VOTERS + "A,north,1.5\n", "weight must be"),
        (VOTERS + "A,north,01\n", "weight must be"),
        (VOTERS + "A,north,99999999999999999999\n", "weight must be"),
        ("voter,area,weight\n", "0 voters"),
    ],
)
def test_a_file_of_voters_that_cannot_be_used_gives_no_code(desk: Desk, voters: str, words: str) -> None:
    desk.write("voters.csv", voters)
    assert words in desk.refused(*MAKE)


def test_files_that_are_not_there_or_not_what_they_should_be(desk: Desk) -> None:
    assert "cannot be read" in desk.refused(
        "registrar", "make", "terms", "nobody.csv", "--codes", "codes.csv"
    )
    assert "cannot be read" in desk.refused("registrar", "make", ".", "voters.csv", "--codes", "codes.csv")
    assert "cannot be written" in desk.refused(*MAKE[:-1], "no-folder/codes.csv")
    desk.write("terms/manifest.json", "{}")
    assert "missing required field" in desk.refused(*MAKE)
