"""What an official has written down of an election that is still being prepared.

A draft may be incomplete in every way, but what it holds is bounded, plain text in NFC and decoded as strictly as
anything else, also when it comes from our own database. What is missing for an election is said by
`voting.checklist`; what it becomes is made by `voting.draft_manifest`.
"""

import unicodedata
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.manifest import (
    DOCUMENTS_MAX,
    EXTENSION_SECONDS_MAX,
    POSITION_POINTS_MAX,
    STRICT_SMALL_AREAS,
    Area,
    SmallAreas,
)
from protocol.text import Base64url, Count, Identifier, LocalText, require_text

DRAFT_BYTES_MAX = 2_000_000
QUESTIONS_MAX = 20
OPTIONS_MAX = 200
AREAS_MAX = 1000
HOLDERS_MAX = 10
OBJECTION_SECONDS_MAX = 2_592_000
TITLE_CHARACTERS = 200
QUESTION_CHARACTERS = 500
OPTION_CHARACTERS = 300
AREA_CHARACTERS = 200
DOCUMENT_CHARACTERS = 200
HOLDER_CHARACTERS = 100

ALL_VOTERS = Area(id="all", name=LocalText(en="All voters", vi="Tất cả cử tri"))
"""The one counting area of an election that is not counted by area."""


class Section(StrEnum):
    """One page of the preparation, in the order of the task list."""

    TITLE = "title"
    QUESTIONS = "questions"
    DOCUMENTS = "documents"
    CALENDAR = "calendar"
    AREAS = "areas"
    RULES = "rules"
    VOTERS = "voters"
    KEY_HOLDERS = "key-holders"
    TERMS = "terms"
    CEREMONY = "ceremony"
    ROLL = "roll"
    SIGNATURES = "signatures"


class Kind(StrEnum):
    """Kinds of question, spelled as in the manifest."""

    CHOOSE_ONE = "choose-one"
    APPROVAL = "approval"
    POINTS = "points"
    RANKING = "ranking"


class Words(Record, frozen=True):
    """One text in both languages; either may still be empty."""

    en: str
    vi: str

    def require(self, limit_characters: int, name: str) -> None:
        """Raises: ValueError for a text that no record may hold; an empty one is fine here."""
        for language, value in (("en", self.en), ("vi", self.vi)):
            if value:
                require_text(value, limit_characters, f"{name} ({language})")

    @property
    def whole(self) -> bool:
        """Whether both languages are there."""
        return bool(self.en and self.vi)

    @property
    def either(self) -> str:
        """English, else Vietnamese, else nothing."""
        return self.en or self.vi


NO_WORDS = Words(en="", vi="")


def tidy(typed: str) -> str:
    """What was typed as it is kept: NFC, without spaces around it and without runs of spaces or line ends."""
    return " ".join(unicodedata.normalize("NFC", typed).split())


class DraftOption(Record, frozen=True):
    """One thing that can be chosen."""

    id: Identifier
    label: Words


class DraftQuestion(Record, frozen=True):
    """One question.

    minimum, maximum: approval: how many options; points: all points together; of no meaning for the others.
    points_max: points for one option.  positions: ranking: points of position 1, 2, …
    """

    id: Identifier
    kind: Literal["choose-one", "approval", "points", "ranking"]
    maximum: Count
    minimum: Count
    options: Annotated[tuple[DraftOption, ...], msgspec.Meta(max_length=OPTIONS_MAX)]
    points_max: Annotated[int, msgspec.Meta(ge=0, le=20)]
    positions: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=POSITION_POINTS_MAX)], ...],
        msgspec.Meta(max_length=OPTIONS_MAX),
    ]
    text: Words

    def __post_init__(self) -> None:
        self.text.require(QUESTION_CHARACTERS, f"text of question {self.id}")
        for option in self.options:
            option.label.require(OPTION_CHARACTERS, f"label of option {option.id}")
        _require_distinct([option.id for option in self.options], f"option ids of question {self.id}")


class DraftDocument(Record, frozen=True):
    """A file that voters should read; the bytes lie in `draft_file` under the digest."""

    bytes: Count
    media_type: Literal["application/pdf", "image/png", "image/jpeg", "text/plain"]
    name: Words
    sha256: Base64url


class LocalMoment(Record, frozen=True):
    """A time on the clocks of the draft's zone. fold: 1 is the second of two equal times when clocks go back."""

    date: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
    fold: Annotated[int, msgspec.Meta(ge=0, le=1)]
    time: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}:[0-9]{2}\Z")]


class Holder(Record, frozen=True):
    """A trustee. key: base64url, empty until it is there.  person: the account that may hand in files, or None."""

    key: Base64url
    name: str
    person: str | None


class TitlePart(Record, frozen=True):
    """What the vote is called, who holds it, and whether it is only a rehearsal."""

    authority: Words
    rehearsal: bool
    title: Words

    def __post_init__(self) -> None:
        self.title.require(TITLE_CHARACTERS, "title")
        self.authority.require(TITLE_CHARACTERS, "authority")


class QuestionsPart(Record, frozen=True):
    """What is asked."""

    questions: Annotated[tuple[DraftQuestion, ...], msgspec.Meta(max_length=QUESTIONS_MAX)]

    def __post_init__(self) -> None:
        _require_distinct([question.id for question in self.questions], "question ids")


class DocumentsPart(Record, frozen=True):
    """What voters should read."""

    documents: Annotated[tuple[DraftDocument, ...], msgspec.Meta(max_length=DOCUMENTS_MAX)]

    def __post_init__(self) -> None:
        for document in self.documents:
            document.name.require(DOCUMENT_CHARACTERS, "name of a document")
        _require_distinct([document.sha256 for document in self.documents], "document digests")


