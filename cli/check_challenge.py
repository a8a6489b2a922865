"""`psephos check-challenge`: did the device encrypt what was chosen?"""

import typing
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.election_client import ElectionClient
from cli.output import (
    ExitCode,
    UnusableInput,
    in_words,
    print_json,
    read_file,
    say,
    verdict_errors,
)
from crypto.errors import CryptoError
from protocol.ballot import BallotInvalid
from protocol.challenge import Reveal
from protocol.errors import ProtocolError
from protocol.manifest import BLANK, ChooseOne, Points, Question, Ranking
from protocol.public_terms import PUBLIC_TERMS_BYTES_MAX, read_public_terms
from protocol.terms import ElectionTerms
from verifier.bundle import Bundle, UnusableBundle
from verifier.challenge import (
    REVEAL_BYTES_MAX,
    OpenedAnswer,
    OpenedBallot,
    check_reveal,
    find_on_board,
    read_reveal,
    read_terms,
)
from verifier.program import MalformedFingerprint, read_fingerprint


def check_challenge(
    file: Annotated[Path, typer.Argument(help="The file that the page saved when the ballot was tested.")],
    bundle: Annotated[
        Path | None, typer.Option(help="The election's public record; checks most.", show_default=False)
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(help="A file with the answer of /api/v1/elections/ID/terms.", show_default=False),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="http://…/api/v1/elections/ID, to fetch it.", show_default=False)
    ] = None,
    fingerprint: Annotated[str | None, typer.Option(help="The fingerprint that your letter shows.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute a tested ballot completely and say what the device had encrypted.

    Exit code 0: it encrypted what stands in the file. 1: it did not. 2: the input cannot be used. 3: a fault of this
    program.
    """
    with verdict_errors(as_json, UnusableBundle, MalformedFingerprint):
        expected = None if fingerprint is None else read_fingerprint(fingerprint)
        try:
            reveal = read_reveal(read_file(file, REVEAL_BYTES_MAX + 1).removesuffix(b"\n"))
        except ProtocolError as error:
            raise UnusableInput(f"{file} is not the file of a tested ballot: {error}") from error
        if sum(source is not None for source in (bundle, terms, url)) != 1:
            raise UnusableInput("Give the election's terms with one of --bundle, --terms and --url.")
        opened_bundle = None if bundle is None else Bundle.open(bundle)
        try:
            if opened_bundle is not None:
                found, roll = read_terms(opened_bundle)
            else:
                found, roll = read_public_terms(_read_terms(terms, url)), None
        except (ProtocolError, CryptoError) as error:
            _refute(as_json, "wrong-terms", f"The election's terms do not hold: {error}")
        if expected not in (None, found.fingerprint_code):
            _refute(
                as_json,
                "wrong-fingerprint",
                f"The fingerprint of these terms is {found.fingerprint_code}, not {expected} as in your letter.",
            )
        try:
            ballot = check_reveal(found, reveal)
            entry = None
            if opened_bundle is not None and roll is not None:
                entry = find_on_board(opened_bundle, roll, reveal)
        except BallotInvalid as error:
            _refute(as_json, error.code, str(error))
        if as_json:
            print_json(_as_record(found, ballot, reveal, entry))
        else:
            _print(found, ballot, entry, looked=opened_bundle is not None, compared=expected is not None)
        raise typer.Exit(ExitCode.VERIFIED)


def _read_terms(path: Path | None, url: str | None) -> bytes:
    if path is not None:
        return read_file(path, PUBLIC_TERMS_BYTES_MAX + 1).removesuffix(b"\n")
    assert url is not None  # noqa: S101  (one of the three is given)
    return ElectionClient(url).terms()


def _refute(as_json: bool, code: str, sentence: str) -> typing.NoReturn:
    if as_json:
        print_json({"ok": False, "error": sentence, "code": code})
    else:
        say(f"REFUTED ({code}). {sentence}")
    raise typer.Exit(ExitCode.REFUTED)


def _as_record(
    terms: ElectionTerms, ballot: OpenedBallot, reveal: Reveal, entry: int | None
) -> dict[str, Any]:
    return {
        "ok": True,
        "election": terms.election,
        "fingerprint": terms.fingerprint_code,
        "tracker": reveal.challenge.tracker,
        "receipt_code": ballot.receipt_code,
        "answers": {answer.question: dict(answer.slots) for answer in ballot.answers},
        "entry": entry,
    }


def _print(
    terms: ElectionTerms, ballot: OpenedBallot, entry: int | None, *, looked: bool, compared: bool
) -> None:
    say(f"{in_words(terms.manifest.title)}, {in_words(terms.manifest.authority)}")
    for question, answer in zip(terms.manifest.questions, ballot.answers, strict=True):
        say(f"\n{in_words(question.text)}")
        for line in _chosen(question, answer):
            say(f"  {line}")
    say(f"\nReceipt code  {ballot.receipt_code}")
    say(f"Fingerprint   {terms.fingerprint_code}")
    if looked:
        stands = "does not stand on this board (yet?)" if entry is None else f"is entry {entry} of the board"
        say(f"\nThe opened ballot {stands}. No ballot with this receipt code was cast.")
    say("\nVERIFIED. The device had encrypted exactly this under this receipt code.")
    say("Is it what you chose, and the receipt code that you saw before you tested?")
    if not compared:
        say("Compare the fingerprint with your letter.")


def _chosen(question: Question, answer: OpenedAnswer) -> list[str]:
    words = {option.id: in_words(option.label) for option in question.options} | {BLANK: "(blank)"}
    if isinstance(question, Points):
        return [f"{words[option]}: {value}" for option, value in answer.slots]
    if isinstance(question, Ranking):
        ranked = sorted((value, option) for option, value in answer.slots if value and option != BLANK)
        return [f"{value}. {words[option]}" for value, option in ranked] or [words[BLANK]]
    chosen = [words[option] for option, value in answer.slots if value]
    return chosen if isinstance(question, ChooseOne) or chosen else ["(none of the options)"]
