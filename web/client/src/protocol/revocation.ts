// A replaced voting code, proved by the registrar's signature on the board: the server alone cannot revoke a code.
// PROTOCOL §4 and §8, "Replaced codes".

import { decodeBase64url, equalBytes } from "../crypto/encoding.ts"
import { requireSoundPublicKey } from "../crypto/signature.ts"
import type { BoardEntry } from "./board.ts"
import { parseCanonical } from "./canonicalJson.ts"
import { bytes, type Decoded, electionId, oneOf, record, text } from "./decode.ts"
import { EvidenceDiffers } from "./errors.ts"
import { bodyDigest, verifyLeafSignature } from "./leaf.ts"
import type { Terms } from "./terms.ts"

const revocation = record({
  election: electionId,
  fingerprint: bytes(32),
  format: oneOf("psephos/revocation/v1"),
  new: bytes(32),
  old: bytes(32),
  reason: text(1000),
})

/** `old` may not vote any more, `new` may in its place. reason: what everybody reads. */
export type Revocation = Decoded<typeof revocation>

/** Check the body that belongs to an entry of the board: that the registrar of this election revoked `old` with it.
 * @param body - canonical text
 * @throws MalformedRecord, EvidenceDiffers, SignatureFailed, UnsoundPublicKey */
export function verifyRevocation(
  terms: Pick<Terms, "manifest" | "fingerprint">,
  entry: Pick<BoardEntry, "leaf">,
  body: string,
  old: Uint8Array,
): Revocation {
  const { manifest, fingerprint } = terms
  const { leaf } = entry
  const said = revocation(parseCanonical(body), "revocation")
  if (leaf.kind !== "revocation" || !equalBytes(leaf.digest, bodyDigest("revocation", body))) {
    throw new EvidenceDiffers("The board shows something else where the voting code is said to be revoked.")
  }
  if (manifest.registrar_key === null) throw new EvidenceDiffers("This vote names no registrar who could revoke a code.")
  verifyLeafSignature(leaf, decodeBase64url(manifest.registrar_key, 32))
  if (said.election !== manifest.election || !equalBytes(said.fingerprint, fingerprint)) {
    throw new EvidenceDiffers("The revocation belongs to another vote.")
  }
  if (!equalBytes(said.old, old)) throw new EvidenceDiffers("The revocation is about another voting code.")
  requireSoundPublicKey(said.new)
  return said
}
