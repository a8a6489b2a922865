"""`psephos vote`: a ballot without a browser. The same encryption, proofs and checks, from a terminal."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from cli.election_client import AnswerLost, AnswerUnreadable, ElectionClient, ServerRefuses
from cli.output import ExitCode, UnusableInput, in_words, read_file, say, verdict_errors
from cli.progress import Progress
from crypto.ballot_seed import BallotSeed
from crypto.credential import credential_of, credential_seed
from crypto.crockford import MistypedCode
from crypto.display_code import display_code
from crypto.encoding import encode_base64url
from crypto.errors import CryptoError
from crypto.signature import SigningKey
from crypto.voting_code import VotingCode, parse_voting_code
from protocol.ballot import SEQUENCE_MAX, BallotRecord, encrypt_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import CastRequest, Promise, Receipt
from protocol.challenge import Challenge, OpenedAnswer, Reveal
from protocol.errors import AnswerInvalid, MalformedRecord, ProtocolError
from protocol.layout import QuestionLayout
from protocol.leaf import Kind, body_digest, decode_leaf, sign_body
from protocol.manifest import BLANK, ChooseOne, Points, Ranking
from protocol.public_terms import read_public_terms
from protocol.ranking import blank_ranking, ranking_values
from protocol.receipt import RECEIPT_BYTES_MAX, verify_receipt
from protocol.terms import ElectionTerms
from verifier.program import MalformedFingerprint, read_fingerprint

T = TypeVar("T")

CODE_FILE_BYTES_MAX: Final = 1000
_ENTRY_CODE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
NO_BALLOTS_NOW: Final = {
    "closed": "Voting is closed. You have not cast a ballot now.",
    "not-open": "Voting has not begun. You have not voted yet.",
}


def vote(
    url: Annotated[str, typer.Argument(help="The election's address, http://…/api/v1/elections/ID.")],
    receipt: Annotated[Path, typer.Option(help="New file for your receipt.")] = Path("psephos-receipt.json"),
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint that your letter shows.")] = None,
    code_file: Annotated[
        Path | None, typer.Option(help="Read the voting code from this file, instead of asking for it.")
    ] = None,
    permit: Annotated[
        str | None,
        typer.Option(
            help="The entry code of your sign-in, where the election asks for one; asked for unless given."
        ),
    ] = None,
) -> None:
    """Vote without a browser: answer, look at the receipt code, then cast the ballot or test it.

    Exit code 0: your vote is in the urn. 1: the server's data do not hold. 2: the input cannot be used, or the server
    refuses.
    """
    with verdict_errors(False, MalformedFingerprint):
        _require_place(receipt)
        client = ElectionClient(url)
        terms = _read_terms(client, None if fingerprint is None else read_fingerprint(fingerprint))
        code = _read_code(code_file)
        key = credential_of(code, terms.election)
        sequence = _next_sequence(client, key)
        values = [ask_answer(layout) for layout in terms.layouts]
        while True:
            seed = BallotSeed.fresh(credential_seed(code, terms.election))
            with Progress().task("Sealing the ballot"):
                body = encrypt_ballot(terms, values, key.public_key, sequence, seed)
            say(f"\nReceipt code of this ballot: {display_code(body_digest(Kind.BALLOT, body))}")
            say("You have not voted yet.")
            if typer.confirm("Cast my vote? (No: test this ballot instead)"):
                break
            _test(client, terms, key, values, sequence, seed, body)
        _cast(client, terms, key, body, receipt, permit)


def _require_place(receipt: Path) -> None:
    """Before the vote, not after it, a voter learns that the receipt cannot be kept."""
    if receipt.exists() or receipt.is_symlink():
        raise UnusableInput(f"{receipt} exists already. Name another file with --receipt.")
    if not os.access(receipt.absolute().parent, os.W_OK | os.X_OK):
        raise UnusableInput(f"{receipt} cannot be written there. Name another file with --receipt.")


def _read_terms(client: ElectionClient, expected: str | None) -> ElectionTerms:
    data = client.terms()
    try:
        terms = read_public_terms(data)
    except (ProtocolError, CryptoError) as error:
        say(f"Do not vote here: the election's terms do not hold. {error}")
        raise typer.Exit(ExitCode.REFUTED) from error
    say(f"{in_words(terms.manifest.title)}, {in_words(terms.manifest.authority)}")
    say(f"Fingerprint: {terms.fingerprint_code}")
    if expected is None:
        say("Compare the fingerprint with your letter. If it differs, do not vote here.")
    elif expected != terms.fingerprint_code:
        say(f"Do not vote here: your letter shows {expected}.")
        raise typer.Exit(ExitCode.REFUTED)
    return terms


def _read_code(path: Path | None) -> VotingCode:
    if path is not None:
        typed = read_file(path, CODE_FILE_BYTES_MAX).decode("utf-8", "replace").strip()
    else:
        typed = typer.prompt("Your voting code (not shown)", hide_input=True, err=True)
    try:
        return parse_voting_code(typed)
    except MistypedCode as error:
        raise UnusableInput(str(error)) from error


def _next_sequence(client: ElectionClient, key: SigningKey) -> int:
    try:
        found = client.get(f"/credentials/{encode_base64url(key.public_key)}")
        sequence = found.get("next_sequence")
        if type(sequence) is not int or not 1 <= sequence <= SEQUENCE_MAX:
            raise AnswerUnreadable("There is no number of your next ballot in it.")
    except AnswerUnreadable as error:
        say(f"You have not voted: the server's answer about your voting code does not hold. {error}")
        raise typer.Exit(ExitCode.REFUTED) from error
    # Only the server's word: the door decides. It saves answers that nobody takes.
    if (state := found.get("state")) in NO_BALLOTS_NOW:
        raise UnusableInput(NO_BALLOTS_NOW[state])
    if sequence > 1:
        say(f"This code has voted before. This will be ballot {sequence}; the last one counts.")
    return sequence


def ask_answer(layout: QuestionLayout) -> tuple[int, ...]:
    """The values of one question, asked until they are allowed."""
    question = layout.question
    say(f"\n{in_words(question.text)}")
    for number, option in enumerate(question.options, start=1):
        say(f"  {number}. {in_words(option.label)}")
    while True:
        try:
            values = _answer(layout)
            layout.plaintexts(values)
            return values
        except AnswerInvalid as error:
            say(str(error))


def _answer(layout: QuestionLayout) -> tuple[int, ...]:
    if isinstance(layout.question, Points):
        return _points(layout)
    return _ranked(layout.question) if isinstance(layout.question, Ranking) else _chosen(layout)


def _chosen(layout: QuestionLayout) -> tuple[int, ...]:
    if isinstance(layout.question, ChooseOne):
        typed = typer.prompt(f"One number, or {BLANK}")
        if typed.strip() == BLANK:
            return (0,) * (layout.slot_count - 1) + (1,)
    else:
        typed = typer.prompt("Numbers with spaces between, or nothing", default="", show_default=False)
    picked = typed.split()
    known = [str(number) for number in range(1, len(layout.question.options) + 1)]
    if any(number not in known for number in picked) or len(set(picked)) != len(picked):
        raise AnswerInvalid(f"Type numbers from 1 to {len(known)}, each once.")
    return tuple(int(str(slot) in picked) for slot in range(1, layout.slot_count + 1))


def _ranked(question: Ranking) -> tuple[int, ...]:
    count = len(question.options)
    points = ", ".join(map(str, question.positions))
    say(f"Points from the first position to the last: {points}.")
    typed = typer.prompt(
        f"All numbers, the one that you want most first, with spaces between; or {BLANK}"
    ).split()
    if typed == [BLANK]:
        return blank_ranking(count)
    if sorted(typed) != sorted(map(str, range(1, count + 1))):
        raise AnswerInvalid(f"Type all numbers from 1 to {count}, each once, or {BLANK}.")
    return ranking_values([typed.index(str(number)) + 1 for number in range(1, count + 1)])


def _points(layout: QuestionLayout) -> tuple[int, ...]:
    typed = [
        typer.prompt(f"Points for {number}", default="0")
        for number in range(1, len(layout.question.options) + 1)
    ]
    if not all(text.isascii() and text.isdecimal() and len(text) < 4 for text in typed):
        raise AnswerInvalid("Points are whole numbers.")
    return tuple(int(text) for text in typed)


def _test(
    client: ElectionClient,
    terms: ElectionTerms,
    key: SigningKey,
    values: list[tuple[int, ...]],
    sequence: int,
    seed: BallotSeed,
    body: bytes,
) -> None:
    tracker = body_digest(Kind.BALLOT, body)
    challenge = Challenge(
        answers=tuple(
            OpenedAnswer(question=layout.id, values=answer)
            for layout, answer in zip(terms.layouts, values, strict=True)
        ),
        credential=encode_base64url(key.public_key),
        election=terms.election,
        fingerprint=terms.fingerprint_text,
        format="psephos/challenge/v1",
        seed=encode_base64url(seed.secret),
        sequence=sequence,
        tracker=encode_base64url(tracker),
    )
    signature = sign_body(Kind.CHALLENGE, encode_canonical(challenge), key)
    reveal = encode_canonical(
        Reveal(challenge=challenge, format="psephos/reveal/v1", signature=encode_base64url(signature))
    )
    path = Path(f"psephos-test-{display_code(tracker)[:5]}.json")
    _write_new(path, reveal)
    say(f"This ballot is open and thrown away: {path}. Check it with another program:")
    say(f"  psephos check-challenge {path} --url {client.address}")
    try:
        index = client.post("/challenges", reveal).get("index")
        say(f"The server says that the test is entry {index} of the board.")
    except (ServerRefuses, AnswerLost, AnswerUnreadable) as error:
        say(f"The test did not reach the board ({error}). The file is enough to check it.")
    say("Your answers are sealed anew, with another receipt code.")


def _cast(
    client: ElectionClient,
    terms: ElectionTerms,
    key: SigningKey,
    body: bytes,
    path: Path,
    permit: str | None,
) -> None:
    request = CastRequest(
        ballot=decode_canonical(body, BallotRecord, limit_bytes=len(body)),
        format="psephos/cast/v1",
        signature=encode_base64url(sign_body(Kind.BALLOT, body, key)),
    )
    code = display_code(body_digest(Kind.BALLOT, body))
    try:
        answer = _send(client, terms, encode_canonical(request), permit)
    except ServerRefuses as error:
        say("Your vote is not in the urn.")
        raise UnusableInput(str(error)) from error
    except AnswerLost as error:
        say(f"We do not know yet whether your vote arrived. Look for the receipt code {code} on the board.")
        raise UnusableInput(str(error)) from error
    except AnswerUnreadable as error:
        raise _does_not_hold(error, code) from error
    try:
        receipt = _receipt(client, terms, request, answer)
        _, head = verify_receipt(terms, receipt)
    except (ServerRefuses, AnswerLost) as error:
        say(
            f"The server took your ballot, but where it stands could not be checked. Look for {code} on the board."
        )
        raise UnusableInput(str(error)) from error
    except (ProtocolError, CryptoError, AnswerUnreadable) as error:
        raise _does_not_hold(error, code) from error
    say("\nYour vote is in the urn.")
    say(f"Receipt code {code}, entry {receipt.promise.index} of {head.size} on the board.")
    say("Checked here: signature, promise, inclusion, signed head.")
    _write_new(path, encode_canonical(receipt))
    say(f"Your receipt: {path}")


def _send(client: ElectionClient, terms: ElectionTerms, data: bytes, permit: str | None) -> dict[str, Any]:
    """The server's answer to a ballot. Where sign-in is asked, the sealed ballot waits for a code that is good."""
    if not terms.manifest.asks_sign_in:
        return client.post("/ballots", data)
    if permit is None:
        base, _, election = client.address.rstrip("/").partition("/api/v1/elections/")
        say(
            f"\nThis vote asks you to sign in: open {base}/en/elections/{election}/permit and press the button."
        )
    while True:
        code = permit or typer.prompt("The entry code of your sign-in")
        if not _ENTRY_CODE.fullmatch(code.strip()):
            say("An entry code has 43 letters, numbers, “-” and “_”. Copy it once more.")
            permit = None
            continue
        try:
            return client.post("/ballots", data, {"Psephos-Permit": code.strip()})
        except ServerRefuses as error:
            if error.code != "permit-expired":
                raise
            say(f"{error} The sealed ballot is still here: get another entry code.")
            permit = None


