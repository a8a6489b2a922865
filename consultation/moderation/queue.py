"""In which order cases wait, a page at a time.

A case weighs what the people weigh who reported it, each of them once: as their share of reports that a moderator
agreed with, and sixteen times that where they named a rule whose breach harms somebody every hour. Of one person only
the first few waiting reports weigh anything. So one account cannot fill the front of the queue, with however many
reports, and whoever reports without reason weighs less each time. What weighs nothing waits at the end, the oldest
first; nothing is thrown away, and moderators may read the whole queue by age as well.

Weights are reckoned anew for each page: a decision changes what its reporters weigh everywhere else, and rows that
kept a weight would have to be locked in all their cases.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from consultation.moderation.models import ModerationCase, ModerationEntry, ModerationReport
from consultation.moderation.types import URGENT, Action

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
    weighed = _weighed()
    asked: Select[Any] = select(weighed.c.case, weighed.c.weight, weighed.c.first)
    begin = _CURSOR.fullmatch(after)
    if order is QueueOrder.AGE:
        asked = asked.order_by(weighed.c.first)
        beyond: ColumnElement[bool] = true() if begin is None else weighed.c.first > int(begin[2])
    else:
        asked = asked.order_by(weighed.c.weight.desc(), weighed.c.first)
        beyond = true() if begin is None else _lighter(weighed, int(begin[1]), int(begin[2]))
    rows = session.execute(asked.where(beyond).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return QueuePage(
        [row.case for row in rows[:limit]], "" if last is None else f"{last.weight}-{last.first}"
    )


def _lighter(weighed: CTE, weight: int, first: int) -> ColumnElement[bool]:
    return or_(weighed.c.weight < weight, and_(weighed.c.weight == weight, weighed.c.first > first))


def _weighed() -> CTE:
    """One row for each waiting case: what it weighs, and the number of the first report of this round."""
    row = ModerationReport
    urgent = row.rule.in_([rule.value for rule in URGENT])
    each = (
        select(
            row.case,
            row.reporter,
            func.min(row.id).label("first"),
            func.max(case((urgent, SERIOUS), else_=1)).label("serious"),
        )
        .join(ModerationCase, (ModerationCase.id == row.case) & (ModerationCase.round == row.round))
        .where(ModerationCase.waiting)
        .group_by(row.case, row.reporter)
        .cte("each_reporter")
    )
    placed = select(
        each, func.row_number().over(partition_by=each.c.reporter, order_by=each.c.first).label("place")
    ).cte("placed")
    trust = _trust(each)
    weight = case(
        (or_(placed.c.reporter.is_(None), placed.c.place > COUNTED), 0),
        else_=placed.c.serious * func.coalesce(trust.c.trust, _WHOLE // 2),
    )
    return (
        select(placed.c.case, func.sum(weight).label("weight"), func.min(placed.c.first).label("first"))
        .outerjoin(trust, trust.c.reporter == placed.c.reporter)
        .group_by(placed.c.case)
        .cte("weighed")
    )


def _trust(each: CTE) -> CTE:
    """Of whoever waits: in hundredths, the share of their decided reports with which a moderator agreed and still does.

    As if one report had been agreed with and one not, before there is any (Laplace): a beginner weighs a half.
    """
    row, back = ModerationReport, aliased(ModerationEntry)
    taken_back = (back.answers == ModerationEntry.number) & (back.action == Action.RESTORED.value)
    agreed = (ModerationEntry.action == Action.HIDDEN.value) & back.number.is_(None)
    upheld = func.sum(case((agreed, 1), else_=0))
    return (
        select(row.reporter, (_WHOLE * (upheld + 1) // (func.count() + 2)).label("trust"))
        .join(ModerationEntry, ModerationEntry.number == row.decision)
        .outerjoin(back, taken_back)
        .where(row.reporter.in_(select(each.c.reporter).where(each.c.reporter.is_not(None))))
        .group_by(row.reporter)
        .cte("trust")
    )
