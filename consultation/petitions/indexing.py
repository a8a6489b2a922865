"""What the search for similar petitions holds of a petition: its words while everybody may read them."""

from sqlalchemy.orm import Session

from consultation.petitions.store import find_petition
from consultation.petitions.types import State
from consultation.similar.index import forget_text, index_text
from consultation.subjects import Subject


def index_petition(session: Session, petition: str) -> None:
    """Make the search say what is true now. Call it after every change of state or words, with the petition locked."""
    session.flush()
    found = find_petition(session, petition)
    subject, text = Subject("petition", petition), found.text
    if found.state in (State.OPEN, State.CLOSED) and not found.hidden:
        body = f"{text.background}\n{text.details}"
        index_text(session, subject, text.action, body, open=found.state is State.OPEN)
    else:
        forget_text(session, subject)
