"""`psephos registrar send`: every code arrives once, whatever happens to the process and the mail server."""

import re
import signal
import sqlite3
import stat
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mail.outbox import MailState
from tests.cli.desk import DONE, PASSPHRASE, Desk, clean_environment, draft, prepare
from tests.support.mail_servers import Post, mail_server
from tests.support.stretching import CHEAP_PSEPHOS
from voting.code_book import open_book

VOTERS = 12
PASS = ("--passphrase-file", "passphrase")
SEND = (
    *("registrar", "send", "frozen", "--codes", "codes.sealed", "--outbox", "mails.sqlite"),
    *("--help-line", "0236 3333 000", "--per-minute", "6000", *PASS),
)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A frozen election whose voters have e-mail addresses, but for the last."""
    desk = Desk(tmp_path_factory.mktemp("frozen"))
    desk.write("passphrase", PASSPHRASE + "\n")
    shown = desk.do("registrar", "identity", "--name", "Registrar", "--out", "registrar.key", *PASS)
    key = shown.split('registrar_key = "')[1].split('"')[0]
    draft(desk, 1, registrar_key=f'"{key}"')
    lines = [
        f"Cử tri {number},north,v{number}@example.org,{'en' if number == 1 else ''}"
        for number in range(VOTERS)
    ]
    prepare(desk, "\n".join(["voter,area,email,language", *lines, "Không thư,south,,"]) + "\n")
    desk.do("election", "freeze", "terms", "freeze-1")
    desk.do("election", "bundle", desk.election, "--out", "frozen")
    return desk


@pytest.fixture
def desk(frozen: Desk, tmp_path: Path) -> Desk:
    return frozen.copy(tmp_path)


@pytest.fixture
def post() -> Iterator[Post]:
    with mail_server() as running:
        yield running


def settings(post: Post) -> dict[str, str]:
    return {
        "PSEPHOS_SMTP_URL": f"smtp+plain://localhost:{post.port}",
        "PSEPHOS_MAIL_FROM": "Phường Thử <vote@example.org>",
    }


def codes(desk: Desk) -> dict[str, str]:
    """Address → code in force."""
    book = open_book((desk.folder / "codes.sealed").read_bytes(), PASSPHRASE)
    return {line.email: line.code.written for line in book.lines if line.email}


def texts(post: Post) -> dict[str, str]:
    """Address → text of the last mail to it."""
    found = {}
    for taken in post.taken:
        body = taken.message.get_body()
        assert body is not None
        found[taken.recipients[0]] = body.get_content().replace("\r\n", "\n")
    return found


def everything_on_disk(desk: Desk) -> bytes:
    """The outbox with its log, byte by byte."""
    return b"".join(path.read_bytes() for path in sorted(desk.folder.glob("mails.sqlite*")))


def test_each_voter_gets_the_own_code_once(desk: Desk, post: Post) -> None:
    ended = desk(*SEND, **settings(post))
    assert ended.code == DONE, ended
    assert f"Mails: {VOTERS} sent" in ended.out
    found = texts(post)
    assert found.keys() == codes(desk).keys()
    for address, code in codes(desk).items():
        assert code in found[address]
        assert sum(code in text for text in found.values()) == 1
    english, vietnamese = found["v1@example.org"], found["v0@example.org"]
    assert "Which lane first?" in english
    assert "Ngõ nào trước?" in vietnamese
    assert "#code" not in english + vietnamese  # no link that holds a code
    for text in (english, vietnamese):
        assert all(len(line) <= 72 or line.startswith("  ") for line in text.splitlines())
        assert re.search(r"^  [0-9A-Z]{5}(-[0-9A-Z]{5}){4}$", text, re.MULTILINE)
        assert "0236 3333 000" in text
    # Sent again, nothing goes out. Nothing that opens a ballot stays behind unsealed.
    assert desk(*SEND, **settings(post)).code == DONE
    assert len(post.taken) == VOTERS
    assert stat.S_IMODE((desk.folder / "mails.sqlite").stat().st_mode) == 0o600
    left = everything_on_disk(desk)
    assert b"v0@example.org" in left  # control: this is where the outbox is
    assert not any(code.encode() in left for code in codes(desk).values())
    assert not any(code in ended.out + ended.err for code in codes(desk).values())


def test_a_killed_sender_goes_on_and_sends_nothing_twice(desk: Desk, post: Post) -> None:
    post.how.pause_seconds = 0.3
    process = subprocess.Popen(
        [*CHEAP_PSEPHOS, *SEND],
        cwd=desk.folder,
        env=clean_environment(**settings(post)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(post.taken) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= len(post.taken) < VOTERS
    post.how.pause_seconds = 0.0
    time.sleep(0.5)  # for a mail whose dot the server had heard
    _leases_run_out(desk)
    ended = desk(*SEND, **settings(post))
    copies = Counter(taken.recipients[0] for taken in post.taken)
    assert set(copies.values()) == {1}
    # All arrived; of the one that was under way nobody can know, so a person is told.
    assert len(copies) in {VOTERS, VOTERS - 1}
    counts = {state: int(number) for number, state in re.findall(r"(\d+) (sent|unknown)", ended.out)}
    assert sum(counts.values()) == VOTERS
    assert counts.get("unknown", 0) <= 1
    assert len(copies) == VOTERS or counts["unknown"] == 1


def _leases_run_out(desk: Desk) -> None:
    """Five minutes pass for the job that the killed process held."""
    connection = sqlite3.connect(desk.folder / "mails.sqlite")
    try:
        connection.execute("UPDATE storage_job SET lease_until = NULL WHERE lease_until IS NOT NULL")
        connection.commit()
    finally:
        connection.close()


def test_ctrl_c_ends_after_the_mail_that_is_under_way(desk: Desk, post: Post) -> None:
    post.how.pause_seconds = 0.3
    process = subprocess.Popen(
        [*CHEAP_PSEPHOS, *SEND],
        cwd=desk.folder,
        env=clean_environment(**settings(post)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while len(post.taken) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The same command goes on." in errors
    assert len(post.taken) < VOTERS
    post.how.pause_seconds = 0.0
    assert desk(*SEND, **settings(post)).code == DONE
    assert Counter(taken.recipients[0] for taken in post.taken) == dict.fromkeys(codes(desk), 1)


def test_a_refused_address_is_named_and_can_be_sent_to_again(desk: Desk, post: Post) -> None:
    post.how.rcpt = "550 5.1.1 No such mailbox"
    ended = desk(*SEND, **settings(post))
    assert f"{VOTERS} refused" in ended.out
    assert "refused: v3@example.org" in ended.out
    post.how.rcpt = None
    assert "Mails: 12 sent" not in desk(*SEND, **settings(post)).out
    assert not post.taken  # a person decides about what was refused
    again = desk(*SEND, "--again", "cử tri 3", **settings(post))
    assert again.code == DONE
    assert [taken.recipients for taken in post.taken] == [("v3@example.org",)]
    assert codes(desk)["v3@example.org"] in texts(post)["v3@example.org"]
    shown = desk.do("registrar", "state", "--codes", "codes.sealed", "--outbox", "mails.sqlite", *PASS)
    assert f"Mails: 1 sent, {VOTERS} refused" in shown
    assert "has no e-mail address" in desk.refused(*SEND, "--again", "Không thư", **settings(post))


def test_a_replaced_code_goes_out_as_a_new_mail(desk: Desk, post: Post) -> None:
    desk(*SEND, **settings(post))
    before = codes(desk)["v2@example.org"]
    desk.do(
        *("registrar", "replace", "frozen", "--codes", "codes.sealed", "--key", "registrar.key"),
        *("--key-passphrase-file", "passphrase", "--voter", "Cử tri 2", "--reason", "Seen by somebody else."),
        *("--out", "r.json", "--letter", "l.pdf", "--help-line", "0236 3333 000", *PASS),
    )
    assert desk(*SEND, **settings(post)).code == DONE
    assert len(post.taken) == VOTERS + 1
    text = texts(post)["v2@example.org"]
    assert before not in text
    assert codes(desk)["v2@example.org"] in text
    assert "Thư này thay cho thư trước" in text


def test_what_comes_back_is_taken_in(desk: Desk, post: Post) -> None:
    desk(*SEND, **settings(post))
    message = next(taken for taken in post.taken if taken.recipients == ("v5@example.org",)).message
    label = str(message["Message-ID"]).strip("<>").partition("@")[0]
    desk.write("bounces.mbox", BOUNCE.replace("LABEL", label))
    assert "1 mails came back." in desk.do("registrar", "bounces", "bounces.mbox", "--outbox", "mails.sqlite")
    shown = desk.do("registrar", "state", "--codes", "codes.sealed", "--outbox", "mails.sqlite", *PASS)
    assert f"Mails: {VOTERS - 1} sent, 1 bounced" in shown
    assert f"{MailState.BOUNCED}: v5@example.org" in shown
    assert "is not there" in desk.refused("registrar", "bounces", "bounces.mbox", "--outbox", "other.sqlite")


BOUNCE = """From MAILER-DAEMON Thu Nov 26 00:00:00 2026
From: mailer-daemon@example.org
To: vote@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

