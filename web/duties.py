"""What the server does in the background: who does which kind of job, and what is done again in every period.

A room that has work for later adds its kind of job here. Duties run once in each period, on whichever server comes
first; all of them may run twice where a worker dies in the middle, so each looks first at what is still to be done.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from consultation.empty_accounts import forget_empty
from consultation.following import contacts, notices
from consultation.fraud import marks, work
from consultation.hearings.hearings import turn_phases
from consultation.moderation.reports import forget_reports
from consultation.petitions.keeping import keep_petitions
from consultation.signing import counting as signatures
from consultation.signing import telling
from consultation.similar.sense import Sense
from identity import forgetting
from identity.desk import Desk
from mail import outbox
from mail.sending import handlers as mail_handlers
from rehearsal import trials
from storage import jobs
from storage.engine import empty_journal
from storage.jobs import Handler, Job
from storage.session import writing
from storage.worker import Worker
from tally.clock import keep_time
from voting.disputes import forget_addresses
from voting.notices import WRITE_NOTICE, forget_contacts
from voting.office import Office
from web.digests import DigestWriter
from web.notices import NoticeWriter
from web.petition_mails import PetitionMails
from web.rate_storage import SqlStorage
from web.sense import open_sense, words_of
from web.settings import Settings

FORGET_MAILS: Final = "forget-mails"
FORGET_JOBS: Final = "forget-jobs"

KEEP_TIME: Final = "keep-time"

FORGET_COUNTS: Final = "forget-counts"
"""Of rate limits: hashes of addresses go when they say nothing any more."""

FORGET_SIGN_INS: Final = "forget-sign-ins"
"""Ended sessions, used links, challenges, accounts in which nothing is left."""

FORGET_CONTACTS: Final = "forget-contacts"
"""Addresses for notices, after the time for objections; of objections that nobody answered, later."""

FORGET_NEWS: Final = "forget-news"
"""Old notices, addresses that nobody confirmed; and what is still in SQLite's journal of what was deleted."""

TURN_HEARINGS: Final = "turn-hearings"
"""Consultations whose comments begin or end: paragraphs are opened, followers told."""

COUNT_AREAS: Final = "count-areas"
"""Signatures by area, at most once an hour for each petition; links and minutes that have run out are deleted."""

FORGET_SIGNERS: Final = "forget-signers"
"""Addresses of signers whom nothing more is told."""

CHECK_SIGNATURES: Final = "check-signatures"
"""The number of signatures of each petition against its log."""

WRITE_DIGESTS: Final = "write-digests"
"""Followers are told what happened, and the mails about it are written."""

FORGET_REPORTS: Final = "forget-reports"
"""Words with which somebody reported something."""

FORGET_FRAUD: Final = "forget-fraud"
"""Where signatures came from, after ninety days, and spent work."""

KEEP_PETITIONS: Final = "keep-petitions"
"""Petitions whose time is over, drafts that nobody touches."""

FILL_SENSE: Final = "fill-sense"
"""Vectors of texts that have none yet, where the site has named a model."""

PERIODS: Final[Mapping[str, int]] = {
    KEEP_TIME: 5,
    FORGET_MAILS: 3600,
    FORGET_JOBS: 3600,
    FORGET_COUNTS: 3600,
    FORGET_SIGN_INS: 3600,
    FORGET_CONTACTS: 3600,
    FORGET_REPORTS: 3600,
    FORGET_FRAUD: 3600,
    FORGET_NEWS: 3600,
    WRITE_DIGESTS: 300,
    COUNT_AREAS: 600,
    CHECK_SIGNATURES: 86_400,
    FORGET_SIGNERS: 86_400,
    TURN_HEARINGS: 15,
    KEEP_PETITIONS: 5,
}
"""Duties, and the length of their periods in seconds."""


def workers(office: Office, desk: Desk, settings: Settings) -> list[Worker]:
    """Who does the background work: one for mail, one for trial runs, one for everything else, so that a mail server
    that dawdles or a key ceremony holds up no closing, and a long count no sign-in link.
    """
    every = handlers(office, desk, settings)
    mail = {kind: handler for kind, handler in every.items() if kind in (outbox.SEND, outbox.SEND_URGENT)}
    trial = {kind: handler for kind, handler in every.items() if kind in trials.KINDS}
    rest = {kind: handler for kind, handler in every.items() if kind not in mail | trial}
    periods = PERIODS if settings.similar_model is None else {**PERIODS, FILL_SENSE: 60}
    lanes = [Worker(office.engine, rest, office.clock, periods), Worker(office.engine, trial, office.clock)]
    return [*lanes, Worker(office.engine, mail, office.clock)] if mail else lanes


