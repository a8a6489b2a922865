"""Write checkpoint.json: `python -m tests.vectors.make_checkpoint`."""

import base64
from typing import Any

from crypto.checkpoint import Checkpoint, add_cosignature, sign_checkpoint
from crypto.merkle import EMPTY_ROOT
from crypto.note import ED25519, key_id, sign_note, signature_line
from crypto.signature import GROUP_ORDER, SigningKey
from tests.vectors.files import write_vectors

LOG = SigningKey.from_seed(bytes(range(32)))
OTHER = SigningKey.from_seed(bytes(range(1, 33)))
WITNESS = SigningKey.from_seed(bytes(range(2, 34)))
ORIGIN = "psephos.example/elections/0123456789abcdef0123456789abcdef"
WITNESS_NAME = "witness.example/w1"
TIME = 1795521600
CHECKPOINT = Checkpoint(ORIGIN, 20852163, bytes(range(64, 96)))
NOTE = sign_checkpoint(CHECKPOINT, LOG)
BODY, SIGNATURE = NOTE.rstrip("\n").rsplit("\n\n", 1)
COSIGNED = add_cosignature(NOTE, WITNESS_NAME, WITNESS, TIME)


def signed(text: str, key: SigningKey = LOG, name: str = ORIGIN) -> str:
    return sign_note(text, name, key)


def with_size(size: str) -> str:
    return signed(CHECKPOINT.text().replace("20852163", size))


def with_root(root: str) -> str:
    return signed(CHECKPOINT.text().replace(base64.b64encode(CHECKPOINT.root).decode(), root))


def in_base64url() -> str:
    """A good note whose signature has a "/" in base64, with "_" in its place."""
    notes = (sign_checkpoint(Checkpoint(ORIGIN, size, bytes(32)), LOG) for size in range(1, 100))
    text, line = next(note for note in notes if "/" in note.rsplit(" ", 1)[1]).rsplit(" ", 1)
    return f"{text} {line.replace('+', '-').replace('/', '_')}"


def checkpoint_cases() -> list[dict[str, Any]]:
    def good(case_id: str, note: str, checkpoint: Checkpoint = CHECKPOINT) -> dict[str, Any]:
        return {
            "id": case_id,
            "result": "valid",
            "note": note,
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
        }

    def bad(case_id: str, note: str, error: str, attack: str) -> dict[str, Any]:
        return {"id": case_id, "result": "invalid", "error": error, "attack": attack, "note": note}

    root = base64.b64encode(CHECKPOINT.root).decode()
    line = signature_line(
        ORIGIN, key_id(ORIGIN, ED25519, LOG.public_key), LOG.sign(CHECKPOINT.text().encode())
    )
    encoded = SIGNATURE.rsplit(" ", 1)[1]
    raw = base64.b64decode(encoded)
    s_plus_order = raw[:36] + (int.from_bytes(raw[36:], "little") + GROUP_ORDER).to_bytes(32, "little")
    unknown = sign_checkpoint(CHECKPOINT, OTHER, "elsewhere.example").rsplit("\n\n", 1)[1]
    empty, largest = Checkpoint(ORIGIN, 0, EMPTY_ROOT), Checkpoint(ORIGIN, 2**53 - 1, bytes(32))
    note, head, missing = "malformed-note", "malformed-checkpoint", "signature-missing"
    spelling, split = "two spellings of one checkpoint", "a fork signed by somebody else"
    return [
        good("valid", NOTE),
        good("valid-empty-log", sign_checkpoint(empty, LOG), empty),
        good("valid-large", sign_checkpoint(largest, LOG), largest),
        good("valid-cosigned", COSIGNED),
        good("valid-unknown-signature-before", f"{BODY}\n\n{unknown}{line}"),
        good("valid-sixteen-signatures", NOTE + unknown * 15),
        bad("seventeen-signatures", NOTE + unknown * 16, note, "work without limit"),
        bad(
            "over-64-kib",
            NOTE + signature_line("elsewhere.example", b"late", bytes(3300)) * 15,
            note,
            "work without limit",
        ),
        bad("size-altered", NOTE.replace("20852163", "20852164"), "signature-failed", "another size"),
        bad(
            "root-altered",
            NOTE.replace(root, base64.b64encode(bytes(32)).decode()),
            "signature-failed",
            split,
        ),
        bad("other-key", sign_checkpoint(CHECKPOINT, OTHER), missing, split),
        bad(
            "other-name", sign_checkpoint(CHECKPOINT, LOG, "elsewhere.example"), missing, "another log's name"
        ),
        bad(
            "other-key-with-this-key-id",
            f"{BODY}\n\n"
            + signature_line(
                ORIGIN, key_id(ORIGIN, ED25519, LOG.public_key), OTHER.sign(CHECKPOINT.text().encode())
            ),
            "signature-failed",
            split,
        ),
        bad(
            "other-origin",
            signed(CHECKPOINT.text().replace("elections", "petitions")),
            "wrong-origin",
            "the head of another log of the same operator",
        ),
        bad("signed-twice", NOTE + line, note, spelling),
        bad(
            "s-plus-order",
            NOTE.replace(encoded, base64.b64encode(s_plus_order).decode()),
            "signature-failed",
            "malleable S",
        ),
        bad("no-signature", BODY + "\n\n", note, "unsigned"),
        bad("no-empty-line", NOTE.replace("\n\n", "\n"), note, "unsigned"),
        bad("empty", "", note, "nothing"),
        bad("no-final-newline", NOTE[:-1], note, spelling),
        bad("newline-added", NOTE + "\n", note, spelling),
        bad("carriage-returns", NOTE.replace("\n", "\r\n"), note, spelling),
        bad("hyphen-for-dash", NOTE.replace("\u2014 ", "- "), note, spelling),
        bad("two-spaces", NOTE.replace("\u2014 ", "\u2014  "), note, spelling),
        bad("text-after-signature", NOTE.replace(encoded, encoded + " x"), note, spelling),
        bad("base64-without-padding", NOTE.replace(encoded, encoded.rstrip("=")), note, spelling),
        bad("base64url-alphabet", in_base64url(), note, spelling),
        bad(
            "base64-with-space-inside",
            NOTE.replace(encoded, encoded[:8] + "\t" + encoded[8:]),
            note,
            spelling,
        ),
        bad(
            "signature-too-short",
            NOTE.replace(encoded, base64.b64encode(raw[:67]).decode()),
            "signature-failed",
            "truncated",
        ),
        bad("only-a-key-id", NOTE.replace(encoded, base64.b64encode(raw[:4]).decode()), note, "truncated"),
        bad("size-leading-zero", with_size("020852163"), head, spelling),
        bad("size-plus", with_size("+20852163"), head, spelling),
        bad("size-negative", with_size("-1"), head, "nonsense"),
        bad("size-underscore", with_size("20_852_163"), head, spelling),
        bad("size-space", with_size(" 20852163"), head, spelling),
        bad("size-empty", with_size(""), head, "nonsense"),
        bad("size-other-digits", with_size("\u0662\u0660"), head, spelling),
        bad("size-two-to-63", with_size(str(2**63)), head, "overflow"),
        bad("size-huge", with_size("9" * 5000), head, "work without limit"),
        bad("root-too-short", with_root(base64.b64encode(bytes(31)).decode()), head, "truncated"),
        bad("root-too-long", with_root(base64.b64encode(bytes(33)).decode()), head, "extended"),
        bad("root-trailing-bits", with_root(root[:-2] + chr(ord(root[-2]) + 1) + "="), head, spelling),
        bad("root-no-padding", with_root(root.rstrip("=")), head, spelling),
        bad("root-hexadecimal", with_root(CHECKPOINT.root.hex()), head, "another encoding"),
        bad("extension-line", signed(CHECKPOINT.text() + "extension\n"), head, "unaudited content"),
        bad("two-lines", signed("\n".join(CHECKPOINT.text().split("\n")[:2]) + "\n"), head, "truncated"),
    ]


