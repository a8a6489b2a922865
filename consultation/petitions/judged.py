"""What moderators decided about a petition, in one list: what they let in, and their entries in the public log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from consultation.moderation.log import entries_about
from consultation.moderation.types import Entry
from consultation.petitions.store import events_of
from consultation.petitions.types import What
from consultation.subjects import Subject


@dataclass(frozen=True)
class Judged:
    """One decision. entry: of the log; None where words were let in.  edit: of a petition that was open already."""

    at: datetime
    entry: Entry | None
    edit: bool


def judged_before(session: Session, petition: str) -> Sequence[Judged]:
    """Everything, in order."""
    found = [
        Judged(entry.at, entry, edit=False) for entry in entries_about(session, Subject("petition", petition))
    ]
    published = False
    for event in events_of(session, petition):
        # Before it is published, its creator alone changes the words.
        if event.what is What.PUBLISHED or (event.what is What.EDITED and published):
            found.append(Judged(event.at, None, edit=published))
        published = published or event.what in (What.PUBLISHED, What.READMITTED)
    return sorted(found, key=lambda each: each.at)
