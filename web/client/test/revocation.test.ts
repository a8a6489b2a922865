// tests/vectors/running.json: what the client reads of it, the revocations.

import assert from "node:assert/strict"
import { test } from "node:test"
import { decodeBase64url } from "../src/crypto/encoding.ts"
import { parseCanonical } from "../src/protocol/canonicalJson.ts"
import { PsephosError } from "../src/errors.ts"
import { decodeManifest } from "../src/protocol/manifest.ts"
import { fingerprintOf } from "../src/protocol/fingerprint.ts"
import { bodyDigest, decodeLeaf } from "../src/protocol/leaf.ts"
import { verifyRevocation } from "../src/protocol/revocation.ts"
import type { Terms } from "../src/protocol/terms.ts"
import { type Json, readVectors } from "./vectors.ts"

const vectors = readVectors("running")
const bodies = (["manifest", "ceremony", "roll"] as const).map((kind) => bodyDigest(kind, vectors[kind]))
const terms: Pick<Terms, "manifest" | "fingerprint"> = {
  manifest: decodeManifest(parseCanonical(vectors.manifest)),
  fingerprint: fingerprintOf(bodies[0]!, bodies[1]!, bodies[2]!),
}

/** The old key that a body names, as somebody would ask for it. */
function oldOf(body: string): Uint8Array {
  return decodeBase64url((JSON.parse(body) as { old: string }).old, 32)
}

function verify(one: Json): void {
  verifyRevocation(terms, { leaf: decodeLeaf(one.leaf) }, one.body, oldOf(one.body))
}

/** What one leaf shows of itself; the rest depends on the roll, which this device does not load. */
const OF_ITSELF: { readonly [id: string]: string } = {
  "revocation-by-the-server": "signature-failed",
  "revocation-by-a-voter": "signature-failed",
  "revocation-to-an-unsound-key": "unsound-public-key",
  "revocation-of-another-election": "evidence-differs",
  "revocation-of-other-terms": "evidence-differs",
  "revocation-without-a-reason": "malformed-record",
  "revocation-with-a-name-in-it": "malformed-record",
}

test("the registrar's revocations are read, and those that are none are refused", () => {
  const cases = (vectors.cases as Json[]).filter((one) => decodeLeaf(one.leaf).kind === "revocation")
  const named = new Set(cases.map((one) => one.id))
  for (const id of Object.keys(OF_ITSELF)) assert.ok(named.has(id), id)
  assert.ok(cases.some((one) => one.result === "valid"))
  for (const one of cases) {
    const error = OF_ITSELF[one.id]
    if (error === undefined) verify(one)
    else assert.throws(() => verify(one), (thrown) => thrown instanceof PsephosError && (thrown as { code?: string }).code === error, one.id)
  }
})

test("every new kind of leaf decodes", () => {
  const kinds = new Set((vectors.good as Json[]).map((one) => decodeLeaf(one.leaf).kind))
  assert.deepEqual([...kinds].sort(), ["conflict", "extension", "revocation"])
})

test("without a registrar nothing is revoked, and another code's revocation is not this one's", () => {
  const [good] = vectors.good as Json[]
  const { manifest, fingerprint } = terms
  const none = { manifest: { ...manifest, registrar_key: null }, fingerprint }
  const entry = { leaf: decodeLeaf(good!.leaf) }
  assert.throws(() => verifyRevocation(none, entry, good!.body, oldOf(good!.body)), { code: "evidence-differs" })
  assert.throws(() => verifyRevocation(terms, entry, good!.body, new Uint8Array(32)), { code: "evidence-differs" })
  const other = (vectors.good as Json[])[3]!
  assert.throws(() => verifyRevocation(terms, entry, other.body, oldOf(other.body)), { code: "evidence-differs" })
})
