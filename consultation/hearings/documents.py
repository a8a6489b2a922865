"""Draft texts: numbered paragraphs in versions. A paragraph keeps its id, and so its comments, wherever it goes.

A new version is prepared beside the public one: its paragraphs are matched with those that stand there, the official
looks at the matching and corrects it, and only then it is published. A paragraph that is left out stays to be read
with its comments; nothing is added to them any more.
"""

import re
import secrets
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from consultation.discussions.models import DiscussionThread
from consultation.errors import ChangedMeanwhile, NoSuchSubject, TextProblem, TextRefused
from consultation.hearings.errors import (
    MatchedTwice,
    ParagraphsWrong,
    SameText,
    TooMany,
    WrongPhase,
)
from consultation.hearings.hearings import (
    PARAGRAPH,
    TITLE_CHARACTERS,
    both,
    close_paragraph,
    is_id,
    lock_hearing,
    open_paragraph,
)
from consultation.hearings.matching import match_paragraphs
from consultation.hearings.models import (
    HearingDocument,
    HearingHearing,
    HearingParagraph,
    HearingText,
    HearingVersion,
)
from consultation.hearings.phases import phase_of
from consultation.hearings.types import Change, Document, Fate, Match, Paragraph, Phase, Version
from consultation.text import written
from crypto.transcript import tuple_hash
from protocol.text import LocalText

DOCUMENTS_MAX: Final = 19
"""A vote has up to 20 documents: each of these, and one about the consultation itself (`hearings.votes`)."""
PARAGRAPHS_MAX: Final = 400
PARAGRAPH_CHARACTERS: Final = 4_000
TEXT_CHARACTERS: Final = 100_000
NOTE_CHARACTERS: Final = 300
LANGUAGES: Final = ("vi", "en")
_GAP: Final = re.compile(r"\n{2,}")


def add_document(
    session: Session, hearing: str, title: LocalText, language: str, text: str, now: datetime
) -> Document:
    """Put a draft text behind the others, with its first version prepared.

    text: paragraphs with empty lines between them.
    Raises: NoSuchSubject, TextRefused, ParagraphsWrong, TooMany, WrongPhase.
    """
    row = _changeable(session, hearing, now)
    if language not in LANGUAGES:
        raise ValueError(f"The language is one of {', '.join(LANGUAGES)}.")
    title = both(title, TITLE_CHARACTERS)
    paragraphs = split(text)
    count = select(func.count()).select_from(HearingDocument).where(HearingDocument.hearing == row.id)
    position = (session.scalar(count) or 0) + 1
    if position > DOCUMENTS_MAX:
        raise TooMany(DOCUMENTS_MAX)
    document = HearingDocument(
        id=secrets.token_hex(8),
        hearing=row.id,
        position=position,
        title_en=title.en,
        title_vi=title.vi,
        language=language,
        version=0,
        revision=0,
    )
    session.add(document)
    session.flush()
    _prepare(session, document, paragraphs, LocalText(en="", vi=""))
    return _shown(document)


def prepare_version(
    session: Session, document: str, revision: int, text: str, note: LocalText, now: datetime
) -> int:
    """Prepare the next version, in the place of one that was prepared before; its number.

    revision: of the text, as the official saw it, here and below.
    note: what changed, in a sentence; empty in the first version.
    Raises: NoSuchSubject, TextRefused, ParagraphsWrong, SameText, ChangedMeanwhile, WrongPhase.
    """
    row, _ = _locked(session, document, revision, now)
    paragraphs = split(text)
    note = both(note, NOTE_CHARACTERS, least=1 if row.version else 0)
    if row.version and [each.words for each in paragraphs_of(session, row.id, row.version)] == paragraphs:
        raise SameText
    _prepare(session, row, paragraphs, note)
    return row.version + 1


