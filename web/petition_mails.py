"""Mails about petitions: to those who signed and asked for it, and to the office from which something is due."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.petitions.mailing import (
    NEWS,
    TELL_BODY,
    TELL_REMOVED,
    TELL_SIGNERS,
    event_mail_key,
    removal_mail_key,
    removal_mails,
    signers_mails,
)
from consultation.petitions.models import PetitionDue, PetitionEvent
from consultation.petitions.settings import require_body
from consultation.petitions.store import find_petition
from consultation.petitions.types import Body, Due, Petition, State, What
from consultation.signing.telling import Contact, contacts_of, removed_contacts, stop_token
from identity.desk import Desk
from mail import words
from mail.errors import MailError
from mail.outbox import Mail, queue_mail
from mail.undelivered import IN_A_ROW, undelivered
from mail.words import PetitionNews, Voice, Words
from storage.jobs import Handler, Job
from storage.session import writing
from web import formats
from web.i18n import DEFAULT, Language, Text, is_language
from web.links import Links, stop_mails_api

DUE: Final = "petition-due"
"""Kind of the mails to bodies; their subject key is the petition."""
AT_ONCE: Final = 200
"""Signers in one transaction. Whoever comes next is the next job's."""


@dataclass(frozen=True)
class _Saying:
    """How an event is told. place: below the page of the petition.  line: whether its own line there is linked."""

    write: Callable[..., Words]
    place: str = ""
    line: bool = False


def _news(what: PetitionNews, place: str = "", *, line: bool = False) -> _Saying:
    return _Saying(partial(words.petition_news, what=what), place, line)


_SAID: Final[Mapping[What, _Saying]] = {
    What.PUBLISHED: _news("published"),
    What.READMITTED: _news("published"),
    What.REJECTED: _news("rejected"),
    What.EDITED: _news("edited", "versions"),
    What.ANSWERED: _news("answered", line=True),
    What.NO_DEBATE: _news("no-debate", line=True),
    What.DEBATE_SET: _Saying(words.petition_debate, line=True),
    What.OUTCOME: _news("outcome", line=True),
    What.CLOSED: _news("closed"),
    What.CLOSED_EARLY: _news("closed"),
}
_LOOKED_BACK: Final = 5
"""So many earlier events are looked at for mails that came back."""
_OPENED: Final = (What.PUBLISHED, What.READMITTED)


