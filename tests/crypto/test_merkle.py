"""The tree against RFC 6962's own definitions, and proofs against whoever would bend them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import MalformedEncoding, OutOfRange
from crypto.merkle import (
    EMPTY_ROOT,
    CompactTree,
    ConsistencyFailed,
    InclusionFailed,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tests.vectors.files import read_vectors
from tests.vectors.make_merkle import naive_path, naive_proof, naive_root

VECTORS = read_vectors("merkle")
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]

# Roots of sizes 1 to 8 over LEAVES, as published with Certificate Transparency's reference tests.
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def stored(leaves: list[bytes]) -> tuple[CompactTree, Callable[[int, int], bytes]]:
    """A tree grown leaf by leaf, and a store of the nodes that it finished."""
    tree, nodes = CompactTree(), {}
    for leaf in leaves:
        for node in tree.append(leaf_hash(leaf)):
            assert (node.level, node.index) not in nodes
            nodes[node.level, node.index] = node.hash
    return tree, lambda level, index: nodes[level, index]


def test_reference_roots() -> None:
    assert [root_hash([leaf_hash(leaf) for leaf in LEAVES[:n]]).hex() for n in range(1, 9)] == REFERENCE_ROOTS
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert VECTORS["roots"] == [EMPTY_ROOT.hex(), *REFERENCE_ROOTS]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["id"])
def test_inclusion_vectors(case: dict[str, Any]) -> None:
    arguments = (
        leaf_hash(bytes.fromhex(case["leaf"])),
        case["index"],
        case["size"],
        [bytes.fromhex(each) for each in case["proof"]],
        bytes.fromhex(case["root"]),
    )
    if case["result"] == "valid":
        verify_inclusion(*arguments)
        return
    with pytest.raises(InclusionFailed):
        verify_inclusion(*arguments)


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["id"])
def test_consistency_vectors(case: dict[str, Any]) -> None:
    arguments = (
        case["old_size"],
        bytes.fromhex(case["old_root"]),
        case["new_size"],
        bytes.fromhex(case["new_root"]),
        [bytes.fromhex(each) for each in case["proof"]],
    )
    if case["result"] == "valid":
        verify_consistency(*arguments)
        return
    with pytest.raises(ConsistencyFailed):
        verify_consistency(*arguments)


def test_every_proof_up_to_forty_leaves_is_that_of_the_rfc() -> None:
    leaves = [bytes([n]) for n in range(40)]
    _, get_node = stored(leaves)
    roots = [naive_root(leaves[:n]) for n in range(41)]
    for size in range(1, 41):
        assert tree_root(get_node, size) == roots[size]
        for index in range(size):
            path = inclusion_proof(get_node, index, size)
            assert path == naive_path(index, leaves[:size])
            verify_inclusion(leaf_hash(leaves[index]), index, size, path, roots[size])
        for old in range(size + 1):
            proof = consistency_proof(get_node, old, size)
            assert proof == naive_proof(old, leaves[:size])
            verify_consistency(old, roots[old], size, roots[size], proof)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=3), max_size=70))
def test_grown_serialised_and_recomputed_trees_agree(leaves: list[bytes]) -> None:
    tree, get_node = stored(leaves)
    assert tree.root() == naive_root(leaves) == tree_root(get_node, len(leaves))
    again = CompactTree.from_bytes(tree.to_bytes())
    assert again == tree == CompactTree.from_nodes(get_node, len(leaves))
    assert again.append(leaf_hash(b"next")) == tree.append(leaf_hash(b"next"))
    assert again.root() == tree.root() == naive_root([*leaves, b"next"])


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_bent_inclusion_proof_never_passes(size: int, data: st.DataObject) -> None:
    leaves = [n.to_bytes(2, "big") for n in range(size)]
    tree, get_node = stored(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(get_node, index, size)
    verify_inclusion(leaf_hash(leaves[index]), index, size, proof, tree.root())
    other = data.draw(st.integers(0, 400))
    if other != index:
        with pytest.raises(InclusionFailed):
            verify_inclusion(leaf_hash(leaves[index]), other, size, proof, tree.root())
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        for bent in (
            [*proof[:at], flipped, *proof[at + 1 :]],
            proof[:at] + proof[at + 1 :],
            [*proof, flipped],
        ):
            with pytest.raises(InclusionFailed):
                verify_inclusion(leaf_hash(leaves[index]), index, size, bent, tree.root())


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.data())
def test_a_rewritten_past_has_no_consistency_proof(size: int, data: st.DataObject) -> None:
    leaves = [n.to_bytes(2, "big") for n in range(size)]
    old = data.draw(st.integers(1, size))
    at = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:at], b"rewritten", *leaves[at + 1 :]]
    honest, _ = stored(leaves[:old])
    forged, get_forged = stored(rewritten)
    verify_consistency(
        old,
        root_hash([leaf_hash(each) for each in rewritten[:old]]),
        size,
        forged.root(),
        consistency_proof(get_forged, old, size),
    )
    with pytest.raises(ConsistencyFailed):
        verify_consistency(old, honest.root(), size, forged.root(), consistency_proof(get_forged, old, size))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, 2**63)])
def test_no_proof_for_entries_outside_the_log(index: int, size: int) -> None:
    _, get_node = stored([b""] * 5)
    with pytest.raises(OutOfRange):
        inclusion_proof(get_node, index, size)


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5), (0, -1), (1, 2**63)])
def test_no_proof_between_impossible_sizes(old: int, new: int) -> None:
    _, get_node = stored([b""] * 5)
    with pytest.raises(OutOfRange):
        consistency_proof(get_node, old, new)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(7),
        bytes(9),
        (1).to_bytes(8, "big"),
        (3).to_bytes(8, "big") + bytes(32),
        (2**63).to_bytes(8, "big") + bytes(32),
    ],
)
def test_a_damaged_frontier_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEncoding):
        CompactTree.from_bytes(data)
