"""Sentences about suspected signatures, for the moderators' pages."""

from collections.abc import Mapping
from typing import Final

from consultation.errors import ConsultationError
from consultation.fraud.errors import NoConditions, OwnPetition, PreviewOutdated, TooFew
from consultation.fraud.marks import Mark
from consultation.signing.errors import NothingToRemove
from web.i18n import N_

MARKS: Final[Mapping[Mark, str]] = {
    Mark.DISPOSABLE: N_("Mailbox of a service that gives them away for minutes"),
    Mark.NETWORK_BURST: N_("More than 20 from one network within 10 minutes"),
    Mark.NETWORK_MANY: N_("More than 200 from one network within a day"),
    Mark.DOMAIN_BURST: N_("More than 10 with one uncommon mail domain within 10 minutes"),
    Mark.DOMAIN_MANY: N_("More than 100 with one uncommon mail domain within a day"),
    Mark.COUNTED_NAMES: N_("Mailboxes whose names differ in their digits only"),
    Mark.WITHOUT_WORK: N_("Sent without the browser’s calculation (also by people without script)"),
    Mark.AT_ONCE: N_("Confirmed within two seconds after the mail"),
}

REFUSED: Final[Mapping[type[ConsultationError], str]] = {
    NoConditions: N_("Choose at least one mark, an uncommon mail domain, or a network"),
    TooFew: N_(
        "Fewer than 5 signatures fulfil this, or none. So few might name somebody: they are neither shown nor removed."
    ),
    OwnPetition: N_("You started this petition. Another moderator decides about its signatures."),
    PreviewOutdated: N_(
        "Other signatures fulfil these conditions by now. Nothing was removed. Look at the new preview."
    ),
    NothingToRemove: N_("No signature that counts fulfils these conditions"),
}
