"""`psephos election`: whole elections by commands alone, and what is refused at each step."""

import json
import stat
from pathlib import Path

import pytest

from tally.aggregation import aggregate
from tests.cli.desk import (
    CLOSE_EARLY,
    DONE,
    PASSPHRASE,
    REFUTED,
    Desk,
    draft,
    free_port,
    freeze_signatures,
    prepare,
    serving,
    sign,
    with_test_key,
)
from voting.office import Office


def hold(desk: Desk) -> dict[str, int]:
    """From the frozen election to the result with trustees 1 and 2 (trustee 3 is gone); the totals."""
    election = desk.election
    assert "entry 4 of the board" in desk.do("election", "open", election)
    with serving(desk):
        first = ("vote", desk.api, "--fingerprint", fingerprint(desk), "--code-file", desk.code_file(0))
        out = desk.do(*first, "--receipt", "r0.json", typed=["2", "n", "y"])
        (test_file,) = desk.folder.glob("psephos-test-*.json")
        assert "entry 5 of the board" in out  # the tested ballot
        assert "Your vote is in the urn." in out
        second = ("vote", desk.api, "--code-file", desk.code_file(1), "--receipt", "r1.json")
        assert "Your vote is in the urn." in desk.do(*second, typed=["blank", "y"])
        assert "VERIFIED" in desk.do("check-challenge", test_file, "--url", desk.api)
    assert "Lane B" in desk.do("check-challenge", test_file, "--bundle", bundle(desk, "open"))
    assert "closed (entry 8" in desk.do("election", "close", election, *CLOSE_EARLY, "--yes")
    assert "multiplied (entry 9" in desk.do("election", "tally", election)
    trustees = len(desk.manifest.trustees)
    present = [1] if trustees == 1 else [1, 2]
    for number in present:
        assert sign(desk, "state", number, f"state-{number}").code == DONE
    desk.do("election", "tally", election, *(f"state-{number}" for number in present))
    if trustees == 3:
        early = sign(desk, "open", 1, "early")
        assert (early.code, "3 must precede an opening" in early.out) == (REFUTED, True), early
        assert not (desk.folder / "early").exists()
        assert "published" not in desk.do("election", "list")
        desk.do("election", "act", election, "--name", "Ngô Thị Sáu", "--reason", "Trustee 3 is ill.")
        alone = sign(desk, "open", 1, "unasked")
        assert (alone.code, "open with --accept-act" in alone.out) == (REFUTED, True), alone
    accepting = ["--accept-act"] if trustees == 3 else []
    for number in present:
        assert sign(desk, "open", number, f"open-{number}", *accepting).code == DONE
    desk.do("election", "tally", election, *(f"open-{number}" for number in present))
    out = desk.do("election", "publish", election)
    assert f"{election}  published" in desk.do("election", "list")
    return {line.split()[1]: int(line.split()[0]) for line in out.splitlines() if line.startswith(" ")}


def fingerprint(desk: Desk) -> str:
    """As `election freeze` printed it for the letters."""
    return (desk.folder / "fingerprint").read_text().strip()


def freeze(desk: Desk) -> None:
    out = desk.do("election", "freeze", "terms", *freeze_signatures(desk))
    desk.write("fingerprint", out.split("letters: ")[1])


def bundle(desk: Desk, name: str) -> str:
    """A fresh bundle in a folder of this name."""
    desk.do("election", "bundle", desk.election, "--out", name)
    return name


def verify(desk: Desk) -> dict[str, object]:
    """The verdict of an auditor with a letter and a checkpoint from the time when the polls were open."""
    desk.write("kept", (desk.folder / "open" / "checkpoint").read_text())
    arguments = ("--fingerprint", fingerprint(desk), "--checkpoint", "kept", "--json")
    answer: dict[str, object] = json.loads(desk.do("verify", bundle(desk, "last"), *arguments))
    return answer


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Three trustees, a draft that is ready to be frozen; not to be changed."""
    desk = Desk(tmp_path_factory.mktemp("prepared"))
    with with_test_key():
        draft(desk)
        prepare(desk)
    return desk


@pytest.fixture
def desk(prepared: Desk, tmp_path: Path) -> Desk:
    """A copy of `prepared` for one test."""
    return prepared.copy(tmp_path / "desk", free_port())


@pytest.fixture(scope="module")
def opened(prepared: Desk, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The same, with the polls open; not to be changed."""
    desk = prepared.copy(tmp_path_factory.mktemp("opened"))
    freeze(desk)
    desk.do("election", "open", desk.election)
    return desk