@dataclass(frozen=True)
class PetitionMails:
    """authority, help_line, time_zone: of the site, as the mails name them."""

    desk: Desk
    authority: Text
    help_line: str
    time_zone: str

    def handlers(self) -> dict[str, Handler]:
        """Who does which kind of job."""
        return {
            TELL_SIGNERS: self.tell_signers,
            TELL_REMOVED: self.tell_removed,
            TELL_BODY: self.tell_body,
        }

    def tell_signers(self, job: Job) -> None:
        """One mail to each of the next signers who asked, and a job for those after them, in one transaction.

        A mail's key names the event and the signature: whatever runs again, nobody gets a second one. Of other words
        those are told who signed earlier ones and have not signed again. Mailboxes that took none of the last mails
        about this petition are left alone.
        """
        number, after = int(job.payload["event"]), str(job.payload["after"])
        with writing(self.desk.engine) as session:
            job.require(session)
            event = session.get(PetitionEvent, number)
            petition = None if event is None else find_petition(session, event.petition)
            if event is not None and petition is not None and _is_told(petition):
                what = What(event.what)
                below = int(event.detail) if what is What.EDITED else 0
                contacts = contacts_of(
                    self.desk, session, petition.id, after, AT_ONCE, at=event.at, below=below
                )
                for contact in _reachable(session, event, contacts):
                    self._tell(session, petition, event, contact)
                self._go_on(contacts, partial(signers_mails, session, number, self.desk.clock()))
            job.finish(session)

    def tell_removed(self, job: Job) -> None:
        """The same for those whose signature was removed."""
        number, batch, after = (job.payload[name] for name in ("petition", "batch", "after"))
        with writing(self.desk.engine) as session:
            job.require(session)
            petition = find_petition(session, str(number))
            if _is_told(petition):
                contacts = removed_contacts(self.desk, session, petition.id, int(batch), str(after), AT_ONCE)
                for contact in contacts:
                    self._tell_removed(session, petition, int(batch), contact)
                self._go_on(
                    contacts, partial(removal_mails, session, petition.id, int(batch), self.desk.clock())
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

    def _go_on(self, contacts: Sequence[Contact], again: Callable[..., None]) -> None:
        if len(contacts) == AT_ONCE:
            again(after=contacts[-1].key)

    def _tell(self, session: Session, petition: Petition, event: PetitionEvent, contact: Contact) -> None:
        what = What(event.what)
        if what in _OPENED and contact.version < petition.text.version:
            what = What.EDITED  # changed while supporters signed, of which nobody was told then
        said = _SAID[what]
        language = contact.language if is_language(contact.language) else DEFAULT
        more = {} if event.on is None else {"day": self._written(event.on, language)}
        link = self._link(petition.id, language, said.place) + (f"#event-{event.id}" if said.line else "")
        key, write = event_mail_key(event.id, contact.key), partial(said.write, link=link, **more)
        self._queue(session, petition, contact, key, write, language)

    def _tell_removed(self, session: Session, petition: Petition, batch: int, contact: Contact) -> None:
        language = contact.language if is_language(contact.language) else DEFAULT
        write = partial(words.petition_removed, batch=batch, link=self._link(petition.id, language, "record"))
        self._queue(session, petition, contact, removal_mail_key(batch, contact.key), write, language)

    def _queue(
        self,
        session: Session,
        petition: Petition,
        contact: Contact,
        key: str,
        write: Callable[..., Words],
        language: Language,
    ) -> None:
        try:
            token = stop_token(self.desk, contact)
            said = write(
                self._voice(language),
                title=petition.text.action,
                stop_link=self.desk.base_url + Links(language).stop_mails(token),
            )
            mail = Mail(
                to=contact.address,
                language=language,
                subject=said.subject,
                text=said.text,
                kind=NEWS,
                subject_key=petition.id,
                stop_link=self.desk.base_url + stop_mails_api(token, language),
            )
        except MailError:
            return  # an address that was taken and cannot be sent to: nobody to tell
        queue_mail(session, mail, key=key, now=self.desk.clock())

    def _tell_body(self, session: Session, due: PetitionDue) -> None:
        body, petition = require_body(session, due.body), find_petition(session, due.petition)
        if not body.mail:
            return
        said = reduce(
            Words.beside,
            [self._said_to_body(due, body, petition, language) for language in _languages(body)],
        )
        try:
            mail = Mail(body.mail, _languages(body)[0], said.subject, said.text, DUE, petition.id)
        except MailError:
            return  # an address from before it was checked: the due date stands on the pages
        queue_mail(session, mail, key=f"{DUE} {due.id}", now=self.desk.clock())

    def _said_to_body(self, due: PetitionDue, body: Body, petition: Petition, language: Language) -> Words:
        write = words.petition_debate_due if due.due == Due.DEBATE else words.petition_answer_due
        return write(
            self._voice(language),
            title=petition.text.action,
            count=due.count,
            body=body.name.vi if language == "vi" else body.name.en,
            until=self._written(due.due_at, language),
            link=self._link(petition.id, language),
        )

    def _voice(self, language: Language) -> Voice:
        return Voice(language, self.authority.in_(language), self.help_line)

    def _link(self, petition: str, language: Language, place: str = "") -> str:
        return self.desk.base_url + Links(language).petition(petition, place)

    def _written(self, moment: datetime, language: Language) -> str:
        local = moment.astimezone(formats.zone_of(self.time_zone))
        return f"{formats.full(local, language)} ({formats.zone_label(local)})"


def _reachable(session: Session, event: PetitionEvent, contacts: Sequence[Contact]) -> Sequence[Contact]:
    mine = (PetitionEvent.petition == event.petition) & (PetitionEvent.id < event.id)
    told = select(PetitionEvent.id).where(mine, PetitionEvent.what.in_([what.value for what in _SAID]))
    events = session.scalars(told.order_by(PetitionEvent.id.desc()).limit(_LOOKED_BACK)).all()
    keys = {event_mail_key(number, contact.key): contact.key for number in events for contact in contacts}
    failed = Counter(keys[key] for key in undelivered(session, list(keys)))
    return [contact for contact in contacts if failed[contact.key] < IN_A_ROW]


def _is_told(petition: Petition) -> bool:
    """Whether its words may stand in a mail. Before publication its supporters have them already."""
    return not petition.hidden and (petition.public or petition.state in (State.SPONSORS, State.MODERATION))


def _languages(body: Body) -> Sequence[Language]:
    return (body.language,) if is_language(body.language) else ("vi", "en")
