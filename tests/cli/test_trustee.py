"""`psephos trustee`: from a signing key to opened sums, file by file."""

import json
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.output import ExitCode
from crypto.encoding import decode_base64url, encode_base64url
from protocol.canonical import encode_canonical
from protocol.leaf import Kind
from protocol.manifest import Manifest, NamedKey
from protocol.records import CLOCK, Freeze, PollsOpened
from protocol.roll import RollEntry, make_roll
from protocol.signed_body import decode_signed_body, read_freeze_signature, verify_signed_body
from protocol.terms import assemble_terms
from protocol.trustee_identity import read_identity
from tests.cli.conftest import Psephos
from tests.support.boards import MemoryBoard
from tests.support.bundles import write_bundle
from tests.support.elections import TestElection, make_election, make_manifest, voter_key
from tests.support.key_files import PASSPHRASE, open_trustee
from trustee.diary import Diary, diary_path
from trustee.key_file import open_key, seal_key, write_new_file

DONE, REFUSED, UNUSABLE = int(ExitCode.VERIFIED), int(ExitCode.REFUTED), int(ExitCode.UNUSABLE)


@dataclass
class Office:
    """Where the files of one election lie, and its board."""

    folder: Path
    board: MemoryBoard = field(init=False)
    bundles: int = 0

    def bundle(self) -> Path:
        """The public record as it is now."""
        self.bundles += 1
        return write_bundle(self.board, self.folder / f"bundle-{self.bundles}")

    def append(self, file: Path) -> None:
        """What the office does with a trustee's file."""
        signed = decode_signed_body(file.read_bytes())
        verify_signed_body(self.board.election.terms, signed)
        self.board.append(signed.kind, signed.body, signed.signature)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the passphrase of all trustees."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


def past_manifest(count: int, **fields: object) -> Manifest:
    """The usual manifest of an election long ago: the command's own clock is always late enough to open."""
    manifest = make_manifest(trustees=count)
    data = {name: getattr(manifest, name) for name in Manifest.__struct_fields__}
    past = {"opens_at": "2020-01-01T00:00:00Z", "closes_at": "2020-02-01T00:00:00Z"}
    return Manifest(**data | past | fields)


LONG_AGO = datetime(2020, 1, 15, tzinfo=UTC)


def test_one_returning_officer_from_the_first_file_to_the_result(
    psephos: Psephos, tmp_path: Path, secret: Path
) -> None:
    # The signing key first: the manifest names it.
    own = tmp_path / "lan.id"
    code, out, _ = psephos(
        "trustee", "identity", "--name", "Nguyễn Thị Lan", "--out", own, "--passphrase-file", secret
    )
    assert code == DONE
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    public_key = out.split('key = "')[1].split('"')[0]
    handed_in = read_identity((tmp_path / "lan.public.json").read_bytes())
    assert (handed_in.name, encode_base64url(handed_in.key)) == ("Nguyễn Thị Lan", public_key)
    manifest = past_manifest(1, trustees=(NamedKey(key=public_key, name="Nguyễn Thị Lan"),))

    # The ceremony of one.
    terms = tmp_path / "terms"
    terms.mkdir()
    (terms / "manifest.json").write_bytes(encode_canonical(manifest) + b"\n")
    arguments = ("trustee", "keys", terms, own, "--out", tmp_path / "keys", "--passphrase-file", secret)
    code, out, _ = psephos(*arguments)
    assert code == DONE, out
    key = tmp_path / "keys" / "trustee-1.key"
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [key.name, f"{key.name}.diary"]
    assert psephos(*arguments)[0] == UNUSABLE  # made once

    code, out, _ = psephos("trustee", "check", key, "--terms", terms, "--passphrase-file", secret)
    assert (code, "Rehearsed: 7 openings" in out) == (DONE, True)

    # Freeze.
    roll = make_roll(
        manifest.election,
        ((voter_key(i).public_key, RollEntry(weight=1, area="all")) for i in (1, 2, 3)),
    )
    (terms / "roll.json").write_bytes(roll)
    frozen = tmp_path / "freeze"
    code, out, _ = psephos(
        "trustee", "sign-freeze", terms, "--key", key, "--out", frozen, "--passphrase-file", secret
    )
    assert code == DONE, out
    bodies = (encode_canonical(manifest), (terms / "ceremony.json").read_bytes()[:-1], roll)
    found, roll_read = assemble_terms(*bodies)
    assert f"Fingerprint  {found.fingerprint_code}" in out
    number, signature = read_freeze_signature(found, frozen.read_bytes())
    assert number == 1

    # Vote, close, aggregate: the office's work.
    office = Office(tmp_path)
    office.board = MemoryBoard(TestElection(*bodies, found, roll_read, ()), now=LONG_AGO)
    common = {"election": found.election, "fingerprint": found.fingerprint_text}
    freeze = Freeze(**common, format="psephos/freeze/v1", signatures=(encode_base64url(signature),))
    for kind, body in zip((Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL), bodies, strict=True):
        office.board.append(kind, body)
    office.board.append(Kind.FREEZE, encode_canonical(freeze))
    opened = PollsOpened(**common, by=CLOCK, format="psephos/polls-opened/v1")
    office.board.append(Kind.POLLS_OPENED, encode_canonical(opened))
    for voter in (1, 2):
        office.board.cast(voter, [[0, 1, 0, 0]])
    with_key = ("--key", key, "--passphrase-file", secret, "--out")
    code, out, _ = psephos("trustee", "state", office.bundle(), *with_key, tmp_path / "early")
    assert (code, "not closed" in out) == (REFUSED, True)
    office.board.close()
    office.board.aggregate()

    # State, then open.
    closed = office.bundle()
    code, out, _ = psephos("trustee", "open", closed, *with_key, tmp_path / "opening")
    assert (code, "Sign the closing first" in out) == (REFUSED, True)
    assert not (tmp_path / "opening").exists()
    code, out, _ = psephos("trustee", "state", closed, *with_key, tmp_path / "statement")
    assert (code, "The board verifies." in out) == (DONE, True)
    assert "Official Test closed early: The test has seen enough." in out
    assert "! The polls were closed before the time that was announced." in out
    office.append(tmp_path / "statement")
    code, out, _ = psephos("trustee", "open", office.bundle(), *with_key, tmp_path / "opening")
    assert code == DONE, out
    assert "Official Test closed early" in out
    office.append(tmp_path / "opening")
    answer = json.loads((tmp_path / "opening").read_bytes())["body"]["openings"][0]["x"]
    x = int.from_bytes(decode_base64url(answer, manifest.size.n_bytes), "big")
    office.board.publish({1: [x]})
    code, out, _ = psephos("verify", office.bundle(), "--json")
    assert code == DONE, out
    assert json.loads(out)["result"] == {"q1": {"a1": 0, "a2": 2, "a3": 0, "blank": 0}}


