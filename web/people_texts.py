"""Words for roles, permissions, ways to sign in and deeds: one sentence for each code that pages show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from identity.roles import Permission, Role
from web.i18n import N_
from web.links import Links

ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.OFFICIAL: N_("Election official"),
    Role.REGISTRAR: N_("Registrar"),
    Role.TRUSTEE: N_("Key holder"),
    Role.MODERATOR: N_("Moderator"),
    Role.AUDITOR: N_("Auditor"),
    Role.ADMINISTRATOR: N_("Administrator"),
}

ROLE_TASKS: Final[Mapping[Role, str]] = {
    Role.OFFICIAL: N_("Sets up votes, opens and closes them, publishes results, answers objections."),
    Role.REGISTRAR: N_("Makes voting codes, sends the letters, replaces lost codes."),
    Role.TRUSTEE: N_("Holds one share of the key that opens the count."),
    Role.MODERATOR: N_("Decides about reported petitions and contributions."),
    Role.AUDITOR: N_("Reads the site log with names."),
    Role.ADMINISTRATOR: N_("Invites people and gives them roles. Can do nothing to a vote."),
}

METHODS: Final[Mapping[str, str]] = {
    "email": N_("link by e-mail"),
    "invitation": N_("invitation"),
    "passkey": N_("passkey"),
    "app": N_("authenticator app"),
    "recovery-code": N_("recovery code"),
}
"""Ways to sign in. Those of OpenID providers (RFC 8176) are shown as the provider's name."""

DEEDS: Final[Mapping[str, str]] = {
    "areas-set": N_("Set the areas of the site"),
    "petition-numbers-set": N_("Set how many supporters a petition needs, and for how long it is open"),
    "petition-bodies-set": N_("Set whom petitions can address"),
    "petition-thresholds-set": N_("Set the thresholds of petitions"),
    "petition-admitted": N_("Published a petition"),
    "petition-edit-admitted": N_("Published new words of a petition"),
    "petition-threshold-reached": N_("A petition reached a threshold"),
    "petition-taken-up": N_("Said who works on a petition"),
    "petition-answered": N_("Answered a petition"),
    "petition-debate-set": N_("Set the day of a debate about a petition"),
    "petition-debate-refused": N_("Said why there is no debate about a petition"),
    "petition-outcome": N_("Said what became of a petition"),
    "signatures-removed": N_("Removed signatures from a petition"),
    "signature-count-differs": N_(
        "Found that the number of signatures of a petition does not agree with its record"
    ),
    "petition-became-vote": N_("Turned a petition into a vote"),
    "discussion-office-wrote": N_("Wrote in a discussion for the office"),
    "topic-opened": N_("Opened a topic for the office"),
    "topic-changed": N_("Changed a topic"),
    "topics-allowed": N_("Let everybody open topics"),
    "topics-reserved": N_("Let only officials open topics"),
    "site-log-begun": N_("The site log begins"),
    "signed-in": N_("Signed in with the second factor"),
    "person-invited": N_("Somebody was invited"),
    "invitation-accepted": N_("An invitation was accepted"),
    "invitation-withdrawn": N_("An invitation was withdrawn"),
    "identity-joined": N_("One more way to sign in was added"),
    "roles-changed": N_("Roles were changed"),
    "person-disabled": N_("Access was closed"),
    "person-enabled": N_("Access was opened again"),
    "second-factor-added": N_("A second factor was set up"),
    "second-factor-removed": N_("A second factor was removed"),
    "second-factor-reset": N_("All second factors of somebody were removed"),
    "recovery-codes-made": N_("New recovery codes were made"),
    "signed-out-everywhere": N_("All other sessions were ended"),
    "draft-created": N_("A vote was begun"),
    "draft-saved": N_("A section of a draft was saved"),
    "draft-discarded": N_("A draft was discarded"),
    "question-added": N_("A question was added"),
    "question-saved": N_("A question was changed"),
    "question-moved": N_("A question was moved"),
    "question-removed": N_("A question was taken out"),
    "document-attached": N_("A document was added"),
    "document-renamed": N_("A document was renamed"),
    "document-moved": N_("A document was moved"),
    "document-removed": N_("A document was taken out"),
    "voters-staged": N_("A voters’ list was uploaded"),
    "voters-accepted": N_("A voters’ list was accepted"),
    "voters-removed": N_("A voters’ list was removed"),
    "key-taken": N_("A key holder’s public key was handed in"),
    "terms-fixed": N_("The terms of a vote were fixed"),
    "terms-taken-back": N_("The terms of a vote were taken back"),
    "ceremony-taken": N_("The key of a vote was handed in"),
    "ceremony-withdrawn": N_("The key of a vote was removed"),
    "roll-taken": N_("The roll of a vote was handed in"),
    "roll-withdrawn": N_("The roll of a vote was removed"),
    "signature-taken": N_("A key holder’s signature was handed in"),
    "election-frozen": N_("A vote was frozen"),
    "contacts-taken": N_("Addresses for notices were handed in"),
    "contacts-removed": N_("Addresses for notices were deleted"),
    "code-replaced": N_("A voting code was replaced"),
    "notice-resent": N_("A notice was sent again"),
    "dispute-filed": N_("An objection was filed"),
    "dispute-answered": N_("An objection was answered"),
    "statement-taken": N_("A key holder confirmed the closing"),
    "polls-opened": N_("An official opened the polls"),
    "opening-chosen": N_("It was chosen who opens the polls"),
    "polls-extended": N_("The voting time was extended"),
    "polls-closed": N_("The polls were closed early"),
    "quorum-lowered": N_("Fewer key holders were made enough"),
    "result-published": N_("A result was published"),
    "trial-begun": N_("A trial run was begun"),
    "trial-voted": N_("Invented voters were asked to vote in a trial run"),
    "trial-counted": N_("A trial run was counted"),
    "hearing-made": N_("A consultation was begun"),
    "hearing-changed": N_("Title or dates of a consultation were changed"),
    "hearing-published": N_("A consultation was published"),
    "hearing-version-prepared": N_("A version of a draft text was prepared"),
    "hearing-matching-corrected": N_("The matching of a new version was corrected"),
    "hearing-version-published": N_("A version of a draft text was published"),
    "hearing-version-discarded": N_("A prepared version was thrown away"),
    "hearing-question-added": N_("A question of a consultation was added"),
    "hearing-question-changed": N_("A question of a consultation was changed"),
    "hearing-question-removed": N_("A question of a consultation was taken out"),
    "hearing-theme-added": N_("A theme of a consultation was added"),
    "hearing-theme-changed": N_("A theme of a consultation was changed"),
    "hearing-theme-removed": N_("A theme of a consultation was taken out"),
    "hearing-outcome-published": N_("The outcome of a consultation was published"),
    "hearing-became-vote": N_("Turned a consultation into a vote"),
    "moderated": N_("A moderator’s decision was entered in the public record"),
    "opening-taken": N_("A key holder opened the count"),
}
"""What the trail says of each deed. Whoever records a new kind of deed adds its sentence here."""

