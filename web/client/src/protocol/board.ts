// What the board shows, checked: a signed head, an entry in it, one head as the continuation of another.

import { type Checkpoint, verifyCheckpoint, verifyCosignature } from "../crypto/checkpoint.ts"
import { decodeBase64url, encodeBase64url, utf8 } from "../crypto/encoding.ts"
import { CryptoError } from "../crypto/errors.ts"
import { leafHash, verifyConsistency, verifyInclusion } from "../crypto/merkle.ts"
import { parseCanonical } from "./canonicalJson.ts"
import { bytes, integer, list, record, string } from "./decode.ts"
import { EvidenceDiffers } from "./errors.ts"
import { decodeLeaf, type Leaf } from "./leaf.ts"
import type { Manifest } from "./manifest.ts"

// A path in a tree of 2^63 leaves has 63 hashes, a consistency proof at most twice as many.
const proofHashes = list(bytes(32), 0, 128)

const entryAnswer = record({
  checkpoint: string,
  index: integer(),
  leaf: string,
  proof: proofHashes,
  size: integer(1),
})

const consistencyAnswer = record({ new: integer(), old: integer(), proof: proofHashes })

/** An entry that stands in the tree of a head that the log signed. answer, leafText, note: as they came. */
export type BoardEntry = {
  readonly index: number
  readonly leaf: Leaf
  readonly leafText: string
  readonly answer: string
  readonly proof: readonly Uint8Array[]
  readonly note: string
  readonly head: Checkpoint
}

/** Check the log's signature under the manifest's key and origin.
 * @throws MalformedNote, MalformedCheckpoint, SignatureMissing, SignatureFailed, WrongOrigin */
export function verifyHead(manifest: Manifest, note: string): Checkpoint {
  return verifyCheckpoint(note, manifest.log_origin, decodeBase64url(manifest.log_key, 32))
}

/** Check an answer of `entries/{index}`: that this very leaf stands at this index of a signed head.
 * @throws MalformedRecord, EvidenceDiffers, InclusionFailed, and as `verifyHead` */
export function verifyEntry(manifest: Manifest, answer: string, index: number): BoardEntry {
  const wire = entryAnswer(parseCanonical(answer), "entry")
  const head = verifyHead(manifest, wire.checkpoint)
  if (wire.index !== index || BigInt(wire.size) !== head.size) {
    throw new EvidenceDiffers("The answer is about another entry, or its checkpoint has another size.")
  }
  verifyInclusion(leafHash(utf8(wire.leaf)), BigInt(index), wire.proof, head)
  const { leaf: leafText, proof, checkpoint: note } = wire
  return { index, leaf: decodeLeaf(leafText), leafText, answer, proof, note, head }
}

/** Check an answer of `consistency`: the older head is the beginning of the newer one.
 * @throws MalformedRecord, EvidenceDiffers, ConsistencyFailed */
export function verifyContinuation(answer: string, older: Checkpoint, newer: Checkpoint): void {
  const wire = consistencyAnswer(parseCanonical(answer), "consistency")
  if (BigInt(wire.old) !== older.size || BigInt(wire.new) !== newer.size) {
    throw new EvidenceDiffers("The consistency proof is between other sizes.")
  }
  verifyConsistency(older, newer, wire.proof)
}

/** How many of the manifest's witnesses signed this head. A line that is missing or wrong counts as not signed. */
export function countWitnesses(manifest: Manifest, note: string): number {
  return manifest.witnesses.filter((witness) => {
    try {
      verifyCosignature(note, witness.name, decodeBase64url(witness.key, 32))
      return true
    } catch (error) {
      if (error instanceof CryptoError) return false
      throw error
    }
  }).length
}

/** Hashes as they stand in records. */
export function encodeHashes(hashes: readonly Uint8Array[]): readonly string[] {
  return hashes.map(encodeBase64url)
}
