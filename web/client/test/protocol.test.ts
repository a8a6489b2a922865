import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesToHex } from "@noble/hashes/utils.js"
import { asBallotSeed } from "../src/crypto/ballotSeed.ts"
import { displayCode } from "../src/crypto/displayCode.ts"
import { deriveKey, type PreparedKey, prepareKey } from "../src/crypto/key.ts"
import { keySize } from "../src/crypto/keySize.ts"
import { bodyMessage, signingKey } from "../src/crypto/signature.ts"
import { sealBallot } from "../src/protocol/ballot.ts"
import { countWitnesses, verifyContinuation, verifyEntry, verifyHead } from "../src/protocol/board.ts"
import { encodeCanonical, type JsonObject, parseCanonical } from "../src/protocol/canonicalJson.ts"
import { castRequest } from "../src/protocol/cast.ts"
import { decodeChallenge, recomputeChallenge, revealRequest } from "../src/protocol/challenge.ts"
import { plaintexts } from "../src/protocol/layout.ts"
import { verifyLeafSignature } from "../src/protocol/leaf.ts"
import { makeReceipt, verifyReceipt } from "../src/protocol/receipt.ts"
import { decodeTerms, type Terms, verifyFreeze, verifyKey } from "../src/protocol/terms.ts"
import { hex, type Json, readVectors, refuses, runCases } from "./vectors.ts"

const vectors = readVectors("protocol")
const SMALL = "00112233445566778899aabbccddeeff"
const terms: { [name: string]: Terms } = {
  small: decodeTerms(vectors.terms.small, SMALL),
  wide: decodeTerms(vectors.terms.wide, "f".repeat(32)),
  ranked: decodeTerms(vectors.terms.ranked, "a".repeat(32)),
  eight: decodeTerms(vectors.terms.eight, "8".repeat(32)),
}
const small = terms["small"]!
const keys = new Map<string, PreparedKey>()

/** Tables, made at the first use. */
function keyOf(election: string): PreparedKey {
  const { manifest, key } = terms[election]!
  const made = keys.get(election) ?? prepareKey(deriveKey(key.n, manifest.election, keySize(manifest.bits)))
  keys.set(election, made)
  return made
}

/** The good text with its passages replaced; a passage that is not there would test nothing. */
function altered(good: string, one: Json): string {
  return one.replace.reduce((textSoFar: string, [old, next]: [string, string]) => {
    assert.ok(textSoFar.includes(old), `${one.id}: nothing to replace`)
    return textSoFar.replaceAll(old, next)
  }, good)
}

test("canonical JSON is read and written alike", () => {
  for (const text of vectors.canonical) assert.equal(encodeCanonical(parseCanonical(text)), text)
  for (const text of vectors.not_canonical) refuses("malformed-record", () => parseCanonical(text))
})

test("good terms: fingerprint, freeze and key", () => {
  for (const [name, each] of Object.entries(terms)) {
    assert.equal(bytesToHex(each.fingerprint), vectors.fingerprints[name])
    verifyFreeze(each)
    verifyKey(each)
  }
  refuses("terms-mismatch", () => decodeTerms(vectors.terms.small, "1".repeat(32)))
  const swapped = { ...small, signatures: [small.signatures[1]!, small.signatures[0]!, small.signatures[2]!] }
  refuses("terms-mismatch", () => verifyFreeze(swapped))
})
runCases("terms", vectors.terms_refused, (one) => {
  const of = one.of ?? "small"
  return decodeTerms(altered(vectors.terms[of], one), terms[of]!.manifest.election)
})

runCases("ballot, byte for byte", vectors.ballots, (one) => {
  const owner = { credential: hex(one.credential), sequence: one.sequence }
  const parts: number[] = []
  const key = keyOf(one.election)
  const seed = asBallotSeed(hex(one.seed))
  const ballot = sealBallot(terms[one.election]!, key, one.answers, owner, seed, (part) => parts.push(part))
  assert.equal(ballot.body.length, one.length_bytes)
  assert.equal(bytesToHex(ballot.tracker), one.tracker)
  assert.equal(parts.at(-1), 1)
})
runCases("answers", vectors.answers_refused, (one) => {
  const owner = { credential: new Uint8Array(32), sequence: 1 }
  for (const values of one.answers) assert.ok(Array.isArray(values))
  // The layout refuses before anything is encrypted; a missing question is the ballot's to see.
  const { layouts } = terms[one.election]!
  if (one.answers.length === layouts.length) layouts.forEach((layout, i) => plaintexts(layout, one.answers[i]))
  sealBallot(terms[one.election]!, keyOf(one.election), one.answers, owner, asBallotSeed(new Uint8Array(32)))
})

