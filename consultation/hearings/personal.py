"""What consultations hold about a person: their answers. Comments on paragraphs belong to discussions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.hearings.answers import answers_of, forget_answers
from consultation.hearings.models import HearingAnswers, HearingHearing
from consultation.hearings.questions import questions_of
from identity.desk import Desk
from protocol.text import format_time


class HearingData:
    """Sets of answers."""

    name = "consultations"

    def export(self, desk: Desk, session: Session, person: str) -> Sequence[Mapping[str, object]]:
        """Each set of answers, with the questions."""
        del desk
        rows = session.execute(
            select(HearingAnswers, HearingHearing)
            .join(HearingHearing, HearingHearing.id == HearingAnswers.hearing)
            .where(HearingAnswers.person == person)
            .order_by(HearingAnswers.id)
        ).all()
        return [
            {
                "consultation": hearing.id,
                "title": hearing.title_en,
                "changed": format_time(mine.changed_at),
                "answers": _answers(session, hearing.id, person),
            }
            for mine, hearing in rows
        ]

    def forget(self, desk: Desk, session: Session, person: str, now: datetime) -> None:
        """No answer leads to them."""
        del desk
        forget_answers(session, person, now)


def _answers(session: Session, hearing: str, person: str) -> list[Mapping[str, object]]:
    given = answers_of(session, hearing, person)
    return [
        {
            "question": question.text.en,
            "chosen": list(given[question.number].choices),
            "options": [option.en for option in question.options],
            "words": given[question.number].words,
        }
        for question in questions_of(session, hearing)
        if question.number in given
    ]
