"""Write leaf.json: `python -m tests.vectors.make_leaf`.

Leaves as text with their bodies: what a board accepts, what does not decode, what does not fit its body or author.
"""

import json
from typing import Any

from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.leaf import Kind, body_digest, make_leaf, sign_body, signed_message
from tests.protocol.samples import sample
from tests.protocol.test_text import BAD_TIMES
from tests.support.elections import SERVER_KEY, voter_key
from tests.support.hostile import canonical
from tests.vectors.files import write_vectors

TIME = "2026-11-24T12:00:00Z"
BODY = encode_canonical(sample("PollsOpened"))
LEAF = make_leaf(Kind.POLLS_OPENED, BODY, TIME, sign_body(Kind.POLLS_OPENED, BODY, SERVER_KEY)).decode()
UNSIGNED = make_leaf(Kind.FREEZE, BODY, TIME, None).decode()
MALFORMED, UNFIT, FORGED = "malformed-record", "board-broken", "signature-failed"
ORDER = 2**252 + 27742317777372353535851937790883648493


def _with(**fields: Any) -> str:
    return canonical(json.loads(LEAF) | fields).decode()


def _signed(signature: bytes) -> str:
    return _with(signature=encode_base64url(signature))


def _without(text: str, field: str) -> str:
    value = json.loads(text)
    del value[field]
    return canonical(value).decode()


def _case(name: str, error: str, attack: str, leaf: str, body: bytes = BODY) -> dict[str, Any]:
    return {
        "id": name,
        "result": "invalid",
        "error": error,
        "attack": attack,
        "leaf": leaf,
        "body": body.decode(),
    }


def _cases() -> list[dict[str, Any]]:
    good = sign_body(Kind.POLLS_OPENED, BODY, SERVER_KEY)
    digest = body_digest(Kind.POLLS_OPENED, BODY)
    malleated = good[:32] + (int.from_bytes(good[32:], "little") + ORDER).to_bytes(32, "little")
    valid = {
        "id": "polls-opened",
        "result": "valid",
        "leaf": LEAF,
        "body": BODY.decode(),
        "digest": digest.hex(),
    }
    spelt = "two spellings of one leaf"
    return [
        valid,
        _case("space", MALFORMED, spelt, LEAF.replace(":", ": ", 1)),
        _case("newline", MALFORMED, spelt, LEAF + "\n"),
        _case("escaped", MALFORMED, spelt, LEAF.replace("polls-opened", "polls\\u002dopened")),
        _case("kind-twice", MALFORMED, spelt, LEAF.replace('"kind"', '"kind":"closing","kind"', 1)),
        _case("digest-padded", MALFORMED, spelt, _with(digest=encode_base64url(digest) + "=")),
        _case("digest-trailing-bits", MALFORMED, spelt, _with(digest="A" * 42 + "B")),
        _case("digest-short", MALFORMED, "another length", _with(digest="A" * 42)),
        _case("signature-short", MALFORMED, "another length", _with(signature="A" * 85)),
        _case("unknown-field", MALFORMED, "a field that some read", _with(note="")),
        _case("unknown-kind", MALFORMED, "a kind that some skip", _with(kind="note")),
        _case("no-signature", MALFORMED, "nobody answers for it", _without(LEAF, "signature")),
        _case("signed-freeze", MALFORMED, "a signature that nobody checks", _with(kind="freeze")),
        _case("no-time", MALFORMED, "no time", _without(LEAF, "time")),
        *(
            _case(f"time-{number}", MALFORMED, "a time that is none, or has two spellings", _with(time=time))
            for number, time in enumerate(BAD_TIMES)
        ),
        _case("another-body", UNFIT, "a body that was exchanged", LEAF, BODY + b" "),
        _case("another-kind", UNFIT, "a body that serves as another", _with(kind="closing")),
        _case("another-digest", UNFIT, "a digest of nothing", _with(digest="A" * 43)),
        _case(
            "signed-by-a-voter",
            FORGED,
            "another key",
            _signed(sign_body(Kind.POLLS_OPENED, BODY, voter_key(1))),
        ),
        _case(
            "signed-as-closing",
            FORGED,
            "a signature moved from another kind",
            _signed(SERVER_KEY.sign(signed_message(Kind.CLOSING, digest))),
        ),
        _case(
            "signed-bare-digest", FORGED, "a signature without its purpose", _signed(SERVER_KEY.sign(digest))
        ),
        _case("signed-with-s-plus-order", FORGED, "a second spelling that some accept", _signed(malleated)),
        _case("signed-zero", FORGED, "no signature at all", _signed(bytes(64))),
    ]


def vectors() -> dict[str, Any]:
    """The whole file."""
    return {
        "format": "psephos/leaf-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 1 and 3",
        "made_by": "tests/vectors/make_leaf.py",
        "note": (
            "Checked in this order: the leaf decodes (malformed-record), the body has its digest (board-broken), "
            "`author` signed it (signature-failed). `digest` is hexadecimal."
        ),
        "author": SERVER_KEY.public_key.hex(),
        "cases": _cases(),
    }


if __name__ == "__main__":
    write_vectors("leaf", vectors())
