"""`psephos vote`: a voter at a terminal, at a real server, and at servers that do not tell the truth."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import encode_base64url
from crypto.voting_code import make_voting_code
from protocol.receipt import decode_receipt
from tests.cli.desk import (
    CLOSE_EARLY,
    DONE,
    REFUTED,
    UNUSABLE,
    VOTERS,
    Answer,
    Desk,
    Ended,
    draft,
    free_port,
    freeze_signatures,
    prepare,
    serving,
    standing_between,
)

ANSWERS = ("1", "y")

# The first voters have names. A ballot that arrives is cast by one who has not voted: the door is slow with those who
# vote all the time.
FRESH = 3
fresh = itertools.count(FRESH)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An open election with one trustee, and its server."""
    made = Desk(tmp_path_factory.mktemp("desk"), free_port())
    draft(made, 1)
    prepare(made, VOTERS + "".join(f"Voter {number},north,1\n" for number in range(FRESH, FRESH + 100)))
    out = made.do("election", "freeze", "terms", *freeze_signatures(made))
    made.write("fingerprint", out.split("letters: ")[1])
    made.do("election", "open", made.election)
    with serving(made):
        yield made


@pytest.fixture
def voter(desk: Desk, tmp_path: Path) -> Desk:
    """A voter's own folder at the same server."""
    (tmp_path / "terms").symlink_to(desk.folder / "terms")
    (tmp_path / "codes.sealed").symlink_to(desk.folder / "codes.sealed")
    return Desk(tmp_path, desk.port)


def entries(desk: Desk) -> int:
    """Length of the board."""
    note = desk.do("election", "bundle", desk.election, "--out", f"count-{os.urandom(4).hex()}")
    return len((desk.folder / note.split(": ")[1].strip() / "board.jsonl").read_bytes().splitlines())


def test_a_vote_and_another_one(desk: Desk, voter: Desk) -> None:
    before = entries(desk)
    code = voter.code_file(0)
    ended = voter("vote", desk.api, "--code-file", code, typed=["0", "2 1", "1", "y"])
    assert (ended.code, ended.err) == (DONE, ""), ended
    assert ended.out.count("Type numbers from 1 to 2, each once.") == 1
    assert "Compare the fingerprint with your letter." in ended.out
    assert desk.folder.joinpath("fingerprint").read_text().strip() in ended.out
    receipt = decode_receipt((voter.folder / "psephos-receipt.json").read_bytes())
    assert receipt.promise.index == before
    assert f"entry {before} of {before + 1}" in ended.out
    assert entries(desk) == before + 1
    again = voter("vote", desk.api, "--code-file", code, "--receipt", "second.json", typed=["blank", "y"])
    assert again.code == DONE
    assert "This will be ballot 2; the last one counts." in again.out
    # Neither the code nor what was chosen stands in what is kept.
    spoken = ended.out + ended.err + again.out
    assert voter.codes()[0] not in spoken
    for name in ("psephos-receipt.json", "second.json"):
        assert voter.codes()[0] not in (voter.folder / name).read_text()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "has 28 letters and digits; you typed 0"),
        ("{code}0", "you typed 29"),
        ("Â{code}", "Vietnamese letters. Switch it to English"),
        ("đđđ", "Vietnamese letters"),
        ("U{code}", "never contain “U”"),
        ("{code}" + "-" * 300, "has 28 letters"),
        ("{stranger}", "not on the voters' list"),
        ("{damaged}", "not as printed"),
    ],
)
def test_a_code_that_is_not_the_letter_s(desk: Desk, voter: Desk, typed: str, words: str) -> None:
    code, stranger = voter.codes()[1], make_voting_code().written
    damaged = ("0" if code[0] != "0" else "1") + code[1:]
    voter.write("code", typed.format(code=code, stranger=stranger, damaged=damaged))
    ended = vote_refused(voter, desk.api, "--code-file", "code", typed=ANSWERS)
    assert words in ended.err
    for secret in (code, stranger, damaged):
        assert secret not in ended.out + ended.err


def vote_refused(voter: Desk, *arguments: object, typed: tuple[str, ...] = ANSWERS) -> Ended:
    """`psephos vote` that must end with exit code 2, and nothing new in the voter's folder."""
    before = voter.everything()
    ended = voter("vote", *arguments, typed=typed)
    assert ended.code == UNUSABLE, ended
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err
    assert "Your vote is in the urn." not in ended.out
    assert voter.everything() == before
    return ended


