// Writes tests/vectors/from_client/*.json, what the client makes and Python checks: `node test/make_vectors.ts`.
// Everything comes from fixed seeds, so that the same bytes come out each time.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { bytesToHex } from "@noble/hashes/utils.js"
import { asBallotSeed, blinding, deriveBallotSeed, drawFor } from "../src/crypto/ballotSeed.ts"
import { alias, displayCode } from "../src/crypto/displayCode.ts"
import { encodeBase64url, encodeInt, utf8 } from "../src/crypto/encoding.ts"
import { encrypt, multiply } from "../src/crypto/encryption.ts"
import { deriveKey, type PreparedKey, prepareKey } from "../src/crypto/key.ts"
import { blindingBits, keySize, maskBits, n2Bytes, nBytes } from "../src/crypto/keySize.ts"
import { proveMembership } from "../src/crypto/membership.ts"
import { bodyMessage, sign, signingKey } from "../src/crypto/signature.ts"
import { credentialOf, parseVotingCode, writtenVotingCode } from "../src/crypto/votingCode.ts"
import { sealBallot } from "../src/protocol/ballot.ts"
import { encodeCanonical, type JsonValue } from "../src/protocol/canonicalJson.ts"
import { castRequest } from "../src/protocol/cast.ts"
import { revealRequest } from "../src/protocol/challenge.ts"
import { decodeTerms, type Terms } from "../src/protocol/terms.ts"
import { type Json, readVectors, VECTORS } from "./vectors.ts"

export const FOLDER = join(VECTORS, "from_client")
const ELECTION = "00112233445566778899aabbccddeeff"
const vectors = readVectors("protocol")

/** File name → exact text. */
export function made(): Map<string, string> {
  const small = decodeTerms(vectors.terms.small, ELECTION)
  const wide = decodeTerms(vectors.terms.wide, "f".repeat(32))
  const ranked = decodeTerms(vectors.terms.ranked, "a".repeat(32))
  const files: { [name: string]: Json } = {
    membership: membership(keyOf(small)),
    ballots: { cases: [...ballots("small", small), ...ballots("wide", wide), ...ballots("ranked", ranked)] },
    credentials: { cases: credentials() },
    canonical: { cases: canonical() },
  }
  return new Map(
    Object.entries(files).map(([name, content]) => {
      const file = { format: `psephos/${name}/v1`, made_by: "web/client/test/make_vectors.ts", ...content }
      return [`${name}.json`, `${JSON.stringify(file, null, 1).replace(/[^\x00-\x7e]/g, escaped)}\n`]
    }),
  )
}

function membership(key: PreparedKey): Json {
  const seed = deriveBallotSeed(utf8("a credential"), bytesFrom("entropy"))
  const context = { fingerprint: bytesFrom("print"), question: "q", credential: bytesFrom("voter"), sequence: 9 }
  const one = (id: string, part: string, members: bigint[], positions: number[]): Json => {
    const rs = positions.map((_, i) => blinding(seed, "q", `${part} ${i}`, blindingBits(key.size)))
    const values = positions.map((position) => members[position]!)
    const ciphertext = multiply(key, values.map((v, i) => encrypt(key, v, rs[i]!)))
    const sum = values.reduce((all, v) => all + v, 0n)
    const proof = proveMembership(
      key,
      { ciphertext, members, context: { ...context, part } },
      {
        position: members.indexOf(sum),
        r: rs.reduce((all, r) => all + r, 0n),
        maskBits: maskBits(key.size, positions.length),
        draw: drawFor(seed, "q", part),
      },
    )
    return {
      id,
      part,
      members: members.map((m) => encodeInt(m, nBytes(key.size))),
      positions,
      ciphertext: encodeInt(ciphertext, n2Bytes(key.size)),
      proof: {
        a: proof.a.map((a) => encodeInt(a, n2Bytes(key.size))),
        e: proof.e.map((e) => encodeInt(e, 32)),
        z: proof.z.map((z) => encodeInt(z, nBytes(key.size))),
      },
    }
  }
  return {
    election: ELECTION,
    n: encodeInt(key.n, nBytes(key.size)),
    h: encodeInt(key.h, nBytes(key.size)),
    H: encodeInt(key.H, n2Bytes(key.size)),
    seed: encodeBase64url(seed),
    context: {
      ...context,
      fingerprint: encodeBase64url(context.fingerprint),
      credential: encodeBase64url(context.credential),
    },
    cases: [
      one("only-member", "a", [5n], [0]),
      one("zero-or-one", "b", [0n, 1n], [1]),
      one("powers", "c", [1n, 2n ** 20n, 2n ** 40n, 2n ** 60n], [2]),
      one("largest-value", "d", [3n, key.n - 1n], [1]),
      one("product-of-three", "e", [0n, 1n, 2n, 3n], [1, 0, 1]),
    ],
  }
}

