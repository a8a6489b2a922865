"""`psephos trustee …`: a trustee's key file, and what is signed with it. Everything goes from file to file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.output import WARNINGS, ExitCode, UnusableInput, in_words, read_file, say, stderr, verdict_errors
from cli.progress import Progress
from cli.verify import print_events
from crypto.encoding import encode_base64url
from crypto.errors import CryptoError
from protocol.ceremony_record import CEREMONY_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.manifest import MANIFEST_BYTES_MAX, Manifest, decode_manifest
from protocol.roll import ROLL_BYTES_MAX
from protocol.signed_body import encode_freeze_signature, encode_signed_body
from protocol.terms import ElectionTerms, read_key
from protocol.trustee_identity import encode_identity
from protocol.verification import Options
from rehearsal.ceremony import hold_ceremony
from trustee.diary import Diary, diary_path
from trustee.errors import (
    FileStands,
    KeyFileDamaged,
    NotThisTrustee,
    PassphraseUnfit,
    TrusteeRefuses,
    WrongPassphrase,
)
from trustee.key_file import (
    KEY_FILE_BYTES_MAX,
    TrusteeKey,
    new_identity,
    open_key,
    seal_key,
    write_new_file,
)
from trustee.program import (
    SignedByTrustee,
    check_terms,
    open_products,
    rehearse,
    sign_freeze,
    sign_statement,
)
from verifier.bundle import Bundle, UnusableBundle
from verifier.program import processes

MANIFEST_FILE: Final = "manifest.json"
CEREMONY_FILE: Final = "ceremony.json"
ROLL_FILE: Final = "roll.json"
PUBLIC_SUFFIX: Final = ".public.json"
"""Of the file beside an identity that is handed to the election office."""

PASSPHRASE_BYTES_MAX: Final = 4000

trustee = typer.Typer(
    name="trustee",
    help="Keep a share of the election's key: make it, check it, sign and open with it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PassphraseFile = Annotated[
    Path | None, typer.Option(help="Read the passphrase from this file, instead of asking for it.")
]
KeyOption = Annotated[Path, typer.Option(help="Your key file.")]
OutOption = Annotated[Path, typer.Option(help="New file for what is signed.")]
TermsFolder = Annotated[
    Path, typer.Argument(help="Folder with manifest.json, ceremony.json and roll.json of the election.")
]
BundleFolder = Annotated[Path, typer.Argument(help="The election's public record, as anybody downloads it.")]


@contextmanager
def _refusals() -> Iterator[None]:
    """2 for files that cannot be used, 1 for what a trustee must not do, 3 for a fault of the program."""
    unusable = (UnusableBundle, KeyFileDamaged, WrongPassphrase, PassphraseUnfit, FileStands)
    with verdict_errors(False, *unusable):
        try:
            yield
        except unusable:
            raise
        except (TrusteeRefuses, ProtocolError, CryptoError) as error:
            say(f"REFUSED. {error}")
            raise typer.Exit(ExitCode.REFUTED) from error


@trustee.command()
def identity(
    name: Annotated[str, typer.Option(help="Your name, as the manifest will show it.")],
    out: Annotated[Path, typer.Option(help="New file for your signing key.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make your signing key. Its public half goes into the manifest, before the election's key is made."""
    public = out.with_suffix(PUBLIC_SUFFIX)
    with _refusals():
        _require_new(public)
        try:
            key = new_identity(name)
        except ValueError as error:
            raise UnusableInput(f"This name cannot be used: {error}.") from error
        data = seal_key(key, _new_passphrase(out, passphrase_file))
        _write(out, data)
        _write(public, encode_identity(key.name, key.signing_key))
        say(
            f"Your signing key is sealed in {out}. Hand in its public half, {public}, or for a manifest by hand:"
        )
        say(f'  key = "{encode_base64url(key.public_key)}"')
        say(f'  name = "{key.name}"')


