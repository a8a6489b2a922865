"""Voting codes and display codes: what people type, and what their keyboards make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.crockford import ALPHABET, SEPARATORS
from crypto.display_code import alias, display_code, parse_display_code
from crypto.errors import OutOfRange
from crypto.transcript import tuple_hash
from crypto.voting_code import (
    CheckSymbolsDiffer,
    MistypedCode,
    VietnameseKeyboard,
    VotingCode,
    WrongLength,
    WrongSymbol,
    make_voting_code,
    parse_voting_code,
)
from tests.support.vietnamese_typing import METHODS, REACHES, Method, Reach, typed_through
from tests.vectors.files import read_vectors

VECTORS = read_vectors("voting_code")
ERRORS: dict[str, type[MistypedCode]] = {
    each.code: each for each in (WrongLength, WrongSymbol, CheckSymbolsDiffer, VietnameseKeyboard)
}
codes = st.text(ALPHABET, min_size=26, max_size=26).map(VotingCode)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["id"])
def test_vectors(case: dict[str, Any]) -> None:
    if case["result"] == "valid":
        code = parse_voting_code(case["typed"])
        assert (code.data, code.written) == (case["data"], case["written"])
        return
    with pytest.raises(MistypedCode) as refused:
        parse_voting_code(case["typed"])
    assert type(refused.value) is ERRORS[case["error"]]
    for detail in ("position", "symbol", "expected", "found"):
        if detail in case:
            assert getattr(refused.value, detail) == case[detail]


def test_new_codes_read_back_and_differ() -> None:
    made = [make_voting_code() for _ in range(50)]
    assert [parse_voting_code(code.written) for code in made] == made
    assert len({code.data for code in made}) == 50
    used = set("".join(code.data for code in made))
    assert used == set(ALPHABET)  # 1300 symbols: one of 32 missing has probability below 1e-16


def test_written_form() -> None:
    written = make_voting_code().written
    assert len(written) == 34
    assert [len(group) for group in written.split("-")] == [4] * 7


@given(codes, st.integers(0, 27), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_always_found(code: VotingCode, place: int, symbol: str) -> None:
    symbols = code.written.replace("-", "")
    if symbols[place] != symbol:
        with pytest.raises(CheckSymbolsDiffer):
            parse_voting_code(symbols[:place] + symbol + symbols[place + 1 :])


@given(codes, st.integers(0, 24))
def test_swapped_neighbours_are_always_found(code: VotingCode, place: int) -> None:
    symbols = code.written.replace("-", "")
    a, b = symbols[place], symbols[place + 1]
    if a != b:
        with pytest.raises(CheckSymbolsDiffer):
            parse_voting_code(symbols[:place] + b + a + symbols[place + 2 :])


@given(st.text(max_size=220))
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MistypedCode) as refused:
        parse_voting_code(text)
    assert str(refused.value).endswith(".")


@given(codes, st.data())
def test_case_and_separators_do_not_matter(code: VotingCode, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from([symbol, symbol.lower()]))
        + data.draw(st.text(st.sampled_from(sorted(SEPARATORS)), max_size=2))
        for symbol in code.written
    )
    assert parse_voting_code(typed) == code


def test_a_code_is_not_shown_by_accident() -> None:
    code = make_voting_code()
    assert code.data not in f"{code} {code!r} {[code]}"


@pytest.mark.parametrize("case", VECTORS["display_codes"])
def test_display_codes(case: dict[str, str]) -> None:
    digest = bytes.fromhex(case["digest"])
    assert display_code(digest) == case["code"]
    assert parse_display_code(case["code"].lower().replace("-", " ")) == case["code"]
    # The first 125 bits, spelled out.
    bits = "".join(f"{byte:08b}" for byte in digest)[:125]
    symbols = "".join(ALPHABET[int(bits[at : at + 5], 2)] for at in range(0, 125, 5))
    assert case["code"].replace("-", "") == symbols


def test_alias_is_the_display_code_of_the_key_hash() -> None:
    assert alias(bytes(32)) == display_code(tuple_hash("alias", [bytes(32)]))


def test_short_digest_has_no_display_code() -> None:
    with pytest.raises(OutOfRange):
        display_code(bytes(15))


def test_mistyped_display_codes_are_refused() -> None:
    with pytest.raises(WrongLength):
        parse_display_code("0" * 24)
    with pytest.raises(WrongSymbol):
        parse_display_code("U" * 25)
    with pytest.raises(VietnameseKeyboard):
        parse_display_code("Ư" * 25)


@pytest.mark.parametrize(
    ("method", "keys", "written"),
    [
        ("telex", "aa aw dd w as ee j", "â ă đ ư á ê j"),
        ("telex", "aaa ddd ww ass z az asz", "aa dd w as z az a"),
        ("telex", "AA DD W TANA TIEENGS", "Â Đ Ư TÂN TIẾNG"),
        ("vni", "a6 a8 d9 a1 e6 u7 6 9 7", "â ă đ á ê ư 6 9 7"),
        ("vni", "a66 d99 a11 a10 0 a0 TIE61NG", "a6 d9 a1 a 0 a0 TIẾNG"),
    ],
)
def test_the_model_of_the_keyboards_types_as_people_know_it(method: Method, keys: str, written: str) -> None:
    assert typed_through(keys, method) == written


@given(codes, st.sampled_from(METHODS), st.sampled_from(REACHES), st.sampled_from("-| |"), st.booleans())
def test_a_vietnamese_keyboard_is_recognised_or_harmless(
    code: VotingCode, method: Method, reach: Reach, separator: str, small: bool
) -> None:
    """Never another code, and never a sentence that sends people looking for a wrong letter."""
    keys = code.written.replace("-", separator.strip("|"))
    typed = typed_through(keys.lower() if small else keys, method, reach)
    if typed.upper() == keys:
        assert parse_voting_code(typed) == code
        return
    with pytest.raises(MistypedCode) as refused:
        parse_voting_code(typed)
    if not typed.isascii():
        assert type(refused.value) is VietnameseKeyboard
        return
    assert isinstance(refused.value, WrongLength)
    found = refused.value.found
    # Nearly always the sentence names the keyboard; the loss of exactly one group could also be a group left out.
    assert refused.value.looks_swallowed or found == 24 or found < 22


@pytest.mark.parametrize(
    ("found", "swallowed"),
    [(27, True), (26, True), (25, True), (24, False), (22, True), (21, False), (29, False)],
)
def test_a_few_missing_keys_are_the_keyboards_a_missing_group_is_the_readers(
    found: int, swallowed: bool
) -> None:
    with pytest.raises(WrongLength) as refused:
        parse_voting_code("0" * found)
    assert refused.value.looks_swallowed is swallowed
    assert ("Vietnamese keyboard" in str(refused.value)) is swallowed