test("challenge and cast request, byte for byte", () => {
  const given = vectors.challenge
  const voter = signingKey(hex(given.voter_seed))
  const seed = asBallotSeed(hex(given.seed))
  const owner = { credential: voter.publicKey, sequence: given.sequence }
  const ballot = sealBallot(small, keyOf("small"), given.answers, owner, seed)
  const opened = { answers: given.answers, seed, sequence: given.sequence }
  assert.equal(revealRequest(small, ballot, opened, voter), given.request)
  assert.equal(
    castRequest(ballot, voter),
    `{"ballot":${ballot.body},"format":"psephos/cast/v1","signature":"${given.cast_signature}"}`,
  )
  assert.equal(bytesToHex(bodyMessage("ballot", new Uint8Array(32))), vectors.ballot_message)
  assert.deepEqual(recomputeChallenge(small, keyOf("small"), decodeChallenge(given.body)), ballot)
})

test("a challenge that does not give its tracker is refused", () => {
  const good = decodeChallenge(vectors.challenge.body)
  const recompute = (changed: Partial<typeof good>) => () =>
    recomputeChallenge(small, keyOf("small"), { ...good, ...changed })
  const answers = [{ question: "q1", values: [1, 0, 0, 0] }, ...good.answers.slice(1)]
  refuses("challenge-differs", recompute({ answers }))
  refuses("challenge-differs", recompute({ sequence: good.sequence + 1 }))
  refuses("challenge-differs", recompute({ seed: good.seed.map((byte) => byte ^ 1) }))
  refuses("terms-mismatch", recompute({ election: "1".repeat(32) }))
  refuses("terms-mismatch", recompute({ answers: good.answers.slice(1) }))
  refuses("malformed-record", () => decodeChallenge(`${vectors.challenge.body} `))
})

runCases("entry", vectors.entries, (one) => {
  const entry = verifyEntry(small.manifest, one.answer, one.index)
  assert.equal(countWitnesses(small.manifest, entry.note), 1)
})
runCases("consistency", vectors.consistency, (one) => {
  const older = verifyHead(small.manifest, one.old_checkpoint)
  const newer = verifyHead(small.manifest, one.new_checkpoint)
  verifyContinuation(one.answer, older, newer)
  const { size, root } = older
  refuses("consistency-failed", () =>
    verifyContinuation(one.answer, { ...older, root: root.map((byte) => byte ^ 1) }, newer),
  )
  refuses("evidence-differs", () => verifyContinuation(one.answer, { ...older, size: size + 1n }, newer))
})

test("a witness that did not sign this head is not counted", () => {
  const { answer, index } = vectors.entries[0]
  const { note } = verifyEntry(small.manifest, answer, index)
  const other = { ...small.manifest, witnesses: [{ ...small.manifest.witnesses[0]!, name: "someone.else" }] }
  assert.equal(countWitnesses(other, note), 0)
  assert.equal(countWitnesses({ ...small.manifest, witnesses: [] }, note), 0)
})

test("a good receipt, and the same one made here", () => {
  const receipt = verifyReceipt(small, vectors.receipt)
  const { index } = receipt.promise
  assert.equal(receipt.sequence, 1)
  const entry = verifyEntry(small.manifest, vectors.entries[0].answer, index)
  verifyLeafSignature(entry.leaf, receipt.credential)
  const wire = parseCanonical(vectors.receipt) as JsonObject
  const ballot = { body: encodeCanonical(wire["ballot"]!), tracker: receipt.tracker }
  assert.equal(makeReceipt(small, ballot, entry, wire["promise"] as JsonObject), vectors.receipt)
  assert.match(displayCode(receipt.tracker), /^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$/)
})
runCases("receipt", vectors.receipt_refused, (one) => verifyReceipt(small, altered(vectors.receipt, one)))
