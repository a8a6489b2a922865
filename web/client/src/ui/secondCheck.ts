// The test of a ballot, seen from a second device: nothing is believed but the receipt code that the voter compares.

import { encodeBase64url, equalBytes } from "../crypto/encoding.ts"
import { verifyEntry } from "../protocol/board.ts"
import { type Challenge, decodeChallenge } from "../protocol/challenge.ts"
import { EvidenceDiffers } from "../protocol/errors.ts"
import { bodyDigest, verifyLeafSignature } from "../protocol/leaf.ts"
import type { Terms } from "../protocol/terms.ts"
import { type Api, ApiProblem } from "./api.ts"

/** An opened ballot on the board, before it is recomputed. body: its canonical text. */
export type Opened = { readonly index: number; readonly challenge: Challenge; readonly body: string }

/** The ballot that was opened under this tracker, as the board proves it; null while none was.
 * @throws ApiProblem, NoAnswer, and the errors of what does not hold */
export async function findOpened(api: Api, terms: Terms, tracker: Uint8Array): Promise<Opened | null> {
  let index: number
  try {
    index = (await api.openedBallot(encodeBase64url(tracker))).index
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "challenge-not-found") return null
    throw error
  }
  const entry = verifyEntry(terms.manifest, await api.entry(index), index)
  const body = await api.body(entry.leaf.digest)
  if (entry.leaf.kind !== "challenge" || !equalBytes(entry.leaf.digest, bodyDigest("challenge", body))) {
    throw new EvidenceDiffers("The board shows something else where the test is said to stand.")
  }
  const challenge = decodeChallenge(body)
  verifyLeafSignature(entry.leaf, challenge.credential)
  if (!equalBytes(challenge.tracker, tracker)) throw new EvidenceDiffers("The test is of another ballot.")
  return { index, challenge, body }
}

/** The tracker in the address that the QR code of a test holds; null when there is none.
 * @param fragment - from the `#` on */
export function trackerOfFragment(fragment: string): string | null {
  return /^#([A-Za-z0-9_-]{43})$/.exec(fragment)?.[1] ?? null
}