def _does_not_hold(error: Exception, code: str) -> typer.Exit:
    say(
        f"The server's answer does not hold: {error} Keep the receipt code {code} and tell the election office."
    )
    return typer.Exit(ExitCode.REFUTED)


def _receipt(
    client: ElectionClient, terms: ElectionTerms, request: CastRequest, answer: dict[str, Any]
) -> Receipt:
    promise = _record(answer.get("promise"), Promise)
    entry = client.get(f"/entries/{promise.index}")
    leaf = entry.get("leaf")
    if not isinstance(leaf, str) or not leaf.isascii():
        raise AnswerUnreadable(f"There is no leaf in its answer about entry {promise.index}.")
    return _record(
        {
            "ballot": request.ballot,
            "checkpoint": entry.get("checkpoint"),
            "election": terms.election,
            "fingerprint": terms.fingerprint_text,
            "format": "psephos/receipt/v1",
            "inclusion": entry.get("proof"),
            "leaf": decode_leaf(leaf.encode("ascii")),
            "promise": promise,
            "tracker": promise.tracker,
        },
        Receipt,
    )


def _record(value: object, record_type: type[T]) -> T:
    """A record that came inside of another answer, read as strictly as if it had come alone."""
    try:
        data = encode_canonical(value)
    except (ValueError, RecursionError) as error:  # half a character, lists in lists in lists
        raise MalformedRecord(f"The record cannot be read: {error}.") from error
    return decode_canonical(data, record_type, limit_bytes=RECEIPT_BYTES_MAX)


def _write_new(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be written: {error.strerror}.") from error