@trustee.command()
def keys(
    terms: Annotated[Path, typer.Argument(help="Folder with manifest.json; ceremony.json is written there.")],
    identities: Annotated[list[Path], typer.Argument(help="The files of all trustees' signing keys.")],
    out: Annotated[Path, typer.Option(help="New folder for the trustees' key files.")],
    passphrase_file: Annotated[
        list[Path] | None,
        typer.Option(help="One for each signing key in the same order, or one for all."),
    ] = None,
) -> None:
    """Make the election's key with all trustees at this one machine.

    The trustees' shares are never put together. But who runs this machine could keep them: every page and verdict
    about the election says so.
    """
    with _refusals():
        manifest = decode_manifest(_read_line(terms / MANIFEST_FILE, MANIFEST_BYTES_MAX))
        if len(manifest.trustees) > 1 and manifest.ceremony != "one-machine":
            raise UnusableInput("The manifest promises a ceremony on separate machines; this is one machine.")
        if (terms / CEREMONY_FILE).exists():
            raise FileStands(f"{terms / CEREMONY_FILE} exists already: the key of this election is made.")
        paths = [out / f"trustee-{number}.key" for number in range(1, len(manifest.trustees) + 1)]
        for path in paths:
            _require_new(path)
            _require_new(diary_path(path))
        present = _in_order(manifest, _open_all(identities, passphrase_file))
        with Progress(stderr()).task("Making the key") as show:
            made = hold_ceremony(
                manifest,
                [each.key.signing_key for each in present],
                lambda state: show(state.candidates_tried, state.candidates_expected),
            )
        _make_folder(out)
        for path, each, share in zip(paths, present, made.shares, strict=True):
            key = each.key.with_share(manifest.election, manifest.size, share)
            _write(path, seal_key(key, each.passphrase))
            assert key.place is not None  # noqa: S101  (`with_share` sets it)
            Diary.create(diary_path(path), key.place)
            say(f"Trustee {share.index}, {key.name}: {path} and its diary {diary_path(path).name}")
        # Last: without it nothing that was made before is of use, and the ceremony is simply held again.
        _write(terms / CEREMONY_FILE, made.ceremony_body + b"\n")
        say(f"The public part of the key: {terms / CEREMONY_FILE}")
        say(
            "Give each trustee the two files, keep no copy here, and let each of them run: psephos trustee check"
        )


