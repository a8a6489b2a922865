"""The Merkle tree of RFC 6962 (section 2.1) and RFC 9162 (section 2.1.3 f.): hashes, proofs, their checks.

A node (level, index) is the root of the complete subtree over the 2^level leaves from index·2^level on;
level 0 holds the leaf hashes. Such a node never changes once its last leaf is there, and a tree of any size
is put together from complete subtrees alone. Storage therefore keeps nodes and lends `get_node`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from crypto.errors import CryptoError, MalformedEncoding, OutOfRange

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
MAX_SIZE: Final = 2**63 - 1

GetNode = Callable[[int, int], bytes]
"""(level, index) → hash of a complete subtree."""


class InclusionFailed(CryptoError):
    """A proof that does not place this leaf at this index of the tree with this root."""

    code = "inclusion-failed"


class ConsistencyFailed(CryptoError):
    """A proof that does not show the smaller tree to be the beginning of the larger one."""

    code = "consistency-failed"


@dataclass(frozen=True)
class Node:
    """A complete subtree: its place and its hash."""

    level: int
    index: int
    hash: bytes


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class CompactTree:
    """A growing tree that remembers only the roots of its complete subtrees: at most 63 hashes."""

    size: int = 0
    _peaks: list[bytes] = field(default_factory=list)  # largest subtree first, one for each bit of size

    def append(self, new_leaf_hash: bytes) -> list[Node]:
        """Add one leaf; the complete subtrees that this leaf finished, from its own (level 0) upwards."""
        node = Node(0, self.size, new_leaf_hash)
        finished = [node]
        while (self.size >> node.level) & 1:
            node = Node(node.level + 1, node.index >> 1, node_hash(self._peaks.pop(), node.hash))
            finished.append(node)
        self._peaks.append(node.hash)
        self.size += 1
        return finished

    def root(self) -> bytes:
        """The RFC 6962 tree hash; SHA-256 of nothing for the empty tree."""
        return _fold(self._peaks)

    def to_bytes(self) -> bytes:
        """8 bytes of size, big-endian, then the subtree hashes, largest subtree first."""
        return self.size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompactTree":
        """Inverse of `to_bytes`. Raises: MalformedEncoding."""
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_BYTES * size.bit_count() or size > MAX_SIZE:
            raise MalformedEncoding("Not a serialised Merkle frontier.")
        return cls(size, [data[at : at + HASH_BYTES] for at in range(8, len(data), HASH_BYTES)])

    @classmethod
    def from_nodes(cls, get_node: GetNode, size: int) -> "CompactTree":
        """The tree over the first `size` leaves, from its stored nodes."""
        _require_size(size)
        return cls(size, _peaks_of(get_node, size))


def root_hash(leaf_hashes: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes in order."""
    tree = CompactTree()
    for each in leaf_hashes:
        tree.append(each)
    return tree.root()


def tree_root(get_node: GetNode, size: int) -> bytes:
    """The tree hash over the first `size` leaves, from stored nodes."""
    _require_size(size)
    return _fold(_peaks_of(get_node, size))


def inclusion_proof(get_node: GetNode, index: int, size: int) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962, section 2.1.1: sibling hashes from the leaf upwards.

    Raises: OutOfRange unless 0 ≤ index < size.
    """
    _require_size(size)
    if not 0 <= index < size:
        raise OutOfRange(f"A log of {size} entries has no entry {index}.")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(get_node, middle, end))
            end = middle
        else:
            proof.append(_range_root(get_node, start, middle))
            start = middle
    proof.reverse()
    return proof


def verify_inclusion(
    the_leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """RFC 9162, section 2.1.3.2. The proof's length is the exact one for (index, size).

    size and root must come from one checkpoint: one proof can fit two sizes of tree, and only the log's
    signature ties the size to the root.
    Raises: InclusionFailed.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise InclusionFailed(f"Entry {index} does not lie in a log of {size} entries.")
    # Below the highest bit in which index and size − 1 differ there is a sibling on every level;
    # above it only where the path comes from the right (Trillian's decomposition of the same algorithm).
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count() or any(len(h) != HASH_BYTES for h in proof):
        raise InclusionFailed("The inclusion proof has the wrong length.")
    reached = the_leaf_hash
    for level, sibling in enumerate(proof[:inner]):
        is_right = (index >> level) & 1
        reached = node_hash(sibling, reached) if is_right else node_hash(reached, sibling)
    for sibling in proof[inner:]:
        reached = node_hash(sibling, reached)
    if reached != root:
        raise InclusionFailed(f"The proof does not lead from entry {index} to the root of size {size}.")


