import assert from "node:assert/strict"
import { test } from "node:test"
import { EntryGiving, EntryWaiting, isEntryCode, newTabName } from "../src/ui/entryChannel.ts"

const ELECTION = "00112233445566778899aabbccddeeff"
const CODE = "A".repeat(43)

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60))

test("the code comes to the booth that opened the tab, once, and the tab hears of it", async () => {
  const [mine, other] = [newTabName(), newTabName()]
  const got: string[] = []
  let taken = 0
  const waiting = new EntryWaiting(ELECTION, mine, (code) => got.push(code) > 0)
  const neighbour = new EntryWaiting(ELECTION, other, () => assert.fail("another booth got the code"))
  const elsewhere = new EntryWaiting("f".repeat(32), mine, () => assert.fail("another vote got the code"))
  const giving = new EntryGiving(ELECTION, mine, CODE, () => (taken += 1))
  await settled()
  assert.deepEqual([got, taken], [[CODE], 1])
  for (const each of [waiting, neighbour, elsewhere, giving]) each.close()
})

test("a booth that begins to wait later asks for it; one that does not want it leaves it", async () => {
  const tab = newTabName()
  let taken = 0
  const giving = new EntryGiving(ELECTION, tab, CODE, () => (taken += 1))
  await settled()
  let wanted = false
  let offers = 0
  const waiting = new EntryWaiting(ELECTION, tab, () => {
    offers += 1
    return wanted
  })
  waiting.ask()
  await settled()
  assert.deepEqual([offers, taken], [1, 0])
  wanted = true
  waiting.ask()
  await settled()
  assert.deepEqual([offers, taken], [2, 1])
  giving.close()
  waiting.close()
})

test("what is no entry code is not passed on", async () => {
  const tab = newTabName()
  const waiting = new EntryWaiting(ELECTION, tab, () => assert.fail("passed on"))
  const channel = new BroadcastChannel("psephos-entry")
  for (const code of ["", "A".repeat(42), `${"A".repeat(42)}B`, "<script>", 7, null]) {
    channel.postMessage({ kind: "code", election: ELECTION, tab, code })
  }
  for (const data of [null, "code", { kind: "code" }]) channel.postMessage(data)
  await settled()
  channel.close()
  waiting.close()
})

test("entry codes are 32 bytes as base64url, in one spelling", () => {
  assert.ok(isEntryCode(CODE))
  assert.ok(!isEntryCode(`${"A".repeat(42)}B`)) // bits beyond the 32 bytes
  for (const text of ["", "A".repeat(44), ` ${CODE}`]) assert.ok(!isEntryCode(text))
})