@trustee.command()
def check(
    key_file: Annotated[Path, typer.Argument(help="Your key file.")],
    terms: Annotated[
        Path | None,
        typer.Option(help="Folder with manifest.json and ceremony.json, to rehearse the opening."),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """See that your key file opens, and, with the terms, that your share is good."""
    with _refusals():
        key = _open(key_file, passphrase_file).key
        say(f"{key_file} opens. It is {key.name}'s, with the public key {encode_base64url(key.public_key)}.")
        if key.place is None or key.share is None:
            say("It holds no share yet.")
            return
        say(f"It holds share {key.place.trustee} of election {key.place.election}.")
        signed = Diary(diary_path(key_file), key.place).statement()
        say(f"A closing statement was {'not signed yet' if signed is None else 'signed'}.")
        if terms is None:
            return
        manifest = decode_manifest(_read_line(terms / MANIFEST_FILE, MANIFEST_BYTES_MAX))
        record = read_key(manifest, _read_line(terms / CEREMONY_FILE, CEREMONY_BYTES_MAX))
        if manifest.election != key.place.election:
            raise NotThisTrustee(
                f"The terms are of election {manifest.election}, the share is of another one."
            )
        count = rehearse(record, key.share)
        say(f"Rehearsed: {count} openings, each with a proof that holds.")


@trustee.command("sign-freeze")
def sign_freeze_command(
    terms: TermsFolder, key: KeyOption, out: OutOption, passphrase_file: PassphraseFile = None
) -> None:
    """Check the terms of the election and sign their fingerprint."""
    with _refusals():
        _require_new(out)
        opened = _open(key, passphrase_file).key
        found = check_terms(
            opened,
            _read_line(terms / MANIFEST_FILE, MANIFEST_BYTES_MAX),
            _read_line(terms / CEREMONY_FILE, CEREMONY_BYTES_MAX),
            _read_line(terms / ROLL_FILE, ROLL_BYTES_MAX),
        )
        _print_terms(found)
        assert opened.place is not None  # noqa: S101  (checked with the terms)
        _write(out, encode_freeze_signature(found, opened.place.trustee, sign_freeze(opened, found)))
        say(f"\nSigned: {out}")
        say("Compare the fingerprint with the other trustees before you hand the file over.")


@trustee.command()
def state(
    bundle: BundleFolder, key: KeyOption, out: OutOption, passphrase_file: PassphraseFile = None
) -> None:
    """Verify the closed board and sign its closing: once for an election, ever."""
    with _refusals():
        _require_new(out)
        opened = _open(key, passphrase_file)
        with _reading(bundle, "Verifying the board") as (source, options):
            result = sign_statement(source, opened.key, _diary(key, opened.key), datetime.now(UTC), options)
        _hand_over(result, out)


@trustee.command("open")
def open_command(
    bundle: BundleFolder,
    key: KeyOption,
    out: OutOption,
    passphrase_file: PassphraseFile = None,
    accept_act: Annotated[
        bool,
        typer.Option(
            "--accept-act",
            help="You have read the act that lowers the number of statements, and asked the other trustees.",
        ),
    ] = False,
) -> None:
    """Verify the board again and open the sums, when the trustees' statements stand on it."""
    with _refusals():
        _require_new(out)
        opened = _open(key, passphrase_file)
        with _reading(bundle, "Verifying the board") as (source, options):
            diary = _diary(key, opened.key)
            result = open_products(
                source, opened.key, diary, datetime.now(UTC), options, accept_act=accept_act
            )
        _hand_over(result, out)


@dataclass(frozen=True)
class _Opened:
    key: TrusteeKey
    passphrase: str


def _open(path: Path, passphrase_file: Path | None) -> _Opened:
    data = read_file(path, KEY_FILE_BYTES_MAX)
    passphrase = _passphrase(passphrase_file) if passphrase_file else _ask(path, confirm=False)
    return _Opened(open_key(data, passphrase), passphrase)


def _open_all(paths: list[Path], passphrase_files: list[Path] | None) -> list[_Opened]:
    files: list[Path | None] = [*passphrase_files] if passphrase_files else [None]
    if len(files) == 1:
        files *= len(paths)
    if len(files) != len(paths):
        raise UnusableInput("Give one --passphrase-file for each signing key, or one for all.")
    return [_open(path, file) for path, file in zip(paths, files, strict=True)]


def _in_order(manifest: Manifest, present: list[_Opened]) -> list[_Opened]:
    found = {encode_base64url(each.key.public_key): each for each in present}
    if absent := [named.name for named in manifest.trustees if named.key not in found]:
        raise UnusableInput(f"The signing keys of these trustees are not here: {', '.join(absent)}.")
    if len(present) != len(manifest.trustees):
        raise UnusableInput("There are signing keys here that the manifest does not name.")
    if any(each.key.share is not None for each in present):
        raise UnusableInput("One of the files holds a share already. A key file serves one election.")
    return [found[named.key] for named in manifest.trustees]


def _new_passphrase(path: Path, passphrase_file: Path | None) -> str:
    _require_new(path)
    return _passphrase(passphrase_file) if passphrase_file else _ask(path, confirm=True)


def _ask(path: Path, *, confirm: bool) -> str:
    answer: str = typer.prompt(
        f"Passphrase for {path.name}", hide_input=True, confirmation_prompt=confirm, err=True
    )
    return answer


def _passphrase(path: Path) -> str:
    try:
        return read_file(path, PASSPHRASE_BYTES_MAX).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{path} is not UTF-8 text.") from error


def _diary(path: Path, key: TrusteeKey) -> Diary:
    if key.place is None:
        raise NotThisTrustee("This key file holds no share yet: it comes out of the key ceremony.")
    return Diary(diary_path(path), key.place)


def _read_line(path: Path, limit_bytes: int) -> bytes:
    """A record that lies alone in a file, with or without a newline behind it."""
    return read_file(path, limit_bytes + 1).removesuffix(b"\n")


@contextmanager
def _reading(folder: Path, label: str) -> Iterator[tuple[Bundle, Options]]:
    bundle = Bundle.open(folder)
    size = bundle.announced_size()
    with Progress(stderr()).task(label) as show, processes(size) as (executor, workers):
        yield (
            bundle,
            Options(
                executor=executor,
                workers=workers,
                progress=lambda leaves, turn: show((turn - 1) * size + leaves, 2 * size),
            ),
        )


def _print_terms(terms: ElectionTerms) -> None:
    manifest = terms.manifest
    say(f"{in_words(manifest.title)}, {in_words(manifest.authority)}")
    say(f"Open from {manifest.opens_at} to {manifest.closes_at}; weights on the roll: {terms.total_weight:,}")
    for question in manifest.questions:
        say(f"  {in_words(question.text)}")
        for option in question.options:
            say(f"    - {in_words(option.label)}")
    ends = "nobody" if manifest.registrar_key is None else f"whoever has the key {manifest.registrar_key}"
    say(f"Lost codes are replaced by: {ends}; closing may move by {manifest.extension_seconds:,} seconds")
    say("Trustees: " + ", ".join(named.name for named in manifest.trustees))
    for code in manifest.warnings():
        say(f"  ! {WARNINGS.get(code, code)}")
    say(f"\nFingerprint  {terms.fingerprint_code}")


def _hand_over(result: SignedByTrustee, out: Path) -> None:
    for check in result.failures:
        say(f"{check.name}: {check.failure_count} failures; they do not keep you from signing:")
        for failure in check.failures[:10]:
            say(f"  {'' if failure.entry is None else f'entry {failure.entry}: '}{failure.reason}")
    print_events(result.events)
    for code in result.warnings:
        say(f"  ! {WARNINGS.get(code, code)}")
    _write(out, encode_signed_body(result.signed))
    say(f"The board verifies. Signed: {out} ({result.signed.kind}). Hand it to the election office.")


def _require_new(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise FileStands(f"{path} exists already and is not overwritten.")


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be made: {error.strerror}.") from error


def _write(path: Path, data: bytes) -> None:
    try:
        write_new_file(path, data)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be written: {error.strerror}.") from error
