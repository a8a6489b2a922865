import assert from "node:assert/strict"
import { test } from "node:test"
import { asBallotSeed } from "../src/crypto/ballotSeed.ts"
import { encodeBase64url, utf8 } from "../src/crypto/encoding.ts"
import { deriveKey, prepareKey } from "../src/crypto/key.ts"
import { keySize } from "../src/crypto/keySize.ts"
import { signingKey } from "../src/crypto/signature.ts"
import { sealBallot } from "../src/protocol/ballot.ts"
import { castRequest } from "../src/protocol/cast.ts"
import { makeReceipt, verifyReceipt } from "../src/protocol/receipt.ts"
import { Api } from "../src/ui/api.ts"
import { Casting, type CastState, type Outcome } from "../src/ui/casting.ts"
import { FakeServer, type Fault } from "./fakeServer.ts"

const VOTER = signingKey(utf8("a voter who tries everything....".slice(0, 32)))
const ANSWERS = [[0, 0, 1, 0], [1, 0, 1], [5, 0, 3]]
const terms = new FakeServer().terms
const key = prepareKey(deriveKey(terms.key.n, terms.manifest.election, keySize(2048)))
const [first, second] = [1, 2].map((n) => {
  const owner = { credential: VOTER.publicKey, sequence: 1 }
  return sealBallot(terms, key, ANSWERS, owner, asBallotSeed(new Uint8Array(32).fill(n)))
})

