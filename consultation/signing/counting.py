"""What pages say of the number of signatures, and how it is held against the log every day.

The counter is exact and changes with every signature. Pages say what it was when the present window of ten seconds
began, with that time: so a reader who loads a page again never sees a smaller number unless signatures were withdrawn
or removed, whichever server answers, and nobody can watch a single signature arrive.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, bindparam, delete, func, select, true, update
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from consultation.hearings.small_cells import CELL_MIN, withheld_cells
from consultation.models import ConsultationArea
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import lock_petition
from consultation.petitions.types import State
from consultation.signing.by_version import take_versions
from consultation.signing.ledger import origin_of
from consultation.signing.models import (
    PetitionArea,
    PetitionCount,
    PetitionLink,
    PetitionPace,
    PetitionSignature,
)
from consultation.signing.returning import forget_ended
from consultation.signing.windows import window_of
from identity.desk import Desk
from identity.trail import System, record
from protocol.petition import PetitionBroken, Recounter, verify_head
from protocol.text import LocalText
from storage.session import reading, writing
from storage.statements import add_to, rows_changed, table_of

LATELY: Final = timedelta(hours=1)
PACE_KEPT: Final = timedelta(hours=3)
AREAS_EVERY: Final = timedelta(hours=1)
COUNTER: Final = System("signatures")
_BATCH: Final = 500
_COUNT: Final = table_of(PetitionCount).c
SHOWN: Final = (_COUNT.count, _COUNT.entries, _COUNT.window, _COUNT.shown, _COUNT.shown_entries)
"""What `counted` takes of a row."""
_SHOWN_OF: Final = select(_COUNT.petition, *SHOWN).where(
    _COUNT.petition.in_(bindparam("petitions", expanding=True))
)


@dataclass(frozen=True)
class Counted:
    """A number of signatures. entries: of the log, after which it is the count.  as_of: when it was the count."""

    count: int
    entries: int
    as_of: datetime


@dataclass(frozen=True)
class AreaCell:
    """Signatures from one area. area, name: None for who named none.  count: None where it is withheld."""

    area: str | None
    name: LocalText | None
    count: int | None


@dataclass(frozen=True)
class ByArea:
    """All areas with signatures, the most first. as_of: None while they were never taken."""

    as_of: datetime | None
    cells: Sequence[AreaCell]


def public_count(session: Session, petition: str, now: datetime) -> Counted:
    """The number for pages. A petition that nobody has signed has 0."""
    return public_counts(session, [petition], now)[petition]


def public_counts(session: Session, petitions: Collection[str], now: datetime) -> Mapping[str, Counted]:
    """The same for many petitions, in one query."""
    found = dict.fromkeys(petitions, Counted(0, 0, window_of(now)))
    for petition, *numbers in session.execute(_SHOWN_OF, {"petitions": list(found)}):
        found[petition] = counted(now, *numbers)
    return found


def counted(
    now: datetime, count: int, entries: int, window: datetime, shown: int, shown_entries: int
) -> Counted:
    """What pages say now of a row of `PetitionCount`; the rest as in that."""
    present = window_of(now)
    return Counted(count, entries, present) if present > window else Counted(shown, shown_entries, window)


def note_pace(session: Session, petition: str, now: datetime, change: int = 1) -> None:
    """One more signature in this minute, or one fewer. The petition's row is locked."""
    values = {"petition": petition, "minute": _minute(now), "count": change}
    add_to(session, PetitionPace, values, "count", ("petition", "minute"))


def note_taken_back(session: Session, petition: str, signed: datetime, now: datetime) -> None:
    """A signature that was confirmed at `signed` was taken back. The petition's row is locked.

    It counts against the present minute, which no trend has told yet: a minute that is over would show the moment.
    """
    if _minute(signed) > _minute(now) - LATELY:
        note_pace(session, petition, now, -1)


