"""Words for what happened to a subject: one sentence for each, in lists on pages and in mails."""

from collections.abc import Mapping
from typing import Final

from consultation.happenings import What
from web.i18n import N_

HAPPENED: Final[Mapping[What, str]] = {
    What.PETITION_SPONSORED: N_("The petition has enough supporters, and a moderator reads it"),
    What.PETITION_LAPSED: N_("The petition did not find enough supporters in time"),
    What.PETITION_PUBLISHED: N_("The petition is open for signatures"),
    What.PETITION_REJECTED: N_("The petition was not accepted"),
    What.PETITION_EDITED: N_("The text of the petition was changed"),
    What.THRESHOLD_REACHED: N_("The petition has reached a mark"),
    What.PETITION_ANSWERED: N_("The petition was answered"),
    What.DEBATE_SET: N_("A day for the debate was set"),
    What.PETITION_CLOSED: N_("The petition was closed"),
    What.PETITION_BECAME_VOTE: N_("The petition became a vote"),
    What.PETITION_OUTCOME: N_("It was said what became of the petition"),
    What.CONTRIBUTION_MADE: N_("A new contribution"),
    What.REPLY_MADE: N_("A new reply"),
    What.MENTIONED: N_("Somebody mentioned a contribution of yours"),
    What.CONTENT_HIDDEN: N_("A moderator has hidden this"),
    What.CONTENT_RESTORED: N_("A moderator shows this again"),
    What.AUTHOR_WARNED: N_("A moderator has sent you a warning about this"),
    What.AUTHOR_PAUSED: N_("A moderator has paused you: you cannot write for a while"),
    What.APPEAL_DECIDED: N_("Your appeal was decided"),
    What.REPORT_DECIDED: N_("A moderator decided about what you reported"),
    What.CONSULTATION_OPENED: N_("The consultation is open for contributions"),
    What.CONSULTATION_CLOSED: N_("The consultation was closed"),
    What.OUTCOME_PUBLISHED: N_("The outcome of the consultation was published"),
    What.CONSULTATION_BECAME_VOTE: N_("The consultation became a vote"),
}
"""Whoever adds a kind of happening adds its sentence here; a test says so."""

NO_TITLE: Final = N_("Something that is not public any more")
