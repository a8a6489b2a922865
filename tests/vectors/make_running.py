"""Write running.json: `python -m tests.vectors.make_running`.

What happens while an election runs: extensions, revocations, conflicts. Every case is the good board's leaves up to one
of them, and then a leaf in its place; and the first reason for which that leaf may not stand there.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.leaf import Kind, make_leaf, sign_body
from protocol.roll import RollEntry
from tests.support.elections import (
    REGISTRAR_KEY,
    SERVER_KEY,
    TestElection,
    make_election,
    make_manifest,
    voter_key,
)
from tests.support.hostile import canonical
from tests.vectors.files import write_vectors

FIRST_INDEX = 5
EXTENSION, REVOCATION, CONFLICT = "extension-refused", "revocation-refused", "conflict-misplaced"
MALFORMED, AUTHOR = "malformed-record", "board-broken"
SMALL_ORDER = encode_base64url(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
)
TRACKER = encode_base64url(b"t" * 32)


@cache
def election() -> TestElection:
    """Sign-in asked, a registrar, two hours of extension, four voters in two areas."""
    manifest = msgspec.structs.replace(
        make_manifest(areas=("north", "south")),
        extension_seconds=7200,
        registrar_key=encode_base64url(REGISTRAR_KEY.public_key),
        sign_in="required",
    )
    entries = [
        RollEntry(weight=weight, area=area) for weight, area in ((1, "north"), (2, "north"), (3, "south"))
    ]
    return make_election(manifest, entries=entries)


def _key(voter: int) -> str:
    return encode_base64url(voter_key(voter).public_key)


@dataclass(frozen=True)
class Step:
    """One leaf to be: its kind, its body's own fields, its time, its author."""

    kind: Kind
    fields: dict[str, Any]
    time: str = "2026-11-24T12:00:00Z"
    author: SigningKey = SERVER_KEY

    def but(self, **changes: Any) -> "Step":
        """With some fields of the body replaced."""
        return Step(self.kind, self.fields | changes, self.time, self.author)

    def at(self, time: str) -> "Step":
        """At another time."""
        return Step(self.kind, self.fields, time, self.author)

    def by(self, author: SigningKey) -> "Step":
        """Signed by another key."""
        return Step(self.kind, self.fields, self.time, author)

    def written(self) -> dict[str, str]:
        """Leaf and body as they stand on a board."""
        terms = election().terms
        common = {
            "election": terms.election,
            "fingerprint": terms.fingerprint_text,
            "format": f"psephos/{self.kind}/v1",
        }
        body = canonical(common | self.fields)
        leaf = make_leaf(self.kind, body, self.time, sign_body(self.kind, body, self.author))
        return {"leaf": leaf.decode(), "body": body.decode()}


def _extend(closes_at: str) -> Step:
    return Step(
        Kind.EXTENSION, {"closes_at": closes_at, "name": "Nguyễn Thị Lan", "reason": "Mất điện một giờ."}
    )


def _revoke(old: int, new: int) -> Step:
    fields = {"new": _key(new), "old": _key(old), "reason": "Thư bị mất."}
    return Step(Kind.REVOCATION, fields, author=REGISTRAR_KEY)


def _conflict(voter: int, reason: str = "key-has-another-person") -> Step:
    return Step(Kind.CONFLICT, {"credential": _key(voter), "reason": reason, "tracker": TRACKER})


def _good() -> list[Step]:
    """Every kind twice, in an order that no rule forbids."""
    return [
        _revoke(1, 11),
        _extend("2026-11-30T20:30:00Z"),
        _conflict(2),
        _revoke(11, 12),
        _conflict(12, "person-has-another-key"),
        _extend("2026-11-30T22:00:00Z").at("2026-11-30T20:29:59Z"),
        _revoke(2, 13).at("2026-11-30T21:59:59Z"),
    ]


