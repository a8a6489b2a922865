"""Forms: what was typed, read strictly, and what is wrong with it, said beside the field.

A route reads a form through `web.access`, which also checks its CSRF token; a handler then asks the `Form` for each
field by name and kind. A field that cannot be used adds a sentence to the form and gives an empty value, so that
one look at `form.ok` at the end decides, and the page shows everything that was typed beside what is wrong with it
(macros in `templates/macros/forms.html`).
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final, TypeVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from web.i18n import N_, Language, translations
from web.limits import read_body

_Value = TypeVar("_Value")

FORM_BYTES_MAX: Final = 64 * 1024
"""Enough for every form without a file, unless its route says otherwise."""
SEEN: Final = "seen"
"""The hidden field of what a form had shown (`consultation.seen`)."""
FIELDS_MAX: Final = 2_000
FILES_MAX: Final = 20

# What a reader cannot see: controls, and controls of writing direction, which make text read otherwise than it is.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]"
)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3])[:.h]([0-5][0-9])")
_MOMENT: Final = ("day", "month", "year", "time")
_PART: Final = re.compile(r"[0-9]{1,4}")


class MalformedForm(HTTPException):
    """What was sent is no form that a page of ours could have sent."""

    def __init__(self) -> None:
        super().__init__(400, "What was sent is not a form of this page.")


@dataclass(frozen=True)
class Upload:
    """A file that was sent. name: what the sender's machine calls it, not to be trusted as a path."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field. anchor: id of the element that the summary leads to."""

    field: str
    sentence: str
    anchor: str


