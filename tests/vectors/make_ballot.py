"""Write ballot.json: `python -m tests.vectors.make_ballot`.

One ballot, made byte for byte from its seed, and what others would make of it: every case is that ballot with
passages replaced, a signature, a leaf time and a number of earlier valid ballots, and the first reason for which it is
not valid.
"""

import json
from typing import Any

from crypto.ballot_seed import BallotSeed
from crypto.encoding import decode_int, encode_base64url, encode_int
from protocol.ballot import ballot_bytes_max, encrypt_ballot
from protocol.leaf import Kind, body_digest, sign_body, signed_message
from tests.protocol.samples import VALUES
from tests.support.elections import voter_key
from tests.support.hostile import Path, canonical, get_at, plus_one, put_at, small_election
from tests.vectors.files import write_vectors

SEED = b"one ballot from its seed, v1....."[:32]
TIME = "2026-11-24T12:00:00Z"
VOTER = 1
MALFORMED, FAILED = "malformed-ballot", "membership-failed"


def _body() -> str:
    election = small_election()
    return encrypt_ballot(election.terms, VALUES, voter_key(VOTER).public_key, 1, BallotSeed(SEED)).decode()


BODY = _body()


def honest() -> Any:
    """The ballot as JSON, fresh each time."""
    return json.loads(BODY)


def applied(replace: list[list[str]]) -> str:
    """The ballot with passages replaced, each at its first occurrence."""
    text = BODY
    for old, new in replace:
        if old not in text:
            raise ValueError("A passage to be replaced does not stand in the ballot.")
        text = text.replace(old, new, 1)
    return text


def _case(
    name: str,
    error: str | None,
    attack: str,
    replace: list[list[str]],
    *,
    signature: bytes | None = None,
    voter: int = VOTER,
    time: str = TIME,
    earlier_valid: int = 0,
) -> dict[str, Any]:
    body = applied(replace).encode("utf-8", "surrogatepass")
    case: dict[str, Any] = {"id": name, "result": "invalid" if error else "valid"}
    if error:
        case |= {"error": error, "attack": attack}
    return case | {
        "replace": replace,
        "signature": encode_base64url(signature or sign_body(Kind.BALLOT, body, voter_key(voter))),
        "time": time,
        "earlier_valid": earlier_valid,
    }


def _number(path: Path, text: str) -> list[list[str]]:
    return [[f'"{get_at(honest(), path)}"', f'"{text}"']]


def _sequence(text: str) -> list[list[str]]:
    return [['"sequence":1', f'"sequence":{text}']]


def _turned() -> list[list[str]]:
    """Ciphertext and proof of the first approval in the place of the second."""
    answer = honest()["answers"][1]
    first, second = (canonical(answer["proofs"][i]).decode() for i in (0, 1))
    return [[second, first], [f'"{answer["ciphertexts"][1]}"', f'"{answer["ciphertexts"][0]}"']]


