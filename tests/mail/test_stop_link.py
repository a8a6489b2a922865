"""The header by which a mail program stops mails (RFC 2369, RFC 8058): whole, on one line, and nobody's to inject."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from mail.errors import UnusableMail
from mail.message import Letter, encode_message
from mail.outbox import Mail

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
LINK = "https://dong-sen.example.org/api/v1/mails/stop?t="


def headers_of(link: str, to: str = "lan@example.org") -> list[str]:
    letter = Letter("a.1", to, "vi", "Chào", "Xin chào\n", stop_link=link)
    return (
        encode_message(letter, "Đồng Sen", "office@example.org", NOON)
        .split(b"\r\n\r\n")[0]
        .decode()
        .split("\r\n")
    )


@pytest.mark.parametrize("length", [1, 43, 240])
@pytest.mark.parametrize("to", ["lan@example.org", "phường@example.org"])
def test_the_address_is_never_broken(length: int, to: str) -> None:
    link = LINK + "A-_b" * (length // 4)
    found = headers_of(link, to)
    assert f"List-Unsubscribe: <{link}>" in found
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in found
    letter = Letter("a.1", to, "vi", "Chào", "Xin chào\n", stop_link=link)
    read = message_from_bytes(
        encode_message(letter, "Đồng Sen", "office@example.org", NOON), policy=policy.SMTP
    )
    assert read["List-Unsubscribe"] == f"<{link}>"
    assert read.get_content().strip() == "Xin chào"


def test_a_mail_that_cannot_be_refused_has_no_such_header() -> None:
    assert not [line for line in headers_of("") if line.lower().startswith("list-")]


@pytest.mark.parametrize(
    "link",
    [
        "https://a.example/\r\nBcc: everybody@example.org",
        "https://a.example/\nX: y",
        "https://a.example/>, <mailto:everybody@example.org",
        "https://a.example/, <https://b.example/>",
        "https://a.example/ x",
        "https://a.example/\u2028x",
        "https://đ.example/",
        "javascript:alert(1)",
        "https://a.example/" + "x" * 300,
    ],
)
def test_a_link_that_would_be_another_header_is_refused(link: str) -> None:
    Mail("lan@example.org", "vi", "Chào", "Xin chào\n", "digest", "x", stop_link=LINK)
    with pytest.raises(UnusableMail, match="stops a mail"):
        Mail("lan@example.org", "vi", "Chào", "Xin chào\n", "digest", "x", stop_link=link)


@pytest.mark.parametrize("subject", ["Chào\r\nBcc: a@example.org", "Chào\nX: y", "Chào\0", "Chào\u2028X: y"])
def test_a_title_cannot_become_a_header(subject: str) -> None:
    with pytest.raises(UnusableMail, match="one line"):
        Mail("lan@example.org", "vi", subject, "Xin chào\n", "digest", "x", stop_link=LINK)
