"""Rows as CSV (RFC 4180), as a feed (Atom, RFC 4287) and as a calendar (iCalendar, RFC 5545). Pure."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

import msgspec

from protocol.canonical import Record
from protocol.text import parse_time
from voting.voters_list import neutralised

CSV: Final = "text/csv; charset=utf-8"
ATOM: Final = "application/atom+xml"
CALENDAR: Final = "text/calendar; charset=utf-8"
_ATOM: Final = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, in any spelling.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_WORD: Final = re.compile(r"\s*")
_LINE_BYTES: Final = 75
_UTC_ZONE: Final = (
    "BEGIN:VTIMEZONE",
    "TZID:Etc/UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@dataclass(frozen=True)
class FeedEntry:
    """One entry. key: its number within the feed.  path: of its page, without the language.  updated: a timestamp."""

    key: str
    title: str
    updated: str
    path: str
    words: str


@dataclass(frozen=True)
class Feed:
    """A feed. name: in addresses, as `petitions`.  site: address of the site.  author: the authority.

    path: of the page that shows the same to people, without the language.
    """

    name: str
    title: str
    author: str
    site: str
    path: str
    licence: str
    entries: Sequence[FeedEntry]


@dataclass(frozen=True)
class Event:
    """A moment in a calendar, or a day. key: its number, unique in the calendar.  made: a timestamp.

    at: a timestamp, or a day of the site's calendar as `2026-12-11`.
    """

    key: str
    title: str
    at: str
    made: str
    path: str


def columns_of(row: type[Record]) -> tuple[str, ...]:
    """The columns of a table: the fields of its rows, in order."""
    return tuple(field.name for field in msgspec.structs.fields(row))


def table_schema(row: type[Record]) -> dict[str, Any]:
    """A Table Schema (Frictionless Data, version 1) of the CSV: what each column holds, and whether it may be empty."""
    schema = msgspec.json.schema(row)
    properties = schema["$defs"][row.__name__]["properties"]
    fields = []
    for name in columns_of(row):
        kinds = [properties[name], *properties[name].get("anyOf", ())]
        types = {kind["type"] for kind in kinds if "type" in kind}
        (kind,) = types - {"null"}
        fields.append({"name": name, "type": kind, "constraints": {"required": "null" not in types}})
    return {"fields": fields, "missingValues": [""]}


def csv_of(row: type[Record], rows: Sequence[Record]) -> bytes:
    """A table with its heading. Cells that a spreadsheet would compute get an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    columns = columns_of(row)
    writer.writerow(columns)
    for each in rows:
        writer.writerow([_cell(getattr(each, column)) for column in columns])
    return text.getvalue().encode()


def atom_of(feed: Feed) -> bytes:
    """The feed; its entries stand in the order given. A feed without entries has the first day of all."""
    ElementTree.register_namespace("", _ATOM)
    root = ElementTree.Element(f"{{{_ATOM}}}feed")  # of no one language: what citizens write is in either
    _add(root, "id", f"{feed.site}/api/v1/{feed.name}.atom")
    _add(root, "title", feed.title)
    _add(root, "updated", max((entry.updated for entry in feed.entries), default="1970-01-01T00:00:00Z"))
    _add(_add(root, "author"), "name", feed.author)
    _add(root, "rights", feed.licence)
    _add(root, "link", rel="license", href=feed.licence)
    _add(root, "link", rel="self", type=ATOM, href=f"{feed.site}/api/v1/{feed.name}.atom")
    _pages(root, feed.site, feed.path)
    for entry in feed.entries:
        element = _add(root, "entry")
        _add(element, "id", f"{feed.site}/api/v1/{feed.name}#{entry.key}")
        title = _NOT_XML.sub("", entry.title)
        _add(element, "title", entry.key if _NO_WORD.fullmatch(title) else title)
        _add(element, "updated", entry.updated)
        _pages(element, feed.site, entry.path)
        _add(element, "summary", entry.words)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def calendar_of(name: str, site: str, events: Sequence[Event]) -> bytes:
    """A calendar of moments. name: shown by calendar programs."""
    host = site.partition("://")[2]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Psephos//Open data//EN",
        f"X-WR-CALNAME:{_escaped(name)}",
    ]
    if not events:
        lines += _UTC_ZONE  # section 3.6 wants one component at least
    for event in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{event.key}@{host}",
            f"DTSTAMP:{_basic(event.made)}",
            _start(event.at),
            f"SUMMARY:{_escaped(event.title)}",
            f"URL:{site}/en/{event.path}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(piece + b"\r\n" for line in lines for piece in _folded(line))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutralised(value) if isinstance(value, str) else str(value)


def _add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    element.text = _NOT_XML.sub("", text) or None
    return element


def _pages(parent: ElementTree.Element, site: str, path: str) -> None:
    for language in ("en", "vi"):
        _add(
            parent,
            "link",
            rel="alternate",
            hreflang=language,
            type="text/html",
            href=f"{site}/{language}/{path}",
        )


def _start(at: str) -> str:
    """Section 3.3.4 for a day, 3.3.5 for a moment."""
    return f"DTSTART:{_basic(at)}" if "T" in at else f"DTSTART;VALUE=DATE:{at.replace('-', '')}"


def _basic(timestamp: str) -> str:
    return parse_time(timestamp).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    r"""RFC 5545 section 3.3.11: backslash, comma, semicolon and line end are written with a backslash."""
    text = _NOT_XML.sub("", text).replace("\x7f", "")  # nor can a line of a calendar hold any of it
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return re.sub(r"\r\n|\r|\n", r"\\n", text)


def _folded(line: str) -> Iterator[bytes]:
    """Section 3.1: lines of at most 75 bytes, those that go on begin with a blank; no letter is cut in two."""
    piece, room = b"", _LINE_BYTES
    for letter in line:
        data = letter.encode()
        if len(piece) + len(data) > room:
            yield piece
            piece, room = b" ", _LINE_BYTES
        piece += data
    yield piece
