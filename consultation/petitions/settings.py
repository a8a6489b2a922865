"""What officials set for the site: bodies, thresholds, how many sponsors, for how long."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from consultation.petitions.errors import NoSuchBody
from consultation.petitions.models import PetitionBody, PetitionSettings, PetitionThreshold
from consultation.petitions.types import Body, Due, Rules, Threshold
from consultation.text import written
from protocol.text import LocalText

BODIES_MAX: Final = 200
THRESHOLDS_MAX: Final = 20
NAME_CHARACTERS: Final = 120
MAIL_LANGUAGES: Final = ("vi", "en")
COUNT_MAX: Final = 1_000_000_000
DAYS_MAX: Final = 3_650
SPONSORS_MAX: Final = 1_000


def rules(session: Session) -> Rules:
    """The site's numbers."""
    row = session.get(PetitionSettings, 1)
    return Rules() if row is None else Rules(row.sponsors, row.sponsor_days, row.open_days)


def set_rules(session: Session, wanted: Rules) -> None:
    """For petitions that are submitted or admitted from now on. Raises: ValueError out of range."""
    _require(0 <= wanted.sponsors <= SPONSORS_MAX)
    _require(1 <= wanted.sponsor_days <= DAYS_MAX and 1 <= wanted.open_days <= DAYS_MAX)
    session.execute(delete(PetitionSettings))
    session.execute(
        insert(PetitionSettings).values(
            id=1, sponsors=wanted.sponsors, sponsor_days=wanted.sponsor_days, open_days=wanted.open_days
        )
    )


def bodies(session: Session) -> Sequence[Body]:
    """Those that can be addressed, in the officials' order."""
    rows = session.scalars(
        select(PetitionBody)
        .where(PetitionBody.closed.is_(False))
        .order_by(PetitionBody.position, PetitionBody.id)
    )
    return [body_of(row) for row in rows]


def require_body(session: Session, body: str) -> Body:
    """The body with this id, closed or not. Raises: NoSuchBody."""
    row = session.get(PetitionBody, body) if len(body) <= 32 and "\0" not in body else None
    if row is None:
        raise NoSuchBody
    return body_of(row)


def set_bodies(session: Session, wanted: Sequence[Body]) -> None:
    """Exactly these can be addressed from now on, in this order. Earlier ones stay known.

    Raises: TextRefused, ValueError when there are too many, an id comes twice, or a language is unknown.
    """
    _require(len(wanted) <= BODIES_MAX and len({body.id for body in wanted}) == len(wanted))
    _require(all(body.language in ("", *MAIL_LANGUAGES) for body in wanted))
    session.execute(update(PetitionBody).values(closed=True))
    known = set(session.scalars(select(PetitionBody.id)))
    for position, body in enumerate(wanted):
        values = {
            "name_en": written(body.name.en, NAME_CHARACTERS),
            "name_vi": written(body.name.vi, NAME_CHARACTERS),
            "mail": body.mail,
            "language": body.language,
            "position": position,
            "closed": False,
        }
        if body.id in known:
            session.execute(update(PetitionBody).where(PetitionBody.id == body.id).values(**values))
        else:
            session.execute(insert(PetitionBody).values(id=body.id, **values))


def thresholds(session: Session) -> Sequence[Threshold]:
    """What holds now, the lowest first."""
    rows = session.execute(
        select(PetitionThreshold, PetitionBody)
        .outerjoin(PetitionBody, PetitionBody.id == PetitionThreshold.body)
        .where(PetitionThreshold.closed.is_(False))
        .order_by(PetitionThreshold.count, PetitionThreshold.id)
    )
    return [
        Threshold(row.id, row.count, Due(row.due), body_of(body) if body else None, row.days)
        for row, body in rows
    ]


def set_thresholds(session: Session, wanted: Sequence[Threshold]) -> None:
    """Exactly these hold from now on; what was reached before stays due. A threshold that stays keeps its number.

    Raises: NoSuchBody, ValueError out of range or when two are the same.
    """
    _require(len(wanted) <= THRESHOLDS_MAX and len({_key(each) for each in wanted}) == len(wanted))
    for each in wanted:
        _require(1 <= each.count <= COUNT_MAX and 1 <= each.days <= DAYS_MAX)
        if each.body is not None:
            require_body(session, each.body.id)
    stay = {_key(each): each for each in thresholds(session)}
    for key, old in stay.items():
        if key not in {_key(each) for each in wanted}:
            session.execute(
                update(PetitionThreshold).where(PetitionThreshold.id == old.id).values(closed=True)
            )
    for each in wanted:
        if _key(each) not in stay:
            body = None if each.body is None else each.body.id
            session.execute(
                insert(PetitionThreshold).values(
                    count=each.count, due=each.due.value, body=body, days=each.days, closed=False
                )
            )


def body_of(row: PetitionBody) -> Body:
    """The row as a frozen value."""
    return Body(row.id, LocalText(en=row.name_en, vi=row.name_vi), row.mail, row.closed, row.language)


def _key(threshold: Threshold) -> tuple[int, str, str | None, int]:
    body = None if threshold.body is None else threshold.body.id
    return threshold.count, threshold.due.value, body, threshold.days


def _require(holds: object) -> None:
    if not holds:
        raise ValueError("A setting of petitions is out of its range.")
