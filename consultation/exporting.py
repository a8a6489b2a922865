"""Everything that the site knows about a person, as lists that a program and a reader understand."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from consultation.personal import PERSONAL
from crypto.encoding import encode_base64url
from identity.desk import Desk
from identity.exporting import export_person
from protocol.text import format_time

Row = Mapping[str, object]


def export_account(desk: Desk, session: Session, person: str) -> Mapping[str, Sequence[Row]]:
    """Lists by name, of values that JSON has: times as RFC 3339 in UTC, bytes as base64url."""
    lists = {**export_person(desk, session, person)}
    for part in PERSONAL:
        rows = part.export(desk, session, person)
        if rows:
            lists[part.name] = rows
    return {name: [_plain_row(row) for row in rows] for name, rows in lists.items()}


def _plain_row(row: Row) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    match value:
        case datetime():
            return format_time(value)
        case bytes():
            return encode_base64url(value)
        case Mapping():
            return {str(name): _plain(inner) for name, inner in value.items()}
        case str() | bool() | int() | float() | None:
            return value
        case Sequence():
            return [_plain(inner) for inner in value]
    return str(value)
