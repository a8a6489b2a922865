"""The first three bodies: hostile numbers in the ceremony record, hostile lines in the roll, terms that do not fit."""

from typing import Any

import pytest

from crypto.certificate import KeyRefused, verify_key_record
from crypto.encoding import encode_base64url, encode_int
from crypto.key_size import KeySize
from crypto.signature import SigningKey
from protocol.ceremony_record import CEREMONY_BYTES_MAX, decode_ceremony
from protocol.errors import MalformedRecord, ManifestInvalid, RecordTooLarge, RollInvalid, TermsMismatch
from protocol.leaf import Kind
from protocol.roll import RollEntry, decode_roll, make_roll
from protocol.terms import assemble_terms, fingerprint_of, read_key, verify_freeze
from tests.support.elections import make_election, make_manifest, points, voter_key
from tests.support.hostile import (
    Path,
    as_json,
    body_of,
    canonical,
    plus_one,
    position,
    published_by_two,
    put_at,
    small_election,
    threshold_election,
)

SIZE = KeySize.BITS_2048
N = threshold_election().terms.record.n
CEREMONY = threshold_election().ceremony_body


def ceremony(path: Path, wrong: object) -> bytes:
    value = body_of((b"", CEREMONY))
    put_at(value, path, wrong)
    return canonical(value)


def number(value: int, length: int = 256) -> str:
    return encode_int(value, length)


MALFORMED: list[tuple[str, Path, Any]] = [
    ("even modulus", ("n",), number(N - 1)),
    ("short modulus", ("n",), number(N >> 1 | 1)),
    ("modulus zero", ("n",), number(0)),
    ("modulus of 3072 bits", ("n",), number(1 << 3071 | 1, 384)),
    ("k of another length", ("k",), number(1)),
    ("f0 of another length", ("f0",), number(1, 257)),
    ("transcript of 31 bytes", ("transcript",), encode_base64url(bytes(31))),
    ("two dealings", ("feldman",), [[number(1)] * 2] * 2),
    ("four dealings", ("feldman",), [[number(1)] * 2] * 4),
    ("no dealings", ("feldman",), []),
    ("one coefficient", ("feldman", 1), [number(1)]),
    ("three coefficients", ("feldman", 1), [number(1)] * 3),
    ("coefficient of another length", ("feldman", 1, 0), number(1, 255)),
    ("threshold of three", ("threshold",), 3),
    ("threshold of one", ("threshold",), 1),
    ("two trustees", ("trustees",), 2),
    ("eleven trustees", ("trustees",), 11),
    ("root of another length", ("nth_roots", 0), number(1, 255)),
]


@pytest.mark.parametrize(
    ("path", "wrong"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED]
)
def test_ceremony_record_of_wrong_shape_is_refused(path: Path, wrong: Any) -> None:
    with pytest.raises(MalformedRecord):
        decode_ceremony(ceremony(path, wrong), SIZE)


REFUSED_KEYS: list[tuple[str, Path, Any, str]] = [
    ("longest k", ("k",), encode_base64url(b"\xff" * 304), "feldman-equation"),
    ("another k", ("k",), plus_one(body_of((b"", CEREMONY))["k"]), "feldman-equation"),
    ("k zero", ("k",), number(0, 304), "feldman-equation"),
    ("f0 zero", ("f0",), number(0), "constants"),
    ("f0 is n", ("f0",), number(N), "constants"),
    ("f0 another", ("f0",), number(3), "feldman-equation"),
    ("feldman zero", ("feldman", 0, 0), number(0), "feldman-range"),
    ("feldman is n", ("feldman", 2, 1), number(N), "feldman-range"),
    ("feldman above n", ("feldman", 2, 1), number((1 << 2048) - 1), "feldman-range"),
    ("feldman negated", ("feldman", 1, 0), number(N - 1), "feldman-equation"),
    ("modulus 3 mod 4", ("n",), number(N + 2), "form"),
    ("modulus with small factors", ("n",), number((1 << 2047) + 1), "small-factors"),
    ("six n-th roots", ("nth_roots",), [number(1)] * 6, "nth-roots"),
    ("no n-th root", ("nth_roots", 3), number(1), "nth-roots"),
    ("n-th root zero", ("nth_roots", 3), number(0), "nth-roots"),
    ("600 square roots", ("square_roots",), [number(1)] * 450, "square-roots"),
    ("no square roots", ("square_roots",), [], "square-roots"),
    ("square root above half", ("square_roots", 0), number(N - 1), "square-roots"),
]


