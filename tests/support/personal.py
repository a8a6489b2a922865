"""Everything that leads to a person: found in the tables themselves, filled, and looked for afterwards."""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Table, func, insert, select, text
from sqlalchemy.orm import Session

from crypto.encoding import encode_base64url
from storage.base import Base, UtcTime
from storage.engine import empty_journal
from storage.session import reading
from tests.support.repository import ROOMS, ROOT

LEADS: Mapping[str, str] = {
    "identity_person.id": "the account itself",
    "identity_claim.digest": "hash of what they sign in with",
    "identity_claim.mailbox": "the same for the mailbox in whatever spelling",
    "identity_ceremony.purpose": "a ticket for one more way to sign in names the account",
    "identity_email_link.claim": "hash of the address to which a link was sent",
    "identity_email_link.mailbox": "the same for the mailbox",
    "identity_invitation.claim": "hash of the invited address",
    "identity_invitation.mailbox": "the same for the mailbox",
    "identity_passkey.claim": "of the sign-in in which it was added",
    "identity_session.claim": "of the sign-in",
    "identity_totp.sealed": "secret of the app",
    "identity_totp.sealed_next": "the same",
    "petition_link.address_sealed": "where a link to sign was sent",
    "petition_link.claim": "hash of it",
    "petition_link.mailbox": "the same for its canonical form",
    "petition_signature.address_sealed": "for mails about what was signed",
    "petition_signature.mailbox": "hash of the canonical address",
    "following_contact.sealed": "the address for mails",
    "following_contact.sealed_next": "one that is not confirmed",
    "mail_outbox.recipient": "the address",
    "mail_outbox.subject_key": "of mails to an address of following: its nonce",
}
"""Columns without a foreign key that lead to somebody who has an account. All are filled, and empty of them after."""

STAYS: Mapping[str, str] = {
    "identity_invitation.invited_by": "name of an administrator",
    "identity_invitation.name": "of somebody who has no account yet; gone a day after its end",
    "identity_person.name": "of staff alone; goes with the account",
    "fraud_domain.name": "of a mail domain that very many use",
    "petition_body.name_en": "of an office",
    "petition_body.name_vi": "of an office",
    "voting_contact.email": "the registrar's, of the voters' list; gone after the time for objections",
    "voting_dispute.answered_by": "name of an official",
    "voting_dispute.email": "given without an account; gone with the answer",
    "voting_dispute.filer_key": "of a browser",
    "voting_draft.owner": "name of an official",
    "voting_draft_change.by": "name of an official",
    "voting_draft_file.by": "name of an official",
    "voting_list.by": "name of an official",
    "voting_list_person.email": "the registrar's",
    "voting_list_person.person": "the registrar's statement about who may vote",
    "voting_notice.email": "as voting_contact; gone when the mail is queued",
    "voting_permit.holder": "hash under a key that is destroyed at closing: one person, one ballot",
    "voting_permit_contact.email": "as voting_contact; gone with the permit",
    "mail_outbox.attachment_name": "of a file, as receipt.pdf",
    "voting_roll.replaced_by": "a voting code",
    "consultation_area.name_en": "of a place",
    "consultation_area.name_vi": "of a place",
    "consultation_profile.name": "goes with the row, which a foreign key ties to the account",
    "identity_passkey.name": "the same",
}
"""Words and bytes that sound as if they led to somebody, and why they are not filled here."""

SOUNDS_PERSONAL = re.compile(
    r"person|author|owner|user|voter|signer|filer|holder|reporter|actor|email|address|recipient|contact|claim|sealed|"
    r"(^|_)by($|_)|(^|_)name($|_)|phone|mailbox"
)


def import_tables() -> None:
    """Every module that defines one, so that none is missing from the metadata."""
    for room in sorted(ROOMS):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and "__tablename__" in path.read_text(encoding="utf-8"):
                import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def tables() -> Sequence[Table]:
    """All of them, what refers to others last."""
    import_tables()
    return Base.metadata.sorted_tables


def ties() -> Sequence[Column[Any]]:
    """Every column with a foreign key to the person."""
    return [column for table in tables() for column in table.columns if leads_by_key(column)]


def leads_by_key(column: Column[Any]) -> bool:
    """Whether the database itself knows that a column names a person."""
    return any(key.column.table.name == "identity_person" for key in column.foreign_keys)


def name_of(column: Column[Any]) -> str:
    """As in the lists above."""
    return f"{column.table.name}.{column.name}"


