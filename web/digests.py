"""From notices to mails: the duty that tells followers and writes their digests, each in its reader's language."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from consultation.following import digests
from consultation.following.contacts import DIGEST, forget_address, stop_token
from consultation.following.digests import Digest, Entry
from consultation.following.notices import AT_ONCE, tell
from consultation.signing.telling import forget_account_news
from identity.desk import Desk
from mail import words
from mail.errors import MailError
from mail.outbox import Mail, queue_mail
from mail.undelivered import takes_none
from mail.words import News, Voice
from storage.jobs import Job
from storage.session import reading, writing
from web.following_texts import HAPPENED
from web.i18n import DEFAULT, Language, Text, is_language, translations
from web.links import Links, stop_mails_api

PEOPLE_AT_ONCE: Final = 200


@dataclass(frozen=True)
class DigestWriter:
    """authority, help_line: of the site, as the mails name them."""

    desk: Desk
    authority: Text
    help_line: str

    def do(self, job: Job) -> None:
        """Everything that happened is told; every digest that is due is queued, each in a transaction of its own."""
        while self._tell() == AT_ONCE:
            self._renew(job)
        with reading(self.desk.engine) as session:
            persons = digests.due(session, self.desk.clock(), PEOPLE_AT_ONCE)
        for person in persons:
            with writing(self.desk.engine) as session:
                job.require(session)
                self.write(session, person)
            self._renew(job)
        with writing(self.desk.engine) as session:
            job.finish(session)

    def write(self, session: Session, person: str) -> None:
        """Queue what waits for this person, in the transaction that notes it as mailed."""
        now = self.desk.clock()
        digest = digests.take(self.desk, session, person, now)
        if digest is None:
            return
        if takes_none(session, DIGEST, digest.key):
            forget_address(session, person)  # their page asks for another one
            forget_account_news(session, person)
            return
        try:
            mail = self._mail(digest)
        except MailError:
            return  # an address that was taken and cannot be sent to: nobody to tell
        queue_mail(session, mail, key=f"{DIGEST} {digest.key} {digest.number}", now=now)

    def _tell(self) -> int:
        with writing(self.desk.engine) as session:
            return tell(session, self.desk.clock())

    def _renew(self, job: Job) -> None:
        with writing(self.desk.engine) as session:
            job.renew(session)

    def _mail(self, digest: Digest) -> Mail:
        language = digest.language if is_language(digest.language) else DEFAULT
        links, base, token = Links(language), self.desk.base_url, stop_token(self.desk, digest.key)
        said = words.digest(
            Voice(language, self.authority.in_(language), self.help_line),
            news=[self._news(entry, language) for entry in digest.entries],
            more=digest.more,
            my_link=base + links.news(),
            stop_link=base + links.stop_mails(token),
        )
        return Mail(
            to=digest.address,
            language=language,
            subject=said.subject,
            text=said.text,
            kind=DIGEST,
            subject_key=digest.key,
            stop_link=base + stop_mails_api(token, language),
        )

    def _news(self, entry: Entry, language: Language) -> News:
        say, links = translations(language).gettext, Links(language)
        happened = [
            say(HAPPENED[what]) + (f" ({count})" if count > 1 else "") for what, count in entry.counts.items()
        ]
        place = links.news() if entry.path is None else links.under(entry.path)
        return News(entry.title or "", happened, self.desk.base_url + place)
