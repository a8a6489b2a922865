"""All kinds of content, and the one rule of who may read something.

Whatever is not in this list cannot be reported, and a test says so. Everybody reads what stands itself and stands
under nothing that is hidden or not yet public; authors read their own words always. Each door asks here: pages, feeds,
open data, news, mails, and the verbs that answer, agree, follow and report.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from consultation.discussions.subjects import Contributions, Topics
from consultation.hearings.subjects import Hearings, Paragraphs, WrittenAnswers
from consultation.petitions.subjects import Answers, Petitions
from consultation.subjects import Described, Subject, SubjectKind
from voting.models import VotingElection

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


ELECTION: Final = "election"
"""What discussions are about as well. Nobody hides a vote."""
_ELECTION_CHARACTERS: Final = 32


def describe(session: Session, subject: Subject) -> Described | None:
    """What a subject is; None when there is none of this kind or number."""
    kind = KINDS.get(subject.kind)
    found = None if kind is None else kind.describe(session, subject.id)
    if found is None or found.above is None or is_public(session, found.above):
        return found
    return replace(found, covered=True)


def is_public(session: Session, subject: Subject) -> bool:
    """Whether everybody may read it now; also of a vote, about which there may be a discussion."""
    if subject.kind == ELECTION:
        row = session.get(VotingElection, subject.id) if len(subject.id) == _ELECTION_CHARACTERS else None
        return row is not None and row.fingerprint is not None
    found = describe(session, subject)
    return found is not None and found.public


def readable_by(session: Session, subject: Subject, person: str) -> Described | None:
    """The subject, if this person may read its words: everybody may, or they wrote it themselves."""
    found = describe(session, subject)
    return found if found is not None and (found.public or found.author == person) else None


def has_part(session: Session, subject: Subject, person: str) -> bool:
    """Whether somebody has a part in it or in anything that it stands under: then they do not judge it."""
    kind = KINDS.get(subject.kind)
    if kind is None:
        return False
    if kind.concerns(session, subject.id, person):
        return True
    found = kind.describe(session, subject.id)
    return found is not None and found.above is not None and has_part(session, found.above, person)
