"""What can be reported, followed, hidden and appealed about, whatever it is: a petition, a contribution, an answer.

Moderation, following and My page know subjects only by this door. Each kind of content brings one `SubjectKind`; the
list of all of them is in `consultation.kinds`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from protocol.text import LocalText


@dataclass(frozen=True)
class Subject:
    """One thing that somebody wrote. kind: name of its `SubjectKind`.  id: its number there, ASCII, at most 64."""

    kind: str
    id: str

    def __str__(self) -> str:
        """As the site log and the moderation log name it: `petition 5f…`."""
        return f"{self.kind} {self.id}"


@dataclass(frozen=True)
class Described:
    """A subject, as moderators and lists see it. digest: SHA-256 of the words that stand there now, 32 bytes.

    author: number of the person, None when the account is gone.  path: of its page, without the language, as
    `petitions/5f…#part`.  standing: whether it would be shown if it stood alone.  hidden: whether moderation took it
    away.  above: what it stands under, as a contribution under its discussion.  covered: whether everybody sees that;
    only `consultation.kinds.describe` knows.  names: the title in both languages, "" in one that it lacks; None
    where all readers have one title.
    """

    subject: Subject
    title: str
    words: str
    digest: bytes
    author: str | None
    path: str
    standing: bool
    hidden: bool
    above: Subject | None = None
    covered: bool = False
    names: LocalText | None = None

    def called(self, language: str) -> str:
        """The title before a reader of this language, in the other one where it has no other."""
        if self.names is None:
            return self.title
        first, second = (self.names.vi, self.names.en) if language == "vi" else (self.names.en, self.names.vi)
        return first or second or self.title

    @property
    def public(self) -> bool:
        """Whether everybody may read it now."""
        return self.standing and not self.covered


class SubjectKind(Protocol):
    """One kind of content."""

    @property
    def name(self) -> str:
        """Lower-case, as `petition`."""

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """None when there is no such thing. Says nothing of what it stands under: ask `consultation.kinds.describe`."""

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """The words with this digest, of now or of an earlier version that was kept; None when there are none."""

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whether somebody made it, helped it to come about, or spoke there for the office: who must not judge it."""

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Hide it behind an entry of the moderation log, or show it again (None). Raises: NoSuchSubject."""

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """Everything of this kind that somebody wrote, the newest first: for My page and the export."""

    def forget_author(self, session: Session, person: str) -> None:
        """An account is deleted: no row of this kind may lead to the person any more."""
