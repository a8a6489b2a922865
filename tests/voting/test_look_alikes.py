"""Words that read otherwise than they are."""

import pytest

from voting.look_alikes import first_pair_alike, mixed_word


@pytest.mark.parametrize(
    "text",
    [
        "Công viên và sân chơi",
        "東京タワー",
        "Café No. 5",
        "Ngõ 12 Lò Gốm",
        "Αθήνα",
        "Київ",
        "",
        "m² · 10 %",
        "Đ",
    ],
)
def test_an_honest_text_is_let_through(text: str) -> None:
    assert mixed_word(text) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a P\u0430rk for all", "P\u0430rk"),
        ("\u0420\u0430\u0440\u043a", None),
        ("\u0441\u0430\u0440", "\u0441\u0430\u0440"),  # Cyrillic "сар", which reads "cap"
        ("B\u03bfat", "B\u03bfat"),
        ("\U0001d40fark", "\U0001d40fark"),
    ],
)
def test_a_dressed_up_word_is_named(text: str, word: str | None) -> None:
    found = mixed_word(text)
    assert (found and found.word) == word


@pytest.mark.parametrize(
    "texts",
    [
        ["Park", "Library", "PARK"],
        ["Park", "P\u0430rk"],
        ["Yes", "No", " yes "],
        ["Option \uff11", "Option 1"],
    ],
)
def test_two_that_look_alike_are_found(texts: list[str]) -> None:
    assert first_pair_alike(texts) in ((0, 1), (0, 2))


def test_accents_tell_apart_and_empty_ones_do_not_count() -> None:
    assert first_pair_alike(["Hoa", "H\u00f2a", "", "", "H\u1ecfa"]) is None
