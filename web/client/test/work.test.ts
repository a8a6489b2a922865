import assert from "node:assert/strict"
import { test } from "node:test"
import { answerOf, type WorkWorker } from "../src/ui/work.ts"
import { leadingZeros, solve, type WorkRequest, work } from "../src/worker/work.ts"
import { hex, readVectors } from "./vectors.ts"

const vectors = readVectors("work")

test("the work is what the server's own code does", () => {
  for (const { line, bits, answer } of vectors.solved) {
    assert.equal(solve({ line, bits, pieces: vectors.pieces }), answer)
  }
})

test("zero bits are counted from the first", () => {
  for (const { digest, zeros } of vectors.zeros) assert.equal(leadingZeros(hex(digest)), zeros)
})

test("a page cannot keep a phone busy for ever", () => {
  const good = { line: "x", bits: 1, pieces: 1 }
  assert.ok("answer" in work(good))
  for (const wrong of [
    null,
    {},
    { ...good, line: "" },
    { ...good, line: "x".repeat(241) },
    { ...good, bits: 0 },
    { ...good, bits: 25 },
    { ...good, bits: 1.5 },
    { ...good, bits: "1" },
    { ...good, bits: Number.NaN },
    { ...good, pieces: 65 },
    { ...good, pieces: -1 },
  ]) {
    const said = work(wrong)
    assert.equal("code" in said && said.code, "no-challenge", JSON.stringify(wrong))
  }
})

/** A worker that does what it is told, and remembers whether it was ended. */
class FakeWorker implements WorkWorker {
  ended = false
  #message: (event: { readonly data: unknown }) => void = () => undefined
  #error: () => void = () => undefined
  readonly #does: (request: WorkRequest) => unknown

  constructor(does: (request: WorkRequest) => unknown) {
    this.#does = does
  }

  postMessage(request: WorkRequest): void {
    try {
      this.#message({ data: this.#does(request) })
    } catch {
      this.#error()
    }
  }

  addEventListener(type: "message" | "error", listener: (event: { readonly data: unknown }) => void): void {
    if (type === "message") this.#message = listener
    else this.#error = () => listener({ data: null })
  }

  terminate(): void {
    this.ended = true
  }
}

test("the page gets the answer, and the worker is ended", async () => {
  const { line, bits, answer } = vectors.solved[1]
  const worker = new FakeWorker(work)
  assert.equal(await answerOf(worker, { line, bits, pieces: vectors.pieces }), answer)
  assert.ok(worker.ended)
})

test("without an answer the form goes the slower way instead of waiting for ever", async () => {
  const refusing = new FakeWorker(() => ({ code: "no-challenge", message: "" }))
  const failing = new FakeWorker(() => {
    throw new Error("cannot start")
  })
  for (const worker of [refusing, failing]) {
    assert.equal(await answerOf(worker, { line: "x", bits: 1, pieces: 1 }), "")
    assert.ok(worker.ended)
  }
})
