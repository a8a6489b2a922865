"""A voter who writes the bytes that are sent to the casting door: each is refused for the right reason, and nothing
is stored. Every attack goes through the verb and through the HTTP route, on both databases."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url, encode_int
from crypto.signature import GROUP_ORDER
from protocol.ballot import ballot_bytes_max, encrypt_ballot
from protocol.casting import CAST_OVERHEAD_BYTES
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest, sign_body
from protocol.text import parse_time
from tests.support.elections import CLOSES, DURING, OPENS, voter_key
from tests.support.hostile import canonical
from tests.support.offices import (
    FIRST,
    SECOND,
    OfficeUnderTest,
    ballot_body,
    cast_request,
    close_early,
    door_election,
    make_office,
    signed_request,
)
from voting.casting import cast_ballot
from voting.errors import VotingError
from voting.office import State

VICTIM, THIEF, STRANGER = 1, 2, 99
ELECTION = door_election()
TERMS = ELECTION.terms
SIZE = TERMS.manifest.size
N, N2 = TERMS.key.n, TERMS.key.n2
HONEST = ballot_body(ELECTION, VICTIM)
OTHER_ELECTION = "ffeeddccbbaa99887766554433221100"


def require_refused(
    office: OfficeUnderTest, request: bytes, status: int, code: str, words: str, election: str | None = None
) -> None:
    """Verb and route refuse it with this code, status and sentence; every table stays as it was."""
    before = office.everything()
    with pytest.raises((VotingError, ProtocolError)) as refused:
        cast_ballot(office.office, election or office.id, request)
    assert getattr(refused.value, "code", None) == code
    assert words in str(refused.value)
    answer = office.client.post(
        office.api.replace(office.id, election or office.id) + "/ballots", content=request
    )
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"] == str(refused.value)
    assert problem["type"] == f"urn:psephos:problem:{code}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert office.everything() == before


def test_the_honest_request_is_accepted(office: OfficeUnderTest) -> None:
    answer = office.client.post(f"{office.api}/ballots", content=signed_request(HONEST, voter_key(VICTIM)))
    assert answer.status_code == 201
    assert office.kinds()[-1] is Kind.BALLOT


def short_enough(body: bytes) -> bytes:
    """The body, numbers of its last proofs emptied if it is longer than any ballot: so that it is read at all.

    What is wrong with it comes earlier, and the sentence that the attack expects says so.
    """
    numbers = [
        a for answer in json.loads(HONEST)["answers"] for proof in answer["proofs"] for a in proof["a"]
    ]
    while len(body) > ballot_bytes_max(TERMS):
        body = body.replace(b'"%b"' % numbers.pop().encode(), b'""')
    return body


# Spelling: other bytes for the same ballot, or bytes for no ballot.

SPELLINGS: dict[str, tuple[bytes, bytes, str]] = {
    "sequence as text": (b'"sequence":1', b'"sequence":"1"', "cannot be read"),
    "sequence with a fraction": (b'"sequence":1', b'"sequence":1.0', "cannot be read"),
    "sequence with an exponent": (b'"sequence":1', b'"sequence":1e0', "cannot be read"),
    "sequence with a leading zero": (b'"sequence":1', b'"sequence":01', "cannot be read"),
    "sequence with a sign": (b'"sequence":1', b'"sequence":+1', "cannot be read"),
    "sequence as a truth value": (b'"sequence":1', b'"sequence":true', "cannot be read"),
    "sequence zero": (b'"sequence":1', b'"sequence":0', "cannot be read"),
    "sequence below zero": (b'"sequence":1', b'"sequence":-1', "cannot be read"),
    "sequence of 33 bits": (b'"sequence":1', b'"sequence":4294967296', "cannot be read"),
    "unknown field": (b'"sequence":1', b'"sequence":1,"weight":1000', "cannot be read"),
    "duplicate key": (b'"sequence":1', b'"sequence":1,"sequence":1', "not canonical JSON"),
    "duplicate key, two values": (b'"sequence":1', b'"sequence":2,"sequence":1', "not canonical JSON"),
    "missing field": (b',"sequence":1', b"", "cannot be read"),
    "order of keys": (b'{"answers":', b'{"sequence":1,"answers":', "not canonical JSON"),
    "space": (b'"sequence":1', b'"sequence": 1', "not canonical JSON"),
    "line end": (b'"sequence":1', b'\n"sequence":1', "not canonical JSON"),
    "escaped letter": (b'"question":"q1"', b'"question":"\\u0071"', "not canonical JSON"),
    "escaped slash": (b"psephos/ballot/v1", b"psephos\\/ballot\\/v1", "not canonical JSON"),
    "other format": (b"psephos/ballot/v1", b"psephos/ballot/v2", "cannot be read"),
    "no object": (HONEST, b"[]", "cannot be read"),
    "null": (HONEST, b"null", "cannot be read"),
    "nothing": (HONEST, b"", "cannot be read"),
    "deep nesting": (HONEST, b"[" * 8_000 + b"]" * 8_000, "cannot be read"),
    "not UTF-8": (b'"question":"q1"', b'"question":"\xff"', "cannot be read"),
    "surrogate": (b'"question":"q1"', b'"question":"\\ud800"', "cannot be read"),
    "NUL": (b'"question":"q1"', b'"question":"q\\u00001"', "cannot be read"),
    "comment": (b'"sequence":1', b'"sequence":1/* one */', "cannot be read"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_ballot_spelt_otherwise_is_refused(shared_office: OfficeUnderTest, name: str) -> None:
    old, new, words = SPELLINGS[name]
    assert HONEST.count(old) >= 1
    request = signed_request(short_enough(HONEST.replace(old, new, 1)), voter_key(VICTIM))
    require_refused(shared_office, request, 400, "malformed-ballot", words)


REQUESTS: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda request: b"\xef\xbb\xbf" + request,
    "space before": lambda request: b" " + request,
    "line end after": lambda request: request + b"\n",
    "second object after": lambda request: request + b"{}",
    "cut": lambda request: request[:-1],
    "empty": lambda _: b"",
    "unknown field": lambda request: request[:-1] + b',"test":1}',
    "no signature": lambda request: request[: request.rindex(b',"signature"')] + b"}",
    "null signature": lambda request: request[: request.rindex(b'"signature":')] + b'"signature":null}',
    "other format": lambda request: request.replace(b"psephos/cast/v1", b"psephos/reveal/v1"),
    "UTF-16": lambda request: request[:1000].decode().encode("utf-16"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_spelt_otherwise_is_refused(shared_office: OfficeUnderTest, name: str) -> None:
    request = REQUESTS[name](signed_request(HONEST, voter_key(VICTIM)))
    require_refused(shared_office, request, 400, "malformed-ballot", "The ballot cannot be read")


# Content: canonical JSON with something wrong in it, signed by its author.


@dataclass(frozen=True)
class Attack:
    """change: what the voter does to the JSON of an honest ballot."""

    change: Callable[[Any], object]
    status: int
    code: str
    words: str


def _spelling(change: Callable[[str], str]) -> Callable[[Any], object]:
    """Spell the first ciphertext otherwise."""

    def alter(ballot: Any) -> None:
        ciphertexts = ballot["answers"][0]["ciphertexts"]
        ciphertexts[0] = change(ciphertexts[0])

    return alter


def _ciphertext(value: int) -> Callable[[Any], object]:
    return _spelling(lambda _: encode_int(value, SIZE.n2_bytes))


def _proof(field: str, value: int, length: int) -> Callable[[Any], object]:
    def alter(ballot: Any) -> None:
        ballot["answers"][0]["proofs"][0][field][0] = encode_int(value, length)

    return alter


def _negate_z(ballot: Any) -> None:
    proof = ballot["answers"][0]["proofs"][0]
    z = int.from_bytes(_bytes(proof["z"][0]), "big")
    proof["z"][0] = encode_int(N - z, SIZE.n_bytes)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _last_bits(text: str) -> str:
    """The same bytes for a lenient decoder: its bits beyond the last byte are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def _put(*path: str | int, value: object) -> Callable[[Any], object]:
    def alter(ballot: Any) -> None:
        place = ballot
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return alter


