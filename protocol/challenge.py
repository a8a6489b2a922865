"""The challenge (Benaloh): a ballot opened instead of cast, so that anyone can recompute every byte of it.

Source: PROTOCOL sections 4, 8. Benaloh 2006, "Simple verifiable elections".
"""

from typing import Annotated, Literal

import msgspec

from crypto.ballot_seed import BallotSeed
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from protocol.ballot import BallotInvalid, Sequence32, encrypt_ballot
from protocol.canonical import Record, decode_canonical
from protocol.errors import AnswerInvalid, MalformedRecord, RecordTooLarge
from protocol.leaf import Kind, body_digest
from protocol.terms import ElectionTerms
from protocol.text import Base64url, ElectionId, Identifier

CHALLENGE_BYTES_MAX = 200_000
CHALLENGES_PER_CREDENTIAL = 20
"""Each costs every verifier the encryption of a whole ballot."""

Value = Annotated[int, msgspec.Meta(ge=0, le=20)]


class OpenedAnswer(Record, frozen=True):
    """What one question's ciphertexts are said to hold: one integer for each slot."""

    question: Identifier
    values: tuple[Value, ...]


class Challenge(Record, frozen=True):
    """The body of a `challenge` leaf: answers and seed of the ballot that had this tracker."""

    answers: tuple[OpenedAnswer, ...]
    credential: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/challenge/v1"]
    seed: Base64url
    sequence: Sequence32
    tracker: Base64url


class Reveal(Record, frozen=True):
    """A challenge with its author's signature, as it is posted and saved."""

    challenge: Challenge
    format: Literal["psephos/reveal/v1"]
    signature: Base64url


class ChallengeDiffers(BallotInvalid):
    """Answers and seed do not give the tracker that was shown: the device encrypted something else."""

    def __init__(self) -> None:
        super().__init__(
            "challenge-differs",
            "The revealed answers and seed do not give this receipt code: the device that made the ballot "
            "encrypted something else. Keep the file and tell the election office.",
        )


def decode_challenge(body: bytes) -> Challenge:
    """Raises: BallotInvalid with code `malformed-challenge`."""
    try:
        challenge = decode_canonical(body, Challenge, limit_bytes=CHALLENGE_BYTES_MAX)
        decode_base64url(challenge.credential, 32)
        decode_base64url(challenge.seed, 32)
        decode_base64url(challenge.tracker, 32)
    except (MalformedRecord, RecordTooLarge, CryptoError) as error:
        raise BallotInvalid("malformed-challenge", f"The opened ballot cannot be read: {error}") from error
    return challenge


def recompute_ballot(terms: ElectionTerms, challenge: Challenge) -> bytes:
    """Make the challenged ballot again and compare trackers; returns its body.

    challenge: from `decode_challenge`. Cost: one encryption of a whole ballot.
    Raises: BallotInvalid (`wrong-election`, `malformed-challenge`), ChallengeDiffers.
    """
    if challenge.election != terms.election or challenge.fingerprint != terms.fingerprint_text:
        raise BallotInvalid("wrong-election", "The opened ballot belongs to another election or other terms.")
    if tuple(answer.question for answer in challenge.answers) != tuple(layout.id for layout in terms.layouts):
        raise BallotInvalid("malformed-challenge", "The opened ballot does not answer exactly the questions.")
    try:
        body = encrypt_ballot(
            terms,
            [answer.values for answer in challenge.answers],
            decode_base64url(challenge.credential, 32),
            challenge.sequence,
            BallotSeed(decode_base64url(challenge.seed, 32)),
        )
    except AnswerInvalid as error:
        raise BallotInvalid("malformed-challenge", str(error)) from error
    if encode_base64url(body_digest(Kind.BALLOT, body)) != challenge.tracker:
        raise ChallengeDiffers
    return body
