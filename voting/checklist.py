"""What of a draft is missing, what deserves a second look, and what is done. Pure: sentences are made by the pages.

An item that is missing stands in the way: of fixing the terms if it belongs to a section before them, of the freeze
otherwise. A warning does not; it is what the official, or later every reader, should know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from crypto.signature import SEED_BYTES, SigningKey
from protocol.errors import ManifestInvalid
from protocol.layout import lay_out
from protocol.manifest import (
    POSITION_POINTS_MAX,
    RANKED_OPTIONS_MAX,
    STRICT_SMALL_AREAS,
    SmallAreas,
)
from voting.calendar import CalendarFault, Span, resolve, zone
from voting.draft_document import (
    CalendarPart,
    Draft,
    DraftQuestion,
    KeyHoldersPart,
    QuestionsPart,
    Section,
    Words,
)
from voting.draft_facts import Prepared, differences
from voting.draft_manifest import make_manifest
from voting.list_text import unseen_characters
from voting.look_alikes import first_pair_alike, mixed_word
from voting.server_keys import ElectionKeys

SHORT_VOTE: Final = timedelta(hours=24)
LETTERS_NEED: Final = timedelta(days=7)
FAR_AHEAD: Final = timedelta(days=2 * 366)


class State(StrEnum):
    """How an item stands. In the order of how much it matters."""

    MISSING = "missing"
    WARNING = "warning"
    DONE = "done"


@dataclass(frozen=True)
class Item:
    """One line. code: which sentence; values: what stands in it."""

    section: Section
    state: State
    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


BEFORE_TERMS: Final = (
    Section.TITLE,
    Section.QUESTIONS,
    Section.DOCUMENTS,
    Section.CALENDAR,
    Section.AREAS,
    Section.RULES,
    Section.VOTERS,
    Section.KEY_HOLDERS,
)


def checklist(prepared: Prepared, now: datetime) -> tuple[Item, ...]:
    """Every section has at least one item, in the order of the task list."""
    items = [
        *_title(prepared.draft),
        *_questions(prepared.draft.questions),
        *_documents(prepared.draft),
        *_calendar(prepared, now),
        *_areas(prepared),
        *_rules(prepared.draft),
        *_voters(prepared),
        *_key_holders(prepared.draft.key_holders),
    ]
    if not prepared.settled and not any(item.state is State.MISSING for item in items):
        items += _whole(prepared)
    items += _terms(prepared, items)
    return (*items, *_ceremony(prepared), *_roll(prepared), *_signatures(prepared))


def state_of_section(items: Sequence[Item], section: Section) -> State:
    """The gravest state of a section's items."""
    states = [item.state for item in items if item.section is section]
    return next(state for state in State if state in states)


def hindrances(items: Sequence[Item], sections: Sequence[Section] = tuple(Section)) -> tuple[Item, ...]:
    """What is missing in these sections."""
    return tuple(item for item in items if item.state is State.MISSING and item.section in sections)


def _item(section: Section, state: State, code: str, **values: str | int) -> Item:
    return Item(section, state, code, values)


def _missing(section: Section, code: str, **values: str | int) -> Item:
    return Item(section, State.MISSING, code, values)


def _warning(section: Section, code: str, **values: str | int) -> Item:
    return Item(section, State.WARNING, code, values)


def _with_done(found: list[Item], section: Section, code: str, **values: str | int) -> list[Item]:
    """What was found, or that the section is done."""
    return found or [_item(section, State.DONE, code, **values)]


def _texts(words: Words) -> tuple[str, ...]:
    return tuple(text for text in (words.en, words.vi) if text)


def _odd_text(section: Section, *texts: str) -> Iterator[Item]:
    """The first text that reads otherwise than it is."""
    for text in texts:
        if hidden := unseen_characters(text):
            yield _missing(section, "unseen-character", text=text, character=hidden[0])
            return
        if (mixed := mixed_word(text)) is not None:
            scripts = ", ".join(script.capitalize() for script in mixed.scripts)
            yield _missing(section, "mixed-scripts", word=mixed.word, scripts=scripts)
            return