@pytest.mark.parametrize(
    ("path", "wrong", "check"), [case[1:] for case in REFUSED_KEYS], ids=[case[0] for case in REFUSED_KEYS]
)
def test_key_with_hostile_numbers_is_read_and_refused(path: Path, wrong: Any, check: str) -> None:
    _, record = decode_ceremony(ceremony(path, wrong), SIZE)
    with pytest.raises(KeyRefused) as refused:
        verify_key_record(record, SIZE)
    assert refused.value.check == check


def test_ceremony_record_over_its_limit_is_not_read() -> None:
    with pytest.raises(RecordTooLarge):
        decode_ceremony(b"{" * (CEREMONY_BYTES_MAX + 1), SIZE)


def test_key_of_another_election_is_refused() -> None:
    with pytest.raises(TermsMismatch, match="another election"):
        read_key(threshold_election().manifest, ceremony(("election",), "0" * 32))


def test_key_shared_otherwise_than_the_manifest_says_is_refused() -> None:
    with pytest.raises(TermsMismatch, match="shared 1 of 1"):
        read_key(threshold_election().manifest, small_election().ceremony_body)


def roll_lines(count: int = 3) -> list[dict[str, Any]]:
    keys = sorted(voter_key(i).public_key for i in range(1, count + 1))
    return [{"area": "all", "key": encode_base64url(key), "weight": 1} for key in keys]


def roll(lines: list[dict[str, Any]], election: str | None = None) -> bytes:
    name = election or small_election().manifest.election
    return canonical({"election": name, "entries": lines, "format": "psephos/roll/v1"})


def test_honest_roll_is_read() -> None:
    entries = decode_roll(roll(roll_lines()), small_election().manifest).entries
    assert len(entries) == 3


ROLL_FAULTS: list[tuple[str, int, str, Any, str]] = [
    ("key of order one", 0, "key", encode_base64url(bytes([1] + [0] * 31)), "Line 1"),
    ("key zero", 0, "key", encode_base64url(bytes(32)), "Line 1"),
    ("key that is no point", 0, "key", encode_base64url(bytes([2] + [0] * 31)), "Line 1"),
    ("key above the field", 2, "key", encode_base64url(b"\xff" * 31 + b"\x7f"), "Line 3"),
    ("key of 31 bytes", 1, "key", encode_base64url(bytes(31)), "Line 2"),
    ("key with padding", 1, "key", "A" * 43 + "=", "regex"),
    ("key with trailing bits", 1, "key", "A" * 42 + "B", "Line 2"),
    ("area of nobody", 1, "area", "nowhere", "no area 'nowhere'"),
    ("weight zero", 1, "weight", 0, ">= 1"),
    ("weight beyond the limit", 1, "weight", 1_000_001, "<= 1000000"),
    ("weight negative", 1, "weight", -1, ">= 1"),
    ("weight in text", 1, "weight", "1", "int"),
]


@pytest.mark.parametrize(
    ("line", "field", "wrong", "words"),
    [case[1:] for case in ROLL_FAULTS],
    ids=[case[0] for case in ROLL_FAULTS],
)
def test_roll_with_a_bad_line_is_refused(line: int, field: str, wrong: Any, words: str) -> None:
    lines = roll_lines()
    lines[line][field] = wrong
    with pytest.raises(RollInvalid) as refused:
        decode_roll(roll(lines), small_election().manifest)
    assert words in str(refused.value)


