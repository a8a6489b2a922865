// Every hash of the protocol: TupleHash256 (NIST SP 800-185, section 5) with a purpose string. A tuple cannot be
// confused with another tuple, and a hash made for one purpose cannot serve another.

import { tuplehash256 } from "@noble/hashes/sha3-addons.js"
import { intToBytes, utf8 } from "./encoding.ts"

export const DIGEST_BYTES = 32

/** What a hash is for: PROTOCOL §1, and KEY-CEREMONY.md for the last two. */
export type Purpose =
  | "base"
  | "membership"
  | "ballot-randomness"
  | "ballot-seed"
  | "body"
  | "sign"
  | "promise"
  | "fingerprint"
  | "freeze"
  | "alias"
  | "nth-root-challenge"
  | "square-root-challenge"

/** H_purpose(items) = TupleHash256 under the customization string `psephos/v1/<purpose>`. */
export function tupleHash(purpose: Purpose, items: Uint8Array[], lengthBytes = DIGEST_BYTES): Uint8Array {
  return tuplehash256(items, { dkLen: lengthBytes, personalization: utf8(`psephos/v1/${purpose}`) })
}

/** A count or index inside a hash: 4 bytes, big-endian. */
export function u32(value: number): Uint8Array {
  return intToBytes(BigInt(value), 4)
}

/** A sequence number, size or index inside a hash: 8 bytes, big-endian. */
export function u64(value: number): Uint8Array {
  return intToBytes(BigInt(value), 8)
}