@pytest.fixture
def open_desk(opened: Desk, tmp_path: Path) -> Desk:
    """A copy of `opened` for one test."""
    return opened.copy(tmp_path / "desk")


def test_three_trustees_of_whom_one_is_gone(desk: Desk) -> None:
    freeze(desk)
    assert hold(desk) == {"a": 0, "b": 1, "blank": 1}
    answer = verify(desk)
    assert (answer["ok"], answer["state"]) == (True, "published")
    assert answer["result"] == {"lane": {"a": 0, "b": 1, "blank": 1}}
    assert {"statement-quorum-lowered", "one-machine-ceremony", "closed-early"} <= set(answer["warnings"])  # type: ignore[call-overload]


def test_one_returning_officer(tmp_path: Path) -> None:
    desk = Desk(tmp_path, free_port())
    draft(desk, 1)
    prepare(desk)
    freeze(desk)
    assert hold(desk) == {"a": 0, "b": 1, "blank": 1}
    answer = verify(desk)
    assert (answer["ok"], answer["result"]) == (True, {"lane": {"a": 0, "b": 1, "blank": 1}})
    assert "single-trustee" in answer["warnings"]  # type: ignore[operator]


@pytest.mark.slow
def test_three_trustees_with_a_key_of_their_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path, free_port())
    draft(desk)
    prepare(desk)
    freeze(desk)
    assert hold(desk) == {"a": 0, "b": 1, "blank": 1}
    assert verify(desk)["ok"] is True


# What is refused. `Desk.refused` holds that exit code and sentence are right and no file or row has changed.


def test_a_file_that_is_wrong_leaves_neither_keys_nor_draft_nor_folder(desk: Desk) -> None:
    good = (desk.folder / "election.toml").read_text()
    for name, changed, words in (
        ("bits", good.replace("bits = 2048", "bits = 1024"), "bits"),
        ("field", good + 'colour = "red"\n', "unknown field `colour`"),
        ("set", good + 'log_key = "AAAA"\n', "log_key is set by the server"),
        ("witness", good + 'witnesses = [{ name = "w", key = "AAAA" }]\n', "name no witnesses"),
        ("syntax", good + "= 1\n", "not a TOML file"),
        ("latin", None, "not a TOML file"),
    ):
        path = desk.folder / f"{name}.toml"
        path.write_bytes(b'title = "Ph\xe9"' if changed is None else changed.encode())
        assert words in desk.refused("election", "create", path, "--terms", "new-terms")
    assert "cannot be read" in desk.refused("election", "create", "nowhere.toml", "--terms", "new-terms")
    assert desk.election in desk.do("election", "list")
    assert len(desk.do("election", "list").splitlines()) == 1
    desk.do("election", "create", "election.toml", "--terms", "new-terms")  # the control
    assert len(desk.do("election", "list").splitlines()) == 2


def test_a_folder_that_stands_is_not_written_into(desk: Desk) -> None:
    assert "File exists" in desk.refused("election", "create", "election.toml", "--terms", "terms")
    assert "cannot be made" in desk.refused(
        "election", "create", "election.toml", "--terms", "codes.sealed/x"
    )


def test_a_second_draft_of_the_same_file_is_another_election(desk: Desk) -> None:
    desk.do("election", "create", "election.toml", "--terms", "again")
    # Signatures, key and roll of one do not freeze the other.
    for name in ("ceremony.json", "roll.json"):
        (desk.folder / "again" / name).write_bytes((desk.folder / "terms" / name).read_bytes())
    sentence = desk.refused("election", "freeze", "again", *freeze_signatures(desk))
    assert "belongs to another election" in sentence


def test_freezing_takes_one_right_signature_of_each_trustee(desk: Desk) -> None:
    good = freeze_signatures(desk)
    assert "missing: 3" in desk.refused("election", "freeze", "terms", *good[:2])
    assert "missing: 2, 3" in desk.refused("election", "freeze", "terms", good[0])
    assert "same trustee" in desk.refused("election", "freeze", "terms", *good[:2], good[1])
    assert "same trustee" in desk.refused("election", "freeze", "terms", *good, good[0])
    assert "cannot be read" in desk.refused("election", "freeze", "terms", *good[:2], "nowhere")
    assert "cannot be read" in desk.refused("election", "freeze", "terms", *good[:2], "voters.csv")
    third = (desk.folder / good[2]).read_text()
    for name, changed, words in (
        ("stranger", third.replace('"trustee":3', '"trustee":4'), "There is no trustee 4"),
        ("spaces", third.replace(",", ", "), "not canonical"),
        (
            "other",
            (desk.folder / good[1]).read_text().replace('"trustee":2', '"trustee":3'),
            "Trustee 3 did not",
        ),
    ):
        desk.write(name, changed)
        assert words in desk.refused("election", "freeze", "terms", *good[:2], name)
    freeze(desk)  # the control; in any order, and only once
    assert "Only a draft" in desk.refused("election", "freeze", "terms", *reversed(good))


