"""The files that a trustee hands over: read strictly, and good for one trustee and one election alone."""

import json
from typing import Any

import pytest

from crypto.encoding import encode_base64url
from crypto.signature import SignatureFailed
from protocol.canonical import encode_canonical
from protocol.errors import ManifestInvalid, ProtocolError, RecordTooLarge, TermsMismatch
from protocol.leaf import Kind, sign_body
from protocol.opening_rules import make_statement
from protocol.records import freeze_message
from protocol.signed_body import (
    FREEZE_SIGNATURE_BYTES_MAX,
    SignedBody,
    decode_signed_body,
    encode_freeze_signature,
    encode_signed_body,
    read_freeze_signature,
    verify_signed_body,
)
from tests.support.elections import trustee_key
from tests.support.hostile import threshold_election

TERMS = threshold_election().terms
BODY = make_statement(TERMS, 2, 9, b"r" * 32, b"a" * 32)
SIGNED = SignedBody(
    Kind.CLOSING_STATEMENT, BODY, sign_body(Kind.CLOSING_STATEMENT, BODY, trustee_key(2)), trustee=2
)


def changed(data: bytes, **fields: Any) -> bytes:
    """The file with some fields replaced, canonical again."""
    return encode_canonical(json.loads(data) | fields) + b"\n"


def test_what_was_written_is_read() -> None:
    data = encode_signed_body(SIGNED)
    assert decode_signed_body(data) == SIGNED
    assert decode_signed_body(data.removesuffix(b"\n")) == SIGNED
    verify_signed_body(TERMS, SIGNED)


def test_no_changed_byte_passes() -> None:
    data = encode_signed_body(SIGNED)
    for at in range(len(data)):
        altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((ProtocolError, SignatureFailed)):
            verify_signed_body(TERMS, decode_signed_body(altered))


@pytest.mark.parametrize("spelling", [b" %s", b"%s\n\n", b"%s{}", b'{"body":1,%s'])
def test_another_spelling_is_refused(spelling: bytes) -> None:
    data = encode_signed_body(SIGNED).removesuffix(b"\n")
    with pytest.raises(ProtocolError):
        decode_signed_body(spelling % (data[1:] if spelling.startswith(b"{") else data))


@pytest.mark.parametrize(
    "body",
    [
        b'{ "trustee":2}',  # white space inside the body, which the outer record would let pass
        BODY.replace(b'"trustee":2', b'"trustee":2,"trustee":2'),
        BODY.replace(b'"trustee":2', b'"trustee":11'),
        BODY.replace(b"closing-statement", b"partial-opening"),
    ],
)
def test_the_body_is_read_strictly(body: bytes) -> None:
    data = encode_signed_body(SIGNED).replace(BODY, body)
    assert data != encode_signed_body(SIGNED)
    with pytest.raises(ProtocolError):
        decode_signed_body(data)


def test_only_what_trustees_sign_is_taken() -> None:
    for kind in ("result", "ballot", "freeze", "partial-opening"):
        with pytest.raises(ProtocolError):
            decode_signed_body(changed(encode_signed_body(SIGNED), kind=kind))


def test_another_trustee_did_not_sign_it() -> None:
    other = make_statement(TERMS, 3, 9, b"r" * 32, b"a" * 32)
    signature = sign_body(Kind.CLOSING_STATEMENT, other, trustee_key(2))
    with pytest.raises(SignatureFailed):
        verify_signed_body(TERMS, SignedBody(Kind.CLOSING_STATEMENT, other, signature, trustee=3))
    nobody = make_statement(TERMS, 4, 9, b"r" * 32, b"a" * 32)
    with pytest.raises(ManifestInvalid):
        verify_signed_body(TERMS, SignedBody(Kind.CLOSING_STATEMENT, nobody, signature, trustee=4))


def test_a_freeze_signature_is_for_these_terms_and_this_trustee() -> None:
    signature = trustee_key(1).sign(freeze_message(TERMS.election, TERMS.fingerprint))
    data = encode_freeze_signature(TERMS, 1, signature)
    assert read_freeze_signature(TERMS, data) == (1, signature)
    for field, value, error in (
        ("trustee", 2, TermsMismatch),
        ("trustee", 9, ManifestInvalid),
        ("fingerprint", encode_base64url(b"f" * 32), TermsMismatch),
        ("election", "f" * 32, TermsMismatch),
        ("signature", encode_base64url(b"s" * 63), TermsMismatch),
    ):
        with pytest.raises(error):
            read_freeze_signature(TERMS, changed(data, **{field: value}))
    with pytest.raises(RecordTooLarge):
        read_freeze_signature(TERMS, b" " * (FREEZE_SIGNATURE_BYTES_MAX + 1))
