"""Delivery reports: understood when they are about a mail of ours, and harmless whatever else they are."""

import io
import os
import time
from pathlib import Path

import pytest

from mail.bounces import (
    REPORT_BYTES_MAX,
    Action,
    Heard,
    Report,
    hear,
    read_report,
    reports_in,
    reports_in_maildir,
    seen,
)
from mail.outbox import MailState, new_token, resend
from storage.session import writing
from tests.mail.outbox_hands import Outbox
from tests.support.mail_servers import Post

TOKEN = "a2b3c4d5e6f7a2b3c4d5e6f7a2"

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: bounces@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/mx"

--B/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.net.

--B/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
{envelope}Arrival-Date: Sun, 29 Nov 2026 12:00:00 +0000

Final-Recipient: rfc822; lan@example.net
Original-Recipient: rfc822;lan@example.net
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; 550 5.1.1 <lan@example.net>: Recipient address
    rejected: User unknown

--B/mx
Content-Description: Undelivered Message
Content-Type: {returned}

From: =?utf-8?q?Ph=C6=B0=E1=BB=9Dng?= <vote@example.org>
To: lan@example.net
Subject: Hello
Message-ID: <{label}@example.org>

--B/mx--
"""


def postfix(
    label: str = f"{TOKEN}.1",
    action: str = "failed",
    status: str = "5.1.1",
    returned: str = "message/rfc822",
    envelope: str = "",
) -> bytes:
    text = POSTFIX.format(label=label, action=action, status=status, returned=returned, envelope=envelope)
    return text.encode()


REASON = "5.1.1 550 5.1.1 <(address)>: Recipient address rejected: User unknown"
FAILED = Report(TOKEN, 1, Action.FAILED, REASON)


@pytest.mark.parametrize(
    "data",
    [
        postfix(),
        postfix(returned="text/rfc822-headers"),
        postfix(label="nobody", envelope=f"Original-Envelope-Id: {TOKEN}.1\n"),
        postfix(label="nobody", returned="text/plain").replace(
            b"bounces@example.org", f"bounces+{TOKEN}.1@example.org".encode()
        ),
        postfix(label=f"{TOKEN.upper()}.1"),
        postfix(action="Failed "),
        postfix().replace(b"\n", b"\r\n"),
    ],
    ids=["message", "headers", "envelope-id", "verp", "folded-case", "folded-action", "crlf"],
)
def test_the_mail_is_found_by_each_trace_of_its_label(data: bytes) -> None:
    assert read_report(data) == FAILED


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_other_actions(action: str) -> None:
    report = read_report(postfix(action=action, status="4.4.1"))
    assert report is not None
    assert report.action == action


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe" * 100,
        b"Subject: out of office\n\nI am away.\n",
        postfix(action="exploded"),
        postfix(label="nobody"),
        postfix(label=f"{TOKEN}"),
        postfix(label=f"{TOKEN}.0"),
        postfix(label=f"x{TOKEN}.1"),
        postfix(label=f"{TOKEN}.1234567"),
        postfix().replace(b"message/delivery-status", b"text/plain"),
        postfix().replace(b"multipart/report", b"multipart/mixed"),
        postfix()[:900],
        postfix() + b"x" * REPORT_BYTES_MAX,
        postfix().replace(b"Action: failed\n", b""),
    ],
    ids=lambda data: f"{len(data)}-bytes",
)
def test_whatever_is_no_report_about_our_mails(data: bytes) -> None:
    assert read_report(data) is None


def nested(depth: int) -> bytes:
    """Parts within parts within parts."""
    head = "".join(f'Content-Type: multipart/report; boundary="{n}"\n\n--{n}\n' for n in range(depth))
    return head.encode()


@pytest.mark.parametrize(
    "data",
    [
        nested(6000),
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 40_000,
        b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 900,
        b"X: y\n" * 50_000,
        b"Content-Type: " + b";a=b" * 60_000,
        b"Content-Type: multipart/report; boundary*0*=utf-8''%ff; boundary*1=x\n\n--x\n",
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
        + b"Action: failed\n\n" * 15_000
        + b"--b--\n",
        postfix().replace(b"Message-ID:", b"Message-ID: =?utf-8?b?" + b"A" * 200_000 + b"?=\n"),
        postfix().replace(b"charset=us-ascii", b"charset=no-such"),
        b"Received: " + b"(" * 200_000,
    ],
    ids=lambda data: f"{len(data)}-bytes",
)
def test_hostile_reports_cost_little(data: bytes) -> None:
    begun = time.process_time()
    read_report(data)
    assert time.process_time() - begun < 2


def test_a_bounce_changes_what_was_sent(outbox: Outbox, post: Post) -> None:
    outbox.queue()
    outbox.send(post.server())
    report = Report(outbox.row().token, 1, Action.FAILED, REASON)
    with writing(outbox.engine) as session:
        assert hear(session, report, outbox.now) is Heard.BOUNCED
        assert hear(session, report, outbox.now) is Heard.NOTHING  # heard twice
    row = outbox.row()
    assert (row.state, row.reason) == (MailState.BOUNCED, REASON)


def test_what_is_not_about_this_sending_changes_nothing(outbox: Outbox, post: Post) -> None:
    outbox.queue("queued")
    token = outbox.row().token
    with writing(outbox.engine) as session:
        for report, heard in (
            (None, Heard.NO_REPORT),
            (Report(new_token(), 1, Action.FAILED, "x"), Heard.UNKNOWN_MAIL),
            (Report(token, 1, Action.FAILED, "not even sent"), Heard.NOTHING),
        ):
            assert hear(session, report, outbox.now) is heard
    assert outbox.state() is MailState.QUEUED
    outbox.send(post.server())
    with writing(outbox.engine) as session:
        assert hear(session, Report(token, 1, Action.DELAYED, "x"), outbox.now) is Heard.NOTHING
        assert hear(session, Report(token, 2, Action.FAILED, "x"), outbox.now) is Heard.NOTHING
        assert hear(session, Report(token, 1, Action.DELIVERED, "x"), outbox.now) is Heard.NOTHING
    assert outbox.state() is MailState.SENT
    with writing(outbox.engine) as session:
        resend(session, 1, now=outbox.now)
    outbox.send(post.server())
    with writing(outbox.engine) as session:
        assert hear(session, Report(token, 1, Action.FAILED, "the first one"), outbox.now) is Heard.NOTHING
        assert outbox.state() is MailState.SENT
        assert hear(session, Report(token, 2, Action.FAILED, "the second"), outbox.now) is Heard.BOUNCED


def test_a_report_settles_what_was_unknown(outbox: Outbox, post: Post) -> None:
    post.how.hang_up = "after-accepting"
    for key in ("one", "two"):
        outbox.queue(key)
    outbox.send(post.server())
    assert [outbox.state(1), outbox.state(2)] == [MailState.UNKNOWN] * 2
    with writing(outbox.engine) as session:
        assert hear(session, Report(outbox.row(1).token, 1, Action.RELAYED, "x"), outbox.now) is Heard.SENT
        assert hear(session, Report(outbox.row(2).token, 1, Action.FAILED, "x"), outbox.now) is Heard.BOUNCED
    assert [outbox.state(1), outbox.state(2)] == [MailState.SENT, MailState.BOUNCED]


def test_a_file_is_one_mail_or_a_mailbox() -> None:
    one = postfix()
    assert list(reports_in(io.BytesIO(one))) == [one]
    mailbox = b"".join(
        b"From MAILER-DAEMON Sun Nov 29\n" + each + b"\n" for each in (one, b"Subject: x\n\n>From me\n", one)
    )
    assert [read_report(each) for each in reports_in(io.BytesIO(mailbox))] == [FAILED, None, FAILED]
    assert list(reports_in(io.BytesIO(b""))) == []


def test_a_huge_mail_in_a_mailbox_is_cut_and_the_next_one_read() -> None:
    huge = b"Subject: x\n\n" + b"x" * 5_000_000 + b"\n" + b"y\n" * 500_000 + b"\n"
    mailbox = b"From a\n" + huge + b"From b\n" + postfix()
    first, second = reports_in(io.BytesIO(mailbox))
    assert len(first) <= 2 * REPORT_BYTES_MAX + 1
    assert (read_report(first), read_report(second)) == (None, FAILED)


def test_a_maildir_is_read_once(tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "1.mx").write_bytes(postfix())
    (tmp_path / "new" / "2.mx").write_bytes(b"x" * 10 * REPORT_BYTES_MAX)
    (tmp_path / "new" / "3.mx").mkdir()
    os.symlink("/etc/passwd", tmp_path / "new" / "4.mx")
    (tmp_path / "cur" / "0.mx:2,S").write_bytes(postfix())
    found = list(reports_in_maildir(tmp_path))
    assert [read_report(data) for _, data in found] == [FAILED, None]
    for path, _ in found:
        seen(path)
    assert list(reports_in_maildir(tmp_path)) == []
    assert (tmp_path / "cur" / "1.mx:2,S").read_bytes() == postfix()
