// The vector files that Python and TypeScript share: tests/vectors/*.json.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { test } from "node:test"
import { hexToBytes } from "@noble/hashes/utils.js"
import { PsephosError } from "../src/errors.ts"

export const VECTORS = resolve(import.meta.dirname, "..", "..", "..", "tests", "vectors")

// The files are ours and their shape is what these tests are about: fields are read as they come.
export type Json = any

export function readVectors(name: string): Json {
  return JSON.parse(readFileSync(join(VECTORS, `${name}.json`), "utf8"))
}

/** One test for each case: a valid one passes, an invalid one is refused with exactly its error. */
export function runCases(title: string, cases: Json[], run: (one: Json) => void): void {
  assert.ok(cases.length > 0, `${title}: no cases`)
  for (const one of cases) {
    test(`${title}: ${one.id}`, () => {
      if (one.error === undefined) run(one)
      else refuses(one.error, () => run(one))
    })
  }
}

/** Assert that `run` throws our own error with this code. */
export function refuses(code: string, run: () => unknown): void {
  assert.throws(run, (error: unknown) => {
    if (!(error instanceof PsephosError)) throw error
    assert.equal(error.code, code)
    return true
  })
}

export function hex(text: string): Uint8Array {
  return hexToBytes(text)
}
