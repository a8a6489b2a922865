"""`psephos election …`: an official runs an election from the command line. Settings as for `psephos serve`."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from sqlalchemy.exc import OperationalError

from audits.bundle import write_bundle
from board.errors import BoardError
from cli.manifest_toml import FILE_BYTES_MAX, ManifestFileUnusable, complete_manifest, parse_manifest
from cli.output import UnusableInput, in_words, read_file, say, verdict_errors
from cli.site import DATABASE_NOT_OPENED
from cli.trustee import CEREMONY_FILE, MANIFEST_FILE, ROLL_FILE
from crypto.errors import CryptoError
from crypto.signature import SEED_BYTES, SigningKey
from protocol.canonical import encode_canonical
from protocol.ceremony_record import CEREMONY_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.leaf import Kind
from protocol.manifest import MANIFEST_BYTES_MAX
from protocol.records import CLOCK
from protocol.roll import ROLL_BYTES_MAX
from protocol.signed_body import (
    FREEZE_SIGNATURE_BYTES_MAX,
    SIGNED_BODY_BYTES_MAX,
    decode_signed_body,
    read_freeze_signature,
)
from protocol.terms import assemble_terms
from protocol.text import format_time
from rehearsal.one_machine import open_office
from storage.errors import StorageError
from storage.session import reading
from tally.aggregation import aggregate
from tally.errors import AlreadyAggregated, TallyError
from tally.opening import append_act, append_partial_openings, append_statement, publish_result
from voting.closing import close_polls
from voting.code_replacement import FILE_BYTES_MAX as REVOCATION_FILE_BYTES_MAX
from voting.code_replacement import read_revocation_file
from voting.errors import VotingError
from voting.extension import extend_polls
from voting.office import Office, find_election, read_manifest, state_of
from voting.preparation import (
    freeze_election,
    list_elections,
    new_election_id,
    open_polls,
    register_election,
)
from voting.revocation import revoke as revoke_code
from voting.server_keys import ElectionKeys
from web.settings import Settings, UnusableSettings, read_settings

election = typer.Typer(
    name="election",
    help="Run an election: create, freeze, open, close, tally, publish.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ElectionId = Annotated[str, typer.Argument(help="The election's id, 32 hexadecimal digits.")]


@contextmanager
def _at_office() -> Iterator[tuple[Office, str]]:
    """The office of the settings, and the site's host name; everything refused ends with exit code 2."""
    refused = (
        ManifestFileUnusable,
        UnusableSettings,
        StorageError,
        VotingError,
        TallyError,
        BoardError,
        ProtocolError,
        CryptoError,
    )
    with verdict_errors(False, *refused):
        settings = read_settings()
        office = _open_office(settings)
        try:
            yield office, urlsplit(settings.base_url).hostname or "localhost"
        finally:
            office.engine.dispose()


def _open_office(settings: Settings) -> Office:
    try:
        return open_office(settings.database_url, settings.secrets)
    except OperationalError as error:
        raise UnusableInput(DATABASE_NOT_OPENED) from error
    except OSError as error:
        raise UnusableInput(f"{settings.secrets} (PSEPHOS_SECRETS): {error.strerror}.") from error


@election.command()
def create(
    manifest: Annotated[Path, typer.Argument(help="TOML file: questions, times, trustees (docs/guides).")],
    terms: Annotated[Path, typer.Option(help="New folder for what trustees and registrar get.")],
) -> None:
    """Register a draft and write its manifest into a folder for trustees and registrar."""
    with _at_office() as (office, site):
        fields = parse_manifest(read_file(manifest, FILE_BYTES_MAX))
        name = new_election_id()
        # With any keys first: whatever is wrong with the file is found before the server's own keys are made.
        complete_manifest(fields, name, _any_keys(), site)
        with _new_folder(terms):
            whole = complete_manifest(fields, name, office.keys.make(name), site)
            (terms / MANIFEST_FILE).write_bytes(encode_canonical(whole) + b"\n")
            register_election(office, whole)
        say(f"Election {name} is a draft. Its manifest: {terms / MANIFEST_FILE}")
        say("Next: psephos trustee keys, psephos registrar make, psephos trustee sign-freeze.")


def _any_keys() -> ElectionKeys:
    log, server = (SigningKey.from_seed(secrets.token_bytes(SEED_BYTES)) for _ in range(2))
    return ElectionKeys(log, server)


@contextmanager
def _new_folder(path: Path) -> Iterator[None]:
    """A folder for what the block writes; gone again when the block fails."""
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be made: {error.strerror}.") from error
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


@election.command("list")
def list_command() -> None:
    """Every election with its state."""
    with _at_office() as (office, _), reading(office.engine) as session:
        for row in list_elections(session):
            say(f"{row.id}  {state_of(row):<9}  {in_words(read_manifest(row).title)}")


@election.command()
def freeze(
    terms: Annotated[Path, typer.Argument(help="Folder with manifest.json, ceremony.json, roll.json.")],
    signatures: Annotated[list[Path], typer.Argument(help="Every trustee's signature of the fingerprint.")],
) -> None:
    """Fix questions, key and roll for ever. It cannot be undone."""
    with _at_office() as (office, _):
        bodies = [
            read_file(terms / name, limit + 1).removesuffix(b"\n")
            for name, limit in (
                (MANIFEST_FILE, MANIFEST_BYTES_MAX),
                (CEREMONY_FILE, CEREMONY_BYTES_MAX),
                (ROLL_FILE, ROLL_BYTES_MAX),
            )
        ]
        fixed, _ = assemble_terms(*bodies)
        files = [read_file(path, FREEZE_SIGNATURE_BYTES_MAX + 1) for path in signatures]
        signed = _in_order(
            [read_freeze_signature(fixed, data) for data in files], len(fixed.manifest.trustees)
        )
        found = freeze_election(office, bodies[1], bodies[2], bodies[0], signed)
        say(f"Frozen. Fingerprint for the letters: {found.fingerprint_code}")


