"""Write protocol.json: `python -m tests.vectors.make_protocol`.

What a voter's device reads and writes: terms, ballots, challenge, promise, receipt, entries of the board.
A refused case is a good text of this file with one passage replaced.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from crypto.ballot_seed import BallotSeed
from crypto.checkpoint import add_cosignature
from crypto.encoding import encode_base64url
from crypto.key import ElectionKey
from crypto.merkle import CompactTree, Node, consistency_proof, inclusion_proof, leaf_hash
from crypto.signature import SigningKey
from protocol.ballot import encrypt_ballot
from protocol.canonical import encode_canonical
from protocol.casting import Promise, Receipt, make_promise
from protocol.challenge import Challenge, OpenedAnswer, Reveal
from protocol.leaf import Kind, body_digest, decode_leaf, sign_body, signed_message
from protocol.manifest import NamedKey
from protocol.public_terms import make_public_terms
from protocol.ranking import blank_ranking, ranking_values
from protocol.records import Freeze, freeze_message
from protocol.roll import RollEntry
from protocol.terms import ElectionTerms, fingerprint_of
from tests.support.boards import MemoryBoard
from tests.support.elections import (
    REGISTRAR_KEY,
    SERVER_KEY,
    TestElection,
    approval,
    choose_one,
    make_election,
    make_manifest,
    points,
    ranking,
    trustee_key,
    voter_key,
)
from tests.vectors.files import write_vectors

WITNESS = SigningKey.from_seed(b"W" * 32)
WITNESS_NAME = "witness.example/w1"
WITNESSED_AT = 1795521600
WEIGHTS = (1, 1, 2, 7, 1)
ANSWERS = ((0, 0, 1, 0), (1, 0, 1), (5, 0, 3))
VOTER = 2


def _seed(name: str) -> bytes:
    return name.encode().ljust(32, b".")


@dataclass(frozen=True)
class Wide:
    """More slots than one ciphertext holds: the roll's weight is invented, its million keys are not listed."""

    manifest_body: bytes
    ceremony_body: bytes
    roll_digest: bytes
    terms: ElectionTerms


@cache
def small() -> TestElection:
    """One question of each kind, 2 of 3 trustees, one witness."""
    manifest = make_manifest((choose_one(), approval(), points()), trustees=3)
    witness = NamedKey(key=encode_base64url(WITNESS.public_key), name=WITNESS_NAME)
    registrar = encode_base64url(REGISTRAR_KEY.public_key)
    manifest = msgspec.structs.replace(manifest, registrar_key=registrar, witnesses=(witness,))
    entries = [RollEntry(weight=weight, area="all") for weight in WEIGHTS]
    return make_election(manifest, entries=entries)


@cache
def wide() -> Wide:
    """44 options and the blank slot, 43 of which fit one ciphertext."""
    plain = make_election(make_manifest((choose_one(44),), election="f" * 32), voters=1)
    roll_digest = body_digest(Kind.ROLL, b"a roll of 1,000,000 lines of weight 1,000,000")
    fingerprint = fingerprint_of(
        body_digest(Kind.MANIFEST, plain.manifest_body),
        body_digest(Kind.CEREMONY, plain.ceremony_body),
        roll_digest,
    )
    record = plain.terms.record
    key = ElectionKey.derive(record.n, plain.terms.election, plain.manifest.size)
    terms = ElectionTerms(plain.manifest, record, key, fingerprint, 10**12)
    assert len(terms.layouts[0].parts) == 2
    return Wide(plain.manifest_body, plain.ceremony_body, roll_digest, terms)


@cache
def ranked() -> TestElection:
    """A ranking of three, with points that are not Borda's."""
    manifest = make_manifest((ranking(3, (5, 2, 2)),), election="a" * 32)
    return make_election(manifest, entries=[RollEntry(weight=weight, area="all") for weight in WEIGHTS])


