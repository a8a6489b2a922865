"""`psephos check-challenge`: what the device had encrypted, in words; and everything that must not pass."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from protocol.ballot import encrypt_ballot
from protocol.canonical import encode_canonical
from protocol.challenge import Challenge, OpenedAnswer, Reveal
from protocol.leaf import Kind, body_digest
from protocol.public_terms import make_public_terms
from protocol.ranking import blank_ranking, ranking_values
from tests.cli.conftest import Psephos
from tests.protocol.samples import VALUES, challenge, signed_challenge
from tests.support.boards import MemoryBoard
from tests.support.bundles import published_board, write_bundle
from tests.support.elections import make_election, make_manifest, ranking, voter_key
from tests.support.hostile import small_election


def reveal_file(path: Path, record: Challenge, voter: int = 5) -> Path:
    """The file that a device saves."""
    _, signature = signed_challenge(record, voter)
    reveal = Reveal(challenge=record, format="psephos/reveal/v1", signature=encode_base64url(signature))
    path.write_bytes(encode_canonical(reveal))
    return path


@pytest.mark.parametrize(
    ("values", "lines", "slots"),
    [
        (ranking_values((3, 1, 2)), ["1. Option 2", "2. Option 3", "3. Option 1"], [3, 1, 2, 0]),
        (blank_ranking(3), ["(blank)"], [0, 0, 0, 1]),
    ],
    ids=["ranked", "blank"],
)
def test_a_ranking_is_said_in_its_order(
    psephos: Psephos, tmp_path: Path, values: tuple[int, ...], lines: list[str], slots: list[int]
) -> None:
    election, seed, voter = make_election(make_manifest((ranking(),))), b"d" * 32, voter_key(5)
    body = encrypt_ballot(election.terms, [values], voter.public_key, 1, BallotSeed(seed))
    record = msgspec.structs.replace(
        challenge(),
        answers=(OpenedAnswer(question="q4", values=values),),
        fingerprint=election.terms.fingerprint_text,
        seed=encode_base64url(seed),
        tracker=encode_base64url(body_digest(Kind.BALLOT, body)),
    )
    bundle = write_bundle(MemoryBoard(election).start(), tmp_path / "bundle")
    reveal = reveal_file(tmp_path / "reveal.json", record)
    code, out, _ = psephos("check-challenge", reveal, "--bundle", bundle)
    shown = [line.strip() for line in out.splitlines()]
    assert code == 0
    assert shown[shown.index("In which order?") + 1 :][: len(lines)] == lines
    _, out, _ = psephos("check-challenge", reveal, "--bundle", bundle, "--json")
    assert list(json.loads(out)["answers"]["q4"].values()) == slots


@dataclass(frozen=True)
class Files:
    """An honest reveal with the two files that its terms can come from."""

    reveal: Path
    bundle: Path
    terms: Path
    board: MemoryBoard


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """The opened ballot stands on the board as entry 5."""
    board = MemoryBoard(small_election()).start()
    body, signature = signed_challenge(challenge())
    board.append(Kind.CHALLENGE, body, signature)
    manifest, ceremony, roll, freeze = (each for _, each in board.leaves[:4])
    terms = tmp_path / "terms.json"
    terms.write_bytes(
        make_public_terms(
            manifest, ceremony, body_digest(Kind.ROLL, roll), freeze, small_election().terms.total_weight
        )
    )
    return Files(
        reveal_file(tmp_path / "reveal.json", challenge()),
        write_bundle(board, tmp_path / "bundle"),
        terms,
        board,
    )


def test_with_a_bundle_the_words_and_the_place_are_shown(psephos: Psephos, files: Files) -> None:
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", files.bundle)
    assert code == 0
    assert "VERIFIED." in out
    assert "is entry 5 of the board" in out
    # VALUES: the first option; both options; two points for the only option.
    assert [line for line in out.splitlines() if line.startswith("  ")] == [
        "  Option 1",
        "  Option 1",
        "  Option 2",
        "  Option 1: 2",
    ]
    assert f"Fingerprint   {small_election().terms.fingerprint_code}" in out


def test_json_gives_the_slots(psephos: Psephos, files: Files) -> None:
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", files.bundle, "--json")
    answer: dict[str, Any] = json.loads(out)
    assert (code, answer["ok"], answer["entry"]) == (0, True, 5)
    assert [tuple(slots.values()) for slots in answer["answers"].values()] == list(VALUES)
    assert answer["tracker"] == challenge().tracker


def test_the_terms_of_the_api_are_enough(psephos: Psephos, files: Files) -> None:
    code, out, _ = psephos("check-challenge", files.reveal, "--terms", files.terms)
    assert (code, "VERIFIED." in out, "board" in out) == (0, True, False)


@pytest.fixture
def site(files: Files) -> Iterator[str]:
    """A server that answers `…/terms`, and nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/api/v1/elections/x/terms"
            self.send_response(200 if found else 404)
            self.end_headers()
            problem = b'{"code":"not-found","detail":"There is no such election."}'
            self.wfile.write(files.terms.read_bytes() if found else problem)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on stderr."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v1/elections/x"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_terms_are_fetched(psephos: Psephos, files: Files, site: str) -> None:
    assert psephos("check-challenge", files.reveal, "--url", site)[0] == 0
    assert psephos("check-challenge", files.reveal, "--url", site + "/")[0] == 0
    code, _, err = psephos("check-challenge", files.reveal, "--url", site + "y")
    assert (code, "There is no such election." in err) == (2, True)
    assert psephos("check-challenge", files.reveal, "--url", "file:///etc")[0] == 2


