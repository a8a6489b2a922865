"""What the search holds of a petition: its words while everybody may read them.

Rejected ones are of a kind of their own: who looks among them finds them, and nobody is asked to sign one.
"""

from typing import Final

from sqlalchemy.orm import Session

from consultation.petitions.store import find_petition
from consultation.petitions.types import State
from consultation.similar.index import forget_text, index_text
from consultation.subjects import Subject

REJECTED: Final = "rejected-petition"
"""Kind of the subject under which the words of a rejected petition are found."""


def index_petition(session: Session, petition: str) -> None:
    """Make the search say what is true now. Call it after every change of state or words, with the petition locked."""
    session.flush()
    found = find_petition(session, petition)
    subject, rejected, text = Subject("petition", petition), Subject(REJECTED, petition), found.text
    body = f"{text.background}\n{text.details}"
    if found.state in (State.OPEN, State.CLOSED) and not found.hidden:
        index_text(session, subject, text.action, body, open=found.state is State.OPEN)
    else:
        forget_text(session, subject)
    if found.state is State.REJECTED and not found.hidden:
        index_text(session, rejected, text.action, body, open=False)
    else:
        forget_text(session, rejected)