def cosignature_cases() -> list[dict[str, Any]]:
    cosigned_line = COSIGNED[len(NOTE) :]
    encoded = cosigned_line.rstrip("\n").rsplit(" ", 1)[1]
    raw = base64.b64decode(encoded)

    def replaced(data: bytes) -> str:
        return COSIGNED.replace(encoded, base64.b64encode(data).decode())

    def bad(case_id: str, note: str, error: str, attack: str) -> dict[str, Any]:
        return {"id": case_id, "result": "invalid", "error": error, "attack": attack, "note": note}

    second = add_cosignature(NOTE, WITNESS_NAME, WITNESS, TIME + 1)[len(NOTE) :]
    plain = sign_checkpoint(CHECKPOINT, WITNESS, WITNESS_NAME).rsplit("\n\n", 1)[1]
    failed = "signature-failed"
    return [
        {"id": "valid", "result": "valid", "note": COSIGNED, "timestamp": TIME},
        {
            "id": "valid-time-zero",
            "result": "valid",
            "note": add_cosignature(NOTE, WITNESS_NAME, WITNESS, 0),
            "timestamp": 0,
        },
        bad("absent", NOTE, "signature-missing", "not witnessed"),
        bad(
            "plain-signature-by-the-witness",
            NOTE + plain,
            "signature-missing",
            "a note signature passed off as a cosignature",
        ),
        bad(
            "other-witness-same-name",
            add_cosignature(NOTE, WITNESS_NAME, OTHER, TIME),
            "signature-missing",
            "somebody else under the witness's name",
        ),
        bad(
            "time-moved-back",
            replaced(raw[:4] + (TIME - 3600).to_bytes(8, "big") + raw[12:]),
            failed,
            "seen later than claimed",
        ),
        bad("other-checkpoint", COSIGNED.replace("20852163", "20852164"), failed, "moved to another head"),
        bad("time-over-63-bits", replaced(raw[:4] + b"\x80" + raw[5:]), failed, "overflow"),
        bad("truncated", replaced(raw[:-1]), failed, "truncated"),
        bad("without-time", replaced(raw[:4] + raw[12:]), failed, "no time"),
        bad("twice", COSIGNED + second, "malformed-note", "two times for one witness"),
    ]


def vectors() -> dict[str, Any]:
    return {
        "format": "psephos/checkpoint/v1",
        "spec": "docs/PROTOCOL.md, section 3; https://c2sp.org/tlog-checkpoint, tlog-cosignature, signed-note",
        "made_by": "tests/vectors/make_checkpoint.py",
        "origin": ORIGIN,
        "log_key": LOG.public_key.hex(),
        "witness_name": WITNESS_NAME,
        "witness_key": WITNESS.public_key.hex(),
        "checkpoints": checkpoint_cases(),
        "cosignatures": cosignature_cases(),
    }


if __name__ == "__main__":
    write_vectors("checkpoint", vectors())
