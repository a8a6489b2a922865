"""Free topics: a question that the office, or where it allows that a citizen, puts to everybody."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.contributions import has_link, may_link
from consultation.discussions.errors import LinksTooEarly, QuestionFixed, TopicsByOffice
from consultation.discussions.models import DiscussionSettings, DiscussionThread, DiscussionTopic
from consultation.discussions.threads import TOPIC, Thread, lock_thread, shown, thread_of
from consultation.errors import NoSuchSubject, TextProblem, TextRefused
from consultation.moderation.pauses import require_not_paused
from consultation.seen import require_seen, seen_of
from consultation.subjects import Subject
from consultation.text import written
from consultation.titles import require_title

TITLE_CHARACTERS: Final = 120
WORDS_CHARACTERS: Final = 2_000
DUE_CHARACTERS: Final = 500
LANGUAGES: Final = ("en", "vi")
_ROW: Final = 1


@dataclass(frozen=True)
class Text:
    """Words in the two languages; empty where they were not written in one."""

    en: str = ""
    vi: str = ""


@dataclass(frozen=True)
class Topic:
    """A question. title: in one language at least.  due: what becomes of it, and when.

    sided: whether people say if they are for or against.  office: put by the office.
    """

    title: Text
    words: Text = Text()
    due: Text = Text()
    sided: bool = False
    closes_at: datetime | None = None
    office: bool = False

    def asks(self, language: str) -> tuple[str, str]:
        """Question and words in this language."""
        return (self.title.vi, self.words.vi) if language == "vi" else (self.title.en, self.words.en)

    @property
    def seen(self) -> str:
        """Of what an official can change, for `consultation.seen`."""
        texts = [words for text in (self.title, self.words, self.due) for words in (text.en, text.vi)]
        return seen_of(*texts, self.closes_at)


def citizens_open(session: Session) -> bool:
    """Whether whoever is signed in may open a topic; at first only officials do."""
    row = session.get(DiscussionSettings, _ROW)
    return row is not None and row.citizens_open


def set_citizens_open(session: Session, *, value: bool) -> None:
    """Let everybody open topics, or only officials from now on."""
    row = session.get(DiscussionSettings, _ROW)
    if row is None:
        session.add(DiscussionSettings(id=_ROW, citizens_open=value))
    else:
        row.citizens_open = value
    session.flush()


def open_topic(session: Session, topic: Topic, author: str, now: datetime) -> Thread:
    """Put a question. office is believed: whoever calls has looked whether the author is an official.

    Raises: TextRefused, Paused, TopicsByOffice, LinksTooEarly.
    """
    checked = _checked(topic)
    _require_titles(checked.title)
    if not topic.office:
        require_not_paused(session, author, now)
        if not citizens_open(session):
            raise TopicsByOffice
        every = f"{checked.title} {checked.words} {checked.due}"
        if has_link(every) and not may_link(session, author, now):
            raise LinksTooEarly
    number = secrets.token_hex(8)
    thread = thread_of(session, Subject(TOPIC, number), now, sided=topic.sided, closes_at=topic.closes_at)
    row = DiscussionTopic(thread=thread.id, author=author, office=topic.office)
    _fill(row, checked)
    session.add(row)
    session.flush()
    return thread


def change_topic(session: Session, thread_id: str, topic: Topic, seen: str) -> None:
    """Other words or another end, by an official. Whether it asks for sides stays: contributions rest on it.

    Question and words stay in the languages of `fixed_in`. seen: of the topic that the official saw.
    Raises: NoSuchSubject, TextRefused, ChangedMeanwhile, QuestionFixed.
    """
    checked = _checked(topic)
    thread = lock_thread(session, thread_id)
    row = session.get(DiscussionTopic, thread_id, populate_existing=True)
    if row is None:
        raise NoSuchSubject
    before = _shown(row, thread.closes_at)
    require_seen(seen, before.seen)
    _require_titles(checked.title, before.title)
    if any(checked.asks(each) != before.asks(each) for each in fixed_in(shown(thread), before)):
        raise QuestionFixed
    thread.closes_at = topic.closes_at
    _fill(row, checked)
    session.flush()


def fixed_in(thread: Thread, topic: Topic) -> Collection[str]:
    """The languages in which question and words cannot be changed: no answer is put under other words than its own.

    What a citizen asked is not the office's to change. Of its own the office may still add a translation.
    """
    answered = thread.count + thread.gone > 0
    return [each for each in LANGUAGES if not topic.office or (answered and any(topic.asks(each)))]


def topic_of(session: Session, thread_id: str) -> Topic | None:
    """What a thread asks; None when it is about something else."""
    return topics_of(session, [thread_id]).get(thread_id)


def topics_of(session: Session, threads: Collection[str]) -> dict[str, Topic]:
    """Of each of these threads that has one, by the thread."""
    rows = session.execute(
        select(DiscussionTopic, DiscussionThread.closes_at)
        .join(DiscussionThread, DiscussionThread.id == DiscussionTopic.thread)
        .where(DiscussionTopic.thread.in_(threads))
    )
    return {row.thread: _shown(row, closes_at) for row, closes_at in rows}


def _shown(row: DiscussionTopic, closes_at: datetime | None) -> Topic:
    return Topic(
        title=Text(row.title_en, row.title_vi),
        words=Text(row.words_en, row.words_vi),
        due=Text(row.due_en, row.due_vi),
        closes_at=closes_at,
        office=row.office,
    )


def _checked(topic: Topic) -> Topic:
    title = _both(topic.title, TITLE_CHARACTERS, lines=False)
    if not (title.en or title.vi):
        raise TextRefused(TextProblem.EMPTY)
    return Topic(
        title=title,
        words=_both(topic.words, WORDS_CHARACTERS, lines=True),
        due=_both(topic.due, DUE_CHARACTERS, lines=True),
    )


def _require_titles(title: Text, before: Text = Text()) -> None:
    # One that stands already stays: its end can still be set.
    for each, there in ((title.en, before.en), (title.vi, before.vi)):
        if each != there:
            require_title(each)


def _both(text: Text, limit: int, *, lines: bool) -> Text:
    return Text(*(written(each, limit, lines=lines, least=0) for each in (text.en, text.vi)))


def _fill(row: DiscussionTopic, topic: Topic) -> None:
    row.title_en, row.title_vi = topic.title.en, topic.title.vi
    row.words_en, row.words_vi = topic.words.en, topic.words.vi
    row.due_en, row.due_vi = topic.due.en, topic.due.vi
