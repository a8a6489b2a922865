"""One record, one spelling: every record type against every other way to write it."""

import copy
import json
import re
import unicodedata
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, RecordTooLarge
from protocol.leaf import Kind, Leaf
from protocol.records import Act, Closing
from protocol.revocation import Revocation
from protocol.roll import RollLine, RollRecord
from tests.protocol.samples import LIMIT, NAMES, sample, sample_names
from tests.support.hostile import Path, as_json, canonical, every_field, get_at, put_at


def decode(record: Record, data: bytes) -> Record:
    return decode_canonical(data, type(record), limit_bytes=LIMIT)


def require_refused(record: Record, data: bytes, what: object) -> None:
    with pytest.raises(MalformedRecord) as refused:
        decode(record, data)
    assert str(refused.value), what


def objects(value: Any, path: Path = ()) -> list[Path]:
    """Paths of all JSON objects in a value."""
    found: list[Path] = [path] if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        found += objects(item, (*path, step))
    return found


def test_every_record_type_is_among_the_samples() -> None:
    assert sorted(sample_names()) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_honest_record_reads_back_and_is_rfc_8785(name: str) -> None:
    record = sample(name)
    data = encode_canonical(record)
    assert decode(record, data) == record
    assert data == canonical(as_json(record))  # another encoder, sorted by code points


@pytest.mark.parametrize("name", NAMES)
def test_unknown_field_is_refused_in_every_object(name: str) -> None:
    record, value = sample(name), as_json(sample(name))
    for path in objects(value):
        altered = copy.deepcopy(value)
        get_at(altered, path)["zzz"] = 1
        require_refused(record, canonical(altered), path)


@pytest.mark.parametrize("name", NAMES)
def test_missing_field_is_refused_in_every_object(name: str) -> None:
    record, value = sample(name), as_json(sample(name))
    for path in objects(value):
        for key in get_at(value, path):
            if (name, path, key) == ("Leaf", (), "signature"):
                continue  # only `decode_leaf` knows which kinds are signed
            if key == "signature" and "kind" in get_at(value, path):
                continue
            altered = copy.deepcopy(value)
            del get_at(altered, path)[key]
            require_refused(record, canonical(altered), (path, key))


@pytest.mark.parametrize("name", NAMES)
def test_wrong_type_is_refused_in_every_field(name: str) -> None:
    record, value = sample(name), as_json(sample(name))
    for path in every_field(record):
        held = get_at(value, path)
        wrongs: tuple[object, ...] = (None, True, 1.5, "", 7, [], {}, [[]], "x" * 43 + "=", -1, 2**53, 2**200)
        for wrong in wrongs:
            if type(wrong) is type(held) or (held is None and type(wrong) is int and 0 <= wrong < 2**53):
                continue
            if wrong is None and (name, path) == ("Closing", ("reason",)):
                continue  # null where the polls were closed in time
            altered = copy.deepcopy(value)
            put_at(altered, path, wrong)
            require_refused(record, canonical(altered), (path, wrong))


