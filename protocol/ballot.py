"""The ballot: its record, strict reading, the claims that its proofs make, and the making of one.

Source: PROTOCOL sections 4, 6, 7. The same functions serve the casting door, the trustee and the verifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from crypto.ballot_seed import BallotSeed
from crypto.encoding import decode_base64url, decode_int, encode_base64url, encode_int
from crypto.errors import CryptoError
from crypto.key import mask_bits
from crypto.key_size import KeySize
from crypto.membership import MembershipClaim, MembershipProof, ProofContext, prove_membership
from protocol.canonical import Record, decode_canonical, encode_canonical
from protocol.errors import MalformedRecord, ProtocolError, RecordTooLarge
from protocol.layout import QuestionLayout
from protocol.leaf import Kind, body_digest
from protocol.terms import ElectionTerms
from protocol.text import Base64url, ElectionId, Identifier

SEQUENCE_MAX = 2**32 - 1

Sequence32 = Annotated[int, msgspec.Meta(ge=1, le=SEQUENCE_MAX)]


class ProofRecord(Record, frozen=True):
    """A membership proof: one entry in each list for each member of the set, in order."""

    a: tuple[Base64url, ...]
    e: tuple[Base64url, ...]
    z: tuple[Base64url, ...]


class AnswerRecord(Record, frozen=True):
    """The encrypted answer to one question."""

    ciphertexts: tuple[Base64url, ...]
    proofs: tuple[ProofRecord, ...]
    question: Identifier


class BallotRecord(Record, frozen=True):
    """The body of a `ballot` leaf; its digest is the tracker."""

    answers: tuple[AnswerRecord, ...]
    credential: Base64url
    election: ElectionId
    fingerprint: Base64url
    format: Literal["psephos/ballot/v1"]
    sequence: Sequence32


class BallotInvalid(ProtocolError):
    """A ballot that does not keep PROTOCOL section 8; `code` is the reason's stable name."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """Ciphertexts and proofs of one question, as numbers of the right lengths and counts."""

    ciphertexts: tuple[int, ...]
    proofs: tuple[MembershipProof, ...]


@dataclass(frozen=True)
class Ballot:
    """A ballot that decodes strictly under its election's terms. Nothing is proved about it yet.

    tracker: digest of the body.  credential: the voter's public key.  sequence: 1 for the first ballot.
    """

    tracker: bytes
    credential: bytes
    sequence: int
    answers: tuple[Answer, ...]


def ballot_bytes_max(terms: ElectionTerms) -> int:
    """The exact length of the longest ballot of this election (its sequence has the most digits)."""
    return _longest_ballot(terms.layouts, terms.manifest.size)


@lru_cache(maxsize=64)
def _longest_ballot(layouts: tuple[QuestionLayout, ...], size: KeySize) -> int:
    n_text, n2_text = encode_int(0, size.n_bytes), encode_int(0, size.n2_bytes)
    b32 = encode_int(0, 32)
    answers = tuple(
        AnswerRecord(
            ciphertexts=(n2_text,) * len(layout.parts),
            proofs=tuple(
                ProofRecord(a=(n2_text,) * len(m), e=(b32,) * len(m), z=(n_text,) * len(m))
                for _, m in layout.proof_sets()
            ),
            question=layout.id,
        )
        for layout in layouts
    )
    return len(
        encode_canonical(
            BallotRecord(
                answers=answers,
                credential=b32,
                election="0" * 32,
                fingerprint=b32,
                format="psephos/ballot/v1",
                sequence=SEQUENCE_MAX,
            )
        )
    )


def decode_ballot(terms: ElectionTerms, body: bytes) -> Ballot:
    """Read a ballot's body: strict JSON, then exact counts and lengths for this manifest, before arithmetic.

    Raises: BallotInvalid with code `malformed-ballot` or `wrong-election`.
    """
    try:
        record = decode_canonical(body, BallotRecord, limit_bytes=ballot_bytes_max(terms))
    except (MalformedRecord, RecordTooLarge) as error:
        raise BallotInvalid("malformed-ballot", f"The ballot cannot be read: {error}") from error
    try:
        ballot = Ballot(
            tracker=body_digest(Kind.BALLOT, body),
            credential=decode_base64url(record.credential, 32),
            sequence=record.sequence,
            answers=_decode_answers(terms, record.answers),
        )
    except CryptoError as error:
        raise BallotInvalid("malformed-ballot", f"The ballot cannot be read: {error}") from error
    if record.election != terms.election or record.fingerprint != terms.fingerprint_text:
        raise BallotInvalid(
            "wrong-election", "The ballot was made for another election, or for other terms of this one."
        )
    return ballot


def _decode_answers(terms: ElectionTerms, records: Sequence[AnswerRecord]) -> tuple[Answer, ...]:
    if tuple(record.question for record in records) != tuple(layout.id for layout in terms.layouts):
        raise BallotInvalid(
            "malformed-ballot", "The ballot does not answer exactly this election's questions in their order."
        )
    return tuple(
        _decode_answer(layout, record, terms.manifest.size)
        for layout, record in zip(terms.layouts, records, strict=True)
    )