/** One casting of the first ballot. onState: may call `sendAgain` of the casting it is given. */
async function cast(
  server: FakeServer,
  faults: Fault[] = [],
  onState: (state: CastState, casting: Casting) => void = () => undefined,
  entry: string | null = null,
): Promise<{ outcome: Outcome; states: string[]; casting: Casting }> {
  server.faults = faults
  const states: string[] = []
  let now = 0
  const clock = {
    now: () => now,
    wait: async (milliseconds: number) => {
      now += milliseconds
      // A timer is no microtask: whoever pressed a button in between is heard first.
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  const ballot = first!
  const job = { terms, ballot, request: castRequest(ballot, VOTER), credential: VOTER.publicKey, sequence: 1, entry }
  const casting: Casting = new Casting(job, new Api("/api", server.fetch), clock, (state) => {
    states.push(state.kind)
    onState(state, casting)
  })
  return { outcome: await casting.run(), states, casting }
}

const posts = (server: FakeServer): number => server.requests.filter((request) => request === "POST /ballots").length

test("in: promise, leaf and inclusion are checked, and the receipt is good", async () => {
  const server = new FakeServer()
  const { outcome, states } = await cast(server)
  assert.equal(outcome.kind, "in")
  assert.deepEqual(states, ["sending", "waiting", "checking"])
  if (outcome.kind !== "in" || outcome.promise === null) return assert.fail()
  const receipt = verifyReceipt(terms, makeReceipt(terms, first!, outcome.entry, outcome.promise))
  assert.deepEqual(receipt.tracker, first!.tracker)
})

test("refused: the server says why, and nothing is on the board", async () => {
  const server = new FakeServer()
  const { outcome, states } = await cast(server, ["refuse"])
  assert.deepEqual(outcome, { kind: "refused", code: "membership-failed", detail: "Because of membership-failed." })
  assert.deepEqual(states, ["sending"])
  assert.equal(server.casts.length, 0)
})

for (const fault of ["lose-answer", "crash", "lose-request"] as const) {
  test(`unknown after ${fault}: looks by itself, and never says what it does not know`, async () => {
    const server = new FakeServer()
    let looks = 0
    server.between = (path) => {
      // The lost request arrives late, after the third look.
      if (path.startsWith("/credentials") && ++looks === 3 && server.casts.length === 0) {
        server.accept(castRequest(first!, VOTER))
      }
    }
    const { outcome, states, casting } = await cast(server, [fault])
    assert.equal(outcome.kind, "in")
    assert.deepEqual(states.slice(0, 2), ["sending", "unknown"])
    assert.equal(posts(server), 1)
    assert.match(casting.evidence(), /^\{"format":"psephos\/evidence\/v1","promise":null,"request":\{"ballot"/)
    if (outcome.kind === "in") assert.equal(outcome.promise, null)
  })
}

test("send again: the very same bytes, and already there is found there", async () => {
  const server = new FakeServer()
  let pressed = false
  const { outcome } = await cast(server, ["lose-answer"], (state, casting) => {
    if (state.kind !== "unknown" || pressed) return
    pressed = true
    queueMicrotask(() => casting.sendAgain())
  })
  assert.equal(outcome.kind, "in")
  assert.equal(posts(server), 2)
  assert.equal(server.casts.length, 1)
})

test("another ballot of the same code took the place: refused, whoever cast it", async () => {
  const server = new FakeServer()
  server.accept(castRequest(second!, VOTER))
  const { outcome } = await cast(server)
  assert.ok(outcome.kind === "refused" && outcome.code === "wrong-sequence")

  const later = new FakeServer()
  later.between = (path) => {
    if (path === "/ballots") later.accept(castRequest(second!, VOTER))
  }
  const after = await cast(later, ["lose-request"])
  assert.ok(after.outcome.kind === "refused" && after.outcome.code === "wrong-sequence")
})

test("the polls closed while the answer was lost: refused if it is not there, in if it is", async () => {
  const without = new FakeServer()
  without.between = () => {
    without.state = "closed"
  }
  const refused = await cast(without, ["lose-request"])
  assert.ok(refused.outcome.kind === "refused" && refused.outcome.code === "closed")

  const within = new FakeServer()
  within.between = () => {
    within.state = "closed"
  }
  assert.equal((await cast(within, ["lose-answer"])).outcome.kind, "in")
})

test("the entry is not there at once: waits for it", async () => {
  const server = new FakeServer()
  server.between = (path) => {
    if (path === "/ballots") server.faults = ["no-entry", "lose-request", "no-entry"]
  }
  const { outcome, states } = await cast(server)
  assert.equal(outcome.kind, "in")
  assert.deepEqual(states, ["sending", "waiting", "checking"])
})

test("a promised place that stays empty is not known, and the promise is kept as evidence", async () => {
  const server = new FakeServer()
  server.between = (path) => {
    if (path === "/ballots") server.faults = Array<Fault>(70).fill("no-entry")
  }
  let evidence = ""
  const { outcome, states } = await cast(server, [], (state, casting) => {
    if (state.kind === "unknown") evidence ||= casting.evidence()
  })
  assert.deepEqual(states.slice(0, 3), ["sending", "waiting", "unknown"])
  assert.match(evidence, /"promise":\{"deadline"/)
  assert.equal(outcome.kind, "in")
})

for (const fault of ["bad-promise", "other-leaf"] as const) {
  test(`${fault}: said to be contradicted, kept as evidence, and looked for`, async () => {
    const server = new FakeServer()
    if (fault === "other-leaf") {
      server.between = (path) => {
        if (path === "/ballots") server.faults = ["other-leaf"]
      }
    }
    const seen: CastState[] = []
    let shown: unknown = null
    const { outcome } = await cast(server, fault === "bad-promise" ? [fault] : [], (state, casting) => {
      seen.push(state)
      if (state.kind === "unknown") shown = JSON.parse(casting.evidence()).shown
    })
    const unknown = seen.find((state) => state.kind === "unknown")
    assert.ok(unknown?.kind === "unknown" && unknown.contradicted)
    assert.ok(typeof shown === "string")
    // The board proves the ballot in the end; a promise that does not hold is no part of a receipt.
    assert.ok(outcome.kind === "in" && (outcome.promise === null) === (fault === "bad-promise"))
  })
}

test("a signature for casting is made by the credential, and only for this body", () => {
  const request = castRequest(first!, VOTER)
  assert.ok(request.includes(`"credential":"${encodeBase64url(VOTER.publicKey)}"`))
  assert.notEqual(request.slice(-90), castRequest(second!, VOTER).slice(-90))
})

test("an entry code goes with the ballot, and nowhere else", async () => {
  const server = new FakeServer()
  server.permits = new Set(["good"])
  const sent: (string | null)[] = []
  const fetcher = server.fetch
  const seeing = Object.assign(server, {
    fetch: (url: string, options: RequestInit) => {
      sent.push(new Headers(options.headers).get("Psephos-Permit"))
      return fetcher(url, options)
    },
  })
  const { outcome } = await cast(seeing, [], undefined, "good")
  assert.equal(outcome.kind, "in")
  assert.deepEqual(sent, ["good", ...sent.slice(1).map(() => null)])
  assert.equal(server.permits.size, 0)
})

test("an entry code that has run out: refused, after the board was asked", async () => {
  const server = new FakeServer()
  server.permits = new Set()
  const { outcome } = await cast(server, [], undefined, "old")
  assert.ok(outcome.kind === "refused" && outcome.code === "permit-expired")
  assert.ok(server.requests.at(-1)?.startsWith("GET /credentials/"))
})

test("the answer was lost and the code used: the ballot that used it is found, not refused", async () => {
  const server = new FakeServer()
  server.permits = new Set(["good"])
  const request = castRequest(first!, VOTER)
  // As when the first request commits between two reads of the second: the door sees the code gone, not yet the ballot.
  server.between = (path) => {
    if (path === "/ballots" && server.casts.length === 0) server.accept(request)
  }
  server.permits.clear()
  const { outcome } = await cast(server, [], undefined, "good")
  assert.equal(outcome.kind, "in")
})

test("no room: refused at the first sending; at a later one nobody knows what the first one does", async () => {
  const full = await cast(new FakeServer(), ["full"])
  assert.ok(full.outcome.kind === "refused" && full.outcome.code === "storage-full")
  const server = new FakeServer()
  let pressed = false
  const { outcome, states } = await cast(server, ["lose-request", "full"], (state, casting) => {
    if (state.kind !== "unknown" || pressed) return
    pressed = true
    queueMicrotask(() => casting.sendAgain())
    // The first request arrives after all.
    server.between = (path) => {
      if (path.startsWith("/credentials") && server.casts.length === 0) server.accept(castRequest(first!, VOTER))
    }
  })
  assert.equal(outcome.kind, "in")
  assert.ok(states.filter((state) => state === "unknown").length >= 2)
})
