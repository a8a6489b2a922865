"""How a subject is called before somebody who follows it, and whether they may see it at all."""

from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from consultation.discussions.threads import TOPIC, find_thread
from consultation.kinds import describe
from consultation.subjects import Described, Subject
from voting.models import VotingElection
from voting.office import read_manifest

_ELECTION: Final = "election"


def shown_to(session: Session, person: str, subject: Subject) -> Described | None:
    """The subject, if this person may see it: what is public, and what they wrote themselves.

    A discussion about something is called as that thing is.
    """
    found = describe(session, subject)
    if found is None or (not found.public and found.author != person):
        return None
    if subject.kind == TOPIC and not found.words:
        return _called_as(session, person, found, find_thread(session, subject.id).place)
    return found


def _called_as(session: Session, person: str, thread: Described, place: Subject) -> Described | None:
    if place.kind == _ELECTION:
        row = session.get(VotingElection, place.id)
        names = None if row is None else read_manifest(row).title
        return None if names is None else replace(thread, title=names.vi, names=names)
    about = None if place.kind == TOPIC else shown_to(session, person, place)
    return None if about is None else replace(thread, title=about.title, names=about.names)
