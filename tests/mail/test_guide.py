"""docs/guides/mail.md says what is true: states, settings, commands, periods."""

import re

import typer.main

from cli.main import program
from mail.outbox import ADDRESS_KEPT, TEXT_KEPT, MailState
from mail.sending import GIVEN_UP_AFTER
from storage.jobs import FAILURES_MAX, LEASE
from tests.support.repository import ROOT
from web.mail_settings import VARIABLES

GUIDE = (ROOT / "docs/guides/mail.md").read_text(encoding="utf-8")


def test_every_state_is_explained() -> None:
    assert re.findall(r"^\| ([a-z]+) \|", GUIDE, flags=re.MULTILINE)[1:] == [
        MailState.QUEUED,
        MailState.SENDING,
        MailState.SENT,
        MailState.REFUSED,
        MailState.BOUNCED,
        MailState.UNKNOWN,
    ]


def test_every_setting_is_named() -> None:
    assert set(re.findall(r"PSEPHOS_(?:SMTP|MAIL)_[A-Z_]+", GUIDE)) == set(VARIABLES)


def test_every_command_exists() -> None:
    commands = typer.main.get_command(program("mail", "worker"))
    context = commands.make_context("psephos", ["mail", "state"])
    for group, verb in re.findall(r"psephos (mail|worker) ([a-z]+)", GUIDE):
        parent = commands.get_command(context, group)  # type: ignore[attr-defined]
        assert parent.get_command(context, verb) is not None, f"{group} {verb}"


def test_its_periods_are_those_of_the_code() -> None:
    assert (TEXT_KEPT.days, ADDRESS_KEPT.days, GIVEN_UP_AFTER.days) == (7, 30, 2)
    assert (FAILURES_MAX, LEASE.total_seconds()) == (10, 300)
    for words in ("seven days", "after thirty", "two days", "ten times", "five minutes"):
        assert words in GUIDE
