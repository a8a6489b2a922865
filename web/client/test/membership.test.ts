import assert from "node:assert/strict"
import { asBallotSeed, drawFor, seedValue } from "../src/crypto/ballotSeed.ts"
import { bytesToInt, decodeBase64url, encodeInt } from "../src/crypto/encoding.ts"
import { encrypt } from "../src/crypto/encryption.ts"
import { deriveKey, prepareKey } from "../src/crypto/key.ts"
import { keySize, n2Bytes } from "../src/crypto/keySize.ts"
import { proveMembership, type Statement, verifyMembership } from "../src/crypto/membership.ts"
import { type Json, readVectors, runCases } from "./vectors.ts"

const vectors = readVectors("membership")
const size = keySize(vectors.key.bits)
const key = prepareKey(deriveKey(int(vectors.key.n), vectors.key.election, size))
assert.equal(key.h, int(vectors.key.h))
assert.equal(key.H, int(vectors.key.H))

runCases("randomness", vectors.randomness, (one) => {
  assert.equal(seedValue(asBallotSeed(bytes(one.seed)), one.label, one.i, one.bits), int(one.value))
})
runCases("encryption", vectors.encryptions, (one) => {
  assert.equal(encodeInt(encrypt(key, int(one.value), int(one.r)), n2Bytes(size)), one.ciphertext)
})
runCases("verify", vectors.cases, (one) => verifyMembership(key, statement(one), proof(one)))

const withProver = vectors.cases.filter((one: Json) => one.prover !== undefined)
runCases("prove, byte for byte", withProver, (one) => {
  const { prover } = one
  const seed = asBallotSeed(bytes(prover.seed))
  const made = proveMembership(key, statement(one), {
    position: prover.position,
    r: int(prover.r),
    maskBits: prover.mask_bits,
    draw: drawFor(seed, one.context.question, one.context.part),
  })
  assert.deepEqual(made, proof(one))
})

function statement(one: Json): Statement {
  const { context } = one
  return {
    ciphertext: int(one.ciphertext),
    members: one.members.map(int),
    context: { ...context, fingerprint: bytes(context.fingerprint), credential: bytes(context.credential) },
  }
}

function proof(one: Json) {
  return { a: one.proof.a.map(int), e: one.proof.e.map(int), z: one.proof.z.map(int) }
}

function bytes(text: string): Uint8Array {
  return decodeBase64url(text, Math.floor((text.length * 6) / 8))
}

function int(text: string): bigint {
  return bytesToInt(bytes(text))
}
