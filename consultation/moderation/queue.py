"""In which order cases wait, a page at a time.

A case weighs what the people weigh who reported it, each of them once: as their share of reports that a moderator
agreed with, and sixteen times that where they named a rule whose breach harms somebody every hour. Of one person only
the first few waiting reports weigh anything. So nobody fills the front of the queue alone, with however many reports
or spellings of one mailbox, and whoever reports without reason weighs less each time. What weighs nothing waits at the
end, the oldest first; nothing is thrown away, and moderators may read the whole queue by age as well.

Weights are reckoned anew for each page: a decision changes what its reporters weigh everywhere else, and rows that
kept a weight would have to be locked in all their cases.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import URGENT, Action
from identity.models import IdentityClaim

PAGE: Final = 20
COUNTED: Final = 5
"""Waiting reports of one person that weigh something: the first ones."""
SERIOUS: Final = 16
"""How much more a report by an urgent rule weighs: as much as sixteen people by another one."""
_WHOLE: Final = 100
_CURSOR: Final = re.compile(r"(0|[1-9][0-9]{0,17})-([1-9][0-9]{0,17})")


class QueueOrder(StrEnum):
    """What stands first."""

    WEIGHT = "weight"
    AGE = "age"


@dataclass(frozen=True)
class QueuePage:
    """Some cases, by their ids. after: where the next page begins, empty at the end."""

    cases: Sequence[str]
    after: str


def queue_page(
    session: Session, order: QueueOrder = QueueOrder.WEIGHT, after: str = "", limit: int = PAGE
) -> QueuePage:
    """A page of what waits. after: of an earlier page; anything else begins at the beginning."""
    by_age = order is QueueOrder.AGE

    def place(one: _Weighed) -> tuple[int, int]:
        return (0 if by_age else -one.weight, one.first)

    found = _CURSOR.fullmatch(after)
    begin = None if found is None else place(_Weighed("", int(found[1]), int(found[2])))
    rest = sorted((one for one in _weighed(session) if begin is None or place(one) > begin), key=place)
    last = rest[limit - 1] if len(rest) > limit else None
    return QueuePage(
        [one.case for one in rest[:limit]], "" if last is None else f"{last.weight}-{last.first}"
    )


@dataclass
class _Weighed:
    """first: number of the first report of this round."""

    case: str
    weight: int
    first: int


def _weighed(session: Session) -> Collection[_Weighed]:
    """Every waiting case. Weighed here: a database that joins as many people as reports takes seconds for thousands."""
    row = ModerationReport
    urgent = row.rule.in_([rule.value for rule in URGENT])
    each = session.execute(
        select(row.case, row.reporter, func.min(row.id), func.max(case((urgent, SERIOUS), else_=1)))
        .join(ModerationCase, (ModerationCase.id == row.case) & (ModerationCase.round == row.round))
        .where(ModerationCase.waiting)
        .group_by(row.case, row.reporter)
        .order_by(func.min(row.id))
    )
    people = _people(session)
    found: dict[str, _Weighed] = {}
    said: dict[tuple[str, str], int] = {}
    for number, reporter, first, serious in each:
        found.setdefault(number, _Weighed(number, 0, first))
        # Whoever has left weighs nothing: else an account is made anew for each five reports.
        if reporter is not None:
            voice = (number, people.get(reporter, reporter))
            said[voice] = max(serious, said.get(voice, 0))
    trust, counted = _trust(session, people), Counter[str]()
    for (number, person), serious in said.items():
        counted[person] += 1
        if counted[person] <= COUNTED:
            found[number].weight += serious * trust.get(person, _WHOLE // 2)
    return found.values()


def _waiting() -> Select[str | None]:
    """Accounts whose reports wait."""
    row = ModerationReport
    return (
        select(row.reporter)
        .join(ModerationCase, (ModerationCase.id == row.case) & (ModerationCase.round == row.round))
        .where(ModerationCase.waiting)
    )


def _mailboxes() -> Select[bytes | None]:
    return select(IdentityClaim.mailbox).where(IdentityClaim.person.in_(_waiting()))


def _people(session: Session) -> Mapping[str, str]:
    """Of each account with a mailbox of somebody whose report waits, the account that stands for its person.

    As `identity.people.one_person`, for all of them at once. An account with several mailboxes joins theirs.
    """
    rows = session.execute(
        select(IdentityClaim.person, IdentityClaim.mailbox)
        .where(IdentityClaim.mailbox.in_(_mailboxes()))
        .order_by(IdentityClaim.person)
    )
    stands: dict[str, str] = {}
    first: dict[bytes | None, str] = {}

    def person_of(account: str) -> str:
        while (above := stands.setdefault(account, account)) != account:
            account = above
        return account

    for account, mailbox in rows:
        stands[person_of(account)] = person_of(first.setdefault(mailbox, account))
    return {account: person_of(account) for account in stands}


def _trust(session: Session, people: Mapping[str, str]) -> Mapping[str, int]:
    """In hundredths, the share of somebody's decided reports with which a moderator agreed and still does.

    As if one report had been agreed with and one not, before there is any (Laplace): a beginner weighs a half. What was
    reported from other accounts of the same person counts.
    """
    row, back = ModerationReport, aliased(ModerationEntry)
    taken_back = (back.answers == ModerationEntry.number) & (back.action == Action.RESTORED.value)
    agreed = (ModerationEntry.action == Action.HIDDEN.value) & back.number.is_(None)
    theirs = select(IdentityClaim.person).where(IdentityClaim.mailbox.in_(_mailboxes()))
    rows = session.execute(
        select(row.reporter, func.sum(case((agreed, 1), else_=0)), func.count())
        .join(ModerationEntry, ModerationEntry.number == row.decision)
        .outerjoin(back, taken_back)
        .where(row.reporter.in_(_waiting().union(theirs)))
        .group_by(row.reporter)
    )
    right, all_of = Counter[str](), Counter[str]()
    for reporter, upheld, decided in rows:
        person = people.get(reporter, reporter)
        right[person] += int(upheld)
        all_of[person] += decided
    return {person: _WHOLE * (right[person] + 1) // (all_of[person] + 2) for person in all_of}
