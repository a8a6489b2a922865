import assert from "node:assert/strict"
import { test } from "node:test"
import { asBallotSeed } from "../src/crypto/ballotSeed.ts"
import { encodeBase64url, utf8 } from "../src/crypto/encoding.ts"
import { deriveKey, prepareKey } from "../src/crypto/key.ts"
import { keySize } from "../src/crypto/keySize.ts"
import { signingKey } from "../src/crypto/signature.ts"
import { sealBallot } from "../src/protocol/ballot.ts"
import { encodeCanonical, type JsonObject, parseCanonical } from "../src/protocol/canonicalJson.ts"
import { revealRequest } from "../src/protocol/challenge.ts"
import { Api } from "../src/ui/api.ts"
import { findOpened, trackerOfFragment } from "../src/ui/secondCheck.ts"
import { recheck } from "../src/worker/recheck.ts"
import { ELECTION, FakeServer } from "./fakeServer.ts"

const VOTER = signingKey(utf8("a voter who tests the device....".slice(0, 32)))
const ANSWERS = [[0, 0, 1, 0], [1, 0, 1], [5, 0, 3]]
const { terms, termsText } = new FakeServer()
const key = prepareKey(deriveKey(terms.key.n, terms.manifest.election, keySize(2048)))
const seed = asBallotSeed(new Uint8Array(32).fill(7))
const ballot = sealBallot(terms, key, ANSWERS, { credential: VOTER.publicKey, sequence: 1 }, seed)
const reveal = revealRequest(terms, ballot, { answers: ANSWERS, seed, sequence: 1 }, VOTER)

function bodyOf(request: string): JsonObject {
  return (parseCanonical(request) as { challenge: JsonObject }).challenge
}

test("the opened ballot is found, proved and sealed again to the same tracker", async () => {
  const server = new FakeServer()
  const api = new Api("/api", server.fetch)
  assert.equal(await findOpened(api, terms, ballot.tracker), null)
  server.open(reveal)
  const opened = await findOpened(api, terms, ballot.tracker)
  assert.ok(opened !== null)
  assert.deepEqual(opened.challenge.answers.map(({ values }) => values), ANSWERS)
  assert.deepEqual(recheck({ terms: termsText, election: ELECTION, body: opened.body }), { code: null })
})

test("a device that sealed something else is caught by the recomputation", () => {
  const body = { ...bodyOf(reveal) } as { answers: { question: string; values: number[] }[] } & JsonObject
  const other = body.answers.map((each, i) => (i === 0 ? { ...each, values: [1, 0, 0, 0] } : each))
  const answer = recheck({ terms: termsText, election: ELECTION, body: encodeCanonical({ ...body, answers: other }) })
  assert.equal(answer.code, "challenge-differs")
  const reseeded = encodeCanonical({ ...body, seed: encodeBase64url(new Uint8Array(32)) })
  assert.equal(recheck({ terms: termsText, election: ELECTION, body: reseeded }).code, "challenge-differs")
})

test("a server that shows another test, or one that nobody signed, is not believed", async () => {
  for (const cheat of ["other-tracker", "unsigned", "other-body"] as const) {
    const server = new FakeServer()
    server.open(reveal, cheat)
    const asked = cheat === "other-tracker" ? new Uint8Array(32).fill(1) : ballot.tracker
    if (cheat === "other-tracker") server.opened.set(encodeBase64url(asked), server.leaves.length - 1)
    await assert.rejects(findOpened(new Api("/api", server.fetch), terms, asked), cheat)
  }
})

test("what is no request or no tracker is refused", () => {
  for (const data of [null, {}, { terms: 1 }, { terms: "", election: ELECTION, body: "" }]) {
    assert.notEqual(recheck(data).code, null)
  }
  const text = encodeBase64url(ballot.tracker)
  assert.equal(trackerOfFragment(`#${text}`), text)
  for (const bad of ["", "#", `#${text}A`, `#code=${text}`, text]) assert.equal(trackerOfFragment(bad), null)
})