def correct_matching(
    session: Session, document: str, revision: int, wanted: Mapping[int, str | None], now: datetime
) -> int:
    """Say which earlier paragraph the ones at these positions are, None for a new one. Gives the new revision.

    Positions that are not named stay as they are.
    Raises: NoSuchSubject (also for a position or an earlier paragraph that is not there), MatchedTwice,
    ChangedMeanwhile, WrongPhase.
    """
    row, _ = _locked(session, document, revision, now)
    version = _prepared(session, row)
    rows = {each.position: each for each in session.scalars(_texts(row.id, version.version))}
    earlier = {each.id for each in paragraphs_of(session, row.id, row.version)}
    if not set(wanted) <= set(rows) or not {each for each in wanted.values() if each is not None} <= earlier:
        raise NoSuchSubject
    _require_each_once({position: wanted.get(position, each.paragraph) for position, each in rows.items()})
    changed = {position: new for position, new in wanted.items() if rows[position].paragraph != new}
    if not changed:
        return row.revision
    for position in changed:
        rows[position].paragraph = None
    session.flush()  # all free first: two that are exchanged would meet otherwise
    for position, new in changed.items():
        rows[position].paragraph = new
        rows[position].match = (Match.NEW if new is None else Match.BY_HAND).value
    row.revision += 1
    session.flush()
    return row.revision


def discard_version(session: Session, document: str, revision: int, now: datetime) -> None:
    """Throw away what is being prepared; a text without any version goes with it.

    Raises: NoSuchSubject, ChangedMeanwhile, WrongPhase.
    """
    row, _ = _locked(session, document, revision, now)
    _prepared(session, row)
    _drop_prepared(session, row)
    row.revision += 1
    if row.version == 0:
        behind = (HearingDocument.hearing == row.hearing) & (HearingDocument.position > row.position)
        session.execute(update(HearingDocument).where(behind).values(position=HearingDocument.position - 1))
        session.delete(row)
    session.flush()


def publish_version(session: Session, document: str, revision: int, now: datetime) -> int:
    """Make the prepared version the public one; its number.

    Its new paragraphs get their ids, those that it leaves out are closed for comments.
    Raises: NoSuchSubject, ChangedMeanwhile, WrongPhase.
    """
    row, hearing = _locked(session, document, revision, now)
    version = _prepared(session, row)
    before = {each.id for each in paragraphs_of(session, row.id, row.version)}
    rows = session.scalars(_texts(row.id, version.version)).all()
    for each in rows:
        if each.paragraph is None:
            made = HearingParagraph(
                id=secrets.token_hex(8), document=row.id, removed_in=None, hidden_entry=None
            )
            session.add(made)
            session.flush()
            each.paragraph = made.id
    session.flush()
    after = [each.paragraph for each in rows if each.paragraph is not None]
    version.digest = _digest(row, version, rows)
    version.published_at = now
    row.version = version.version
    row.revision += 1
    gone = sorted(each for each in before - set(after) if each is not None)
    session.execute(
        update(HearingParagraph).where(HearingParagraph.id.in_(gone)).values(removed_in=row.version)
    )
    session.flush()
    if hearing.published_at is not None:
        for paragraph in after:
            if paragraph not in before:
                open_paragraph(session, hearing, paragraph, now)
        for paragraph in gone:
            close_paragraph(session, paragraph, now)
    return row.version


def documents_of(session: Session, hearing: str) -> Sequence[Document]:
    """All texts of a consultation, in their order, also those without a public version."""
    rows = session.scalars(
        select(HearingDocument).where(HearingDocument.hearing == hearing).order_by(HearingDocument.position)
    )
    return [_shown(row) for row in rows]


def find_document(session: Session, hearing: str, document: str) -> Document:
    """A text of this consultation. Raises: NoSuchSubject."""
    row = session.get(HearingDocument, document) if is_id(document) else None
    if row is None or row.hearing != hearing:
        raise NoSuchSubject
    return _shown(row)


def versions_of(session: Session, document: Document) -> Sequence[Version]:
    """The public ones, the newest first."""
    rows = session.scalars(
        select(HearingVersion)
        .where(HearingVersion.document == document.id, HearingVersion.version <= document.version)
        .order_by(HearingVersion.version.desc())
    )
    return [_version(row) for row in rows]


def prepared_version(session: Session, document: Document) -> Version | None:
    """The one that is being prepared."""
    row = session.get(HearingVersion, (document.id, document.version + 1))
    return None if row is None else _version(row)


def paragraphs_of(session: Session, document: str, version: int) -> Sequence[Paragraph]:
    """The paragraphs of a version, in their order; none for a version that is not there."""
    rows = session.execute(
        select(HearingText, HearingParagraph.hidden_entry)
        .outerjoin(HearingParagraph, HearingParagraph.id == HearingText.paragraph)
        .where(HearingText.document == document, HearingText.version == version)
        .order_by(HearingText.position)
    )
    return [
        Paragraph(row.position, row.paragraph, row.words, Match(row.match), hidden) for row, hidden in rows
    ]


