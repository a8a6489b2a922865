"""The code book: who has which voting code. It exists on the registrar's machine alone, sealed with a passphrase.

Whoever reads it can vote for everybody. It is kept until the polls close, because a lost code is replaced from it; a
replaced code stays in it with the revocation that ended it, so that the file for the server can be written again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from crypto.credential import credential_of
from crypto.encoding import encode_base64url
from crypto.sealing import PRODUCT_COST, ScryptCost
from crypto.voting_code import VotingCode
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest
from protocol.roll import WEIGHT_MAX
from protocol.text import Base64url, ElectionId, Identifier, Timestamp, require_text
from voting.errors import VotingError
from voting.registrar import issue_codes
from voting.sealed_file import SealedFileUnusable, open_file, seal_file
from voting.voters_list import VoterLine

BOOK_BYTES_MAX: Final = 2_000_000_000
CODES_MAX: Final = 100
"""Of one voter: the first and its replacements."""

CodeText = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}\Z")]


class NoSuchVoter(VotingError):
    """The book has no such line, or several."""

    code = "no-such-voter"


class BookDoesNotFit(VotingError):
    """The book was made for another roll."""

    code = "book-does-not-fit"


class Replacement(Record, frozen=True):
    """What ended a code. body: the `psephos/revocation/v1` as text.  signature: the registrar's, base64url."""

    at: Timestamp
    body: str
    signature: Base64url


class BookLine(Record, frozen=True):
    """One voter. codes: the 26 data symbols of each, the last one is in force; each earlier one has a replacement."""

    address: str
    area: Identifier
    codes: Annotated[tuple[CodeText, ...], msgspec.Meta(min_length=1, max_length=CODES_MAX)]
    email: str
    identity: str
    language: Literal["", "en", "vi"]
    replacements: tuple[Replacement, ...]
    voter: str
    weight: Annotated[int, msgspec.Meta(ge=1, le=WEIGHT_MAX)]

    def __post_init__(self) -> None:
        require_text(self.voter, 200, "voter")
        if len(self.replacements) != len(self.codes) - 1:
            raise ValueError("each code but the last has a replacement")

    def __repr__(self) -> str:  # neither a code nor a person
        return f"BookLine({len(self.codes)} codes)"

    @property
    def code(self) -> VotingCode:
        """The code in force."""
        return VotingCode(self.codes[-1])

    def public_key(self, election: str) -> bytes:
        """The credential of the code in force."""
        return credential_of(self.code, election).public_key


class _BookRecord(Record, frozen=True):
    election: ElectionId
    entries: tuple[BookLine, ...]
    format: Literal["psephos/code-book/v1"]
    roll: Base64url


@dataclass(frozen=True)
class CodeBook:
    """All voters of one election, in the order of their list. roll: digest of the public roll that was made with it."""

    election: str
    roll: str
    lines: tuple[BookLine, ...]

    def find(self, voter: str, identity: str = "") -> int:
        """The place of a voter's line. identity: needed where two have one name.

        Raises: NoSuchVoter. Its sentence repeats no name.
        """
        wanted = voter.casefold()
        found = [place for place, line in enumerate(self.lines) if line.voter.casefold() == wanted]
        if identity:
            found = [place for place in found if self.lines[place].identity.casefold() == identity.casefold()]
        if not found:
            raise NoSuchVoter("The voters' list has no such voter. Write the name as it stands there.")
        if len(found) > 1:
            raise NoSuchVoter(f"{len(found)} voters have this name. Give the identity as well.")
        return found[0]

    def require_roll(self, roll_body: bytes) -> None:
        """Raises: BookDoesNotFit unless this roll was made together with the book."""
        if encode_base64url(body_digest(Kind.ROLL, roll_body)) != self.roll:
            raise BookDoesNotFit(
                "The roll of these terms was not made with these codes. No letter would work."
            )

    def with_line(self, place: int, line: BookLine) -> "CodeBook":
        """The book with one line changed."""
        return CodeBook(self.election, self.roll, (*self.lines[:place], line, *self.lines[place + 1 :]))


def make_book(election: str, voters: Sequence[VoterLine]) -> tuple[CodeBook, bytes]:
    """A fresh code for each voter; the book, and the body of the public roll."""
    issued, roll_body = issue_codes(election, [voter.entry for voter in voters])
    lines = tuple(
        BookLine(
            address=voter.address,
            area=voter.entry.area,
            codes=(item.code.data,),
            email=voter.email,
            identity=voter.identity,
            language=_language(voter.language),
            replacements=(),
            voter=voter.voter,
            weight=voter.entry.weight,
        )
        for voter, item in zip(voters, issued, strict=True)
    )
    return CodeBook(election, encode_base64url(body_digest(Kind.ROLL, roll_body)), lines), roll_body


def _language(text: str) -> Literal["", "en", "vi"]:
    return "en" if text == "en" else "vi" if text == "vi" else ""


def seal_book(book: CodeBook, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> bytes:
    """The bytes of the file. Raises: PassphraseTooWeak."""
    record = _BookRecord(
        election=book.election, entries=book.lines, format="psephos/code-book/v1", roll=book.roll
    )
    return seal_file("psephos/code-book/v1", book.election, encode_canonical(record), passphrase, cost)


def open_book(data: bytes, passphrase: str, cost: ScryptCost = PRODUCT_COST) -> CodeBook:
    """Raises: SealedFileUnusable, SealedFileLocked, PassphraseTooWeak."""
    about, secret = open_file("psephos/code-book/v1", data, passphrase, cost)
    try:
        record = decode_canonical(secret, _BookRecord, limit_bytes=BOOK_BYTES_MAX)
    except ProtocolError as error:
        raise SealedFileUnusable(f"The code book cannot be read: {error}") from error
    if record.election != about:
        raise SealedFileUnusable("The code book names two elections.")
    return CodeBook(record.election, record.roll, record.entries)


def voters_with_mail(lines: Iterable[BookLine]) -> list[BookLine]:
    """Those whose code can go by e-mail."""
    return [line for line in lines if line.email]
