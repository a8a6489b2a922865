"""Replacing a lost code: a new one in the book, and the signed file with which the server ends the old one.

The book is written first, then the file, then the letter. Whatever is lost on the way is written again from the book:
a code that the book has not is a code that nobody can replace any more.
"""

from datetime import datetime
from typing import Final

import msgspec

from crypto.credential import credential_of
from crypto.encoding import decode_base64url, encode_base64url
from crypto.voting_code import VotingCode, make_voting_code
from protocol.leaf import Kind, sign_body
from protocol.revocation import (
    SIGNED_REVOCATION_BYTES_MAX,
    RevocationRefused,
    decode_signed_revocation,
    encode_signed_revocation,
    make_revocation,
)
from protocol.terms import ElectionTerms
from protocol.text import format_time
from voting.code_book import CODES_MAX, BookLine, CodeBook, Replacement
from voting.registrar_key import RegistrarKey

FILE_BYTES_MAX: Final = SIGNED_REVOCATION_BYTES_MAX


def replace_code(
    book: CodeBook, terms: ElectionTerms, key: RegistrarKey, place: int, reason: str, now: datetime
) -> CodeBook:
    """The book with a new code in a voter's line. reason: 1 to 1,000 characters; everybody reads it on the board.

    Raises: RevocationRefused when these terms name another registrar or none, or the line was replaced too often;
    ValueError for the reason.
    """
    require_registrar(terms, key)
    line = book.lines[place]
    if len(line.codes) == CODES_MAX:
        raise RevocationRefused("This voter's code was replaced too often.")
    new = make_voting_code()
    body = make_revocation(
        terms.election,
        terms.fingerprint,
        line.public_key(terms.election),
        credential_of(new, terms.election).public_key,
        reason,
    )
    ended = Replacement(
        at=format_time(now),
        body=body.decode("utf-8"),
        signature=encode_base64url(sign_body(Kind.REVOCATION, body, key.signing_key)),
    )
    changed = msgspec.structs.replace(
        line, codes=(*line.codes, new.data), replacements=(*line.replacements, ended)
    )
    return book.with_line(place, changed)


def require_registrar(terms: ElectionTerms, key: RegistrarKey) -> None:
    """Raises: RevocationRefused unless the terms name this key."""
    if terms.manifest.registrar_key is None:
        raise RevocationRefused("The terms of this election name no registrar, so codes are not replaced.")
    if terms.manifest.registrar_key != encode_base64url(key.public_key):
        raise RevocationRefused("The terms of this election name another registrar's key.")


def revocation_file(replacement: Replacement) -> bytes:
    """The file for the server, with its newline. It holds nothing secret, and no name."""
    return encode_signed_revocation(
        replacement.body.encode("utf-8"), decode_base64url(replacement.signature, 64)
    )


def read_revocation_file(data: bytes) -> tuple[bytes, bytes]:
    """(body, signature of 64 bytes), as `voting.revocation.revoke` takes and checks them.

    Raises: MalformedRecord, RecordTooLarge.
    """
    return decode_signed_revocation(data)


def ended_codes(line: BookLine) -> tuple[VotingCode, ...]:
    """The voter's codes that are not in force any more, oldest first."""
    return tuple(VotingCode(code) for code in line.codes[:-1])
