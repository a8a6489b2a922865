"""Words of a form that citizens write: one spelling, or a sentence in their language beside the field."""

import pytest

from consultation.errors import TextProblem
from web.forms import Form
from web.i18n import Language
from web.written import PROBLEMS, text_of


def typed(value: str, language: Language = "vi") -> Form:
    return Form.filled(language, {"words": value})


def test_good_words_are_given_in_one_spelling() -> None:
    form = typed("  Đèn   đường ")
    assert text_of(form, "words", 80) == "Đèn đường"
    assert form.ok


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("value", ["", "ab", "x" * 81, "a\u202eb", "a\u0301\u0301\u0301\u0301\u0301"])
def test_each_refusal_has_its_sentence(value: str, language: Language) -> None:
    form = typed(value, language)
    assert text_of(form, "words", 80, least=3 if value == "ab" else 1) == ""
    assert "%" not in form.fault("words")
    assert form.fault("words").endswith(".")


def test_a_page_may_say_itself_what_is_missing() -> None:
    form = typed(" ")
    text_of(form, "words", 80, missing="Write what should be done.")
    assert form.fault("words") == "Write what should be done."


def test_every_problem_has_a_sentence() -> None:
    assert set(PROBLEMS) == set(TextProblem)
