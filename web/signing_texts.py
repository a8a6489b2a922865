"""Sentences of signing, in the words of pages."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import ConsultationError, NoSuchArea
from consultation.petitions.errors import NotSignable
from consultation.signing.errors import (
    NotSureEnough,
    RemovedBefore,
    SignedInOtherSpelling,
    SigningLinkUnusable,
    TakenBackTooOften,
    WordsChanged,
)
from web.i18n import N_
from web.petition_texts import NOT_SIGNABLE

ADDRESS_WRONG: Final = N_("Write an e-mail address such as lan@example.org")
AREA_WRONG: Final = N_("Choose one of the areas in the list")

_SENTENCES: Final[Mapping[type[ConsultationError], str]] = {
    WordsChanged: N_("The words of this petition were changed. Read them again before you sign."),
    NoSuchArea: AREA_WRONG,
    SignedInOtherSpelling: N_(
        "This mailbox has signed already, with another spelling of its address. To see that signature, or to take it "
        "back, use the spelling that signed."
    ),
    RemovedBefore: N_("A signature from here was removed from this petition, so it takes no other one."),
    TakenBackTooOften: N_(
        "You took your signature back several times within a day. Each time stays on the record. You can sign again "
        "tomorrow."
    ),
    NotSureEnough: N_("This site asks for another way to sign in before you can sign a petition."),
    SigningLinkUnusable: N_("This link cannot be used any more. Ask for a new one on the petition’s page."),
}


def sentence_of(error: ConsultationError) -> str:
    """The sentence of a refusal, to be translated."""
    if isinstance(error, NotSignable):
        return NOT_SIGNABLE[error.why]
    return _SENTENCES[type(error)]
