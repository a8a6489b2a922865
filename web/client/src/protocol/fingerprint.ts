// What ties an election's terms together, and what the trustees sign. PROTOCOL §4, "freeze".

import { utf8 } from "../crypto/encoding.ts"
import { tupleHash } from "../crypto/transcript.ts"

/** H_fingerprint of the digests of manifest, ceremony and roll. */
export function fingerprintOf(manifest: Uint8Array, ceremony: Uint8Array, roll: Uint8Array): Uint8Array {
  return tupleHash("fingerprint", [manifest, ceremony, roll])
}

/** What a trustee signs to freeze the election: H_freeze(election, fingerprint). */
export function freezeMessage(election: string, fingerprint: Uint8Array): Uint8Array {
  return tupleHash("freeze", [utf8(election), fingerprint])
}
