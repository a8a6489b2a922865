import assert from "node:assert/strict"
import { test } from "node:test"
import { asBallotSeed } from "../src/crypto/ballotSeed.ts"
import { alias, displayCode } from "../src/crypto/displayCode.ts"
import { utf8 } from "../src/crypto/encoding.ts"
import { deriveKey, prepareKey } from "../src/crypto/key.ts"
import { keySize } from "../src/crypto/keySize.ts"
import { signingKey } from "../src/crypto/signature.ts"
import { sealBallot } from "../src/protocol/ballot.ts"
import { castRequest } from "../src/protocol/cast.ts"
import { Api } from "../src/ui/api.ts"
import { checkBallots, proofFile } from "../src/ui/ballotCheck.ts"
import { KnownHeads, type Shelf } from "../src/ui/heads.ts"
import { FakeServer } from "./fakeServer.ts"

const VOTER = signingKey(utf8("v".repeat(32)))
const { terms } = new FakeServer()
const key = prepareKey(deriveKey(terms.key.n, terms.manifest.election, keySize(2048)))
const ballots = [1, 2].map((sequence) => {
  const owner = { credential: VOTER.publicKey, sequence }
  return sealBallot(terms, key, [[0, 0, 1, 0], [1, 0, 1], [5, 0, 3]], owner, asBallotSeed(new Uint8Array(32).fill(sequence)))
})

class MemoryShelf implements Shelf {
  readonly #items = new Map<string, string>()
  getItem(name: string): string | null {
    return this.#items.get(name) ?? null
  }
  setItem(name: string, value: string): void {
    this.#items.set(name, value)
  }
}

function board(): { server: FakeServer; api: Api } {
  const server = new FakeServer()
  for (const ballot of ballots) server.accept(castRequest(ballot, VOTER))
  return { server, api: new Api("/api", server.fetch) }
}

const check = async (api: Api, code: string, heads = new KnownHeads(null, terms.manifest)) =>
  checkBallots(api, terms, code, await api.find(code), heads, null)

/** The code of the error that a check ends with. */
async function failure(run: Promise<unknown>): Promise<string> {
  const error = await run.then(() => null, (reason: unknown) => reason)
  assert.notEqual(error, null)
  return (error as { code: string }).code
}

test("every ballot of the credential, which counts, and which was entered", async () => {
  const { api } = board()
  const code = displayCode(ballots[0]!.tracker)
  const found = await check(api, code)
  assert.equal(found.voter, alias(VOTER.publicKey))
  assert.deepEqual(
    found.ballots.map(({ code, standing, entered }) => [code, standing, entered]),
    [
      [code, "replaced", true],
      [displayCode(ballots[1]!.tracker), "counts", false],
    ],
  )
  assert.deepEqual(JSON.parse(proofFile(found)).entries.length, 2)
  const byAlias = await check(api, alias(VOTER.publicKey))
  assert.deepEqual(byAlias.ballots.map(({ entered }) => entered), [false, false])
})

test("an answer about somebody else is refused", async () => {
  const { api } = board()
  const found = await api.find(displayCode(ballots[0]!.tracker))
  const heads = new KnownHeads(null, terms.manifest)
  const other = displayCode(ballots[1]!.tracker)
  assert.equal(await failure(checkBallots(api, terms, other, found, heads, null)), "evidence-differs")
  const hidden = { ...found, found_index: null }
  assert.equal(await failure(checkBallots(api, terms, other, hidden, heads, null)), "evidence-differs")
})

test("a ballot that the board does not hold, or that another key signed, is refused", async () => {
  const { server, api } = board()
  const code = displayCode(ballots[0]!.tracker)
  const found = await api.find(code)
  const heads = new KnownHeads(null, terms.manifest)
  const invented = found.ballots.map((ballot) => ({ ...ballot, index: 0 }))
  assert.equal(await failure(checkBallots(api, terms, code, { ...found, ballots: invented }, heads, null)), "evidence-differs")
  const stolen = { ...found, key: signingKey(utf8("t".repeat(32))).publicKey }
  assert.equal(await failure(checkBallots(api, terms, code, stolen, heads, null)), "signature-failed")
  server.leaves[server.leaves.length - 1] = server.leaves[0]!
  assert.equal(await failure(checkBallots(api, terms, code, found, heads, null)), "evidence-differs")
})

test("a later visit shows that the log only grew, and finds a log that did not", async () => {
  const { server, api } = board()
  const heads = new KnownHeads(new MemoryShelf(), terms.manifest)
  const code = displayCode(ballots[0]!.tracker)
  assert.deepEqual((await check(api, code, heads)).continued, [])
  assert.equal(heads.newest?.head.size, 6n)
  server.leaves.push(server.leaves[0]!)
  assert.deepEqual((await check(api, code, heads)).continued, [6n])
  assert.equal(heads.newest?.head.size, 7n)
  // The past rewritten, everything signed anew.
  server.leaves[0] = server.leaves[1]!
  assert.equal(await failure(check(api, code, heads)), "consistency-failed")
  server.leaves.push(server.leaves[0]!)
  assert.equal(await failure(check(api, code, heads)), "consistency-failed")
  assert.equal(heads.newest?.head.size, 7n)
})

test("what lies on the shelf is believed only with the log's signature", () => {
  const kept = (note: string): bigint | undefined => {
    const shelf = new MemoryShelf()
    shelf.setItem(`psephos/${terms.manifest.election}/head`, note)
    return new KnownHeads(shelf, terms.manifest).newest?.head.size
  }
  assert.equal(kept(new FakeServer().note(4, VOTER)), undefined)
  assert.equal(kept("nonsense"), undefined)
  assert.equal(kept(new FakeServer().note(4)), 4n)
})

const SUCCESSOR = signingKey(utf8("w".repeat(32))).publicKey

test("a replaced code's ballots do not count, and the registrar's signature says why", async () => {
  const { server, api } = board()
  server.revoke(VOTER.publicKey, SUCCESSOR)
  const found = await check(api, displayCode(ballots[0]!.tracker))
  assert.deepEqual(found.ballots.map(({ standing }) => standing), ["revoked", "revoked"])
  assert.equal(found.revoked?.successor, alias(SUCCESSOR))
  assert.equal(found.revoked?.reason, "Thư bị mất.")
  assert.deepEqual(JSON.parse(proofFile(found)).entries.length, 3)
})

test("a server cannot revoke a code by its own word", async () => {
  const code = displayCode(ballots[0]!.tracker)
  const forged = board()
  forged.server.revoke(VOTER.publicKey, SUCCESSOR, VOTER)
  assert.equal(await failure(check(forged.api, code)), "signature-failed")
  const ofAnother = board()
  ofAnother.server.revoke(SUCCESSOR, VOTER.publicKey)
  assert.equal(await failure(check(ofAnother.api, code)), "evidence-differs")
  const elsewhere = board()
  elsewhere.server.revoke(VOTER.publicKey, SUCCESSOR)
  elsewhere.server.revocation = { ...elsewhere.server.revocation!, index: 4 }
  assert.notEqual(await failure(check(elsewhere.api, code)), "")
  const exchanged = board()
  exchanged.server.revoke(VOTER.publicKey, SUCCESSOR)
  exchanged.server.revocation = { ...exchanged.server.revocation!, successor: Buffer.from(VOTER.publicKey).toString("base64url") }
  assert.equal(await failure(check(exchanged.api, code)), "evidence-differs")
})
