"""Pages of petitions from the database, each on one snapshot."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from consultation.areas import areas, require_area
from consultation.differences import Change, Part, differences
from consultation.discussions.threads import known_thread
from consultation.petitions.clocks import clocks_of, due_page, in_time
from consultation.petitions.errors import NoSuchPetition, NotSignable
from consultation.petitions.indexing import REJECTED
from consultation.petitions.life import cleaned
from consultation.petitions.lists import PAGE, Fact, Filter, Sort, ids_of, list_petitions
from consultation.petitions.settings import bodies, require_body, rules, thresholds
from consultation.petitions.store import (
    events_of,
    find_petition,
    petitions_of,
    require_signable,
    versions,
)
from consultation.petitions.types import Clock, Draft, Event, Petition, PetitionText, State
from consultation.petitions.votes import votes_of
from consultation.signing.by_version import counts_by_version
from consultation.signing.counting import counts_by_area, public_count, public_counts, trending
from consultation.similar.index import OFFSET_MAX, search, similar_petitions
from consultation.similar.sense import Search
from consultation.subjects import Subject
from web.pages.common import PageNotFound, VoteRow
from web.pages.moderation import hidden_boxes
from web.pages.petitions import (
    AnswersPage,
    HomePetitions,
    Mark,
    Narrowed,
    PetitionLine,
    PetitionPage,
    PetitionsPage,
    Preview,
    VersionLine,
    VersionsPage,
    Waiting,
    usual_state,
)

ON_HOME: Final = 5
SIMILAR: Final = 4
"""Shown beside a petition."""
VERSIONS: Final = 10
"""On one page."""
TREND_KEPT: Final = timedelta(hours=1)
"""How long the next page of a trend is that of the same moment; signatures by minute are kept for three hours."""
_PUBLIC: Final = frozenset({State.OPEN, State.CLOSED})
STATES: Final[Mapping[str, tuple[frozenset[State], Fact | None]]] = {
    "open": (frozenset({State.OPEN}), None),
    "waiting": (_PUBLIC, Fact.WAITS),
    "answered": (_PUBLIC, Fact.ANSWERED),
    "closed": (frozenset({State.CLOSED}), None),
    "rejected": (frozenset({State.REJECTED}), None),
    "all": (_PUBLIC, None),
}
"""What a list can be narrowed to."""
TRENDING: Final = "trending"
SORTS: Final[Mapping[str, Sort]] = {
    "newest": Sort.NEWEST,
    "signatures": Sort.SIGNATURES,
    "closing": Sort.CLOSING,
}


def petitions_page(session: Session, narrowed: Narrowed, cursor: str, now: datetime) -> PetitionsPage:
    """A list. Values of `narrowed` that are not offered are taken for none."""
    known_areas, known_bodies = areas(session), bodies(session)
    narrowed = Narrowed(
        sought=narrowed.sought,
        state=narrowed.state if narrowed.state in STATES else usual_state(narrowed.sought),
        area=narrowed.area if narrowed.area in {area.id for area in known_areas} else "",
        body=narrowed.body if narrowed.body in {body.id for body in known_bodies} else "",
        sort=narrowed.sort if narrowed.sort in (*SORTS, TRENDING) else "newest",
    )
    found = _listed(session, narrowed, cursor, now)
    return PetitionsPage(
        lines=_lines(session, found.petitions, now, lately=found.lately),
        narrowed=narrowed,
        areas=tuple(known_areas),
        bodies=tuple(known_bodies),
        first=not cursor,
        next_query=urlencode({**narrowed.query(), "after": found.next}) if found.next else "",
        trend_until=found.until,
    )


def petition_page(
    session: Session,
    petition: str,
    now: datetime,
    votes_shown: Callable[[Collection[str]], tuple[VoteRow, ...]],
) -> PetitionPage:
    """One petition that somebody may see who has its address. votes_shown: rows of elections by their ids.

    Raises: PageNotFound.
    """
    found = shown(session, petition)
    clocks = clocks_of(session, found.id)
    reached = {(clock.count, clock.due): clock for clock in clocks}
    marks = [Mark(clock.count, clock.due, clock.body.name, clock.reached_at) for clock in clocks]
    marks += [
        Mark(each.count, each.due, (each.body or found.body).name, None)
        for each in thresholds(session)
        if (each.count, each.due) not in reached and found.state is State.OPEN
    ]
    first = _first(clocks, now)
    owes = found.body.id if first is None else first.clock.body.id
    twin = None if found.rejection is None or found.rejection.twin is None else found.rejection.twin
    counted = public_count(session, found.id, now)
    votes = votes_of(session, found.id)
    frozen = [vote.election for vote in votes if vote.election is not None]
    thread = known_thread(session, Subject("petition", found.id))
    events = tuple(_without_words(event, found) for event in events_of(session, found.id))
    return PetitionPage(
        petition=found,
        now=now,
        signable=_is_signable(found, now),
        signatures=counted.count,
        as_of=counted.as_of,
        sponsors=rules(session).sponsors,
        marks=tuple(sorted(marks, key=lambda mark: mark.count)),
        waiting=first,
        record=next(iter(in_time(session, now, body=owes)), None),
        areas=counts_by_area(session, found.id),
        versions=counts_by_version(session, found.id) if found.text.version > 1 else None,
        events=events,
        gone=hidden_boxes(session, [found.hidden_entry, *(event.hidden_entry for event in events)], now),
        twin=next(iter(_public(petitions_of(session, [twin]))), None) if twin else None,
        similar=similar_lines(session, found.text.action, now, found.id) if found.public else (),
        votes=votes_shown(frozen),
        coming=sum(vote.election is None and not vote.gone for vote in votes),
        discussion=0 if thread is None else thread.count,
    )


def _without_words(event: Event, petition: Petition) -> Event:
    """What stands under a hidden petition is not shown either: an answer may repeat its words."""
    return replace(event, words="") if petition.hidden else event


def shown(session: Session, petition: str) -> Petition:
    """The petition, if there is something to see for those who know its address. Raises: PageNotFound."""
    try:
        found = find_petition(session, petition)
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    if found.state is State.DRAFT:
        raise PageNotFound("a draft")
    return found


def versions_page(session: Session, petition: str, before: int | None = None) -> VersionsPage:
    """Versions with what changed, page after page. before: only those older than this one.

    Raises: PageNotFound, also when the words may not be read.
    """
    found = shown(session, petition)
    if not found.shows_words:
        raise PageNotFound("no words to read")
    # One more than is shown: the oldest on the page is compared with the one before it.
    texts = versions(session, found.id, before=before, limit=VERSIONS + 1)
    if not texts:
        raise PageNotFound("no such version")
    lines = [VersionLine(text, changes(older, text)) for text, older in pairwise(texts)]
    if len(texts) <= VERSIONS:
        lines += [VersionLine(text, {}) for text in texts[-1:]]
    return VersionsPage(
        found,
        tuple(lines),
        counts_by_version(session, found.id),
        first=before is None,
        next=lines[-1].text.version if len(texts) > VERSIONS else None,
    )


def preview_of(
    session: Session, draft: Draft, of: Petition | None, now: datetime, search: Search = similar_petitions
) -> Preview:
    """How a petition would look. of: the one whose words are changed.  search: for similar ones.

    Raises: TextRefused, NoSuchBody, NoSuchArea.
    """
    if of is not None and of.state is State.OPEN:  # body and area stay as they were signed
        draft = replace(draft, body=of.body.id, area=of.area[0] if of.area else None)
    draft = cleaned(session, draft, closed_body=of is not None)
    return Preview(
        draft,
        body=require_body(session, draft.body).name,
        area=None if draft.area is None else require_area(session, draft.area).name,
        changed=changes(of.text, draft) if of is not None and of.state is not State.DRAFT else {},
        similar=similar_lines(
            session, f"{draft.action}\n{draft.background}", now, of.id if of else "", search
        ),
    )


def answers_page(session: Session, now: datetime, late: str = "", waiting: str = "") -> AnswersPage:
    """Who owes an answer, and who answers in time. late, waiting: cursors of the two lists."""
    overdue = due_page(session, now, late=True, cursor=late)
    others = due_page(session, now, late=False, cursor=waiting)
    return AnswersPage(
        overdue=_clock_lines(session, overdue.clocks, now),
        waiting=_clock_lines(session, others.clocks, now),
        records=tuple(in_time(session, now)),
        as_of=now,
        first=not late and not waiting,
        next_late=overdue.next,
        next_waiting=others.next,
    )


def home_petitions(session: Session, now: datetime) -> HomePetitions:
    """A few that close soon, that wait for an answer, and that were answered."""
    soon = list_petitions(session, Filter(sort=Sort.CLOSING), now, limit=3 * ON_HOME)
    answered = list_petitions(session, Filter(states=_PUBLIC, fact=Fact.ANSWERED), now, limit=ON_HOME)
    late = due_page(session, now, late=True, limit=ON_HOME).clocks
    coming = due_page(session, now, late=False, limit=ON_HOME).clocks
    due = _clock_lines(session, [*late, *coming][:ON_HOME], now)
    elsewhere = {petition.id for petition in answered.petitions} | {line.petition.id for line in due}
    alone = [petition for petition in soon.petitions if petition.id not in elsewhere][:ON_HOME]
    return HomePetitions(_lines(session, alone, now), due, _lines(session, answered.petitions, now))


def lines_of(session: Session, ids: Sequence[str], now: datetime) -> tuple[PetitionLine, ...]:
    """Those of these that everybody may see, in this order."""
    return _lines(session, _public(petitions_of(session, ids)), now)


def similar_lines(
    session: Session, text: str, now: datetime, besides: str = "", search: Search = similar_petitions
) -> tuple[PetitionLine, ...]:
    """Public petitions that ask something similar, without the one that is asked about."""
    found = [each.subject.id for each in search(session, text, SIMILAR + 1)]
    return lines_of(session, [petition for petition in found if petition != besides][:SIMILAR], now)


@dataclass(frozen=True)
class _Found:
    """One page of a list. next: its cursor for the page after it.

    lately, until: of a trend, the signatures of an hour, and when that ended.
    """

    petitions: Sequence[Petition]
    next: str
    lately: Mapping[str, int] = field(default_factory=dict)
    until: datetime | None = None


def _listed(session: Session, narrowed: Narrowed, cursor: str, now: datetime) -> _Found:
    states, fact = STATES[narrowed.state]
    sort = Sort.REJECTED if narrowed.state == "rejected" else SORTS.get(narrowed.sort, Sort.NEWEST)
    wanted = Filter(states, narrowed.body or None, narrowed.area or None, fact, sort)
    if narrowed.sought:
        return _sought(session, narrowed.sought, wanted, cursor)
    if narrowed.sort == TRENDING:
        return _trend(session, wanted, cursor, now)
    listed = list_petitions(session, wanted, now, cursor)
    return _Found(listed.petitions, listed.next)


def _sought(session: Session, sought: str, wanted: Filter, cursor: str) -> _Found:
    """By resemblance. The place is a number of petitions: they move only where others are published or changed."""
    offset = int(cursor) if _OFFSET.fullmatch(cursor) else 0
    kind = REJECTED if wanted.states == {State.REJECTED} else "petition"
    found = search(session, sought, (kind,), PAGE + 1, offset=offset, among=ids_of(wanted))
    following = offset + PAGE
    more = str(following) if len(found) > PAGE and following <= OFFSET_MAX else ""
    return _Found(petitions_of(session, [each.subject.id for each in found[:PAGE]]), more)


def _trend(session: Session, wanted: Filter, cursor: str, now: datetime) -> _Found:
    """By signatures of the last hour. All pages are of the moment of the first one, so that nothing moves between."""
    minutes, _, place = cursor.partition(".")
    offset, moment = 0, now.replace(second=0, microsecond=0)
    if _MINUTES.fullmatch(minutes) and _OFFSET.fullmatch(place):
        before = datetime.fromtimestamp(60 * int(minutes), UTC)
        if now - TREND_KEPT <= before <= now:
            offset, moment = int(place), before
    found = trending(session, moment, PAGE + 1, offset, ids_of(wanted))
    more = f"{int(moment.timestamp()) // 60}.{offset + PAGE}" if len(found) > PAGE else ""
    shown = dict(found[:PAGE])
    return _Found(petitions_of(session, list(shown)), more, shown, moment)


_OFFSET: Final = re.compile("[1-9][0-9]{0,4}")
_MINUTES: Final = re.compile("[1-9][0-9]{0,8}")


def _lines(
    session: Session,
    found: Sequence[Petition],
    now: datetime,
    due: Mapping[str, Clock] | None = None,
    lately: Mapping[str, int] | None = None,
) -> tuple[PetitionLine, ...]:
    """due: by petition, where that is known already."""
    numbers = [petition.id for petition in found]
    counted = public_counts(session, numbers, now)
    clocks = clocks_of(session, *numbers) if due is None else due.values()
    return tuple(
        PetitionLine(
            petition,
            counted[petition.id].count,
            counted[petition.id].as_of,
            _first((clock for clock in clocks if clock.petition == petition.id), now),
            (lately or {}).get(petition.id, 0),
        )
        for petition in found
    )


def _clock_lines(session: Session, clocks: Sequence[Clock], now: datetime) -> tuple[PetitionLine, ...]:
    first = {clock.petition: clock for clock in clocks}
    return _lines(session, _public(petitions_of(session, list(first))), now, first)


def _public(found: Iterable[Petition]) -> list[Petition]:
    return [petition for petition in found if petition.public and not petition.hidden]


def _first(clocks: Iterable[Clock], now: datetime) -> Waiting | None:
    """What is due first and has not come."""
    due = min(
        (clock for clock in clocks if clock.met_at is None), key=lambda clock: clock.due_at, default=None
    )
    return None if due is None else Waiting(due, now)


def _is_signable(petition: Petition, now: datetime) -> bool:
    try:
        require_signable(petition, now)
    except NotSignable:
        return False
    return True


def changes(before: Draft | PetitionText, after: Draft | PetitionText) -> dict[str, Sequence[Part]]:
    """What is new in each of the three texts that changed."""
    pairs = {
        "action": (before.action, after.action),
        "background": (before.background, after.background),
        "details": (before.details, after.details),
    }
    found = {name: differences(old, new) for name, (old, new) in pairs.items()}
    return {
        name: parts for name, parts in found.items() if any(part.change is not Change.SAME for part in parts)
    }
