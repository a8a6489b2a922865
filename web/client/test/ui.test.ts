import assert from "node:assert/strict"
import { test } from "node:test"
import { equalBytes, utf8 } from "../src/crypto/encoding.ts"
import { signingKey } from "../src/crypto/signature.ts"
import type { Question } from "../src/protocol/manifest.ts"
import { decodeChallenge, revealRequest } from "../src/protocol/challenge.ts"
import { encodeCanonical, type JsonObject, parseCanonical } from "../src/protocol/canonicalJson.ts"
import { describeAnswer, liveLine, type RawAnswer, readAnswer } from "../src/ui/answers.ts"
import { Api, ApiProblem, NoAnswer } from "../src/ui/api.ts"
import { checkPageData, type PageData, PageFault } from "../src/ui/pageData.ts"
import { codeOfFragment, codeOfScan, fingerprintOfScan } from "../src/ui/scan.ts"
import { Sealing, SealingFailed, type WorkerLike } from "../src/ui/sealing.ts"
import { hashOf, placeOf } from "../src/ui/steps.ts"
import { Texts } from "../src/ui/texts.ts"
import type { Request } from "../src/worker/messages.ts"
import { Sealer } from "../src/worker/sealer.ts"
import { ELECTION, FakeServer } from "./fakeServer.ts"

const { terms, termsText } = new FakeServer()
const [choice, approval, points] = terms.layouts.map(({ question }) => question) as [Question, Question, Question]
const key = (question: Question, raw: RawAnswer): string | readonly number[] => {
  const read = readAnswer(question, raw, "en")
  return read.mistake === null ? read.values : read.mistake.key
}

test("answers become one value for each slot", () => {
  assert.deepEqual(key(choice, { kind: "choose-one", chosen: 1 }), [0, 1, 0, 0])
  assert.deepEqual(key(choice, { kind: "choose-one", chosen: "blank" }), [0, 0, 0, 1])
  assert.deepEqual(key(approval, { kind: "approval", ticked: [true, false, true] }), [1, 0, 1])
  assert.deepEqual(key(approval, { kind: "approval", ticked: [false, false, false] }), [0, 0, 0])
  assert.deepEqual(key(points, { kind: "points", typed: ["", " 5 ", "3"] }), [0, 5, 3])
})

test("a mistake has its sentence and its place", () => {
  assert.equal(key(choice, { kind: "choose-one", chosen: null }), "choose.empty")
  assert.equal(key(approval, { kind: "approval", ticked: [true, true, true] }), "approval.many")
  const twoAtLeast = { ...approval, min: 2 } as Question
  const few = readAnswer(twoAtLeast, { kind: "approval", ticked: [true, false, false] }, "en")
  assert.deepEqual(few.mistake, { key: "approval.few", values: { min: 2, n: 1 }, count: 2 })
  for (const typed of ["6", "-1", "1.5", "five", "1e0", "１", "0x1", "1 2"]) {
    const read = readAnswer(points, { kind: "points", typed: ["0", typed, "0"] }, "vi")
    assert.ok(read.values === null && read.option === 1, typed)
    assert.deepEqual(read.mistake, { key: "points.range", values: { option: "Option 2", max: 5 } })
  }
  const total = readAnswer(points, { kind: "points", typed: ["5", "5", "1"] }, "en")
  assert.deepEqual(total.mistake, { key: "points.total", values: { n: 11, min: 0, max: 10 } })
})

const ranking = { ...choice, kind: "ranking", positions: [2, 1, 0] } as Question & { kind: "ranking" }
const ranked = (...picked: string[]): RawAnswer => ({ kind: "ranking", picked, blank: false })