def other_choice(record: Challenge) -> Challenge:
    """The device says that the second option was chosen."""
    changed = msgspec.structs.replace(record.answers[0], values=(0, 1, 0))
    return msgspec.structs.replace(record, answers=(changed, *record.answers[1:]))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (other_choice, "challenge-differs"),
        (
            lambda c: msgspec.structs.replace(c, seed=encode_base64url(b"d" * 32)),
            "challenge-differs",
        ),
        (lambda c: msgspec.structs.replace(c, sequence=2), "challenge-differs"),
        (
            lambda c: msgspec.structs.replace(c, tracker=encode_base64url(b"t" * 32)),
            "challenge-differs",
        ),
        (lambda c: msgspec.structs.replace(c, election="f" * 32), "wrong-election"),
        (
            lambda c: msgspec.structs.replace(c, fingerprint=encode_base64url(b"f" * 32)),
            "wrong-election",
        ),
        (lambda c: msgspec.structs.replace(c, answers=c.answers[:-1]), "malformed-challenge"),
        (
            lambda c: msgspec.structs.replace(
                c,
                answers=(msgspec.structs.replace(c.answers[0], values=(1, 1, 0)), *c.answers[1:]),
            ),
            "malformed-challenge",
        ),
    ],
)
def test_a_file_that_the_device_altered_is_refuted(
    psephos: Psephos, files: Files, change: Callable[[Challenge], Challenge], code: str
) -> None:
    reveal_file(files.reveal, change(challenge()))
    for source in (("--bundle", files.bundle), ("--terms", files.terms)):
        exit_code, out, _ = psephos("check-challenge", files.reveal, *source, "--json")
        assert (exit_code, json.loads(out)["code"]) == (1, code)


def test_a_file_that_another_voter_signed_is_refuted(psephos: Psephos, files: Files) -> None:
    reveal_file(files.reveal, challenge(), voter=4)
    code, out, _ = psephos("check-challenge", files.reveal, "--terms", files.terms)
    assert (code, "bad-signature" in out) == (1, True)


def test_a_voting_code_that_is_not_on_the_roll_is_refuted(psephos: Psephos, files: Files) -> None:

    stranger = voter_key(99)
    body = encrypt_ballot(small_election().terms, VALUES, stranger.public_key, 1, BallotSeed(b"c" * 32))
    record = msgspec.structs.replace(
        challenge(),
        credential=encode_base64url(stranger.public_key),
        tracker=encode_base64url(body_digest(Kind.BALLOT, body)),
    )
    reveal_file(files.reveal, record, voter=99)
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", files.bundle, "--json")
    assert (code, json.loads(out)["code"]) == (1, "unknown-credential")


