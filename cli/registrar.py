"""`psephos registrar …`: voting codes for the roll. Runs on the registrar's machine, without the server."""

import csv
import io
import os
from pathlib import Path
from typing import Annotated

import typer

from cli.output import UnusableInput, read_file, say, stderr, verdict_errors
from cli.roll_csv import FILE_BYTES_MAX, parse_voters
from cli.strict_csv import CsvUnusable, read_csv
from cli.trustee import MANIFEST_FILE, ROLL_FILE
from crypto.display_code import alias
from protocol.errors import ProtocolError
from protocol.manifest import MANIFEST_BYTES_MAX, decode_manifest
from protocol.roll import decode_roll
from voting.registrar import IssuedCode, issue_codes

registrar = typer.Typer(
    name="registrar",
    help="Give out voting codes. The server gets the public roll only.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@registrar.callback()
def _registrar() -> None:
    # With a callback the one verb keeps its name: `psephos registrar make`.
    pass


@registrar.command()
def make(
    terms: Annotated[Path, typer.Argument(help="Folder with manifest.json; roll.json is written there.")],
    voters: Annotated[Path, typer.Argument(help="CSV file with the header voter,area,weight.")],
    codes: Annotated[Path, typer.Option(help="New file for the voting codes: secret, for the letters.")],
) -> None:
    """Make a voting code for each voter and the public roll of their keys, sorted."""
    with verdict_errors(False, CsvUnusable, ProtocolError):
        manifest = decode_manifest(
            read_file(terms / MANIFEST_FILE, MANIFEST_BYTES_MAX + 1).removesuffix(b"\n")
        )
        lines = parse_voters(read_csv(voters, FILE_BYTES_MAX), manifest)
        issued, roll_body = issue_codes(manifest.election, [line.entry for line in lines])
        roll = decode_roll(roll_body, manifest)
        _write_new(codes, _codes_file([line.voter for line in lines], issued), 0o600)
        try:
            _write_new(terms / ROLL_FILE, roll_body + b"\n", 0o644)
        except UnusableInput:
            codes.unlink()  # codes of a roll that there is not
            raise
        say(f"{len(lines)} voting codes: {codes} (secret). The public roll: {terms / ROLL_FILE}")
        for area, weight in roll.lonely_pairs():
            stderr().print(
                f"Warning: in area {area} one voter alone has the weight {weight}: the result could show that vote.",
                soft_wrap=True,
            )


def _codes_file(voters: list[str], issued: list[IssuedCode]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("voter", "code", "alias"))
    for voter, item in zip(voters, issued, strict=True):
        writer.writerow((voter, item.code.written, alias(item.public_key)))
    return text.getvalue().encode("utf-8")


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
    except OSError as error:
        raise UnusableInput(f"{path} cannot be written: {error.strerror}.") from error
