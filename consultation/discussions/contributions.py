"""Contributions: written, answered, changed with the earlier words kept, withdrawn; and who agrees.

Two rules hold for words. Nobody can put links in before a first contribution of theirs has stood for a day without a
moderator taking it away: what floods discussions are links, and a day is longer than a robot waits. And whoever
mentions somebody does it by the number of a contribution (`#12`): names here are chosen freely, two people may have
the same, and nobody must be able to call somebody by a name that another one wears.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consultation.discussions.errors import (
    EditedMeanwhile,
    LinksTooEarly,
    NotTheAuthor,
    OwnWords,
    SideMissing,
    TooManyVersions,
    WordsChanged,
)
from consultation.discussions.models import (
    DiscussionContribution,
    DiscussionThread,
    DiscussionVersion,
    DiscussionVote,
)
from consultation.discussions.rows import CONTRIBUTION, lock_contribution, sort_anew
from consultation.discussions.threads import TOPIC, lock_thread, require_open
from consultation.errors import NoSuchSubject
from consultation.following.acting import acted
from consultation.following.follows import FollowsTooMuch, follow
from consultation.happenings import What, happened
from consultation.kinds import is_public
from consultation.moderation.pauses import require_not_paused
from consultation.subjects import Subject
from consultation.text import written
from crypto.transcript import tuple_hash
from identity.people import one_person
from storage.statements import insert_once

WORDS_MAX: Final = 3_000
MENTIONS_MAX: Final = 5
"""People who are told of one contribution because it names a number of theirs."""
VERSIONS_MAX: Final = 50
LINKS_AFTER: Final = timedelta(days=1)
MENTION: Final = re.compile(r"(?<![\w#&/])#([1-9][0-9]{0,8})(?!\w)")

# What a reader could type or tap as an address: also without a scheme, for the endings that floods use.
_LINK: Final = re.compile(
    r"[a-z0-9+.-]://|www\.|\]\(|"
    r"[\w-]\s?[.。](com|net|org|info|biz|vn|io|me|ly|ru|cn|top|xyz|shop|online|site|club|link|store|app|tk)\b"
)
_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")


class Side(StrEnum):
    """Where whoever writes stands, in a thread that asks a question."""

    FOR = "for"
    AGAINST = "against"
    NEITHER = ""


@dataclass(frozen=True)
class Writing:
    """What somebody writes. parent: number in the thread of what it replies to.  office: in the name of the office.

    side: None where it was not said; asked for in a sided thread, unless it is a reply.
    """

    thread: str
    author: str
    words: str = field(repr=False)
    parent: int | None = None
    side: Side | None = None
    office: bool = False


@dataclass(frozen=True)
class Made:
    """A contribution that stands now. id: of its subject.  number: in its thread."""

    id: int
    thread: str
    number: int


def words_of(text: str) -> str:
    """As they are stored. Raises: TextRefused."""
    return written(text, WORDS_MAX, lines=True)


def digest_of(words: str) -> bytes:
    """Of the words, as the moderation log names them."""
    return tuple_hash("contribution", [words.encode()])


def has_link(words: str) -> bool:
    """Whether a reader would see an address in it, also one in letters of another width."""
    seen = _ESCAPED.sub(r"\1", words)  # as Markdown shows it: `https\://` is an address as well
    return _LINK.search(unicodedata.normalize("NFKC", seen).casefold()) is not None


def may_link(session: Session, author: str, now: datetime) -> bool:
    """Whether a contribution of theirs has stood for long enough."""
    stood = (
        select(DiscussionContribution.id)
        .where(
            DiscussionContribution.author == author,
            DiscussionContribution.made_at <= now - LINKS_AFTER,
            DiscussionContribution.hidden_entry.is_(None),
            DiscussionContribution.withdrawn_at.is_(None),
        )
        .limit(1)
    )
    return session.scalar(stood) is not None


def contribute(session: Session, writing: Writing, now: datetime) -> Made:
    """Put it under the others. The same words at the same place a second time are the first ones.

    Raises: TextRefused, Paused, NoSuchSubject (thread or parent, also hidden), ThreadClosed, SideMissing,
    LinksTooEarly.
    """
    words = words_of(writing.words)
    digest = digest_of(words)
    require_not_paused(session, writing.author, now)
    thread = lock_thread(session, writing.thread)
    _require_public(session, thread.id)
    require_open(thread, now)
    parent = None if writing.parent is None else _answered(session, thread.id, writing.parent)
    side = _side_of(thread, writing, is_reply=parent is not None)
    earlier = _same(session, thread.id, parent, writing.author, digest)
    if earlier is not None:
        return Made(earlier.id, thread.id, earlier.number)
    if not writing.office:
        _require_links_allowed(session, writing.author, words, now)
    thread.contributions += 1
    thread.last_at = now
    top = None if parent is None else parent.parent or parent.id
    row = DiscussionContribution(
        thread=thread.id,
        number=thread.contributions,
        parent=top,
        author=writing.author,
        office=writing.office,
        side=side.value,
        words=words,
        digest=digest,
        version=1,
        made_at=now,
        edited_at=None,
        agree=0,
        disagree=0,
        score=0,
        dispute=0,
        replies=0,
        withdrawn_at=None,
        hidden_entry=None,
    )
    session.add(row)
    if top is not None:
        lock_contribution(session, top).replies += 1
    session.flush()
    _tell(session, thread, row, parent, now)
    return Made(row.id, thread.id, row.number)


def edit(session: Session, contribution: int, author: str, words: str, *, version: int, now: datetime) -> int:
    """Put other words in its place; the earlier ones stay to be read. Gives the number of the version that stands.

    Who agreed or disagreed did so with the earlier words: their number stays with these, and the new ones begin at 0.
    version: which one the author saw.  Raises: TextRefused, Paused, NoSuchSubject (also hidden or withdrawn),
    NotTheAuthor, ThreadClosed, EditedMeanwhile, TooManyVersions, LinksTooEarly.
    """
    words = words_of(words)
    require_not_paused(session, author, now)
    thread, row = _own(session, contribution, author)
    _require_public(session, thread.id)
    require_open(thread, now)
    digest = digest_of(words)
    if row.digest == digest:
        return row.version
    if row.version != version:
        raise EditedMeanwhile
    if row.version >= VERSIONS_MAX:
        raise TooManyVersions(VERSIONS_MAX)
    if not row.office:
        _require_links_allowed(session, author, words, now)
    since = row.edited_at or row.made_at
    session.add(
        DiscussionVersion(
            contribution=row.id,
            version=row.version,
            words=row.words,
            digest=row.digest,
            made_at=since,
            agree=row.agree,
            disagree=row.disagree,
        )
    )
    session.execute(delete(DiscussionVote).where(DiscussionVote.contribution == row.id))
    row.words, row.digest, row.version, row.edited_at = words, digest, row.version + 1, now
    row.agree = row.disagree = 0
    sort_anew(row)
    session.flush()
    return row.version


def withdraw(session: Session, contribution: int, author: str, now: datetime) -> None:
    """Take one's own words back, with all their versions. Its place and the replies stay.

    Raises: NoSuchSubject (also hidden or withdrawn), NotTheAuthor. Possible after the end of a discussion too.
    """
    thread, row = _own(session, contribution, author)
    session.execute(delete(DiscussionVersion).where(DiscussionVersion.contribution == row.id))
    row.words, row.digest, row.withdrawn_at = "", digest_of(""), now
    thread.gone += 1
    session.flush()


def vote(
    session: Session, contribution: int, person: str, *, agrees: bool | None, version: int, now: datetime
) -> None:
    """Agree, disagree, or neither any more (None). One for each person with all their accounts, the last one counts.

    version: of the words that they read.  Raises: NoSuchSubject (also hidden or withdrawn), WordsChanged, OwnWords,
    ThreadClosed.
    """
    thread = session.get(DiscussionThread, _standing(session, contribution).thread)
    if thread is None:
        raise NoSuchSubject
    _require_public(session, thread.id)
    require_open(thread, now)
    row = lock_contribution(session, contribution)
    _require_standing(row)
    if row.version != version:
        raise WordsChanged
    accounts = one_person(session, person).accounts
    if row.author in accounts:
        raise OwnWords
    mine = (DiscussionVote.contribution == contribution) & DiscussionVote.person.in_(accounts)
    before = session.scalars(select(DiscussionVote.agrees).where(mine)).all()
    if before == ([] if agrees is None else [agrees]):
        return
    session.execute(delete(DiscussionVote).where(mine))
    if agrees is not None:
        values = {"contribution": contribution, "person": person, "agrees": agrees}
        insert_once(session, DiscussionVote, values, ("contribution", "person"))
    row.agree += (agrees is True) - before.count(True)
    row.disagree += (agrees is False) - before.count(False)
    sort_anew(row)
    session.flush()
    acted(session, person, Subject(TOPIC, thread.id), now)


def count_votes(session: Session, contribution: int) -> tuple[int, int]:
    """(agree, disagree), counted anew: for whoever checks the counters."""
    rows = dict(
        session.execute(
            select(DiscussionVote.agrees, func.count())
            .where(DiscussionVote.contribution == contribution)
            .group_by(DiscussionVote.agrees)
        ).all()
    )
    return rows.get(True, 0), rows.get(False, 0)


def _require_public(session: Session, thread: str) -> None:
    """Nothing is added to what not everybody can read, as under a hidden petition."""
    if not is_public(session, Subject(TOPIC, thread)):
        raise NoSuchSubject


def _answered(session: Session, thread: str, number: int) -> DiscussionContribution:
    row = session.scalar(
        select(DiscussionContribution).where(
            DiscussionContribution.thread == thread, DiscussionContribution.number == number
        )
    )
    if row is None:
        raise NoSuchSubject
    _require_standing(row)
    return row


def _standing(session: Session, contribution: int) -> DiscussionContribution:
    row = session.get(DiscussionContribution, contribution)
    if row is None:
        raise NoSuchSubject
    _require_standing(row)
    return row


def _require_standing(row: DiscussionContribution) -> None:
    if row.hidden_entry is not None or row.withdrawn_at is not None:
        raise NoSuchSubject


def _own(session: Session, contribution: int, author: str) -> tuple[DiscussionThread, DiscussionContribution]:
    thread = lock_thread(session, _standing(session, contribution).thread)
    row = lock_contribution(session, contribution)
    _require_standing(row)
    if row.author != author:
        raise NotTheAuthor
    return thread, row


def _side_of(thread: DiscussionThread, writing: Writing, *, is_reply: bool) -> Side:
    if not thread.sided or is_reply:
        return Side.NEITHER
    if writing.side is None:
        raise SideMissing
    return writing.side


def _same(
    session: Session, thread: str, parent: DiscussionContribution | None, author: str, digest: bytes
) -> DiscussionContribution | None:
    top = None if parent is None else parent.parent or parent.id
    return session.scalar(
        select(DiscussionContribution).where(
            DiscussionContribution.author == author,
            DiscussionContribution.thread == thread,
            DiscussionContribution.parent == top,
            DiscussionContribution.digest == digest,
            DiscussionContribution.withdrawn_at.is_(None),
        )
    )


def _require_links_allowed(session: Session, author: str, words: str, now: datetime) -> None:
    if has_link(words) and not may_link(session, author, now):
        raise LinksTooEarly


def _tell(
    session: Session,
    thread: DiscussionThread,
    row: DiscussionContribution,
    parent: DiscussionContribution | None,
    now: datetime,
) -> None:
    own, author = Subject(CONTRIBUTION, str(row.id)), row.author
    whole = Subject(TOPIC, thread.id)
    told = {author, None}
    if parent is None:
        happened(session, What.CONTRIBUTION_MADE, whole, at=now, by=author, about=own)
    else:
        answered = Subject(CONTRIBUTION, str(parent.id))
        happened(session, What.REPLY_MADE, answered, at=now, by=author, about=own)
        told.add(parent.author)
    numbers = list(dict.fromkeys(int(number) for number in MENTION.findall(row.words)))[: 2 * MENTIONS_MAX]
    if numbers:
        named = session.scalars(
            select(DiscussionContribution.author).where(
                DiscussionContribution.thread == thread.id, DiscussionContribution.number.in_(numbers)
            )
        ).all()
        for person in list(dict.fromkeys(name for name in named if name not in told))[:MENTIONS_MAX]:
            happened(session, What.MENTIONED, own, at=now, by=author, to=person)
    if author is not None:
        try:
            follow(session, author, own, now)
        except FollowsTooMuch:
            return  # the words stand; they are only not told of replies