def undeclared() -> Sequence[str]:
    """Columns that sound personal and of which nobody has said what becomes of them."""
    return [
        name_of(column)
        for table in tables()
        for column in table.columns
        if SOUNDS_PERSONAL.search(column.name)
        and column.type.python_type in (str, bytes)
        and not leads_by_key(column)
        and name_of(column) not in LEADS
        and name_of(column) not in STAYS
    ]


def fill(session: Session, column: Column[Any], person: str) -> None:
    """Put a row with the person in this column, and in everything that it refers to something that is there."""
    values: dict[str, Any] = {}
    for other in column.table.columns:
        if other is column:
            values[other.name] = person
        elif other.foreign_keys and not other.nullable:
            values[other.name] = person if leads_by_key(other) else _referred(session, other)
        elif not other.nullable and not (other.primary_key and other.autoincrement is True):
            values[other.name] = _invented(other)
    own = column.table.primary_key.columns
    if "id" in own and own["id"].type.python_type is int:
        values.pop("id", None)  # the database numbers by itself
    session.execute(insert(column.table).values(values))


def _referred(session: Session, column: Column[Any]) -> Any:
    (key,) = column.foreign_keys
    found = session.scalar(select(key.column).order_by(key.column.desc()).limit(1))  # the newest invented one
    if found is not None:
        return found
    values = {
        other.name: _referred(session, other) if other.foreign_keys else _invented(other)
        for other in key.column.table.columns
        if not other.nullable
    }
    session.execute(insert(key.column.table).values(values))
    return session.scalar(select(key.column).limit(1))


def _invented(column: Column[Any]) -> Any:
    if isinstance(column.type, UtcTime):
        return datetime(2026, 11, 20, tzinfo=UTC)
    kind = column.type.python_type
    made: Mapping[type, Callable[[], Any]] = {
        str: lambda: secrets.token_hex(8),
        bytes: lambda: secrets.token_bytes(32),
        bool: lambda: False,
        int: lambda: 1_000_000 + secrets.randbelow(1_000_000_000),
        float: lambda: 1.0,
    }
    return made[kind]()


def filled(session: Session, column: Column[Any], person: str) -> bool:
    """Whether a row names the person in this column."""
    return bool(session.scalar(select(func.count()).select_from(column.table).where(column == person)))


@dataclass(frozen=True)
class Trace:
    """Something by which a person could be found again. name: for the message of a test."""

    name: str
    value: bytes


def traces(person: str, addresses: Sequence[str], digests: Sequence[bytes]) -> Sequence[Trace]:
    """A person's number, addresses and hashes in all spellings that the site uses."""
    found = [Trace("number", person.encode()), Trace("number in bytes", bytes.fromhex(person))]
    found += [Trace("address", address.encode()) for address in addresses]
    for digest in digests:
        found += [
            Trace("digest", digest),
            Trace("digest in hex", digest.hex().encode()),
            Trace("digest in base64url", encode_base64url(digest).encode()),
        ]
    return found


def found_in_tables(engine: Engine, sought: Sequence[Trace]) -> Sequence[str]:
    """Where a trace stands in any column of any table, declared or not."""
    found = []
    with reading(engine) as session:
        for table in tables():
            for row in session.execute(select(table)).mappings():
                for name, value in row.items():
                    text = value.encode() if isinstance(value, str) else value
                    if isinstance(text, bytes):
                        found += [f"{table.name}.{name}: {one.name}" for one in sought if one.value in text]
    return found


def found_in_files(folder: Path, sought: Sequence[Trace]) -> Sequence[str]:
    """Where a trace stands in any file below a folder, as bytes."""
    found = []
    for path in _files(folder):
        data = path.read_bytes()
        places = [one.name for one in sought if one.value in data or one.value in str(path).encode()]
        found += [f"{path.name}: {place}" for place in places]
    return found


def files_of(engine: Engine, folder: Path) -> Path:
    """Where a database's bytes lie: below the test's folder with SQLite, else in the server's folder for it."""
    if engine.dialect.name == "sqlite":
        return folder
    with engine.connect() as connection:
        place, number = connection.execute(
            text(
                "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
            )
        ).one()
    return Path(place) / "base" / str(number)


def write_down(engine: Engine) -> None:
    """Into the database's files, with nothing of what was deleted: what time and VACUUM do where people are."""
    empty_journal(engine)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM FULL"))
            connection.execute(text("CHECKPOINT"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
