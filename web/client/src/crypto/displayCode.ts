// Digests as people compare them: 125 bits in 5 groups of 5 symbols. Files and QR codes carry all 256 bits.

import { grouped, normalise, symbolsOf } from "./crockford.ts"
import { bytesToInt } from "./encoding.ts"
import { OutOfRange } from "./errors.ts"
import { tupleHash } from "./transcript.ts"

export const DISPLAY_SYMBOLS = 25

/** The first 125 bits of `digest` as XXXXX-XXXXX-XXXXX-XXXXX-XXXXX. @throws OutOfRange under 16 bytes */
export function displayCode(digest: Uint8Array): string {
  if (digest.length < 16) throw new OutOfRange("A display code needs a digest of at least 16 bytes.")
  return grouped(symbolsOf(bytesToInt(digest.slice(0, 16)) >> 3n, DISPLAY_SYMBOLS), 5)
}

/** The display code that a person typed, spelt as `displayCode` writes it. @throws as `crockford.normalise` */
export function parseDisplayCode(text: string): string {
  return grouped(normalise(text, DISPLAY_SYMBOLS), 5)
}

/** The name under which letter, receipt and board show a credential. publicKey: 32 bytes. */
export function alias(publicKey: Uint8Array): string {
  return displayCode(tupleHash("alias", [publicKey]))
}