test("a ranking becomes a matrix and a blank slot", () => {
  assert.deepEqual(key(ranking, ranked("2", "3", "1")), [0, 1, 0, 0, 0, 1, 1, 0, 0, 0])
  assert.deepEqual(key(ranking, { kind: "ranking", picked: ["", "", ""], blank: true }), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
})

test("a mistake in a ranking stands at its list", () => {
  const mistake = (raw: RawAnswer): unknown => {
    const read = readAnswer(ranking, raw, "en")
    return read.values === null ? [read.mistake.key, read.option, read.mistake.values] : null
  }
  assert.deepEqual(mistake(ranked("", "", "")), ["ranking.empty", null, {}])
  assert.deepEqual(mistake(ranked("1", "", "2")), ["ranking.missing", 1, { option: "Option 2" }])
  const twice = { first: "Option 1", option: "Option 3", position: "2" }
  assert.deepEqual(mistake(ranked("2", "", "2")), ["ranking.twice", 2, twice])
  assert.deepEqual(mistake({ kind: "ranking", picked: ["1", "", ""], blank: true }), ["ranking.blank", 3, {}])
})

test("a ranking in words: the voter's order", () => {
  assert.deepEqual(describeAnswer(ranking, [0, 1, 0, 0, 0, 1, 1, 0, 0, 0], "en"), {
    lines: ["Option 3", "Option 1", "Option 2"].map((option, j) => ({ key: "review.rank", values: { n: j + 1, option } })),
    note: null,
  })
  assert.deepEqual(describeAnswer(ranking, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "en").lines, [{ key: "review.blank" }])
  const live = (raw: RawAnswer): unknown => liveLine(ranking, raw).map(({ key, values }) => [key, values])
  assert.deepEqual(live(ranked("", "", "")), [["ranking.given", { n: 0, max: 3 }]])
  assert.deepEqual(live(ranked("2", "", "2")), [
    ["ranking.given", { n: 2, max: 3 }],
    ["ranking.free", { positions: "1, 3" }],
  ])
  assert.deepEqual(live(ranked("2", "1", "3")), [["ranking.given", { n: 3, max: 3 }]])
  assert.deepEqual(live({ kind: "ranking", picked: ["1", "", ""], blank: true }), [])
})

test("the live line counts what is there", () => {
  const keys = (raw: RawAnswer, question: Question): string[] => liveLine(question, raw).map((message) => message.key)
  assert.deepEqual(keys({ kind: "choose-one", chosen: 0 }, choice), [])
  assert.deepEqual(keys({ kind: "approval", ticked: [true, false, false] }, approval), ["approval.chosen", "approval.more"])
  assert.deepEqual(keys({ kind: "approval", ticked: [true, true, true] }, approval), ["approval.chosen", "approval.full"])
  const [given] = liveLine(points, { kind: "points", typed: ["5", "x", "2"] })
  assert.deepEqual(given?.values, { n: 7, max: 10 })
})

test("answers in words", () => {
  assert.deepEqual(describeAnswer(choice, [0, 0, 1, 0], "en"), { lines: ["Option 3"], note: null })
  assert.deepEqual(describeAnswer(choice, [0, 0, 0, 1], "en").lines, [{ key: "review.blank" }])
  assert.deepEqual(describeAnswer(approval, [0, 0, 0], "en").lines, [{ key: "review.none" }])
  assert.deepEqual(describeAnswer(approval, [1, 0, 1], "en"), {
    lines: ["Option 1", "Option 3"],
    note: { key: "review.count", values: { n: 2, max: 2 } },
  })
  assert.deepEqual(describeAnswer(points, [0, 4, 0], "en").lines, [{ key: "review.points", values: { option: "Option 2", n: 4 } }])
})

const DATA: PageData = checkPageData({
  lang: "vi",
  election: ELECTION,
  api: "/api",
  fingerprint: null,
  zone: "Asia/Ho_Chi_Minh",
  zoneLabel: "GMT+7",
  weekdays: ["Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"],
  months: ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"],
  texts: {
    "time.full": "{time} {weekday}, {day}/{month}/{year} ({zone})",
    "n.other": "{n} mã",
    "n.one": "one",
    plain: "Xong.",
  },
})

test("sentences, plurals, numbers and times", () => {
  const texts = new Texts(DATA)
  assert.equal(texts.say({ key: "plain" }), "Xong.")
  assert.equal(texts.say({ key: "n", values: { n: 1234 }, count: 1234 }), "1.234 mã")
  assert.equal(texts.say({ key: "n", values: { n: 1 }, count: 1 }), "one")
  assert.equal(new Texts({ ...DATA, lang: "en" }).say({ key: "n", count: 1 }), "one")
  assert.equal(texts.time("2026-11-29T17:30:00Z"), "0:30 Thứ Hai, 30/11/2026 (GMT+7)")
  assert.equal(texts.time("2026-12-05T01:05:00Z"), "8:05 Thứ Bảy, 05/12/2026 (GMT+7)")
  assert.throws(() => texts.say({ key: "missing" }), PageFault)
  assert.throws(() => texts.say({ key: "n", count: 2 }), PageFault)
})

test("a page without its data is named as the fault", () => {
  assert.throws(() => checkPageData(null), PageFault)
  assert.throws(() => checkPageData({ ...DATA, lang: "fr" }), PageFault)
  assert.throws(() => checkPageData({ ...DATA, months: [] }), PageFault)
  assert.throws(() => checkPageData({ ...DATA, zone: undefined }), PageFault)
})

test("places in the address", () => {
  for (const place of [{ step: "code", index: 0 }, { step: "question", index: 11 }, { step: "review", index: 0 }] as const) {
    assert.deepEqual(placeOf(hashOf(place)), place)
  }
  // Going back to what is over leads to the review, which seals anew.
  assert.deepEqual(placeOf("#test"), { step: "review", index: 0 })
  assert.deepEqual(placeOf("#casting"), { step: "review", index: 0 })
  for (const other of ["#main", "#question-0", "#question-x", "#code=ABC"]) assert.equal(placeOf(other), null)
})

test("the code in the letter's QR code", () => {
  assert.equal(codeOfFragment("#code=01JQ-7ZK4"), "01JQ-7ZK4")
  assert.equal(codeOfFragment("#code=01JQ%207ZK4"), "01JQ 7ZK4")
  const letter = "#code=01JQ-7ZK4&vote=4F2M9-KTBQ7-XD0C4-ZM9DX-J26WK"
  assert.equal(codeOfFragment(letter), "01JQ-7ZK4")
  assert.equal(fingerprintOfScan(`https://example.org/vi/elections/x/booth${letter}`), "4F2M9-KTBQ7-XD0C4-ZM9DX-J26WK")
  for (const none of ["01JQ-7ZK4", "#code=01JQ-7ZK4", "#code=01JQ&vote=x"]) assert.equal(fingerprintOfScan(none), null)
  for (const other of ["", "#code=", "#review", "#code=a&b", "#code=%"]) assert.equal(codeOfFragment(other), null)
  const code = "01JQ-7ZK4-M8N2-P5R9-TVWX-YABC-DEP9"
  assert.equal(codeOfScan(`https://example.org/vi/elections/x/booth#code=${code}`), code)
  assert.equal(codeOfScan(code), code)
  assert.equal(codeOfScan("https://example.org/menu"), null)
})

/** A worker that works in this thread, one message after the other. */
class InlineWorker implements WorkerLike {
  readonly #sealer = new Sealer((response) => queueMicrotask(() => this.#listener({ data: response })))
  #listener: (event: { readonly data: unknown; readonly message?: string }) => void = () => undefined

  postMessage(message: Request): void {
    queueMicrotask(() => this.#sealer.handle(message))
  }

  addEventListener(type: "message" | "error", listener: (event: { readonly data: unknown; readonly message?: string }) => void): void {
    if (type === "message") this.#listener = listener
  }
}

const VOTER = signingKey(utf8("v".repeat(32)))
const ANSWERS = [[0, 1, 0, 0], [0, 0, 0], [1, 2, 3]]

test("the worker checks, prepares and seals; a new ballot has new randomness", async () => {
  const stages = new Set<string>()
  const sealing = new Sealing(new InlineWorker(), (stage) => stages.add(stage))
  const prepared = sealing.prepare(termsText, ELECTION)
  // Asked for before the tables are ready: waits for them.
  const [one, two] = await Promise.all([1, 2].map(() => sealing.seal(ANSWERS, VOTER, 1)))
  await prepared
  assert.deepEqual([...stages], ["tables", "ballot"])
  assert.ok(one !== undefined && two !== undefined && !equalBytes(one.seed, two.seed))
  assert.ok(!equalBytes(one.ballot.tracker, two.ballot.tracker))
  const reveal = parseCanonical(revealRequest(terms, one.ballot, one, VOTER)) as JsonObject
  const opened = decodeChallenge(encodeCanonical(reveal["challenge"]!))
  assert.deepEqual(opened.answers.map(({ values }) => values), ANSWERS)
})

test("a sealed ballot keeps the answers that are in it", async () => {
  const sealing = new Sealing(new InlineWorker(), () => undefined)
  await sealing.prepare(termsText, ELECTION)
  const answers = [[0, 1, 0, 0], [0, 0, 0], [1, 2, 3]]
  const waiting = sealing.seal(answers, VOTER, 1)
  answers[0] = [1, 0, 0, 0]
  const sealed = await waiting
  assert.deepEqual(sealed.answers, ANSWERS)
  answers[2]![0] = 3
  assert.deepEqual(sealed.answers, ANSWERS)
})

test("what the worker cannot do is a failure with its reason, and no wait for ever", async () => {
  const fails = async (run: Promise<unknown>): Promise<string> => {
    const error = await run.then(() => null, (reason: unknown) => reason)
    assert.ok(error instanceof SealingFailed)
    return error.reason
  }
  const sealing = new Sealing(new InlineWorker(), () => undefined)
  assert.equal(await fails(sealing.seal(ANSWERS, VOTER, 1)), "malformed-record")
  assert.equal(await fails(sealing.prepare(termsText, "1".repeat(32))), "terms-mismatch")
  await sealing.prepare(termsText, ELECTION)
  assert.equal(await fails(sealing.seal([[1, 1, 0, 0]], VOTER, 1)), "answer-invalid")
  assert.equal(await fails(sealing.seal("x" as never, VOTER, 1)), "malformed-record")
})

test("only the application's own refusal is a refusal", async () => {
  const ask = async (response: () => Response): Promise<unknown> =>
    new Api("/api", async () => response()).terms().then(() => null, (reason: unknown) => reason)
  const problem = (status: number, type: string, body: string) => () =>
    new Response(body, { status, headers: { "Content-Type": type } })
  const refused = await ask(problem(409, "application/problem+json; charset=utf-8", '{"code":"closed","detail":"Too late."}'))
  assert.ok(refused instanceof ApiProblem && refused.code === "closed" && refused.detail === "Too late.")
  const others = [
    problem(409, "text/html", "<h1>Conflict</h1>"),
    problem(403, "application/problem+json", "not JSON"),
    problem(403, "application/problem+json", "{}"),
    problem(503, "application/problem+json", '{"code":"closed"}'),
    () => {
      throw new TypeError("offline")
    },
  ]
  for (const other of others) assert.ok((await ask(other)) instanceof NoAnswer)
})

test("a server's own fault is a refusal only where it says that nothing was stored", async () => {
  const answering = (status: number, code: string, type = "application/problem+json") =>
    new Api("/api", async () => new Response(JSON.stringify({ code, detail: "x" }), { status, headers: { "Content-Type": type } }))
  for (const [status, code] of [[503, "busy"], [507, "storage-full"], [409, "closed"]] as const) {
    await assert.rejects(answering(status, code).cast("{}"), (error) => error instanceof ApiProblem && error.code === code)
  }
  for (const [status, code, type] of [[500, "fault", undefined], [502, "busy", "text/html"], [503, "closed", undefined]] as const) {
    await assert.rejects(answering(status, code, type).cast("{}"), NoAnswer)
  }
})
