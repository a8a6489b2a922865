"""`psephos registrar`: codes that nobody else sees, letters after the freeze, and a lost letter's second code."""

import csv
import io
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.registrar_files import frozen_terms
from crypto.credential import credential_of
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from crypto.voting_code import parse_voting_code
from protocol.canonical import encode_canonical
from protocol.roll import RollEntry, decode_roll
from tests.cli.desk import (
    DONE,
    PASSPHRASE,
    VOTERS,
    Desk,
    clean_environment,
    draft,
    prepare,
    with_test_key,
)
from tests.paper.pages import page_text, reader
from tests.support.elections import make_manifest
from tests.support.stretching import CHEAP_PROGRAM, CHEAP_PSEPHOS
from voting.code_book import CodeBook, open_book
from voting.contacts import read_contacts
from voting.draft_voters import Contact

MANIFEST = make_manifest(trustees=3, areas=("north", "south"))
PASS = ("--passphrase-file", "passphrase")
MAKE = ("registrar", "make", "terms", "voters.csv", "--codes", "codes.sealed", *PASS)
HELP = ("--help-line", "0236 3333 000")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The registrar's: a manifest and the voters."""
    desk = Desk(tmp_path)
    (tmp_path / "terms").mkdir()
    (tmp_path / "terms" / "manifest.json").write_bytes(encode_canonical(MANIFEST) + b"\n")
    desk.write("voters.csv", VOTERS)
    desk.write("passphrase", PASSPHRASE + "\n")
    return desk


def book(desk: Desk, name: str = "codes.sealed") -> CodeBook:
    return open_book((desk.folder / name).read_bytes(), PASSPHRASE)


# make


def test_each_code_opens_its_line_of_the_roll(desk: Desk) -> None:
    ended = desk(*MAKE)
    assert ended.code == DONE
    lines = book(desk).lines
    assert [line.voter for line in lines] == ["Bùi Thị Hoa", "Trần Minh", "Võ Văn Lâm"]
    body = (desk.folder / "terms" / "roll.json").read_bytes().removesuffix(b"\n")
    entries = dict(decode_roll(body, MANIFEST).entries)
    for line, area in zip(lines, ("north", "south", "south"), strict=True):
        key = credential_of(parse_voting_code(line.code.written), MANIFEST.election).public_key
        assert entries.pop(key) == RollEntry(weight=1, area=area)
    assert not entries
    # Secret is secret, public is public.
    assert stat.S_IMODE((desk.folder / "codes.sealed").stat().st_mode) == 0o600
    assert stat.S_IMODE((desk.folder / "terms" / "roll.json").stat().st_mode) & 0o044 == 0o044
    everywhere = ended.out + ended.err + body.decode() + (desk.folder / "codes.sealed").read_text("latin-1")
    for line in lines:
        assert line.code.written not in everywhere
        assert line.code.data not in everywhere
        assert line.voter not in everywhere
    # One voter alone in an area with a weight is worth a warning.
    assert ended.err == (
        "Warning: in area north one voter alone has the weight 1: the result could show that vote.\n"
    )


def test_every_making_gives_other_codes(desk: Desk) -> None:
    desk.do(*MAKE)
    (desk.folder / "terms" / "roll.json").unlink()
    desk.do("registrar", "make", "terms", "voters.csv", "--codes", "other.sealed", *PASS)
    first, second = (
        {line.code.data for line in book(desk, name).lines} for name in ("codes.sealed", "other.sealed")
    )
    assert len(first) == len(second) == 3
    assert first.isdisjoint(second)


@pytest.mark.parametrize("name", ["codes.sealed", "terms/roll.json"])
def test_what_stands_is_not_overwritten(desk: Desk, name: str) -> None:
    desk.write(name, "kept")
    assert f"{name} exists already" in desk.refused(*MAKE)
    (desk.folder / name).unlink()
    (desk.folder / name).symlink_to("elsewhere")
    assert f"{name} exists already" in desk.refused(*MAKE)
    assert not (desk.folder / "elsewhere").exists()


@pytest.mark.parametrize(
    ("voters", "words"),
    [
        (VOTERS.replace("voter", "colour", 1), "no column “colour”"),
        (VOTERS + "Trần Minh,north,1\n", "Line 5, voter: “Trần Minh” stands in line 3 already."),
        (VOTERS + "A,west,1\nB,north,0\n", "Line 5, area: The election has no area “west”."),
        (
            VOTERS + "A,west,1\nB,north,0\n",
            "Line 6, weight: The weight must be a whole number from 1 to 1000000",
        ),
        (VOTERS + "Анна,north,1\n", "Line 5: The letter’s font has no “А” (U+0410)"),
        ("voter,area,weight\n", "no voters"),
    ],
)
def test_a_file_of_voters_that_cannot_be_used_gives_no_code(desk: Desk, voters: str, words: str) -> None:
    desk.write("voters.csv", voters)
    assert words in desk.refused(*MAKE)


