"""`psephos mail …`: try the mail server, see what became of mails, hear what came back."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from cli.output import UnusableInput, say
from cli.site import site
from mail.address import parse_address
from mail.bounces import Heard, hear, read_report, reports_in, reports_in_maildir, seen
from mail.message import Letter
from mail.outbox import MailState, needing_a_person, new_token, overview, resend
from mail.server import MailServer
from mail.smtp import NotSent, OutcomeUnknown, hand_over
from mail.words import Voice, test_mail
from storage.session import reading, writing
from web.settings import Settings

mail = typer.Typer(
    name="mail",
    help="Try the mail server, see and resend mails, read bounces.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@mail.command()
def test(address: Annotated[str, typer.Argument(help="Where the test mail goes.")]) -> None:
    """Send a test mail through the mail server of the settings, and say what it answered."""
    with site() as (settings, _):
        server = _server(settings)
        words = test_mail(Voice("en", settings.authority.en, settings.help_line), site=settings.base_url)
        letter = Letter(f"{new_token()}.1", parse_address(address), "en", words.subject, words.text)
        try:
            with hand_over(server, letter, datetime.now(UTC)) as handed:
                handed.end()
        except (NotSent, OutcomeUnknown) as error:
            raise UnusableInput(f"{server.host}, port {server.port}: {error.reason}") from error
        say(f"{server.host} accepted the mail. Look into the mailbox, also among spam.")


@mail.command()
def state() -> None:
    """How many mails are in which state, by kind and subject; and the newest ones that did not arrive."""
    with site() as (_, engine):
        with reading(engine) as session:
            found, troubled = overview(session), needing_a_person(session)
        for each in found:
            counts = ", ".join(f"{each.counts[state]} {state}" for state in MailState if each.counts[state])
            say(f"{each.kind}  {each.subject_key}  {counts}")
        for mail in troubled:
            say(f"{mail.id}  {mail.key}  {mail.state}  {mail.changed_at:%Y-%m-%d %H:%M} UTC  {mail.reason}")
        if not found:
            say("The outbox is empty.")


@mail.command("resend")
def send_again(
    number: Annotated[int, typer.Argument(help="Number of the mail, as the delivery page shows it.")],
    to: Annotated[str | None, typer.Option(help="Another address, when the first was wrong.")] = None,
) -> None:
    """Send a mail once more."""
    with site() as (_, engine):
        with writing(engine) as session:
            resend(session, number, now=datetime.now(UTC), to=to)
        say(f"Mail {number} is queued again.")


@mail.command()
def bounces(
    source: Annotated[
        str, typer.Argument(help="A mail or mailbox file, a Maildir, or - for standard input.")
    ] = "-",
) -> None:
    """Read what mail servers returned, and mark the mails that did not arrive.

    For a mail server that pipes each mail into this command, or for a mailbox that is read from time to time.
    """
    with site() as (_, engine):
        heard = _hear_all(engine, source)
        say(
            f"{heard[Heard.BOUNCED]} bounced, {heard[Heard.SENT]} arrived after all, "
            f"{heard[Heard.NOTHING]} nothing new, {heard[Heard.UNKNOWN_MAIL]} about no mail of ours, "
            f"{heard[Heard.NO_REPORT]} no delivery reports."
        )


def _hear_all(engine: Engine, source: str) -> Counter[Heard]:
    def one(data: bytes) -> Heard:
        report = read_report(data)
        with writing(engine) as session:
            return hear(session, report, datetime.now(UTC))

    try:
        if source == "-":
            return Counter(one(data) for data in reports_in(sys.stdin.buffer))
        path = Path(source)
        if not path.is_dir():
            with path.open("rb") as file:
                return Counter(one(data) for data in reports_in(file))
        heard = Counter[Heard]()
        for new, data in reports_in_maildir(path):
            heard[one(data)] += 1
            seen(new)
    except OSError as error:
        raise UnusableInput(f"{source} cannot be read: {error.strerror}.") from error
    return heard


def _server(settings: Settings) -> MailServer:
    if settings.mail_server is None:
        raise UnusableInput("This site sends no mail. Set PSEPHOS_SMTP_URL and PSEPHOS_MAIL_FROM.")
    return settings.mail_server
