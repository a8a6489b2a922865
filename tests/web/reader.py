"""Reads a page as its readers do: elements, visible words, ids and what refers to them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
UNSEEN = frozenset({"script", "style", "head", "svg"})


@dataclass
class Element:
    """One element. path: names of the elements around it, outermost first."""

    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own words and those of the elements in it, spaces joined."""
        return " ".join(" ".join(self.words).split())

    @property
    def classes(self) -> frozenset[str]:
        """Its classes."""
        return frozenset(self.attributes.get("class", "").split())


class Page(HTMLParser):
    """A parsed page. Fails on an element that is closed without being open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.visible: list[str] = []
        """Words with the language and the element that they stand in taken into account: foreign ones left out."""
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f"{self._open[-1].name} is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if len(attributes) != len(attrs):
            raise ValueError(f"{tag} has an attribute twice: {attrs}")
        element = Element(tag, attributes, tuple(outer.name for outer in self._open))
        self.elements.append(element)
        if tag not in VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self._open.append(element)
        for name in ("aria-label", "title", "placeholder", "alt", "data-title"):
            if name in attributes:
                self._see(attributes[name])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].name != tag:
            raise ValueError(f"</{tag}> closes {self._open[-1].name if self._open else 'nothing'}")
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)
        self._see(data)

    def _see(self, words: str) -> None:
        root = self._open[0].attributes.get("lang") if self._open else None
        foreign = any(element.attributes.get("lang", root) != root for element in self._open)
        hidden = any(element.name in {*UNSEEN, "code"} for element in self._open)
        title = self._open and self._open[-1].name == "title"
        if words.strip() and not foreign and (not hidden or title):
            self.visible.append(" ".join(words.split()))

    def all(self, name: str) -> list[Element]:
        """Every element of this name."""
        return [element for element in self.elements if element.name == name]

    def with_attribute(self, name: str) -> list[Element]:
        """Every element that has this attribute."""
        return [element for element in self.elements if name in element.attributes]

    @property
    def ids(self) -> list[str]:
        """All ids, in order."""
        return [element.attributes["id"] for element in self.with_attribute("id")]