@cache
def eight() -> TestElection:
    """A ranking of eight with the points 1, 1/2, …, 1/8, times 840."""
    return make_election(make_manifest((ranking(8, [840 // j for j in range(1, 9)]),), election="8" * 32))


def _terms_answer(manifest: bytes, ceremony: bytes, roll_digest: bytes, terms: ElectionTerms) -> str:
    """What `GET …/terms` answers."""
    message = freeze_message(terms.election, terms.fingerprint)
    trustees = range(1, len(terms.manifest.trustees) + 1)
    freeze = Freeze(
        election=terms.election,
        fingerprint=terms.fingerprint_text,
        format="psephos/freeze/v1",
        signatures=tuple(encode_base64url(trustee_key(i).sign(message)) for i in trustees),
    )
    body = encode_canonical(freeze)
    return make_public_terms(manifest, ceremony, roll_digest, body, terms.total_weight).decode()


def _whole_terms(election: TestElection) -> str:
    return _terms_answer(
        election.manifest_body,
        election.ceremony_body,
        body_digest(Kind.ROLL, election.roll_body),
        election.terms,
    )


def _ballot(
    case_id: str, election: str, terms: ElectionTerms, values: Any, sequence: int, voter: int = VOTER
) -> dict[str, Any]:
    key, seed = voter_key(voter), _seed(case_id)
    body = encrypt_ballot(terms, values, key.public_key, sequence, BallotSeed(seed))
    return {
        "id": case_id,
        "result": "valid",
        "election": election,
        "answers": values,
        "credential": key.public_key.hex(),
        "sequence": sequence,
        "seed": seed.hex(),
        "length_bytes": len(body),
        "tracker": body_digest(Kind.BALLOT, body).hex(),
    }


def _ballots() -> list[dict[str, Any]]:
    terms, wide_terms = small().terms, wide().terms
    slots = [0] * 45

    def chosen(slot: int) -> list[list[int]]:
        return [[*slots[:slot], 1, *slots[slot + 1 :]]]

    return [
        _ballot("each-kind", "small", terms, ANSWERS, 1),
        _ballot("blank-nothing-nothing", "small", terms, ((0, 0, 0, 1), (0, 0, 0), (0, 0, 0)), 2),
        _ballot("most-allowed", "small", terms, ((1, 0, 0, 0), (0, 1, 1), (5, 5, 0)), 2**32 - 1, 5),
        _ballot("first-ciphertext", "wide", wide_terms, chosen(0), 1),
        _ballot("blank-in-second-ciphertext", "wide", wide_terms, chosen(44), 3),
        _ballot("ranked", "ranked", ranked().terms, (ranking_values((3, 1, 2)),), 1),
        _ballot("ranked-blank", "ranked", ranked().terms, (blank_ranking(3),), 2),
        _ballot("eight-ranked", "eight", eight().terms, (ranking_values((2, 8, 1, 3, 7, 5, 4, 6)),), 1),
    ]


def _answers_refused() -> list[dict[str, Any]]:
    def bad(case_id: str, values: Any, election: str = "small") -> dict[str, Any]:
        return {
            "id": case_id,
            "result": "invalid",
            "error": "answer-invalid",
            "election": election,
            "answers": values,
        }

    one, some, given = ANSWERS
    return [
        bad("question-missing", (one, some)),
        bad("two-chosen", ((1, 1, 0, 0), some, given)),
        bad("none-chosen", ((0, 0, 0, 0), some, given)),
        bad("two-votes-for-one", ((2, 0, 0, 0), some, given)),
        bad("blank-slot-missing", ((0, 0, 1), some, given)),
        bad("negative", ((2, -1, 0, 0), some, given)),
        bad("more-than-the-maximum", (one, (1, 1, 1), given)),
        bad("approved-twice", (one, (2, 0, 0), given)),
        bad("too-many-points-to-one", (one, some, (6, 0, 0))),
        bad("too-many-points-in-all", (one, some, (5, 5, 1))),
        bad("two-at-one-position", ((1, 0, 0, 1, 0, 0, 0, 1, 0, 0),), "ranked"),
        bad("option-at-two-positions", ((1, 1, 0, 0, 0, 1, 0, 0, 0, 0),), "ranked"),
        bad("option-without-position", ((1, 0, 0, 0, 1, 0, 0, 0, 0, 0),), "ranked"),
        bad("ranked-and-blank", ((1, 0, 0, 0, 1, 0, 0, 0, 1, 1),), "ranked"),
        bad("neither-ranked-nor-blank", ((0,) * 10,), "ranked"),
        bad("blank-cell-missing", ((1, 0, 0, 0, 1, 0, 0, 0, 1),), "ranked"),
        bad("two-in-a-cell", ((2, -1, 0, -1, 2, 0, 0, 0, 1, 0),), "ranked"),
    ]


@dataclass
class _Nodes:
    """A board's tree, every complete subtree kept."""

    board: MemoryBoard

    def __post_init__(self) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        tree = CompactTree()
        for leaf, _ in self.board.leaves:
            for node in tree.append(leaf_hash(leaf)):
                self._keep(node)

    def _keep(self, node: Node) -> None:
        self.nodes[node.level, node.index] = node.hash

    def get(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def checkpoint(self, size: int) -> str:
        return add_cosignature(self.board.checkpoint_at(size), WITNESS_NAME, WITNESS, WITNESSED_AT)

    def proof(self, index: int, size: int) -> list[str]:
        return [encode_base64url(each) for each in inclusion_proof(self.get, index, size)]

    def entry(self, index: int, size: int) -> dict[str, Any]:
        answer = {
            "checkpoint": self.checkpoint(size),
            "index": index,
            "leaf": self.board.leaves[index][0].decode(),
            "proof": self.proof(index, size),
            "size": size,
        }
        return {
            "id": f"entry-{index}-of-{size}",
            "result": "valid",
            "index": index,
            "answer": encode_canonical(answer).decode(),
        }

    def consistency(self, old: int, new: int) -> dict[str, Any]:
        proof = [encode_base64url(each) for each in consistency_proof(self.get, old, new)]
        return {
            "id": f"from-{old}-to-{new}",
            "result": "valid",
            "old_checkpoint": self.checkpoint(old),
            "new_checkpoint": self.checkpoint(new),
            "answer": encode_canonical({"new": new, "old": old, "proof": proof}).decode(),
        }


@cache
def _board() -> tuple[_Nodes, int]:
    """Eight entries, and the index of the receipt's ballot."""
    board = MemoryBoard(small()).start()
    index = 0
    for voter in (1, VOTER, 3):
        body, signature = small().ballot(voter, ANSWERS, seed=_seed(f"board-{voter}"))
        at = board.append(Kind.BALLOT, body, signature)
        index = at if voter == VOTER else index
    return _Nodes(board), index


def _promise(index: int) -> Promise:
    leaf = decode_leaf(_board()[0].board.leaves[index][0])
    return make_promise(small().manifest, leaf.digest_bytes, index, leaf.time, SERVER_KEY)


@cache
def receipt() -> str:
    """The receipt of voter `VOTER`."""
    nodes, index = _board()
    leaf, body = nodes.board.leaves[index]
    size = len(nodes.board.leaves)
    # `Raw` keeps the field's order; strict reading comes later, in the tests.
    fields = {
        "ballot": msgspec.Raw(body),
        "checkpoint": nodes.checkpoint(size),
        "election": small().terms.election,
        "fingerprint": small().terms.fingerprint_text,
        "format": "psephos/receipt/v1",
        "inclusion": nodes.proof(index, size),
        "leaf": msgspec.Raw(leaf),
        "promise": _promise(index),
        "tracker": encode_base64url(body_digest(Kind.BALLOT, body)),
    }
    text = encode_canonical(fields).decode()
    msgspec.json.decode(text, type=Receipt)
    return text


def _reveal() -> dict[str, Any]:
    election, seed, sequence = small(), _seed("tested"), 4
    key = voter_key(VOTER)
    body = encrypt_ballot(election.terms, ANSWERS, key.public_key, sequence, BallotSeed(seed))
    challenge = Challenge(
        answers=tuple(
            OpenedAnswer(question=layout.id, values=values)
            for layout, values in zip(election.terms.layouts, ANSWERS, strict=True)
        ),
        credential=encode_base64url(key.public_key),
        election=election.terms.election,
        fingerprint=election.terms.fingerprint_text,
        format="psephos/challenge/v1",
        seed=encode_base64url(seed),
        sequence=sequence,
        tracker=encode_base64url(body_digest(Kind.BALLOT, body)),
    )
    challenge_body = encode_canonical(challenge)
    signature = encode_base64url(sign_body(Kind.CHALLENGE, challenge_body, key))
    request = Reveal(challenge=challenge, format="psephos/reveal/v1", signature=signature)
    return {
        "voter_seed": (b"voter" + VOTER.to_bytes(27, "big")).hex(),
        "answers": ANSWERS,
        "sequence": sequence,
        "seed": seed.hex(),
        "body": challenge_body.decode(),
        "request": encode_canonical(request).decode(),
        "cast_signature": encode_base64url(sign_body(Kind.BALLOT, body, key)),
    }


def _altered(
    case_id: str, error: str, attack: str, *replace: tuple[str, str], of: str = "small"
) -> dict[str, Any]:
    case = {"id": case_id, "result": "invalid", "error": error, "attack": attack, "replace": replace}
    return case if of == "small" else case | {"of": of}


def _terms_refused() -> list[dict[str, Any]]:
    terms = small().terms
    mismatch, malformed, invalid = "terms-mismatch", "malformed-record", "manifest-invalid"
    other = encode_base64url(WITNESS.public_key)
    key_before = '"log_key":"' + terms.manifest.log_key + '"'
    title, fingerprint = '"title":{"en":"A test election"', f'"fingerprint":"{terms.fingerprint_text}"'
    trustee = '"name":"Trustee 1"'
    swapped = '"total_weight":12}', '"roll_digest":"x","total_weight":12}'
    return [
        _altered(
            "question-reworded",
            mismatch,
            "another question under the same seal",
            ("Which one?", "Which two?"),
        ),
        _altered(
            "log-key-replaced", mismatch, "a board of the server's own", (key_before, f'"log_key":"{other}"')
        ),
        _altered(
            "both-fingerprints-replaced",
            mismatch,
            "all says the same but the content",
            (fingerprint, f'"fingerprint":"{other}"'),
        ),
        _altered(
            "freeze-of-other-election",
            mismatch,
            "signatures of another vote",
            (
                '"election":"00112233445566778899aabbccddeeff","fingerprint"',
                '"election":"10112233445566778899aabbccddeeff","fingerprint"',
            ),
        ),
        _altered(
            "key-shared-otherwise",
            malformed,
            "one trustee suffices",
            ('"threshold":2,"transcript"', '"threshold":1,"transcript"'),
        ),
        _altered("modulus-one-byte-short", malformed, "a shorter modulus", ('"n":"', '"n":"A')),
        _altered(
            "square-root-missing",
            malformed,
            "a certificate of 127 roots",
            ('"square_roots":["', '"square_roots":["","'),
        ),
        _altered("roll-digest-twice", malformed, "two digests, one of them read", swapped),
        _altered(
            "unknown-field",
            malformed,
            "a field that some read",
            ('"fingerprint":', '"extra":0,"fingerprint":'),
        ),
        _altered("unknown-manifest-field", invalid, "a field that some read", (title, f'"titel":"",{title}')),
        _altered(
            "opens-after-it-closes",
            invalid,
            "never open",
            ('"opens_at":"2026-11-20', '"opens_at":"2026-12-20'),
        ),
        _altered(
            "no-such-day",
            invalid,
            "a time of which nobody knows when it is",
            ('"closes_at":"2026-11-30', '"closes_at":"2026-11-31'),
        ),
        _altered(
            "text-turned-around", invalid, "an option shown as another", (trustee, '"name":"\u202eTrustee 1"')
        ),
        _altered("witness-name-with-space", invalid, "a second signature line", (WITNESS_NAME, "witness w1")),
        _altered("witness-name-with-plus", invalid, "a second signature line", (WITNESS_NAME, "witness+w1")),
        _altered("text-not-nfc", invalid, "two spellings of one name", (trustee, '"name":"Tru\u0301stee 1"')),
        _altered(
            "options-with-one-id", invalid, "two options that count as one", ('{"id":"a2"', '{"id":"a1"')
        ),
        _altered("option-called-blank", invalid, "votes for the blank slot", ('{"id":"a1"', '{"id":"blank"')),
        _altered(
            "minimum-above-maximum", invalid, "no answer is allowed", ('"max":2,"min":0', '"max":2,"min":3')
        ),
        _altered(
            "more-than-all-options",
            invalid,
            "a maximum that nobody reaches",
            ('"max":2,"min":0', '"max":4,"min":0'),
        ),
        _altered("positions-rise", invalid, "the last wins", ("[5,2,2]", "[2,2,5]"), of="ranked"),
        _altered("positions-alike", invalid, "a ranking without effect", ("[5,2,2]", "[2,2,2]"), of="ranked"),
        _altered("position-missing", invalid, "a position without points", ("[5,2,2]", "[5,2]"), of="ranked"),
        _altered("position-too-many", invalid, "points of nothing", ("[5,2,2]", "[5,2,2,1]"), of="ranked"),
        _altered("position-too-great", invalid, "a score above 2^53", ("[5,2,2]", "[1001,2,2]"), of="ranked"),
        _altered("number-with-sign", malformed, "two spellings of one record", ('"min":0', '"min":-0')),
        _altered(
            "number-with-exponent",
            malformed,
            "two spellings of one record",
            ('"promise_seconds":60', '"promise_seconds":6e1'),
        ),
        _altered(
            "space",
            malformed,
            "two spellings of one record",
            ('"promise_seconds":60', '"promise_seconds": 60'),
        ),
    ]


def _receipt_refused() -> list[dict[str, Any]]:
    nodes, index = _board()
    differs, failed = "evidence-differs", "signature-failed"
    leaf = nodes.board.leaves[index][0].decode()
    other_leaf = nodes.board.leaves[index + 1][0].decode()
    tracker = encode_base64url(decode_leaf(leaf.encode()).digest_bytes)
    other_tracker = encode_base64url(decode_leaf(other_leaf.encode()).digest_bytes)
    size = len(nodes.board.leaves)
    made, other = (encode_canonical(_promise(i)).decode() for i in (index, index + 1))
    return [
        _altered(
            "other-ballot", differs, "another ballot under this receipt", ('"sequence":1', '"sequence":2')
        ),
        _altered(
            "other-leaf", differs, "the leaf of another voter", (f'"leaf":{leaf}', f'"leaf":{other_leaf}')
        ),
        _altered(
            "other-tracker",
            differs,
            "a receipt code of another ballot",
            (f'"tracker":"{tracker}"}}', f'"tracker":"{other_tracker}"}}'),
        ),
        _altered("promise-of-another", differs, "a promise about another ballot", (made, other)),
        _altered(
            "promised-index-moved",
            failed,
            "evidence about another entry",
            (f'"index":{index}', f'"index":{index + 1}'),
        ),
        _altered("deadline-moved", differs, "a deadline that is never missed", (":01:00Z", ":31:00Z")),
        _altered(
            "leaf-time-moved",
            differs,
            "a ballot from another time",
            (f'"time":"{_promise(index).time}"}},"promise"', '"time":"2026-11-24T12:00:01Z"},"promise"'),
        ),
        _altered(
            "other-election",
            differs,
            "a receipt of another vote",
            (
                f'"election":"{small().terms.election}","fingerprint":"{small().terms.fingerprint_text}","format":"psephos/receipt',
                f'"election":"{"1" * 32}","fingerprint":"{small().terms.fingerprint_text}","format":"psephos/receipt',
            ),
        ),
        _altered(
            "size-of-head-moved",
            failed,
            "a head that the log did not sign",
            (f"\\n{size}\\n", f"\\n{size + 1}\\n"),
        ),
        _altered(
            "path-of-another",
            "inclusion-failed",
            "a proof of another entry",
            (nodes.proof(index, size)[0], nodes.proof(index + 1, size)[0]),
        ),
        _altered(
            "field-added",
            "malformed-record",
            "two spellings of one receipt",
            ('"inclusion"', '"hint":0,"inclusion"'),
        ),
    ]


def _board_refused() -> list[dict[str, Any]]:
    nodes, index = _board()
    size = len(nodes.board.leaves)
    of = nodes.entry(index, size)["answer"]

    def bad(case_id: str, error: str, attack: str, answer: str, at: int = index) -> dict[str, Any]:
        return {
            "id": case_id,
            "result": "invalid",
            "error": error,
            "attack": attack,
            "index": at,
            "answer": answer,
        }

    older = nodes.entry(index, size - 1)["answer"]
    return [
        bad("asked-for-another", "evidence-differs", "an entry that nobody asked for", of, index + 1),
        bad(
            "leaf-altered",
            "inclusion-failed",
            "another leaf under the proof",
            of.replace("12:00:00Z", "12:00:01Z"),
        ),
        bad(
            "size-differs",
            "evidence-differs",
            "two sizes in one answer",
            of.replace(f'"size":{size}', f'"size":{size - 1}'),
        ),
        bad(
            "proof-of-older-head",
            "inclusion-failed",
            "a proof for another tree",
            of.replace(
                str(nodes.proof(index, size)).replace("'", '"').replace(", ", ","),
                str(nodes.proof(index, size - 1)).replace("'", '"').replace(", ", ","),
            ),
        ),
        bad(
            "signature-line-of-older-head",
            "signature-failed",
            "a signature moved to another head",
            of.replace(_note_line(of), _note_line(older)),
        ),
        bad("size-zero", "malformed-record", "an empty board", of.replace(f'"size":{size}', '"size":0')),
    ]


def _note_line(answer: str) -> str:
    return answer.split("\\n\\n", 1)[1].split("\\n", 1)[0]


CANONICAL = [
    "null",
    "true",
    "0",
    "9007199254740991",
    "-1",
    '""',
    "[]",
    "{}",
    '{"a":[1,{"b":null}],"b":"Gò Mây"}',
    '"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\u007f\u2028"',
    '{"A":0,"a":1,"aa":2,"b":3}',
    '{"":0,"__proto__":1,"constructor":2}',
    '"\U0001f5f3"',
]
NOT_CANONICAL = ["", " 1", "1 ", "01", "-0", "1.0", "1e3", "1.5", "NaN", "[1, 2]", "[1,]", "'a'", "\ufeff1"]
NOT_CANONICAL += ['{"b":0,"a":1}', '{"a":0,"a":0}', '{"a": 0}', '{"a":0}x']
NOT_CANONICAL += ['"\\u0041"', '"\\/"', '"\\u000A"', '"\\u001F"', '"\\u00e9"']


def vectors() -> dict[str, Any]:
    """The whole file."""
    nodes, index = _board()
    size = len(nodes.board.leaves)
    election, broad = small(), wide()
    return {
        "format": "psephos/protocol/v1",
        "spec": "docs/PROTOCOL.md, sections 1, 3, 4 and 6; docs/API.md",
        "made_by": "tests/vectors/make_protocol.py",
        "note": "Bytes outside records: hexadecimal. `replace`: pairs (old, new), each old one replaced everywhere "
        "in the good text named by the list: terms_refused in terms.small (or the one that `of` names), "
        "receipt_refused in receipt.",
        "canonical": CANONICAL,
        "not_canonical": NOT_CANONICAL,
        "terms": {
            "small": _whole_terms(election),
            "wide": _terms_answer(broad.manifest_body, broad.ceremony_body, broad.roll_digest, broad.terms),
            "ranked": _whole_terms(ranked()),
            "eight": _whole_terms(eight()),
        },
        "rolls": {"small": election.roll_body.decode()},
        "fingerprints": {
            "small": election.terms.fingerprint.hex(),
            "wide": broad.terms.fingerprint.hex(),
            "ranked": ranked().terms.fingerprint.hex(),
            "eight": eight().terms.fingerprint.hex(),
        },
        "terms_refused": _terms_refused(),
        "ballots": _ballots(),
        "answers_refused": _answers_refused(),
        "challenge": _reveal(),
        "entries": [
            nodes.entry(index, size),
            nodes.entry(0, size),
            nodes.entry(index, size - 1),
            *_board_refused(),
        ],
        "consistency": [nodes.consistency(5, size), nodes.consistency(size, size)],
        "receipt": receipt(),
        "receipt_refused": _receipt_refused(),
        "ballot_message": signed_message(Kind.BALLOT, bytes(32)).hex(),
    }


if __name__ == "__main__":
    write_vectors("protocol", vectors())
