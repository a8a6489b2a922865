"""What the room gives to everybody as data: flat rows, each list page after page by a number that only grows.

A row has the same fields as JSON and as a line of CSV. No row says who wrote something: the name that somebody chose
stands on the pages, where it goes with the account; a copy of the data would keep it for ever. Words that moderation
took away are empty, and the number of the entry in its log stands in their place.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from consultation.discussions.models import DiscussionContribution, DiscussionThread
from consultation.discussions.threads import TOPIC, find_thread
from consultation.discussions.topics import Topic, topics_of
from consultation.errors import NoSuchSubject
from consultation.kinds import ELECTION, describe, is_public
from consultation.moderation import log as moderation
from consultation.moderation.models import ModerationAppeal, ModerationEntry
from consultation.moderation.types import Action, Entry
from consultation.petitions.lists import PAGE_MAX, Filter, Sort, list_petitions
from consultation.petitions.models import PetitionBody, PetitionDue, PetitionEvent, PetitionPetition
from consultation.petitions.settings import rules, thresholds
from consultation.petitions.store import event_of, find_petition, petitions_of
from consultation.petitions.subjects import ANSWERS
from consultation.petitions.types import PUBLIC, Petition
from consultation.signing.counting import Counted, public_counts
from consultation.subjects import Subject
from crypto.encoding import encode_base64url
from protocol.canonical import Record
from protocol.text import Base64url, Count, Timestamp, format_time
from voting.models import VotingElection
from voting.office import read_manifest

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
"""Creative Commons Attribution 4.0: of all of it."""


class PetitionRow(Record, frozen=True):
    """A petition that everybody may see. The words are empty where they may not be shown.

    as_of: of the number of signatures.  area: empty for the whole territory.  hidden_entry: of the moderation log.
    language: `en`, `vi` or `both`.  rejected_for: reason code.  text: digest of the words, which signatures name.
    """

    action: str
    answered_at: Timestamp | None
    area: str
    as_of: Timestamp
    background: str
    body: str
    body_en: str
    body_vi: str
    closed_at: Timestamp | None
    closes_at: Timestamp | None
    debate_at: Timestamp | None
    details: str
    hidden_entry: Count | None
    language: str
    opened_at: Timestamp | None
    path: str
    petition: str
    rejected_at: Timestamp | None
    rejected_for: str
    rejected_words: str
    signatures: Count
    state: str
    text: Base64url
    version: Count


class ThresholdRow(Record, frozen=True):
    """How many signatures set something in motion, as it holds now for every petition.

    body: who owes it; empty for whom the petition asks.  days: until when, from the moment of the last signature that
    was needed; null where no day is set.  due: `answer`, `debate`, or `moderation` for the signatures that a petition
    needs before a moderator looks at it.  number: null for those.  open_days: how long signatures are collected.
    """

    body: str
    body_en: str
    body_vi: str
    days: Count | None
    due: str
    number: Count | None
    open_days: Count
    path: str
    signatures: Count


class DeadlineRow(Record, frozen=True):
    """A threshold that a petition reached, and what is due since. met_at: when it came; null while it has not."""

    action: str
    body: str
    body_en: str
    body_vi: str
    due: str
    due_at: Timestamp
    met_at: Timestamp | None
    number: Count
    path: str
    petition: str
    reached_at: Timestamp
    signatures: Count


class AnswerRow(Record, frozen=True):
    """What the office said to a petition: an answer, a date of debate, what became of it.

    kind: `answered`, `debate-set`, `no-debate`, `outcome`.  detail: of an outcome, in a word.  on: the date it names.
    """

    action: str
    body: str
    body_en: str
    body_vi: str
    detail: str
    hidden_entry: Count | None
    kind: str
    language: str
    made_at: Timestamp
    number: Count
    on: Timestamp | None
    path: str
    petition: str
    words: str


class ThreadRow(Record, frozen=True):
    """A discussion. place: its subject, as `petition 0123456789abcdef`.  title: empty in a language that it lacks."""

    closes_at: Timestamp | None
    contributions: Count
    last_at: Timestamp
    made_at: Timestamp
    path: str
    place: str
    thread: str
    title_en: str
    title_vi: str


class ContributionRow(Record, frozen=True):
    """One contribution. replies_to: number of the one that it answers.  words: Markdown as it was typed.

    side: `for`, `against` or empty.  hidden_entry: of the moderation log.
    """

    agree: Count
    disagree: Count
    edited_at: Timestamp | None
    hidden_entry: Count | None
    made_at: Timestamp
    number: Count
    office: bool
    path: str
    replies_to: Count | None
    side: str
    version: Count
    withdrawn: bool
    words: str


class ModerationRow(Record, frozen=True):
    """One entry of the moderation log. deed: of the site log, where `record` (its digest) is signed.

    content: SHA-256 of the words that were decided about.  answers: entry that this one takes back or confirms.
    group: first entry of the same decision.
    """

    action: str
    answers: Count | None
    content: Base64url
    deed: Count
    group: Count
    number: Count
    path: str
    record: Base64url
    role: str
    rule: str
    subject: str
    time: Timestamp


@dataclass(frozen=True)
class AppealDay:
    """An appeal that waits. entry: by which the words were hidden.  decide_by: what stands in their place."""

    entry: Entry
    decide_by: datetime


def petition_rows(session: Session, petitions: Sequence[Petition], now: datetime) -> Sequence[PetitionRow]:
    """These petitions as rows; all of them are public."""
    counts = public_counts(session, [petition.id for petition in petitions], now)
    return [_petition_row(petition, counts[petition.id]) for petition in petitions]


def petition_row(session: Session, petition: str, now: datetime) -> PetitionRow:
    """One of them. Raises: NoSuchPetition, NoSuchSubject where it is not public."""
    found = find_petition(session, petition)
    if not found.public:
        raise NoSuchSubject
    return petition_rows(session, [found], now)[0]


def closing_petitions(session: Session, now: datetime, limit: int) -> Sequence[Petition]:
    """Open ones that everybody finds, the one that closes first in front."""
    found: list[Petition] = []
    cursor, more = "", True
    while more and len(found) < limit:
        size = min(PAGE_MAX, limit - len(found))
        listed = list_petitions(session, Filter(sort=Sort.CLOSING), now, cursor, size)
        found += listed.petitions
        cursor, more = listed.next, listed.next != ""
    return found


def threshold_rows(session: Session) -> Sequence[ThresholdRow]:
    """What holds now: what leads to moderation, then what is due, the lowest number first."""
    numbers = rules(session)
    first = ThresholdRow(
        body="",
        body_en="",
        body_vi="",
        days=None,
        due="moderation",
        number=None,
        open_days=numbers.sponsor_days,
        path="petitions/answers",
        signatures=numbers.sponsors,
    )
    return [
        first,
        *(
            ThresholdRow(
                body="" if each.body is None else each.body.id,
                body_en="" if each.body is None else each.body.name.en,
                body_vi="" if each.body is None else each.body.name.vi,
                days=each.days,
                due=each.due.value,
                number=each.id,
                open_days=numbers.open_days,
                path="petitions/answers",
                signatures=each.count,
            )
            for each in thresholds(session)
        ),
    ]


def deadline_rows(session: Session, after: int | None, limit: int) -> Sequence[DeadlineRow]:
    """Deadlines with higher numbers than `after`; for None the newest first."""
    return _deadlines(session, _beyond(PetitionDue.id, after), [_order(PetitionDue.id, after)], limit)


def turned_deadlines(session: Session, now: datetime, limit: int) -> Sequence[DeadlineRow]:
    """Those to which something happened last in front: it was reached, its day passed, or what was due came."""
    due = PetitionDue
    turned = case(
        (due.met_at.is_not(None), due.met_at), (due.due_at <= now, due.due_at), else_=due.reached_at
    )
    return _deadlines(session, true(), [turned.desc(), due.id.desc()], limit)


def _deadlines(
    session: Session, where: ColumnElement[bool], order: Sequence[ColumnElement[Any]], limit: int
) -> Sequence[DeadlineRow]:
    rows = session.execute(
        select(PetitionDue, PetitionBody)
        .join(PetitionBody, PetitionBody.id == PetitionDue.body)
        .where(where)
        .order_by(*order)
        .limit(limit)
    ).all()
    titles = _titles(session, {row.petition for row, _ in rows})
    return [
        DeadlineRow(
            action=titles[row.petition],
            body=body.id,
            body_en=body.name_en,
            body_vi=body.name_vi,
            due=row.due,
            due_at=format_time(row.due_at),
            met_at=_time(row.met_at),
            number=row.id,
            path=f"petitions/{row.petition}",
            petition=row.petition,
            reached_at=format_time(row.reached_at),
            signatures=row.count,
        )
        for row, body in rows
    ]


def answer_rows(session: Session, after: int | None, limit: int) -> Sequence[AnswerRow]:
    """Answers with higher numbers than `after`, of petitions that everybody finds; for None the newest first.

    Without words where a moderator hid them, or the petition that they stand under.
    """
    rows = session.execute(
        select(PetitionEvent, PetitionBody)
        .join(PetitionPetition, PetitionPetition.id == PetitionEvent.petition)
        .outerjoin(PetitionBody, PetitionBody.id == PetitionEvent.body)
        .where(
            PetitionEvent.what.in_(ANSWERS),
            PetitionPetition.state.in_([state.value for state in PUBLIC]),
            _beyond(PetitionEvent.id, after),
        )
        .order_by(_order(PetitionEvent.id, after))
        .limit(limit)
    ).all()
    petitions = {row.petition for row, _ in rows}
    titles, hidden = _titles(session, petitions), _hidden(session, petitions)
    found = []
    for row, body in rows:
        event = event_of(row, body)
        found.append(
            AnswerRow(
                action=titles[event.petition],
                body="" if event.body is None else event.body.id,
                body_en="" if event.body is None else event.body.name.en,
                body_vi="" if event.body is None else event.body.name.vi,
                detail=event.detail,
                hidden_entry=row.hidden_entry,
                kind=event.what.value,
                language=event.language,
                made_at=format_time(event.at),
                number=event.id,
                on=_time(event.on),
                path=f"petitions/{event.petition}",
                petition=event.petition,
                words="" if event.petition in hidden else event.words,
            )
        )
    return found


def thread_rows(session: Session, after: str, limit: int) -> tuple[Sequence[ThreadRow], str]:
    """Discussions about what everybody sees, by their ids, and where the next page begins ("" at the end).

    after: id of the last one before. A page may have fewer rows than `limit`: what is not public is left out.
    """
    rows = session.scalars(
        select(DiscussionThread)
        .where(DiscussionThread.hidden_entry.is_(None), DiscussionThread.id > after)
        .order_by(DiscussionThread.id)
        .limit(limit)
    ).all()
    return [row for row, _ in _threads(session, rows)], rows[-1].id if len(rows) == limit else ""


def new_threads(session: Session, limit: int) -> Sequence[tuple[ThreadRow, Topic | None, Timestamp]]:
    """Discussions in the list that everybody sees, those that began last in front; what is asked, and when it began.

    A topic begins when it is put, the discussion of anything else with its first contribution.
    """
    thread, first = DiscussionThread, DiscussionContribution
    of_topic = thread.place_kind == TOPIC
    began = case((of_topic, thread.made_at), else_=first.made_at)
    rows = session.execute(
        select(thread, first.made_at)
        .outerjoin(first, and_(first.thread == thread.id, first.number == 1))
        .where(thread.hidden_entry.is_(None), of_topic | first.id.is_not(None))
        .order_by(began.desc(), thread.id)
        .limit(limit)
    ).all()
    spoken = {row.id: row.made_at if row.place_kind == TOPIC else at for row, at in rows}
    return [
        (made, topic, format_time(spoken[made.thread]))
        for made, topic in _threads(session, [row for row, _ in rows])
    ]


def closing_topics(session: Session, now: datetime, limit: int) -> Sequence[ThreadRow]:
    """Topics that have an end and are open until then, the one that closes first in front.

    Others close with what they are about: paragraphs of a draft text with the comments of their consultation.
    """
    rows = session.scalars(
        select(DiscussionThread)
        .where(
            DiscussionThread.place_kind == TOPIC,
            DiscussionThread.hidden_entry.is_(None),
            DiscussionThread.closes_at > now,
        )
        .order_by(DiscussionThread.closes_at, DiscussionThread.id)
        .limit(limit)
    ).all()
    return [row for row, _ in _threads(session, rows)]


def _threads(session: Session, rows: Sequence[DiscussionThread]) -> Sequence[tuple[ThreadRow, Topic | None]]:
    """In their order, without those about what is not public."""
    topics = topics_of(session, [row.id for row in rows])
    found = []
    for row in rows:
        place = Subject(row.place_kind, row.place)
        topic = topics.get(row.id)
        if topic is not None:
            title_en, title_vi = topic.title.en, topic.title.vi
        else:
            if not is_public(session, place):
                continue
            title_en, title_vi = _titles_of(session, place)
        made = ThreadRow(
            closes_at=_time(row.closes_at),
            contributions=row.contributions,
            last_at=format_time(row.last_at),
            made_at=format_time(row.made_at),
            path=f"discussions/{row.id}",
            place=str(place),
            thread=row.id,
            title_en=title_en,
            title_vi=title_vi,
        )
        found.append((made, topic))
    return found


def _titles_of(session: Session, place: Subject) -> tuple[str, str]:
    """What a discussion is about, in English and in Vietnamese; place: a public one."""
    if place.kind == ELECTION:
        title = read_manifest(session.get_one(VotingElection, place.id)).title
        return title.en, title.vi
    described = describe(session, place)
    return ("", "") if described is None else (described.called("en"), described.called("vi"))


def contribution_rows(
    session: Session, thread: str, after: int | None, limit: int
) -> Sequence[ContributionRow]:
    """Contributions of a discussion with higher numbers, replies among them; for None the newest first.

    Raises: NoSuchSubject when it is hidden, or about something that not everybody sees.
    """
    if not is_public(session, find_thread(session, thread).subject):
        raise NoSuchSubject
    row = DiscussionContribution
    rows = session.scalars(
        select(row)
        .where(row.thread == thread, _beyond(row.number, after))
        .order_by(_order(row.number, after))
        .limit(limit)
    ).all()
    parents = {each.parent for each in rows if each.parent is not None}
    numbers = dict(session.execute(select(row.id, row.number).where(row.id.in_(parents))).all())
    return [
        ContributionRow(
            agree=each.agree,
            disagree=each.disagree,
            edited_at=_time(each.edited_at),
            hidden_entry=each.hidden_entry,
            made_at=format_time(each.made_at),
            number=each.number,
            office=each.office,
            path=f"discussions/{thread}/{each.number}",
            replies_to=None if each.parent is None else numbers[each.parent],
            side=each.side,
            version=each.version,
            withdrawn=each.withdrawn_at is not None,
            words="" if each.hidden_entry is not None or each.withdrawn_at is not None else each.words,
        )
        for each in rows
    ]


def moderation_rows(session: Session, after: int | None, limit: int) -> Sequence[ModerationRow]:
    """Entries of the moderation log with higher numbers than `after`; for None the newest first."""
    rows = []
    newest = after is None
    for entry in (
        moderation.newest_entries(session, limit=limit)
        if newest
        else moderation.entries(session, after or 0, limit)
    ):
        made = moderation.record_of(entry)
        rows.append(
            ModerationRow(
                action=made.action,
                answers=made.answers,
                content=made.content,
                deed=entry.deed,
                group=made.group,
                number=made.number,
                path=f"moderation/record/{made.number}",
                record=encode_base64url(entry.record_digest),
                role=made.role,
                rule=made.rule or "",
                subject=made.subject,
                time=made.time,
            )
        )
    return rows


def appeal_days(session: Session, limit: int) -> Sequence[AppealDay]:
    """Appeals against hiding that wait, the one that is due first in front.

    Only those of which everybody reads the day: it stands in the place of the hidden words. Appeals against warnings,
    pauses and rejections are between the author and the moderators.
    """
    rows = session.execute(
        select(ModerationEntry, ModerationAppeal.decide_by)
        .join(ModerationAppeal, ModerationAppeal.group == ModerationEntry.group)
        .where(ModerationAppeal.decided_at.is_(None), ModerationEntry.action == Action.HIDDEN.value)
        .order_by(ModerationAppeal.decide_by, ModerationEntry.number)
        .limit(limit)
    ).all()
    found = [AppealDay(moderation.shown(row), decide_by) for row, decide_by in rows]
    return [each for each in found if _has_box(session, each.entry.subject)]


def _has_box(session: Session, subject: Subject) -> bool:
    """Whether a page says that it was hidden: not where what it stands under was taken away as well."""
    described = describe(session, subject)
    return described is not None and described.hidden and not described.covered


def _petition_row(petition: Petition, counted: Counted) -> PetitionRow:
    text, rejection = petition.text, petition.rejection
    shown = not petition.hidden
    return PetitionRow(
        action=text.action if shown else "",
        answered_at=_time(petition.answered_at),
        area="" if petition.area is None else petition.area[0],
        as_of=format_time(counted.as_of),
        background=text.background if shown else "",
        body=petition.body.id,
        body_en=petition.body.name.en,
        body_vi=petition.body.name.vi,
        closed_at=_time(petition.closed_at),
        closes_at=_time(petition.closes_at),
        debate_at=_time(petition.debate_on),
        details=text.details if shown else "",
        hidden_entry=petition.hidden_entry,
        language=text.language,
        opened_at=_time(petition.opened_at),
        path=f"petitions/{petition.id}",
        petition=petition.id,
        rejected_at=None if rejection is None else format_time(rejection.at),
        rejected_for="" if rejection is None else rejection.reason.value,
        rejected_words="" if rejection is None else rejection.words,
        signatures=counted.count,
        state=petition.state.value,
        text=encode_base64url(text.digest),
        version=text.version,
    )


def _beyond(number: InstrumentedAttribute[int], after: int | None) -> ColumnElement[bool]:
    return true() if after is None else number > after


def _order(number: InstrumentedAttribute[int], after: int | None) -> ColumnElement[int]:
    return number.desc() if after is None else number.asc()


def _titles(session: Session, petitions: Collection[str]) -> Mapping[str, str]:
    return {
        petition.id: "" if petition.hidden else petition.text.action
        for petition in petitions_of(session, petitions)
    }


def _hidden(session: Session, petitions: Collection[str]) -> Collection[str]:
    """Those of which no words are shown: then no answer's either, which may repeat them."""
    return {petition.id for petition in petitions_of(session, petitions) if petition.hidden}


def _time(moment: datetime | None) -> Timestamp | None:
    return None if moment is None else format_time(moment)
