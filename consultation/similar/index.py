"""Which texts resemble this one: BM25 over folded words and pieces of words, in tables that both databases have.

Words that agree with their marks weigh more than any text's length can outweigh, so exact accents come first and
a search without accents still finds everything.

Roads not taken: SQLite's FTS5 and PostgreSQL's tsvector rank by different rules, neither folds đ by itself on both, and
the trigram extension is often not installed. Here a test on one database speaks for the other.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Select, column, delete, func, insert, select, true, update, values
from sqlalchemy.orm import Session

from consultation.similar.fold import EXACT, PIECE, number_of, terms
from consultation.similar.models import SimilarDocument, SimilarPosting, SimilarTerm, SimilarVector
from consultation.subjects import Subject

ALL_TEXTS: Final = 0
"""The row of `SimilarTerm` that counts the texts."""
TITLE, BODY, PIECES = 1.0, 0.5, 0.2
"""Weights: a word of the title, a word of the rest, a piece of a word of the title. Found on the labelled pairs."""
SATURATION: Final = 1.2
LENGTH_SHARE: Final = 0.6
USUAL_WORDS: Final = 80
"""Of the rest of a text. A constant, so that a text's weights never change when another is added."""
TERMS_MAX: Final = 400
"""Of one question."""
ROWS_MAX: Final = 20_000
"""Postings that one question reads: rare terms first, and common ones only while this lasts."""
LIMIT_MAX: Final = 50
OFFSET_MAX: Final = 1_000
"""Whoever looks further asks for other words."""


@dataclass(frozen=True)
class Found:
    """A text that resembles the question. score: comparable within one answer only; above 0."""

    subject: Subject
    title: str
    open: bool
    score: int


def index_text(session: Session, subject: Subject, title: str, body: str, *, open: bool) -> None:
    """The text can be found from now on, with these words instead of earlier ones.

    open: whether somebody can still join in.  Locks the index until the transaction ends.
    """
    total = _lock(session)
    known = session.scalar(
        select(SimilarDocument.id).where(
            SimilarDocument.kind == subject.kind, SimilarDocument.subject == subject.id
        )
    )
    if known is not None:
        _take_out(session, known)
        total -= 1
    document = SimilarDocument(kind=subject.kind, subject=subject.id, title=title, open=open)
    session.add(document)
    session.flush()
    weights = weights_of(title, body)
    _count(session, weights, +1)
    if weights:
        postings = [
            {"term": term, "document": document.id, "weight": weight}
            for term, weight in sorted(weights.items())
        ]
        session.execute(insert(SimilarPosting), postings)
    session.execute(update(SimilarTerm).where(SimilarTerm.term == ALL_TEXTS).values(documents=total + 1))


def set_open(session: Session, subject: Subject, *, open: bool) -> None:
    """Whether somebody can still join in. Nothing when the text is not in the index."""
    session.execute(
        update(SimilarDocument)
        .where(SimilarDocument.kind == subject.kind, SimilarDocument.subject == subject.id)
        .values(open=open)
    )


def forget_text(session: Session, subject: Subject) -> None:
    """The text is found no more: it was hidden, withdrawn or deleted. Nothing when it is not in the index."""
    total = _lock(session)
    known = session.scalar(
        select(SimilarDocument.id).where(
            SimilarDocument.kind == subject.kind, SimilarDocument.subject == subject.id
        )
    )
    if known is not None:
        _take_out(session, known)
        session.execute(update(SimilarTerm).where(SimilarTerm.term == ALL_TEXTS).values(documents=total - 1))


def similar_petitions(session: Session, text: str, limit: int = 5) -> Sequence[Found]:
    """Petitions that resemble what somebody is about to ask, the most similar first."""
    return search(session, text, ("petition",), limit)


