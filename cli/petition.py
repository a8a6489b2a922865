"""`psephos verify --petition`: the recount of a petition's signatures, as text or as JSON."""

import typing
from pathlib import Path
from typing import Any, Final

import typer

from cli.output import (
    ExitCode,
    UnusableInput,
    print_json,
    read_file,
    read_text_file,
    say,
    verdict_errors,
    visible,
)
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.note import MAX_NOTE_BYTES
from protocol.errors import ProtocolError
from protocol.petition import (
    RECEIPT_BYTES_MAX,
    PetitionBroken,
    PetitionReceipt,
    PetitionVerdict,
    RecordTooOld,
    decode_petition_receipt,
)
from verifier.bundle import UnusableBundle
from verifier.petition import PetitionRequest, verify_petition_folder

_STANDING: Final = {
    "counts": "Your signature stands in the record, unchanged, and counts.",
    "withdrawn": "Your signature stands in the record and was taken back.",
    "removed": "Your signature stands in the record and was removed; the reason is above.",
}


def verify_petition_record(
    folder: Path,
    petition: str,
    *,
    site: str | None,
    key: str | None,
    checkpoint: str | None,
    receipt: Path | None,
    as_json: bool,
) -> typing.NoReturn:
    """Recount, print, and end with the exit code of `psephos verify`."""
    with verdict_errors(as_json, UnusableBundle, RecordTooOld):
        request = PetitionRequest(
            petition,
            site,
            None if key is None else _key(key),
            None if checkpoint is None else read_text_file(checkpoint, MAX_NOTE_BYTES),
            None if receipt is None else _receipt(receipt),
        )
        try:
            verdict = verify_petition_folder(folder, request)
        except PetitionBroken as error:
            if as_json:
                print_json({"ok": False, "error": str(error), "code": error.code, "entry": error.entry})
            else:
                say(f"REFUTED. {visible(str(error))}")
            raise typer.Exit(ExitCode.REFUTED) from None
        if as_json:
            print_json(as_record(verdict))
        else:
            _print(verdict, site=site, key=key)
        raise typer.Exit(ExitCode.VERIFIED)


def as_record(verdict: PetitionVerdict) -> dict[str, Any]:
    """The JSON answer."""
    recount = verdict.recount
    return {
        "ok": True,
        "petition": verdict.key.petition,
        "site": verdict.site,
        "count": recount.count,
        "published": {"count": verdict.published.count, "time": verdict.published.time},
        "signed": recount.signed,
        "withdrawn": recount.withdrawn,
        "removed": recount.removed,
        "versions": [
            {"text": digest, "version": version, "count": recount.by_text[digest]}
            for digest, version in recount.texts.items()
        ],
        "batches": [
            {"batch": batch.number, "time": batch.time, "reason": batch.reason, "count": batch.count}
            for batch in recount.batches
        ],
        "receipt": verdict.standing,
        "log_key": verdict.key.log_key,
        "checkpoint": {"size": recount.entries, "root": encode_base64url(recount.root)},
    }


def _print(verdict: PetitionVerdict, *, site: str | None, key: str | None) -> None:
    recount, published = verdict.recount, verdict.published
    say(f"{visible(verdict.key.origin)}, {recount.entries:,} entries")
    say()
    say(f"{recount.signed:,} signed, {recount.withdrawn:,} taken back, {recount.removed:,} removed")
    for digest, version in recount.texts.items():
        words = verdict.words.get(digest)
        title = "(its words are not in the record)" if words is None else visible(words.action)
        say(f"  version {version}: {recount.by_text[digest]:,}  {title}")
    for batch in recount.batches:
        say(f"  batch {batch.number}, {batch.time}: {batch.count:,} removed: {visible(batch.reason)}")
    if verdict.standing is not None:
        say(f"\n{_STANDING[verdict.standing]}")
    say(f"\nKey          {verdict.key.log_key}")
    say(f"\nVERIFIED. {recount.count:,} signatures count.")
    say(f"It was published that {published.count:,} counted at {published.time}, and the record agrees.")
    say("It proves that no entry vanished or changed, not that behind each one stands a person.")
    if key is None:
        say("A record proves only itself: compare the key with one that you know (--key).")
    if site is None:
        say(f"It is the log of {visible(verdict.site)}: compare it with the address of the page (--site).")


def _key(text: str) -> bytes:
    try:
        return decode_base64url(text, 32)
    except CryptoError as error:
        raise UnusableInput(f"“{visible(text)}” is not a key: {error}") from error


def _receipt(path: Path) -> PetitionReceipt:
    try:
        return decode_petition_receipt(read_file(path, RECEIPT_BYTES_MAX + 1))
    except ProtocolError as error:
        raise UnusableInput(f"{path} is not the receipt of a signature: {error}") from error
