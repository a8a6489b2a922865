"""The registrar's file of addresses for notices (`psephos registrar make --contacts`): whole, or nothing of it.

    voter_number,email,language
    H3DR0-KQM92-XBT7F-CW5PN-6GJ4V,an@example.org,vi

UTF-8, one line for each voter, language `en`, `vi` or empty. Names are not in it.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crypto.crockford import MistypedCode
from crypto.display_code import parse_display_code
from mail.address import parse_address
from mail.errors import MailError
from voting.draft_voters import Contact
from voting.models import VotingRoll
from voting.voters_list import as_meant

CONTACTS_BYTES_MAX: Final = 16_000_000
HEADING: Final = ["voter_number", "email", "language"]
FAULTS_SHOWN: Final = 50


@dataclass(frozen=True)
class ContactFault:
    """What is wrong with a line. line: from 1, 0 for the file.  code: as in FAULTS.  value: what stands there."""

    line: int
    code: str
    value: str = ""


FAULTS: Final = frozenset(
    {"not-text", "broken", "heading", "cells", "number", "unknown", "twice", "address", "language", "empty"}
)


@dataclass(frozen=True)
class ContactsFile:
    """What a file says. contacts: by credential.  faults: the first FAULTS_SHOWN of them.  count: all of them."""

    contacts: Mapping[bytes, Contact]
    faults: tuple[ContactFault, ...]
    count: int

    @property
    def usable(self) -> bool:
        """Whether it can be taken."""
        return self.count == 0


def voter_numbers(session: Session, election_id: str) -> dict[str, bytes]:
    """Credential by voter number, of every code that is in force."""
    rows = session.execute(
        select(VotingRoll.alias, VotingRoll.key).where(
            VotingRoll.election == election_id, VotingRoll.revoked_index.is_(None)
        )
    )
    return dict(rows.all())


def read_contacts(data: bytes, numbers: Mapping[str, bytes]) -> ContactsFile:
    """Read the file strictly. numbers: from `voter_numbers`. Raises nothing: what is wrong is in the answer."""
    contacts: dict[bytes, Contact] = {}
    faults: list[ContactFault] = []
    count = 0

    def wrong(line: int, code: str, value: str = "") -> None:
        nonlocal count
        count += 1
        if len(faults) < FAULTS_SHOWN:
            faults.append(ContactFault(line, code, value[:100]))

    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        if next(reader, []) != HEADING:
            wrong(1, "heading")
            return ContactsFile({}, tuple(faults), count)
        for cells in reader:
            line = reader.line_num
            if not cells:
                continue
            if len(cells) != len(HEADING):
                wrong(line, "cells")
                continue
            number, address, language = (as_meant(cell.strip()) for cell in cells)
            try:
                key = numbers.get(parse_display_code(number))
            except MistypedCode:
                wrong(line, "number", number)
                continue
            if key is None:
                wrong(line, "unknown", number)
            elif key in contacts:
                wrong(line, "twice", number)
            elif language not in ("", "en", "vi"):
                wrong(line, "language", language)
            else:
                try:
                    contacts[key] = Contact(parse_address(address), language)
                except MailError:
                    wrong(line, "address", address)
    except UnicodeDecodeError:
        wrong(0, "not-text")
    except csv.Error as error:
        wrong(0, "broken", str(error))
    if not contacts and not count:
        wrong(0, "empty")
    return ContactsFile(contacts, tuple(faults), count)
