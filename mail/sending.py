"""Sending the mails of the outbox: a job for each, at most once where nobody can know, again where it is safe.

1. Under the job's lease: is the mail still to be sent, and does the rate allow it? Written down, with the time.
2. The conversation with the mail server, up to the dot that ends the text. Whatever breaks so far was not sent.
3. `sending` is written down, then the dot goes out, then the answer is written down together with the job's end.

A worker that is killed between the two writings of 3 leaves the state `sending`. Whoever takes the job next makes that
`unknown` and does not send again: a second copy of a voting code or a notice "a ballot was cast" frightens more than a
mail that a person sends again by a button. Before 3 nothing was accepted, so it is sent again without asking.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from mail.message import Letter
from mail.models import OutboxMail
from mail.outbox import CRASHED, SEND, SEND_URGENT, TOO_LATE, Attachment, MailState
from mail.server import MailServer
from mail.smtp import NotSent, OutcomeUnknown, RefusedForGood, ServerTrouble, TryAgain, hand_over
from storage.errors import LeaseLost
from storage.jobs import Handler, Job, Later, backoff, pause, system_jitter, work_left
from storage.session import reading, writing
from storage.statements import rows_changed
from storage.worker import Worker

GIVEN_UP_AFTER: Final = timedelta(days=2)
"""For how long temporary refusals are answered by trying again (RFC 5321, 4.5.4.1, wants days)."""
TROUBLE_PAUSE: Final = timedelta(minutes=1)
"""For how long nothing is sent when the mail server itself is in trouble."""

MINUTE: Final = timedelta(minutes=1)
TENTH: Final = timedelta(seconds=6)
"""A batch spreads over the minute, so that the place of an urgent mail is never more than seconds away."""


_PACE_LOCK: Final = 0x70_73_65_70_6D_61_69_6C
"""Key of the PostgreSQL advisory lock under which the rate is counted ("psepmail")."""

log = logging.getLogger("psephos.mail")


def handlers(engine: Engine, server: MailServer) -> dict[str, Handler]:
    """The handlers of the outbox's jobs, for a `storage.worker.Worker`."""
    sender = _Sender(engine, server)
    return {SEND: sender.send, SEND_URGENT: sender.send}


def send_due(
    engine: Engine,
    server: MailServer,
    clock: Callable[[], datetime],
    stop: threading.Event,
    patience: timedelta = 2 * TROUBLE_PAUSE,
) -> bool:
    """Send everything that can be sent now, at the allowed rate, as a program of its own does. Gives whether all went.

    Ends when `stop` is set, when no mail waits, or when nothing was sent for as long as `patience`: what then still
    waits was refused for the moment and is sent by a later call.
    """
    worker = Worker(engine, handlers(engine, server), clock)
    left, last = _unsettled(engine), clock()
    while not stop.is_set():
        busy = worker.run_once()
        before, left = left, _unsettled(engine)
        if left != before:
            last = clock()
        with reading(engine) as session:
            if not work_left(session, (SEND, SEND_URGENT)):
                return True
        if clock() - last > patience:
            return False
        if not busy:
            stop.wait(0.2)
    return False


def _unsettled(engine: Engine) -> int:
    """How many mails have no outcome yet."""
    with reading(engine) as session:
        on_their_way = OutboxMail.state.in_((MailState.QUEUED, MailState.SENDING))
        return session.scalar(select(func.count()).where(on_their_way)) or 0


@dataclass(frozen=True)
class _Ready:
    """A mail that may be sent now."""

    id: int
    sending: int
    attempts: int
    letter: Letter
    secret: bool


