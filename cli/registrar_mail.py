"""`psephos registrar send` and `bounces`: voting codes by e-mail, each with a state in a local file.

The outbox holds the text of a mail until its outcome is known, so only as many are written into it as are sent within a
minute: at no time do more codes than that stand in it unsealed.
"""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
from sqlalchemy import Engine, event

from cli.output import UnusableInput, say, stderr, verdict_errors
from cli.registrar_files import (
    REFUSALS,
    Codes,
    FreezeFiles,
    Frozen,
    HelpLine,
    PassphraseFile,
    Site,
    frozen_terms,
    open_codes,
    require_help_line,
    site_of,
)
from cli.registrar_letters import language_of, mail_of, require_fits, say_who_replaces
from crypto.display_code import alias
from mail.bounces import Heard, hear, read_report, reports_in
from mail.errors import MailError
from mail.outbox import Mail, MailState, delivery, queue_mail, states
from mail.sending import send_due
from mail.server import MailServer, read_mail_server
from protocol.terms import ElectionTerms
from storage.engine import make_engine
from storage.errors import StorageError
from storage.jobs import LEASE
from storage.migrate import migrate
from storage.session import reading, writing
from voting.code_book import BookLine

KIND: Final = "voting-code"
SMTP_VARIABLE: Final = "PSEPHOS_SMTP_URL"
FROM_VARIABLE: Final = "PSEPHOS_MAIL_FROM"
_SENDINGS_MAX: Final = 100
_NEEDS_A_PERSON: Final = (MailState.REFUSED, MailState.BOUNCED, MailState.UNKNOWN)

OutboxOption = Annotated[
    Path, typer.Option(help="File with the state of each mail; made when it is not there.")
]


