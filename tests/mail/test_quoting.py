"""What citizens wrote, in mails that carry the authority's name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.address import is_one_line
from mail.quoting import QUOTED_MAX, quoted

LINKED = re.compile(
    # What Gmail, Outlook, Apple Mail and Thunderbird make links of in plain text, drawn wider than any of them.
    r"[a-z][a-z0-9+.-]*://|mailto:|www\.[a-z]|[\w-]+\.[^\W\d_]{2,}|\S@\S|\d+\.\d+\.\d+\.\d+",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Light the east bank of Lotus Lake", "Light the east bank of Lotus Lake"),
        ("Thắp sáng bờ đông hồ Sen, P.Đồng Sen, TP.HCM", "Thắp sáng bờ đông hồ Sen, P. Đồng Sen, TP. HCM"),
        ("Giảm phí từ 1.500 xuống 1.200 đồng, v.v.", "Giảm phí từ 1.500 xuống 1.200 đồng, v.v."),
        ("Ngày 2/9 và/hoặc 30/4: nghỉ học?", "Ngày 2/9 và/hoặc 30/4: nghỉ học?"),
        ("Chặn tiktok.com", "Chặn tiktok. com"),
        (
            "Bạn trúng 50 triệu! Nhận ngay: https://evil.example/nhan?a=1",
            "Bạn trúng 50 triệu! Nhận ngay: evil. example",
        ),
        ("see HTTP://user:pw@evil.example:80/a b", "see evil. example b"),
        ("see http:// evil.example/a", "see evil. example"),
        ("evil.example/win#x now", "evil. example now"),
        ("www.evil.example", "www. evil. example"),
        ("evil。example", "evil. example"),
        ("write to lan@evil.example", "write to lan (at) evil. example"),
        ("mailto:lan@evil.example", "lan (at) evil. example"),
        ("http://127.0.0.1/x", "127. 0. 0. 1"),
        ("http:\\\\evil.example\\x", "evil. example"),
        ("nhận tại evil.xn--p1ai", "nhận tại evil. xn--p1ai"),
        ("Foo”. Your account is locked. “Bar", "Foo’. Your account is locked. ’Bar"),
        ("One\r\nBcc: a\u2028two\x00three\tfour", "One Bcc: a two three four"),
        ("\u202egnp.exe\u2066\u200b\ufeff", "gnp. exe"),
        ("ev\u00adil.exa\u200bmple", "evil. example"),
        ("👩\u200d🌾 vườn", "👩\u200d🌾 vườn"),
        (" \u200d ", ""),
        ("a" * 500, "a" * (QUOTED_MAX - 1) + "…"),
    ],
)
def test_what_is_said(words: str, said: str) -> None:
    assert quoted(words) == said
    assert quoted(said) == said


PARTS = [
    "http",
    "https://",
    "www.",
    "evil",
    ".",
    "。",
    "com",
    "example",
    "@",
    "/",
    "\\",
    ":",
    " ",
    "-",
    "xn--",
    "1",
    "\u200b",
]


@given(
    st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PARTS), max_size=25).map("".join)),
)
def test_no_words_carry_a_link(words: str) -> None:
    said = quoted(words)
    assert len(said) <= QUOTED_MAX
    assert is_one_line(said)
    assert not LINKED.search(said)
    assert not set(said) & set('“”"«»\u202e\u200b')


def test_long_words_cost_little() -> None:
    for words in ("http:" * 10**6, "a." * 10**6, "@" * 10**6, "\u202e" * 10**6):
        assert len(quoted(words)) <= QUOTED_MAX