class CalendarPart(Record, frozen=True):
    """When: on the clocks of `time_zone`, an IANA name or empty until one is chosen."""

    closes: LocalMoment | None
    extension_seconds: Annotated[int, msgspec.Meta(ge=0, le=EXTENSION_SECONDS_MAX)]
    objection_seconds: Annotated[int, msgspec.Meta(ge=0, le=OBJECTION_SECONDS_MAX)]
    opens: LocalMoment | None
    time_zone: Annotated[str, msgspec.Meta(max_length=64)]


class AreasPart(Record, frozen=True):
    """How votes are counted: counting areas in merging order, and when few ballots may be opened (PROTOCOL 8)."""

    areas: Annotated[tuple[Area, ...], msgspec.Meta(min_length=1, max_length=AREAS_MAX)]
    small_areas: SmallAreas

    def __post_init__(self) -> None:
        for area in self.areas:
            area.name.require(AREA_CHARACTERS, f"name of area {area.id}")
        _require_distinct([area.id for area in self.areas], "area ids")


class RulesPart(Record, frozen=True):
    """Who gets to the booth and what counts. quorum: the share of voters that makes the vote valid.

    registrar_key: base64url, null until it is there; without it lost codes cannot be replaced.
    """

    quorum: tuple[Count, Count] | None
    registrar_key: Base64url | None
    revoting: bool
    sign_in: Literal["none", "required"]

    def __post_init__(self) -> None:
        if self.quorum is not None and not 1 <= self.quorum[0] <= self.quorum[1]:
            raise ValueError("quorum must be a fraction a/b with 1 <= a <= b")


class KeyHoldersPart(Record, frozen=True):
    """Who keeps the key, and how many of them open the count together."""

    bits: Literal[2048, 3072]
    holders: Annotated[tuple[Holder, ...], msgspec.Meta(max_length=HOLDERS_MAX)]

    def __post_init__(self) -> None:
        for number, holder in enumerate(self.holders, start=1):
            require_text(holder.name, HOLDER_CHARACTERS, f"name of trustee {number}")
        _require_distinct([holder.key for holder in self.holders if holder.key], "trustee keys")

    @property
    def threshold(self) -> int:
        """How many open together: one alone, or two of three and more (KEY-CEREMONY)."""
        return 1 if len(self.holders) <= 1 else 2


Part = TitlePart | QuestionsPart | DocumentsPart | CalendarPart | AreasPart | RulesPart | KeyHoldersPart


class Draft(Record, frozen=True):
    """The whole document."""

    areas: AreasPart
    calendar: CalendarPart
    documents: DocumentsPart
    format: Literal["psephos/draft/v1"]
    key_holders: KeyHoldersPart
    questions: QuestionsPart
    rules: RulesPart
    title: TitlePart

    def with_part(self, part: Part) -> "Draft":
        """The draft with one section replaced."""
        return msgspec.structs.replace(self, **{FIELD_OF[section_of(part)]: part})

    def part(self, section: Section) -> Part:
        """One section. Raises: KeyError for a section that is not written down here (files)."""
        found: Part = getattr(self, FIELD_OF[section])
        return found


PART_TYPES: dict[Section, type[Part]] = {
    Section.TITLE: TitlePart,
    Section.QUESTIONS: QuestionsPart,
    Section.DOCUMENTS: DocumentsPart,
    Section.CALENDAR: CalendarPart,
    Section.AREAS: AreasPart,
    Section.RULES: RulesPart,
    Section.KEY_HOLDERS: KeyHoldersPart,
}
FIELD_OF = {section: section.value.replace("-", "_") for section in PART_TYPES}


def section_of(part: Part) -> Section:
    """Where a part belongs."""
    return next(section for section, kind in PART_TYPES.items() if type(part) is kind)


def empty_draft() -> Draft:
    """Nothing decided, and the cautious rules."""
    return Draft(
        areas=AreasPart(areas=(ALL_VOTERS,), small_areas=STRICT_SMALL_AREAS),
        calendar=CalendarPart(
            closes=None, extension_seconds=0, objection_seconds=3600, opens=None, time_zone=""
        ),
        documents=DocumentsPart(documents=()),
        format="psephos/draft/v1",
        key_holders=KeyHoldersPart(bits=3072, holders=()),
        questions=QuestionsPart(questions=()),
        rules=RulesPart(quorum=None, registrar_key=None, revoting=True, sign_in="none"),
        title=TitlePart(authority=NO_WORDS, rehearsal=False, title=NO_WORDS),
    )


def encode_draft(draft: Draft) -> bytes:
    """The canonical bytes, as they are stored."""
    return encode_canonical(draft)


def decode_draft(data: bytes) -> Draft:
    """Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data, Draft, limit_bytes=DRAFT_BYTES_MAX)


def decode_part(section: Section, data: bytes) -> Part:
    """One section alone, as the history keeps it. Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data, PART_TYPES[section], limit_bytes=DRAFT_BYTES_MAX)


def next_id(prefix: str, taken: tuple[str, ...]) -> str:
    """The first of prefix1, prefix2, … that is not taken."""
    number = 1
    while f"{prefix}{number}" in taken:
        number += 1
    return f"{prefix}{number}"


def _require_distinct(items: list[str], name: str) -> None:
    if len(set(items)) != len(items):
        raise ValueError(f"{name} are not distinct")