def _decode_answer(layout: QuestionLayout, record: AnswerRecord, size: KeySize) -> Answer:
    sets = layout.proof_sets()
    if len(record.ciphertexts) != len(layout.parts) or len(record.proofs) != len(sets):
        raise BallotInvalid(
            "malformed-ballot",
            f"Question {layout.id} takes {len(layout.parts)} ciphertexts and {len(sets)} proofs.",
        )
    for (label, members), proof in zip(sets, record.proofs, strict=True):
        if not len(proof.a) == len(proof.e) == len(proof.z) == len(members):
            raise BallotInvalid(
                "malformed-ballot",
                f"Question {layout.id}, {label}: the proof must have {len(members)} branches.",
            )
    return Answer(
        ciphertexts=tuple(decode_int(c, size.n2_bytes) for c in record.ciphertexts),
        proofs=tuple(
            MembershipProof(
                a=tuple(decode_int(a, size.n2_bytes) for a in proof.a),
                e=tuple(decode_int(e, 32) for e in proof.e),
                z=tuple(decode_int(z, size.n_bytes) for z in proof.z),
            )
            for proof in record.proofs
        ),
    )


def ballot_claims(terms: ElectionTerms, ballot: Ballot) -> tuple[MembershipClaim, ...]:
    """Every claim that the ballot's proofs make, in order; they hold together or the ballot is invalid."""
    claims: list[MembershipClaim] = []
    for layout, answer in zip(terms.layouts, ballot.answers, strict=True):
        for stated, proof in zip(layout.statements(), answer.proofs, strict=True):
            # A ciphertext alone stays as it came: reduced modulo n², one beyond the range would pass.
            first, *others = (answer.ciphertexts[i] for i in stated.parts)
            ciphertext = product_of((first, *others), terms.key.n2) if others else first
            context = ProofContext(
                terms.fingerprint, layout.id, stated.label, ballot.credential, ballot.sequence
            )
            claims.append(MembershipClaim(ciphertext, stated.members, proof, context))
    return tuple(claims)


def product_of(ciphertexts: Sequence[int], n2: int) -> int:
    """The product modulo n²: encrypts the sum."""
    product = 1
    for ciphertext in ciphertexts:
        product = product * ciphertext % n2
    return product


def encrypt_ballot(
    terms: ElectionTerms,
    values: Sequence[Sequence[int]],
    credential: bytes,
    sequence: int,
    seed: BallotSeed,
) -> bytes:
    """The body of the ballot that these answers and this seed give: a function, so that a test can repeat it.

    values: for each question one integer for each slot (PROTOCOL section 6).
    credential: the voter's public key.  seed: used for this ballot only.
    Raises: AnswerInvalid for values that a question does not allow.
    """
    if len(values) != len(terms.layouts):
        raise BallotInvalid("malformed-ballot", "A ballot answers every question.")
    answers = tuple(
        _encrypt_answer(terms, layout, answer, credential, sequence, seed)
        for layout, answer in zip(terms.layouts, values, strict=True)
    )
    return encode_canonical(
        BallotRecord(
            answers=answers,
            credential=encode_base64url(credential),
            election=terms.election,
            fingerprint=terms.fingerprint_text,
            format="psephos/ballot/v1",
            sequence=sequence,
        )
    )


def _encrypt_answer(
    terms: ElectionTerms,
    layout: QuestionLayout,
    values: Sequence[int],
    credential: bytes,
    sequence: int,
    seed: BallotSeed,
) -> AnswerRecord:
    key, size = terms.key, terms.manifest.size
    plaintexts = layout.plaintexts(values)
    blindings = tuple(seed.blinding(layout.id, part.label, size.blinding_bits) for part in layout.parts)
    ciphertexts = tuple(key.encrypt(plaintext, r) for plaintext, r in zip(plaintexts, blindings, strict=True))
    proofs = []
    for stated in layout.statements():
        proof = prove_membership(
            key,
            stated.members,
            stated.members.index(sum(plaintexts[i] for i in stated.parts)),
            sum(blindings[i] for i in stated.parts),
            product_of([ciphertexts[i] for i in stated.parts], key.n2),
            ProofContext(terms.fingerprint, layout.id, stated.label, credential, sequence),
            seed.draw(layout.id, stated.label),
            mask_bits(size, len(stated.parts)),
        )
        proofs.append(_proof_record(proof, size))
    return AnswerRecord(
        ciphertexts=tuple(encode_int(c, size.n2_bytes) for c in ciphertexts),
        proofs=tuple(proofs),
        question=layout.id,
    )


def _proof_record(proof: MembershipProof, size: KeySize) -> ProofRecord:
    return ProofRecord(
        a=tuple(encode_int(a, size.n2_bytes) for a in proof.a),
        e=tuple(encode_int(e, 32) for e in proof.e),
        z=tuple(encode_int(z, size.n_bytes) for z in proof.z),
    )