def search(
    session: Session,
    text: str,
    kinds: Collection[str],
    limit: int = 20,
    *,
    offset: int = 0,
    among: Select[str] | None = None,
) -> Sequence[Found]:
    """Texts of these kinds that resemble `text`, the most similar first; nothing for a text without words.

    limit: 1 to LIMIT_MAX.  offset: how many to leave out, 0 to OFFSET_MAX.  among: ids of the only subjects to find.
    Cost: at most ROWS_MAX postings, whatever is asked.
    """
    limit = max(1, min(limit, LIMIT_MAX))
    if not 0 <= offset <= OFFSET_MAX:
        return []
    asked = _question(session, text)
    if not asked:
        return []
    question = (
        values(column("term", BigInteger), column("rarity", BigInteger), name="asked")
        .data(asked)
        .cte("question")
    )
    score = func.sum(SimilarPosting.weight * question.c.rarity)
    scored = (
        select(SimilarPosting.document, score.label("score"))
        .join(question, question.c.term == SimilarPosting.term)
        .group_by(SimilarPosting.document)
        .subquery()
    )
    rows = session.execute(
        select(SimilarDocument, scored.c.score)
        .join(scored, scored.c.document == SimilarDocument.id)
        .where(
            SimilarDocument.kind.in_(kinds), true() if among is None else SimilarDocument.subject.in_(among)
        )
        .order_by(scored.c.score.desc(), SimilarDocument.id)
        .limit(limit)
        .offset(offset)
    )
    return [Found(Subject(row.kind, row.subject), row.title, row.open, int(points)) for row, points in rows]


def weights_of(title: str, body: str) -> Mapping[int, int]:
    """The terms of a text and their weights in thousandths."""
    found: dict[int, float] = {}
    for term, count in terms(title, pieces=True).items():
        if term[0] == EXACT:
            # No less than the most that a word can weigh, so that no short text without the marks comes before.
            weight = (TITLE + BODY) * (SATURATION + 1)
        else:
            weight = (PIECES if term[0] == PIECE else TITLE) * _saturated(count, SATURATION)
        found[number_of(term)] = weight
    rest = terms(body, pieces=False)
    length = sum(count for term, count in rest.items() if term[0] != EXACT)
    norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / USUAL_WORDS)
    for term, count in rest.items():
        number = number_of(term)
        if term[0] == EXACT:
            found[number] = max(found.get(number, 0), BODY * (SATURATION + 1))
        else:
            found[number] = found.get(number, 0) + BODY * _saturated(count, norm)
    return {number: max(1, round(1000 * weight)) for number, weight in found.items()}


def _question(session: Session, text: str) -> list[tuple[int, int]]:
    """Terms to look up with their rarity: the rarest first, until ROWS_MAX postings are spoken for.

    Rarity is the idf in thousandths: whole numbers add up to the same in both databases, in any order.
    """
    asked = {number_of(term): min(count, 2) for term, count in terms(text, pieces=True).items()}
    numbers = list(asked)[:TERMS_MAX]
    known = {
        row.term: row.documents
        for row in session.scalars(select(SimilarTerm).where(SimilarTerm.term.in_([ALL_TEXTS, *numbers])))
    }
    total = known.pop(ALL_TEXTS, 0)
    chosen: list[tuple[int, int]] = []
    rows = 0
    for number, documents in sorted(known.items(), key=lambda each: (each[1], each[0])):
        rows += documents
        if documents <= 0 or (rows > ROWS_MAX and chosen):
            continue
        rarity = math.log(1 + (total - documents + 0.5) / (documents + 0.5))
        chosen.append((number, max(1, round(1000 * rarity * asked[number]))))
    return chosen


def _saturated(count: int, norm: float) -> float:
    return count * (SATURATION + 1) / (count + norm)


def _lock(session: Session) -> int:
    """How many texts there are; nobody else changes the index until this transaction ends."""
    return (
        session.scalar(select(SimilarTerm.documents).where(SimilarTerm.term == ALL_TEXTS).with_for_update())
        or 0
    )


def _count(session: Session, numbers: Collection[int], step: int) -> None:
    """One text more or less for each of these terms. Under the lock."""
    known = set(session.scalars(select(SimilarTerm.term).where(SimilarTerm.term.in_(numbers))))
    if known:
        session.execute(
            update(SimilarTerm)
            .where(SimilarTerm.term.in_(known))
            .values(documents=SimilarTerm.documents + step)
        )
    fresh = [{"term": number, "documents": step} for number in sorted(set(numbers) - known)]
    if fresh and step > 0:
        session.execute(insert(SimilarTerm), fresh)


def _take_out(session: Session, document: int) -> None:
    numbers = session.scalars(select(SimilarPosting.term).where(SimilarPosting.document == document)).all()
    _count(session, numbers, -1)
    session.execute(delete(SimilarTerm).where(SimilarTerm.term.in_(numbers), SimilarTerm.documents <= 0))
    session.execute(delete(SimilarPosting).where(SimilarPosting.document == document))
    session.execute(delete(SimilarVector).where(SimilarVector.document == document))
    session.execute(delete(SimilarDocument).where(SimilarDocument.id == document))