def removed_paragraphs(session: Session, document: Document) -> Sequence[tuple[int, Paragraph]]:
    """Those that stand in no public version any more: (the last version with it, its words there), the latest first."""
    last = (
        select(HearingText.paragraph, func.max(HearingText.version).label("version"))
        .where(HearingText.document == document.id, HearingText.version <= document.version)
        .group_by(HearingText.paragraph)
        .subquery()
    )
    rows = session.execute(
        select(HearingText, HearingParagraph.hidden_entry)
        .join(HearingParagraph, HearingParagraph.id == HearingText.paragraph)
        .join(
            last,
            (last.c.paragraph == HearingText.paragraph) & (last.c.version == HearingText.version),
        )
        .where(HearingParagraph.document == document.id, HearingParagraph.removed_in.is_not(None))
        .order_by(HearingText.version.desc(), HearingText.position)
    )
    return [
        (row.version, Paragraph(row.position, row.paragraph, row.words, Match(row.match), hidden))
        for row, hidden in rows
    ]


def history_of(session: Session, document: Document, paragraph: str) -> Sequence[tuple[int, Paragraph]]:
    """A paragraph in each public version in which it stands: (version, paragraph), the newest first.

    Raises: NoSuchSubject.
    """
    rows = session.execute(
        select(HearingText, HearingParagraph.hidden_entry)
        .join(HearingParagraph, HearingParagraph.id == HearingText.paragraph)
        .where(
            HearingText.document == document.id,
            HearingText.paragraph == paragraph,
            HearingText.version <= document.version,
        )
        .order_by(HearingText.version.desc())
    ).all()
    if not rows:
        raise NoSuchSubject
    return [
        (row.version, Paragraph(row.position, row.paragraph, row.words, Match(row.match), hidden))
        for row, hidden in rows
    ]


def comments_of(session: Session, paragraphs: Sequence[str]) -> Mapping[str, int]:
    """How many comments can be read under each of these, where there are any."""
    rows = session.execute(
        select(DiscussionThread.place, DiscussionThread.contributions - DiscussionThread.gone).where(
            DiscussionThread.place_kind == PARAGRAPH, DiscussionThread.place.in_(list(paragraphs))
        )
    )
    return {place: count for place, count in rows if count}


def compare(old: Sequence[Paragraph], new: Sequence[Paragraph]) -> Sequence[Change]:
    """What became of each paragraph, in the order of `new`; those left out stand behind what they followed.

    Moved are as few as explain the order: what keeps its place among the others has not moved.
    """
    before = {each.id: each for each in old if each.id is not None}
    kept = _kept_in_order([before[each.id].position for each in new if each.id in before])
    after = {each.id for each in new}
    gone: dict[str | None, list[Paragraph]] = {}
    above: str | None = None
    for each in old:
        if each.id in after:
            above = each.id
        else:
            gone.setdefault(above, []).append(each)
    changes = [_removed(each) for each in gone.get(None, [])]
    for each in new:
        earlier = None if each.id is None else before.get(each.id)
        changes.append(Change(each.id or "", _fate(earlier, each, kept), earlier, each))
        changes += [_removed(left) for left in gone.get(each.id, []) if each.id is not None]
    return changes


def split(text: str) -> list[str]:
    """The paragraphs of a text that was typed or pasted. Raises: TextRefused, ParagraphsWrong."""
    whole = written(text, TEXT_CHARACTERS, lines=True)
    paragraphs = [each.strip() for each in _GAP.split(whole) if each.strip()]
    if not paragraphs:
        raise TextRefused(TextProblem.EMPTY)
    if len(paragraphs) > PARAGRAPHS_MAX or max(map(len, paragraphs)) > PARAGRAPH_CHARACTERS:
        raise ParagraphsWrong(PARAGRAPHS_MAX, PARAGRAPH_CHARACTERS)
    return paragraphs


def _changeable(session: Session, hearing: str, now: datetime) -> HearingHearing:
    row = lock_hearing(session, hearing)
    if phase_of(row, now) is Phase.OUTCOME:
        raise WrongPhase
    return row