def _cases() -> list[dict[str, Any]]:
    terms = small_election().terms
    n = terms.record.n
    ciphertext, proof = ("answers", 0, "ciphertexts", 0), ("answers", 0, "proofs", 0)
    held: dict[str, Path] = {
        "ciphertext": ciphertext,
        "a": (*proof, "a", 0),
        "e": (*proof, "e", 0),
        "z": (*proof, "z", 0),
    }
    texts = {name: get_at(honest(), path) for name, path in held.items()}
    z = decode_int(texts["z"], 256)
    credential, fingerprint = honest()["credential"], honest()["fingerprint"]
    other = encode_base64url(voter_key(2).public_key)
    digest = body_digest(Kind.BALLOT, BODY.encode())
    spelt = "two spellings of one ballot have two trackers"
    first_question = '"question":"q1"'

    return [
        _case("honest", None, "", []),
        _case("last-second", None, "", [], time="2026-11-30T19:59:59Z"),
        # (1) strict decoding
        _case("space", MALFORMED, spelt, [['"answers":', '"answers": ']]),
        _case("trailing-newline", MALFORMED, spelt, [['"sequence":1}', '"sequence":1}\n']]),
        _case("leading-zero", MALFORMED, spelt, _sequence("01")),
        _case("minus-zero", MALFORMED, spelt, _sequence("-0")),
        _case("float", MALFORMED, spelt, _sequence("1.0")),
        _case("exponent", MALFORMED, spelt, _sequence("1e0")),
        _case("text-for-number", MALFORMED, "a type that some convert", _sequence('"1"')),
        _case("sequence-zero", MALFORMED, "a number outside its range", _sequence("0")),
        _case("sequence-too-large", MALFORMED, "a number outside its range", _sequence("4294967296")),
        _case("unknown-field", MALFORMED, "a field that some read", [['"answers":', '"a":0,"answers":']]),
        _case(
            "field-missing", MALFORMED, "a field that some assume", [['"format":"psephos/ballot/v1",', ""]]
        ),
        _case("duplicate-key", MALFORMED, "first or last, parsers disagree", _sequence('2,"sequence":1')),
        _case(
            "keys-out-of-order",
            MALFORMED,
            spelt,
            [
                [f'"credential":"{credential}",', ""],
                ['"sequence":1', f'"sequence":1,"credential":"{credential}"'],
            ],
        ),
        _case("escape", MALFORMED, spelt, [["psephos/ballot", "psephos\\/ballot"]]),
        _case("unicode-escape", MALFORMED, spelt, [[first_question, '"question":"\\u00711"']]),
        _case("lone-surrogate", MALFORMED, "text that is none", [[first_question, '"question":"\\ud800"']]),
        _case(
            "other-format",
            MALFORMED,
            "a ballot of a later version",
            [["psephos/ballot/v1", "psephos/ballot/v2"]],
        ),
        _case(
            "questions-exchanged",
            MALFORMED,
            "an answer under another question",
            [[first_question, '"question":"q2"']],
        ),
        _case("base64-padding", MALFORMED, spelt, _number(held["e"], texts["e"] + "=")),
        _case(
            "base64-trailing-bits",
            MALFORMED,
            spelt,
            _number(held["e"], texts["e"][:-1] + _next(texts["e"][-1])),
        ),
        _case("base64-alphabet", MALFORMED, spelt, _number(held["e"], "+" + texts["e"][1:])),
        _case("number-longer", MALFORMED, "leading zeros", _number(held["z"], "AAAA" + texts["z"])),
        _case("number-shorter", MALFORMED, "another length", _number(held["a"], texts["a"][:-4])),
        _case("branch-missing", MALFORMED, "fewer branches than members", _branches(slice(0, 2))),
        _case("branch-extra", MALFORMED, "an additional branch takes the challenge", _extra_branch()),
        _case("a-missing", MALFORMED, "lists of different lengths", _numbers("a", slice(0, 2))),
        _case("proof-missing", MALFORMED, "a part that nobody proves", _proof_missing()),
        # (2) whose election
        _case(
            "other-election", "wrong-election", "a ballot of another election", [[terms.election, "f" * 32]]
        ),
        _case(
            "other-terms",
            "wrong-election",
            "a ballot for other terms",
            [[fingerprint, plus_one(fingerprint)]],
        ),
        # (3) and (4) whose ballot
        _case(
            "unknown-credential",
            "unknown-credential",
            "nobody's key",
            [[credential, encode_base64url(voter_key(9).public_key)]],
            voter=9,
        ),
        _case(
            "small-order-credential",
            "unknown-credential",
            "a key under which anything is signed",
            [[credential, "AQ" + "A" * 41]],
            signature=bytes(64),
        ),
        _case("signed-by-another", "bad-signature", "another's ballot cast", [], voter=2),
        _case(
            "signed-as-challenge",
            "bad-signature",
            "an opened ballot cast",
            [],
            signature=voter_key(VOTER).sign(signed_message(Kind.CHALLENGE, digest)),
        ),
        _case(
            "signature-of-other-ballot",
            "bad-signature",
            "a signature moved",
            _sequence("2"),
            signature=sign_body(Kind.BALLOT, BODY.encode(), voter_key(VOTER)),
            earlier_valid=1,
        ),
        _case("signature-zero", "bad-signature", "no signature at all", [], signature=bytes(64)),
        # (5) when
        _case("too-early", "outside-window", "before the polls open", [], time="2026-11-20T07:59:59Z"),
        _case(
            "too-late", "outside-window", "the second in which they close", [], time="2026-11-30T20:00:00Z"
        ),
        # (6) which one
        _case("exact-copy", "wrong-sequence", "the same ballot twice", [], earlier_valid=1),
        _case("gap", "wrong-sequence", "a number left out", _sequence("3"), earlier_valid=1),
        _case(
            "thief-ends-re-voting",
            "wrong-sequence",
            "the largest number, after which none comes",
            _sequence("4294967295"),
        ),
        # (7) what it holds
        _case(
            "proof-of-another-sequence",
            FAILED,
            "replay as the second ballot",
            _sequence("2"),
            earlier_valid=1,
        ),
        _case(
            "proof-of-another-voter",
            FAILED,
            "another's ballot copied and signed",
            [[credential, other]],
            voter=2,
        ),
        _case("proof-of-another-part", FAILED, "one approval copied to another option", _turned()),
        _case(
            "ciphertext-altered",
            FAILED,
            "another plaintext",
            _number(held["ciphertext"], plus_one(texts["ciphertext"])),
        ),
        _case("a-altered", FAILED, "one commitment altered", _number(held["a"], plus_one(texts["a"]))),
        _case("e-altered", FAILED, "one challenge altered", _number(held["e"], plus_one(texts["e"]))),
        _case("z-altered", FAILED, "one response altered", _number(held["z"], plus_one(texts["z"]))),
        _case(
            "ciphertext-zero",
            "malformed-ciphertext",
            "makes every product zero",
            _number(held["ciphertext"], encode_int(0, 512)),
        ),
        _case(
            "ciphertext-is-n",
            "malformed-ciphertext",
            "not a unit",
            _number(held["ciphertext"], encode_int(n, 512)),
        ),
        _case(
            "ciphertext-not-below-n-squared",
            "malformed-ciphertext",
            "zero in another spelling",
            _number(held["ciphertext"], encode_int(n * n, 512)),
        ),
        _case("a-not-a-unit", "malformed-proof", "0 = 0", _number(held["a"], encode_int(n, 512))),
        _case("z-zero", "malformed-proof", "0 = 0", _number(held["z"], encode_int(0, 256))),
        _case(
            "z-larger-root",
            "malformed-proof",
            "a second spelling: n - z",
            _number(held["z"], encode_int(n - z, 256)),
        ),
    ]


