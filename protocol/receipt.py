"""Checking a voter's receipt without asking anybody: body, tracker, signature, promise, inclusion, signed head.

Source: PROTOCOL section 4, `receipt`. The browser client checks the same (web/client/src/protocol/receipt.ts).
"""

from crypto.checkpoint import Checkpoint, verify_checkpoint
from crypto.encoding import decode_base64url
from crypto.merkle import leaf_hash, verify_inclusion
from protocol.ballot import Ballot, decode_ballot
from protocol.canonical import decode_canonical, encode_canonical
from protocol.casting import Receipt, verify_promise
from protocol.counting import require_signature
from protocol.errors import ProtocolError
from protocol.leaf import Kind, decode_leaf
from protocol.terms import ElectionTerms

RECEIPT_BYTES_MAX = 16 * 1024 * 1024


class ReceiptDiffers(ProtocolError):
    """Parts of a receipt that do not belong together."""

    code = "receipt-differs"


def decode_receipt(data: bytes) -> Receipt:
    """Raises: MalformedRecord, RecordTooLarge."""
    return decode_canonical(data, Receipt, limit_bytes=RECEIPT_BYTES_MAX)


def verify_receipt(terms: ElectionTerms, receipt: Receipt) -> tuple[Ballot, Checkpoint]:
    """Check every part against the terms; the ballot (whose proofs are the verifier's matter) and the head it is in.

    Raises: ReceiptDiffers, BallotInvalid, MalformedRecord; SignatureFailed, InclusionFailed and the other errors of
    `crypto`.
    """
    if (receipt.election, receipt.fingerprint) != (terms.election, terms.fingerprint_text):
        raise ReceiptDiffers("The receipt belongs to another election, or to other terms of this one.")
    ballot = decode_ballot(terms, encode_canonical(receipt.ballot))
    leaf_bytes = encode_canonical(receipt.leaf)
    leaf, promise = decode_leaf(leaf_bytes), receipt.promise
    trackers = {decode_base64url(text, 32) for text in (receipt.tracker, leaf.digest, promise.tracker)}
    if leaf.kind is not Kind.BALLOT or trackers != {ballot.tracker}:
        raise ReceiptDiffers("The receipt's parts are about different ballots.")
    require_signature(leaf, ballot)
    verify_promise(terms.manifest, promise)
    if promise.election != terms.election or promise.time != leaf.time:
        raise ReceiptDiffers("The promise is about another election or time than the leaf.")
    key = decode_base64url(terms.manifest.log_key, 32)
    head = verify_checkpoint(receipt.checkpoint, terms.manifest.log_origin, key)
    proof = [decode_base64url(node, 32) for node in receipt.inclusion]
    verify_inclusion(leaf_hash(leaf_bytes), promise.index, head.size, proof, head.root)
    return ballot, head
