"""What is refused before anything is stored or started: addresses, headers, settings of the mail server."""

from pathlib import Path
from typing import Any

import pytest

from mail.address import parse_address
from mail.errors import MailError, UnusableAddress, UnusableMail, UnusableMailServer
from mail.outbox import ATTACHMENT_BYTES_MAX, Attachment
from mail.server import Security, read_mail_server
from tests.mail.outbox_hands import make_mail
from web.settings import UnusableSettings, read_settings


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("lan@example.org", "lan@example.org"),
        (" Lan.Nguyen+vote@Example.ORG ", "Lan.Nguyen+vote@example.org"),
        ("lan@Phường.example", "lan@xn--phng-rib8295b.example"),
        ("lan@bücher.example", "lan@xn--bcher-kva.example"),
        ("lan@xn--bcher-kva.example", "lan@xn--bcher-kva.example"),
        ("lan@faß.example", "lan@xn--fa-hia.example"),  # IDNA 2008, not "fass"
        ("phu\u031bo\u031b\u0300ng@example.org", "phư\u1eddng@example.org"),  # NFD becomes NFC
        ("o'brien!#$%&*/=?^_`{|}~-@example.org", "o'brien!#$%&*/=?^_`{|}~-@example.org"),
    ],
)
def test_addresses_are_written_in_one_way(written: str, stored: str) -> None:
    assert parse_address(written) == stored
    assert parse_address(stored) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "lan",
        "@example.org",
        "lan@",
        "lan@@example.org",
        "lan@example..org",
        "lan@-example.org",
        "lan@example.org.",
        ".lan@example.org",
        "lan.@example.org",
        "la..n@example.org",
        "lan @example.org",
        "lan@exa mple.org",
        '"lan"@example.org',
        "lan<x@example.org>",
        "lan@[192.0.2.1]",
        "lan@192.0.2.1",
        "lan@example.org\r\nBcc: all@example.org",
        "lan\n@example.org",
        "lan@example.org\x00",
        "lan\u2028@example.org",
        "lan\u202e@example.org",  # turns the letters around
        "lan\u200b@example.org",  # cannot be seen
        "lan,minh@example.org",
        "lan;minh@example.org",
        f"{'x' * 65}@example.org",
        f"lan@{'x' * 64}.org",
        f"lan@{'x.' * 130}org",
        "lan@exa_mple.org",
        pytest.param("x" * 1_000_000, id="a-million-letters"),
    ],
)
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(UnusableAddress) as refused:
        parse_address(written)
    assert refused.value.code == "unusable-address"
    with pytest.raises(UnusableAddress):
        make_mail(to=written)


@pytest.mark.parametrize("name", ["subject", "to", "text"])
@pytest.mark.parametrize(
    "hostile", ["\r\nBcc: all@example.org", "\rBcc: a@b.example", "\x00", "\x85", "\x1b[2J"]
)
def test_nothing_slips_into_a_header_or_ends_a_line(name: str, hostile: str) -> None:
    make_mail()  # control
    if name == "text" and hostile.startswith("\r\n"):
        hostile = "\r"
    with pytest.raises(MailError):
        make_mail(**{name: f"lan@example.org{hostile}"})


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "a\nb"},
        {"subject": "a\u2028b"},
        {"text": ""},
        {"text": "x" * 999},
        {"text": "đ" * 500},  # 1000 bytes
        {"text": "x\n" * 40_000},
        {"language": "fr"},
        {"attachment": Attachment("../receipt.pdf", "application/pdf", b"")},
        {"attachment": Attachment('a".pdf', "application/pdf", b"")},
        {"attachment": Attachment("a.pdf", "application/pdf\r\nX: y", b"")},
        {"attachment": Attachment("a.pdf", "application/pdf", bytes(ATTACHMENT_BYTES_MAX + 1))},
    ],
)
def test_mails_that_must_not_be_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(UnusableMail):
        make_mail(**changes)


@pytest.mark.parametrize("changes", [{"kind": "Cast Notice"}, {"subject_key": ""}, {"subject_key": "a\nb"}])
def test_what_no_program_should_queue(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="subject key"):
        make_mail(**changes)


