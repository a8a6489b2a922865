"""What the registrar's commands read and write: sealed files, the frozen terms, and never a file half written."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

import typer

from cli.output import UnusableInput, read_file
from cli.trustee import CEREMONY_FILE, MANIFEST_FILE, PASSPHRASE_BYTES_MAX, ROLL_FILE
from crypto.errors import CryptoError
from protocol.ceremony_record import CEREMONY_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest, decode_leaf
from protocol.manifest import MANIFEST_BYTES_MAX
from protocol.roll import ROLL_BYTES_MAX
from protocol.signed_body import FREEZE_SIGNATURE_BYTES_MAX, read_freeze_signature
from protocol.terms import ElectionTerms, assemble_terms, verify_freeze
from protocol.text import require_text
from protocol.verification import SourceBroken
from trustee.key_file import sync_folder
from verifier.bundle import BOARD_FILE, Bundle, UnusableBundle
from voting.code_book import CodeBook, open_book
from voting.errors import VotingError

BOOK_FILE_BYTES_MAX: Final = 2_000_000_000

REFUSALS: Final = (VotingError, ProtocolError, CryptoError, UnusableBundle, SourceBroken)
"""What ends a command of the registrar with exit code 2."""

PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="Read the passphrase of the codes from this file, instead of asking for it."),
]
Frozen = Annotated[
    Path,
    typer.Argument(
        help="The frozen election: its bundle, or the folder of the terms together with --freeze.",
        show_default=False,
    ),
]
FreezeFiles = Annotated[
    list[Path] | None,
    typer.Option("--freeze", help="With a folder of terms: each trustee's signature of the fingerprint."),
]
Codes = Annotated[Path, typer.Option(help="The sealed file of voting codes.")]
Site = Annotated[
    str | None,
    typer.Option(help="Address of the platform, when it is not https:// and the name in the manifest."),
]
HelpLine = Annotated[
    str, typer.Option(help="How voters reach you: a telephone number, an address. Printed in each letter.")
]

Opened = TypeVar("Opened")


@dataclass(frozen=True)
class OpenedBook:
    """The code book, and what is needed to seal it again."""

    path: Path
    book: CodeBook
    passphrase: str


def new_passphrase(path: Path, passphrase_file: Path | None) -> str:
    """For a file that is made. It is not there yet. Raises: UnusableInput."""
    require_new(path)
    if passphrase_file is None:
        answer: str = typer.prompt(
            f"Passphrase for {path.name}", hide_input=True, confirmation_prompt=True, err=True
        )
        return answer
    return _from_file(passphrase_file)


def passphrase_of(path: Path, passphrase_file: Path | None) -> str:
    """For a file that is there."""
    if passphrase_file is not None:
        return _from_file(passphrase_file)
    answer: str = typer.prompt(f"Passphrase for {path.name}", hide_input=True, err=True)
    return answer


def _from_file(path: Path) -> str:
    try:
        return read_file(path, PASSPHRASE_BYTES_MAX).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is not UTF-8 text.") from error


def opened(path: Path, limit_bytes: int, passphrase: str, opening: Callable[[bytes, str], Opened]) -> Opened:
    """A sealed file, opened; errors name the file. Raises: UnusableInput."""
    data = read_file(path, limit_bytes)
    try:
        return opening(data, passphrase)
    except (VotingError, CryptoError) as error:
        raise UnusableInput(f"{path}: {error}") from error


def open_codes(path: Path, passphrase_file: Path | None) -> OpenedBook:
    """The code book. Raises: UnusableInput."""
    passphrase = passphrase_of(path, passphrase_file)
    return OpenedBook(path, opened(path, BOOK_FILE_BYTES_MAX, passphrase, open_book), passphrase)


# The frozen terms.


def frozen_terms(folder: Path, signatures: list[Path] | None) -> tuple[ElectionTerms, bytes]:
    """Terms that every trustee has signed, and the body of the roll.

    folder: a bundle, or a folder with manifest, ceremony and roll. signatures: with the latter, one of each trustee.
    Raises: UnusableInput, and the errors of what is read.
    """
    if (folder / BOARD_FILE).exists():
        return _of_bundle(folder)
    bodies = [
        read_file(folder / name, limit + 1).removesuffix(b"\n")
        for name, limit in (
            (MANIFEST_FILE, MANIFEST_BYTES_MAX),
            (CEREMONY_FILE, CEREMONY_BYTES_MAX),
            (ROLL_FILE, ROLL_BYTES_MAX),
        )
    ]
    terms, _ = assemble_terms(*bodies)
    found = {
        read_freeze_signature(terms, read_file(path, FREEZE_SIGNATURE_BYTES_MAX + 1))[0]
        for path in signatures or []
    }
    missing = [str(number) for number in range(1, len(terms.manifest.trustees) + 1) if number not in found]
    if missing:
        raise UnusableInput(
            "Letters are written after the freeze, because they carry its fingerprint. "
            f"Not signed by trustee {', '.join(missing)}: give the election's bundle, or each signature with --freeze."
        )
    return terms, bodies[2]


def _of_bundle(folder: Path) -> tuple[ElectionTerms, bytes]:
    kinds = (Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL, Kind.FREEZE)
    bodies: list[bytes] = []
    for kind, (leaf, body) in zip(kinds, Bundle.open(folder).entries(), strict=False):
        read = decode_leaf(leaf)
        if read.kind is not kind or read.digest_bytes != body_digest(kind, body):
            raise UnusableInput(f"Entry {len(bodies)} of this bundle is not the {kind} of a board.")
        bodies.append(body)
    if len(bodies) != len(kinds):
        raise UnusableInput("This bundle ends before the freeze. Letters are written after it.")
    terms, _ = assemble_terms(bodies[0], bodies[1], bodies[2])
    verify_freeze(terms, bodies[3])
    return terms, bodies[2]


def site_of(terms: ElectionTerms, site: str | None) -> str:
    """The address of the platform, without a slash at its end. Raises: UnusableInput for one that is none."""
    if site is None:
        return f"https://{terms.manifest.log_origin.partition('/')[0]}"
    try:
        parts = urlsplit(site)
        local = parts.hostname in {"localhost", "127.0.0.1"}
        sound = parts.scheme == "https" or (parts.scheme == "http" and local)
        _ = parts.port
    except ValueError:
        sound = False
    if (
        not sound
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise UnusableInput(
            "--site is an address such as https://vote.example.org, without anything behind it."
        )
    return f"{parts.scheme}://{parts.netloc}"


def require_help_line(text: str) -> None:
    """Raises: UnusableInput for a line that cannot stand in letters and mails."""
    try:
        require_text(text, 200, "it")
    except ValueError as error:
        raise UnusableInput(f"--help-line cannot be used: {error}.") from error


# Writing.


def require_new(path: Path) -> None:
    """Raises: UnusableInput for a file that would be overwritten."""
    if path.exists() or path.is_symlink():
        raise UnusableInput(f"{path} exists already and is not overwritten.")


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put a file there whole or not at all, on the disk when this returns. Raises: UnusableInput."""
    require_new(path)
    _write(path, data, mode)


def write_over(path: Path, data: bytes, mode: int = 0o600) -> None:
    """The same over an older version: at any moment either the old or the new one is there. Raises: UnusableInput."""
    _write(path, data, mode)


def _write(path: Path, data: bytes, mode: int) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be written: {error.strerror}.") from error


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """One command at a time changes the code book; a second one waits. The lock ends with the process.

    Raises: UnusableInput.
    """
    try:
        handle = _lock(path)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {error.strerror}.") from error
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDONLY)
        if os.name != "posix":
            return handle
        import fcntl  # noqa: PLC0415  (exists on POSIX only)

        fcntl.flock(handle, fcntl.LOCK_EX)
        # Whoever held the lock may have put a new file in this one's place.
        if os.path.samestat(os.fstat(handle), path.stat()):
            return handle
        os.close(handle)
