"""One value, one spelling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import (
    decode_base64url,
    decode_int,
    encode_base64url,
    encode_int,
    int_to_bytes,
)
from crypto.errors import MalformedEncoding, OutOfRange
from tests.vectors.files import read_vectors

VECTORS = read_vectors("encoding")


@pytest.mark.parametrize("case", VECTORS["bytes"], ids=lambda case: case["id"])
def test_bytes(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert encode_base64url(data) == case["text"]
    assert decode_base64url(case["text"], len(data)) == data


@pytest.mark.parametrize("case", VECTORS["bytes_refused"], ids=lambda case: case["id"])
def test_other_spellings_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedEncoding):
        decode_base64url(case["text"], case["length_bytes"])


@pytest.mark.parametrize("case", VECTORS["integers"], ids=lambda case: case["id"])
def test_integers(case: dict[str, Any]) -> None:
    value, length = int(case["decimal"]), case["length_bytes"]
    assert encode_int(value, length) == case["text"]
    assert decode_int(case["text"], length) == value


@pytest.mark.parametrize("case", VECTORS["integers_refused"], ids=lambda case: case["id"])
def test_integers_that_do_not_fit_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        int_to_bytes(int(case["decimal"]), case["length_bytes"])


@given(st.text(max_size=12), st.integers(0, 9))
def test_whatever_is_accepted_is_what_we_would_write(text: str, length: int) -> None:
    try:
        data = decode_base64url(text, length)
    except MalformedEncoding:
        return
    assert encode_base64url(data) == text
    assert len(data) == length


@given(st.text("AQgwYZabz019-_ =+/\n", max_size=8), st.integers(0, 6))
def test_near_spellings_too(text: str, length: int) -> None:
    try:
        data = decode_base64url(text, length)
    except MalformedEncoding:
        return
    assert (encode_base64url(data), len(data)) == (text, length)