def _drop(*path: str | int) -> Callable[[Any], object]:
    def alter(ballot: Any) -> None:
        place = ballot
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return alter


def _repeat(*path: str | int) -> Callable[[Any], object]:
    """Append once more the last of the list there."""

    def alter(ballot: Any) -> None:
        place = ballot
        for step in path:
            place = place[step]
        place.append(place[-1])

    return alter


def _exchange(*paths: tuple[str | int, ...]) -> Callable[[Any], object]:
    def alter(ballot: Any) -> None:
        def at(path: tuple[str | int, ...]) -> Any:
            place = ballot
            for step in path[:-1]:
                place = place[step]
            return place

        first, second = paths
        a, b = at(first), at(second)
        a[first[-1]], b[second[-1]] = b[second[-1]], a[first[-1]]

    return alter


def _copy(source: tuple[str | int, ...], target: tuple[str | int, ...]) -> Callable[[Any], object]:
    def alter(ballot: Any) -> None:
        value = ballot
        for step in source:
            value = value[step]
        _put(*target, value=json.loads(json.dumps(value)))(ballot)

    return alter


MALFORMED = 400, "malformed-ballot"
ANSWER = ("answers", 0)
PROOF = ("answers", 0, "proofs", 0)
# Places in the ballot: q1, q4 choose-one; q2 approval (two options and the sum); q3 points (one option and the sum).
Q1, Q4, Q2, Q3 = 0, 1, 2, 3

