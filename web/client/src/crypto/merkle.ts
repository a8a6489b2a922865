// The Merkle tree of RFC 6962: its hashes, and the checks of its proofs as in RFC 9162 §2.1.3.2 and §2.1.4.2.
// Proofs have exactly the length that their sizes demand.

import { sha256 } from "@noble/hashes/sha2.js"
import { concatBytes } from "@noble/hashes/utils.js"
import { equalBytes } from "./encoding.ts"
import { CryptoError } from "./errors.ts"
import { bitLength } from "./numbers.ts"

export const HASH_BYTES = 32
const MAX_SIZE = 2n ** 63n - 1n

/** A proof that does not place this leaf at this index of the tree with this root. */
export class InclusionFailed extends CryptoError {
  readonly code = "inclusion-failed"
}

/** A proof that does not show the smaller tree to be the beginning of the larger one. */
export class ConsistencyFailed extends CryptoError {
  readonly code = "consistency-failed"
}

/** Size and root of a tree. Sizes are BigInt: they may exceed 2^53. */
export type TreeHead = { readonly size: bigint; readonly root: Uint8Array }

/** SHA-256(0x00 ‖ leaf). */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(0), leaf))
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(1), left, right))
}

/** Check that the leaf with this hash stands at `index` of the tree. @throws InclusionFailed */
export function verifyInclusion(hash: Uint8Array, index: bigint, proof: readonly Uint8Array[], head: TreeHead): void {
  if (index < 0n || index >= head.size || head.size > MAX_SIZE) {
    throw new InclusionFailed(`Entry ${index} does not lie in a log of ${head.size} entries.`)
  }
  // Below the highest bit in which index and size − 1 differ there is a sibling on every level; above it only where
  // the path comes from the right.
  const inner = bitLength(index ^ (head.size - 1n))
  if (!hasLength(proof, inner + ones(index >> BigInt(inner)))) {
    throw new InclusionFailed("The inclusion proof has the wrong length.")
  }
  let reached = hash
  proof.forEach((sibling, level) => {
    const isRight = level >= inner || ((index >> BigInt(level)) & 1n) === 1n
    reached = isRight ? nodeHash(sibling, reached) : nodeHash(reached, sibling)
  })
  if (!equalBytes(reached, head.root)) {
    throw new InclusionFailed(`The proof does not lead from entry ${index} to the root of size ${head.size}.`)
  }
}

/** Check that the tree of `old` is the beginning of the tree of `next`. @throws ConsistencyFailed */
export function verifyConsistency(old: TreeHead, next: TreeHead, proof: readonly Uint8Array[]): void {
  if (old.size < 0n || old.size > next.size || next.size > MAX_SIZE) {
    throw new ConsistencyFailed(`A log of ${next.size} entries does not continue one of ${old.size}.`)
  }
  if (old.size === 0n || old.size === next.size) {
    const emptyRoot = sha256(new Uint8Array(0))
    const expected = old.size === 0n ? emptyRoot : next.root
    const nextIsEmpty = next.size === 0n && !equalBytes(next.root, emptyRoot)
    if (proof.length > 0 || !equalBytes(old.root, expected) || nextIsEmpty) {
      throw new ConsistencyFailed(`Two different roots are given for size ${old.size}.`)
    }
    return
  }
  // The old tree's last complete subtree is where the proof starts; if it is the whole old tree (a power of two), its
  // hash is the old root and is not repeated in the proof.
  const power = bitLength(old.size & -old.size) - 1
  const hashes = old.size === 1n << BigInt(power) ? [old.root, ...proof] : proof
  const index = (old.size - 1n) >> BigInt(power)
  const inner = bitLength(index ^ ((next.size - 1n) >> BigInt(power)))
  const [first, ...siblings] = hashes
  if (first === undefined || !hasLength([first, ...siblings], 1 + inner + ones(index >> BigInt(inner)))) {
    throw new ConsistencyFailed("The consistency proof has the wrong length.")
  }
  let reachedOld = first
  let reachedNext = first
  siblings.forEach((sibling, level) => {
    if (level >= inner || ((index >> BigInt(level)) & 1n) === 1n) {
      reachedOld = nodeHash(sibling, reachedOld)
      reachedNext = nodeHash(sibling, reachedNext)
    } else {
      reachedNext = nodeHash(reachedNext, sibling)
    }
  })
  if (!equalBytes(reachedOld, old.root) || !equalBytes(reachedNext, next.root)) {
    throw new ConsistencyFailed(`The log of size ${next.size} is not a continuation of the one of ${old.size}.`)
  }
}

function hasLength(proof: readonly Uint8Array[], length: number): boolean {
  return proof.length === length && proof.every((hash) => hash.length === HASH_BYTES)
}

function ones(value: bigint): number {
  return value.toString(2).replaceAll("0", "").length
}
