"""Finding texts by what they mean, beside the words: an optional back end behind the same door as the index of words.

A site that names a model (`PSEPHOS_SIMILAR_MODEL`) has each text turned into a unit vector, kept with the model's name.
Who asks gets both rankings in one: what shares words, and what is near in sense. Vectors are made by a duty, never in
the transaction of a deed; a text that has none yet is found by its words.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from consultation.similar.index import LIMIT_MAX, Found, search
from consultation.similar.models import SimilarDocument, SimilarVector
from consultation.subjects import Subject
from storage.session import reading, writing
from storage.statements import insert_once, rows_changed

SHARE: Final = 2.0
"""Weight of the sense against the words, whose best text has 1. Found on the labelled pairs (benchmarks/similar.py)."""
NEAR: Final = 0.3
"""Cosines below say nothing."""
AT_ONCE: Final = 32
"""Texts in one transaction of the duty."""

Search = Callable[[Session, str, int], Sequence[Found]]
"""Of a session, what somebody is about to ask, and a limit: by words alone, or by words and sense."""
WordsOf = Callable[[Session, Subject, str], str]
"""What is put into a vector: of a session, a subject, and its title in the index."""


class Embedder(Protocol):
    """Turns texts into unit vectors. Two processes with the same `name` give the same ones."""

    @property
    def name(self) -> str:
        """Of the model and its version: vectors of another name are never compared."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector of length 1 for each text, all of the same dimension."""

    def near(self, question: Sequence[float], packed: Sequence[bytes]) -> Sequence[float]:
        """The cosine of `question` with each of these vectors, packed as 32-bit floats."""


@dataclass
class Sense:
    """The back end of a running server: its model, and the vectors as they were last read."""

    embedder: Embedder
    _lock: Lock = field(default_factory=Lock, repr=False)
    _read_at: tuple[int, int] = (0, 0)
    _known: tuple[Sequence[int], Sequence[bytes]] = ((), ())

    def similar_petitions(self, session: Session, text: str, limit: int = 5) -> Sequence[Found]:
        """As `index.similar_petitions`, by words and sense together."""
        limit = max(1, min(limit, LIMIT_MAX))
        by_words = search(session, text, ("petition",), LIMIT_MAX)
        best = max((each.score for each in by_words), default=1)
        points = {each.subject.id: each.score / best for each in by_words}
        found = {each.subject.id: each for each in by_words}
        for each, cosine in self._nearest(session, text):
            found.setdefault(each.subject.id, each)
            points[each.subject.id] = points.get(each.subject.id, 0) + SHARE * cosine
        ranked = sorted(found, key=lambda number: (-points[number], number))[:limit]
        return [
            Found(
                found[each].subject, found[each].title, found[each].open, max(1, round(1000 * points[each]))
            )
            for each in ranked
        ]

    def fill(self, engine: Engine, words_of: WordsOf) -> int:
        """Make the vectors that are missing, some at a time; how many. Safe to run beside itself and to stop."""
        made = 0
        while True:
            with reading(engine) as session:
                missing = self._missing(session)
                texts = [words_of(session, subject, title) for _, subject, title in missing]
            if not missing:
                return made
            vectors = self.embedder.embed(texts)
            with writing(engine) as session:
                for (document, _, _), vector in zip(missing, vectors, strict=True):
                    # The text may have been changed or hidden meanwhile: then its row is another one, or gone.
                    if session.get(SimilarDocument, document, with_for_update=True) is not None:
                        row = {"document": document, "model": self.embedder.name, "vector": packed(vector)}
                        insert_once(session, SimilarVector, row, ["document", "model"])
            made += len(missing)

    def forget_others(self, session: Session) -> int:
        """Delete the vectors of models that this site does not use any more; how many."""
        return rows_changed(session, delete(SimilarVector).where(SimilarVector.model != self.embedder.name))

    def _nearest(self, session: Session, text: str) -> list[tuple[Found, float]]:
        documents, vectors = self._vectors(session)
        if not documents or not text.strip():
            return []
        cosines = self.embedder.near(self.embedder.embed([text])[0], vectors)
        near = sorted(
            ((cosine, number) for cosine, number in zip(cosines, documents, strict=True) if cosine > NEAR),
            reverse=True,
        )[:LIMIT_MAX]
        rows = {
            row.id: row
            for row in session.scalars(
                select(SimilarDocument).where(
                    SimilarDocument.id.in_([number for _, number in near]), SimilarDocument.kind == "petition"
                )
            )
        }
        return [
            (Found(Subject(row.kind, row.subject), row.title, row.open, 1), cosine)
            for cosine, number in near
            if (row := rows.get(number)) is not None
        ]

    def _vectors(self, session: Session) -> tuple[Sequence[int], Sequence[bytes]]:
        """All vectors of this model; read anew when one came or went (a text that changes is another document)."""
        mine = SimilarVector.model == self.embedder.name
        count, last = session.execute(
            select(func.count(), func.coalesce(func.max(SimilarVector.document), 0)).where(mine)
        ).one()
        with self._lock:
            if (count, last) != self._read_at:
                rows = session.execute(select(SimilarVector.document, SimilarVector.vector).where(mine)).all()
                self._known = [row.document for row in rows], [row.vector for row in rows]
                self._read_at = count, last
            return self._known

    def _missing(self, session: Session) -> list[tuple[int, Subject, str]]:
        has = select(SimilarVector.document).where(SimilarVector.model == self.embedder.name)
        rows = session.scalars(
            select(SimilarDocument)
            .where(SimilarDocument.id.not_in(has))
            .order_by(SimilarDocument.id)
            .limit(AT_ONCE)
        )
        return [(row.id, Subject(row.kind, row.subject), row.title) for row in rows]


def packed(vector: Sequence[float]) -> bytes:
    """As it is stored: 32-bit floats of this machine, all of them little-endian today."""
    return array("f", vector).tobytes()
