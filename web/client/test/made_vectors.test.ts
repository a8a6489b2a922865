import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { FOLDER, made } from "./make_vectors.ts"

test("tests/vectors/from_client is what the client makes today", () => {
  for (const [name, text] of made()) {
    assert.ok(readFileSync(join(FOLDER, name), "utf8") === text, `Run: node test/make_vectors.ts (${name})`)
  }
})