def test_a_list_of_faults_ends_somewhere(desk: Desk) -> None:
    desk.write("voters.csv", VOTERS + "A,west,1\n" * 3000)
    sentence = desk.refused(*MAKE)
    assert len(sentence.splitlines()) == 52
    assert re.search(r"… and \d+ more\.$", sentence.strip())


def test_what_somebody_should_look_at_is_said(desk: Desk) -> None:
    desk.write("voters.csv", "voter,area,email\nHoa,north,a@example.org\nMinh,north,A@example.org\n")
    ended = desk(*MAKE)
    assert ended.code == DONE
    assert "Warning: Line 3, email: The e-mail address stands in line 2 already." in ended.err


def test_files_that_are_not_there_or_not_what_they_should_be(desk: Desk) -> None:
    make = ("registrar", "make")
    assert "cannot be read" in desk.refused(*make, "terms", "nobody.csv", "--codes", "codes.sealed", *PASS)
    assert "cannot be read" in desk.refused(*make, ".", "voters.csv", "--codes", "codes.sealed", *PASS)
    assert "cannot be written" in desk.refused(*make, "terms", "voters.csv", "--codes", "none/codes", *PASS)
    desk.write("passphrase", "too short\n")
    assert "at least 12 characters" in desk.refused(*MAKE)
    desk.write("terms/manifest.json", "{}")
    assert "missing required field" in desk.refused(*MAKE)


def test_contacts_are_sorted_by_voter_number_and_name_nobody(desk: Desk) -> None:
    desk.write(
        "voters.csv",
        "voter,area,email,language\nHoa,north,hoa@example.org,vi\nMinh,south,,\nAn,south,+a@example.org,en\n",
    )
    desk.do(*MAKE, "--contacts", "contacts.csv")
    rows = list(csv.DictReader(io.StringIO((desk.folder / "contacts.csv").read_text("utf-8"))))
    numbers = {line.voter: alias(line.public_key(MANIFEST.election)) for line in book(desk).lines}
    expected = sorted([(numbers["Hoa"], "hoa@example.org", "vi"), (numbers["An"], "'+a@example.org", "en")])
    assert [tuple(row.values()) for row in rows] == expected
    assert stat.S_IMODE((desk.folder / "contacts.csv").stat().st_mode) == 0o600
    # The site reads it as it was meant.
    read = read_contacts(
        (desk.folder / "contacts.csv").read_bytes(), {n: n.encode() for n in numbers.values()}
    )
    assert read.usable
    assert read.contacts[numbers["An"].encode()] == Contact("+a@example.org", "en")


# identity


def test_an_identity_is_sealed_and_prints_its_public_half(desk: Desk) -> None:
    shown = desk.do("registrar", "identity", "--name", "Phòng Tư pháp", "--out", "registrar.key", *PASS)
    assert re.search(r'registrar_key = "[A-Za-z0-9_-]{43}"', shown)
    assert stat.S_IMODE((desk.folder / "registrar.key").stat().st_mode) == 0o600
    assert "exists already" in desk.refused(
        "registrar", "identity", "--name", "A", "--out", "registrar.key", *PASS
    )
    assert "name cannot be used" in desk.refused(
        "registrar", "identity", "--name", "", "--out", "other", *PASS
    )


