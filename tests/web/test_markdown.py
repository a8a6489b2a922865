"""Markdown of strangers: what it may do, and everything that it must not do."""

import json
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.repository import ROOT
from web.markdown import TAGS, WORDS_MAX, clean, is_address, to_html

TRICKY = json.loads((ROOT / "tests/data/lists/tricky_strings.json").read_text(encoding="utf-8"))
STRINGS = TRICKY["strings"] if isinstance(TRICKY, dict) else TRICKY


class Reader(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def check_harmless(html: str) -> Reader:
    """Only our elements, and no attribute but an address of the web or of this site's contributions."""
    read = Reader(html)
    for tag, attributes in read.elements:
        assert tag in TAGS
        assert set(attributes) <= {"a": {"href", "rel"}, "ol": {"start"}}.get(tag, set())
        if tag == "a":
            href = attributes["href"] or ""
            assert href.startswith(("https://", "http://", "/en/discussions/"))
            assert set((attributes["rel"] or "").split()) == {"ugc", "nofollow", "noopener", "noreferrer"}
    return read


def where(number: int) -> str:
    return f"/en/discussions/5/{number}" if number < 20 else ""


def test_what_it_may_do() -> None:
    html = to_html("Hi **b** *i* `c`\nnext\n\n> quote\n\n1. a\n2. b\n\n- x\n  - y\n\nsee #12, #99")
    read = check_harmless(html)
    assert {tag for tag, _ in read.elements} == {
        "p", "strong", "em", "code", "br", "blockquote", "ol", "ul", "li",
    }  # fmt: skip
    linked = check_harmless(to_html("see #12, #99 and https://a.example/x_y(z). <https://b.example>", where))
    assert [attributes["href"] for tag, attributes in linked.elements if tag == "a"] == [
        "/en/discussions/5/12",
        "https://a.example/x_y(z",
        "https://b.example",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
        "<img src=x onerror=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
        "<style>*{display:none}</style>",
        "<!-- --><base href=//evil.example>",
        "<math><mi xlink:href='data:x,<script>'>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](//evil.example)",
        "[x](/en/sign-out)",
        "[x](https://user:password@evil.example)",
        '[x](https://evil.example "onmouseover=alert(1)")',
        "<javascript:alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "[r]: javascript:alert(1)\n[r]",
        "[a](https://x.example'onclick='alert(1))",
        '[a](https://x.example"onclick="alert(1))',
        'https://x.example/"onclick="alert(1)',
        "`<script>`",
        "```html\n<script>\n```",
        "<p style=position:fixed class=govuk-button id=main>x</p>",
    ],
)
def test_what_it_must_not_do(words: str) -> None:
    read = check_harmless(to_html(words, where))
    assert "script" not in {tag for tag, _ in read.elements}
    bare = clean(words)  # the second door alone
    for tag, attributes in Reader(bare).elements:
        assert tag in TAGS
        assert not any(name.startswith("on") or name in ("style", "class", "id") for name in attributes)
        assert not (attributes.get("href") or "https:").lower().startswith(("java", "data", "vb"))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("[https://bank.vn](https://evil.example/bank.vn)", "https://bank.vn (evil.example)"),
        ("[`https://bank.vn`](https://evil.example)", "https://bank.vn (evil.example)"),
        ("[https://**bank.vn**](https://evil.example)", "https://bank.vn (evil.example)"),
        ("[https://bank.vn@evil.example](https://evil.example)", "https://bank.vn@evil.example (evil.example)"),
        ("[bank.vn](https://bánk.vn)", "bank.vn (xn--bnk-ela.vn)"),
        ("[#12](https://evil.example)", "#12 (evil.example)"),
        ("[read](https://A.Example:8443/x) and [more](http://b.example)", "read (a.example) and more (b.example)"),
        # What says itself where it leads needs no second word.
        ("[https://bank.vn](https://bank.vn) https://a.example/x <https://b.example/?q=1>",
         "https://bank.vn https://a.example/x https://b.example/?q=1"),
        ("see #12", "see #12"),
    ],
)  # fmt: skip
def test_a_link_says_where_it_leads(words: str, shown: str) -> None:
    assert check_harmless(to_html(words, where)).text.strip() == shown


MARKS = ("> ", "- ", "1. ", ">", "- > ", "*", "**", "_", "[", "](", "`", "(", "\\", "<", "#1 ")


@pytest.mark.parametrize("mark", MARKS)
def test_towers_fall_on_nobody(mark: str) -> None:
    for depth in (1, 5, 7, 8, 9, 20, 400):
        html = to_html(f"{mark * depth} deep", where)
        assert "deep" in check_harmless(html).text  # and no word is lost in them
    html = to_html("\n".join(mark * n + "step" for n in range(40)), where)
    assert check_harmless(html).text.count("step") == 40
    full = (mark * WORDS_MAX)[:WORDS_MAX]
    began = time.perf_counter()
    check_harmless(to_html(full, where))
    assert time.perf_counter() - began < 1


def test_ten_megabytes_are_refused_before_any_work() -> None:
    words = "[" * 10_000_000
    began = time.perf_counter()
    with pytest.raises(ValueError, match="at most"):
        to_html(words)
    assert time.perf_counter() - began < 0.1


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab*_`[]()<>#!/:\\\"'&;-+1. \n>xjs"), max_size=120))
def test_whatever_is_typed(words: str) -> None:
    check_harmless(to_html(words, where))


def test_tricky_words() -> None:
    assert len(STRINGS) > 50
    for each in STRINGS:
        check_harmless(to_html(each["text"], where))


@pytest.mark.parametrize("url", ["https://a.example", "http://a.example/x?y#z", "https://xn--a.example"])
def test_addresses(url: str) -> None:
    assert is_address(url)
    for wrong in (f"x{url}", url.replace("//", ""), "https://", "http://[", "ftp://a.example", ""):
        assert not is_address(wrong)