def test_what_is_found_out_before_anything_is_asked(desk: Desk, voter: Desk) -> None:
    code = voter.code_file(1)
    voter.write("here.json", "{}")
    (voter.folder / "dangling").symlink_to("nowhere")
    for receipt, words in (
        ("here.json", "exists already"),
        ("dangling", "exists already"),
        ("no-folder/receipt", "cannot be written there"),
        ("here.json/receipt", "cannot be written there"),
    ):
        ended = vote_refused(voter, desk.api, "--code-file", code, "--receipt", receipt)
        assert (ended.out, words in ended.err) == ("", True)
    assert "begin with http" in vote_refused(voter, "localhost/x", "--code-file", code).err
    assert "begin with http" in vote_refused(voter, "file:///etc/passwd", "--code-file", code).err
    assert "25" in vote_refused(voter, desk.api, "--code-file", code, "--fingerprint", "short").err
    assert "cannot be read" in vote_refused(voter, desk.api, "--code-file", "nowhere").err
    voter.write("long", "0" * 2000)
    assert "longer than" in vote_refused(voter, desk.api, "--code-file", "long").err


def test_no_server_and_no_election(desk: Desk, voter: Desk) -> None:
    code = voter.code_file(1)
    nobody = f"http://localhost:{free_port()}/api/v1/elections/{desk.election}"
    assert "No answer came" in vote_refused(voter, nobody, "--code-file", code).err
    strange = desk.api[:-32] + "0" * 32
    assert "no election with this id" in vote_refused(voter, strange, "--code-file", code).err
    assert "Error: " in vote_refused(voter, f"{desk.api}/no\nthing", "--code-file", code).err


def test_another_fingerprint_than_the_letter_s(desk: Desk, voter: Desk) -> None:
    arguments = ("--code-file", voter.code_file(1), "--fingerprint", "00000-00000-00000-00000-00000")
    ended = voter("vote", desk.api, *arguments, typed=ANSWERS)
    assert (ended.code, ended.err) == (REFUTED, "")
    assert "Do not vote here: your letter shows 00000-00000-00000-00000-00000." in ended.out
    assert "Which?" not in ended.out


def test_a_question_that_is_not_answered_casts_nothing(desk: Desk, voter: Desk) -> None:
    before = entries(desk)
    for typed in ((), ("1",)):
        ended = voter("vote", desk.api, "--code-file", voter.code_file(1), typed=typed)
        assert (ended.code, "not answered" in ended.err) == (UNUSABLE, True), ended
    assert "You have not voted yet." in ended.out
    assert not (voter.folder / "psephos-receipt.json").exists()
    assert entries(desk) == before


def test_a_closed_election_takes_no_ballot_and_asks_for_none(desk: Desk, tmp_path: Path) -> None:
    closed = desk.copy(tmp_path / "closed", free_port())
    closed.do("election", "close", closed.election, *CLOSE_EARLY, "--yes")
    with serving(closed, "--no-jobs"):  # so that nothing changes but by the voter
        ended = vote_refused(closed, closed.api, "--code-file", closed.code_file(1))
        assert "Voting is closed." in ended.err
        assert "Which?" not in ended.out

        # A server that says it were open, up to the door.
        def lie(_method: str, path: str, answer: Answer) -> Answer:
            return (200, answer[1].replace(b'"closed"', b'"open"')) if "credentials" in path else answer

        with standing_between(closed, lie) as address:
            ended = vote_refused(closed, address, "--code-file", closed.code_file(1))
        assert "Your vote is not in the urn." in ended.out
        assert "Voting is closed." in ended.err


# Servers that lie. Each changes one answer of the real one.


def changed(part: str, change: Callable[[dict[str, Any]], object], method: str = "GET") -> Any:
    """A twist that changes the JSON object of the answers below `part`."""

    def twist(asked: str, path: str, answer: Answer) -> Answer:
        if asked != method or part not in path:
            return answer
        found = json.loads(answer[1])
        given = change(found)
        text = json.dumps(found if given is None else given, separators=(",", ":"), ensure_ascii=False)
        return answer[0], text.encode("utf-8", "backslashreplace")  # the second for half a character

    return twist


def instead(part: str, status: int, body: bytes, method: str = "GET") -> Any:
    """A twist that gives another answer altogether, after the real server has done what was asked."""
    return lambda asked, path, answer: (status, body) if asked == method and part in path else answer


LONG = b'{"x":"' + b"0" * 2_000_000 + b'"}'