CONTENTS: dict[str, Attack] = {
    "answers are no list": Attack(_put("answers", value={}), *MALFORMED, "cannot be read"),
    "answer is null": Attack(_put("answers", 0, value=None), *MALFORMED, "cannot be read"),
    "ciphertext is a number": Attack(_put(*ANSWER, "ciphertexts", 0, value=5), *MALFORMED, "cannot be read"),
    "credential is null": Attack(_put("credential", value=None), *MALFORMED, "cannot be read"),
    "credential is short": Attack(_put("credential", value="AAAA"), *MALFORMED, "32 bytes"),
    "unknown field in an answer": Attack(_put(*ANSWER, "weight", value=9), *MALFORMED, "cannot be read"),
    "unknown field in a proof": Attack(_put(*PROOF, "y", value=[]), *MALFORMED, "cannot be read"),
    "missing field in a proof": Attack(_drop(*PROOF, "z"), *MALFORMED, "cannot be read"),
    "padding": Attack(_spelling(lambda text: text + "="), *MALFORMED, "cannot be read"),
    "standard alphabet": Attack(_spelling(lambda text: text[:-1] + "+"), *MALFORMED, "cannot be read"),
    "space in base64": Attack(
        _spelling(lambda text: text[:5] + " " + text[6:]), *MALFORMED, "cannot be read"
    ),
    "bits beyond the last byte": Attack(_spelling(_last_bits), *MALFORMED, "canonical base64url"),
    "leading zero bytes": Attack(_spelling(lambda text: "AAAA" + text), *MALFORMED, "512 bytes"),
    "ciphertext too short": Attack(_spelling(lambda text: text[4:]), *MALFORMED, "512 bytes"),
    "missing branch": Attack(_drop(*PROOF, "a", -1), *MALFORMED, "must have 3 branches"),
    "missing branch everywhere": Attack(
        lambda ballot: [ballot["answers"][0]["proofs"][0][name].pop() for name in "aez"],
        *MALFORMED,
        "must have 3 branches",
    ),
    "extra branch": Attack(
        lambda ballot: [_repeat(*PROOF, name)(ballot) for name in "aez"], *MALFORMED, "must have 3 branches"
    ),
    "no branches": Attack(
        _put(*PROOF, value={"a": [], "e": [], "z": []}), *MALFORMED, "must have 3 branches"
    ),
    "missing proof": Attack(_drop("answers", Q2, "proofs", -1), *MALFORMED, "2 ciphertexts and 3 proofs"),
    "extra proof": Attack(_repeat("answers", Q2, "proofs"), *MALFORMED, "2 ciphertexts and 3 proofs"),
    "missing ciphertext": Attack(
        _drop("answers", Q2, "ciphertexts", -1), *MALFORMED, "2 ciphertexts and 3 proofs"
    ),
    "extra ciphertext": Attack(
        _repeat("answers", Q2, "ciphertexts"), *MALFORMED, "2 ciphertexts and 3 proofs"
    ),
    "missing question": Attack(_drop("answers", -1), *MALFORMED, "exactly this election's questions"),
    "extra question": Attack(_repeat("answers"), *MALFORMED, "exactly this election's questions"),
    "questions exchanged": Attack(
        _exchange(("answers", Q1), ("answers", Q2)), *MALFORMED, "exactly this election's questions"
    ),
    "one question twice": Attack(
        _put("answers", Q4, "question", value="q1"), *MALFORMED, "exactly this election's questions"
    ),
    "question nobody asked": Attack(_put(*ANSWER, "question", value="q9"), *MALFORMED, "exactly this"),
    "other election": Attack(
        _put("election", value=OTHER_ELECTION), 422, "wrong-election", "another election"
    ),
    "other fingerprint": Attack(
        _put("fingerprint", value=encode_base64url(b"f" * 32)),
        422,
        "wrong-election",
        "other terms of this one",
    ),
    "ciphertext zero": Attack(_ciphertext(0), 422, "malformed-ciphertext", "question q1, choice 1"),
    "ciphertext n²": Attack(_ciphertext(N2), 422, "malformed-ciphertext", "question q1, choice 1"),
    "ciphertext of all bits": Attack(
        _ciphertext(2 ** (8 * SIZE.n2_bytes) - 1), 422, "malformed-ciphertext", "question q1, choice 1"
    ),
    "ciphertext n, not a unit": Attack(_ciphertext(N), 422, "malformed-ciphertext", "question q1, choice 1"),
    "a zero": Attack(_proof("a", 0, SIZE.n2_bytes), 422, "malformed-proof", "question q1, choice 1"),
    "a is n²": Attack(_proof("a", N2, SIZE.n2_bytes), 422, "malformed-proof", "question q1, choice 1"),
    "a is n, not a unit": Attack(
        _proof("a", N, SIZE.n2_bytes), 422, "malformed-proof", "question q1, choice 1"
    ),
    "z zero": Attack(_proof("z", 0, SIZE.n_bytes), 422, "malformed-proof", "question q1, choice 1"),
    "z is n": Attack(_proof("z", N, SIZE.n_bytes), 422, "malformed-proof", "question q1, choice 1"),
    "z negated": Attack(_negate_z, 422, "malformed-proof", "question q1, choice 1"),
    "ciphertext of nothing": Attack(_ciphertext(1), 422, "membership-failed", ""),
    "challenge altered": Attack(_proof("e", 5, 32), 422, "membership-failed", ""),
    "proof of another question": Attack(
        _copy(("answers", Q4, "proofs"), ("answers", Q1, "proofs")), 422, "membership-failed", ""
    ),
    "answer of another question": Attack(
        lambda ballot: (
            _copy(("answers", Q4, "ciphertexts"), ("answers", Q1, "ciphertexts"))(ballot),
            _copy(("answers", Q4, "proofs"), ("answers", Q1, "proofs"))(ballot),
            _copy(("answers", Q3, "ciphertexts"), ("answers", Q3, "ciphertexts"))(ballot),
        ),
        409,
        "repeated-ciphertext",
        "Seal the ballot anew",
    ),
    "answers of two questions exchanged": Attack(
        _exchange(("answers", Q1, "ciphertexts"), ("answers", Q4, "ciphertexts")),
        422,
        "membership-failed",
        "",
    ),
    "answers and proofs of two questions exchanged": Attack(
        lambda ballot: (
            _exchange(("answers", Q1, "ciphertexts"), ("answers", Q4, "ciphertexts"))(ballot),
            _exchange(("answers", Q1, "proofs"), ("answers", Q4, "proofs"))(ballot),
        ),
        422,
        "membership-failed",
        "",
    ),
    "proofs of two parts exchanged": Attack(
        lambda ballot: (
            _exchange(("answers", Q2, "ciphertexts", 0), ("answers", Q2, "ciphertexts", 1))(ballot),
            _exchange(("answers", Q2, "proofs", 0), ("answers", Q2, "proofs", 1))(ballot),
        ),
        422,
        "membership-failed",
        "",
    ),
    # The sum of one option is that option, with the same set: only the label tells the proofs apart.
    "proof of the sum for the option": Attack(
        _copy(("answers", Q3, "proofs", 1), ("answers", Q3, "proofs", 0)), 422, "membership-failed", ""
    ),
    "proof of the option for the sum": Attack(
        _copy(("answers", Q3, "proofs", 0), ("answers", Q3, "proofs", 1)), 422, "membership-failed", ""
    ),
    "sequence too high": Attack(_put("sequence", value=2), 409, "wrong-sequence", "the next one is number 1"),
    "a thief's last sequence": Attack(
        _put("sequence", value=2**32 - 1), 409, "wrong-sequence", "the next one is number 1"
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_ballot_altered_in_one_place_is_refused(shared_office: OfficeUnderTest, name: str) -> None:
    attack, ballot = CONTENTS[name], json.loads(HONEST)
    attack.change(ballot)
    body = short_enough(canonical(ballot))
    assert body != HONEST
    request = signed_request(body, voter_key(VICTIM))
    require_refused(shared_office, request, attack.status, attack.code, attack.words)


# Other people's ballots.


def test_a_ballot_signed_by_another_credential_is_refused(shared_office: OfficeUnderTest) -> None:
    for signer in (THIEF, STRANGER):
        request = signed_request(HONEST, voter_key(signer))
        require_refused(shared_office, request, 403, "bad-signature", "not signed by the voting code")


@pytest.mark.parametrize(
    "spelling", ["", "AAAA", "S + order", "high bit", "of a challenge", "of another ballot"]
)
def test_a_signature_that_is_none_is_refused(shared_office: OfficeUnderTest, spelling: str) -> None:
    good = sign_body(Kind.BALLOT, HONEST, voter_key(VICTIM))
    scalar = int.from_bytes(good[32:], "little")
    signatures = {
        "": b"",
        "AAAA": b"\0\0\0",
        "S + order": good[:32] + (scalar + GROUP_ORDER).to_bytes(32, "little"),
        "high bit": good[:31] + bytes([good[31] ^ 128]) + good[32:],
        "of a challenge": sign_body(Kind.CHALLENGE, HONEST, voter_key(VICTIM)),
        "of another ballot": sign_body(Kind.BALLOT, ballot_body(ELECTION, VICTIM, SECOND), voter_key(VICTIM)),
    }
    honest = encode_base64url(good).encode()
    request = signed_request(HONEST, voter_key(VICTIM)).replace(
        honest, encode_base64url(signatures[spelling]).encode()
    )
    require_refused(shared_office, request, 403, "bad-signature", "not signed by the voting code")


def test_a_credential_that_is_not_on_the_roll_is_refused(shared_office: OfficeUnderTest) -> None:
    request = cast_request(ELECTION, STRANGER)
    require_refused(shared_office, request, 403, "unknown-credential", "not on the voters' list")


@pytest.mark.parametrize(
    "key", [b"\1" + bytes(31), bytes(32), b"\xff" * 32], ids=["neutral", "order 4", "no point"]
)
def test_a_key_of_small_order_is_on_no_roll(shared_office: OfficeUnderTest, key: bytes) -> None:
    ballot = json.loads(HONEST)
    ballot["credential"] = encode_base64url(key)
    request = signed_request(canonical(ballot), voter_key(VICTIM))
    require_refused(shared_office, request, 403, "unknown-credential", "not on the voters' list")


def test_anothers_answers_cannot_be_taken_over(shared_office: OfficeUnderTest) -> None:
    """Before the victim has cast: nothing is on the board that could look the same."""
    ballot = json.loads(HONEST)
    ballot["credential"] = encode_base64url(voter_key(THIEF).public_key)
    request = signed_request(canonical(ballot), voter_key(THIEF))
    require_refused(shared_office, request, 422, "membership-failed", "question q1, choice 1")


def test_anothers_answers_on_the_board_are_known(office: OfficeUnderTest) -> None:
    office.cast(VICTIM, FIRST)
    for keep in range(4):
        ballot = json.loads(ballot_body(ELECTION, THIEF))
        ballot["answers"][keep] = json.loads(HONEST)["answers"][keep]
        request = signed_request(canonical(ballot), voter_key(THIEF))
        require_refused(office, request, 409, "repeated-ciphertext", "Seal the ballot anew")


def test_a_ballot_with_another_sequence_is_refused(office: OfficeUnderTest) -> None:
    """The proofs know for which ballot of their voter they were made."""
    office.cast(VICTIM, FIRST)
    ballot = json.loads(ballot_body(ELECTION, VICTIM, SECOND, 1))
    ballot["sequence"] = 2
    request = signed_request(canonical(ballot), voter_key(VICTIM))
    require_refused(office, request, 422, "membership-failed", "question q1, choice 1")
    office.cast(VICTIM, SECOND, 2)  # control: made for it, it is accepted


def test_a_ballot_of_another_election_is_refused(shared_office: OfficeUnderTest) -> None:
    other = door_election(election=OTHER_ELECTION)
    request = cast_request(other, VICTIM)
    require_refused(shared_office, request, 422, "wrong-election", "another election")
    ballot = json.loads(ballot_body(other, VICTIM))
    ballot |= {"election": TERMS.election, "fingerprint": TERMS.fingerprint_text}
    request = signed_request(canonical(ballot), voter_key(VICTIM))
    require_refused(shared_office, request, 422, "membership-failed", "question q1, choice 1")


def test_a_replayed_ballot_is_refused(office: OfficeUnderTest) -> None:
    index = office.cast(VICTIM, FIRST).index
    request = cast_request(ELECTION, VICTIM)
    require_refused(office, request, 409, "already-cast", f"as entry {index} of the board")
    office.cast(VICTIM, SECOND, 2)
    require_refused(office, request, 409, "already-cast", f"as entry {index} of the board")


def test_where_re_voting_is_off_the_first_ballot_stays(database_url: str, tmp_path: Any) -> None:
    office = make_office(database_url, tmp_path / "secrets", door_election(revoting=False))
    office.cast(VICTIM, FIRST)
    request = cast_request(office.election, VICTIM, SECOND, 2)
    require_refused(office, request, 409, "wrong-sequence", "this election takes one ballot")
    office.engine.dispose()


class SameBlinding(BallotSeed):
    """A device that uses one random number for every part."""

    def blinding(self, question: str, part: str, bits: int) -> int:  # noqa: ARG002
        """The same for all parts of a question."""
        return super().blinding(question, "any", bits)


def test_a_ciphertext_twice_in_one_ballot_is_refused(shared_office: OfficeUnderTest) -> None:
    seed = SameBlinding(b"7" * 32)
    values = ((1, 0, 0), (0, 1, 0), (1, 1), (2,))
    body = encrypt_ballot(TERMS, values, voter_key(VICTIM).public_key, 1, seed)
    first, second = json.loads(body)["answers"][2]["ciphertexts"]
    assert first == second
    request = signed_request(body, voter_key(VICTIM))
    require_refused(shared_office, request, 409, "repeated-ciphertext", "Seal the ballot anew")


def test_a_seed_used_twice_is_refused(office: OfficeUnderTest) -> None:
    """The proofs of the second ballot are new and hold, but the ciphertexts are those of the first."""
    key, seed = voter_key(VICTIM), BallotSeed(b"8" * 32)
    for sequence in (1, 2):
        body = encrypt_ballot(TERMS, FIRST, key.public_key, sequence, seed)
        request = signed_request(body, key)
        if sequence == 1:
            cast_ballot(office.office, office.id, request)
    require_refused(office, request, 409, "repeated-ciphertext", "Seal the ballot anew")


# Time and place.


def test_too_early_and_too_late_by_the_clock(shared_office: OfficeUnderTest) -> None:
    request = cast_request(ELECTION, VICTIM)
    try:
        shared_office.clock.now = parse_time(OPENS) - timedelta(microseconds=1)
        require_refused(shared_office, request, 409, "not-open", f"opens at {OPENS}")
        for late in (timedelta(0), timedelta(days=3000)):
            shared_office.clock.now = parse_time(CLOSES) + late
            require_refused(shared_office, request, 409, "closed", "Voting is closed")
    finally:
        shared_office.clock.now = DURING


def test_the_last_microsecond_is_in_time(office: OfficeUnderTest) -> None:
    """Control: and the leaf says a second in which ballots count."""
    office.clock.now = parse_time(CLOSES) - timedelta(microseconds=1)
    office.cast(VICTIM, FIRST)
    assert office.entries()[-1].time == parse_time(CLOSES) - timedelta(seconds=1)


def test_a_clock_that_reaches_the_end_while_a_ballot_is_checked_stores_nothing(
    office: OfficeUnderTest,
) -> None:
    """Looked at once it is in time, looked at once more it is not: no leaf may say the closing time."""
    looks = iter([parse_time(CLOSES) - timedelta(microseconds=1)])
    office.office.clock = lambda: next(looks, parse_time(CLOSES))
    before = office.everything()
    with pytest.raises(VotingError, match="Voting is closed"):
        office.cast(VICTIM, FIRST)
    assert office.everything() == before


def test_after_closing_nothing_is_taken(office: OfficeUnderTest) -> None:
    office.cast(THIEF, FIRST)
    close_early(office.office, office.id)
    assert office.clock.now == DURING  # earlier than announced: the closing decides
    require_refused(office, cast_request(ELECTION, VICTIM), 409, "closed", "Voting is closed")


@pytest.mark.parametrize(
    ("until", "code", "words"),
    [(State.DRAFT, "not-frozen", "still being prepared"), (State.FROZEN, "not-open", f"opens at {OPENS}")],
)
def test_an_election_that_is_not_open_takes_nothing(
    database_url: str, tmp_path: Any, until: State, code: str, words: str
) -> None:
    office = make_office(database_url, tmp_path / "secrets", until=until)
    require_refused(office, cast_request(ELECTION, VICTIM), 409, code, words)
    office.engine.dispose()


@pytest.mark.parametrize(
    "election",
    [
        OTHER_ELECTION,
        TERMS.election[:-1],
        TERMS.election + "0",
        "..",
        "x" * 5000,
        "%00",
        "A" * 32,
        "%F0%9F%97%B3",
    ],
)
def test_an_election_that_is_not_here_takes_nothing(shared_office: OfficeUnderTest, election: str) -> None:
    before = shared_office.everything()
    request = cast_request(ELECTION, VICTIM)
    answer = shared_office.client.post(f"/api/v1/elections/{election}/ballots", content=request)
    assert answer.status_code == 404
    if election != "..":  # that one is no address of the API
        assert answer.json()["code"] == "election-not-found"
        assert "no election with this id" in answer.json()["detail"]
    assert shared_office.everything() == before


# Size.

EXACT = ballot_bytes_max(TERMS) + CAST_OVERHEAD_BYTES


def test_the_limit_is_the_longest_ballot_and_no_byte_more(shared_office: OfficeUnderTest) -> None:
    """A ballot whose sequence has all ten digits is exactly as long; it is read, and refused for its sequence."""
    ballot = json.loads(HONEST)
    ballot["sequence"] = 2**32 - 1
    longest = signed_request(canonical(ballot), voter_key(VICTIM))
    assert len(longest) == EXACT
    require_refused(shared_office, longest, 409, "wrong-sequence", "next one is number 1")
    before = shared_office.everything()
    with pytest.raises(ProtocolError) as refused:
        cast_ballot(shared_office.office, shared_office.id, longest + b" ")
    assert getattr(refused.value, "code", None) == "too-large"
    answer = shared_office.client.post(f"{shared_office.api}/ballots", content=longest + b" ")
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert f"{EXACT} bytes" in answer.json()["detail"]
    assert shared_office.everything() == before


@pytest.mark.parametrize(
    ("announced", "sent", "status"),
    [
        ("1", EXACT + 1, 413),  # says little, sends too much
        (None, EXACT + 1, 413),  # says nothing: chunked
        (str(EXACT + 1), 10, 413),  # says too much: refused before anything is read
        ("9" * 5000, 10, 413),
        ("1", EXACT, 400),
        ("-1", 10, 400),
        ("+5", 10, 400),
        ("0x10", 10, 400),
        ("", 10, 400),
        ("٣", 10, 400),
    ],
)
def test_a_content_length_that_lies_changes_nothing(
    shared_office: OfficeUnderTest, announced: str | None, sent: int, status: int
) -> None:
    before = shared_office.everything()
    headers = {} if announced is None else {b"content-length": announced.encode()}

    def pieces() -> Any:
        yield b" " * (sent // 2)
        yield b" " * (sent - sent // 2)

    answer = shared_office.client.post(f"{shared_office.api}/ballots", content=pieces(), headers=headers)
    assert answer.status_code == status
    assert answer.json()["code"] == ("too-large" if status == 413 else "malformed-ballot")
    assert shared_office.everything() == before


def test_only_post_casts(shared_office: OfficeUnderTest) -> None:
    before = shared_office.everything()
    for verb in ("GET", "PUT", "PATCH", "DELETE"):
        answer = shared_office.client.request(
            verb, f"{shared_office.api}/ballots", content=cast_request(ELECTION, VICTIM)
        )
        assert answer.status_code == 405
        assert answer.headers["content-type"] == "application/problem+json"
    assert shared_office.everything() == before


def test_the_tracker_is_that_of_the_bytes_that_came(office: OfficeUnderTest) -> None:
    answer = office.cast(VICTIM, FIRST)
    assert answer.leaf.digest_bytes == body_digest(Kind.BALLOT, HONEST)
