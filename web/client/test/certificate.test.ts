import assert from "node:assert/strict"
import { generatePrimeSync } from "node:crypto"
import { test } from "node:test"
import {
  KeyRefused,
  verifyModulus,
  verifyNthRoots,
  verifySquareRoots,
} from "../src/crypto/certificate.ts"
import { bitLength, powmod } from "../src/crypto/numbers.ts"
import { type Json, readVectors } from "./vectors.ts"

const single: Json = readVectors("keys/single-2048")
const n = BigInt(single.n)
const nthRoots: bigint[] = single.nth_roots.map(BigInt)
const squareRoots: bigint[] = single.square_roots.map(BigInt)

function refuses(check: KeyRefused["check"], run: () => void): void {
  assert.throws(run, (error: unknown) => error instanceof KeyRefused && error.check === check)
}

test("a good key passes", () => {
  verifyModulus(n, 2048)
  verifyNthRoots(n, nthRoots)
  verifySquareRoots(n, squareRoots)
})

test("a modulus of another form is refused", () => {
  refuses("length", () => verifyModulus(n, 3072))
  refuses("length", () => verifyModulus(-n, 2048))
  refuses("form", () => verifyModulus(n + 2n, 2048))
  const root = 2n ** 1023n * 3n / 2n + 1n
  assert.equal(bitLength(root * root), 2048)
  refuses("square", () => verifyModulus(root * root, 2048))
  // The largest prime below the limit, times something that makes the length and the form right.
  const prime = 999_983n
  let cofactor = 2n ** 2048n / prime - 1_000n
  while ((cofactor * prime) % 4n !== 1n) cofactor -= 1n
  refuses("small-factors", () => verifyModulus(cofactor * prime, 2048))
  const largePrime = generatePrimeSync(2048, { add: 4n, rem: 1n, bigint: true })
  refuses("prime", () => verifyModulus(largePrime, 2048))
})

test("n-th roots that are not the challenges' are refused", () => {
  refuses("nth-roots", () => verifyNthRoots(n, nthRoots.slice(1)))
  refuses("nth-roots", () => verifyNthRoots(n, [...nthRoots.slice(1), nthRoots[0]!]))
  refuses("nth-roots", () => verifyNthRoots(n, replaced(nthRoots, 3, nthRoots[3]! + n)))
  refuses("nth-roots", () => verifyNthRoots(n, replaced(nthRoots, 6, n - nthRoots[6]!)))
  refuses("nth-roots", () => verifyNthRoots(n, replaced(nthRoots, 0, 0n)))
})

test("square roots that are not the challenges' are refused", () => {
  const at = (i: number, root: bigint) => () => verifySquareRoots(n, replaced(squareRoots, i, root))
  refuses("square-roots", () => verifySquareRoots(n, squareRoots.slice(1)))
  refuses("square-roots", at(5, squareRoots[6]!))
  refuses("square-roots", at(5, n - squareRoots[5]!))
  refuses("square-roots", at(127, 0n))
  // A square that is no candidate at all: the search passes over it and ends at the true challenge.
  refuses("square-roots", at(0, powmod(3n, n / 3n, n) / 2n))
})

function replaced(roots: bigint[], i: number, root: bigint): bigint[] {
  return roots.map((each, j) => (j === i ? root : each))
}