@dataclass
class Form:
    """One form of one reader: typed values, files, faults in the order in which they were found.

    saved: what somebody else saved meanwhile, by field (`overtaken`).
    """

    language: Language
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    files: Mapping[str, Sequence[Upload]] = field(default_factory=dict, repr=False)
    faults: list[Fault] = field(default_factory=list)
    saved: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def filled(cls, language: Language, values: Mapping[str, str | Sequence[str]]) -> "Form":
        """A form as a page shows it first: with what is known already."""
        return cls(
            language, {name: (value,) if isinstance(value, str) else value for name, value in values.items()}
        )

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, so far."""
        return not self.faults

    def say(self, message: str, **values: object) -> str:
        """A sentence (marked with N_) in the reader's language."""
        return translations(self.language).gettext(message) % values if values else self._translated(message)

    def wrong(self, name: str, sentence: str, anchor: str = "") -> None:
        """Say what is wrong with a field, unless something is wrong with it already.

        sentence: translated, what is wrong and how to mend it.  anchor: id of the element, if not the name.
        """
        if not self.fault(name):
            self.faults.append(Fault(name, sentence, anchor or name))

    def fault(self, name: str) -> str:
        """The sentence for a field, empty if nothing is wrong with it. For templates."""
        return next((fault.sentence for fault in self.faults if fault.field == name), "")

    def value(self, name: str) -> str:
        """What was typed, as it was typed. For templates; decisions rest on the methods below."""
        found = self.fields.get(name, ())
        return found[0] if found else ""

    def values(self, name: str) -> tuple[str, ...]:
        """Everything under this name, as it was sent. For templates."""
        return tuple(self.fields.get(name, ()))

    def overtaken(self, saved: Mapping[str, str]) -> None:
        """Somebody else saved this form meanwhile: what they saved is shown beside what was typed, which stays.

        saved: the fields as they would be shown now. Its `seen`, what the form now shows, takes the place of the old
        one, so that sending it again replaces the other's words, knowingly.
        """
        self.saved = saved
        self.fields = {**self.fields, SEEN: (saved[SEEN],)}

    def saved_else(self, name: str) -> str:
        """What somebody else saved in this field, where it is something else than what was typed. For templates."""
        parts = [part for part in _MOMENT if f"{name}-{part}" in self.saved]
        names = [f"{name}-{part}" for part in parts] or [name]
        if not any(each in self.saved for each in names):
            return ""
        if all(self._plain(self.value(each)) == self.saved.get(each, "") for each in names):
            return ""
        values = [self.saved.get(each, "") for each in names]
        shown = " ".join(("/".join(values[:3]), *values[3:])) if parts else values[0]
        return shown if any(values) else "–"

    def text(self, name: str, *, most: int, missing: str = "", lines: bool = False) -> str:
        """Text in NFC, without spaces around it. missing: what to say when it is empty; else it may be.

        most: characters.  lines: whether it may have line ends (then `\\n`).
        """
        text = (
            unicodedata.normalize("NFC", self._single(name)).replace("\r\n", "\n").replace("\r", "\n").strip()
        )
        if not text:
            if missing:
                self.wrong(name, missing)
            return ""
        if len(text) > most:
            self.wrong(name, self.say(TOO_LONG, most=most, have=len(text)))
        elif _UNSEEN.search(text) or (not lines and ("\n" in text or "\t" in text)):
            self.wrong(name, self.say(UNSEEN))
        else:
            return text
        return ""

    def number(self, name: str, *, least: int, most: int, wrong: str, missing: str = "") -> int | None:
        """A whole number. wrong: what to say when it is none or out of range.  missing: as for `text`."""
        text = self._single(name).strip().replace("\u00a0", "").replace(" ", "")
        if not text:
            if missing:
                self.wrong(name, missing)
            return None
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            self.wrong(name, wrong)
            return None
        return int(text)

    def choice(self, name: str, among: Collection[str], missing: str) -> str:
        """One of the offered values; "" with `missing` said when there is none or one that was not offered."""
        value = self._single(name)
        if value in among:
            return value
        self.wrong(name, missing)
        return ""

    def choices(self, name: str, among: Collection[str], missing: str = "") -> tuple[str, ...]:
        """Those of the offered values that were ticked, in the order of `among`. missing: as for `text`."""
        ticked = set(self.values(name))
        if not ticked and missing:
            self.wrong(name, missing)
        if not ticked <= set(among):
            self.wrong(name, missing or self.say(NOT_OFFERED))
            return ()
        return tuple(value for value in among if value in ticked)

    def ticked(self, name: str) -> bool:
        """Whether a single box was ticked."""
        return self._single(name) == "yes"

    def file(self, name: str, *, most_bytes: int, missing: str = "") -> Upload | None:
        """The one file of this field. missing: as for `text`."""
        found = [upload for upload in self.files.get(name, ()) if upload.name or upload.data]
        if not found:
            if missing:
                self.wrong(name, missing)
            return None
        if len(found) > 1:
            raise MalformedForm
        if len(found[0].data) > most_bytes:
            self.wrong(
                name, self.say(FILE_TOO_LARGE, most=most_bytes // 1024, have=len(found[0].data) // 1024 + 1)
            )
            return None
        return found[0]

    def moment(self, name: str, zone: ZoneInfo, *, missing: str = "") -> datetime | None:
        """A date and a time on the clocks of `zone`, as UTC; from the fields `name-day`, `-month`, `-year`, `-time`.

        A time that the clocks skip or show twice is refused: nobody could tell later which one was meant.
        """
        day = self.day(name, missing=missing)
        clock = self._single(f"{name}-time").strip()
        if day is None:
            return None
        if not clock:
            self.wrong(name, self.say(TIME_MISSING), f"{name}-time")
            return None
        read = _CLOCK.fullmatch(clock)
        if read is None:
            self.wrong(name, self.say(TIME_WRONG), f"{name}-time")
            return None
        naive = datetime.combine(day, time(int(read[1]), int(read[2])))
        early, late = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early == late:
            return early
        # PEP 495: in a gap the earlier reading is later in UTC.
        self.wrong(name, self.say(TIME_SKIPPED if early > late else TIME_TWICE), f"{name}-time")
        return None

    def day(self, name: str, *, missing: str = "") -> date | None:
        """A date from the fields `name-day`, `-month`, `-year`."""
        parts = {part: self._single(f"{name}-{part}").strip() for part in ("day", "month", "year")}
        if not any(parts.values()):
            if missing:
                self.wrong(name, missing, f"{name}-day")
            return None
        for part, text in parts.items():
            if not _PART.fullmatch(text) or (part == "year" and len(text) != 4):
                self.wrong(name, self.say(PART_WRONG[part]), f"{name}-{part}")
                return None
        try:
            return date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
        except ValueError:
            self.wrong(name, self.say(NO_SUCH_DAY), f"{name}-day")
            return None

    def _plain(self, typed: str) -> str:
        return unicodedata.normalize("NFC", typed).replace("\r\n", "\n").strip()

    def _single(self, name: str) -> str:
        found = self.fields.get(name, ())
        if len(found) > 1:
            raise MalformedForm
        return found[0] if found else ""

    def _translated(self, message: str) -> str:
        return translations(self.language).gettext(message)


TOO_LONG: Final = N_("Shorten this to %(most)s characters; it has %(have)s.")
UNSEEN: Final = N_("This has a character in it that nobody can see. Type it anew instead of pasting it.")
NOT_OFFERED: Final = N_("Choose from what is offered here.")
FILE_TOO_LARGE: Final = N_("The file has %(have)s kB. Choose one of at most %(most)s kB.")
TIME_MISSING: Final = N_("Enter the time, such as 20:00")
TIME_WRONG: Final = N_("Write the time with hours and minutes, such as 20:00")
TIME_SKIPPED: Final = N_(
    "The clocks are put forward that night and skip this time. Choose an earlier or later one."
)
TIME_TWICE: Final = N_(
    "The clocks are put back that night and show this time twice. Choose an earlier or later one."
)
NO_SUCH_DAY: Final = N_("There is no such day. Compare day, month and year with a calendar.")
PART_WRONG: Final = {
    "day": N_("Write the day as a number, such as 29"),
    "month": N_("Write the month as a number, such as 11"),
    "year": N_("Write the year with four digits, such as 2026"),
}


def moment_fields(name: str, moment: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The fields that `Form.moment` reads, for a form that is shown with a known time."""
    local = moment.astimezone(zone)
    return {
        f"{name}-day": str(local.day),
        f"{name}-month": str(local.month),
        f"{name}-year": f"{local.year:04}",
        f"{name}-time": f"{local:%H:%M}",
    }


async def read_form(request: Request, language: Language, *, limit: int = FORM_BYTES_MAX) -> Form:
    """The form that a browser posted. limit: bytes of the whole body, files included.

    Raises: BodyTooLarge, MalformedForm (also for too many fields or files, and for text that is not UTF-8).
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise MalformedForm
    body = await read_body(request, limit=limit)
    if media_type == "multipart/form-data":
        return await _read_multipart(request, language, body)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:  # not ASCII, not UTF-8, a pair without "=", too many
        raise MalformedForm from error
    return Form(language, _grouped(pairs))


async def _read_multipart(request: Request, language: Language, body: bytes) -> Form:
    # The library takes a body that stops in the middle of a part for a whole one.
    _, options = parse_options_header(request.headers["content-type"])
    if not body.rstrip(b"\r\n").endswith(b"--" + options.get(b"boundary", b"") + b"--"):
        raise MalformedForm

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, once(), max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=len(body)
    )
    try:
        data = await parser.parse()
    except (MultiPartException, UnicodeError) as error:
        raise MalformedForm from error
    texts: list[tuple[str, str]] = []
    files: list[tuple[str, Upload]] = []
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            await value.close()
            files.append((name, Upload(value.filename or "", value.content_type or "", content)))
        else:
            texts.append((name, value))
    return Form(language, _grouped(texts), _grouped(files))


def _grouped(pairs: Sequence[tuple[str, _Value]]) -> dict[str, tuple[_Value, ...]]:
    grouped: dict[str, list[_Value]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in grouped.items()}
