// The server's signed word that a ballot stands on the board, visible by a deadline. PROTOCOL §4, "promise".

import { decodeBase64url, equalBytes, utf8 } from "../crypto/encoding.ts"
import { verifySignature } from "../crypto/signature.ts"
import { tupleHash, u64 } from "../crypto/transcript.ts"
import { bytes, type Decoded, electionId, integer, oneOf, record, timestamp } from "./decode.ts"
import { EvidenceDiffers } from "./errors.ts"
import type { Manifest } from "./manifest.ts"

export const promise = record({
  deadline: timestamp,
  election: electionId,
  format: oneOf("psephos/promise/v1"),
  index: integer(),
  signature: bytes(64),
  time: timestamp,
  tracker: bytes(32),
})

export type ServerPromise = Decoded<typeof promise>

/** Check that the server promised exactly this tracker, in time, under the manifest's key.
 * @throws EvidenceDiffers, SignatureFailed, UnsoundPublicKey */
export function verifyPromise(manifest: Manifest, made: ServerPromise, tracker: Uint8Array): void {
  const seconds = (Date.parse(made.deadline) - Date.parse(made.time)) / 1000
  if (made.election !== manifest.election || !equalBytes(made.tracker, tracker)) {
    throw new EvidenceDiffers("The promise is about another ballot.")
  }
  if (seconds !== manifest.promise_seconds) throw new EvidenceDiffers("The promise has another deadline.")
  const items = [utf8(made.election), made.tracker, u64(made.index), utf8(made.time), utf8(made.deadline)]
  verifySignature(decodeBase64url(manifest.server_key, 32), tupleHash("promise", items), made.signature)
}
