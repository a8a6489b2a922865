// Leaves of the board: a small record for each body, and the digest that ties the two. PROTOCOL §3.

import { utf8 } from "../crypto/encoding.ts"
import { bodyMessage, verifySignature } from "../crypto/signature.ts"
import { tupleHash } from "../crypto/transcript.ts"
import { type JsonValue, parseCanonical } from "./canonicalJson.ts"
import { bytes, oneOf, record, tagged, timestamp } from "./decode.ts"
import { MalformedRecord } from "./errors.ts"

const UNSIGNED_KINDS = ["manifest", "ceremony", "roll", "freeze"] as const
const SIGNED_KINDS = [
  "polls-opened",
  "ballot",
  "challenge",
  "extension",
  "revocation",
  "conflict",
  "closing",
  "aggregates",
  "act",
  "closing-statement",
  "partial-opening",
  "result",
] as const
const LEAF_BYTES_MAX = 65_534

export type Kind = (typeof UNSIGNED_KINDS)[number] | (typeof SIGNED_KINDS)[number]

/** One entry of the log. signature: null exactly for the unsigned kinds. */
export type Leaf = {
  readonly digest: Uint8Array
  readonly kind: Kind
  readonly signature: Uint8Array | null
  readonly time: string
}

const common = { digest: bytes(32), time: timestamp }
const unsigned = record({ ...common, kind: oneOf<Kind>(...UNSIGNED_KINDS) })
const signed = record({ ...common, kind: oneOf<Kind>(...SIGNED_KINDS), signature: bytes(64) })
const leaf = tagged<Leaf>("kind", {
  ...Object.fromEntries(
    UNSIGNED_KINDS.map((kind) => [
      kind,
      (value: JsonValue, path: string) => ({ ...unsigned(value, path), signature: null }),
    ]),
  ),
  ...Object.fromEntries(SIGNED_KINDS.map((kind) => [kind, signed])),
})

/** H_body(kind, body). For a ballot this is its tracker. body: canonical text. */
export function bodyDigest(kind: Kind, body: string): Uint8Array {
  return tupleHash("body", [utf8(kind), utf8(body)])
}

/** The leaf that its exact bytes spell. @throws MalformedRecord */
export function decodeLeaf(textOfLeaf: string): Leaf {
  if (utf8(textOfLeaf).length > LEAF_BYTES_MAX) throw new MalformedRecord("A leaf has less than 65,535 bytes.")
  return decodeLeafValue(parseCanonical(textOfLeaf), "leaf")
}

/** A leaf as it stands inside another record. @throws MalformedRecord */
export function decodeLeafValue(value: JsonValue, path: string): Leaf {
  return leaf(value, path)
}

/** Check that `author` signed this leaf's body. @throws MalformedRecord, SignatureFailed, UnsoundPublicKey */
export function verifyLeafSignature(signedLeaf: Leaf, author: Uint8Array): void {
  if (signedLeaf.signature === null) throw new MalformedRecord(`A leaf of kind ${signedLeaf.kind} has no signature.`)
  verifySignature(author, bodyMessage(signedLeaf.kind, signedLeaf.digest), signedLeaf.signature)
}