ACTOR_ROLES: Final[Mapping[str, str]] = {
    **{role.value: name for role, name in ROLE_NAMES.items()},
    "system": N_("The server"),
    "citizen": N_("Citizen"),
}


@dataclass(frozen=True)
class Task:
    """One thing on the start page of the staff. place: its address; a task without a page yet is not shown."""

    permission: Permission
    title: str
    sentence: str
    place: Callable[[Links], str]


TASKS: Final = (
    Task(
        Permission.MANAGE_ELECTIONS,
        N_("Votes"),
        N_("Set up, open, close and publish."),
        lambda links: f"/{links.language}/office",
    ),
    Task(
        Permission.DELIVER_CODES,
        N_("Voting codes"),
        N_("Letters, deliveries, lost codes."),
        lambda links: f"/{links.language}/registrar",
    ),
    Task(
        Permission.HOLD_KEY_SHARE,
        N_("My key share"),
        N_("Make it, keep it, open the count with it."),
        lambda links: f"/{links.language}/trustee",
    ),
    Task(
        Permission.ANSWER_DISPUTES,
        N_("Objections"),
        N_("Answer what voters object to."),
        lambda links: f"/{links.language}/office/disputes",
    ),
    Task(
        Permission.ANSWER_PETITIONS,
        N_("Petitions to answer"),
        N_("Answer, set a debate, say what became of it; who answers, and from how many signatures on."),
        lambda links: links.office_petitions(),
    ),
    Task(
        Permission.MODERATE,
        N_("Moderation"),
        N_("Decide what was reported, petitions that wait, and appeals."),
        lambda links: links.moderation(),
    ),
    Task(
        Permission.ANSWER_PETITIONS,
        N_("Consultations"),
        N_("Prepare draft texts and questions, and say what came of them."),
        lambda links: links.office_hearings(),
    ),
    Task(
        Permission.MANAGE_PEOPLE,
        N_("People and roles"),
        N_("Invite, appoint, close access."),
        lambda links: links.people(),
    ),
    Task(
        Permission.READ_TRAIL,
        N_("Site log with names"),
        N_("Who did what, and when."),
        lambda links: f"{links.staff()}/trail",
    ),
)