def test_a_signature_counts_for_the_terms_that_were_signed_alone(desk: Desk) -> None:
    # The registrar makes another roll after the trustees signed.
    (desk.folder / "terms" / "roll.json").unlink()
    desk.do(
        "registrar",
        "make",
        "terms",
        "voters.csv",
        "--codes",
        "other.sealed",
        "--passphrase-file",
        "passphrase",
    )
    sentence = desk.refused("election", "freeze", "terms", *freeze_signatures(desk))
    assert "Trustee 1 did not sign this fingerprint" in sentence


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("manifest.json", '"bits":2048', '"bits":3072', "Expected 384 bytes"),
        ("manifest.json", '"revoting":true', '"revoting":false', "did not sign this fingerprint"),
        ("manifest.json", '"revoting":true', '"revoting": true', "not canonical"),
        ("ceremony.json", '"election":"', '"election":"x', "cannot be read"),
        ("ceremony.json", '"f0":"', '"f0":"B', "Expected 256 bytes"),
        ("ceremony.json", '"threshold":2', '"threshold":1', "need a threshold of 2"),
        ("roll.json", '"weight":1}', '"weight":0}', "weight"),
        ("roll.json", '"area":"north"', '"area":"nowhere"', "no area 'nowhere'"),
    ],
)
def test_terms_that_differ_are_not_frozen(desk: Desk, name: str, old: str, new: str, words: str) -> None:
    path, signatures = desk.folder / "terms" / name, freeze_signatures(desk)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert words in desk.refused("election", "freeze", "terms", *signatures)
    path.unlink()
    assert f"{name} cannot be read" in desk.refused("election", "freeze", "terms", *signatures)


@pytest.mark.parametrize(
    "arguments",
    [
        ["open", "{id}"],
        ["close", "{id}", "--yes"],
        ["tally", "{id}"],
        ["act", "{id}", "--name", "A", "--reason", "B"],
        ["publish", "{id}"],
        ["bundle", "{id}", "--out", "out"],
    ],
)
def test_a_draft_can_only_be_frozen(desk: Desk, arguments: list[str]) -> None:
    sentence = desk.refused("election", *(argument.format(id=desk.election) for argument in arguments))
    assert "being prepared" in sentence or "state" in sentence or "frozen" in sentence
    # An id that nobody has, and one that is none.
    for strange in ("0" * 32, "nothing"):
        sentence = desk.refused("election", *(argument.format(id=strange) for argument in arguments))
        assert "no election with this id" in sentence


def test_steps_out_of_turn_while_the_polls_are_open(open_desk: Desk) -> None:
    desk, election = open_desk, open_desk.election
    assert "Only a frozen election" in desk.refused("election", "open", election)
    assert "Only a closed election" in desk.refused("election", "tally", election)
    assert "not closed" in desk.refused("election", "publish", election)
    assert "not closed" in desk.refused("election", "act", election, "--name", "A", "--reason", "B")
    # Closing asks; anything but yes leaves the polls open.
    ended = desk("election", "close", election, typed=["n"])
    assert (ended.code, ended.out.strip()) == (2, "")
    assert "were not closed" in ended.err
    ended = desk("election", "close", election)
    assert (ended.code, ended.out.strip()) == (2, "")
    assert f"{election}  open" in desk.do("election", "list")
    # Before its time only with a name and a reason.
    for some in ((), CLOSE_EARLY[:2], CLOSE_EARLY[2:]):
        assert "cannot be closed like this" in desk.refused("election", "close", election, *some, "--yes")
    assert "closed (entry 5" in desk.do("election", "close", election, *CLOSE_EARLY, typed=["y"])
    assert "Only open polls can be closed" in desk.refused("election", "close", election, "--yes")
    assert "not closed and aggregated" in desk.refused("election", "publish", election)