@pytest.mark.parametrize(
    ("twist", "words"),
    [
        (instead("/terms", 200, b"<html>"), "terms do not hold"),
        (instead("/terms", 200, b" " * 40_000_000), "longer than"),
        (instead("/terms", 200, b"[" * 100_000), "terms do not hold"),
        (changed("/terms", lambda it: it.update(total_weight=0)), "terms do not hold"),
        (changed("/terms", lambda it: it.update(fingerprint="A" * 43)), "fingerprint"),
        (changed("/terms", lambda it: it["manifest"].update(revoting=False)), "fingerprint"),
        (changed("/terms", lambda it: it["freeze"].update(signatures=["A" * 86])), "did not sign"),
        (instead("/credentials", 200, b"<html>"), "not a JSON object"),
        (instead("/credentials", 200, b"[1]"), "not a JSON object"),
        (instead("/credentials", 200, b"[" * 100_000), "not a JSON object"),
        (instead("/credentials", 200, LONG), "longer than 1000000 bytes"),
        (changed("/credentials", lambda it: it.update(next_sequence=True)), "number of your next ballot"),
        (changed("/credentials", lambda it: it.update(next_sequence=0)), "number of your next ballot"),
        (changed("/credentials", lambda it: it.update(next_sequence=2**32)), "number of your next ballot"),
        (changed("/credentials", lambda it: it.update(next_sequence="1")), "number of your next ballot"),
        (changed("/credentials", lambda it: it.clear()), "number of your next ballot"),
    ],
)
def test_answers_that_do_not_hold_before_the_vote(desk: Desk, voter: Desk, twist: Any, words: str) -> None:
    before = entries(desk)
    with standing_between(desk, twist) as address:
        ended = voter("vote", address, "--code-file", voter.code_file(1), typed=ANSWERS)
    assert ended.code == REFUTED, ended
    assert "not hold" in ended.out
    assert words in ended.out
    assert "Which?" not in ended.out
    assert ended.err == ""
    assert entries(desk) == before


def other_signature(promise: dict[str, Any]) -> None:
    first = promise["signature"][0]
    promise["signature"] = ("A" if first != "A" else "B") + promise["signature"][1:]


@pytest.mark.parametrize(
    ("twist", "words"),
    [
        (instead("/ballots", 201, b"<html>", "POST"), "not a JSON object"),
        (instead("/ballots", 201, LONG, "POST"), "longer than 1000000 bytes"),
        (instead("/ballots", 201, b"{}", "POST"), "cannot be read"),
        (changed("/ballots", lambda it: other_signature(it["promise"]), "POST"), "signature"),
        (changed("/ballots", lambda it: it["promise"].update(index=0), "POST"), "different ballots"),
        (changed("/ballots", lambda it: it["promise"].update(index=-1), "POST"), "cannot be read"),
        (changed("/ballots", lambda it: it["promise"].update(tracker="A" * 43), "POST"), "different ballots"),
        (
            changed("/ballots", lambda it: it["promise"].update(deadline="2099-01-01T00:00:00Z"), "POST"),
            "within 60",
        ),
        (changed("/ballots", lambda it: it["promise"].update(time="\ud800"), "POST"), "cannot be read"),
        (changed("/entries", lambda it: it.update(proof=it["proof"][1:])), "inclusion"),
        (changed("/entries", lambda it: it.update(proof=[*it["proof"], "A" * 43])), "inclusion"),
        (changed("/entries", lambda it: it.update(checkpoint=it["checkpoint"] + "x")), "lines of signatures"),
        (changed("/entries", lambda it: it.update(checkpoint=7)), "cannot be read"),
        (changed("/entries", lambda it: it.update(leaf=None)), "no leaf"),
        (changed("/entries", lambda it: it.update(leaf="\ud800")), "no leaf"),
        (
            changed("/entries", lambda it: it.update(leaf=it["leaf"].replace("ballot", "freeze"))),
            "when its kind demands it",
        ),
        (instead("/entries", 200, b"nothing"), "not a JSON object"),
    ],
)
def test_answers_that_do_not_hold_after_the_vote(desk: Desk, voter: Desk, twist: Any, words: str) -> None:
    """Exit code 1 and the receipt code as evidence; never “in the urn”, never “not in the urn”."""
    with standing_between(desk, twist) as address:
        ended = voter("vote", address, "--code-file", voter.code_file(next(fresh)), typed=ANSWERS)
    assert (ended.code, ended.err) == (REFUTED, ""), ended
    assert "The server's answer does not hold" in ended.out
    assert words in ended.out
    assert "in the urn" not in ended.out
    code = ended.out.split("Receipt code of this ballot: ")[1].split()[0]
    assert f"Keep the receipt code {code}" in ended.out
    assert not (voter.folder / "psephos-receipt.json").exists()