No such mailbox.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org
Original-Envelope-Id: LABEL

Final-Recipient: rfc822; v5@example.org
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <LABEL@example.org>

--b--
"""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"PSEPHOS_SMTP_URL": ""}, "PSEPHOS_SMTP_URL is not set"),
        ({"PSEPHOS_SMTP_URL": "smtp+plain://mail.example.org"}, "on this machine"),
        ({"PSEPHOS_MAIL_FROM": "x\r\nBcc: everybody@example.org"}, "sender"),
    ],
)
def test_without_a_mail_server_nothing_is_written(
    desk: Desk, post: Post, changed: dict[str, str], words: str
) -> None:
    assert words in desk.refused(*SEND, **{**settings(post), **changed})
    assert not post.tried


@pytest.mark.thorough
def test_the_rate_is_kept(desk: Desk, post: Post) -> None:
    """Six in a minute, of which a batch takes five at most: after some seconds only those are out."""
    slow = [*SEND]
    slow[slow.index("6000")] = "6"
    process = subprocess.Popen(
        [*CHEAP_PSEPHOS, *slow],
        cwd=desk.folder,
        env=clean_environment(**settings(post)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not post.taken and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(8)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert 1 <= len(post.taken) <= 5
    # No more codes than are sent in a minute have stood in the file.
    connection = sqlite3.connect(desk.folder / "mails.sqlite")
    try:
        (queued,) = connection.execute("SELECT count(*) FROM mail_outbox").fetchone()
    finally:
        connection.close()
    assert queued == 6