def _title(draft: Draft) -> list[Item]:
    section, part = Section.TITLE, draft.title
    found = []
    for name, words in (("title", part.title), ("authority", part.authority)):
        if not words.either:
            found.append(_missing(section, f"{name}-missing"))
        elif not words.whole:
            found.append(_missing(section, f"{name}-in-one-language"))
    found += _odd_text(section, *_texts(part.title), *_texts(part.authority))
    if part.rehearsal:
        found.append(_warning(section, "rehearsal"))
    return _with_done(found, section, "title-done")


def _questions(part: QuestionsPart) -> list[Item]:
    section = Section.QUESTIONS
    if not part.questions:
        return [_missing(section, "no-question")]
    found = [
        item
        for number, question in enumerate(part.questions, start=1)
        for item in question_items(question, number)
    ]
    for language in ("en", "vi"):
        pair = first_pair_alike([getattr(question.text, language) for question in part.questions])
        if pair is not None:
            found.append(_missing(section, "questions-alike", first=pair[0] + 1, second=pair[1] + 1))
            break
    return _with_done(found, section, "questions-done", count=len(part.questions))


def question_items(question: DraftQuestion, number: int) -> list[Item]:
    """What is wrong with one question; number: its place, from 1."""
    section, options = Section.QUESTIONS, question.options
    found = []
    if not question.text.whole:
        found.append(_missing(section, "question-text", number=number))
    least = 2 if question.kind in ("choose-one", "ranking") else 1
    if len(options) < least:
        found.append(_missing(section, "too-few-options", number=number, least=least))
    if question.kind == "ranking" and len(options) > RANKED_OPTIONS_MAX:
        found.append(_missing(section, "too-many-to-rank", number=number, most=RANKED_OPTIONS_MAX))
    if any(not option.label.whole for option in options):
        found.append(_missing(section, "option-in-one-language", number=number))
    for language in ("en", "vi"):
        pair = first_pair_alike([getattr(option.label, language) for option in options])
        if pair is not None:
            alike = {"number": number, "first": pair[0] + 1, "second": pair[1] + 1}
            found.append(Item(section, State.MISSING, "options-alike", alike))
            break
    found += _odd_text(
        section, *_texts(question.text), *(text for option in options for text in _texts(option.label))
    )
    if bounds := _bounds_fault(question):
        found.append(_missing(section, bounds, number=number))
    return found


def _bounds_fault(question: DraftQuestion) -> str:
    """Which limit of the manifest the numbers break, or nothing."""
    count, least, most = len(question.options), question.minimum, question.maximum
    if question.kind == "approval" and not (least <= most <= count and most >= 1):
        return "approval-bounds"
    if question.kind == "points" and not (
        1 <= question.points_max <= 20 and least <= most <= count * question.points_max and most >= 1
    ):
        return "points-bounds"
    if question.kind == "ranking":
        points = question.positions
        rising = any(later > earlier for earlier, later in pairwise(points))
        if len(points) != count:
            return "positions-count"
        if rising or (points and points[0] == points[-1]) or any(p > POSITION_POINTS_MAX for p in points):
            return "positions-order"
    return ""


def _documents(draft: Draft) -> list[Item]:
    section, documents = Section.DOCUMENTS, draft.documents.documents
    found = []
    for number, document in enumerate(documents, start=1):
        if not document.name.whole:
            found.append(_missing(section, "document-name", number=number))
        found += _odd_text(section, *_texts(document.name))
    return _with_done(found, section, "documents-done" if documents else "no-documents", count=len(documents))


def span_of(part: CalendarPart) -> Span:
    """Opening and closing as moments, as far as they are decided and exist."""
    moments: list[datetime | None] = []
    for local in (part.opens, part.closes):
        try:
            moments.append(None if local is None else resolve(local, zone(part.time_zone)))
        except CalendarFault:
            moments.append(None)
    return Span(*moments)