@pytest.fixture
def three(tmp_path: Path) -> Office:
    """Two of three trustees with key files, a closed board."""
    office = Office(tmp_path)
    office.board = MemoryBoard(make_election(past_manifest(3)), now=LONG_AGO).start()
    office.board.cast(1, [[1, 0, 0, 0]])
    office.board.close()
    office.board.aggregate()
    for number in (1, 2):
        path = tmp_path / f"{number}.key"
        key = open_trustee(office.board.election, number)
        write_new_file(path, seal_key(key, PASSPHRASE))
        assert key.place is not None
        Diary.create(diary_path(path), key.place)
    return office


def test_two_open_when_the_third_is_gone_after_the_published_act(
    psephos: Psephos, three: Office, secret: Path
) -> None:
    def act(verb: str, number: int, *more: str) -> tuple[int, str, Path]:
        out = three.folder / f"{verb}-{number}-{three.bundles}"
        code, text, _ = psephos(
            "trustee",
            verb,
            three.bundle(),
            "--key",
            three.folder / f"{number}.key",
            "--out",
            out,
            "--passphrase-file",
            secret,
            *more,
        )
        return code, text, out

    for number in (1, 2):
        code, _, file = act("state", number)
        assert code == DONE
        three.append(file)
    code, text, _ = act("open", 1)
    assert (code, "2 identical closing statements stand on the board; 3 must" in text) == (REFUSED, True)
    three.board.lower_quorum()
    code, text, _ = act("open", 1)
    assert (code, "Ask trustee 3 (Trustee 3) yourself" in text) == (REFUSED, True)
    for number in (1, 2):
        code, _, file = act("open", number, "--accept-act")
        assert code == DONE
        three.append(file)
    report = three.board.verify().report
    assert report.ok
    assert "statement-quorum-lowered" in report.warnings


def test_a_second_board_is_refused_with_both_statements(
    psephos: Psephos, three: Office, secret: Path
) -> None:
    arguments = ("--key", three.folder / "1.key", "--passphrase-file", secret, "--out")
    assert psephos("trustee", "state", three.bundle(), *arguments, three.folder / "first")[0] == DONE
    other = MemoryBoard(three.board.election, now=LONG_AGO).start()
    other.cast(2, [[0, 1, 0, 0]])
    other.close()
    other.aggregate()
    three.board = other
    code, out, _ = psephos("trustee", "state", three.bundle(), *arguments, three.folder / "second")
    assert code == REFUSED
    assert out.count('"format":"psephos/closing-statement/v1"') == 2
    assert not (three.folder / "second").exists()


