"""The box in the place of hidden words, the same on every page: which rule, when, in which role, how to appeal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consultation.moderation.boxes import AppealState, boxes
from web.moderation_texts import rule_number, rule_sentence
from web.pages.common import PageNotFound
from web.people_texts import ACTOR_ROLES


class HiddenHere(PageNotFound):
    """The whole page was taken away by a moderator. entry: of the log. Rendered as what stands in its place."""

    def __init__(self, entry: int) -> None:
        super().__init__("hidden")
        self.entry = entry


@dataclass(frozen=True)
class HiddenBox:
    """number, group: of the entry and of its decision.  rule: in the published list, 0 for none.

    sentence, role: not translated.  until: see `consultation.moderation.boxes.Box`.
    """

    number: int
    group: int
    rule: int
    sentence: str
    at: datetime
    role: str
    appeal: AppealState
    until: datetime | None


def hidden_boxes(session: Session, numbers: Collection[int | None], now: datetime) -> Mapping[int, HiddenBox]:
    """By number of the entry. numbers: None for what is not hidden."""
    found = boxes(session, {number for number in numbers if number is not None}, now)
    return {
        number: HiddenBox(
            number=number,
            group=box.entry.group,
            rule=rule_number(box.entry.rule),
            sentence=rule_sentence(box.entry.rule),
            at=box.entry.at,
            role=ACTOR_ROLES[box.entry.role],
            appeal=box.appeal,
            until=box.until,
        )
        for number, box in found.items()
    }