def _in_order(signatures: list[tuple[int, bytes]], trustees: int) -> list[bytes]:
    by_trustee = dict(signatures)
    if len(by_trustee) != len(signatures):
        raise UnusableInput("Two of these files hold the signature of the same trustee.")
    missing = [str(number) for number in range(1, trustees + 1) if number not in by_trustee]
    if missing:
        raise UnusableInput(f"One signature of each trustee is needed; missing: {', '.join(missing)}.")
    return [by_trustee[number] for number in range(1, trustees + 1)]


@election.command("open")
def open_command(
    election_id: ElectionId,
    name: Annotated[str | None, typer.Option(help="The official who opens: everybody reads it.")] = None,
) -> None:
    """Open the polls."""
    with _at_office() as (office, _):
        index = open_polls(office, election_id, by=CLOCK if name is None else name)
        say(f"The polls are open (entry {index} of the board).")


@election.command()
def extend(
    election_id: ElectionId,
    until: Annotated[str, typer.Option(help="The new closing time, as 2026-11-29T21:00:00+07:00.")],
    name: Annotated[str, typer.Option(help="The official who answers for it.")],
    reason: Annotated[str, typer.Option(help="Why the polls stay open longer: everybody reads it.")],
) -> None:
    """Move the closing time later, within the terms of the election. It cannot be undone."""
    with _at_office() as (office, _):
        closes_at = _time(until)
        index = extend_polls(office, election_id, closes_at, name, reason)
        say(f"The polls close at {format_time(closes_at)} (entry {index} of the board).")


def _time(text: str) -> datetime:
    """A time with its zone, in whole seconds. Raises: UnusableInput."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None and found.microsecond == 0:
            format_time(found)  # refuses what lies before the first year in UTC
            return found
    except (ValueError, OverflowError):
        pass
    raise UnusableInput(f"{text} is no time with its zone. Write it as 2026-11-29T21:00:00+07:00.")


@election.command()
def close(
    election_id: ElectionId,
    name: Annotated[
        str | None, typer.Option(help="The official who closes; needed before the time that was announced.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why the polls close before their time: everybody reads it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Close the polls. It ends voting for everybody and cannot be undone."""
    with _at_office() as (office, _):
        if not yes and not typer.confirm(
            "Closing ends voting for everybody and cannot be undone. Close?", err=True
        ):
            raise UnusableInput("The polls were not closed.")
        index = close_polls(office, election_id, by=CLOCK if name is None else name, reason=reason)
        say(f"The polls are closed (entry {index} of the board).")


@election.command()
def tally(
    election_id: ElectionId,
    signed: Annotated[
        list[Path] | None, typer.Argument(help="Closing statements and openings from the trustees.")
    ] = None,
) -> None:
    """Multiply the ballots of a closed election; then take what the trustees signed, file by file."""
    with _at_office() as (office, _):
        # All files are read before the first one is used.
        bodies = [
            (path, decode_signed_body(read_file(path, SIGNED_BODY_BYTES_MAX + 1))) for path in signed or []
        ]
        with reading(office.engine) as session:
            aggregated = find_election(session, election_id).aggregates_index is not None
        if not aggregated:
            # A server that runs on this folder multiplies by its clock, and may be there first.
            with suppress(AlreadyAggregated):
                say(f"The ballots are multiplied (entry {aggregate(office, election_id)} of the board).")
        for path, body in bodies:
            append = append_statement if body.kind is Kind.CLOSING_STATEMENT else append_partial_openings
            index = append(office, election_id, body.body, body.signature)
            say(f"{path}: trustee {body.trustee}'s {body.kind} is entry {index} of the board.")


@election.command()
def revoke(
    election_id: ElectionId,
    revocation: Annotated[Path, typer.Argument(help="The registrar's signed file.")],
) -> None:
    """End a lost voting code and let the new one vote in its place."""
    with _at_office() as (office, _):
        body, signature = read_revocation_file(read_file(revocation, REVOCATION_FILE_BYTES_MAX))
        index = revoke_code(office, election_id, body, signature)
        say(f"The old code has ended, the new one can vote (entry {index} of the board).")


@election.command()
def act(
    election_id: ElectionId,
    name: Annotated[str, typer.Option(help="The official who answers for it.")],
    reason: Annotated[str, typer.Option(help="Why fewer trustees must suffice: everybody reads it.")],
) -> None:
    """Publish the official act that lowers the number of closing statements to the threshold."""
    with _at_office() as (office, _):
        say(f"The act is entry {append_act(office, election_id, name, reason)} of the board.")


@election.command()
def publish(election_id: ElectionId) -> None:
    """Combine the trustees' openings and publish the result."""
    with _at_office() as (office, _):
        result = publish_result(office, election_id)
        if result.withheld:
            say("The result is withheld: so few ballots would show how somebody voted.")
        for question in result.totals:
            say(question.question)
            for item in question.votes:
                say(f"  {item.votes:>8,}  {item.option}")


@election.command()
def bundle(
    election_id: ElectionId,
    out: Annotated[Path, typer.Option(help="New folder for the public record.")],
) -> None:
    """Write the election's public record, as far as it goes, for trustees and auditors."""
    with _at_office() as (office, _), reading(office.engine) as session:
        try:
            write_bundle(session, find_election(session, election_id), out)
        except FileExistsError as error:
            raise UnusableInput(str(error)) from error
        except OSError as error:
            raise UnusableInput(f"{out} cannot be written: {error.strerror}.") from error
        say(f"The public record: {out}")
