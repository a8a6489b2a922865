// The second device's work: seal the opened answers again with the opened random number, and compare the tracker.

import { deriveKey, prepareKey } from "../crypto/key.ts"
import { keySize } from "../crypto/keySize.ts"
import { PsephosError } from "../errors.ts"
import { decodeChallenge, recomputeChallenge } from "../protocol/challenge.ts"
import { MalformedRecord } from "../protocol/errors.ts"
import { decodeTerms, verifyKey } from "../protocol/terms.ts"

/** To the worker. terms: the server's answer as it came. body: of the challenge, canonical text. */
export type RecheckRequest = { readonly terms: string; readonly election: string; readonly body: string }

/** From the worker: the ballot is what was opened, or why not. */
export type RecheckAnswer = { readonly code: null } | { readonly code: string; readonly message: string }

/** Cost: the tables of the key and one encryption of a whole ballot. @param data - a message as it arrived */
export function recheck(data: unknown): RecheckAnswer {
  try {
    const { terms: text, election, body } = decodeRequest(data)
    const terms = decodeTerms(text, election)
    verifyKey(terms)
    const { manifest } = terms
    const key = prepareKey(deriveKey(terms.key.n, manifest.election, keySize(manifest.bits)), () => undefined)
    recomputeChallenge(terms, key, decodeChallenge(body))
    return { code: null }
  } catch (error) {
    const code = error instanceof PsephosError ? error.code : "fault"
    return { code, message: error instanceof Error ? error.message : String(error) }
  }
}

/** @throws MalformedRecord */
export function decodeRecheckAnswer(data: unknown): RecheckAnswer {
  const { code, message } = fieldsOf(data)
  if (code === null) return { code }
  if (typeof code === "string" && typeof message === "string") return { code, message }
  throw new MalformedRecord("Not an answer that the worker gives.")
}

function decodeRequest(data: unknown): RecheckRequest {
  const { terms, election, body } = fieldsOf(data)
  if (typeof terms === "string" && typeof election === "string" && typeof body === "string") {
    return { terms, election, body }
  }
  throw new MalformedRecord("Not a request that the worker knows.")
}

function fieldsOf(data: unknown): Partial<Record<"terms" | "election" | "body" | "code" | "message", unknown>> {
  if (typeof data !== "object" || data === null) throw new MalformedRecord("A message is an object.")
  return data
}
