"""Mails about petitions: to those who signed and asked for it, and to the office from which something is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from consultation.petitions.mailing import TELL_BODY, TELL_SIGNERS
from consultation.petitions.models import PetitionDue, PetitionEvent
from consultation.petitions.settings import require_body
from consultation.petitions.store import find_petition
from consultation.petitions.types import Due, Petition, What
from consultation.signing.ending import Contact, contacts_of
from identity.desk import Desk
from mail import words
from mail.errors import MailError
from mail.outbox import SUBJECT_MAX, Mail, queue_mail
from mail.words import Voice, Words
from storage.jobs import Handler, Job, enqueue
from storage.session import writing
from web import formats
from web.i18n import DEFAULT, Language, Text, is_language
from web.links import Links

NEWS: Final = "petition-news"
DUE: Final = "petition-due"
"""Kinds of these mails; their subject key is the petition."""
AT_ONCE: Final = 200
"""Signers in one transaction. Whoever comes next is the next job's."""
_SAID: Final[Mapping[What, Callable[..., Words]]] = {
    What.ANSWERED: words.petition_answered,
    What.NO_DEBATE: words.petition_no_debate,
    What.DEBATE_SET: words.petition_debate,
    What.CLOSED: words.petition_closed,
    What.CLOSED_EARLY: words.petition_closed,
}


@dataclass(frozen=True)
class PetitionMails:
    """authority, help_line, time_zone: of the site, as the mails name them."""

    desk: Desk
    authority: Text
    help_line: str
    time_zone: str

    def handlers(self) -> dict[str, Handler]:
        """Who does which kind of job."""
        return {TELL_SIGNERS: self.tell_signers, TELL_BODY: self.tell_body}

    def tell_signers(self, job: Job) -> None:
        """One mail to each of the next signers who asked, and a job for those after them, in one transaction.

        A mail's key names the event and the signature: whatever runs again, nobody gets a second one.
        """
        number, after = int(job.payload["event"]), str(job.payload["after"])
        with writing(self.desk.engine) as session:
            job.require(session)
            event = session.get(PetitionEvent, number)
            petition = None if event is None else find_petition(session, event.petition)
            if event is not None and petition is not None and petition.public and not petition.hidden:
                contacts = contacts_of(self.desk, session, petition.id, after, AT_ONCE)
                for contact in contacts:
                    self._tell(session, petition, event, contact)
                if len(contacts) == AT_ONCE:
                    last, now = contacts[-1].key, self.desk.clock()
                    enqueue(
                        session,
                        TELL_SIGNERS,
                        {"event": number, "after": last},
                        now=now,
                        key=f"{number} {last}",
                    )
            job.finish(session)

    def tell_body(self, job: Job) -> None:
        """One mail to the office from which something is due, if it has an address."""
        with writing(self.desk.engine) as session:
            job.require(session)
            due = session.get(PetitionDue, int(job.payload["due"]))
            if due is not None and due.met_at is None:
                self._tell_body(session, due)
            job.finish(session)

    def _tell(self, session: Session, petition: Petition, event: PetitionEvent, contact: Contact) -> None:
        language = contact.language if is_language(contact.language) else DEFAULT
        day = {} if event.on is None else {"day": self._written(event.on, language)}
        link = self._link(petition.id, language)
        said = _SAID[What(event.what)](self._voice(language), title=petition.text.action, link=link, **day)
        key = f"{NEWS} {event.id} {contact.key}"
        self._queue(session, contact.address, language, said, NEWS, petition.id, key)

    def _tell_body(self, session: Session, due: PetitionDue) -> None:
        body, petition = require_body(session, due.body), find_petition(session, due.petition)
        if not body.mail:
            return
        write = words.petition_debate_due if due.due == Due.DEBATE else words.petition_answer_due
        said = write(
            self._voice(DEFAULT),
            title=petition.text.action,
            count=due.count,
            body=body.name.en,
            until=self._written(due.due_at, DEFAULT),
            link=self._link(petition.id, DEFAULT),
        )
        self._queue(session, body.mail, DEFAULT, said, DUE, petition.id, f"{DUE} {due.id}")

    def _queue(
        self, session: Session, to: str, language: Language, said: Words, kind: str, about: str, key: str
    ) -> None:
        subject = said.subject if len(said.subject) <= SUBJECT_MAX else said.subject[: SUBJECT_MAX - 1] + "…"
        try:
            mail = Mail(to, language, subject, said.text, kind, about)
        except MailError:
            return  # an address that was taken and cannot be sent to: nobody to tell
        queue_mail(session, mail, key=key, now=self.desk.clock())

    def _voice(self, language: Language) -> Voice:
        return Voice(language, self.authority.in_(language), self.help_line)

    def _link(self, petition: str, language: Language) -> str:
        return self.desk.base_url + Links(language).petition(petition)

    def _written(self, moment: datetime, language: Language) -> str:
        local = moment.astimezone(formats.zone_of(self.time_zone))
        return f"{formats.full(local, language)} ({formats.zone_label(local)})"
