"""Conversations with mail servers: encrypted or refused, every answer understood, none waited for without end."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from mail.message import Letter, encode_message
from mail.server import MailServer, Security
from mail.smtp import NotSent, OutcomeUnknown, RefusedForGood, ServerTrouble, TryAgain, hand_over, one_line
from tests.support.mail_servers import SENDER, Certificates, Post, free_port, mail_server, scripted_server

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
LETTER = Letter("a" * 26 + ".1", "lan@example.org", "en", "Hello", "Hello\n")

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

GREETING = [b"220 mail.example.org ESMTP\r\n", b"250-mail.example.org\r\n250 DSN\r\n"]


def send(server: MailServer, letter: Letter = LETTER) -> None:
    with hand_over(server, letter, NOON) as handed:
        handed.end()


def test_starttls_with_a_login(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.server, password="geheim") as post:
        server = post.server(Security.STARTTLS, trust=certificates.trust, user="vote", password="geheim")
        send(server)
        assert len(post.taken) == 1
        assert post.passwords == [("vote", "geheim")]
        assert "geheim" not in repr(server)


def test_tls_from_the_first_byte(certificates: Certificates) -> None:
    with mail_server(tls=certificates.server, password="geheim") as post:
        send(post.server(Security.TLS, trust=certificates.trust, user="vote", password="geheim"))
        assert len(post.taken) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_vouches_for(certificates: Certificates, security: Security) -> None:
    tls, starttls = (certificates.server, None) if security is Security.TLS else (None, certificates.server)
    with mail_server(tls=tls, starttls=starttls, password="geheim") as post:
        with pytest.raises(ServerTrouble, match="certificate: self-signed certificate"):
            send(post.server(security, user="vote", password="geheim"))
        assert (post.taken, post.passwords) == ([], [])


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_of_another_name(certificates: Certificates, security: Security) -> None:
    tls, starttls = (
        (certificates.other_name, None) if security is Security.TLS else (None, certificates.other_name)
    )
    with mail_server(tls=tls, starttls=starttls, password="geheim") as post:
        with pytest.raises(ServerTrouble, match="certificate: Hostname mismatch"):
            send(post.server(security, trust=certificates.trust, user="vote", password="geheim"))
        assert (post.taken, post.passwords) == ([], [])


def test_a_server_whose_offer_of_encryption_was_stripped(post: Post, certificates: Certificates) -> None:
    """Whoever sits on the way removes STARTTLS from the answer and hopes that we go on in the clear."""
    server = post.server(Security.STARTTLS, trust=certificates.trust, user="vote", password="geheim")
    with pytest.raises(ServerTrouble, match="offers no encryption"):
        send(server)
    assert (post.tried, post.passwords) == ([], [])


def test_what_was_said_before_the_encryption_is_forgotten(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer injected behind the one to STARTTLS is not taken for one that came encrypted (CVE-2011-0411)."""
    monkeypatch.setattr("mail.smtp.STEP_SECONDS", 1)
    answers = [
        b"220 mail.example.org ESMTP\r\n",
        b"250-mail.example.org\r\n250 STARTTLS\r\n",
        b"220 Go ahead\r\n250-mail.example.org\r\n250 AUTH PLAIN\r\n235 Welcome\r\n",
    ]
    with scripted_server(answers) as post:
        server = post.server(Security.STARTTLS, trust=certificates.trust, user="vote", password="geheim")
        with pytest.raises(ServerTrouble):
            send(server)
        assert post.tried == ["ehlo example.org", "STARTTLS"]


def test_without_encryption_only_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """`localhost` is a name; what it means is looked at once more when the connection stands."""
    monkeypatch.setattr("mail.smtp.is_loopback", lambda address: address != "127.0.0.1")
    with mail_server() as post:
        with pytest.raises(ServerTrouble, match="not on this machine"):
            send(post.server())
        assert post.tried == []


def test_a_wrong_password_is_trouble_of_ours_and_no_mails_fault(certificates: Certificates) -> None:
    with mail_server(starttls=certificates.server, password="geheim") as post:
        with pytest.raises(ServerTrouble, match=r"^535 "):
            send(post.server(Security.STARTTLS, trust=certificates.trust, user="vote", password="wrong"))
        with pytest.raises(ServerTrouble, match=r"^530 "):
            send(post.server(Security.STARTTLS, trust=certificates.trust))
        assert post.taken == []


@pytest.mark.parametrize(
    ("step", "answer", "error"),
    [
        ("mail", "451 4.3.0 Later", ServerTrouble),
        ("mail", "550 5.7.1 Not you", ServerTrouble),
        ("mail", "552 5.3.4 Too large", RefusedForGood),
        ("rcpt", "421 4.3.2 Closing", ServerTrouble),
        ("rcpt", "450 4.2.1 Busy", TryAgain),
        ("rcpt", "550 5.1.1 Nobody", RefusedForGood),
        ("rcpt", "530 5.7.0 Authenticate first", ServerTrouble),
        ("data", "451 4.7.0 Greylisted", TryAgain),
        ("data", "554 5.7.1 Spam", RefusedForGood),
        ("data", "421 4.3.2 Closing", ServerTrouble),
    ],
)
def test_every_answer_is_understood(post: Post, step: str, answer: str, error: type[NotSent]) -> None:
    setattr(post.how, step, answer)
    with pytest.raises(error) as refused:
        send(post.server())
    assert type(refused.value) is error
    assert refused.value.reason == answer
    assert post.taken == []
    setattr(post.how, step, None)  # control
    send(post.server())
    assert len(post.taken) == 1


