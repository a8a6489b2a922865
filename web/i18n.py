"""The two languages of the pages: English is the text in the source, Vietnamese its translation.

Catalogues are compiled and committed, so that running the server needs no build step.
"""

import gettext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeGuard

Language = Literal["en", "vi"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "vi")
DEFAULT: Final[Language] = "en"
LOCALE_FOLDER: Final = Path(__file__).parent / "locale"
MAX_ACCEPT_LANGUAGE: Final = 500
"""Characters of the header that are read; real browsers send far fewer."""


@dataclass(frozen=True)
class Text:
    """One sentence or name in both languages, as the manifest carries it."""

    en: str
    vi: str

    def in_(self, language: Language) -> str:
        """The wording for readers of `language`."""
        return self.vi if language == "vi" else self.en


def same(word: str) -> Text:
    """A proper name that is written alike in both languages."""
    return Text(word, word)


def is_language(value: str) -> TypeGuard[Language]:
    """Whether the site speaks `value`. Harmless to ignore."""
    return value in LANGUAGES


def other(language: Language) -> Language:
    """The language that the switch in the masthead leads to."""
    return "en" if language == "vi" else "vi"


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """The catalogue of `language`. English needs none: the source is English."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("messages", LOCALE_FOLDER, [language])


def N_(message: str) -> str:
    """Mark `message` for translation without translating it here. The extractor looks for this customary name."""
    return message


def preferred(accept_language: str) -> Language:
    """The language to show to somebody whose browser sends this Accept-Language header (RFC 9110 §12.5.4).

    Of those with the highest weight the first one wins; a header that names neither gives the default.
    """
    best, best_weight = DEFAULT, 0.0
    for item in accept_language[:MAX_ACCEPT_LANGUAGE].split(","):
        tag, _, parameter = item.partition(";")
        primary = tag.strip().lower().split("-")[0]
        weight = _weight(parameter)
        if is_language(primary) and weight > best_weight:
            best, best_weight = primary, weight
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
