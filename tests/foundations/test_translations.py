"""Every sentence of the pages is translated, keeps its placeholders, and is compiled."""

import io
import re
import subprocess
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.support.repository import ROOT

LOCALES = ROOT / "web/locale"
LANGUAGES = ["vi"]  # English is the text in the source

# {name} of str.format, %(name)s of Jinja's trans blocks, and tags: a translation that loses one breaks its page.
PLACEHOLDER = re.compile(r"\{\w*\}|%\(\w+\)s|</?\w+[^>]*>")


def catalogue(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def wordings(message: Message) -> list[str]:
    """The translations of a message: one, or one for each plural form of the language."""
    return [message.string] if isinstance(message.string, str) else list(message.string or [])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The sentences that stand in the source now, collected as `make translations` does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    collect = re.search(r"^COLLECT = (.*)$", makefile, re.MULTILINE)
    assert collect is not None
    template = tmp_path_factory.mktemp("words") / "messages.pot"
    command = f"{collect[1].replace('$(BIN)/', '.venv/bin/')} --output {template} web"
    subprocess.run(command.split(), cwd=ROOT, check=True)
    with template.open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(source: Catalog, language: str) -> None:
    translated = catalogue(language)
    missing = []
    for message in source:
        if not message.id:
            continue  # the header
        there = translated.get(message.id, message.context)
        if there is None or not all(wordings(there)):
            missing.append(str(message.id))
        elif there.fuzzy:
            missing.append(f"{message.id} (marked as doubtful)")
    assert not missing
    assert len(translated) > 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_placeholders_and_tags(language: str) -> None:
    changed = []
    for message in catalogue(language):
        if not message.id:
            continue
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = [sorted(set(PLACEHOLDER.findall(original))) for original in originals]
        changed += [
            f"{originals[0]} → {wording}"
            for wording in wordings(message)
            if sorted(set(PLACEHOLDER.findall(wording))) not in wanted
        ]
    assert not changed


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    committed = Path(LOCALES / language / "LC_MESSAGES/messages.mo").read_bytes()
    assert committed == compiled.getvalue(), "Run `make translations` and commit what it writes."
