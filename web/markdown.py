"""Markdown of citizens, made into HTML that can do nothing.

A small part of CommonMark, parsed by markdown-it-py: paragraphs with their line ends, bold, italics, quotes, flat and
nested lists, code, links. No heading, image, table, or HTML. Two doors stand behind each other: the parser makes no
other element and no address but `http` and `https`, and nh3 (the ammonia library) then lets through only what is in
the list below, so a fault of one of them is not yet a hole.

A number such as `#12` becomes a link to that contribution, an address that was typed bare becomes a link as well.
Behind a link that has a text of its own stands the host to which it leads: no text can pretend another one.
Links of citizens say so (`ugc`, `nofollow`) and tell the other side nothing (`noreferrer`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

WORDS_MAX: Final = 5_000
"""More is refused before any work: whoever stores words bounds them far below."""
NESTING_MAX: Final = 8
"""Elements in each other: a quote is one, a list two. The parser drops what is deeper, so words with so many of them
are shown as they were typed."""

TAGS: Final = frozenset({"p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "a"})
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "*": frozenset(),  # without this the library lets `title` and `lang` through everywhere
    "a": frozenset({"href"}),
    "ol": frozenset({"start"}),
}
_SCHEMES: Final = frozenset({"http", "https"})
_REL: Final = "ugc nofollow noopener noreferrer"
_RULES: Final = ("newline", "escape", "backticks", "emphasis", "link", "autolink", "list", "blockquote")

# An address in running text ends before the punctuation of its sentence.
_BARE: Final = re.compile(r"https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]]")
_NUMBER: Final = re.compile(r"(?<![\w#&/])#([1-9][0-9]{0,8})(?!\w)")

Where = Callable[[int], str]
"""The address of the contribution with this number; "" where there is none."""


def to_html(words: str, where: Where | None = None) -> Markup:
    """HTML of `words`. where: for numbers such as `#12`; without it they stay text.

    Raises: ValueError for more than WORDS_MAX characters.
    """
    if len(words) > WORDS_MAX:
        raise ValueError(f"There are at most {WORDS_MAX} characters.")
    tokens = _parser().parse(words)
    if any(token.level >= NESTING_MAX - 1 for token in tokens):
        return Markup("<p>%s</p>") % Markup("<br>\n").join(escape(line) for line in words.split("\n"))
    for token in tokens:
        if token.type == "inline":
            token.children = _linked(token.children or [], where)
    made = _parser().renderer.render(tokens, _parser().options, {})
    return Markup(clean(made))  # noqa: S704 - nh3 has left nothing in it that acts


def clean(html: str) -> str:
    """Only the elements and addresses of this page; of everything else at most the text."""
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        link_rel=_REL,
        strip_comments=True,
    )


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"breaks": True, "html": False, "maxNesting": NESTING_MAX})
    parser.enable(list(_RULES))
    parser.validateLink = is_address  # type: ignore[method-assign]
    return parser


def is_address(url: str) -> bool:
    """Whether a link may lead there: an absolute address of the web, without a name and password in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname) and "@" not in parts.netloc


def _linked(children: Sequence[Token], where: Where | None) -> list[Token]:
    made: list[Token] = []
    href, said = "", ""
    for token in children:
        if token.type == "link_open":
            href, said = str(token.attrs["href"]), ""
        said += token.content
        if token.type == "text" and not href:
            made.extend(_of_text(token.content, where))
        else:
            made.append(token)
        if token.type == "link_close":
            if not _says_where(said, href):
                made.append(_text(f" ({urlsplit(href).hostname})"))
            href = ""
    return made


def _says_where(said: str, href: str) -> bool:
    """Whether the text of a link is an address at the host to which it leads."""
    typed = said.strip()
    return is_address(typed) and _parser().normalizeLink(typed).partition("?")[0] == href.partition("?")[0]


def _of_text(text: str, where: Where | None) -> list[Token]:
    made: list[Token] = []
    end = 0
    found = [(match.span(), match[0]) for match in _BARE.finditer(text) if is_address(match[0])]
    taken = [span for span, _ in found]
    if where is not None:
        for match in _NUMBER.finditer(text):
            if not any(start <= match.start() < stop for start, stop in taken):
                found.append((match.span(), where(int(match[1]))))
    for (start, stop), href in sorted(found):
        if href:
            made += [_text(text[end:start]), *_link(href, text[start:stop])]
            end = stop
    return [*made, _text(text[end:])]


def _link(href: str, shown: str) -> list[Token]:
    begin = Token("link_open", "a", 1)
    begin.attrs["href"] = href
    return [begin, _text(shown), Token("link_close", "a", -1)]


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token
