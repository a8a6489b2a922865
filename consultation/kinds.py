"""All kinds of content. Whatever is not in this list cannot be reported, and a test says so."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from consultation.discussions.subjects import Contributions, Topics
from consultation.hearings.subjects import Hearings, Paragraphs, WrittenAnswers
from consultation.petitions.subjects import Answers, Petitions
from consultation.subjects import Described, Subject, SubjectKind

_ALL: Final[tuple[SubjectKind, ...]] = (
    Petitions(),
    Answers(),
    Contributions(),
    Topics(),
    Hearings(),
    Paragraphs(),
    WrittenAnswers(),
)

KINDS: Final[Mapping[str, SubjectKind]] = {kind.name: kind for kind in _ALL}


def describe(session: Session, subject: Subject) -> Described | None:
    """What a subject is; None when there is none of this kind or number."""
    kind = KINDS.get(subject.kind)
    return None if kind is None else kind.describe(session, subject.id)
