import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesToHex } from "@noble/hashes/utils.js"
import { verifyCheckpoint, verifyCosignature } from "../src/crypto/checkpoint.ts"
import { leafHash, verifyConsistency, verifyInclusion } from "../src/crypto/merkle.ts"
import { hex, type Json, readVectors, runCases } from "./vectors.ts"

const merkle = readVectors("merkle")
const head = (size: number, root: string) => ({ size: BigInt(size), root: hex(root) })

test("leaf hashes", () => {
  assert.deepEqual(
    merkle.leaves.map((leaf: string) => bytesToHex(leafHash(hex(leaf)))),
    merkle.leaf_hashes,
  )
})
runCases("inclusion", merkle.inclusion, (one: Json) =>
  verifyInclusion(leafHash(hex(one.leaf)), BigInt(one.index), one.proof.map(hex), head(one.size, one.root)),
)
runCases("consistency", merkle.consistency, (one: Json) =>
  verifyConsistency(head(one.old_size, one.old_root), head(one.new_size, one.new_root), one.proof.map(hex)),
)

const log = readVectors("checkpoint")

runCases("checkpoint", log.checkpoints, (one: Json) => {
  const checkpoint = verifyCheckpoint(one.note, log.origin, hex(log.log_key))
  assert.equal(checkpoint.size, BigInt(one.size))
  assert.equal(bytesToHex(checkpoint.root), one.root)
})
runCases("cosignature", log.cosignatures, (one: Json) => {
  assert.equal(verifyCosignature(one.note, log.witness_name, hex(log.witness_key)), BigInt(one.timestamp))
})
