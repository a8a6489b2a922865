"""One conversation with a mail server (RFC 5321) about one mail, in two steps.

The text is handed over, but not the dot that ends it: until then the server has accepted nothing and a broken
connection means that nothing was sent. Then the caller writes down that the mail is being sent, and only then the dot
goes out. So the moment in which nobody can know is as short as the protocol allows: from the dot to the answer.
"""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mail.message import Letter, encode_message
from mail.server import MailServer, Security, is_loopback

STEP_SECONDS: Final = 60
"""For each answer of the server."""
WHOLE_SECONDS: Final = 240
"""For the whole conversation, however slowly a server lets its answers drip; shorter than the lease of a job."""
REASON_MAX: Final = 300

_TOO_LARGE: Final = 552
_CLOSING: Final = 421
_OF_THE_SENDER: Final = frozenset({530, 534, 535, 538})
"""Answers about our own authentication, at whatever step (RFC 4954)."""
_ADDRESS: Final = re.compile(r"[^\s<>\"'(),;:]*@[^\s<>\"'(),;:]*")


class NotSent(Exception):
    """The mail was certainly not accepted. reason: the server's words, without addresses."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RefusedForGood(NotSent):
    """A 5xx answer about this mail: trying again is of no use."""


class TryAgain(NotSent):
    """A 4xx answer about this mail."""


class ServerTrouble(NotSent):
    """No mail can be sent at the moment: no connection, no encryption, no login, the sender refused."""


class OutcomeUnknown(Exception):
    """The dot went out and no answer came. The mail may have been sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Handed:
    """A mail whose text the server has, without the end. answered: whether the server has answered to the end."""

    _smtp: smtplib.SMTP
    answered: bool = False

    def end(self) -> None:
        """Send the dot and hear the answer: returning means that the server has accepted the mail.

        Raises: RefusedForGood, TryAgain, OutcomeUnknown.
        """
        try:
            # Servers look through a mail before they answer (RFC 5321, 4.5.3.2.6, gives them minutes).
            _socket(self._smtp).settimeout(WHOLE_SECONDS)
            self._smtp.send(b".\r\n")
            code, words = self._smtp.getreply()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise OutcomeUnknown(
                "The connection ended before the mail server said whether it had accepted the mail."
            ) from error
        self.answered = True
        if 400 <= code < 600:
            _refuse(code, words)
        if not 200 <= code < 300:
            raise OutcomeUnknown(f"The mail server gave an answer that means nothing: {one_line(words)}")


@contextmanager
def hand_over(server: MailServer, letter: Letter, now: datetime) -> Iterator[Handed]:
    """Connect, and hand over everything but the end. Leaving the block closes the connection.

    Raises: RefusedForGood, TryAgain, ServerTrouble.
    """
    body = re.sub(rb"(?m)^\.", b"..", encode_message(letter, server.sender_name, server.sender, now))
    with _connected(server) as smtp:
        with _not_sent():
            _envelope(server, smtp, letter)
            code, words = smtp.docmd("DATA")
            if code != 354:
                _refuse(code, words)
            smtp.send(body if body.endswith(b"\r\n") else body + b"\r\n")
        handed = Handed(smtp)
        yield handed
        if handed.answered:
            with contextlib.suppress(OSError, smtplib.SMTPException, ValueError):
                smtp.docmd("QUIT")


def try_connection(server: MailServer) -> None:
    """Connect, encrypt, log in, and leave. Raises: ServerTrouble."""
    with _connected(server) as smtp, _not_sent():
        smtp.docmd("QUIT")


@contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    smtp = smtplib.SMTP(local_hostname=server.domain, timeout=STEP_SECONDS)
    watch = _watchdog(smtp)
    try:
        try:
            _connect(server, smtp)
        except ssl.SSLCertVerificationError as error:
            raise ServerTrouble(f"The mail server's certificate: {one_line(error.verify_message)}") from error
        except smtplib.SMTPResponseException as error:
            raise ServerTrouble(f"{error.smtp_code} {one_line(error.smtp_error)}") from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise ServerTrouble(f"The mail server cannot be reached ({type(error).__name__}).") from error
        yield smtp
    finally:
        watch.cancel()
        smtp.close()


