"""Write merkle.json: `python -m tests.vectors.make_merkle`."""

from typing import Any

from crypto.merkle import EMPTY_ROOT, leaf_hash, node_hash
from tests.vectors.files import write_vectors

# The inputs of Certificate Transparency's own tests of its tree.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    bytes(range(0x40, 0x44)),
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it stands there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = largest_power_below(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes]) -> list[bytes]:
    """PROOF of RFC 6962, section 2.1.2; empty where the RFC leaves m undefined (0)."""
    return naive_subproof(m, leaves, whole=True) if m else []


def naive_subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def hexes(hashes: list[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def inclusion(
    case_id: str, leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> dict[str, Any]:
    return {
        "id": case_id,
        "result": "valid",
        "leaf": leaf.hex(),
        "index": index,
        "size": size,
        "proof": hexes(proof),
        "root": root.hex(),
    }


def consistency(case_id: str, old: int, new: int, **changed: Any) -> dict[str, Any]:
    return {
        "id": case_id,
        "result": "valid",
        "old_size": old,
        "old_root": naive_root(LEAVES[:old]).hex(),
        "new_size": new,
        "new_root": naive_root(LEAVES[:new]).hex(),
        "proof": hexes(naive_proof(old, LEAVES[:new])),
    } | changed


def invalid(case: dict[str, Any], error: str, attack: str) -> dict[str, Any]:
    return case | {"result": "invalid", "error": error, "attack": attack}


def inclusion_cases() -> list[dict[str, Any]]:
    cases = [
        inclusion(f"leaf-{m}-of-{n}", LEAVES[m], m, n, naive_path(m, LEAVES[:n]), naive_root(LEAVES[:n]))
        for n in range(1, 9)
        for m in range(n)
    ]
    path, root = naive_path(5, LEAVES[:7]), naive_root(LEAVES[:7])

    def bad(
        case_id: str,
        attack: str,
        leaf: bytes = LEAVES[5],
        index: int = 5,
        size: int = 7,
        proof: list[bytes] = path,
        root: bytes = root,
    ) -> None:
        cases.append(invalid(inclusion(case_id, leaf, index, size, proof, root), "inclusion-failed", attack))

    bad("other-leaf", "a ballot replaced", leaf=LEAVES[4])
    bad("other-index", "two voters shown one entry", index=4)
    bad("index-mirrored", "siblings on the wrong side", index=2)
    bad("other-size", "an older head", size=6)
    bad("other-root", "a forked log", root=naive_root(LEAVES[:6]))
    bad("index-is-size", "an entry that does not exist", index=7)
    bad("index-negative", "an entry that does not exist", index=-1)
    bad("size-zero", "an empty log", index=0, size=0)
    bad("proof-empty", "no proof", proof=[])
    bad("hash-missing", "truncated proof", proof=path[:-1])
    bad("hash-added", "extended proof", proof=[*path, path[0]])
    bad("hash-altered", "altered proof", proof=[path[0], bytes(32), path[2]])
    bad("hashes-swapped", "altered proof", proof=[path[1], path[0], path[2]])
    bad("hash-too-short", "hash boundaries moved", proof=[path[0][:31], path[1], path[2]])
    inner = naive_root(LEAVES[4:6])
    bad(
        "inner-node-as-leaf",
        "a node passed off as a leaf",
        leaf=b"\x01" + leaf_hash(LEAVES[4]) + leaf_hash(LEAVES[5]),
        index=2,
        size=4,
        proof=[leaf_hash(LEAVES[6]), naive_root(LEAVES[:4])],
    )
    bad(
        "leaf-is-root-without-prefix",
        "no domain separation",
        leaf=inner,
        index=0,
        size=1,
        proof=[],
        root=inner,
    )
    return cases


def consistency_cases() -> list[dict[str, Any]]:
    cases = [consistency(f"{old}-to-{new}", old, new) for new in range(9) for old in range(new + 1)]

    def bad(case_id: str, attack: str, old: int = 3, new: int = 7, **changed: Any) -> None:
        cases.append(invalid(consistency(case_id, old, new, **changed), "consistency-failed", attack))

    proof = hexes(naive_proof(3, LEAVES[:7]))
    fork = [*LEAVES[:2], b"other", *LEAVES[3:]]
    bad(
        "history-rewritten",
        "an old entry replaced",
        new_root=naive_root(fork[:7]).hex(),
        proof=hexes(naive_proof(3, fork[:7])),
    )
    bad("old-root-of-fork", "another past", old_root=naive_root(fork[:3]).hex())
    bad("other-old-size", "an older size claimed", old_size=2)
    bad("other-new-size", "a newer size claimed", new_size=9)
    bad("shrunk", "entries removed", old_size=7, new_size=3)
    bad("negative-size", "nonsense", old_size=-1)
    bad("proof-empty", "no proof", proof=[])
    bad("hash-missing", "truncated proof", proof=proof[:-1])
    bad("hash-added", "extended proof", proof=[*proof, proof[0]])
    bad("hash-altered", "altered proof", proof=["00" * 32, *proof[1:]])
    bad("hash-too-short", "hash boundaries moved", proof=[proof[0][:62], *proof[1:]])
    bad("same-size-other-root", "split view", 5, 5, new_root=naive_root(fork[:5]).hex())
    bad("same-size-with-proof", "extended proof", 5, 5, proof=proof)
    bad("from-empty-with-proof", "extended proof", 0, 5, proof=proof)
    bad("from-empty-other-root", "a root for no entries", 0, 5, old_root="00" * 32)
    bad("empty-to-empty-other-root", "a root for no entries", 0, 0, new_root="00" * 32)
    bad(
        "power-of-two-with-old-root-repeated",
        "extended proof",
        4,
        7,
        proof=[naive_root(LEAVES[:4]).hex(), *hexes(naive_proof(4, LEAVES[:7]))],
    )
    return cases


def vectors() -> dict[str, Any]:
    return {
        "format": "psephos/merkle/v1",
        "spec": "docs/PROTOCOL.md, section 3; RFC 6962, section 2.1",
        "made_by": "tests/vectors/make_merkle.py",
        "leaves": hexes(LEAVES),
        "leaf_hashes": hexes([leaf_hash(leaf) for leaf in LEAVES]),
        "roots": hexes([naive_root(LEAVES[:n]) for n in range(9)]),
        "inclusion": inclusion_cases(),
        "consistency": consistency_cases(),
    }


if __name__ == "__main__":
    write_vectors("merkle", vectors())