class _Sender:
    def __init__(self, engine: Engine, server: MailServer) -> None:
        self._engine = engine
        self._server = server

    def send(self, job: Job) -> None:
        """One mail's job. Returns when its outcome is written down; raises Later when it has none yet."""
        with writing(self._engine) as session:
            job.require(session)
            ready = self._prepare(session, job)
        if isinstance(ready, Later):
            raise ready
        if ready is None:
            return
        try:
            with hand_over(self._server, ready.letter, job.clock()) as handed:
                with writing(self._engine) as session:
                    job.require(session)
                    if not _set(session, ready, job.clock(), MailState.SENDING):
                        raise Later(0)  # it has an outcome by now; the next look ends the job
                handed.end()
                self._conclude(job, ready, MailState.SENT, None)
        except RefusedForGood as refused:
            self._conclude(job, ready, MailState.REFUSED, refused.reason)
        except OutcomeUnknown as unknown:
            self._conclude(job, ready, MailState.UNKNOWN, unknown.reason)
        except (TryAgain, ServerTrouble) as trouble:
            self._put_off(job, ready, trouble)

    def _prepare(self, session: Session, job: Job) -> _Ready | Later | None:
        """The mail, noted as being attempted; None when its job is finished with that, Later when it has to wait."""
        now = job.clock()
        row = session.scalar(select(OutboxMail).where(OutboxMail.id == job.payload["mail"]).with_for_update())
        state = None
        if row is None or row.sending != job.payload["sending"]:
            pass  # a person had it sent anew, under another job
        elif row.state == MailState.SENDING:
            state, reason = MailState.UNKNOWN, CRASHED
        elif (
            row.state != MailState.QUEUED or row.recipient is None or row.subject is None or row.text is None
        ):
            pass  # its outcome is known
        elif row.expires_at is not None and row.expires_at <= now:
            state, reason = MailState.REFUSED, TOO_LATE
        elif now - row.queued_at > GIVEN_UP_AFTER:
            state, reason = (
                MailState.REFUSED,
                f"Given up after {GIVEN_UP_AFTER.days} days. {row.reason or ''}",
            )
        else:
            free_at = next_place(session, self._server.per_minute, row.urgent, now)
            if free_at > now:
                pause(session, job.kind, free_at)
                return Later(0)
            row.attempts += 1
            row.attempted_at = now
            return _ready(row)
        if row is not None and state is not None:
            row.state, row.reason, row.changed_at = state, reason.strip(), now
            if row.secret:
                row.text = row.subject = row.attachment = None
        job.finish(session)
        return None

    def _conclude(self, job: Job, mail: _Ready, state: MailState, reason: str | None) -> None:
        now = job.clock()
        try:
            with writing(self._engine) as session:
                job.finish(session)
                _set(session, mail, now, state, reason)
        except LeaseLost:
            # Too slow: another worker may have called it unknown. What the mail server answered is still the truth.
            with writing(self._engine) as session:
                _set(session, mail, now, state, reason)
            raise

    def _put_off(self, job: Job, mail: _Ready, trouble: NotSent) -> None:
        now = job.clock()
        with writing(self._engine) as session:
            job.require(session)
            _set(session, mail, now, MailState.QUEUED, trouble.reason)
            if isinstance(trouble, ServerTrouble):
                log.error("No mail can be sent: %s", trouble.reason)
                for kind in (SEND, SEND_URGENT):
                    pause(session, kind, now + TROUBLE_PAUSE)
        if isinstance(trouble, ServerTrouble):
            raise Later(0)
        # Never within the same minute: the rate counts the last conversation about each mail.
        raise Later(max(MINUTE, backoff(mail.attempts + 2, system_jitter())).total_seconds())


def _ready(row: OutboxMail) -> _Ready:
    file = None
    if row.attachment_name and row.attachment_type and row.attachment is not None:
        file = Attachment(row.attachment_name, row.attachment_type, row.attachment)
    letter = Letter(
        f"{row.token}.{row.sending}",
        row.recipient or "",
        row.language,
        row.subject or "",
        row.text or "",
        file,
        row.stop_link or "",
    )
    return _Ready(row.id, row.sending, row.attempts, letter, row.secret)


def _set(session: Session, mail: _Ready, now: datetime, state: MailState, reason: str | None = None) -> bool:
    """Write down a state that was observed, unless there are later news: a resend, a bounce, an outcome."""
    before = [MailState.QUEUED]
    if state is not MailState.SENDING:
        before += [MailState.SENDING, MailState.UNKNOWN]
    values: dict[str, object] = {"state": state.value, "reason": reason, "changed_at": now}
    if mail.secret and state not in (MailState.QUEUED, MailState.SENDING):
        values |= {"text": None, "subject": None, "attachment": None}
    which = (OutboxMail.id == mail.id) & (OutboxMail.sending == mail.sending) & OutboxMail.state.in_(before)
    return rows_changed(session, update(OutboxMail).where(which).values(values)) == 1


def next_place(session: Session, per_minute: int, urgent: bool, now: datetime) -> datetime:
    """When the next mail may be handed over: now, or later. Holds a lock until the transaction ends.

    In no minute more than `per_minute` mails are handed over, by whatever number of workers. A batch leaves a fifth of
    them to urgent mails, and spreads over the minute.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PACE_LOCK})
    limits: Mapping[timedelta, int] = {MINUTE: per_minute}
    if not urgent:
        batch = max(1, per_minute * 4 // 5)
        limits = {MINUTE: batch, TENTH: -(-batch // 10)}
    free_at = now
    for window, limit in limits.items():
        recent = (
            select(OutboxMail.attempted_at)
            .where(OutboxMail.attempted_at > now - window)
            .order_by(OutboxMail.attempted_at.desc())
            .limit(limit)
        ).subquery()
        full, oldest = session.execute(
            select(func.count(), func.min(recent.c.attempted_at)).select_from(recent)
        ).one()
        if full >= limit:
            free_at = max(free_at, oldest + window)
    return free_at