def take_from_pace(session: Session, petition: str, signed: Collection[datetime]) -> None:
    """Signatures that were confirmed at these moments were removed. The petition's row is locked."""
    minutes = Counter(_minute(moment) for moment in signed)
    for minute, number in minutes.items():
        of_then = (PetitionPace.petition == petition) & (PetitionPace.minute == minute)
        rows_changed(session, update(PetitionPace).where(of_then).values(count=PetitionPace.count - number))


def trending(
    session: Session,
    now: datetime,
    limit: int,
    offset: int = 0,
    among: Select[str] | None = None,
) -> Sequence[tuple[str, int]]:
    """Open petitions by the signatures confirmed in the last hour, without as many as were taken back meanwhile.

    The most first; those without are left out. Only minutes that are over are counted, so that nobody sees a single
    signature arrive.
    among: numbers of the only petitions to look at.
    """
    lately, begun = func.sum(PetitionPace.count), _minute(now)
    rows = session.execute(
        select(PetitionPace.petition, lately)
        .join(PetitionPetition, PetitionPetition.id == PetitionPace.petition)
        .where(
            PetitionPace.minute >= begun - LATELY,
            PetitionPace.minute < begun,
            PetitionPetition.state == State.OPEN.value,
            PetitionPetition.hidden_entry.is_(None),
            true() if among is None else PetitionPace.petition.in_(among),
        )
        .group_by(PetitionPace.petition)
        .having(lately > 0)
        .order_by(lately.desc(), PetitionPace.petition)
        .limit(limit)
        .offset(offset)
    )
    return [(petition, int(count)) for petition, count in rows]


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def counts_by_area(session: Session, petition: str) -> ByArea:
    """As last taken. Numbers below five are withheld, with what would betray them."""
    counter = session.get(PetitionCount, petition)
    rows = session.execute(
        select(PetitionArea.area, PetitionArea.count, ConsultationArea)
        .outerjoin(ConsultationArea, ConsultationArea.id == PetitionArea.area)
        .where(PetitionArea.petition == petition)
        .order_by(PetitionArea.count.desc(), PetitionArea.area)
    ).all()
    as_of = None if counter is None else counter.areas_at
    if sum(count for _, count, _ in rows) < CELL_MIN:
        return ByArea(as_of, ())  # that somebody signed from an area at all would tell too much
    shown = withheld_cells([count for _, count, _ in rows])
    cells = [
        AreaCell(
            area or None, None if known is None else LocalText(en=known.name_en, vi=known.name_vi), count
        )
        for (area, _, known), count in zip(rows, shown, strict=True)
    ]
    # Among the withheld ones the order would tell which is larger.
    cells.sort(key=lambda cell: (-1 * (cell.count or 0), cell.area or "~"))
    return ByArea(as_of, cells)


def take_areas(session: Session, petition: str, now: datetime) -> None:
    """Count by area anew, as far as neither the table nor its difference to the last one tells of single signatures."""
    lock_petition(session, petition)
    counter = session.get_one(PetitionCount, petition, populate_existing=True)
    found = session.execute(
        select(PetitionSignature.area, func.count())
        .where(PetitionSignature.petition == petition, PetitionSignature.batch.is_(None))
        .group_by(PetitionSignature.area)
    )
    counted = {area or "": count for area, count in found}
    before = session.scalars(select(PetitionArea).where(PetitionArea.petition == petition))
    told = {row.area: row.count for row in before}
    session.execute(delete(PetitionArea).where(PetitionArea.petition == petition))
    session.add_all(
        PetitionArea(petition=petition, area=area, count=count)
        for area, count in tellable(counted, told).items()
    )
    take_versions(session, petition)
    counter.areas_at, counter.areas_entries = now, counter.entries
    session.flush()