def _calendar(prepared: Prepared, now: datetime) -> list[Item]:
    section, part = Section.CALENDAR, prepared.draft.calendar
    if not part.time_zone:
        return [_missing(section, "zone-missing")]
    span = span_of(part)
    found = []
    for name, local, at in (("opens", part.opens, span.opens), ("closes", part.closes, span.closes)):
        if local is None:
            found.append(_missing(section, f"{name}-missing"))
        elif at is None:
            found.append(_missing(section, f"{name}-does-not-exist"))
    if span.opens is not None and span.closes is not None:
        found += _span_items(span.opens, span.closes, now, prepared)
    if part.objection_seconds == 0:
        found.append(_warning(section, "no-objection-time"))
    return _with_done(found, section, "calendar-done")


def _span_items(opens: datetime, closes: datetime, now: datetime, prepared: Prepared) -> Iterator[Item]:
    section = Section.CALENDAR
    if closes <= opens:
        yield _missing(section, "closes-before-opens")
    elif closes <= now:
        yield _missing(section, "closes-past")
    elif opens <= now:
        # Once the terms are fixed it cannot be mended any more, and does no harm: the polls open when they can.
        yield _item(section, State.WARNING if prepared.settled else State.MISSING, "opens-past")
    elif closes - opens < SHORT_VOTE:
        yield _warning(section, "short-vote", hours=int((closes - opens) / timedelta(hours=1)))
    elif opens - now < LETTERS_NEED and not prepared.draft.title.rehearsal:
        yield _warning(section, "opens-soon")
    if closes - now > FAR_AHEAD:
        yield _warning(section, "far-ahead")


def is_relaxed(rule: SmallAreas) -> bool:
    """Whether it opens smaller groups than the cautious rule does; every reader is told (PROTOCOL 4)."""
    share, strict = rule.max_share, STRICT_SMALL_AREAS.max_share
    return (
        rule.min_credentials < STRICT_SMALL_AREAS.min_credentials
        or rule.min_same_weight < STRICT_SMALL_AREAS.min_same_weight
        or share[0] * strict[1] > strict[0] * share[1]
        or rule.open_whole
    )


def _areas(prepared: Prepared) -> list[Item]:
    section, part = Section.AREAS, prepared.draft.areas
    found = []
    if any(not (area.name.en and area.name.vi) for area in part.areas):
        found.append(_missing(section, "area-name"))
    for language in ("en", "vi"):
        pair = first_pair_alike([getattr(area.name, language) for area in part.areas])
        if pair is not None:
            found.append(_missing(section, "areas-alike", first=pair[0] + 1, second=pair[1] + 1))
            break
    found += _odd_text(section, *(text for area in part.areas for text in (area.name.en, area.name.vi)))
    if is_relaxed(part.small_areas):
        found.append(_warning(section, "small-areas-relaxed"))
    if prepared.voters is not None:
        by_area = prepared.voters.by_area()
        small = [
            area for area in part.areas if 0 < by_area.get(area.id, 0) < part.small_areas.min_credentials
        ]
        if small:
            found.append(_warning(section, "small-areas-joined", count=len(small), first=small[0].id))
    code = "one-area" if len(part.areas) == 1 else "areas-done"
    return _with_done(found, section, code, count=len(part.areas))


def _rules(draft: Draft) -> list[Item]:
    section, part = Section.RULES, draft.rules
    found = []
    if part.registrar_key is None:
        found.append(_warning(section, "no-registrar-key"))
    if not part.revoting:
        found.append(_warning(section, "no-revoting"))
    return _with_done(found, section, "rules-done")


def _voters(prepared: Prepared) -> list[Item]:
    section, voters = Section.VOTERS, prepared.voters
    asks = prepared.draft.rules.sign_in == "required"
    if voters is None:
        return [_missing(section, "no-list-to-sign-in") if asks else _warning(section, "no-list")]
    found = []
    known = {area.id for area in prepared.draft.areas.areas}
    if strange := sorted(cell.area for cell in voters.cells if cell.area not in known):
        found.append(_missing(section, "list-with-other-areas", area=strange[0]))
    if empty := sorted(known - voters.by_area().keys()):
        found.append(_warning(section, "area-without-voters", area=empty[0], count=len(empty)))
    if asks and voters.identities < voters.voters:
        found.append(_missing(section, "lines-without-identity", count=voters.voters - voters.identities))
    if voters.lonely:
        area, weight = voters.lonely[0]
        found.append(_warning(section, "lonely-weight", count=len(voters.lonely), area=area, weight=weight))
    return _with_done(found, section, "voters-done", count=voters.voters)


