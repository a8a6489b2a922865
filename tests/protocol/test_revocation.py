"""The roll as revocations change it, and the registrar's signed file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signature import SigningKey
from protocol.canonical import encode_canonical
from protocol.errors import MalformedRecord, RecordTooLarge
from protocol.leaf import Kind, sign_body
from protocol.manifest import Manifest
from protocol.revocation import (
    ActiveRoll,
    RevocationRefused,
    decode_signed_revocation,
    encode_signed_revocation,
    make_revocation,
    read_revocation,
    require_registrar,
    revocation_names,
)
from protocol.roll import Roll, RollEntry
from tests.support.elections import REGISTRAR_KEY, make_manifest, voter_key
from tests.support.signed_in import with_registrar

LINES = {bytes([number]) * 32: RollEntry(weight=number, area=f"a{number % 2}") for number in range(1, 5)}
ROLL = Roll(entries=LINES)
KEYS = [*LINES, *(bytes([number]) * 32 for number in range(5, 9))]
OLD, NEW = voter_key(1).public_key, voter_key(2).public_key
BODY = make_revocation("0" * 32, b"f" * 32, OLD, NEW, "Thư bị mất.")


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=12))
def test_the_effective_roll_is_what_a_plain_replay_gives(attempts: list[tuple[bytes, bytes]]) -> None:
    active = ActiveRoll(ROLL)
    standing, ever = dict(LINES), set(LINES)
    on_roll_at: list[tuple[set[bytes], set[bytes]]] = []
    for index, (old, new) in enumerate(attempts):
        on_roll_at.append((set(ever), ever - standing.keys()))
        if old in standing and new not in ever:
            active.exchange(index, old, new)
            standing[new] = standing.pop(old)
            ever.add(new)
            continue
        with pytest.raises(RevocationRefused):
            active.exchange(index, old, new)
    assert active.entries() == standing
    assert sum(line.weight for line in active.entries().values()) == ROLL.total_weight
    for index, (known, ended) in enumerate(on_roll_at):
        for key in KEYS:
            # An entry at `index` sees what came before it.
            assert active.is_on_roll(key, index) is (key in known)
            assert active.is_revoked(key, index) is (key in ended)
            if key in known:
                assert active.line_of(key) is not None


def test_the_signed_file_reads_back_and_has_one_spelling() -> None:
    signature = sign_body(Kind.REVOCATION, BODY, REGISTRAR_KEY)
    data = encode_signed_revocation(BODY, signature)
    assert decode_signed_revocation(data) == (BODY, signature)
    assert decode_signed_revocation(data.removesuffix(b"\n")) == (BODY, signature)
    for wrong in (b"", data + b"\n", data.replace(b":", b": ", 1), data.replace(b'"old"', b'"odd"'), b"[]"):
        with pytest.raises(MalformedRecord):
            decode_signed_revocation(wrong)
    short = encode_canonical({"format": "psephos/signed-revocation/v1", "signature": "AAAA"})
    with pytest.raises(MalformedRecord):
        decode_signed_revocation(short[:1] + b'"body":' + BODY + b"," + short[1:])
    with pytest.raises(RecordTooLarge):
        decode_signed_revocation(b" " * 30_000)


def test_no_changed_byte_of_the_file_is_signed() -> None:
    manifest = with_registrar(make_manifest())
    data = encode_signed_revocation(BODY, sign_body(Kind.REVOCATION, BODY, REGISTRAR_KEY))
    require_registrar(manifest, *decode_signed_revocation(data))
    for at in range(len(data) - 1):
        altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((MalformedRecord, RevocationRefused)):
            require_registrar(manifest, *decode_signed_revocation(altered))


def test_who_may_sign_it() -> None:
    signature = sign_body(Kind.REVOCATION, BODY, REGISTRAR_KEY)
    manifests: list[tuple[Manifest, str]] = [
        (make_manifest(), "name no registrar"),
        (with_registrar(make_manifest()), ""),
    ]
    for manifest, words in manifests:
        if not words:
            require_registrar(manifest, BODY, signature)
            continue
        with pytest.raises(RevocationRefused, match=words):
            require_registrar(manifest, BODY, signature)
    moved = sign_body(Kind.CLOSING, BODY, REGISTRAR_KEY)  # a signature of the same bytes as another kind
    with pytest.raises(RevocationRefused, match="not signed by the registrar"):
        require_registrar(with_registrar(make_manifest()), BODY, moved)
    other = sign_body(Kind.REVOCATION, BODY, SigningKey.from_seed(b"x" * 32))
    with pytest.raises(RevocationRefused, match="not signed by the registrar"):
        require_registrar(with_registrar(make_manifest()), BODY, other)


def test_what_it_says() -> None:
    exchange = read_revocation("0" * 32, "ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY", BODY)
    assert (exchange.old, exchange.new, exchange.reason) == (OLD, NEW, "Thư bị mất.")
    assert revocation_names(BODY, NEW)
    assert not revocation_names(BODY, OLD)
    for reason in ("", "x" * 1001, "a\u202eb", "Pho\u031b"):
        with pytest.raises(ValueError, match="reason"):
            make_revocation("0" * 32, b"f" * 32, OLD, NEW, reason)
