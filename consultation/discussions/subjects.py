"""Contributions and whole threads, as moderation, following and My page know them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.models import (
    DiscussionContribution,
    DiscussionThread,
    DiscussionTopic,
    DiscussionVersion,
)
from consultation.discussions.rows import CONTRIBUTION, forget_person, hide
from consultation.discussions.threads import TOPIC, is_thread_id, lock_thread
from consultation.errors import NoSuchSubject
from consultation.hands import is_hand
from consultation.subjects import Described, Subject
from crypto.transcript import tuple_hash
from protocol.text import LocalText

_TITLE_CHARACTERS = 80


class Contributions:
    """`contribution`: one thing that somebody wrote in a thread."""

    name = CONTRIBUTION

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """As moderators and lists see it; its title is its first words."""
        number = number_of(subject_id)
        row = None if number is None else session.get(DiscussionContribution, number)
        if row is None:
            return None
        return Described(
            subject=Subject(CONTRIBUTION, subject_id),
            title=_start(row.words) or f"#{row.number}",
            words=row.words,
            digest=row.digest,
            author=row.author,
            path=f"discussions/{row.thread}/{row.number}",
            standing=row.hidden_entry is None and row.withdrawn_at is None,
            hidden=row.hidden_entry is not None,
            above=Subject(TOPIC, row.thread),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Versions are kept until it is withdrawn."""
        number = number_of(subject_id)
        row = None if number is None else session.get(DiscussionContribution, number)
        if row is None:
            return None
        if row.digest == digest:
            return row.words
        return session.scalar(
            select(DiscussionVersion.words)
            .where(DiscussionVersion.contribution == row.id, DiscussionVersion.digest == digest)
            .order_by(DiscussionVersion.version.desc())
            .limit(1)
        )

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever wrote it, and whoever wrote what it replies to: it may be about them."""
        number = number_of(subject_id)
        row = None if number is None else session.get(DiscussionContribution, number)
        answered = (
            None if row is None or row.parent is None else session.get(DiscussionContribution, row.parent)
        )
        return person in {each.author for each in (row, answered) if each is not None}

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Hide it, or show it again. Raises: NoSuchSubject."""
        number = number_of(subject_id)
        if number is None:
            raise NoSuchSubject
        hide(session, number, entry)

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """The newest first."""
        rows = session.scalars(
            select(DiscussionContribution.id)
            .where(DiscussionContribution.author == person)
            .order_by(DiscussionContribution.id.desc())
        )
        return [Subject(CONTRIBUTION, str(number)) for number in rows]

    def forget_author(self, session: Session, person: str) -> None:
        """Words and votes belong to nobody from now on."""
        forget_person(session, person)


class Topics:
    """`topic`: a whole thread. One about a petition or a vote has no words and no author of its own."""

    name = TOPIC

    def describe(self, session: Session, subject_id: str) -> Described | None:
        """Its title is the question, or for other threads what they are about, as `petition 5f…`."""
        thread = session.get(DiscussionThread, subject_id) if is_thread_id(subject_id) else None
        if thread is None:
            return None
        topic = session.get(DiscussionTopic, subject_id)
        texts = () if topic is None else topic_texts(topic)
        words = "\n\n".join(text for text in texts if text)
        return Described(
            subject=Subject(TOPIC, subject_id),
            title=words.partition("\n")[0] or str(Subject(thread.place_kind, thread.place)),
            words=words,
            digest=tuple_hash("topic", [text.encode() for text in texts]),
            author=None if topic is None else topic.author,
            path=f"discussions/{subject_id}",
            standing=thread.hidden_entry is None,
            hidden=thread.hidden_entry is not None,
            above=None if thread.place_kind == TOPIC else Subject(thread.place_kind, thread.place),
            names=None if topic is None else LocalText(en=topic.title_en, vi=topic.title_vi),
        )

    def worded(self, session: Session, subject_id: str, digest: bytes) -> str | None:
        """Earlier words of a topic are not kept: officials alone change them."""
        found = self.describe(session, subject_id)
        return found.words if found is not None and found.digest == digest else None

    def concerns(self, session: Session, subject_id: str, person: str) -> bool:
        """Whoever put the question, or changed it for the office."""
        topic = session.get(DiscussionTopic, subject_id) if is_thread_id(subject_id) else None
        if topic is None:
            return False
        return topic.author == person or is_hand(session, Subject(TOPIC, subject_id), person)

    def set_hidden(self, session: Session, subject_id: str, *, entry: int | None) -> None:
        """Take the whole thread away, or show it again. Raises: NoSuchSubject."""
        lock_thread(session, subject_id).hidden_entry = entry
        session.flush()

    def written_by(self, session: Session, person: str) -> Sequence[Subject]:
        """Topics that somebody opened, the newest first."""
        rows = session.scalars(
            select(DiscussionThread.id)
            .join(DiscussionTopic, DiscussionTopic.thread == DiscussionThread.id)
            .where(DiscussionTopic.author == person)
            .order_by(DiscussionThread.made_at.desc(), DiscussionThread.id)
        )
        return [Subject(TOPIC, thread) for thread in rows]

    def forget_author(self, session: Session, person: str) -> None:
        """The topics stay, opened by nobody."""
        for row in session.scalars(select(DiscussionTopic).where(DiscussionTopic.author == person)):
            row.author = None
        session.flush()


def topic_texts(topic: DiscussionTopic) -> tuple[str, ...]:
    """Everything that was written in a topic, titles first."""
    return (
        topic.title_en,
        topic.title_vi,
        topic.words_en,
        topic.words_vi,
        topic.due_en,
        topic.due_vi,
    )


def number_of(subject_id: str) -> int | None:
    """The number of a contribution as it stands in its subject; None when it can be none."""
    digits = subject_id.isascii() and subject_id.isdigit() and not subject_id.startswith("0")
    return int(subject_id) if digits and len(subject_id) <= 18 else None


def _start(words: str) -> str:
    line = words.partition("\n")[0]
    return line if len(line) <= _TITLE_CHARACTERS else line[: _TITLE_CHARACTERS - 1].rstrip() + "…"