# letters, after the freeze


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Terms that all three trustees have signed, with a registrar, and the codes; frozen at the server, polls open."""
    desk = Desk(tmp_path_factory.mktemp("signed"))
    desk.write("passphrase", PASSPHRASE + "\n")
    shown = desk.do("registrar", "identity", "--name", "Registrar", "--out", "registrar.key", *PASS)
    key = shown.split('registrar_key = "')[1].split('"')[0]
    with with_test_key():
        draft(desk, registrar_key=f'"{key}"')
        prepare(
            desk,
            "voter,area,language,address,email,identity\n"
            "Bùi Thị Hoa,north,vi,Ngõ 45,,\n"
            "Trần Minh,south,en,Lane 12,minh@example.org,\n"
            "Võ Văn Lâm,south,,,,A1\n"
            "Võ Văn Lâm,south,,,,A2\n",
        )
    desk.do("election", "freeze", "terms", *(f"freeze-{number}" for number in (1, 2, 3)))
    desk.do("election", "open", desk.election)
    desk.do("election", "bundle", desk.election, "--out", "frozen")
    return desk


@pytest.fixture
def office(signed: Desk, tmp_path: Path) -> Desk:
    """A copy to be changed."""
    return signed.copy(tmp_path)


LETTERS = ("registrar", "letters", "frozen", "--codes", "codes.sealed", "--out", "letters.pdf", *HELP, *PASS)


def test_letters_carry_code_fingerprint_and_the_way_to_the_booth(office: Desk) -> None:
    ended = office(*LETTERS)
    assert ended.code == DONE, ended
    terms, _ = frozen_terms(office.folder / "frozen", None)
    pdf = (office.folder / "letters.pdf").read_bytes()
    lines = [line for line in book(office).lines if not line.email]
    assert len(reader(pdf).pages) == len(lines) == 3
    for page, line in enumerate(lines):
        text = page_text(pdf, page)
        for words in (
            line.voter,
            line.code.written,
            terms.fingerprint_code,
            "0236 3333 000",
            "https://localhost",
        ):
            assert words in text
        assert alias(line.public_key(terms.election)) in text
    assert stat.S_IMODE((office.folder / "letters.pdf").stat().st_mode) == 0o600
    assert terms.fingerprint_code in ended.out
    assert "1 voters have an e-mail address" in ended.err
    assert not any(line.code.written in ended.out + ended.err or line.voter in ended.out for line in lines)


def test_a_server_that_names_itself_the_registrar_is_seen_before_the_letters_go_out(office: Desk) -> None:
    terms, _ = frozen_terms(office.folder / "frozen", None)
    assert terms.manifest.registrar_key is not None
    other = encode_base64url(b"s" * 32)
    assert "another registrar's key than yours" in office.refused(*LETTERS, "--registrar-key", other)
    assert not (office.folder / "letters.pdf").exists()
    said = office.do(*LETTERS, "--registrar-key", terms.manifest.registrar_key)
    assert f'registrar_key = "{terms.manifest.registrar_key}"' in said


def test_letters_from_the_terms_and_the_trustees_files(office: Desk) -> None:
    terms = ("registrar", "letters", "terms", "--codes", "codes.sealed", "--out", "l.pdf", *HELP, *PASS)
    freeze = [("--freeze", f"freeze-{number}") for number in (1, 2, 3)]
    sentence = office.refused(*terms, *freeze[0], *freeze[2])
    assert "after the freeze" in sentence
    assert "trustee 2" in sentence
    office.do(*terms, *freeze[0], *freeze[1], *freeze[2])
    assert (office.folder / "l.pdf").exists()


def test_letters_for_all_in_several_files_and_a_table_of_mails(office: Desk) -> None:
    office.do(
        *LETTERS, "--all", "--per-file", "3", "--mail-merge", "mails.csv", "--site", "http://localhost:8000"
    )
    assert [len(reader((office.folder / f"letters-{n}.pdf").read_bytes()).pages) for n in (1, 2)] == [3, 1]
    (row,) = csv.DictReader(io.StringIO((office.folder / "mails.csv").read_text("utf-8")))
    minh = book(office).lines[1]
    assert row["email"] == "minh@example.org"
    assert minh.code.written in row["text"]
    assert f"http://localhost:8000/en/elections/{office.election}/booth\n" in row["text"]
    assert stat.S_IMODE((office.folder / "mails.csv").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("other-codes", "belong to another election"),
        ("other-roll", "was not made with these codes"),
        ("freeze-signature", "did not sign this fingerprint"),
        ("roll-line", "not the roll of a board"),
        ("short", "ends before the freeze"),
        ("wrong-passphrase", "does not open the file"),
        ("codes-altered", "was altered"),
        ("key-for-codes", "not a psephos/code-book/v1"),
        ("site", "--site is an address"),
        ("help-line", "--help-line cannot be used"),
    ],
)
def test_letters_are_refused_unless_everything_fits(office: Desk, spoil: str, words: str) -> None:
    folder = office.folder
    options: list[str] = []
    match spoil:
        case "other-codes":
            sealed = open_book((folder / "codes.sealed").read_bytes(), PASSPHRASE)
            (folder / "codes.sealed").write_bytes(_sealed_for(sealed, "0" * 32, sealed.roll))
        case "other-roll":
            sealed = open_book((folder / "codes.sealed").read_bytes(), PASSPHRASE)
            (folder / "codes.sealed").write_bytes(_sealed_for(sealed, sealed.election, "A" * 43))
        case "freeze-signature":
            _change_entry(folder / "frozen", 3, lambda record: record["signatures"].reverse())
        case "roll-line":
            lines = (folder / "frozen" / "bodies.jsonl").read_bytes().splitlines(keepends=True)
            lines[2] = lines[2].replace(b'"weight":1', b'"weight":2', 1)
            (folder / "frozen" / "bodies.jsonl").write_bytes(b"".join(lines))
        case "short":
            for name in ("board.jsonl", "bodies.jsonl"):
                lines = (folder / "frozen" / name).read_bytes().splitlines(keepends=True)
                (folder / "frozen" / name).write_bytes(b"".join(lines[:3]))
        case "wrong-passphrase":
            office.write("passphrase", "another passphrase\n")
        case "codes-altered":
            data = bytearray((folder / "codes.sealed").read_bytes())
            data[-1] ^= 1
            (folder / "codes.sealed").write_bytes(bytes(data))
        case "key-for-codes":
            (folder / "codes.sealed").write_bytes((folder / "registrar.key").read_bytes())
        case "site":
            options = ["--site", "http://vote.example.org"]
        case "help-line":
            options = ["--help-line", "0236\n3333"]
    assert words in office.refused(*LETTERS, *options)


def _sealed_for(sealed: CodeBook, election: str, roll: str) -> bytes:
    from voting.code_book import seal_book  # noqa: PLC0415

    return seal_book(CodeBook(election, roll, sealed.lines), PASSPHRASE)


def _change_entry(bundle: Path, index: int, change: "object") -> None:
    """Another body at an entry, its leaf made to fit: what a lying server could hand out."""
    from protocol.leaf import Kind, make_leaf  # noqa: PLC0415

    bodies = (bundle / "bodies.jsonl").read_bytes().splitlines()
    leaves = (bundle / "board.jsonl").read_bytes().splitlines()
    record = json.loads(bodies[index])
    change(record)  # type: ignore[operator]
    bodies[index] = encode_canonical(record)
    leaf = json.loads(leaves[index])
    leaves[index] = make_leaf(Kind(leaf["kind"]), bodies[index], leaf["time"], None)
    (bundle / "bodies.jsonl").write_bytes(b"".join(line + b"\n" for line in bodies))
    (bundle / "board.jsonl").write_bytes(b"".join(line + b"\n" for line in leaves))


# replace

REPLACE = (
    *("registrar", "replace", "frozen", "--codes", "codes.sealed", "--key", "registrar.key"),
    *("--key-passphrase-file", "passphrase", "--reason", "Lost in the post.", *HELP, *PASS),
)
HOA = ("--voter", "bùi thị hoa", "--out", "revocation.json", "--letter", "letter.pdf")


def test_a_lost_letter_ends_the_old_code_and_the_new_one_votes(office: Desk) -> None:
    old = book(office).lines[0]
    out = office.do(*REPLACE, *HOA)
    new = book(office).lines[0]
    assert new.codes[0] == old.codes[0]
    assert new.code != old.code
    assert alias(new.public_key(office.election)) in out
    # The letter has the new code and says so; the file has neither code nor name.
    text = page_text((office.folder / "letter.pdf").read_bytes())
    assert new.code.written in text
    assert "replaces an earlier one" in text
    file = (office.folder / "revocation.json").read_text("utf-8")
    assert not any(word in file + out for word in (new.code.data, new.code.written, old.code.data, "Hoa"))
    # All others keep their codes.
    assert (
        book(office).lines[1:]
        == open_book((office.folder / "codes.sealed").read_bytes(), PASSPHRASE).lines[1:]
    )
    assert "The old code has ended" in office.do("election", "revoke", office.election, "revocation.json")
    assert "replaced already" in office.refused("election", "revoke", office.election, "revocation.json")


def test_a_code_can_be_replaced_twice_and_the_history_stays(office: Desk) -> None:
    office.do(*REPLACE, *HOA)
    office.do(*REPLACE, "--voter", "Bùi Thị Hoa", "--out", "second.json", "--letter", "second.pdf")
    line = book(office).lines[0]
    assert len(set(line.codes)) == 3
    assert len(line.replacements) == 2
    # The server takes them in their order only.
    assert "not on the voters' list" in office.refused("election", "revoke", office.election, "second.json")
    office.do("election", "revoke", office.election, "revocation.json")
    office.do("election", "revoke", office.election, "second.json")


def test_a_replacement_that_was_not_written_whole_is_written_again_not_made_again(office: Desk) -> None:
    office.do(*REPLACE, *HOA)
    file = (office.folder / "revocation.json").read_bytes()
    letter = (office.folder / "letter.pdf").read_bytes()
    kept = (office.folder / "codes.sealed").read_bytes()
    (office.folder / "revocation.json").unlink()
    (office.folder / "letter.pdf").unlink()
    office.do(*REPLACE, *HOA, "--again")
    assert (office.folder / "revocation.json").read_bytes() == file
    assert (office.folder / "letter.pdf").read_bytes() == letter
    assert (office.folder / "codes.sealed").read_bytes() == kept


def test_two_voters_of_one_name_are_told_apart(office: Desk) -> None:
    lam = ("--voter", "Võ Văn Lâm", "--out", "r.json", "--letter", "l.pdf")
    assert "2 voters have this name" in office.refused(*REPLACE, *lam)
    office.do(*REPLACE, *lam, "--identity", "a2")
    assert [len(line.codes) for line in book(office).lines] == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--voter", "Nobody", "--out", "r.json", "--letter", "l.pdf"), "no such voter"),
        (("--voter", "Trần Minh", "--out", "registrar.key", "--letter", "l.pdf"), "exists already"),
        (("--voter", "Trần Minh", "--out", "r.json", "--letter", "l.pdf", "--again"), "not replaced yet"),
        (
            ("--voter", "Trần Minh", "--out", "r.json", "--letter", "l.pdf", "--reason", "x" * 1001),
            "reason cannot",
        ),
    ],
)
def test_a_replacement_that_cannot_be_made_changes_nothing(
    office: Desk, arguments: tuple[str, ...], words: str
) -> None:
    assert words in office.refused(*REPLACE, *arguments)


def test_another_registrars_key_replaces_nothing(office: Desk) -> None:
    (office.folder / "registrar.key").unlink()
    office.do("registrar", "identity", "--name", "Somebody", "--out", "registrar.key", *PASS)
    assert "another registrar's key" in office.refused(*REPLACE, *HOA)


def test_a_kill_between_any_two_writings_loses_no_code(office: Desk) -> None:
    """The process ends without warning at every point where something is written; the book is always whole."""
    before = book(office)
    for point in range(1, 4):
        program = (
            "import os, cli.registrar_files as files\n"
            "real, count = files._write, [0]\n"
            "def write(*arguments):\n"
            "    count[0] += 1\n"
            f"    if count[0] == {point}: os._exit(9)\n"
            "    real(*arguments)\n"
            "files._write = write\n"
            f"{CHEAP_PROGRAM}"
        )
        names = ("--voter", "Bùi Thị Hoa", "--out", f"r{point}.json", "--letter", f"l{point}.pdf")
        ended = subprocess.run(
            [sys.executable, "-c", program, *REPLACE, *names],
            cwd=office.folder,
            env=clean_environment(),
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 9, ended.stderr
        after = book(office).lines[0]
        assert len(after.codes) == len(before.lines[0].codes) + (point > 1) + (point > 2)
        if point > 1:  # what is missing is written from the book
            again = (
                "--voter",
                "Bùi Thị Hoa",
                "--out",
                f"again{point}.json",
                "--letter",
                f"again{point}.pdf",
                "--again",
            )
            office.do(*REPLACE, *again)
            assert after.code.written in page_text((office.folder / f"again{point}.pdf").read_bytes())
    assert not list(office.folder.glob(".*.json*"))
    office.do("election", "revoke", office.election, "again2.json")
    office.do("election", "revoke", office.election, "again3.json")


# state


def test_the_numbers(office: Desk) -> None:
    office.do(*REPLACE, *HOA)
    shown = office.do("registrar", "state", "--codes", "codes.sealed", *PASS)
    for words in (
        "4 voters",
        "area north: 1",
        "area south: 3",
        "weight 1: 4",
        "e-mail address: 1",
        "replaced: 1",
    ):
        assert words in shown
    assert "Hoa" not in shown


def test_two_replacements_at_one_time_wait_for_each_other(office: Desk) -> None:
    names = [("--voter", "Bùi Thị Hoa"), ("--voter", "Trần Minh")]
    running = [
        subprocess.Popen(
            [*CHEAP_PSEPHOS, *REPLACE, *name, "--out", f"r{number}.json", "--letter", f"l{number}.pdf"],
            cwd=office.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number, name in enumerate(names)
    ]
    for process in running:
        assert process.wait(120) == 0, process.communicate()
        process.communicate()
    assert [len(line.codes) for line in book(office).lines] == [2, 2, 1, 1]
