"""`psephos registrar replace`: a lost code ends, the voter gets another one.

Three things are written, in this order: the code book, the signed file for the server, the letter. If the second or
third is missing afterwards, `--again` writes them from the book; it makes no further code.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.output import UnusableInput, say, verdict_errors
from cli.registrar_files import (
    REFUSALS,
    Codes,
    FreezeFiles,
    Frozen,
    HelpLine,
    PassphraseFile,
    Site,
    alone_with,
    frozen_terms,
    open_codes,
    opened,
    passphrase_of,
    require_help_line,
    require_new,
    site_of,
    write_new,
    write_over,
)
from cli.registrar_letters import election_on_paper, letter_of, require_fits
from crypto.display_code import alias
from paper.letter import letters_pdf
from paper.sheet import NotPrintable
from voting.code_book import BookLine, seal_book
from voting.code_replacement import replace_code, revocation_file
from voting.registrar_key import KEY_FILE_BYTES_MAX, open_registrar_key


def replace(
    frozen: Frozen,
    codes: Codes,
    key: Annotated[Path, typer.Option(help="Your signing key, made by `registrar identity`.")],
    voter: Annotated[str, typer.Option(help="The name as it stands in the voters' list.")],
    reason: Annotated[str, typer.Option(help="Everybody reads it on the board: name nobody.")],
    out: Annotated[Path, typer.Option(help="New file for the server: `psephos election revoke`.")],
    letter: Annotated[Path, typer.Option(help="New PDF file with the voter's new letter.")],
    help_line: HelpLine,
    identity: Annotated[str, typer.Option(help="Where two voters have one name.")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Write file and letter of the last replacement once more.")
    ] = False,
    freeze: FreezeFiles = None,
    site: Site = None,
    key_passphrase_file: Annotated[
        Path | None, typer.Option(help="Read the passphrase of the signing key from this file.")
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Replace a voter's code after the freeze, also when the old one has voted: its ballots then stop counting."""
    with verdict_errors(False, *REFUSALS, NotPrintable):
        terms, roll_body = frozen_terms(frozen, freeze)
        address = site_of(terms, site)
        require_help_line(help_line)
        for path in (out, letter):
            require_new(path)
        with alone_with(codes):
            sealed = open_codes(codes, passphrase_file)
            book = sealed.book
            require_fits(book, terms, roll_body)
            place = book.find(voter, identity)
            if again:
                if not book.lines[place].replacements:
                    raise UnusableInput("This voter's code was not replaced yet. Leave out --again.")
            else:
                signing = opened(
                    key, KEY_FILE_BYTES_MAX, passphrase_of(key, key_passphrase_file), open_registrar_key
                )
                try:
                    book = replace_code(book, terms, signing, place, reason, datetime.now(UTC))
                except ValueError as error:
                    raise UnusableInput(f"This reason cannot be used: {error}.") from error
                write_over(codes, seal_book(book, sealed.passphrase))
        line = book.lines[place]
        write_new(out, revocation_file(line.replacements[-1]), 0o644)
        pdf = letters_pdf(election_on_paper(terms, address, help_line), [letter_of(terms, address, line)])
        write_new(letter, pdf)
        _tell(line, terms.election, out, letter)


def _tell(line: BookLine, election: str, out: Path, letter: Path) -> None:
    say(f"The code has been replaced. New voter number: {alias(line.public_key(election))}")
    say(f"For the server: {out}. The old code works until it is there, the new one from then on.")
    say(f"The new letter (secret): {letter}")
