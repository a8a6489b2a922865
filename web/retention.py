"""What the site keeps about people, why, and for how long: the table that is published, and the duties that enforce it.

Periods are read from the code that deletes. A row without a duty ends by a deed: of its owner, or of an official.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from consultation import empty_accounts
from consultation.following import contacts, notices
from consultation.fraud import marks, work
from consultation.moderation import reports
from consultation.petitions import keeping
from consultation.signing import returning, signing, telling
from identity import forgetting, sessions
from mail import outbox
from storage import jobs
from voting import disputes
from web import duties
from web.i18n import N_


@dataclass(frozen=True)
class Kept:
    """One row. code: its name for tests.  until: a sentence with `numbers` in it.

    duty: the kind of the job that enforces it; "" where it ends by a deed.
    """

    code: str
    what: str
    why: str
    until: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    duty: str = ""


def _days(span: timedelta) -> int:
    return span // timedelta(days=1)


def _hours(span: timedelta) -> int:
    return span // timedelta(hours=1)


RETENTION: Final = (
    Kept(
        "account",
        N_("Your account: a number, your language, the month in which you came"),
        N_("So that you are the same person when you come again."),
        N_(
            "Until you delete it. When nothing is left in it: as soon as you take back what you signed by mail, "
            "else %(days)s days after the beginning of that month."
        ),
        {"days": _days(empty_accounts.KEPT)},
        duties.FORGET_SIGN_INS,
    ),
    Kept(
        "claim",
        N_(
            "What you sign in with: a secret code made of your address or your number, never these themselves"
        ),
        N_("To find you in voters’ lists and to keep one person from signing twice."),
        N_("As long as your account."),
    ),
    Kept(
        "passkeys",
        N_("Passkeys and second factors, with the day of their last use"),
        N_("So that you can sign in."),
        N_("Until you remove them or delete your account."),
    ),
    Kept(
        "sessions",
        N_("Where you are signed in: browser, system, since when"),
        N_("So that you stay signed in and can see where."),
        N_("Until it ends: after half an hour without use, after %(hours)s hours at most."),
        {"hours": _hours(sessions.STAFF_LIFETIME)},
        duties.FORGET_SIGN_INS,
    ),
    Kept(
        "links",
        N_("Links by which you signed in or were invited"),
        N_("So that each works only once."),
        N_("%(days)s day after they have run out."),
        {"days": _days(forgetting.KEPT)},
        duties.FORGET_SIGN_INS,
    ),
    Kept(
        "mail-texts",
        N_("Texts of mails to you"),
        N_("So that a mail that did not arrive can be sent again."),
        N_("%(days)s days after sending. Texts with a secret link: until they are sent."),
        {"days": _days(outbox.TEXT_KEPT)},
        duties.FORGET_MAILS,
    ),
    Kept(
        "mail-addresses",
        N_("Addresses of mails that were sent"),
        N_("So that reports about mails that did not arrive are understood."),
        N_("%(days)s days after sending."),
        {"days": _days(outbox.ADDRESS_KEPT)},
        duties.FORGET_MAILS,
    ),
    Kept(
        "counts",
        N_("How often a network or a mailbox has asked for something: as a secret code, with a number"),
        N_("So that nobody floods the site or a mailbox."),
        N_("Until the number says nothing any more: after two days at most."),
        duty=duties.FORGET_COUNTS,
    ),
    Kept(
        "jobs",
        N_("What the server has done in the background: no names and no addresses"),
        N_("So that nothing is done twice."),
        N_("%(days)s days."),
        {"days": _days(jobs.KEPT)},
        duties.FORGET_JOBS,
    ),
    Kept(
        "vote-contacts",
        N_("Addresses in a voters’ list, for notices about your ballot"),
        N_("So that you are told when a ballot is cast in your place."),
        N_("Until the time for objections is over: %(days)s days after the result."),
        {"days": _days(disputes.TIME_TO_OBJECT)},
        duties.FORGET_CONTACTS,
    ),
    Kept(
        "objection-addresses",
        N_("The address that you gave with an objection"),
        N_("To send you the answer."),
        N_("Until the answer; without one, %(days)s days after the time for objections."),
        {"days": _days(disputes.ADDRESS_KEPT)},
        duties.FORGET_CONTACTS,
    ),
    Kept(
        "ties",
        N_("In votes with sign-in: which voting code belongs to which person, as secret codes under a key"),
        N_("So that nobody votes with two codes. How you voted is never known here."),
        N_("Until voting closes. Then the key is destroyed."),
        duty=duties.KEEP_TIME,
    ),
    Kept(
        "follows",
        N_("What you follow"),
        N_("To tell you what happens to it."),
        N_("Until you stop following it or delete your account."),
    ),
    Kept(
        "news",
        N_("News that you were told"),
        N_("So that you find them on My page."),
        N_("%(days)s days."),
        {"days": _days(notices.KEPT)},
        duties.FORGET_NEWS,
    ),
    Kept(
        "news-address",
        N_("The address for news by mail, sealed"),
        N_("To send them."),
        N_("Until you stop the mails or delete your account."),
    ),
    Kept(
        "unconfirmed-address",
        N_("An address for news that nobody has confirmed"),
        N_("To wait for the button behind the link."),
        N_("%(hours)s hours."),
        {"hours": _hours(contacts.LIFETIME)},
        duties.FORGET_NEWS,
    ),
    Kept(
        "profile",
        N_("The name and the area that you show beside what you write"),
        N_("So that others know whom they answer."),
        N_("Until you change them or delete your account."),
    ),
    Kept(
        "words",
        N_("What you wrote in public"),
        N_("Others have signed or answered it."),
        N_("It stays. When you delete your account, nothing says any more that it was yours."),
    ),
    Kept(
        "signatures",
        N_("Your signatures on petitions"),
        N_("So that each person is counted once, and everybody can check the count."),
        N_(
            "Until you withdraw them or delete your account. An entry that names nobody stays in the public log."
        ),
    ),
    Kept(
        "signers-addresses",
        N_("The address at which you wanted to be told what becomes of a petition, sealed"),
        N_("To tell you."),
        N_(
            "Until you stop the mails; at the latest %(days)s days after the last that became of a petition that "
            "has ended and waits for no answer."
        ),
        {"days": _days(telling.ADDRESS_KEPT)},
        duties.FORGET_SIGNERS,
    ),
    Kept(
        "drafts",
        N_("A petition that you began and did not send off"),
        N_("So that you can go on writing."),
        N_("Until you delete it: %(days)s days after you last changed it at the latest."),
        {"days": _days(keeping.DRAFT_KEPT)},
        duties.KEEP_PETITIONS,
    ),
    Kept(
        "signing-links",
        N_("A link by which you sign a petition from your mailbox, with the address, sealed"),
        N_("So that only the owner of the mailbox signs."),
        N_("%(hours)s hours."),
        {"hours": _hours(signing.LINK_LIFETIME)},
        duties.COUNT_AREAS,
    ),
    Kept(
        "returns",
        N_(
            "That somebody took back a signature under a petition: a secret code of the mailbox or the sign-in"
        ),
        N_("So that nobody moves lists by signing and taking back, or gives a removed signature again."),
        N_(
            "%(days)s day. Where the signature had been removed and its account was deleted: until the petition ends, "
            "or for %(removed)s days."
        ),
        {"days": _days(returning.TAKEN_BACK_KEPT), "removed": _days(returning.REMOVED_KEPT)},
        duties.COUNT_AREAS,
    ),
    Kept(
        "reports",
        N_("What you wrote when you reported something"),
        N_("So that moderators understand the report."),
        N_("%(days)s days. That there was a report stays."),
        {"days": _days(reports.KEPT)},
        duties.FORGET_REPORTS,
    ),
    Kept(
        "traces",
        N_("Where a signature came from: network and mail provider, as secret codes"),
        N_("To find signatures that machines have made."),
        N_("%(days)s days, or until you withdraw the signature."),
        {"days": _days(marks.TRACE_LIFETIME)},
        duties.FORGET_FRAUD,
    ),
    Kept(
        "work",
        N_(
            "That your browser has solved a task before a form was sent: the task and the network, as secret codes"
        ),
        N_("So that a task counts once."),
        N_("%(hours)s hours."),
        {"hours": _hours(2 * work.LIFETIME)},
        duties.FORGET_FRAUD,
    ),
    Kept(
        "decisions",
        N_("What moderators decided about your contributions, and your appeals"),
        N_("So that you and others can follow each decision."),
        N_(
            "It stays in the public record, which names nobody. Until you delete your account, it is tied to you."
        ),
    ),
    Kept(
        "office-work",
        N_("On which petitions, discussions and consultations an official worked"),
        N_("Nobody decides as a moderator about what they said as an official."),
        N_("As long as your account."),
    ),
    Kept(
        "site-log",
        N_("What members of the staff did in their role, with their names"),
        N_("Whoever decides about the matters of others does it in public."),
        N_("It stays for ever."),
    ),
)
"""In the order of the page. A part of the site that keeps something about people adds its rows here."""