def tellable(counted: Mapping[str, int], told: Mapping[str, int]) -> Mapping[str, int]:
    """The next table by area. counted: what is true now.  told: the last table.

    A number changes by CELL_MIN or more at once, or stays as it was told: else who knows which entries came meanwhile
    would know where one came from. The rest, which everybody can work out from the sum, is never a small number of
    people either: then the smallest number that would change waits.
    """
    changes = {
        area: counted.get(area, 0)
        for area in {*counted, *told}
        if abs(counted.get(area, 0) - told.get(area, 0)) >= CELL_MIN
    }
    while True:
        table = {area: count for area, count in {**told, **changes}.items() if count}
        if not changes or not 0 < sum(counted.values()) - sum(table.values()) < CELL_MIN:
            return table
        del changes[min(changes, key=lambda area: (changes[area], area))]


def take_due_areas(desk: Desk) -> int:
    """Of all petitions that changed since their areas were taken an hour ago or never; how many."""
    now = desk.clock()
    due = (PetitionCount.areas_at.is_(None)) | (PetitionCount.areas_at <= now - AREAS_EVERY)
    with reading(desk.engine) as session:
        changed = select(PetitionCount.petition).where(
            due, PetitionCount.areas_entries < PetitionCount.entries
        )
        petitions = session.scalars(changed).all()
    for petition in petitions:
        with writing(desk.engine) as session:
            take_areas(session, petition, now)
    return len(petitions)


@dataclass(frozen=True)
class Reconciled:
    """A petition whose numbers were compared. log, rows, counter: what each says.  broken: why the log is not sound."""

    petition: str
    log: int
    rows: int
    counter: int
    broken: str = ""

    @property
    def agrees(self) -> bool:
        """Whether all say the same."""
        return not self.broken and self.log == self.rows == self.counter


def reconcile(desk: Desk) -> Sequence[Reconciled]:
    """Recount the log of every petition that has changed since the last time, and hold rows and counter against it.

    What differs is in the site log, where everybody sees it, and the counter follows the log. Gives those that differ.
    """
    with reading(desk.engine) as session:
        changed = select(PetitionCount.petition).where(PetitionCount.checked_entries < PetitionCount.entries)
        petitions = session.scalars(changed).all()
    found = []
    for petition in petitions:
        with reading(desk.engine) as session:
            compared, entries = _compare(desk, session, petition)
        with writing(desk.engine) as session:
            row = lock_petition(session, petition)
            counter = session.get_one(PetitionCount, petition, populate_existing=True)
            if compared.agrees:
                counter.checked_entries = entries
                continue
            found.append(compared)
            if counter.entries == entries and not compared.broken:
                counter.count = row.signatures = compared.log
                counter.checked_entries = entries
            session.flush()
            detail = {
                "log": str(compared.log),
                "rows": str(compared.rows),
                "counter": str(compared.counter),
                "broken": compared.broken,
            }
            record(desk, session, COUNTER, "signature-count-differs", f"petition {petition}", detail)
    return found


def _compare(desk: Desk, session: Session, petition: str) -> tuple[Reconciled, int]:
    counter = session.get_one(PetitionCount, petition)
    counting = (PetitionSignature.petition == petition) & PetitionSignature.batch.is_(None)
    rows = session.scalar(select(func.count()).select_from(PetitionSignature).where(counting)) or 0
    log_id, key = LogId(counter.log), desk.keys.log.public_key
    recounter, broken = Recounter(petition, key), ""
    try:
        for start in range(0, counter.entries, _BATCH):
            for entry in board.entries(session, log_id, start, _BATCH):
                recounter.take(entry.leaf)
        head = verify_head(board.latest_checkpoint(session, log_id), origin_of(desk, petition), key)
        result = recounter.result()
        if (head.size, head.root) != (result.entries, result.root):
            broken = "the head that was signed is not of these entries"
    except PetitionBroken as error:
        broken = str(error)
    count = recounter.result().count
    return Reconciled(petition, count, rows, counter.count, broken), counter.entries


def forget_old(session: Session, now: datetime) -> int:
    """Delete links that have run out and minutes that count for nothing any more; how many rows."""
    links = rows_changed(session, delete(PetitionLink).where(PetitionLink.expires_at <= now))
    links += forget_ended(session, now)
    return links + rows_changed(session, delete(PetitionPace).where(PetitionPace.minute < now - PACE_KEPT))
