"""Reading an office's board from its first byte to its last."""

from audits.stored_board import StoredBoard
from board import log as board
from board.log import LogId
from crypto.checkpoint import verify_checkpoint
from crypto.merkle import leaf_hash, root_hash
from protocol.leaf import Kind, body_digest, decode_leaf
from protocol.verification import VerifiedBoard, verify_board
from storage.session import reading
from tests.support.elections import LOG_KEY
from tests.support.offices import OfficeUnderTest
from voting.office import find_election


def require_whole(office: OfficeUnderTest) -> int:
    """Every leaf has its body, times never go back, and the signed head is the head of exactly these leaves; size."""
    last = ""
    with reading(office.engine) as session:
        log_id = LogId(find_election(session, office.id).log_id)
        pairs = list(board.iter_leaves_and_bodies(session, log_id))
        note = board.latest_checkpoint(session, log_id)
        assert board.tree_size(session, log_id) == len(pairs)
    for leaf_bytes, body in pairs:
        leaf = decode_leaf(leaf_bytes)
        assert body_digest(Kind(leaf.kind), body) == leaf.digest_bytes
        assert leaf.time >= last
        last = leaf.time
    head = verify_checkpoint(note, office.election.manifest.log_origin, LOG_KEY.public_key)
    assert (head.size, head.root) == (len(pairs), root_hash([leaf_hash(leaf) for leaf, _ in pairs]))
    return len(pairs)


def verified(office: OfficeUnderTest) -> VerifiedBoard:
    """The whole verification of what is stored, which is good."""
    verdict = verify_board(StoredBoard(office.engine, office.id))
    assert verdict.report.ok, verdict.report
    return verdict