def send(
    frozen: Frozen,
    codes: Codes,
    outbox: OutboxOption,
    help_line: HelpLine,
    freeze: FreezeFiles = None,
    site: Site = None,
    per_minute: Annotated[int, typer.Option(min=1, max=6000, help="Mails in a minute at most.")] = 60,
    again: Annotated[
        str | None, typer.Option(help="Send to this one voter once more: the name as it stands in the list.")
    ] = None,
    identity: Annotated[str, typer.Option(help="With --again, where two voters have one name.")] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Send the codes of all voters who have an e-mail address. Stopped or killed, it goes on where it was.

    The mail server is named by PSEPHOS_SMTP_URL and PSEPHOS_MAIL_FROM, as for the server.
    """
    with verdict_errors(False, *REFUSALS, MailError, StorageError):
        terms, roll_body = frozen_terms(frozen, freeze)
        address = site_of(terms, site)
        require_help_line(help_line)
        server = read_mail_server(_setting(SMTP_VARIABLE), _setting(FROM_VARIABLE), per_minute=per_minute)
        book = open_codes(codes, passphrase_file).book
        require_fits(book, terms, roll_body)
        if again is None:
            lines = [line for line in book.lines if line.email]
        else:
            lines = [book.lines[book.find(again, identity)]]
            if not lines[0].email:
                raise UnusableInput("This voter has no e-mail address in the list. Print a letter instead.")
        say_who_replaces(terms)
        engine = open_outbox(outbox)
        try:
            with _interruptible() as stop:
                all_went = _Sending(engine, server, terms, address, help_line, stop).send(
                    lines, again is not None
                )
        finally:
            engine.dispose()
        for line in delivery_lines(outbox, book.election):
            say(line)
        if not all_went:
            stderr().print("Not all mails went. The same command goes on.", soft_wrap=True)
            raise typer.Exit(1)


class _Sending:
    """Queues a minute's worth of mails and sends them, until all are sent."""

    def __init__(
        self,
        engine: Engine,
        server: MailServer,
        terms: ElectionTerms,
        site: str,
        help_line: str,
        stop: threading.Event,
    ) -> None:
        self._engine, self._server, self._stop = engine, server, stop
        self._terms, self._site, self._help_line = terms, site, help_line

    def send(self, lines: Sequence[BookLine], again: bool) -> bool:
        """Whether everything went out or has an outcome."""
        # What an earlier run had queued is finished first.
        all_went = self._send_queued()
        waiting = [(line, key) for line in lines if (key := self._key(line, again)) is not None]
        for start in range(0, len(waiting), self._server.per_minute):
            if self._stop.is_set() or not all_went:
                return False
            with writing(self._engine) as session:
                for line, key in waiting[start : start + self._server.per_minute]:
                    queue_mail(session, self._mail(line), key=key, now=datetime.now(UTC))
            all_went = self._send_queued()
        return all_went

    def _send_queued(self) -> bool:
        # A process that was killed holds the job of its last mail for as long as a lease.
        patience = LEASE + timedelta(minutes=1)
        return send_due(self._engine, self._server, lambda: datetime.now(UTC), self._stop, patience)

    def _key(self, line: BookLine, again: bool) -> str | None:
        """Under which the mail is queued: a second run finds it. None when there is nothing to send."""
        name = f"{self._terms.election}/{alias(line.public_key(self._terms.election))}"
        with reading(self._engine) as session:
            for number in range(1, _SENDINGS_MAX + 1):
                earlier = delivery(session, f"{name}/{number}")
                if earlier is None:
                    return f"{name}/{number}" if number == 1 or again else None
        raise UnusableInput("This mail was sent too often. Ask the voter what is wrong with the address.")

    def _mail(self, line: BookLine) -> Mail:
        words = mail_of(self._terms, self._site, self._help_line, line)
        return Mail(
            line.email,
            language_of(line),
            words.subject,
            words.text,
            KIND,
            self._terms.election,
            secret=True,
        )


def bounces(
    mailbox: Annotated[Path, typer.Argument(help="Mailbox file (mbox) with the reports that came back.")],
    outbox: OutboxOption,
) -> None:
    """Take in what came back: mails that the voter's mail server could not deliver."""
    with verdict_errors(False, *REFUSALS, StorageError):
        if not outbox.exists():
            raise UnusableInput(f"{outbox} is not there.")
        engine = open_outbox(outbox)
        heard = dict.fromkeys(Heard, 0)
        try:
            with mailbox.open("rb") as file:
                for report in reports_in(file):
                    with writing(engine) as session:
                        heard[hear(session, read_report(report), datetime.now(UTC))] += 1
        except OSError as error:
            raise UnusableInput(f"{mailbox} cannot be read: {error.strerror}.") from error
        finally:
            engine.dispose()
        say(f"{heard[Heard.BOUNCED]} mails came back.")


def open_outbox(path: Path) -> Engine:
    """The local file, readable for its owner alone, in which deleted texts are overwritten."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise UnusableInput(f"{path} cannot be written: {error.strerror}.") from error
    engine = make_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def overwrite_what_is_deleted(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA secure_delete = ON").close()

    migrate(engine)
    return engine


def delivery_lines(outbox: Path, election: str) -> list[str]:
    """What became of the mails, and of which ones a person has to think. Names no voter: an address tells who it is."""
    if not outbox.exists():
        raise UnusableInput(f"{outbox} is not there.")
    engine = open_outbox(outbox)
    try:
        with reading(engine) as session:
            found = states(session, KIND, election, limit=1000)
    finally:
        engine.dispose()
    counts = ", ".join(f"{found.counts[each]} {each}" for each in MailState if found.counts[each])
    lines = [f"Mails: {counts or 'none'}"]
    lines += [
        f"  {each.state}: {each.to} {each.reason}" for each in found.rows if each.state in _NEEDS_A_PERSON
    ]
    return lines


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise UnusableInput(f"{name} is not set. It says which mail server takes the mails.")
    return value


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C and a polite kill end the sending after the mail that is under way."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
