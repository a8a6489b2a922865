"""Text that a reader sees as it was signed, and times with one spelling."""

import unicodedata
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord
from protocol.leaf import decode_leaf
from protocol.text import Identifier, Timestamp, format_time, parse_time, require_text


class Named(Record, frozen=True):
    id: Identifier


class Timed(Record, frozen=True):
    time: Timestamp


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x" * 11,
        "a\nb",
        "a\tb",
        "\x00",
        "\x7f",
        "\x85",
        "\x9f",
        "\u202edetcelE",
        "\u202a",
        "\u2066",
        "\u2069",
        "\ud800",
        "a\udfff",
        unicodedata.normalize("NFD", "Nguyễn"),
        "\u212b",  # the ångström sign is another spelling of Å
        "\u0958",  # composed, yet not NFC
    ],
)
def test_text_that_hides_something_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"characters|control|normal form"):
        require_text(value, 10, "name")


@pytest.mark.parametrize("value", ["x" * 10, "Nguyễn Lan", "Đ", "a b", "😀" * 10, "\u200d", "a\u00a0b"])
def test_text_within_its_limit_is_accepted(value: str) -> None:
    require_text(value, 10, "name")


@given(st.text(max_size=12))
def test_accepted_text_is_normal_and_bounded(value: str) -> None:
    try:
        require_text(value, 10, "name")
    except ValueError:
        return
    assert 1 <= len(value) <= 10
    assert unicodedata.is_normalized("NFC", value)
    assert value.encode().decode() == value
    assert not any(unicodedata.category(each) == "Cc" for each in value)


BAD_TIMES = [
    "2026-13-45T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-11-31T00:00:00Z",
    "2026-11-24T24:00:00Z",
    "2026-11-24T12:60:00Z",
    "2026-11-24T12:00:60Z",
    "0000-01-01T00:00:00Z",
    "2026-11-24T12:00:00",
    "2026-11-24 12:00:00Z",
    "2026-11-24T12:00:00z",
    "2026-11-24T12:00:00.0Z",
    "2026-11-24T12:00:00+00:00",
    "2026-11-24T12:00:00Z\n",
    " 2026-11-24T12:00:00Z",
    "2026-1-24T012:00:00Z",
    "-026-11-24T12:00:00Z",
    "٢٠٢٦-١١-٢٤T١٢:٠٠:٠٠Z",
    "2026-11-24T12:00:0०Z",
    "２０２６-11-24T12:00:00Z",
]


@pytest.mark.parametrize("time", BAD_TIMES)
def test_leaf_with_a_time_that_is_none_or_is_spelt_otherwise_is_refused(time: str) -> None:
    leaf = {"digest": "A" * 43, "kind": "roll", "time": "2026-11-24T12:00:00Z"}
    decode_leaf(msgspec.json.encode(leaf))  # control
    with pytest.raises(MalformedRecord):
        decode_leaf(msgspec.json.encode(leaf | {"time": time}))


@given(st.datetimes(), st.datetimes())
def test_order_of_times_is_the_order_of_their_spellings(one: datetime, other: datetime) -> None:
    times = sorted(f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%SZ}" for moment in (one, other))
    assert parse_time(times[0]) <= parse_time(times[1])
    for time in times:
        timed = Timed(time=time)
        assert decode_canonical(encode_canonical(timed), Timed, limit_bytes=100) == timed


def test_time_is_cut_to_whole_seconds() -> None:
    assert (
        format_time(parse_time("2026-11-24T12:00:00Z").replace(microsecond=999_999)) == "2026-11-24T12:00:00Z"
    )


@pytest.mark.parametrize(
    "identifier", ["", "-a", "A", "a_b", "a" * 33, "a\n", "é", "a.b", "a/b", "٣", "a b", "a\x00"]
)
def test_identifier_in_another_alphabet_is_refused(identifier: str) -> None:
    with pytest.raises(MalformedRecord):
        decode_canonical(msgspec.json.encode({"id": identifier}), Named, limit_bytes=200)


@pytest.mark.parametrize("identifier", ["a", "0", "a-", "a" * 32, "cau-giay"])
def test_identifier_is_accepted(identifier: str) -> None:
    assert decode_canonical(msgspec.json.encode({"id": identifier}), Named, limit_bytes=200).id == identifier