def handlers(office: Office, desk: Desk, settings: Settings) -> dict[str, Handler]:
    """Who does which kind of job. desk: for deeds that belong into the trail."""
    every: dict[str, Handler] = {
        KEEP_TIME: lambda job: _keep_time(office, job),
        FORGET_MAILS: lambda job: _forget_mails(office, job),
        FORGET_JOBS: lambda job: _forget_jobs(office, job),
    }
    every[FORGET_COUNTS] = lambda job: _forget_counts(office, job)
    every[FORGET_SIGN_INS] = lambda job: _forget_sign_ins(office, job)
    every[FORGET_FRAUD] = lambda job: _forget_fraud(office, job)
    every[FORGET_REPORTS] = lambda job: _forget_reports(office, job)
    every[FORGET_CONTACTS] = lambda job: _forget_contacts(office, job)
    every[FORGET_NEWS] = lambda job: _forget_news(office, job)
    every[TURN_HEARINGS] = lambda job: _turn_hearings(office, job)
    every[COUNT_AREAS] = lambda job: _count_areas(desk, job)
    every[CHECK_SIGNATURES] = lambda job: _check_signatures(desk, job)
    every[FORGET_SIGNERS] = lambda job: _forget_signers(desk, job)
    every[WRITE_DIGESTS] = DigestWriter(desk, settings.authority, settings.help_line).do
    every[KEEP_PETITIONS] = lambda job: _keep_petitions(desk, job)
    every |= PetitionMails(desk, settings.authority, settings.help_line, settings.time_zone).handlers()
    every[WRITE_NOTICE] = NoticeWriter(office, settings.base_url, settings.help_line).do
    every |= trials.handlers(office, urlsplit(settings.base_url).netloc)
    sense = open_sense(settings)
    if sense is not None:
        every[FILL_SENSE] = lambda job: _fill_sense(office, sense, job)
    if settings.mail_server is not None:
        every |= mail_handlers(office.engine, settings.mail_server)
    return every


def _fill_sense(office: Office, sense: Sense, job: Job) -> None:
    sense.fill(office.engine, words_of)
    with writing(office.engine) as session:
        job.finish(session)


def _keep_time(office: Office, job: Job) -> None:
    keep_time(office)
    with writing(office.engine) as session:
        job.finish(session)


def _keep_petitions(desk: Desk, job: Job) -> None:
    keep_petitions(desk)
    with writing(desk.engine) as session:
        job.finish(session)


def _forget_mails(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        outbox.forget(session, job.clock())
        job.finish(session)


def _forget_counts(office: Office, job: Job) -> None:
    SqlStorage(engine=office.engine).sweep()
    with writing(office.engine) as session:
        job.finish(session)


def _forget_sign_ins(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        forgetting.forget(session, job.clock())
        forget_empty(session, job.clock())
        job.finish(session)


def _forget_contacts(office: Office, job: Job) -> None:
    forget_contacts(office)
    forget_addresses(office)
    with writing(office.engine) as session:
        job.finish(session)


def _forget_news(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        notices.forget_old(session, job.clock())
        contacts.forget_unconfirmed(session, job.clock())
    empty_journal(office.engine)
    with writing(office.engine) as session:
        job.finish(session)


def _forget_reports(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        forget_reports(session, job.clock())
        job.finish(session)


def _turn_hearings(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        turn_phases(session, job.clock())
        job.finish(session)


def _forget_fraud(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        marks.forget_old(session, job.clock())
        work.forget_work(session, job.clock())
        job.finish(session)


def _count_areas(desk: Desk, job: Job) -> None:
    signatures.take_due_areas(desk)
    with writing(desk.engine) as session:
        signatures.forget_old(session, job.clock())
        job.finish(session)


def _forget_signers(desk: Desk, job: Job) -> None:
    telling.forget_addresses(desk)
    with writing(desk.engine) as session:
        job.finish(session)


def _check_signatures(desk: Desk, job: Job) -> None:
    signatures.reconcile(desk)
    with writing(desk.engine) as session:
        job.finish(session)


def _forget_jobs(office: Office, job: Job) -> None:
    with writing(office.engine) as session:
        jobs.forget(session, job.clock())
        job.finish(session)