def _locked(
    session: Session, document: str, revision: int, now: datetime
) -> tuple[HearingDocument, HearingHearing]:
    found = session.get(HearingDocument, document) if is_id(document) else None
    if found is None:
        raise NoSuchSubject
    hearing = _changeable(session, found.hearing, now)
    # Read again: the consultation's lock holds for its texts too.
    found = session.get(HearingDocument, document, populate_existing=True)
    if found is None:
        raise NoSuchSubject
    if found.revision != revision:
        raise ChangedMeanwhile
    return found, hearing


def _texts(document: str, version: int) -> Select[HearingText]:
    return (
        select(HearingText)
        .where(HearingText.document == document, HearingText.version == version)
        .order_by(HearingText.position)
    )


def _prepared(session: Session, row: HearingDocument) -> HearingVersion:
    version = session.get(HearingVersion, (row.id, row.version + 1), populate_existing=True)
    if version is None:
        raise NoSuchSubject
    return version


def _prepare(session: Session, row: HearingDocument, paragraphs: Sequence[str], note: LocalText) -> None:
    number = row.version + 1
    _drop_prepared(session, row)
    row.revision += 1
    old = paragraphs_of(session, row.id, row.version)
    matched = match_paragraphs([each.words for each in old], paragraphs)
    session.add(
        HearingVersion(
            document=row.id,
            version=number,
            note_en=note.en,
            note_vi=note.vi,
            digest=None,
            published_at=None,
        )
    )
    session.flush()
    session.add_all(
        HearingText(
            document=row.id,
            version=number,
            position=position,
            paragraph=None if found.old is None else old[found.old].id,
            match=found.how.value,
            words=words,
        )
        for position, (words, found) in enumerate(zip(paragraphs, matched, strict=True), start=1)
    )
    session.flush()


def _drop_prepared(session: Session, row: HearingDocument) -> None:
    number = row.version + 1
    session.execute(delete(HearingText).where(HearingText.document == row.id, HearingText.version == number))
    mine = (HearingVersion.document == row.id) & (HearingVersion.version == number)
    session.execute(delete(HearingVersion).where(mine))
    session.flush()


def _require_each_once(wanted: Mapping[int, str | None]) -> None:
    first: dict[str, int] = {}
    for position, paragraph in sorted(wanted.items()):
        if paragraph is None:
            continue
        if paragraph in first:
            raise MatchedTwice((first[paragraph], position))
        first[paragraph] = position


def _digest(row: HearingDocument, version: HearingVersion, rows: Sequence[HearingText]) -> bytes:
    parts = [row.id.encode(), str(version.version).encode()]
    for each in rows:
        parts += [(each.paragraph or "").encode(), each.words.encode()]
    return tuple_hash("hearing-version", parts)


def _kept_in_order(positions: Sequence[int]) -> set[int]:
    """A longest rising part of distinct positions."""
    best: list[int] = []
    ends: list[int] = []  # the smallest end of a rising part of each length
    before: dict[int, int | None] = {}
    for position in positions:
        index = bisect_left(ends, position)
        before[position] = ends[index - 1] if index else None
        ends[index : index + 1] = [position]
    last = ends[-1] if ends else None
    while last is not None:
        best.append(last)
        last = before[last]
    return set(best)


def _fate(old: Paragraph | None, new: Paragraph, kept: set[int]) -> Fate:
    if old is None:
        return Fate.ADDED
    moved, changed = old.position not in kept, old.words != new.words
    if moved:
        return Fate.MOVED_AND_CHANGED if changed else Fate.MOVED
    return Fate.CHANGED if changed else Fate.SAME


def _removed(old: Paragraph) -> Change:
    return Change(old.id or "", Fate.REMOVED, old, None)


def _shown(row: HearingDocument) -> Document:
    return Document(
        id=row.id,
        hearing=row.hearing,
        position=row.position,
        title=LocalText(en=row.title_en, vi=row.title_vi),
        language=row.language,
        version=row.version,
        revision=row.revision,
    )


def _version(row: HearingVersion) -> Version:
    return Version(
        number=row.version,
        note=LocalText(en=row.note_en, vi=row.note_vi),
        digest=row.digest,
        published_at=row.published_at,
    )
