"""Pages of petitions from the database, each on one snapshot."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from consultation.areas import areas
from consultation.differences import Change, Part, differences
from consultation.discussions.threads import known_thread
from consultation.petitions.errors import NoSuchPetition, NotSignable
from consultation.petitions.lists import (
    Fact,
    Filter,
    Listed,
    Sort,
    clocks_of,
    in_time,
    list_petitions,
    waiting,
)
from consultation.petitions.settings import bodies, rules, thresholds
from consultation.petitions.store import (
    events_of,
    find_petition,
    petitions_of,
    require_signable,
    versions,
)
from consultation.petitions.types import Clock, Petition, PetitionText, State
from consultation.petitions.votes import votes_of
from consultation.signing.counting import counts_by_area, public_count, public_counts, trending
from consultation.similar.index import search, similar_petitions
from consultation.subjects import Subject
from web.pages.common import PageNotFound, VoteRow
from web.pages.petitions import (
    AnswersPage,
    HomePetitions,
    Mark,
    Narrowed,
    PetitionLine,
    PetitionPage,
    PetitionsPage,
    VersionLine,
    VersionsPage,
    Waiting,
    usual_state,
)

ON_HOME: Final = 5
LISTED_MAX: Final = 100
"""Of each list on the page of answers."""
SIMILAR: Final = 4
"""Shown beside a petition."""
FOUND_MAX: Final = 50
"""Of one search; who wants more adds a word."""
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
    lately = (
        dict(trending(session, now, FOUND_MAX)) if narrowed.sort == TRENDING and not narrowed.sought else {}
    )
    found = _listed(session, narrowed, cursor, lately)
    return PetitionsPage(
        lines=_lines(session, found.petitions, now, lately=lately),
        narrowed=narrowed,
        areas=tuple(known_areas),
        bodies=tuple(known_bodies),
        first=not cursor,
        next_query=urlencode({**narrowed.query(), "after": found.next}) if found.next else "",
        as_of=now,
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
    return PetitionPage(
        petition=found,
        now=now,
        signable=_is_signable(found, now),
        signatures=counted.count,
        as_of=counted.as_of,
        sponsors=rules(session).sponsors,
        marks=tuple(sorted(marks, key=lambda mark: mark.count)),
        waiting=first,
        record=next((record for record in in_time(session, now) if record.body.id == owes), None),
        areas=counts_by_area(session, found.id),
        events=tuple(events_of(session, found.id)),
        twin=next(iter(_public(petitions_of(session, [twin]))), None) if twin else None,
        similar=similar_lines(session, found.text.action, now, found.id) if found.public else (),
        votes=votes_shown(frozen),
        coming=sum(vote.election is None and not vote.gone for vote in votes),
        discussion=0 if thread is None else thread.count,
    )


def shown(session: Session, petition: str) -> Petition:
    """The petition, if there is something to see for those who know its address. Raises: PageNotFound."""
    try:
        found = find_petition(session, petition)
    except NoSuchPetition as error:
        raise PageNotFound(petition) from error
    if found.state is State.DRAFT:
        raise PageNotFound("a draft")
    return found


def versions_page(session: Session, petition: str) -> VersionsPage:
    """All versions with what changed. Raises: PageNotFound, also when the words may not be read."""
    found = shown(session, petition)
    if found.hidden or found.state is State.WITHDRAWN:
        raise PageNotFound("no words to read")
    texts = versions(session, found.id)
    lines = [VersionLine(text, _changed(before, text)) for text, before in pairwise(texts)]
    lines += [VersionLine(text, {}) for text in texts[-1:]]
    return VersionsPage(found, tuple(lines))


def answers_page(session: Session, now: datetime) -> AnswersPage:
    """Who owes an answer, and who answers in time."""
    clocks = waiting(session, now)
    overdue = [clock for clock in clocks if clock.overdue(now)][:LISTED_MAX]
    others = [clock for clock in clocks if not clock.overdue(now)][:LISTED_MAX]
    return AnswersPage(
        overdue=_clock_lines(session, overdue, now),
        waiting=_clock_lines(session, others, now),
        records=tuple(in_time(session, now)),
        as_of=now,
    )


def home_petitions(session: Session, now: datetime) -> HomePetitions:
    """A few that close soon, that wait for an answer, and that were answered."""
    soon = list_petitions(session, Filter(sort=Sort.CLOSING), limit=3 * ON_HOME)
    answered = list_petitions(session, Filter(states=_PUBLIC, fact=Fact.ANSWERED), limit=ON_HOME)
    due = _clock_lines(session, waiting(session, now)[:ON_HOME], now)
    elsewhere = {petition.id for petition in answered.petitions} | {line.petition.id for line in due}
    alone = [petition for petition in soon.petitions if petition.id not in elsewhere][:ON_HOME]
    return HomePetitions(_lines(session, alone, now), due, _lines(session, answered.petitions, now))


def lines_of(session: Session, ids: Sequence[str], now: datetime) -> tuple[PetitionLine, ...]:
    """Those of these that everybody may see, in this order."""
    return _lines(session, _public(petitions_of(session, ids)), now)


def similar_lines(session: Session, text: str, now: datetime, besides: str = "") -> tuple[PetitionLine, ...]:
    """Public petitions that ask something similar, without the one that is asked about."""
    found = [each.subject.id for each in similar_petitions(session, text, SIMILAR + 1)]
    return lines_of(session, [petition for petition in found if petition != besides][:SIMILAR], now)


def _listed(session: Session, narrowed: Narrowed, cursor: str, lately: Mapping[str, int]) -> Listed:
    states, fact = STATES[narrowed.state]
    if narrowed.sought or narrowed.sort == TRENDING:
        ids = list(lately)
        if narrowed.sought:
            ids = [each.subject.id for each in search(session, narrowed.sought, ("petition",), FOUND_MAX)]
        return Listed([each for each in petitions_of(session, ids) if _fits(session, each, narrowed)], "")
    sort = Sort.REJECTED if narrowed.state == "rejected" else SORTS[narrowed.sort]
    wanted = Filter(states, narrowed.body or None, narrowed.area or None, fact, sort)
    return list_petitions(session, wanted, cursor)


def _fits(session: Session, petition: Petition, narrowed: Narrowed) -> bool:
    states, fact = STATES[narrowed.state]
    waits = any(clock.met_at is None for clock in clocks_of(session, petition.id))
    return (
        petition.state in states
        and not (petition.hidden and petition.state is not State.REJECTED)
        and (not narrowed.body or narrowed.body == petition.body.id)
        and (not narrowed.area or (petition.area is not None and narrowed.area == petition.area[0]))
        and (fact is not Fact.WAITS or waits)
        and (fact is not Fact.ANSWERED or petition.answered_at is not None)
    )


def _lines(
    session: Session,
    found: Sequence[Petition],
    now: datetime,
    due: Mapping[str, Clock] | None = None,
    lately: Mapping[str, int] | None = None,
) -> tuple[PetitionLine, ...]:
    """due: by petition, where that is known already."""
    counted = public_counts(session, [petition.id for petition in found], now)
    return tuple(
        PetitionLine(
            petition,
            counted[petition.id].count,
            _first(clocks_of(session, petition.id), now) if due is None else Waiting(due[petition.id], now),
            (lately or {}).get(petition.id, 0),
        )
        for petition in found
    )


def _clock_lines(session: Session, clocks: Sequence[Clock], now: datetime) -> tuple[PetitionLine, ...]:
    first: dict[str, Clock] = {}
    for clock in clocks:
        first.setdefault(clock.petition, clock)
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


def _changed(before: PetitionText, after: PetitionText) -> dict[str, Sequence[Part]]:
    pairs = {
        "action": (before.action, after.action),
        "background": (before.background, after.background),
        "details": (before.details, after.details),
    }
    found = {name: differences(old, new) for name, (old, new) in pairs.items()}
    return {
        name: parts for name, parts in found.items() if any(part.change is not Change.SAME for part in parts)
    }
