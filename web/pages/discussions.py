"""What the pages of discussions show: what a thread is about, its contributions in the reader's order, one of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.discussions.contributions import Side
from consultation.discussions.models import DiscussionContribution
from consultation.discussions.reading import (
    Shown,
    first_replies,
    liveliest,
    mentioned,
    page_of,
    replies_of,
    threads,
)
from consultation.discussions.sorting import Order
from consultation.discussions.threads import TOPIC, Thread
from consultation.discussions.topics import Text, Topic, topics_of
from consultation.kinds import ELECTION, describe, is_public
from consultation.subjects import Subject
from protocol.text import LocalText
from voting.models import VotingElection
from voting.office import read_manifest
from web.i18n import Text as Words
from web.pages.common import PageNotFound
from web.pages.moderation import HiddenBox, hidden_boxes

_NO_PLACES: Final = frozenset({TOPIC, "contribution"})
"""Kinds that are discussions themselves."""


@dataclass(frozen=True)
class Title:
    """What a thread is about. path: of the page that has it, without the language; empty for a free topic."""

    words: Words
    path: str = ""


@dataclass(frozen=True)
class Column:
    """Contributions of one side, or all where nobody is asked for one. after: where the next page begins."""

    side: Side
    lines: Sequence[Shown]
    after: str


@dataclass(frozen=True)
class ThreadPage:
    """One thread. thread: None while nobody has written about the place.  numbers: that `#12` may lead to."""

    place: Subject
    thread: Thread | None
    title: Title
    topic: Topic | None
    is_open: bool
    order: Order
    columns: Sequence[Column] = ()
    replies: Mapping[int, Sequence[Shown]] = field(default_factory=dict)
    numbers: Collection[int] = ()
    gone: Mapping[int, HiddenBox] = field(default_factory=dict)
    """In the place of contributions that were taken away, by number of the entry."""
    first: bool = True
    """Whether the list begins here, and not somewhere in the middle."""

    @property
    def words(self) -> Words:
        """What a free topic says about its question."""
        return Words("", "") if self.topic is None else both(self.topic.words)

    @property
    def due(self) -> Words:
        """What becomes of a free topic."""
        return Words("", "") if self.topic is None else both(self.topic.due)


@dataclass(frozen=True)
class OnePage:
    """One contribution with a page of its replies. above: number of the one that it replies to, for a reply."""

    thread: Thread
    title: Title
    line: Shown
    above: int | None
    replies: Sequence[Shown]
    after: str
    numbers: Collection[int]
    gone: Mapping[int, HiddenBox]
    is_open: bool
    first: bool


@dataclass(frozen=True)
class ThreadRow:
    """One line of the list of discussions."""

    thread: Thread
    title: Title
    office: bool
    is_open: bool


def title_of(session: Session, place: Subject) -> Title | None:
    """What is discussed at a place; None when there is nothing that everybody may see."""
    if place.kind in _NO_PLACES or not is_public(session, place):
        return None
    if place.kind == ELECTION:
        row = session.get_one(VotingElection, place.id)
        return Title(_words(read_manifest(row).title), f"elections/{place.id}")
    found = describe(session, place)
    return None if found is None else Title(Words(found.title, found.title), found.path)


def topic_title(topic: Topic) -> Title:
    """The question; in the language in which it was asked, where it was asked in one."""
    return Title(both(topic.title))


def thread_title(session: Session, thread: Thread) -> Title:
    """Raises: PageNotFound for a thread about what is not public any more."""
    topic = topics_of(session, [thread.id]).get(thread.id)
    title = topic_title(topic) if topic is not None else title_of(session, thread.place)
    if title is None:
        raise PageNotFound(thread.id)
    return title


def thread_row(session: Session, thread: Thread, topic: Topic | None, now: datetime) -> ThreadRow | None:
    """Its line in a list; None for a thread about what is not public any more. topic: of a free one."""
    title = topic_title(topic) if topic is not None else title_of(session, thread.place)
    if title is None:
        return None
    return ThreadRow(thread, title, topic is not None and topic.office, thread.is_open(now))


def thread_page(
    session: Session,
    thread: Thread,
    now: datetime,
    *,
    order: Order = Order.AGREED,
    side: Side | None = None,
    after: str = "",
    reader: str | None = None,
) -> ThreadPage:
    """A page of a thread. side: of a sided one, this column alone.  Raises: PageNotFound, NoSuchPage."""
    title = thread_title(session, thread)
    sides = (Side.NEITHER,) if not thread.sided else tuple(Side) if side is None else (side,)
    columns = []
    for each in sides:
        page = page_of(session, thread.id, order, side=each, after=after, reader=reader)
        columns.append(Column(each, page.lines, page.after))
    lines = [line for column in columns for line in column.lines]
    replies = first_replies(session, lines, reader)
    every = [*lines, *(reply for some in replies.values() for reply in some)]
    return ThreadPage(
        place=thread.place,
        thread=thread,
        title=title,
        topic=topics_of(session, [thread.id]).get(thread.id),
        is_open=thread.is_open(now),
        order=order,
        columns=columns,
        replies=replies,
        numbers=mentioned(session, thread.id, [line.words for line in every]),
        gone=hidden_boxes(session, [each.hidden_entry for each in every], now),
        first=not after and side is None,
    )


def one_page(
    session: Session,
    thread: Thread,
    line: Shown,
    now: datetime,
    *,
    after: str = "",
    reader: str | None = None,
) -> OnePage:
    """One contribution. Raises: PageNotFound, NoSuchPage."""
    page = replies_of(session, line.id, after=after, reader=reader)
    above = None
    if line.top is not None:
        above = session.scalar(
            select(DiscussionContribution.number).where(DiscussionContribution.id == line.top)
        )
    words = [line.words, *(reply.words for reply in page.lines)]
    return OnePage(
        thread=thread,
        title=thread_title(session, thread),
        line=line,
        above=above,
        replies=page.lines,
        after=page.after,
        numbers=mentioned(session, thread.id, words),
        gone=hidden_boxes(session, [each.hidden_entry for each in (line, *page.lines)], now),
        is_open=thread.is_open(now),
        first=not after,
    )


def thread_rows(session: Session, now: datetime, after: str = "") -> tuple[Sequence[ThreadRow], str]:
    """A page of all discussions, and where the next one begins. Raises: NoSuchPage."""
    found, mark = threads(session, after)
    topics = topics_of(session, [thread.id for thread in found])
    rows = [thread_row(session, thread, topics.get(thread.id), now) for thread in found]
    return [row for row in rows if row is not None], mark


def lively_rows(session: Session, now: datetime, limit: int) -> tuple[tuple[ThreadRow, int], ...]:
    """The liveliest discussions, each with how many contributions it had in the last days."""
    found = liveliest(session, now, 2 * limit)  # some may be about what is not public any more
    topics = topics_of(session, [thread.id for thread, _ in found])
    rows = [(thread_row(session, thread, topics.get(thread.id), now), lately) for thread, lately in found]
    return tuple((row, lately) for row, lately in rows if row is not None)[:limit]


def both(text: Text) -> Words:
    """Two wordings of a topic; where one was not written, the other."""
    return Words(text.en or text.vi, text.vi or text.en)


def _words(text: LocalText) -> Words:
    return Words(text.en, text.vi)
