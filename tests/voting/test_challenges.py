"""Challenges: a ballot opened on the board can be recomputed by everybody, and never counts."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from crypto.ballot_seed import BallotSeed
from crypto.encoding import encode_base64url
from protocol.ballot import BallotInvalid, encrypt_ballot
from protocol.challenge import (
    CHALLENGE_BYTES_MAX,
    CHALLENGES_PER_CREDENTIAL,
    Challenge,
    recompute_ballot,
)
from protocol.errors import ProtocolError
from protocol.leaf import Kind, body_digest
from protocol.terms import ElectionTerms
from protocol.text import parse_time
from storage.session import writing
from tests.support.elections import CLOSES, OPENS, voter_key
from tests.support.hostile import canonical
from tests.support.offices import (
    FIRST,
    SECOND,
    OfficeUnderTest,
    cast_request,
    close_early,
    door_election,
    signed_request,
    signed_reveal,
)
from tests.voting.whole import require_whole, verified
from voting.casting import DIFFERING_CHALLENGES, cast_ballot, post_challenge
from voting.errors import TooManyChallenges, VotingError
from voting.models import VotingChallenge

VOTER, OTHER = 1, 2
SEED = b"c" * 32
TERMS = door_election().terms
BODY = encrypt_ballot(TERMS, FIRST, voter_key(VOTER).public_key, 1, BallotSeed(SEED))


def challenge_json(**changes: object) -> Any:
    """The honest challenge of BODY as JSON."""
    return {
        "answers": [
            {"question": layout.id, "values": list(values)}
            for layout, values in zip(TERMS.layouts, FIRST, strict=True)
        ],
        "credential": encode_base64url(voter_key(VOTER).public_key),
        "election": TERMS.election,
        "fingerprint": TERMS.fingerprint_text,
        "format": "psephos/challenge/v1",
        "seed": encode_base64url(SEED),
        "sequence": 1,
        "tracker": encode_base64url(body_digest(Kind.BALLOT, BODY)),
        **changes,
    }


REVEAL = signed_reveal(canonical(challenge_json()), voter_key(VOTER))
CAST = signed_request(BODY, voter_key(VOTER))


def require_refused(office: OfficeUnderTest, request: bytes, status: int, code: str, words: str) -> None:
    """Verb and route refuse the challenge for this reason and store nothing."""
    before = office.everything()
    with pytest.raises((VotingError, ProtocolError)) as refused:
        post_challenge(office.office, office.id, request)
    assert getattr(refused.value, "code", None) == code
    assert words in str(refused.value)
    answer = office.client.post(f"{office.api}/challenges", content=request)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"] == str(refused.value)
    assert office.everything() == before


def test_a_challenge_is_posted_and_verifies(office: OfficeUnderTest) -> None:
    answer = office.client.post(f"{office.api}/challenges", content=REVEAL)
    assert answer.status_code == 201
    entry = office.entries()[-1]
    assert answer.json() == {"index": entry.index, "leaf": json.loads(entry.leaf)}
    assert entry.kind == Kind.CHALLENGE
    assert office.body(Kind.CHALLENGE) == canonical(challenge_json())
    require_whole(office)
    close_early(office.office, office.id)
    assert json.loads(office.body(Kind.CLOSING))["challenges"] == 1
    tally = verified(office).tally
    assert tally is not None
    assert tally.counted == []


def test_a_challenged_ballot_cannot_be_cast_and_the_next_one_can(office: OfficeUnderTest) -> None:
    post_challenge(office.office, office.id, REVEAL)
    before = office.everything()
    answer = office.client.post(f"{office.api}/ballots", content=CAST)
    assert (answer.status_code, answer.json()["code"]) == (409, "challenged")
    assert "Seal a new one" in answer.json()["detail"]
    assert office.everything() == before
    assert office.cast(VOTER, SECOND).sequence == 1  # a test is no vote
    verified(office)


def test_a_cast_ballot_cannot_be_challenged(office: OfficeUnderTest) -> None:
    index = cast_ballot(office.office, office.id, CAST).index
    require_refused(office, REVEAL, 409, "already-cast", f"as entry {index}")


def test_a_ballot_is_challenged_once(office: OfficeUnderTest) -> None:
    index = post_challenge(office.office, office.id, REVEAL).index
    require_refused(office, REVEAL, 409, "already-challenged", f"entry {index} of the board")


def test_too_many_challenges_of_one_credential(office: OfficeUnderTest) -> None:
    key = voter_key(VOTER).public_key
    rows = [
        {"election": office.id, "tracker": bytes([number]) * 32, "index": 1000 + number, "credential": key}
        for number in range(CHALLENGES_PER_CREDENTIAL)
    ]
    with writing(office.engine) as session:
        session.execute(insert(VotingChallenge), rows[:-1])
    post_challenge(office.office, office.id, REVEAL)  # the last that is taken
    other = encrypt_ballot(TERMS, SECOND, key, 1, BallotSeed(b"d" * 32))
    again = challenge_json(
        seed=encode_base64url(b"d" * 32), tracker=encode_base64url(body_digest(Kind.BALLOT, other))
    )
    for answer, values in zip(again["answers"], SECOND, strict=True):
        answer["values"] = list(values)
    request = signed_reveal(canonical(again), voter_key(VOTER))
    require_refused(
        office,
        request,
        429,
        "too-many-challenges",
        f"{CHALLENGES_PER_CREDENTIAL} ballots of this voting code",
    )
    # Voting goes on.
    assert office.cast(VOTER, FIRST).sequence == 1


Changes = dict[str, tuple[Callable[[], Any], int, str, str]]

REFUSED: Changes = {
    "another seed": (
        lambda: challenge_json(seed=encode_base64url(b"e" * 32)),
        422,
        "challenge-differs",
        "encrypted something else",
    ),
    "another sequence": (
        lambda: challenge_json(sequence=2),
        422,
        "challenge-differs",
        "encrypted something else",
    ),
    "another tracker": (
        lambda: challenge_json(tracker=encode_base64url(b"t" * 32)),
        422,
        "challenge-differs",
        "encrypted something else",
    ),
    "another choice": (
        lambda: challenge_json(
            answers=[{"question": "q1", "values": [0, 1, 0]}, *challenge_json()["answers"][1:]]
        ),
        422,
        "challenge-differs",
        "encrypted something else",
    ),
    "two choices": (
        lambda: challenge_json(
            answers=[{"question": "q1", "values": [1, 1, 0]}, *challenge_json()["answers"][1:]]
        ),
        400,
        "malformed-challenge",
        "add up to 2",
    ),
    "too many values": (
        lambda: challenge_json(
            answers=[{"question": "q1", "values": [1, 0, 0, 0]}, *challenge_json()["answers"][1:]]
        ),
        400,
        "malformed-challenge",
        "takes 3 values",
    ),
    "value below zero": (
        lambda: challenge_json(
            answers=[{"question": "q1", "values": [-1, 1, 1]}, *challenge_json()["answers"][1:]]
        ),
        400,
        "malformed-challenge",
        "cannot be read",
    ),
    "a question less": (
        lambda: challenge_json(answers=challenge_json()["answers"][1:]),
        400,
        "malformed-challenge",
        "exactly the questions",
    ),
    "short seed": (lambda: challenge_json(seed="AAAA"), 400, "malformed-challenge", "32 bytes"),
    "unknown field": (lambda: challenge_json(note="x"), 400, "malformed-challenge", "cannot be read"),
    "other election": (lambda: challenge_json(election="f" * 32), 422, "wrong-election", "another election"),
    "other fingerprint": (
        lambda: challenge_json(fingerprint=encode_base64url(b"f" * 32)),
        422,
        "wrong-election",
        "other terms",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_challenge_that_does_not_hold_is_refused(shared_office: OfficeUnderTest, name: str) -> None:
    make, status, code, words = REFUSED[name]
    request = signed_reveal(canonical(make()), voter_key(VOTER))
    require_refused(shared_office, request, status, code, words)


def test_only_its_own_voter_opens_a_ballot(shared_office: OfficeUnderTest) -> None:
    body = canonical(challenge_json())
    require_refused(
        shared_office,
        signed_reveal(body, voter_key(OTHER)),
        403,
        "bad-signature",
        "not signed by the voting code",
    )
    foreign = canonical(challenge_json(credential=encode_base64url(voter_key(99).public_key)))
    require_refused(
        shared_office, signed_reveal(foreign, voter_key(99)), 403, "unknown-credential", "voters' list"
    )
    stolen = canonical(challenge_json(credential=encode_base64url(voter_key(OTHER).public_key)))
    require_refused(
        shared_office, signed_reveal(stolen, voter_key(OTHER)), 422, "challenge-differs", "something else"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request + b" ",
        lambda request: b" " + request,
        lambda request: request.replace(b'"sequence":1', b'"sequence":1.0'),
        lambda request: request.replace(b'"sequence":1', b'"sequence":1,"sequence":1'),
        lambda request: request[:-2],
        lambda _: b"",
        lambda _: CAST,
        lambda _: b"[" * 50_000,
    ],
)
def test_a_challenge_spelt_otherwise_is_refused(
    shared_office: OfficeUnderTest, change: Callable[[bytes], bytes]
) -> None:
    require_refused(shared_office, change(REVEAL), 400, "malformed-challenge", "cannot be read")


def test_a_request_that_no_challenge_needs_is_not_read(shared_office: OfficeUnderTest) -> None:
    before = shared_office.everything()
    answer = shared_office.client.post(
        f"{shared_office.api}/challenges", content=b"x" * (CHALLENGE_BYTES_MAX + 1)
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert shared_office.everything() == before


def test_challenges_keep_the_hours_of_the_vote(office: OfficeUnderTest) -> None:
    during = office.clock.now
    office.clock.now = parse_time(OPENS) - timedelta(seconds=1)
    require_refused(office, REVEAL, 409, "not-open", "Voting has not begun")
    office.clock.now = parse_time(CLOSES)
    require_refused(office, REVEAL, 409, "closed", "Voting is closed")
    office.clock.now = during
    close_early(office.office, office.id)
    require_refused(office, REVEAL, 409, "closed", "Voting is closed")


def test_a_clock_that_reaches_the_end_while_a_test_is_checked_stores_nothing(office: OfficeUnderTest) -> None:
    looks = iter([parse_time(CLOSES) - timedelta(seconds=1)])
    office.office.clock = lambda: next(looks, parse_time(CLOSES))
    before = office.everything()
    with pytest.raises(VotingError, match="Voting is closed"):
        post_challenge(office.office, office.id, REVEAL)
    assert office.everything() == before


def test_a_replay_of_a_challenge_as_a_ballot_is_none(shared_office: OfficeUnderTest) -> None:
    before = shared_office.everything()
    answer = shared_office.client.post(f"{shared_office.api}/ballots", content=REVEAL)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-ballot")
    answer = shared_office.client.post(
        f"{shared_office.api}/challenges", content=cast_request(shared_office.election, VOTER)
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-challenge")
    assert shared_office.everything() == before


def test_who_keeps_the_door_busy_with_wrong_tests_is_no_longer_recomputed(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    recomputed: list[str] = []

    def counted(terms: ElectionTerms, challenge: Challenge) -> bytes:
        recomputed.append(challenge.seed)
        return recompute_ballot(terms, challenge)

    monkeypatch.setattr("voting.casting.recompute_ballot", counted)
    for number in range(DIFFERING_CHALLENGES + 3):
        wrong = challenge_json(seed=encode_base64url(number.to_bytes(32, "big")))
        with pytest.raises(ProtocolError if number < DIFFERING_CHALLENGES else TooManyChallenges):
            post_challenge(office.office, office.id, signed_reveal(canonical(wrong), voter_key(VOTER)))
    assert len(recomputed) == DIFFERING_CHALLENGES
    # Others are not counted for it, nor is the owner for what somebody else signed.
    unsigned = challenge_json(credential=encode_base64url(voter_key(OTHER).public_key))
    for _ in range(DIFFERING_CHALLENGES + 1):
        with pytest.raises(BallotInvalid, match="not signed by the voting code"):
            post_challenge(office.office, office.id, signed_reveal(canonical(unsigned), voter_key(VOTER)))
    assert office.office.differing_challenges(office.id, voter_key(OTHER).public_key) == 0
    cast_ballot(office.office, office.id, cast_request(office.election, VOTER))


def test_a_second_device_finds_the_test_by_its_tracker(office: OfficeUnderTest) -> None:
    place = f"{office.api}/challenges/{challenge_json()['tracker']}"
    missing = office.client.get(place)
    assert (missing.status_code, missing.json()["code"]) == (404, "challenge-not-found")
    posted = office.client.post(f"{office.api}/challenges", content=REVEAL).json()
    found = office.client.get(place)
    assert found.json() == posted
    assert found.headers["cache-control"] == "no-store"
    for tracker in ("x", "A" * 42 + "B"):
        answer = office.client.get(f"{office.api}/challenges/{tracker}")
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-query")
    cast_ballot(office.office, office.id, cast_request(office.election, OTHER, SECOND))
    cast = next(entry for entry in office.entries() if entry.kind == Kind.BALLOT)
    assert office.client.get(f"{office.api}/challenges/{encode_base64url(cast.digest)}").status_code == 404
