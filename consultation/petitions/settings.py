"""What officials set for the site: bodies, thresholds, how many sponsors, for how long."""

from collections.abc import Sequence, Set
from typing import Final

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from consultation.petitions.errors import BodyKeepsName, NoSuchBody
from consultation.petitions.models import (
    PetitionBody,
    PetitionDue,
    PetitionEvent,
    PetitionPetition,
    PetitionSettings,
    PetitionThreshold,
)
from consultation.petitions.types import Body, Due, Rules, State, Threshold
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


def body_ids(session: Session) -> Set[str]:
    """Of all bodies, closed ones too: a new one takes another."""
    return set(session.scalars(select(PetitionBody.id)))


def answerers(session: Session, petition: str) -> Sequence[Body]:
    """Those that can speak about a petition: all that are open, and closed ones from which something is still due."""
    owing = select(PetitionDue.body).where(PetitionDue.petition == petition, PetitionDue.met_at.is_(None))
    rows = session.scalars(
        select(PetitionBody)
        .where(or_(PetitionBody.closed.is_(False), PetitionBody.id.in_(owing)))
        .order_by(PetitionBody.position, PetitionBody.id)
    )
    return [body_of(row) for row in rows]


def set_bodies(session: Session, wanted: Sequence[Body]) -> None:
    """Exactly these can be addressed from now on, in this order. Earlier ones stay known.

    A body that anything public names keeps its name: else another would stand in the history of answers.
    Raises: BodyKeepsName, TextRefused, ValueError when there are too many, an id comes twice, or a language is unknown.
    """
    _require(len(wanted) <= BODIES_MAX and len({body.id for body in wanted}) == len(wanted))
    _require(all(body.language in ("", *MAIL_LANGUAGES) for body in wanted))
    known = {row.id: body_of(row) for row in session.scalars(select(PetitionBody).with_for_update())}
    named = _named(session)
    for body in wanted:
        if body.id in named and known[body.id].name != body.name:
            raise BodyKeepsName(body.id, known[body.id].name)
    session.execute(update(PetitionBody).values(closed=True))
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


def _named(session: Session) -> Set[str]:
    """Bodies that something which others may see names."""
    petitions = select(PetitionPetition.id).where(
        PetitionPetition.body == PetitionBody.id, PetitionPetition.state != State.DRAFT.value
    )
    dues = select(PetitionDue.id).where(PetitionDue.body == PetitionBody.id)
    events = select(PetitionEvent.id).where(PetitionEvent.body == PetitionBody.id)
    found = or_(petitions.exists(), dues.exists(), events.exists())
    return set(session.scalars(select(PetitionBody.id).where(found)))


def _key(threshold: Threshold) -> tuple[int, str, str | None, int]:
    body = None if threshold.body is None else threshold.body.id
    return threshold.count, threshold.due.value, body, threshold.days


def _require(holds: object) -> None:
    if not holds:
        raise ValueError("A setting of petitions is out of its range.")