def test_neither_address_nor_text_is_in_a_repr() -> None:
    assert repr(make_mail()) == "Mail(kind='cast-notice')"


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtp://mail.example.org", (Security.STARTTLS, "mail.example.org", 587, None, None)),
        ("smtp://u:p@mail.example.org:2525", (Security.STARTTLS, "mail.example.org", 2525, "u", "p")),
        (
            "smtps://a%40b.example:p%2F%3A@mail.example.org",
            (Security.TLS, "mail.example.org", 465, "a@b.example", "p/:"),
        ),
        ("smtp+plain://localhost", (Security.LOOPBACK, "localhost", 25, None, None)),
        ("smtp+plain://127.0.0.1:1025", (Security.LOOPBACK, "127.0.0.1", 1025, None, None)),
        ("smtp+plain://[::1]:1025", (Security.LOOPBACK, "::1", 1025, None, None)),
        ("smtp://thư.example", (Security.STARTTLS, "xn--th-e0a.example", 587, None, None)),
    ],
)
def test_addresses_of_mail_servers(url: str, read: tuple[object, ...]) -> None:
    server = read_mail_server(url, "Town of X <vote@example.org>")
    assert (server.security, server.host, server.port, server.user, server.password) == read
    assert (server.sender_name, server.sender, server.domain) == (
        "Town of X",
        "vote@example.org",
        "example.org",
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mail.example.org", "cannot be read"),
        ("http://mail.example.org", "cannot be read"),
        ("smtp://", "cannot be read"),
        ("smtp://mail.example.org/path", "cannot be read"),
        ("smtp://mail.example.org?tls=no", "cannot be read"),
        ("smtp://mail.example.org:99999", "cannot be read"),
        ("smtp://geheim@mail.example.org", "both a user and a password"),
        ("smtp://u:gehe%0d%0aim@mail.example.org", "both a user and a password"),
        ("smtp+plain://mail.example.org", "only to a mail server on this machine"),
        ("smtp+plain://localhost.example.org", "only to a mail server on this machine"),
        ("smtp+plain://0.0.0.0", "only to a mail server on this machine"),
        ("smtp+plain://10.0.0.1", "only to a mail server on this machine"),
    ],
)
def test_mail_servers_that_are_not_used(url: str, sentence: str) -> None:
    with pytest.raises(UnusableMailServer, match=sentence) as refused:
        read_mail_server(url, "vote@example.org")
    assert "gehe" not in str(refused.value)


@pytest.mark.parametrize(
    "sender", ["", "Town", "<>", "a@b <c@d> e", "vote@example.org\r\nX: y", "thư@example.org"]
)
def test_senders_that_are_none(sender: str) -> None:
    with pytest.raises(UnusableMailServer):
        read_mail_server("smtp://mail.example.org", sender)


@pytest.mark.parametrize("bounces", ["bounces@example.org", "{}{}@example.org", "a {}@example.org", "{}"])
def test_addresses_for_bounces_that_are_none(bounces: str) -> None:
    with pytest.raises(UnusableMailServer, match="bounces"):
        read_mail_server("smtp://mail.example.org", "vote@example.org", bounces)


def test_the_sender_alone_or_one_for_each_mail() -> None:
    plain = read_mail_server("smtp://mail.example.org", '"Town, of X" <vote@example.org>')
    assert (plain.sender_name, plain.envelope_sender("abc.1")) == ("Town, of X", "vote@example.org")
    verp = read_mail_server("smtp://mail.example.org", "vote@example.org", "b+{}@example.org")
    assert verp.envelope_sender("abc.1") == "b+abc.1@example.org"


PUBLIC = {
    "PSEPHOS_BASE_URL": "https://vote.example.org",
    "PSEPHOS_DATABASE_URL": "postgresql://psephos@/psephos",
    "PSEPHOS_SECRETS": "/nowhere/secrets",
    "PSEPHOS_NAME_EN": "Ward",
    "PSEPHOS_HELP_LINE": "024 0000 0123",
}


def test_a_public_server_says_whether_it_sends_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableSettings, match="Set PSEPHOS_SMTP_URL: mail server"):
        read_settings(PUBLIC)
    assert read_settings(PUBLIC | {"PSEPHOS_SMTP_URL": "none"}).mail_server is None
    assert read_settings({}).mail_server is None
    whole = PUBLIC | {
        "PSEPHOS_SMTP_URL": "smtp://u:p@mail.example.org",
        "PSEPHOS_MAIL_FROM": "Ward <vote@example.org>",
        "PSEPHOS_MAIL_PER_MINUTE": "90",
        "PSEPHOS_MAIL_BOUNCES": "b+{}@example.org",
    }
    server = read_settings(whole).mail_server
    assert server is not None
    assert (server.per_minute, server.bounces, server.sender_name) == (90, "b+{}@example.org", "Ward")
    for change, sentence in (
        ({"PSEPHOS_MAIL_FROM": ""}, "Set PSEPHOS_MAIL_FROM"),
        ({"PSEPHOS_MAIL_PER_MINUTE": "0"}, "From 1 to 6000"),
        ({"PSEPHOS_MAIL_PER_MINUTE": "1_0"}, "PSEPHOS_MAIL_PER_MINUTE must be a whole number"),
        ({"PSEPHOS_SMTP_URL": "smtp://gmail"}, None),
        ({"PSEPHOS_SMTP_URL": "smtp:/x"}, "cannot be read.*PSEPHOS_SMTP_URL"),
    ):
        if sentence is None:
            read_settings(whole | change)
        else:
            with pytest.raises(UnusableSettings, match=sentence):
                read_settings(whole | change)