def _next(letter: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return letters[letters.index(letter) + 1]


def _first_proof(change: Any) -> list[list[str]]:
    proof = honest()["answers"][0]["proofs"][0]
    old = canonical(proof).decode()
    change(proof)
    return [[old, canonical(proof).decode()]]


def _branches(kept: slice) -> list[list[str]]:
    def change(proof: dict[str, list[str]]) -> None:
        for name in proof:
            proof[name] = proof[name][kept]

    return _first_proof(change)


def _numbers(name: str, kept: slice) -> list[list[str]]:
    return _first_proof(lambda proof: put_at(proof, (name,), proof[name][kept]))


def _extra_branch() -> list[list[str]]:
    """One branch more in the first proof, one less in the next: no byte more in all."""
    value = honest()
    first, second = value["answers"][0]["proofs"][0], value["answers"][1]["proofs"][0]
    replace = []
    for proof, change in ((first, 1), (second, -1)):
        old = canonical(proof).decode()
        altered = {name: [*items, items[0]] if change > 0 else items[:-1] for name, items in proof.items()}
        replace.append([old, canonical(altered).decode()])
    return replace


def _proof_missing() -> list[list[str]]:
    proofs = honest()["answers"][1]["proofs"]
    return [["," + canonical(proofs[-1]).decode(), ""]]


def vectors() -> dict[str, Any]:
    """The whole file."""
    election = small_election()
    return {
        "format": "psephos/ballot-vectors/v1",
        "spec": "docs/PROTOCOL.md, sections 4 to 8",
        "made_by": "tests/vectors/make_ballot.py",
        "note": (
            "The ballot that `values`, `credential`, `sequence` and `seed` give is `body`. A case is `body` with the "
            "passages of `replace` exchanged, each at its first occurrence and in this order; on a leaf of time `time` "
            "with `signature`, after `earlier_valid` valid ballots of the credential. `error` is the first reason of "
            "section 8."
        ),
        "manifest": election.manifest_body.decode(),
        "ceremony": election.ceremony_body.decode(),
        "roll": election.roll_body.decode(),
        "fingerprint": election.terms.fingerprint_text,
        "ballot_bytes_max": ballot_bytes_max(election.terms),
        "values": VALUES,
        "credential": voter_key(VOTER).public_key.hex(),
        "sequence": 1,
        "seed": SEED.hex(),
        "tracker": body_digest(Kind.BALLOT, BODY.encode()).hex(),
        "body": BODY,
        "cases": _cases(),
    }


if __name__ == "__main__":
    write_vectors("ballot", vectors())
