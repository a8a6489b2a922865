// The making of a ballot: a function of answers, credential, sequence and seed, so that a test can repeat it.
// PROTOCOL §4 to §7.

import { type BallotSeed, blinding, drawFor } from "../crypto/ballotSeed.ts"
import { encodeBase64url, encodeInt } from "../crypto/encoding.ts"
import { encrypt, multiply } from "../crypto/encryption.ts"
import type { PreparedKey } from "../crypto/key.ts"
import { blindingBits, maskBits, n2Bytes, nBytes } from "../crypto/keySize.ts"
import { type MembershipProof, proveMembership } from "../crypto/membership.ts"
import { encodeCanonical, type JsonObject } from "./canonicalJson.ts"
import { AnswerInvalid } from "./errors.ts"
import { branchCount, plaintexts, type QuestionLayout, statements } from "./layout.ts"
import { bodyDigest } from "./leaf.ts"
import { fingerprintText, type Terms } from "./terms.ts"

/** For each question one integer for each slot (PROTOCOL §6). */
export type Answers = readonly (readonly number[])[]

/** Whose ballot, and which one: sequence is 1 for the first. credential: public key, 32 bytes. */
export type BallotOwner = { readonly credential: Uint8Array; readonly sequence: number }

/** A sealed ballot. body: canonical text. tracker: its digest. */
export type SealedBallot = { readonly body: string; readonly tracker: Uint8Array }

/** Encrypt and prove.
 * @param seed - used for this ballot only
 * @param onProgress - part done, 0 < part ≤ 1
 * @throws AnswerInvalid for values that a question does not allow */
export function sealBallot(
  terms: Terms,
  key: PreparedKey,
  answers: Answers,
  owner: BallotOwner,
  seed: BallotSeed,
  onProgress?: (part: number) => void,
): SealedBallot {
  if (answers.length !== terms.layouts.length) throw new AnswerInvalid("A ballot answers every question.")
  const total = terms.layouts.reduce((sum, layout) => sum + branchCount(layout), 0)
  let done = 0
  const step = (branches: number): void => onProgress?.((done += branches) / total)
  const body = encodeCanonical({
    answers: terms.layouts.map((layout, i) => sealAnswer({ terms, key, owner, seed, step }, layout, answers[i]!)),
    credential: encodeBase64url(owner.credential),
    election: terms.manifest.election,
    fingerprint: fingerprintText(terms),
    format: "psephos/ballot/v1",
    sequence: owner.sequence,
  })
  return { body, tracker: bodyDigest("ballot", body) }
}

type Sealing = {
  readonly terms: Terms
  readonly key: PreparedKey
  readonly owner: BallotOwner
  readonly seed: BallotSeed
  readonly step: (branches: number) => void
}

function sealAnswer(sealing: Sealing, layout: QuestionLayout, values: readonly number[]): JsonObject {
  const { terms, key, owner, seed, step } = sealing
  const question = layout.question.id
  const encrypted = plaintexts(layout, values).map((v, i) => {
    const r = blinding(seed, question, layout.parts[i]!.label, blindingBits(key.size))
    return { v, r, c: encrypt(key, v, r) }
  })
  const proofs = statements(layout).map(({ label: part, members, parts }) => {
    const multiplied = parts.map((i) => encrypted[i]!)
    const v = multiplied.reduce((all, each) => all + each.v, 0n)
    const r = multiplied.reduce((all, each) => all + each.r, 0n)
    const c = multiply(key, multiplied.map((each) => each.c))
    const context = { fingerprint: terms.fingerprint, question, part, ...owner }
    const proof = proveMembership(
      key,
      { ciphertext: c, members, context },
      {
        position: members.indexOf(v),
        r,
        maskBits: maskBits(key.size, parts.length),
        draw: drawFor(seed, question, part),
      },
    )
    step(members.length)
    return encodeProof(key, proof)
  })
  return { ciphertexts: encrypted.map(({ c }) => encodeInt(c, n2Bytes(key.size))), proofs, question }
}

function encodeProof(key: PreparedKey, proof: MembershipProof): JsonObject {
  return {
    a: proof.a.map((a) => encodeInt(a, n2Bytes(key.size))),
    e: proof.e.map((e) => encodeInt(e, 32)),
    z: proof.z.map((z) => encodeInt(z, nBytes(key.size))),
  }
}