def _connect(server: MailServer, smtp: smtplib.SMTP) -> None:
    smtp.sock = socket.create_connection((server.host, server.port), STEP_SECONDS)
    if server.security is Security.LOOPBACK and not is_loopback(smtp.sock.getpeername()[0]):
        raise ServerTrouble("The mail server is not on this machine; nothing was sent to it.")
    if server.security is Security.TLS:
        _encrypt(server, smtp)
    code, words = smtp.getreply()
    if code != 220:
        raise ServerTrouble(f"{code} {one_line(words)}")
    smtp.ehlo_or_helo_if_needed()
    if server.security is Security.STARTTLS:
        if not smtp.has_extn("starttls"):
            # Either the wrong server, or somebody on the way removed the offer.
            raise ServerTrouble("The mail server offers no encryption (STARTTLS); nothing was sent to it.")
        code, words = smtp.docmd("STARTTLS")
        if code != 220:
            raise ServerTrouble(f"{code} {one_line(words)}")
        _encrypt(server, smtp)
        smtp.ehlo_or_helo_if_needed()
    if server.user is not None and server.password is not None:
        smtp.login(server.user, server.password)


def _encrypt(server: MailServer, smtp: smtplib.SMTP) -> None:
    """Go on under TLS, and forget everything that was heard before it, also what is still in the buffer (RFC 3207)."""
    trust = server.trust or ssl.create_default_context()
    # The handshake comes second, so that the watchdog finds the connection that it has to end.
    smtp.sock = trust.wrap_socket(_socket(smtp), server_hostname=server.host, do_handshake_on_connect=False)
    smtp.file = None
    smtp.helo_resp = smtp.ehlo_resp = None
    smtp.esmtp_features = {}
    smtp.does_esmtp = False
    smtp.sock.do_handshake()


def _socket(smtp: smtplib.SMTP) -> socket.socket:
    if smtp.sock is None:
        raise OSError("The connection is closed.")
    return smtp.sock


def _watchdog(smtp: smtplib.SMTP) -> threading.Timer:
    """Ends the conversation after `WHOLE_SECONDS`: the time for a single step cannot, an answer may come in drips."""

    def end() -> None:
        with contextlib.suppress(OSError):
            _socket(smtp).shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_SECONDS, end)
    timer.daemon = True
    timer.start()
    return timer


def _envelope(server: MailServer, smtp: smtplib.SMTP, letter: Letter) -> None:
    options, per_recipient = [], []
    if letter.needs_utf8:
        if not smtp.has_extn("smtputf8"):
            raise RefusedForGood("The mail server cannot send to addresses with letters beyond ASCII.")
        options.append("SMTPUTF8")
    if smtp.has_extn("8bitmime"):
        options.append("BODY=8BITMIME" if letter.needs_utf8 else "BODY=7BIT")
    if smtp.has_extn("dsn"):  # RFC 3461: our label comes back with a refusal
        options += ["RET=HDRS", f"ENVID={letter.label}"]
        per_recipient.append("NOTIFY=FAILURE")
    code, words = smtp.mail(server.envelope_sender(letter.label), options)
    if code != 250:
        if code == _TOO_LARGE:
            _refuse(code, words)
        # Our own address was refused: every other mail would be as well, so no mail is given up for it.
        raise ServerTrouble(f"{code} {one_line(words)}")
    code, words = smtp.rcpt(letter.to, per_recipient)
    if code not in (250, 251):
        _refuse(code, words)


@contextmanager
def _not_sent() -> Iterator[None]:
    """What breaks before the end was not sent."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise ServerTrouble(f"{error.smtp_code} {one_line(error.smtp_error)}") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise TryAgain("The mail server ended the connection in the middle.") from error


def _refuse(code: int, words: bytes) -> None:
    reason = f"{code} {one_line(words)}".strip()
    if code == _CLOSING or code in _OF_THE_SENDER:
        raise ServerTrouble(reason)
    if 500 <= code < 600:
        raise RefusedForGood(reason)
    raise TryAgain(reason)


def one_line(words: bytes | str) -> str:
    """A stranger's words: one short line of printable letters, in which no address is left."""
    text = words.decode("utf-8", errors="replace") if isinstance(words, bytes) else words
    text = _ADDRESS.sub("(address)", text[: 10 * REASON_MAX])
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:REASON_MAX]