@pytest.mark.parametrize(
    ("twist", "spoken", "words"),
    [
        (instead("/ballots", 0, b"", "POST"), "We do not know yet", "No answer came"),
        (instead("/ballots", 502, b"<html>", "POST"), "We do not know yet", "502 without saying why"),
        (
            instead("/ballots", 500, b'{"code":"internal","detail":"A fault."}', "POST"),
            "We do not know yet",
            "A fault.",
        ),
        (instead("/entries", 0, b""), "The server took your ballot", "No answer came"),
        (
            instead("/entries", 404, b'{"code":"entry-not-found","detail":"None."}'),
            "took your ballot",
            "None.",
        ),
    ],
)
def test_an_answer_that_is_lost_is_not_taken_for_a_no(
    desk: Desk, voter: Desk, twist: Any, spoken: str, words: str
) -> None:
    with standing_between(desk, twist) as address:
        ended = vote_refused(voter, address, "--code-file", voter.code_file(next(fresh)))
    assert spoken in ended.out
    assert words in ended.err
    assert "not in the urn" not in ended.out
    code = ended.out.split("Receipt code of this ballot: ")[1].split()[0]
    assert f"{code} on the board" in ended.out


def test_a_server_s_own_words_are_short_and_steer_no_terminal(desk: Desk, voter: Desk) -> None:
    busy = b'{"code":"busy","detail":"\\u001b[2JTry again in a moment.' + b"." * 5000 + b'"}'
    with standing_between(desk, instead("/ballots", 503, busy, "POST")) as address:
        ended = vote_refused(voter, address, "--code-file", voter.code_file(next(fresh)))
    assert "Your vote is not in the urn." in ended.out  # `busy` promises that nothing was stored
    assert "Try again in a moment." in ended.err
    assert "\x1b" not in ended.err
    assert len(ended.err) < 1000


def test_a_receipt_that_cannot_be_kept_is_no_lost_vote(desk: Desk, voter: Desk) -> None:
    """Somebody puts a file into its place while the voter answers."""
    seen = []

    def late(method: str, path: str, answer: Answer) -> Answer:
        if method == "POST":
            seen.append(path)
            voter.write("psephos-receipt.json", "taken")
        return answer

    with standing_between(desk, late) as address:
        ended = voter("vote", address, "--code-file", voter.code_file(next(fresh)), typed=ANSWERS)
    assert (ended.code, seen) == (UNUSABLE, ["/ballots"])
    assert "Your vote is in the urn." in ended.out
    assert "psephos-receipt.json cannot be written" in ended.err
    assert (voter.folder / "psephos-receipt.json").read_text() == "taken"


def test_a_test_that_does_not_reach_the_board_is_kept_in_the_file(desk: Desk, voter: Desk) -> None:
    for twist in (
        instead("/challenges", 0, b"", "POST"),
        instead("/challenges", 200, b"<html>", "POST"),
        instead("/challenges", 429, b'{"code":"too-many-challenges","detail":"Enough."}', "POST"),
    ):
        for path in voter.folder.glob("psephos-*"):
            path.unlink()
        with standing_between(desk, twist) as address:
            ended = voter("vote", address, "--code-file", voter.code_file(next(fresh)), typed=("1", "n", "y"))
        assert ended.code == DONE, ended
        assert "did not reach the board" in ended.out
        (file,) = voter.folder.glob("psephos-test-*.json")
        assert "VERIFIED" in voter.do("check-challenge", file, "--url", desk.api)


def test_an_entry_s_key_is_the_voter_s(desk: Desk, voter: Desk) -> None:
    """What is asked of the server names the credential, never the code."""
    asked: list[str] = []

    def listen(method: str, path: str, answer: Answer) -> Answer:
        asked.append(path)
        return answer

    with standing_between(desk, listen) as address:
        cast_by = next(fresh)
        voter.do("vote", address, "--code-file", voter.code_file(cast_by), typed=ANSWERS)
    receipt = decode_receipt((voter.folder / "psephos-receipt.json").read_bytes())
    assert asked == [
        "/terms",
        f"/credentials/{receipt.ballot.credential}",
        "/ballots",
        f"/entries/{receipt.promise.index}",
    ]
    assert encode_base64url(voter.codes()[cast_by].encode()) not in str(asked)