def consistency_proof(get_node: GetNode, old_size: int, new_size: int) -> list[bytes]:
    """PROOF(old_size, D[0:new_size]) of RFC 6962, section 2.1.2; empty for old_size 0 or = new_size.

    Raises: OutOfRange unless 0 ≤ old_size ≤ new_size.
    """
    _require_size(new_size)
    if not 0 <= old_size <= new_size:
        raise OutOfRange(f"There is no proof from size {old_size} to size {new_size}.")
    if old_size in (0, new_size):
        return []
    proof: list[bytes] = []
    start, end = 0, new_size
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            proof.append(_range_root(get_node, middle, end))
            end = middle
        else:
            proof.append(_range_root(get_node, start, middle))
            start = middle
    if start:
        proof.append(_range_root(get_node, start, end))
    proof.reverse()
    return proof


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162, section 2.1.4.2: the tree of `old_size` is the beginning of the tree of `new_size`.

    Old size 0 is the beginning of every tree; its root must be EMPTY_ROOT and the proof empty.
    Each size must come with its root from a checkpoint, as in `verify_inclusion`.
    Raises: ConsistencyFailed.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ConsistencyFailed(f"A log of {new_size} entries does not continue one of {old_size}.")
    if any(len(each) != HASH_BYTES for each in proof):
        raise ConsistencyFailed("The consistency proof has the wrong length.")
    if old_size == 0:
        if proof or old_root != EMPTY_ROOT or (new_size == 0 and new_root != EMPTY_ROOT):
            raise ConsistencyFailed("The empty log has one fixed root and needs no proof.")
        return
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ConsistencyFailed(f"Two different roots are given for size {old_size}.")
        return
    # The old tree's last complete subtree is where the proof starts; if it is the whole old tree
    # (a power of two), its hash is the old root and is not repeated in the proof.
    power = (old_size & -old_size).bit_length() - 1
    hashes = [old_root, *proof] if old_size == 1 << power else list(proof)
    index, last = (old_size - 1) >> power, (new_size - 1) >> power
    inner = (index ^ last).bit_length()
    if len(hashes) != 1 + inner + (index >> inner).bit_count():
        raise ConsistencyFailed("The consistency proof has the wrong length.")
    old = new = hashes[0]
    for level, sibling in enumerate(hashes[1 : 1 + inner]):
        if (index >> level) & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    for sibling in hashes[1 + inner :]:
        old, new = node_hash(sibling, old), node_hash(sibling, new)
    if old != old_root or new != new_root:
        raise ConsistencyFailed(f"The log of size {new_size} is not a continuation of the one of {old_size}.")


def _require_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise OutOfRange("A tree's size lies between 0 and 2^63 − 1.")


def _split(size: int) -> int:
    """The largest power of two below `size`. size ≥ 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _peaks_of(get_node: GetNode, size: int) -> list[bytes]:
    """Complete subtrees over the first `size` leaves, largest first."""
    return _peaks_between(get_node, 0, size)


def _peaks_between(get_node: GetNode, start: int, end: int) -> list[bytes]:
    """Complete subtrees over the leaves start … end − 1. start: a multiple of every subtree's size."""
    peaks: list[bytes] = []
    for level in reversed(range((end - start).bit_length())):
        if ((end - start) >> level) & 1:
            peaks.append(get_node(level, start >> level))
            start += 1 << level
    return peaks


def _range_root(get_node: GetNode, start: int, end: int) -> bytes:
    return _fold(_peaks_between(get_node, start, end))


def _fold(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root
