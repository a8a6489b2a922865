"""Pages of a thread: twenty contributions at a time, the next page found by where the last one ended.

A page is a few statements on indexes, whatever stands before it: nothing is counted and nothing is skipped. While
votes come in, an order by votes moves; a contribution may then be met twice or not at all between two pages. By time,
in both directions, everything is met once.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Select, func, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from consultation.discussions.contributions import MENTION, Side
from consultation.discussions.models import (
    DiscussionContribution,
    DiscussionThread,
    DiscussionVersion,
    DiscussionVote,
)
from consultation.discussions.sorting import Order
from consultation.discussions.threads import TOPIC, Thread, is_thread_id, shown
from consultation.discussions.topics import Topic, topics_of
from consultation.errors import NoSuchSubject
from consultation.profiles import Profile, profiles_of
from identity.people import one_person

PAGE: Final = 20
REPLIES_SHOWN: Final = 2
"""Of each contribution in the list of a thread; the others are a link away."""
TOPICS_LISTED: Final = 200
LIVELY: Final = timedelta(days=7)
_LATEST: Final = 20
"""Looked at for the liveliest: those that were written in last."""
_CURSOR: Final = re.compile(r"(0|[1-9][0-9]{0,18})(?:-([1-9][0-9]{0,17}))?")
_Row = DiscussionContribution


@dataclass(frozen=True)
class Shown:
    """One contribution as a page shows it. answers: number in the thread of the one above it, for a reply.

    profile: None when the account is gone.  mine: what the reader voted.  own: whether the reader wrote it.
    """

    id: int
    number: int
    top: int | None
    profile: Profile | None
    office: bool
    side: Side
    words: str
    version: int
    made_at: datetime
    edited_at: datetime | None
    agree: int
    disagree: int
    agree_before: int
    disagree_before: int
    replies: int
    withdrawn: bool
    hidden_entry: int | None
    mine: bool | None = None
    own: bool = False


@dataclass(frozen=True)
class Page:
    """Some contributions in a row. after: where the next page begins, empty at the end."""

    lines: Sequence[Shown]
    after: str


@dataclass(frozen=True)
class Version:
    """Words as they stood. until: None for those that stand now.  agree, disagree: how many did, with these words."""

    version: int
    words: str
    since: datetime
    until: datetime | None
    agree: int
    disagree: int


class NoSuchPage(NoSuchSubject):
    """What stands in an address as the beginning of a page can be none."""

    code = "no-such-page"


def page_of(
    session: Session,
    thread: str,
    order: Order,
    *,
    side: Side = Side.NEITHER,
    after: str = "",
    reader: str | None = None,
) -> Page:
    """Contributions that are no replies. after: from an earlier page. Raises: NoSuchPage."""
    within = (_Row.thread == thread) & _Row.parent.is_(None) & (_Row.side == side.value)
    rows = session.scalars(_ordered(select(_Row).where(within), order, after).limit(PAGE + 1)).all()
    return _page(session, rows, order, reader)


def replies_of(session: Session, contribution: int, *, after: str = "", reader: str | None = None) -> Page:
    """Replies to one, the oldest first. Raises: NoSuchPage."""
    asked = select(_Row).where(_Row.parent == contribution)
    rows = session.scalars(_ordered(asked, Order.OLDEST, after).limit(PAGE + 1)).all()
    return _page(session, rows, Order.OLDEST, reader)


def first_replies(
    session: Session, lines: Collection[Shown], reader: str | None = None
) -> Mapping[int, Sequence[Shown]]:
    """The first few replies to each of these that has some, by its id."""
    asked = [
        select(_Row.id)
        .where(_Row.parent == line.id)
        .order_by(_Row.id)
        .limit(REPLIES_SHOWN)
        .subquery(f"r{place}")
        for place, line in enumerate(lines)
        if line.replies
    ]
    if not asked:
        return {}
    ids = union_all(*(select(each.c.id) for each in asked)).subquery("ids")
    rows = session.scalars(select(_Row).where(_Row.id.in_(select(ids.c.id))).order_by(_Row.id)).all()
    found: dict[int, list[Shown]] = {}
    for row, line in zip(rows, _lines(session, rows, reader), strict=True):
        found.setdefault(row.parent or 0, []).append(line)
    return found


def find_contribution(session: Session, thread: str, number: int, reader: str | None = None) -> Shown:
    """One contribution by its number in its thread, hidden ones too. Raises: NoSuchSubject."""
    row = session.scalar(select(_Row).where(_Row.thread == thread, _Row.number == number))
    if row is None:
        raise NoSuchSubject
    return _lines(session, [row], reader)[0]


def numbers_of(session: Session, ids: Collection[int]) -> Mapping[int, int]:
    """Numbers in their threads, by id."""
    return dict(session.execute(select(_Row.id, _Row.number).where(_Row.id.in_(set(ids)))).all())


def mentioned(session: Session, thread: str, texts: Collection[str]) -> Collection[int]:
    """Which of the numbers that stand in `texts` as `#12` are contributions of the thread."""
    numbers = {int(number) for text in texts for number in MENTION.findall(text)}
    if not numbers:
        return ()
    asked = select(_Row.number).where(_Row.thread == thread, _Row.number.in_(numbers))
    return frozenset(session.scalars(asked))


def versions_of(session: Session, contribution: int) -> Sequence[Version]:
    """All of them, the oldest first; none of what was hidden or withdrawn. Raises: NoSuchSubject."""
    row = session.get(_Row, contribution)
    if row is None:
        raise NoSuchSubject
    if row.hidden_entry is not None or row.withdrawn_at is not None:
        return ()
    earlier = session.scalars(
        select(DiscussionVersion)
        .where(DiscussionVersion.contribution == contribution)
        .order_by(DiscussionVersion.version)
    ).all()
    begins = [*(each.made_at for each in earlier), row.edited_at or row.made_at]
    old = [
        Version(each.version, each.words, begins[place], begins[place + 1], each.agree, each.disagree)
        for place, each in enumerate(earlier)
    ]
    return [*old, Version(row.version, row.words, begins[-1], None, row.agree, row.disagree)]


def threads(session: Session, after: str = "") -> tuple[Sequence[Thread], str]:
    """Those that can be read, whoever was written in last first; and where the next page begins.

    A topic is listed from its beginning, the thread of anything else when somebody has written there: else every
    paragraph of a draft text would stand in the list.  Raises: NoSuchPage.
    """
    begun = (DiscussionThread.place_kind == TOPIC) | (DiscussionThread.contributions > 0)
    asked = select(DiscussionThread).where(DiscussionThread.hidden_entry.is_(None), begun)
    if after:
        moment, _, number = after.partition("-")
        try:
            last = datetime.fromisoformat(moment.replace("~", "-"))
            last = last if last.tzinfo is None else last.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise NoSuchPage from error
        if last.tzinfo is None or not is_thread_id(number):
            raise NoSuchPage
        place = tuple_(DiscussionThread.last_at, DiscussionThread.id)
        asked = asked.where(place < tuple_(literal(last, DiscussionThread.last_at.type), literal(number)))
    rows = session.scalars(
        asked.order_by(DiscussionThread.last_at.desc(), DiscussionThread.id.desc()).limit(PAGE + 1)
    ).all()
    more = len(rows) > PAGE
    last_row = rows[PAGE - 1] if more else None
    mark = "" if last_row is None else f"{last_row.last_at.isoformat().replace('-', '~')}-{last_row.id}"
    return [shown(row) for row in rows[:PAGE]], mark


def liveliest(session: Session, now: datetime, limit: int) -> Sequence[tuple[Thread, int]]:
    """Open ones with the most contributions in the last week that can be read, and how many these are."""
    week = now - LIVELY
    row = DiscussionThread
    open_now = row.closes_at.is_(None) | (row.closes_at > now)
    found = session.scalars(
        select(row)
        .where(row.hidden_entry.is_(None), row.last_at > week, open_now)
        .order_by(row.last_at.desc(), row.id.desc())
        .limit(_LATEST)
    ).all()
    lately = (
        select(_Row.thread, func.count())
        .where(_Row.thread.in_([each.id for each in found]), _Row.made_at > week)
        .where(_Row.hidden_entry.is_(None), _Row.withdrawn_at.is_(None))
        .group_by(_Row.thread)
    )
    counts = dict(session.execute(lately).all())
    lively = sorted((each for each in found if each.id in counts), key=lambda each: -counts[each.id])
    return [(shown(each), counts[each.id]) for each in lively[:limit]]


def topic_threads(session: Session) -> Sequence[tuple[Thread, Topic]]:
    """The free topics, hidden ones too, the newest first; at most TOPICS_LISTED."""
    rows = session.scalars(
        select(DiscussionThread)
        .where(DiscussionThread.place_kind == TOPIC)
        .order_by(DiscussionThread.made_at.desc(), DiscussionThread.id)
        .limit(TOPICS_LISTED)
    ).all()
    topics = topics_of(session, [row.id for row in rows])
    return [(shown(row), topics[row.id]) for row in rows if row.id in topics]


def _ordered(
    asked: Select[DiscussionContribution], order: Order, after: str
) -> Select[DiscussionContribution]:
    key = _KEYS.get(order)
    begin = _begin(after, two=key is not None)
    if key is None:
        if begin:
            asked = asked.where(_Row.id > begin[0] if order is Order.OLDEST else _Row.id < begin[0])
        return asked.order_by(_Row.id.asc() if order is Order.OLDEST else _Row.id.desc())
    if begin:
        asked = asked.where(tuple_(key, _Row.id) < tuple_(*(literal(part, BigInteger()) for part in begin)))
    return asked.order_by(key.desc(), _Row.id.desc())


_KEYS: Final[Mapping[Order, InstrumentedAttribute[int]]] = {
    Order.AGREED: _Row.score,
    Order.DISPUTED: _Row.dispute,
}


def _begin(after: str, *, two: bool) -> tuple[int, ...]:
    if not after:
        return ()
    found = _CURSOR.fullmatch(after)
    if found is None or (found[2] is not None) is not two:
        raise NoSuchPage
    parts = tuple(int(part) for part in found.groups() if part is not None)
    if any(part >= 2**63 for part in parts):
        raise NoSuchPage
    return parts


def _mark(row: DiscussionContribution, order: Order) -> str:
    match order:
        case Order.AGREED:
            return f"{row.score}-{row.id}"
        case Order.DISPUTED:
            return f"{row.dispute}-{row.id}"
        case _:
            return str(row.id)


def _page(session: Session, rows: Sequence[DiscussionContribution], order: Order, reader: str | None) -> Page:
    on_page = rows[:PAGE]
    after = _mark(on_page[-1], order) if len(rows) > PAGE else ""
    return Page(_lines(session, on_page, reader), after)


def _lines(session: Session, rows: Sequence[DiscussionContribution], reader: str | None) -> Sequence[Shown]:
    profiles = profiles_of(session, {row.author for row in rows if row.author is not None})
    mine = {} if reader is None else _votes(session, [row.id for row in rows], reader)
    return [
        Shown(
            id=row.id,
            number=row.number,
            top=row.parent,
            profile=None if row.author is None else profiles[row.author],
            office=row.office,
            side=Side(row.side),
            words=row.words if row.hidden_entry is None else "",
            version=row.version,
            made_at=row.made_at,
            edited_at=row.edited_at,
            agree=row.agree,
            disagree=row.disagree,
            agree_before=row.agree_before,
            disagree_before=row.disagree_before,
            replies=row.replies,
            withdrawn=row.withdrawn_at is not None,
            hidden_entry=row.hidden_entry,
            mine=mine.get(row.id),
            own=reader is not None and row.author == reader,
        )
        for row in rows
    ]


def _votes(session: Session, contributions: Collection[int], reader: str) -> Mapping[int, bool]:
    within: ColumnElement[bool] = DiscussionVote.contribution.in_(contributions)
    return dict(
        session.execute(
            select(DiscussionVote.contribution, DiscussionVote.agrees).where(
                within, DiscussionVote.person.in_(one_person(session, reader).accounts)
            )
        ).all()
    )