def _key_holders(part: KeyHoldersPart) -> list[Item]:
    section, holders = Section.KEY_HOLDERS, part.holders
    if not holders:
        return [_missing(section, "no-key-holder")]
    found = []
    if len(holders) == 2:
        found.append(_missing(section, "two-key-holders"))
    pair = first_pair_alike([holder.name for holder in holders])
    if pair is not None:
        found.append(_missing(section, "key-holders-alike", first=pair[0] + 1, second=pair[1] + 1))
    found += _odd_text(section, *(holder.name for holder in holders))
    if without := [holder.name for holder in holders if not holder.key]:
        found.append(_missing(section, "keys-missing", count=len(without), names=", ".join(without)))
    if len(holders) == 1:
        found.append(_warning(section, "single-trustee"))
    else:
        found.append(_warning(section, "one-machine-ceremony"))
    if part.bits == 2048:
        found.append(_warning(section, "112-bit"))
    return found


def _whole(prepared: Prepared) -> list[Item]:
    """What only the whole shows: a ballot with too many proofs, sums that do not fit. Keys stand for the server's."""
    stand_in = ElectionKeys(SigningKey.from_seed(b"L" * SEED_BYTES), SigningKey.from_seed(b"S" * SEED_BYTES))
    try:
        manifest = make_manifest(prepared.draft, "0" * 32, "stand.in", stand_in)
        lay_out(manifest, 1 if prepared.voters is None else prepared.voters.total_weight)
    except ManifestInvalid as error:
        return [_missing(Section.TERMS, "terms-impossible", reason=str(error))]
    return []


def _terms(prepared: Prepared, before: Sequence[Item]) -> list[Item]:
    if prepared.settled:
        return [_item(Section.TERMS, State.DONE, "terms-done")]
    if hindrances(before, (Section.TERMS,)):
        return []
    count = len(hindrances(before))
    return [
        _missing(Section.TERMS, "terms-wait", count=count)
        if count
        else _missing(Section.TERMS, "terms-ready")
    ]


def _ceremony(prepared: Prepared) -> list[Item]:
    section = Section.CEREMONY
    if prepared.ceremony:
        return [_item(section, State.DONE, "ceremony-done")]
    return [_missing(section, "ceremony-missing" if prepared.settled else "after-terms")]


def _roll(prepared: Prepared) -> list[Item]:
    section = Section.ROLL
    if prepared.roll is None:
        return [_missing(section, "roll-missing" if prepared.settled else "after-terms")]
    count = sum(cell.voters for cell in prepared.roll)
    if prepared.voters is None:
        return [_warning(section, "roll-not-compared", count=count)]
    if differing := differences(prepared.voters.cells, prepared.roll):
        first = differing[0]
        return [
            _missing(
                section,
                "roll-differs",
                count=len(differing),
                area=first.area,
                weight=first.weight,
                on_list=first.on_list,
                on_roll=first.on_roll,
            )
        ]
    return [_item(section, State.DONE, "roll-done", count=count)]


def _signatures(prepared: Prepared) -> list[Item]:
    section, holders = Section.SIGNATURES, prepared.draft.key_holders.holders
    if not prepared.settled:
        return [_missing(section, "after-terms")]
    if not prepared.ceremony or prepared.roll is None:
        return [_missing(section, "signatures-wait")]
    absent = [holder.name for number, holder in enumerate(holders, start=1) if number not in prepared.signed]
    if absent:
        return [_missing(section, "signatures-missing", count=len(absent), names=", ".join(absent))]
    return [_item(section, State.DONE, "signatures-done", count=len(holders))]
