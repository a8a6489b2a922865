"""`psephos registrar letters`: the letters of a frozen election as PDF, and as a table for a mail merge."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from cli.code_mail import CodeMail, code_mail
from cli.output import UnusableInput, say, stderr, verdict_errors
from cli.progress import Progress
from cli.registrar_files import (
    REFUSALS,
    Codes,
    FreezeFiles,
    Frozen,
    HelpLine,
    PassphraseFile,
    Site,
    frozen_terms,
    open_codes,
    require_help_line,
    require_new,
    site_of,
    write_new,
)
from crypto.display_code import alias
from paper.letter import ElectionOnPaper, Letter, letters_pdf
from paper.sheet import NotPrintable
from paper.words import Both, Language
from protocol.terms import ElectionTerms
from protocol.text import parse_time
from voting.code_book import BookLine, CodeBook
from voting.voters_list import neutralised
from web.links import Links

PER_FILE_MAX: Final = 5000


def letters(
    frozen: Frozen,
    codes: Codes,
    out: Annotated[Path, typer.Option(help="New PDF file; with --per-file a number is added to its name.")],
    help_line: HelpLine,
    freeze: FreezeFiles = None,
    site: Site = None,
    per_file: Annotated[
        int, typer.Option(min=1, max=PER_FILE_MAX, help="Letters in one file at most.")
    ] = 1000,
    everybody: Annotated[
        bool, typer.Option("--all", help="Also for voters whose code goes by e-mail (`registrar send`).")
    ] = False,
    mail_merge: Annotated[
        Path | None,
        typer.Option(
            help="New CSV file with the e-mails, for a mail program of your own: secret like the letters."
        ),
    ] = None,
    registrar_key: Annotated[
        str | None,
        typer.Option(
            help="What `registrar identity` printed: no letter is written if the terms name another."
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write the letters, after the freeze: one page for each voter, with code, QR code and fingerprint."""
    with verdict_errors(False, *REFUSALS, NotPrintable):
        terms, roll_body = frozen_terms(frozen, freeze)
        address = site_of(terms, site)
        require_help_line(help_line)
        require_new(out)
        if mail_merge is not None:
            require_new(mail_merge)
        book = open_codes(codes, passphrase_file).book
        require_fits(book, terms, roll_body)
        if registrar_key is not None and registrar_key != terms.manifest.registrar_key:
            raise UnusableInput(
                "These terms name another registrar's key than yours: whoever has that one can end voting codes "
                "and votes. Send no letter, and tell the key holders."
            )
        say_who_replaces(terms)
        chosen = [line for line in book.lines if everybody or not line.email]
        written = _write_letters(terms, address, help_line, chosen, out, per_file) if chosen else []
        if mail_merge is not None:
            by_mail = [line for line in book.lines if line.email]
            write_new(mail_merge, mail_merge_file(terms, address, help_line, by_mail))
            say(f"{len(by_mail)} e-mails (secret): {mail_merge}")
        say(f"Fingerprint in the letters: {terms.fingerprint_code}")
        say(f"{len(chosen)} letters (secret): {', '.join(str(path) for path in written) or 'none'}")
        if len(chosen) < len(book.lines):
            stderr().print(
                f"{len(book.lines) - len(chosen)} voters have an e-mail address and get no letter here: "
                "`registrar send`, or --all.",
                soft_wrap=True,
            )


def say_who_replaces(terms: ElectionTerms) -> None:
    """The one thing in the terms that only the registrar can see to be wrong: another key in place of theirs."""
    key = terms.manifest.registrar_key
    if key is None:
        say("These terms name no registrar's key: lost codes are not replaced.")
    else:
        say(
            "Whoever has this key can end voting codes. It must be yours, as `registrar identity` printed it:"
        )
        say(f'  registrar_key = "{key}"')


def require_fits(book: CodeBook, terms: ElectionTerms, roll_body: bytes) -> None:
    """Codes and terms belong together. Raises: UnusableInput, BookDoesNotFit."""
    if book.election != terms.election:
        raise UnusableInput("These codes belong to another election.")
    book.require_roll(roll_body)


def _write_letters(
    terms: ElectionTerms, site: str, help_line: str, lines: Sequence[BookLine], out: Path, per_file: int
) -> list[Path]:
    starts = range(0, len(lines), per_file)
    width = len(str(len(starts)))
    paths = (
        [out]
        if len(starts) == 1
        else [
            out.with_name(f"{out.stem}-{number:0{width}}{out.suffix}") for number in range(1, len(starts) + 1)
        ]
    )
    for path in paths:
        require_new(path)
    on_paper = election_on_paper(terms, site, help_line)
    with Progress(stderr()).task("Writing letters") as show:
        for path, start in zip(paths, starts, strict=True):
            part = lines[start : start + per_file]
            write_new(path, letters_pdf(on_paper, [letter_of(terms, site, line) for line in part]))
            show(start + len(part), len(lines))
    return paths


def election_on_paper(terms: ElectionTerms, site: str, help_line: str) -> ElectionOnPaper:
    """What all letters say."""
    manifest = terms.manifest
    return ElectionOnPaper(
        title=Both(manifest.title.en, manifest.title.vi),
        authority=Both(manifest.authority.en, manifest.authority.vi),
        opens_at=local_time(manifest.opens_at, manifest.time_zone),
        closes_at=local_time(manifest.closes_at, manifest.time_zone),
        site=site,
        fingerprint=terms.fingerprint_code,
        help_line=help_line,
        revoting=manifest.revoting,
        sign_in=manifest.sign_in != "none",
        rehearsal=manifest.rehearsal,
        replaceable=manifest.registrar_key is not None,
    )


def local_time(text: str, zone: str) -> datetime:
    """A time of the manifest in its own zone, in UTC where this machine does not know the zone."""
    try:
        return parse_time(text).astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return parse_time(text)


def letter_of(terms: ElectionTerms, site: str, line: BookLine) -> Letter:
    """The letter with a voter's code in force."""
    language = language_of(line)
    return Letter(
        voter=line.voter,
        address=line.address,
        language=language,
        code=line.code.written,
        voter_number=alias(line.public_key(terms.election)),
        scan=booth_address(site, language, terms, line),
        replaces=bool(line.replacements),
    )


def language_of(line: BookLine) -> Language:
    """The language that comes first."""
    return "en" if line.language == "en" else "vi"


def booth_address(site: str, language: Language, terms: ElectionTerms, line: BookLine) -> str:
    """What the QR code holds. Browsers send nothing of what follows the `#`; the booth compares the fingerprint."""
    place = Links(language).booth(terms.election)
    return f"{site}{place}#code={line.code.written}&vote={terms.fingerprint_code}"


def mail_of(terms: ElectionTerms, site: str, help_line: str, line: BookLine) -> CodeMail:
    """The e-mail with a voter's code in force. No link holds the code: it is copied by hand, to the page one meant."""
    language = language_of(line)
    on_paper = election_on_paper(terms, site, help_line)
    return code_mail(on_paper, letter_of(terms, site, line), f"{site}{Links(language).booth(terms.election)}")


def mail_merge_file(terms: ElectionTerms, site: str, help_line: str, lines: Sequence[BookLine]) -> bytes:
    """All e-mails as a table, safe for a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("email", "language", "subject", "text"))
    for line in lines:
        mail = mail_of(terms, site, help_line, line)
        writer.writerow(
            [neutralised(cell) for cell in (line.email, language_of(line), mail.subject, mail.text)]
        )
    return text.getvalue().encode("utf-8")
