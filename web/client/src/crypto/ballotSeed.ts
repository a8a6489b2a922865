// All randomness of one ballot, expanded from 32 bytes: whoever knows the seed recomputes the ballot. A tested
// ballot publishes it instead of hundreds of numbers; the seed of a ballot that is cast is as secret as the vote.

import { bytesToInt, utf8 } from "./encoding.ts"
import { OutOfRange } from "./errors.ts"
import { tupleHash, u32 } from "./transcript.ts"

declare const brand: unique symbol

/** The 32 secret bytes behind one ballot; used for one ballot only. */
export type BallotSeed = Uint8Array & { readonly [brand]: "BallotSeed" }

export const SEED_BYTES = 32

/** H_ballot-seed(credential seed, entropy). The credential takes part so that a device with a broken generator still
 * makes seeds that others cannot guess.
 * @param entropy - 32 bytes of the operating system @throws OutOfRange */
export function deriveBallotSeed(credentialSeed: Uint8Array, entropy: Uint8Array): BallotSeed {
  if (entropy.length !== SEED_BYTES) throw new OutOfRange(`A ballot's seed is made from ${SEED_BYTES} fresh bytes.`)
  return tupleHash("ballot-seed", [credentialSeed, entropy]) as BallotSeed
}

/** A fresh seed from the credential and the system's generator. */
export function freshBallotSeed(credentialSeed: Uint8Array): BallotSeed {
  return deriveBallotSeed(credentialSeed, crypto.getRandomValues(new Uint8Array(SEED_BYTES)))
}

/** Bytes as a seed, when they come from a challenge. @throws OutOfRange */
export function asBallotSeed(bytes: Uint8Array): BallotSeed {
  if (bytes.length !== SEED_BYTES) throw new OutOfRange(`A ballot's seed has ${SEED_BYTES} bytes.`)
  return bytes as BallotSeed
}

/** value(label, i, bits): the low `bits` bits of H_ballot-randomness(seed, label, u32(i)) of ⌈bits/8⌉ bytes. */
export function seedValue(seed: BallotSeed, label: string, i: number, bits: number): bigint {
  const output = tupleHash("ballot-randomness", [seed, utf8(label), u32(i)], Math.ceil(bits / 8))
  return BigInt.asUintN(bits, bytesToInt(output))
}

/** r of the ciphertext of `part`. bits: L. */
export function blinding(seed: BallotSeed, question: string, part: string, bits: number): bigint {
  return seedValue(seed, label(question, part, "-", "r"), 0, bits)
}

/** A secret number below 2^bits for one branch of one proof. */
export type Draw = (member: number, name: "sigma" | "e", bits: number, attempt: number) => bigint

/** The source of one proof's secret numbers. */
export function drawFor(seed: BallotSeed, question: string, part: string): Draw {
  return (member, name, bits, attempt) => seedValue(seed, label(question, part, String(member), name), attempt, bits)
}

// With a slash inside a name two places of a ballot could share their randomness, and so reveal their difference.
function label(question: string, part: string, member: string, name: string): string {
  if (question.includes("/") || part.includes("/")) {
    throw new OutOfRange("The names of a question and its parts contain no slash.")
  }
  return `${question}/${part}/${member}/${name}`
}