def _refused() -> list[tuple[str, str, str, int, Step]]:
    """(id, error, attack, how many good leaves come before, the leaf)."""
    return [
        (
            "extension-not-later",
            EXTENSION,
            "voting ends earlier than announced",
            2,
            _extend("2026-11-30T20:30:00Z"),
        ),
        (
            "extension-backwards",
            EXTENSION,
            "voting ends earlier than announced",
            2,
            _extend("2026-11-30T20:00:00Z"),
        ),
        ("extension-beyond-the-limit", EXTENSION, "voting without end", 2, _extend("2026-11-30T22:00:01Z")),
        (
            "extension-in-the-past",
            EXTENSION,
            "voting ends earlier than announced",
            2,
            _extend("2026-11-24T12:00:00Z"),
        ),
        (
            "extension-after-the-end",
            EXTENSION,
            "the polls open again for one's own voters",
            2,
            _extend("2026-11-30T22:00:00Z").at("2026-11-30T20:30:00Z"),
        ),
        (
            "extension-of-another-election",
            EXTENSION,
            "an act moved from another vote",
            1,
            _extend("2026-11-30T20:30:00Z").but(election="f" * 32),
        ),
        (
            "extension-of-other-terms",
            EXTENSION,
            "an act moved from other terms",
            1,
            _extend("2026-11-30T20:30:00Z").but(fingerprint=TRACKER),
        ),
        (
            "extension-without-a-reason",
            MALFORMED,
            "nobody learns why",
            1,
            _extend("2026-11-30T20:30:00Z").but(reason=""),
        ),
        (
            "extension-without-a-name",
            MALFORMED,
            "nobody answers for it",
            1,
            _extend("2026-11-30T20:30:00Z").but(name=""),
        ),
        (
            "extension-to-a-day-that-does-not-exist",
            MALFORMED,
            "a time of which nobody knows when it is",
            1,
            _extend("2026-11-31T20:30:00Z"),
        ),
        (
            "extension-by-the-registrar",
            AUTHOR,
            "the registrar keeps the polls open",
            1,
            _extend("2026-11-30T20:30:00Z").by(REGISTRAR_KEY),
        ),
        ("revocation-by-the-server", AUTHOR, "the server votes for others", 0, _revoke(1, 11).by(SERVER_KEY)),
        (
            "revocation-by-a-voter",
            AUTHOR,
            "a thief replaces the code of the owner",
            0,
            _revoke(1, 11).by(voter_key(1)),
        ),
        ("revocation-of-an-unknown-code", REVOCATION, "a new voter", 0, _revoke(9, 11)),
        ("revocation-twice", REVOCATION, "two votes for one line", 1, _revoke(1, 12)),
        ("revocation-to-a-code-on-the-roll", REVOCATION, "two lines in one hand", 0, _revoke(1, 2)),
        ("revocation-to-itself", REVOCATION, "a code that may and may not vote", 0, _revoke(1, 1)),
        ("revocation-back", REVOCATION, "the lost code votes again", 1, _revoke(11, 1)),
        ("revocation-to-a-replaced-code", REVOCATION, "a code on two lines", 4, _revoke(2, 11)),
        (
            "revocation-to-an-unsound-key",
            REVOCATION,
            "a key whose signatures some accept",
            0,
            _revoke(1, 11).but(new=SMALL_ORDER),
        ),
        (
            "revocation-after-the-end",
            REVOCATION,
            "a vote taken back that cannot be cast again",
            7,
            _revoke(3, 14).at("2026-11-30T22:00:00Z"),
        ),
        (
            "revocation-of-another-election",
            REVOCATION,
            "moved from another vote",
            0,
            _revoke(1, 11).but(election="f" * 32),
        ),
        (
            "revocation-of-other-terms",
            REVOCATION,
            "moved from other terms",
            0,
            _revoke(1, 11).but(fingerprint=TRACKER),
        ),
        ("revocation-without-a-reason", MALFORMED, "nobody learns why", 0, _revoke(1, 11).but(reason="")),
        (
            "revocation-with-a-name-in-it",
            MALFORMED,
            "a field that some read",
            0,
            _revoke(1, 11).but(voter="Lan"),
        ),
        (
            "conflict-by-the-registrar",
            AUTHOR,
            "the registrar accuses a voter",
            2,
            _conflict(2).by(REGISTRAR_KEY),
        ),
        ("conflict-of-an-unknown-code", CONFLICT, "a conflict about nobody", 2, _conflict(9)),
        (
            "conflict-of-a-revoked-code",
            CONFLICT,
            "a ballot that would not have been taken anyway",
            2,
            _conflict(1),
        ),
        ("conflict-of-a-code-to-come", CONFLICT, "a code that could not vote yet", 2, _conflict(12)),
        (
            "conflict-after-the-end",
            CONFLICT,
            "a ballot that would not have been taken anyway",
            7,
            _conflict(3).at("2026-11-30T22:00:00Z"),
        ),
        (
            "conflict-before-the-beginning",
            CONFLICT,
            "a ballot that would not have been taken anyway",
            0,
            _conflict(2).at("2026-11-20T07:59:59Z"),
        ),
        ("conflict-for-another-reason", MALFORMED, "a reason that is none", 2, _conflict(2, "too-late")),
        (
            "conflict-of-another-election",
            CONFLICT,
            "moved from another vote",
            2,
            _conflict(2).but(election="f" * 32),
        ),
        (
            "conflict-with-half-a-tracker",
            CONFLICT,
            "a ballot that nobody can look for",
            2,
            _conflict(2).but(tracker="AAAA"),
        ),
    ]


def _sixth_conflict() -> dict[str, Any]:
    before = [_conflict(3).at("2026-11-24T12:00:00Z") for _ in range(5)]
    return {
        "id": "sixth-conflict",
        "result": "invalid",
        "error": CONFLICT,
        "attack": "a board filled with refusals",
        "before": [step.written() for step in before],
        **_conflict(3).written(),
    }


def vectors() -> dict[str, Any]:
    """The whole file."""
    good = _good()
    cases: list[dict[str, Any]] = [
        {
            "id": f"good-{number}-{step.kind}",
            "result": "valid",
            "good_before": number,
            **step.written(),
        }
        for number, step in enumerate(good)
    ]
    for name, error, attack, number, step in _refused():
        case = {"id": name, "result": "invalid", "error": error, "attack": attack, "good_before": number}
        cases.append(case | step.written())
    cases.append(_sixth_conflict())
    terms = election()
    return {
        "format": "psephos/running/v1",
        "spec": "docs/PROTOCOL.md, sections 3, 4 and 8",
        "made_by": "tests/vectors/make_running.py",
        "note": (
            "Checked in this order: its author signed the leaf (board-broken), the body decodes (malformed-record), "
            "the rule of its kind. The case's leaf comes after the first `good_before` leaves of `good`, or those of "
            f"`before`; the first of them is entry {FIRST_INDEX}. At the end of `good`, `closes_at` and `roll` hold."
        ),
        "manifest": terms.manifest_body.decode(),
        "ceremony": terms.ceremony_body.decode(),
        "roll": terms.roll_body.decode(),
        "good": [step.written() for step in good],
        "closes_at": "2026-11-30T22:00:00Z",
        "effective_roll": [
            {"key": _key(voter), "weight": weight, "area": area}
            for voter, weight, area in ((3, 3, "south"), (12, 1, "north"), (13, 2, "north"))
        ],
        "cases": cases,
    }


if __name__ == "__main__":
    write_vectors("running", vectors())