@pytest.mark.parametrize("name", NAMES)
def test_duplicate_key_is_refused_whichever_of_the_two_a_parser_takes(name: str) -> None:
    record = sample(name)
    data = encode_canonical(record).decode()
    for key in as_json(record):
        held = json.dumps(as_json(record)[key], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        member = f'"{key}":{held}'
        assert data.count(member) >= 1
        require_refused(record, data.replace(member, f"{member},{member}", 1).encode(), key)
        require_refused(record, data.replace(member, f'"{key}":null,{member}', 1).encode(), key)


@pytest.mark.parametrize("name", NAMES)
def test_other_spellings_of_the_same_values_are_refused(name: str) -> None:
    record = sample(name)
    data = encode_canonical(record).decode()
    spellings = {
        "leading space": " " + data,
        "trailing newline": data + "\n",
        "trailing nul": data + "\0",
        "byte order mark": "\ufeff" + data,
        "space after colon": data.replace(":", ": ", 1),
        "space after comma": data.replace(",", ", ", 1),
        "escaped letter of a key": re.sub(r'"(\w)', lambda m: f'"\\u{ord(m[1]):04x}', data, count=1),
        "second document": data + "{}",
        "in a list": f"[{data}]",
        "comment": data + "//",
        "reversed keys": json.dumps(dict(reversed(as_json(record).items())), separators=(",", ":")),
        "utf-16": data.encode("utf-16-le").decode("latin-1"),
        "cut": data[:-1],
        "comma at the end": data[:-1] + ",}",
        "empty": "",
    }
    for what, spelling in spellings.items():
        assert spelling != data
        require_refused(record, spelling.encode(), what)
    require_refused(record, data.encode() + b"\xff", "bytes that are not UTF-8")


@pytest.mark.parametrize("name", NAMES)
def test_other_spellings_of_a_number_are_refused(name: str) -> None:
    record, value = sample(name), as_json(sample(name))
    for path in every_field(record):
        held = get_at(value, path)
        if type(held) is not int:
            continue
        altered = copy.deepcopy(value)
        put_at(altered, path, 987654321)
        text = canonical(altered).decode()
        for spelling in (
            f"0{held}",
            f"{held}.0",
            f"{held}e0",
            f"+{held}",
            f"-{held}",
            f'"{held}"',
            f"{held}.",
            "-0",
        ):
            require_refused(record, text.replace("987654321", spelling, 1).encode(), (path, spelling))
        require_refused(record, text.replace("987654321", "9" * 5000, 1).encode(), path)


@pytest.mark.parametrize("name", NAMES)
def test_other_spellings_of_text_are_refused(name: str) -> None:
    record, value = sample(name), as_json(sample(name))
    for path in every_field(record):
        held = get_at(value, path)
        if type(held) is not str or not held:
            continue
        altered = copy.deepcopy(value)
        put_at(altered, path, "@@@")
        text = canonical(altered).decode()
        for first in (f"\\u{ord(held[0]):04x}", f"\\u{ord(held[0]):04X}"):
            spelling = first + json.dumps(held, ensure_ascii=False)[2:-1]
            require_refused(record, text.replace("@@@", spelling, 1).encode(), (path, spelling[:20]))
        for spelling in ("\\ud800", "\\udc00\\ud800"):
            require_refused(record, text.replace("@@@", spelling, 1).encode(), (path, spelling))
        for raw in (b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"\n", b"\x00"):
            require_refused(record, text.encode().replace(b"@@@", raw, 1), (path, raw))


@pytest.mark.parametrize("name", NAMES)
def test_base64url_in_another_spelling_is_refused(name: str) -> None:
    """Alphabet here; length, padding and trailing bits where the field's length is known (see test_ballot)."""
    record, value = sample(name), as_json(sample(name))
    for path in every_field(record):
        held = get_at(value, path)
        if type(held) is not str or len(held) < 43 or not re.fullmatch("[A-Za-z0-9_-]+", held):
            continue
        for spelling in (
            held + "=",
            held[:-1] + "+",
            held[:-1] + "/",
            held[:-1] + " ",
            held + "\n",
            held[:-1] + "é",
        ):
            altered = copy.deepcopy(value)
            put_at(altered, path, spelling)
            require_refused(record, canonical(altered), (path, spelling[-4:]))


@pytest.mark.parametrize("name", NAMES)
def test_limit_is_exact_and_comes_before_reading(name: str) -> None:
    record = sample(name)
    data = encode_canonical(record)
    assert decode_canonical(data, type(record), limit_bytes=len(data)) == record
    with pytest.raises(RecordTooLarge):
        decode_canonical(data, type(record), limit_bytes=len(data) - 1)
    with pytest.raises(RecordTooLarge):
        decode_canonical(b"\xff" * (LIMIT + 1), type(record), limit_bytes=LIMIT)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"election":', b'[{"a":['])
def test_deep_nesting_is_refused_without_exhausting_the_stack(opening: bytes) -> None:
    for name in NAMES:
        require_refused(sample(name), opening * 50_000, name)


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for name in NAMES:
        try:
            record = decode(sample(name), data)
        except MalformedRecord:
            continue
        assert encode_canonical(record) == data


@given(st.data())
def test_any_json_is_read_or_refused(data: st.DataObject) -> None:
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
    values = st.recursive(
        scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner))
    )
    value = as_json(sample(data.draw(st.sampled_from(NAMES))))
    path = data.draw(st.sampled_from([(), *objects(value)]))
    if path:
        put_at(value, path, data.draw(values))
    else:
        value[data.draw(st.sampled_from(sorted(value)))] = data.draw(values)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    encoded = text.encode("utf-8", "surrogatepass")
    for name in NAMES:
        try:
            record = decode(sample(name), encoded)
        except MalformedRecord:
            continue
        assert encode_canonical(record) == encoded


counts = st.integers(0, 2**53 - 1)
digests = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", max_size=90)
hexadecimal = st.text("0123456789abcdef", min_size=32, max_size=32)
identifiers = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
readable = st.characters(
    exclude_categories=("Cc", "Cs"),
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)
texts = st.text(readable, min_size=1, max_size=30).map(partial(unicodedata.normalize, "NFC"))
times = st.datetimes().map(lambda moment: f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%SZ}")


@given(
    st.one_of(
        st.builds(
            Closing,
            ballots=counts,
            by=texts,
            challenges=counts,
            election=hexadecimal,
            fingerprint=digests,
            format=st.just("psephos/closing/v1"),
            keys=st.none() | counts,
            persons=st.none() | counts,
            reason=st.none() | texts,
        ),
        st.builds(
            Revocation,
            election=hexadecimal,
            fingerprint=digests,
            format=st.just("psephos/revocation/v1"),
            new=digests,
            old=digests,
            reason=texts,
        ),
        st.builds(
            RollRecord,
            election=hexadecimal,
            entries=st.lists(
                st.builds(RollLine, area=identifiers, key=digests, weight=st.integers(1, 1_000_000))
            ).map(tuple),
            format=st.just("psephos/roll/v1"),
        ),
        st.builds(Leaf, digest=digests, kind=st.sampled_from(Kind), time=times, signature=digests),
        st.builds(
            Act,
            act=st.just("lower-statement-quorum"),
            election=hexadecimal,
            fingerprint=digests,
            format=st.just("psephos/act/v1"),
            name=texts,
            reason=texts,
            to=st.integers(1, 10),
        ),
    )
)
def test_whatever_keeps_its_limits_reads_back(record: Record) -> None:
    data = encode_canonical(record)
    assert decode(record, data) == record
    assert data == canonical(as_json(record))
