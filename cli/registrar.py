"""`psephos registrar …`: voting codes and their letters. Runs on the registrar's machine, without the server."""

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from cli.output import UnusableInput, read_file, say, stderr, verdict_errors
from cli.registrar_files import (
    REFUSALS,
    Codes,
    PassphraseFile,
    new_passphrase,
    open_codes,
    require_new,
    write_new,
)
from cli.registrar_letters import letters
from cli.registrar_mail import bounces, delivery_lines, send
from cli.registrar_replace import replace
from cli.trustee import MANIFEST_FILE, ROLL_FILE
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from paper.sheet import NotPrintable, require_printable
from protocol.errors import ProtocolError
from protocol.manifest import MANIFEST_BYTES_MAX, decode_manifest
from protocol.roll import decode_roll
from voting.code_book import CodeBook, make_book, seal_book
from voting.registrar_key import new_registrar_key, seal_registrar_key
from voting.voters_list import FILE_BYTES_MAX, VotersList, neutralised, read_voters

SHOWN = 50
"""Faults that are printed; the last line counts them all."""

registrar = typer.Typer(
    name="registrar",
    help="Give out voting codes and letters. The server gets public keys only.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@registrar.command()
def identity(
    name: Annotated[str, typer.Option(help="Your name or your office's.")],
    out: Annotated[Path, typer.Option(help="New file for your signing key.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make your signing key. Its public half goes into the manifest; it signs which code replaces which."""
    with verdict_errors(False, *REFUSALS):
        try:
            key = new_registrar_key(name)
        except ValueError as error:
            raise UnusableInput(f"This name cannot be used: {error}.") from error
        write_new(out, seal_registrar_key(key, new_passphrase(out, passphrase_file)))
        say(f"Your signing key is sealed in {out}. For the manifest:")
        say(f'  registrar_key = "{encode_base64url(key.public_key)}"')


@registrar.command()
def make(
    terms: Annotated[Path, typer.Argument(help="Folder with manifest.json; roll.json is written there.")],
    voters: Annotated[Path, typer.Argument(help="The voters' list, CSV or XLSX.")],
    codes: Annotated[Path, typer.Option(help="New file for the voting codes, sealed with a passphrase.")],
    contacts: Annotated[
        Path | None,
        typer.Option(
            help="New file with each voter's number and e-mail address, for a server that sends notices. Whoever has "
            "it knows whose ballots are whose on the board."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a voting code for each voter and the public roll of their keys, sorted."""
    with verdict_errors(False, *REFUSALS):
        manifest = decode_manifest(
            read_file(terms / MANIFEST_FILE, MANIFEST_BYTES_MAX + 1).removesuffix(b"\n")
        )
        read = read_voters(read_file(voters, FILE_BYTES_MAX), manifest.areas)
        _require_usable(read, voters)
        for path in (codes, terms / ROLL_FILE, *([contacts] if contacts else [])):
            require_new(path)
        passphrase = new_passphrase(codes, passphrase_file)
        book, roll_body = make_book(manifest.election, read.lines)
        roll = decode_roll(roll_body, manifest)
        # The codes first: a roll whose codes are lost must never get as far as the freeze.
        write_new(codes, seal_book(book, passphrase))
        try:
            if contacts is not None:
                write_new(contacts, _contacts_file(book))
            write_new(terms / ROLL_FILE, roll_body + b"\n", 0o644)
        except UnusableInput:
            codes.unlink()  # codes of a roll that there is not
            if contacts is not None:
                contacts.unlink(missing_ok=True)
            raise
        say(f"{len(book.lines)} voting codes, sealed: {codes}. The public roll: {terms / ROLL_FILE}")
        _warn(read)
        for area, weight in roll.lonely_pairs():
            stderr().print(
                f"Warning: in area {area} one voter alone has the weight {weight}: the result could show that vote.",
                soft_wrap=True,
            )


def _require_usable(read: VotersList, voters: Path) -> None:
    """All or nothing. The letters are thought of now: after the freeze the list cannot be mended any more."""
    faults = [str(each) for each in read.faults]
    for line in read.lines:
        try:
            require_printable(line.voter, line.address)
        except NotPrintable as error:
            faults.append(f"Line {line.line}: {error}")
    count = read.faults_count + len(faults) - len(read.faults)
    if not count:
        return
    shown = "\n".join(faults[:SHOWN])
    more = f"\n… and {count - SHOWN} more." if count > SHOWN else ""
    raise UnusableInput(f"{voters} cannot be used; nothing was made.\n{shown}{more}")


def _warn(read: VotersList) -> None:
    for each in read.warnings[:SHOWN]:
        stderr().print(f"Warning: {each}", soft_wrap=True)
    if read.warnings_count > SHOWN:
        stderr().print(f"Warning: … and {read.warnings_count - SHOWN} more.", soft_wrap=True)


def _contacts_file(book: CodeBook) -> bytes:
    """Sorted by voter number: the order of the list says nothing."""
    rows = sorted(
        (alias(line.public_key(book.election)), line.email, line.language)
        for line in book.lines
        if line.email
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("voter_number", "email", "language"))
    writer.writerows([neutralised(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")


@registrar.command()
def state(
    codes: Codes,
    outbox: Annotated[Path | None, typer.Option(help="The file of `registrar send`.")] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Show numbers: voters, areas, replaced codes, and what became of the mails."""
    with verdict_errors(False, *REFUSALS, ProtocolError):
        book = open_codes(codes, passphrase_file).book
        say(f"Election {book.election}: {len(book.lines)} voters")
        areas = Counter(line.area for line in book.lines)
        weights = Counter(line.weight for line in book.lines)
        for area, count in sorted(areas.items()):
            say(f"  area {area}: {count}")
        for weight, count in sorted(weights.items()):
            say(f"  weight {weight}: {count}")
        say(f"With an e-mail address: {sum(1 for line in book.lines if line.email)}")
        say(f"Codes replaced: {sum(len(line.replacements) for line in book.lines)}")
        if outbox is not None:
            for line in delivery_lines(outbox, book.election):
                say(line)


registrar.command()(letters)
registrar.command()(send)
registrar.command()(bounces)
registrar.command()(replace)
