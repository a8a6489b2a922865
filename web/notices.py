"""From a notice to a mail: the job that writes what `voting.notices` has stored, in the reader's language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from sqlalchemy.orm import Session

from mail import words
from mail.errors import MailError
from mail.outbox import Mail, queue_mail
from mail.words import Voice, Words
from protocol.text import parse_time
from storage.jobs import Job
from storage.session import writing
from voting.models import VotingElection
from voting.notice_models import VotingNotice
from voting.notices import NoticeKind
from voting.office import Office, effective_closes_at, find_election, read_manifest
from web import formats
from web.i18n import Language
from web.links import Links


@dataclass(frozen=True)
class NoticeWriter:
    """base_url: scheme and host of the pages that the mails name.  help_line: where readers can ask."""

    office: Office
    base_url: str
    help_line: str

    def do(self, job: Job) -> None:
        """One notice: its mail is queued and the notice deleted, in one transaction."""
        with writing(self.office.engine) as session:
            notice = session.get(VotingNotice, int(job.payload["notice"]))
            if notice is not None:
                self._queue(session, notice)
                session.delete(notice)
            job.finish(session)

    def _queue(self, session: Session, notice: VotingNotice) -> None:
        row = find_election(session, notice.election)
        languages: tuple[Language, ...] = ("vi", "en")
        written = [
            self._write(row, notice, language) for language in languages if notice.language in ("", language)
        ]
        said = reduce(Words.beside, written)
        try:
            mail = Mail(
                to=notice.email,
                language=notice.language or "vi",
                subject=said.subject,
                text=said.text,
                kind=notice.kind,
                subject_key=notice.election,
            )
        except MailError:
            return  # an address that was taken and cannot be sent to: nobody to tell
        queue_mail(session, mail, key=notice.key, now=self.office.clock())

    def _write(self, row: VotingElection, notice: VotingNotice, language: Language) -> Words:
        manifest, links = read_manifest(row), Links(language)
        zone = formats.zone_of(manifest.time_zone)

        def written(moment: datetime) -> str:
            local = moment.astimezone(zone)
            return f"{formats.full(local, language)} ({formats.zone_label(local)})"

        moment = written(notice.moment)
        title = manifest.title.vi if language == "vi" else manifest.title.en
        authority = manifest.authority.vi if language == "vi" else manifest.authority.en
        voice = Voice(language, authority, self.help_line)
        if notice.kind == NoticeKind.CAST:
            return words.cast_notice(
                voice,
                title=title,
                moment=moment,
                number=notice.number or 1,
                closes=written(parse_time(effective_closes_at(row))),
                check_link=self.base_url + links.check(row.id),
                revoting=manifest.revoting,
            )
        write: Callable[..., Words] = (
            words.conflict if notice.kind == NoticeKind.CONFLICT else words.code_replaced
        )
        place = links.board(row.id) if notice.kind == NoticeKind.CONFLICT else links.election(row.id)
        return write(voice, title=title, moment=moment, link=self.base_url + place)