def test_a_tested_ballot_that_was_cast_as_well_is_refuted(
    psephos: Psephos, files: Files, tmp_path: Path
) -> None:
    board = MemoryBoard(small_election()).start()
    body, signature = board.election.ballot(5, VALUES, 1, b"c" * 32)
    board.append(Kind.BALLOT, body, signature)
    folder = write_bundle(board, tmp_path / "cast")
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", folder, "--json")
    assert (code, json.loads(out)["code"]) == (1, "cast-as-well")


def test_a_tested_ballot_may_be_missing_from_an_older_bundle(
    psephos: Psephos, files: Files, tmp_path: Path
) -> None:
    folder = write_bundle(MemoryBoard(small_election()).start(), tmp_path / "older")
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", folder)
    assert (code, "does not stand on this board" in out) == (0, True)


def test_the_terms_of_another_election_are_refuted(psephos: Psephos, files: Files, tmp_path: Path) -> None:
    folder = write_bundle(published_board(), tmp_path / "other")
    code, out, _ = psephos("check-challenge", files.reveal, "--bundle", folder, "--json")
    assert (code, json.loads(out)["code"]) == (1, "wrong-election")


def test_the_fingerprint_of_the_letter_is_compared(psephos: Psephos, files: Files) -> None:
    good = small_election().terms.fingerprint_code
    arguments = ("check-challenge", files.reveal, "--terms", files.terms, "--fingerprint")
    assert psephos(*arguments, good)[0] == 0
    code, out, _ = psephos(*arguments, "00000-00000-00000-00000-00000")
    assert (code, "wrong-fingerprint" in out) == (1, True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fingerprint", encode_base64url(b"f" * 32)),
        ("roll_digest", encode_base64url(b"r" * 32)),
        ("total_weight", 1000),
    ],
)
def test_terms_that_the_server_altered_do_not_pass(
    psephos: Psephos, files: Files, field: str, value: object
) -> None:
    record = json.loads(files.terms.read_bytes())
    record[field] = value
    files.terms.write_bytes(encode_canonical(record))
    code, out, _ = psephos("check-challenge", files.reveal, "--terms", files.terms, "--json")
    expected = "challenge-differs" if field == "total_weight" else "wrong-terms"
    assert (code, json.loads(out)["code"]) == (1, expected)


def test_a_freeze_that_no_trustee_signed_does_not_pass(psephos: Psephos, files: Files) -> None:
    record = json.loads(files.terms.read_bytes())
    record["freeze"]["signatures"] = [encode_base64url(b"s" * 64)]
    files.terms.write_bytes(encode_canonical(record))
    code, out, _ = psephos("check-challenge", files.reveal, "--terms", files.terms)
    assert (code, "did not sign" in out) == (1, True)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"x" * 300_000])
def test_a_file_that_is_no_tested_ballot_cannot_be_used(
    psephos: Psephos, files: Files, content: bytes
) -> None:
    files.reveal.write_bytes(content)
    code, out, err = psephos("check-challenge", files.reveal, "--terms", files.terms)
    assert (code, out) == (2, "")
    assert "Error: " in err


def test_exactly_one_source_of_terms_is_asked_for(psephos: Psephos, files: Files) -> None:
    assert psephos("check-challenge", files.reveal)[0] == 2
    both = ("--terms", files.terms, "--bundle", files.bundle)
    assert psephos("check-challenge", files.reveal, *both)[0] == 2
    assert psephos("check-challenge", files.reveal.with_name("nowhere"), "--terms", files.terms)[0] == 2


def test_one_newline_at_the_end_is_forgiven(psephos: Psephos, files: Files) -> None:
    files.reveal.write_bytes(files.reveal.read_bytes() + b"\n")
    files.terms.write_bytes(files.terms.read_bytes() + b"\n")
    assert psephos("check-challenge", files.reveal, "--terms", files.terms)[0] == 0
