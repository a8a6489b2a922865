"""Mail servers on loopback that take, refuse, dawdle and hang up: aiosmtpd in a thread of the test."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mail.server import MailServer, Security

SENDER = "vote@example.org"


@dataclass
class Taken:
    """One mail that the server accepted."""

    sender: str
    recipients: tuple[str, ...]
    options: tuple[str, ...]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        parsed = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class Behaviour:
    """How the server answers; a test changes it while the server runs."""

    rcpt: str | None = None
    """Answer to every recipient, None to take it."""
    mail: str | None = None
    data: str | None = None
    """Answer after the dot, None to accept."""
    pause_seconds: float = 0.0
    """Before the answer after the dot."""
    hang_up: str | None = None
    """At which step the connection is closed: mail, rcpt, before-answer, after-accepting."""


@dataclass
class Post:
    """A running mail server. taken: what it accepted, in order."""

    port: int
    how: Behaviour = field(default_factory=Behaviour)
    taken: list[Taken] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    """Every recipient that was named, accepted or not."""
    connections: int = 0
    passwords: list[tuple[str, str]] = field(default_factory=list)

    def server(self, security: Security = Security.LOOPBACK, **more: Any) -> MailServer:
        """The settings that lead to it."""
        host = "localhost" if security is not Security.LOOPBACK else "127.0.0.1"
        given = {"per_minute": 6000, **more}
        return MailServer(host, self.port, security, "Phường Đồng Sen", SENDER, **given)

    def ids(self) -> list[str]:
        """Message-IDs of what was accepted."""
        return [str(taken.message["Message-ID"]) for taken in self.taken]


class _Handler:
    def __init__(self, post: Post) -> None:
        self._post = post

    async def handle_MAIL(
        self,
        server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        self._hang_up(server, "mail")
        if self._post.how.mail:
            return self._post.how.mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        self._post.tried.append(address)
        self._hang_up(server, "rcpt")
        if self._post.how.rcpt:
            return self._post.how.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        self._hang_up(server, "before-answer")
        await asyncio.sleep(self._post.how.pause_seconds)
        if self._post.how.data:
            return self._post.how.data
        content = envelope.original_content or b""
        self._post.taken.append(
            Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), tuple(envelope.mail_options), content)
        )
        self._hang_up(server, "after-accepting")
        return "250 Accepted"

    def _hang_up(self, server: SMTP, step: str) -> None:
        if self._post.how.hang_up == step:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()


@contextmanager
def mail_server(
    tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, password: str | None = None
) -> Iterator[Post]:
    """A mail server in a thread. tls: from the first byte.  starttls: when asked.  password: of the user `vote`."""
    post = Post(free_port())

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        post.passwords.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=post.passwords[-1] == ("vote", password), handled=False)

    class Counting(Controller):
        def factory(self) -> SMTP:
            post.connections += 1
            server: SMTP = super().factory()  # type: ignore[no-untyped-call]
            return server

    controller = Counting(
        _Handler(post),
        hostname="127.0.0.1",
        port=post.port,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=authenticate if password else None,
        auth_required=password is not None,
        auth_require_tls=tls is None,
        enable_SMTPUTF8=True,
        server_hostname="mail.example.org",
    )
    controller.start()
    try:
        post.connections = 0  # the controller tries itself
        yield post
    finally:
        controller.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server on this machine that takes everything, until told otherwise."""
    with mail_server() as running:
        yield running


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def scripted_server(answers: list[bytes], drip_seconds: float = 0.0) -> Iterator[Post]:
    """A server that says these answers, one for each line it hears, byte by byte if it drips; then it is silent."""
    listener = socket.create_server(("127.0.0.1", 0))
    post = Post(listener.getsockname()[1])
    done = threading.Event()

    def serve() -> None:
        with listener:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                post.connections += 1
                for number, answer in enumerate(answers):
                    if number:
                        post.tried.append(lines.readline().decode("ascii", "replace").strip())
                    for position in range(len(answer)) if drip_seconds else [0]:
                        piece = answer[position : position + 1] if drip_seconds else answer
                        try:
                            connection.sendall(piece)
                        except OSError:
                            return
                        if drip_seconds:
                            time.sleep(drip_seconds)
                done.wait(30)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield post
    finally:
        done.set()
        listener.close()
        thread.join(10)


@dataclass(frozen=True)
class Certificates:
    """Server contexts with a certificate for localhost and one for another name, and who believes in both."""

    server: ssl.SSLContext
    other_name: ssl.SSLContext
    trust: ssl.SSLContext


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made anew for the run, self-signed."""
    folder = tmp_path_factory.mktemp("certificates")
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    servers = []
    for name in ("localhost", "elsewhere.example.org"):
        file = folder / f"{name}.pem"
        file.write_bytes(_certificate(name))
        trust.load_verify_locations(file)
        servers.append(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
        servers[-1].load_cert_chain(file)
    return Certificates(servers[0], servers[1], trust)


def _certificate(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
