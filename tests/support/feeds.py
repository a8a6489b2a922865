"""Strict readers of Atom (RFC 4287) and iCalendar (RFC 5545), which share no line with what writes them.

They refuse what forgiving programs let pass, so that a program that does not forgive reads our feeds as well.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"
_FEED = ("author", "id", "link", "rights", "title", "updated", "entry")
_ENTRY = ("id", "link", "summary", "title", "updated")
_ONCE = ("id", "title", "updated", "rights", "summary")
_ALWAYS = ("id", "title", "updated")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # RFC 3339, of which we write UTC alone

# RFC 5545, 3.1 and 3.3.11.
_LINE = re.compile(r"([A-Z][A-Z0-9-]*)((?:;[A-Z-]+=[^\x00-\x1f\x7f\";:,]+)*):(.*)")
_TEXT = re.compile(r"(?:[^\x00-\x08\x0a-\x1f\x7f\\;,]|\\[\\;,nN])*")
_UTC = re.compile(r"\d{8}T\d{6}Z")
_DAY = re.compile(r"\d{8}")
_MOMENTS = ("DTSTAMP", "DTSTART")
_CALENDAR_ONCE = frozenset({"VERSION", "PRODID"})
_EVENT_ONCE = frozenset({"UID", "DTSTAMP", "DTSTART"})
_EVENT_AT_MOST_ONCE = frozenset({"SUMMARY", "URL", "DTEND", "DURATION", "DESCRIPTION", "LAST-MODIFIED"})
_TEXTS = frozenset({"UID", "PRODID", "SUMMARY", "DESCRIPTION", "X-WR-CALNAME"})


@dataclass(frozen=True)
class Entry:
    """One entry of a feed."""

    id: str
    title: str
    updated: datetime


def read_feed(data: bytes) -> Sequence[Entry]:
    """The entries of a feed that keeps every rule; AssertionError names the rule."""
    root = ElementTree.fromstring(data)  # noqa: S314  (our own, and the parser opens nothing)
    assert root.tag == f"{ATOM}feed"
    _check(root, _FEED)
    assert root.find(f"{ATOM}author/{ATOM}name") is not None, "4.1.1: an author, or one in each entry"
    assert [link for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"], "4.1.1: rel=self"
    found = []
    for element in root.findall(f"{ATOM}entry"):
        _check(element, _ENTRY)
        found.append(Entry(_text(element, "id"), _text(element, "title"), _moment(_text(element, "updated"))))
    assert len({entry.id for entry in found}) == len(found), "4.1.1: two entries of one id"
    assert _moment(_text(root, "updated")) >= max(
        (entry.updated for entry in found), default=datetime(1970, 1, 1, tzinfo=UTC)
    )
    return found


def _check(element: ElementTree.Element, known: Sequence[str]) -> None:
    names = Counter(child.tag.removeprefix(ATOM) for child in element)
    assert set(names) <= set(known), f"not of Atom: {set(names) - set(known)}"
    assert all(names[name] == 1 for name in _ALWAYS), names
    assert all(names[name] <= 1 for name in _ONCE), names
    identity = urlsplit(_text(element, "id"))
    assert identity.scheme
    assert identity.netloc, "4.2.6: an id is an absolute IRI"
    assert _text(element, "title"), "a title without a word"
    assert _MOMENT.fullmatch(_text(element, "updated")), "3.3: a moment"
    pages = [link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
    alike = Counter((link.get("type"), link.get("hreflang")) for link in pages)
    assert set(alike.values()) == {1}, "4.1.1: two alternate links of one type and language"
    for link in element.findall(f"{ATOM}link"):
        assert urlsplit(link.get("href") or "").netloc, "4.2.7.1: a link without address"


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{ATOM}{name}") or ""


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def read_calendar(data: bytes) -> Sequence[Mapping[str, str]]:
    """The events of a calendar that keeps every rule, their texts as they were meant."""
    calendar, components = _component(_lines(data), "VCALENDAR")
    _count(calendar, _CALENDAR_ONCE, frozenset({"X-WR-CALNAME"}))
    assert dict(calendar)["VERSION"] == "2.0"
    assert components, "3.6: a calendar without any component"
    events = []
    for name, properties, inner in components:
        if name == "VTIMEZONE":
            assert inner, "3.6.5: a zone without a rule"
            continue
        assert (name, inner) == ("VEVENT", []), name
        checked = [_moments_checked(*each) for each in properties]
        _count(checked, _EVENT_ONCE, _EVENT_AT_MOST_ONCE)
        event = dict(checked)
        assert not {"DTEND", "DURATION"} <= set(event), "3.6.1: both an end and a duration"
        events.append(event)
    assert len({event["UID"] for event in events}) == len(events), "3.8.4.7: two events of one UID"
    return events


def _moments_checked(name: str, value: str) -> tuple[str, str]:
    """A property without what said that its value is a day, which only a beginning may be."""
    if name == "DTSTART;VALUE=DATE":
        assert _DAY.fullmatch(value), "3.3.4: a day"
        datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC)
        return "DTSTART", value
    if name.partition(";")[0] in _MOMENTS:
        assert _UTC.fullmatch(value), "3.3.5, form 2: in UTC"
        datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return name, value


_Properties = list[tuple[str, str]]
_Component = tuple[str, _Properties, list["_Component"]]


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    assert data.endswith(b"\r\n")
    pieces = data[:-2].split(b"\r\n")
    for piece in pieces:
        assert 0 < len(piece) <= 75, "3.1: a line of more than 75 octets, or of none"
        assert b"\r" not in piece
        assert b"\n" not in piece
        piece.decode()  # no letter is cut in two
    for line in b"\r\n".join(pieces).decode().replace("\r\n ", "").split("\r\n"):
        found = _LINE.fullmatch(line)
        assert found, f"3.1: {line!r}"
        name, value = found[1], found[3]
        if name in _MOMENTS:
            name += found[2]
        if name in _TEXTS:
            assert _TEXT.fullmatch(value), f"3.3.11: {value!r}"
            value = re.sub(r"\\(.)", lambda one: "\n" if one[1] in "nN" else one[1], value)
        yield name, value


def _component(lines: Iterator[tuple[str, str]], name: str) -> tuple[_Properties, list[_Component]]:
    """A component whose BEGIN is the first line, or was read already where it is within another one."""
    if name == "VCALENDAR":
        assert next(lines) == ("BEGIN", name)
    properties: _Properties = []
    inner: list[_Component] = []
    for key, value in lines:
        if key == "BEGIN":
            inner.append((value, *_component(lines, value)))
        elif key == "END":
            assert value == name, "3.6: components end in the order in which they began"
            return properties, inner
        else:
            assert not inner, "3.4: properties come before components"
            properties.append((key, value))
    raise AssertionError(f"{name} does not end")


def _count(properties: _Properties, once: frozenset[str], at_most: frozenset[str]) -> None:
    counts = Counter(name for name, _ in properties)
    assert set(counts) <= once | at_most, f"not of this component: {set(counts) - once - at_most}"
    assert all(counts[name] == 1 for name in once), counts
    assert all(counts[name] <= 1 for name in at_most), counts
