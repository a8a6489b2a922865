"""A sentence of the pages in the language of a walk: of the catalogue, so that no walk writes it twice."""

from web.i18n import Language, translations


def said(lang: Language, message: str, **values: object) -> str:
    """message: as the template has it. Fails when no page says it in Vietnamese."""
    text = translations(lang).gettext(message)
    assert lang == "en" or text != message, f"no page says: {message}"
    return text % values if values else text
