"""The optional back end that finds similar texts by their sense: opened by a server that names a model, asked by pages.

Pages that many read stay with the words: what is near in sense is calculated only for somebody who writes.
"""

from typing import Final

from sqlalchemy.orm import Session
from starlette.applications import Starlette

from consultation.kinds import describe
from consultation.similar.bert import BertEmbedder, UnusableModel
from consultation.similar.index import similar_petitions
from consultation.similar.sense import Search, Sense
from consultation.subjects import Subject
from web.settings import Settings, UnusableSettings

MODEL: Final = "PSEPHOS_SIMILAR_MODEL"


def open_sense(settings: Settings) -> Sense | None:
    """The back end that the settings name; None for none. Raises: UnusableSettings."""
    if settings.similar_model is None:
        return None
    try:
        return Sense(BertEmbedder(settings.similar_model))
    except UnusableModel as error:
        raise UnusableSettings(f"{MODEL}: {error}") from error


def similar_of(app: Starlette) -> Search:
    """How similar petitions are found on this server."""
    sense: Sense | None = getattr(app.state, "sense", None)
    return similar_petitions if sense is None else sense.similar_petitions


def words_of(session: Session, subject: Subject, title: str) -> str:
    """What a vector is made of: all words of the subject, the title first."""
    found = describe(session, subject)
    return title if found is None else found.words