def test_files_that_cannot_be_used_are_named(psephos: Psephos, three: Office, secret: Path) -> None:
    bundle = three.bundle()
    wrong = three.folder / "wrong"
    wrong.write_text("twelve other words\n")
    out = three.folder / "out"
    key = three.folder / "1.key"
    for key_file, passphrase, output, words in (
        (three.folder / "nowhere", secret, out, "cannot be read"),
        (secret, secret, out, "not a whole key file"),
        (key, wrong, out, "This passphrase does not open"),
        (key, three.folder / "nowhere", out, "cannot be read"),
        (key, secret, key, "is not overwritten"),
    ):
        code, text, err = psephos(
            "trustee",
            "state",
            bundle,
            "--key",
            key_file,
            "--passphrase-file",
            passphrase,
            "--out",
            output,
        )
        assert (code, text) == (UNUSABLE, "")
        assert words in err
        assert "Traceback" not in err
    code, _, err = psephos(
        "trustee",
        "state",
        three.folder / "no-bundle",
        "--key",
        key,
        "--passphrase-file",
        secret,
        "--out",
        out,
    )
    assert (code, "cannot be read" in err) == (UNUSABLE, True)
    assert not out.exists()


def test_a_key_file_without_its_diary_is_refused(psephos: Psephos, three: Office, secret: Path) -> None:
    key = three.folder / "1.key"
    diary_path(key).unlink()
    code, out, _ = psephos(
        "trustee",
        "state",
        three.bundle(),
        "--key",
        key,
        "--passphrase-file",
        secret,
        "--out",
        three.folder / "out",
    )
    assert (code, "must lie beside it" in out) == (REFUSED, True)


def test_the_passphrase_is_asked_for_twice_when_it_is_new(
    psephos: Psephos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([PASSPHRASE, PASSPHRASE, PASSPHRASE])
    monkeypatch.setattr("typer._click.termui.hidden_prompt_func", lambda _prompt: next(answers))
    own = tmp_path / "lan.id"
    assert psephos("trustee", "identity", "--name", "Lan", "--out", own)[0] == DONE
    code, out, _ = psephos("trustee", "check", own)
    assert (code, "holds no share yet" in out) == (DONE, True)
    assert next(answers, None) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["identity", "--name", "", "--out", "{0}/id", "--passphrase-file", "{0}/passphrase"], "name"),
        (["identity", "--name", "L", "--out", "{0}/id", "--passphrase-file", "{0}/short"], "12 characters"),
        (["identity", "--name", "L", "--out", "{0}/no/id", "--passphrase-file", "{0}/passphrase"], "written"),
        (["keys", "{0}", "{0}/id", "--out", "{0}/keys"], "manifest.json cannot be read"),
    ],
)
def test_unusable_input_is_told_and_nothing_is_written(
    psephos: Psephos, tmp_path: Path, secret: Path, arguments: list[str], words: str
) -> None:
    (tmp_path / "short").write_text("too short\n")
    code, _, err = psephos("trustee", *(argument.format(tmp_path) for argument in arguments))
    assert (code, words in err) == (UNUSABLE, True), err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passphrase", "short"]


def test_a_ceremony_needs_exactly_the_trustees_of_the_manifest(
    psephos: Psephos, tmp_path: Path, secret: Path
) -> None:
    terms = tmp_path / "terms"
    terms.mkdir()
    manifest = make_manifest()  # names `trustee_key(1)`
    (terms / "manifest.json").write_bytes(encode_canonical(manifest))
    own = tmp_path / "lan.id"
    psephos("trustee", "identity", "--name", "Lan", "--out", own, "--passphrase-file", secret)
    arguments = ("trustee", "keys", terms, own, "--out", tmp_path / "keys", "--passphrase-file", secret)
    code, _, err = psephos(*arguments)
    assert (code, "of these trustees are not here: Trustee 1" in err) == (UNUSABLE, True)
    apart = past_manifest(3, ceremony="separate-machines")
    (terms / "manifest.json").write_bytes(encode_canonical(apart))
    code, _, err = psephos(*arguments)
    assert (code, "separate machines" in err) == (UNUSABLE, True)
    assert not (tmp_path / "keys").exists()


@pytest.mark.slow
def test_three_trustees_make_a_key_at_one_machine(psephos: Psephos, tmp_path: Path, secret: Path) -> None:
    terms = tmp_path / "terms"
    terms.mkdir()
    named, files = [], []
    for number in (1, 2, 3):
        file = tmp_path / f"{number}.id"
        psephos("trustee", "identity", "--name", f"T{number}", "--out", file, "--passphrase-file", secret)
        key = open_key(file.read_bytes(), PASSPHRASE)
        named.append(NamedKey(key=encode_base64url(key.public_key), name=key.name))
        files.append(file)
    (terms / "manifest.json").write_bytes(encode_canonical(past_manifest(3, trustees=tuple(named))))
    # In any order: the manifest says who is who.
    code, out, _ = psephos(
        "trustee", "keys", terms, *reversed(files), "--out", tmp_path / "keys", "--passphrase-file", secret
    )
    assert code == DONE, out
    for number in (1, 2, 3):
        key_file = tmp_path / "keys" / f"trustee-{number}.key"
        code, out, _ = psephos("trustee", "check", key_file, "--terms", terms, "--passphrase-file", secret)
        assert (code, "Rehearsed: 7 openings" in out, f"It is T{number}'s" in out) == (DONE, True, True)