def test_a_server_that_multiplies_first_does_not_stop_the_tally(
    open_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its clock does it as soon as the polls are closed, perhaps after the command has looked."""
    desk, election = open_desk, open_desk.election
    desk.do("election", "close", election, *CLOSE_EARLY, typed=["y"])

    def after_the_server(office: Office, election_id: str) -> int:
        aggregate(office, election_id)
        return aggregate(office, election_id)

    monkeypatch.setattr("cli.election.aggregate", after_the_server)
    assert desk.do("election", "tally", election) == ""
    assert f"{election}  closed" in desk.do("election", "list")


def test_the_polls_do_not_open_before_their_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    draft(desk, 1, opens_at="2099-01-01T00:00:00Z", closes_at="2099-01-02T00:00:00Z")
    prepare(desk)
    freeze(desk)
    assert "opens this election at 2099-01-01T00:00:00Z" in desk.refused("election", "open", desk.election)


def test_what_trustees_hand_in_is_read_before_anything_is_used(open_desk: Desk) -> None:
    desk, election = open_desk, open_desk.election
    desk.do("election", "close", election, *CLOSE_EARLY, "--yes")
    assert "cannot be read" in desk.refused("election", "tally", election, "voters.csv")
    desk.do("election", "tally", election)
    for number in (1, 2, 3):
        assert sign(desk, "state", number, f"state-{number}").code == DONE
    # One bad file among good ones: none of them is used.
    assert "cannot be read" in desk.refused("election", "tally", election, "state-1", "freeze-2")
    first = (desk.folder / "state-1").read_text()
    for name, changed, words in (
        ("as-2", first.replace('"trustee":1', '"trustee":2'), "signature"),
        ("shorter", first.replace('"checkpoint_size":6', '"checkpoint_size":5'), "closing"),
    ):
        assert changed != first
        desk.write(name, changed)
        sentence = desk.refused("election", "tally", election, name)
        assert words in sentence.lower()
    desk.do("election", "tally", election, "state-1")
    assert "on the board already" in desk.refused("election", "tally", election, "state-1")
    assert "cannot be published" in desk.refused("election", "act", election, "--name", "", "--reason", "B")
    desk.do("election", "act", election, "--name", "A", "--reason", "B")
    assert "already" in desk.refused("election", "act", election, "--name", "A", "--reason", "B")


def test_a_bundle_goes_into_a_new_folder(open_desk: Desk) -> None:
    desk = open_desk
    assert "exists already" in desk.refused("election", "bundle", desk.election, "--out", "terms")
    assert "cannot be written" in desk.refused(
        "election", "bundle", desk.election, "--out", "codes.sealed/out"
    )
    assert sorted(path.name for path in (desk.folder / bundle(desk, "out")).iterdir()) == [
        "board.jsonl",
        "bodies.jsonl",
        "checkpoint",
        "key.json",
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PSEPHOS_DATABASE_URL": "mysql://root:geheim@host/db"}, "not supported"),
        ({"PSEPHOS_DATABASE_URL": "sqlite:////nowhere/at/all.sqlite"}, "cannot be opened"),
        ({"PSEPHOS_SECRETS": "voters.csv/secrets"}, "PSEPHOS_SECRETS"),
        ({"PSEPHOS_DATABSE_URL": "sqlite:///x"}, "not a setting of Psephos"),
        ({"PSEPHOS_BASE_URL": "http://vote.example.org"}, "must begin with https://"),
    ],
)
def test_settings_that_cannot_be_used(desk: Desk, settings: dict[str, str], words: str) -> None:
    sentence = desk.refused("election", "list", **settings)
    assert words in sentence
    assert "geheim" not in sentence


def test_a_folder_of_secrets_that_others_can_read_is_refused(desk: Desk) -> None:
    (desk.folder / "secrets").chmod(0o750)
    assert "chmod 700" in desk.refused("election", "list")
    (desk.folder / "secrets").chmod(0o700)
    desk.do("election", "list")


def test_secrets_stay_where_they_belong(prepared: Desk) -> None:
    """The server's folder holds no code and no share; nobody but the owner reads a secret file."""
    secret = [*(prepared.folder / "secrets").iterdir(), *(prepared.folder / "keys").iterdir()]
    secret += [prepared.folder / name for name in ("codes.sealed", "1.id", "2.id", "3.id")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    codes = [code.encode() for code in prepared.codes()]
    for name, data in prepared.everything().items():
        assert not any(code in data for code in codes), name
        assert PASSPHRASE.encode() not in data or name == "passphrase", name