function ballots(election: "small" | "wide" | "ranked", terms: Terms): Json[] {
  const key = keyOf(terms)
  const slots = Array.from({ length: 45 }, (_, i) => (i === 43 ? 1 : 0))
  const given = {
    small: [[[0, 1, 0, 0], [0, 1, 1], [0, 4, 5]]],
    wide: [[slots]],
    ranked: [[[0, 1, 0, 0, 0, 1, 1, 0, 0, 0]], [[0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]],
  }
  return given[election].map((answers, i) => {
    const voter = signingKey(bytesFrom(`${election} voter ${i}`))
    const seed = asBallotSeed(bytesFrom(`${election} seed ${i}`))
    const owner = { credential: voter.publicKey, sequence: 12 + i }
    const ballot = sealBallot(terms, key, answers, owner, seed)
    const opened = { answers, seed, sequence: owner.sequence }
    return {
      id: `${election}-${i}`,
      election,
      answers,
      sequence: owner.sequence,
      seed: bytesToHex(seed),
      credential: bytesToHex(voter.publicKey),
      tracker: bytesToHex(ballot.tracker),
      receipt_code: displayCode(ballot.tracker),
      cast: castRequest(ballot, voter),
      reveal: revealRequest(terms, ballot, opened, voter),
    }
  })
}

function credentials(): Json[] {
  return ["01jq 7zk4 m8n2 p5r9 tvwx yabc dep9", "ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZGX"].map((typed) => {
    const code = parseVotingCode(typed)
    const key = credentialOf(code, ELECTION)
    const message = bodyMessage("challenge", bytesFrom("digest"))
    return {
      typed,
      written: writtenVotingCode(code),
      election: ELECTION,
      public_key: bytesToHex(key.publicKey),
      alias: alias(key.publicKey),
      digest: bytesToHex(bytesFrom("digest")),
      signature: bytesToHex(sign(key, message)),
    }
  })
}

function canonical(): Json[] {
  const controls = Array.from({ length: 0xa1 }, (_, i) => String.fromCharCode(i)).join("")
  const values: JsonValue[] = [
    controls,
    "\u2028\u2029\ufeff\uffff",
    "Lá phiếu 🗳 của bạn",
    { z: 1, a: [true, false, null, -7], "": {}, "10": 0, "9": 0, ä: 0, A: 0, 鐵: 0 },
    [Number.MAX_SAFE_INTEGER, 0, Number.MIN_SAFE_INTEGER],
  ]
  return values.map((value) => ({ value, text: encodeCanonical(value) }))
}

function keyOf(terms: Terms): PreparedKey {
  return prepareKey(deriveKey(terms.key.n, terms.manifest.election, keySize(terms.manifest.bits)))
}

/** 32 bytes that are not random. */
function bytesFrom(name: string): Uint8Array {
  return utf8(name.padEnd(32, "*").slice(0, 32))
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, text] of made()) writeFileSync(join(FOLDER, name), text)
}
