"""The fold: marks and đ away, whatever way they were typed."""

import unicodedata
from typing import Literal

import pytest

from consultation.similar.fold import CHARACTERS_MAX, EXACT, PIECE, WORD, fold, number_of, terms


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Đường phố", "duong pho"),
        ("đèn đỏ", "den do"),
        ("Nghị quyết về CHỢ CŨ", "nghi quyet ve cho cu"),
        ("ÐỒNG", "dong"),  # the Icelandic capital that old keyboards make
        ("ﬁre", "fire"),
        ("Straße", "strasse"),
        ("ＡＢＣ", "abc"),
        ("İ", "i"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_marks_go_in_both_encodings(typed: str, folded: str, form: Literal["NFC", "NFD"]) -> None:
    assert fold(unicodedata.normalize(form, typed)) == folded


def test_every_vietnamese_letter_folds_to_ascii() -> None:
    letters = "aăâbcdđeêghiklmnoôơpqrstuưvxy"
    tones = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    every = "".join(unicodedata.normalize("NFC", letter + tone) for letter in letters for tone in tones)
    assert fold(every).isascii()
    assert fold(every.upper()) == fold(every)


def test_a_word_with_marks_is_also_known_exactly() -> None:
    found = terms("Chợ", pieces=False)
    assert found == {WORD + "cho": 1, EXACT + "chợ": 1}
    assert terms("cho", pieces=False) == {WORD + "cho": 1}


def test_pieces_know_where_words_begin_and_end() -> None:
    assert set(terms("bans", pieces=True)) == {WORD + "bans", PIECE + " ban", PIECE + "bans", PIECE + "ans "}


def test_both_encodings_give_the_same_terms() -> None:
    text = "Xây cầu vượt ở ngã tư Đồng Sen"
    assert terms(unicodedata.normalize("NFD", text), pieces=True) == terms(text, pieces=True)


def test_ten_megabytes_cost_what_two_thousand_characters_cost() -> None:
    assert sum(terms("ab " * 4_000_000, pieces=False).values()) <= CHARACTERS_MAX


def test_numbers_fit_both_databases() -> None:
    assert all(0 <= number_of(f"{WORD}{each}") < 2**63 for each in range(200))
