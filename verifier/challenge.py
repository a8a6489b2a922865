"""Checking an opened ballot: recompute every byte of it from the revealed answers and seed.

Source: PROTOCOL sections 4 and 9 (check 06); Benaloh 2006.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from crypto.certificate import verify_key_record
from crypto.display_code import display_code
from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from crypto.signature import verify_signature
from protocol.ballot import BallotInvalid
from protocol.canonical import decode_canonical, encode_canonical
from protocol.challenge import (
    CHALLENGE_BYTES_MAX,
    Challenge,
    Reveal,
    decode_challenge,
    recompute_ballot,
)
from protocol.counting import unknown_credential
from protocol.errors import ProtocolError, TermsMismatch
from protocol.leaf import Kind, body_digest, decode_leaf, signed_message
from protocol.manifest import Ranking
from protocol.ranking import ranked_positions
from protocol.revocation import revocation_names
from protocol.roll import Roll
from protocol.terms import ElectionTerms, assemble_terms, verify_freeze
from verifier.bundle import Bundle

REVEAL_BYTES_MAX = CHALLENGE_BYTES_MAX + 1000


@dataclass(frozen=True)
class OpenedAnswer:
    """One question of an opened ballot.

    slots: (option id, value) in order, `blank` last for choose-one and ranking. The value of a ranked option is its
    position, 0 on a blank vote.
    """

    question: str
    slots: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class OpenedBallot:
    """A ballot that was recomputed byte for byte: this is what the device had encrypted under this tracker."""

    tracker: bytes
    answers: tuple[OpenedAnswer, ...]

    @property
    def receipt_code(self) -> str:
        """What the device had shown before."""
        return display_code(self.tracker)


def read_reveal(data: bytes) -> Reveal:
    """The file that the device saved. Raises: ProtocolError when it is none."""
    reveal = decode_canonical(data, Reveal, limit_bytes=REVEAL_BYTES_MAX)
    decode_challenge(encode_canonical(reveal.challenge))
    return reveal


def check_reveal(terms: ElectionTerms, reveal: Reveal) -> OpenedBallot:
    """Check the voter's signature, encrypt the answers again and compare trackers.

    reveal: from `read_reveal`. Raises: BallotInvalid with the codes of PROTOCOL section 8, ChallengeDiffers.
    """
    challenge = reveal.challenge
    message = signed_message(Kind.CHALLENGE, body_digest(Kind.CHALLENGE, encode_canonical(challenge)))
    try:
        verify_signature(
            decode_base64url(challenge.credential, 32), message, decode_base64url(reveal.signature, 64)
        )
    except CryptoError as error:
        raise BallotInvalid(
            "bad-signature", "The file is not signed by the voting code that it names."
        ) from error
    recompute_ballot(terms, challenge)
    return OpenedBallot(decode_base64url(challenge.tracker, 32), tuple(_answers(terms, challenge)))


def _answers(terms: ElectionTerms, challenge: Challenge) -> Iterator[OpenedAnswer]:
    for layout, answer in zip(terms.layouts, challenge.answers, strict=True):
        values = answer.values
        if isinstance(layout.question, Ranking):
            count = len(layout.question.options)
            values = (*(ranked_positions(values, count) or (0,) * count), values[-1])
        yield OpenedAnswer(layout.id, tuple(zip(layout.option_ids, values, strict=True)))


def read_terms(bundle: Bundle) -> tuple[ElectionTerms, Roll]:
    """Terms and roll of a bundle: digests, the key's certificate and the trustees' signatures checked.

    Raises: ProtocolError, CryptoError when they do not hold; UnusableBundle.
    """
    bodies = [body for _, body in islice(bundle.entries(), 4)]
    if len(bodies) < 4:
        raise TermsMismatch("The bundle ends before the freeze.")
    terms, roll = assemble_terms(*bodies[:3])
    verify_key_record(terms.record, terms.manifest.size)
    verify_freeze(terms, bodies[3])
    return terms, roll


def find_on_board(bundle: Bundle, roll: Roll, reveal: Reveal) -> int | None:
    """Index of the opened ballot's own leaf on the board of the bundle, None when it does not stand there.

    Raises: BallotInvalid `unknown-credential` when the voters' list does not know its voting code, `cast-as-well`
    when the same tracker was cast too; SourceBroken, UnusableBundle.
    """
    challenge = reveal.challenge
    credential = decode_base64url(challenge.credential, 32)
    is_known = credential in roll.entries
    digest = body_digest(Kind.CHALLENGE, encode_canonical(challenge))
    tracker = decode_base64url(challenge.tracker, 32)
    place = None
    for index, (data, body) in enumerate(bundle.entries()):
        try:
            leaf = decode_leaf(data)
            if leaf.kind is Kind.REVOCATION:
                is_known |= revocation_names(body, credential)
        except ProtocolError:
            continue  # `psephos verify` tells about it
        if leaf.kind is Kind.BALLOT and leaf.digest_bytes == tracker:
            raise BallotInvalid(
                "cast-as-well",
                f"The same ballot was cast as well (entry {index}): everybody can read that vote. "
                "Vote again, and tell the election office.",
            )
        if leaf.kind is Kind.CHALLENGE and leaf.digest_bytes == digest:
            place = index
    if not is_known:
        raise unknown_credential()
    return place