@pytest.mark.parametrize("step", ["before-answer", "after-accepting"])
def test_no_answer_after_the_dot(post: Post, step: str) -> None:
    post.how.hang_up = step
    with pytest.raises(OutcomeUnknown):
        send(post.server())


@pytest.mark.parametrize("answer", [b"abc\r\n", b"354 More?\r\n", b"999 What\r\n", b"\r\n"])
def test_nonsense_after_the_dot_is_no_leave_to_send_again(answer: bytes) -> None:
    lines = len(encode_message(LETTER, "Phường Đồng Sen", SENDER, NOON).split(b"\r\n"))
    heard = [b""] * (lines - 1)
    with scripted_server([*GREETING, b"250 OK\r\n", b"250 OK\r\n", b"354 Go\r\n", *heard, answer]) as post:
        with pytest.raises(OutcomeUnknown):
            send(post.server())
        assert post.tried[-1] == "."


def test_a_mail_that_is_not_ended_is_not_accepted(post: Post) -> None:
    with pytest.raises(RuntimeError, match="the database is away"), hand_over(post.server(), LETTER, NOON):
        raise RuntimeError("the database is away")
    time.sleep(0.2)
    assert (post.tried, post.taken) == (["lan@example.org"], [])


def test_answers_in_drips_end_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, but the whole would take minutes."""
    monkeypatch.setattr("mail.smtp.WHOLE_SECONDS", 1.0)
    with scripted_server([b"220 " + b"x" * 4000 + b"\r\n"], drip_seconds=0.05) as post:
        begun = time.monotonic()
        with pytest.raises(ServerTrouble):
            send(post.server())
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "answers",
    [
        [b"nonsense\r\n"],
        [b"220 " + b"x" * 100_000 + b"\r\n"],
        [b"\xff\xfe\x00\r\n"],
        [b"554 No service\r\n"],
        [*GREETING, b"250 OK\r\n", b"250 OK\r\n", b"999 What\r\n"],
        [*GREETING, b"250 OK\r\n", b"abc\r\n"],
        [b"220 hello\r\n", b"500 no\r\n", b"500 no\r\n"],
    ],
)
def test_nonsense_is_no_fault_of_the_program(monkeypatch: pytest.MonkeyPatch, answers: list[bytes]) -> None:
    monkeypatch.setattr("mail.smtp.STEP_SECONDS", 2)
    with scripted_server(answers) as post, pytest.raises(NotSent):
        send(post.server())


def test_nobody_listens() -> None:
    with pytest.raises(ServerTrouble, match="ConnectionRefusedError"):
        send(Post(free_port()).server())


def test_the_label_goes_with_the_envelope() -> None:
    """DSN (RFC 3461) where the server knows it, and a sender of its own for each mail (VERP) where it is set."""
    answers = [*GREETING, b"250 OK\r\n", b"250 OK\r\n", b"354 Go\r\n"]
    with (
        scripted_server(answers) as post,
        hand_over(post.server(bounces="bounces+{}@example.org"), LETTER, NOON),
    ):
        pass
    label = LETTER.label
    assert post.tried[1:] == [
        f"mail FROM:<bounces+{label}@example.org> RET=HDRS ENVID={label}",
        "rcpt TO:<lan@example.org> NOTIFY=FAILURE",
        "DATA",
    ]


def test_letters_beyond_ascii_before_the_at(post: Post) -> None:
    letter = Letter("a" * 26 + ".1", "phường@example.org", "vi", "Chào", "Chào\n")
    send(post.server(), letter)
    [taken] = post.taken
    assert taken.recipients == ("phường@example.org",)
    assert "SMTPUTF8" in taken.options
    assert taken.message["To"] == "phường@example.org"
    with scripted_server(GREETING) as old, pytest.raises(RefusedForGood, match="beyond ASCII"):
        send(old.server(), letter)


@pytest.mark.parametrize("text", ["x\n" * 5000, "đ" * 900 + "\n", "\n", ".\n..\n.", "a\ttab\n", "no end"])
def test_no_line_on_the_wire_is_too_long(text: str) -> None:
    data = encode_message(Letter("a.1", "a@example.org", "vi", "đ" * 200, text), "Tên " * 20, SENDER, NOON)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")


def test_a_strangers_words_become_one_short_line() -> None:
    assert (
        one_line(b"5.1.1 <lan@example.org>\r\n unknown\x1b[31m \xff")
        == "5.1.1 <(address)> unknown [31m \ufffd"
    )
    assert len(one_line("x" * 10_000)) == 300
    assert "@" not in one_line("mailto:lan.nguyen@phuong.example, lan@x")


def test_reprs_hold_no_text() -> None:
    letter: Any = LETTER
    assert repr(letter) == "Letter(…)"