def test_roll_out_of_order_or_with_a_key_twice_is_refused() -> None:
    lines = roll_lines()
    with pytest.raises(RollInvalid, match="Line 2 of the roll: keys must be distinct and in ascending order"):
        decode_roll(roll([lines[1], lines[0], lines[2]]), small_election().manifest)
    with pytest.raises(RollInvalid, match="Line 3"):
        decode_roll(roll([lines[0], lines[1], lines[1]]), small_election().manifest)


def test_empty_roll_and_roll_of_another_election_are_refused() -> None:
    with pytest.raises(RollInvalid, match="0 lines"):
        decode_roll(roll([]), small_election().manifest)
    with pytest.raises(RollInvalid, match="another election"):
        decode_roll(roll(roll_lines(), "0" * 32), small_election().manifest)


def test_sorting_is_the_shuffle() -> None:
    entries = [(voter_key(i).public_key, RollEntry(weight=1, area="all")) for i in range(1, 9)]
    assert make_roll("0" * 32, entries) == make_roll("0" * 32, reversed(entries))


def test_lonely_weight_is_named() -> None:
    entries = decode_roll(small_election().roll_body, small_election().manifest)
    assert entries.lonely_pairs() == (("all", 2), ("all", 3))


def test_fingerprint_binds_each_of_the_three() -> None:
    digests = [bytes([i]) * 32 for i in range(3)]
    assert (
        len({fingerprint_of(*order) for order in (digests, digests[::-1], [*digests[:2], digests[0]])}) == 3
    )


def test_every_record_of_the_terms_moves_the_fingerprint() -> None:
    base = small_election()
    for change in (
        make_manifest(base.manifest.questions, revoting=False),
        make_manifest(base.manifest.questions, areas=("all", "none")),
    ):
        assert make_election(change, entries=list(base.roll.entries.values())).terms.fingerprint != (
            base.terms.fingerprint
        )


def test_ballot_with_too_many_branches_is_refused_with_the_terms() -> None:
    manifest = make_manifest((points(195, 20, 0, 3900),))
    with pytest.raises(ManifestInvalid, match="7996 proof branches"):
        make_election(manifest)


def test_freeze_without_one_of_the_trustees_is_refused() -> None:
    terms, leaves = threshold_election().terms, published_by_two()
    body = leaves[position(leaves, Kind.FREEZE)][1]
    verify_freeze(terms, body)
    honest = body_of((b"", body))
    signatures = honest["signatures"]
    for wrong, words in [
        (signatures[:2], "one signature for each"),
        ([*signatures, signatures[0]], "one signature for each"),
        ([signatures[1], signatures[0], signatures[2]], "Trustee 1 did not sign"),
        ([signatures[0], signatures[0], signatures[2]], "Trustee 2 did not sign"),
        ([*signatures[:2], signatures[2][:-4]], "Trustee 3 did not sign"),
    ]:
        with pytest.raises(TermsMismatch, match=words):
            verify_freeze(terms, canonical(honest | {"signatures": wrong}))
    for field in ("election", "fingerprint"):
        other = "0" * 32 if field == "election" else encode_base64url(bytes(32))
        with pytest.raises(TermsMismatch, match="another election or fingerprint"):
            verify_freeze(terms, canonical(honest | {field: other}))


def test_terms_are_those_of_their_three_bodies() -> None:
    election = threshold_election()
    terms, entries = assemble_terms(election.manifest_body, election.ceremony_body, election.roll_body)
    assert terms == election.terms
    assert entries.total_weight == terms.total_weight == 5
    assert as_json(terms.manifest) == body_of((b"", election.manifest_body))


def test_key_of_a_voter_sorts_by_bytes_not_by_text() -> None:
    """base64url orders `-` and `_` otherwise than the bytes they spell."""
    keys = [SigningKey.from_seed(i.to_bytes(32, "big")).public_key for i in range(200)]
    body = make_roll("0" * 32, ((key, RollEntry(weight=1, area="all")) for key in keys))
    spelt = [line["key"] for line in body_of((b"", body))["entries"]]
    assert spelt == [encode_base64url(key) for key in sorted(keys)] != sorted(spelt)
