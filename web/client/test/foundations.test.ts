import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesToHex } from "@noble/hashes/utils.js"
import {
  decodeBase64url,
  decodeInt,
  encodeBase64url,
  encodeInt,
  intToBytes,
} from "../src/crypto/encoding.ts"
import { FixedBase } from "../src/crypto/fixedBase.ts"
import { keySize } from "../src/crypto/keySize.ts"
import { bitLength, gcd, isSquare, jacobi, powmod, primesBelow } from "../src/crypto/numbers.ts"
import { tupleHash } from "../src/crypto/transcript.ts"
import { hex, readVectors, refuses, runCases } from "./vectors.ts"

const encoding = readVectors("encoding")

runCases("base64url", encoding.bytes, (one) => {
  assert.equal(encodeBase64url(hex(one.hex)), one.text)
  assert.equal(bytesToHex(decodeBase64url(one.text, one.hex.length / 2)), one.hex)
})
runCases("base64url", encoding.bytes_refused, (one) => decodeBase64url(one.text, one.length_bytes))
runCases("integers", encoding.integers, (one) => {
  assert.equal(encodeInt(BigInt(one.decimal), one.length_bytes), one.text)
  assert.equal(decodeInt(one.text, one.length_bytes), BigInt(one.decimal))
})
runCases("integers", encoding.integers_refused, (one) => intToBytes(BigInt(one.decimal), one.length_bytes))

runCases("transcript", readVectors("transcript").cases, (one) => {
  assert.equal(bytesToHex(tupleHash(one.purpose, one.items.map(hex), one.length_bytes)), one.output)
})

test("a modulus has 2048 or 3072 bits and nothing else", () => {
  assert.equal(keySize(2048).bits, 2048)
  assert.equal(keySize(3072).bits, 3072)
  for (const bits of [768, 1024, 2047, 4096, Number.NaN]) refuses("unsupported-parameters", () => keySize(bits))
})

const P = 2n ** 127n - 1n
const Q = 2n ** 89n - 1n

test("powers agree with Fermat, with each other and with a table", () => {
  assert.equal(powmod(3n, P - 1n, P), 1n)
  assert.equal(powmod(5n, 0n, P), 1n)
  assert.equal(powmod(-2n, 3n, P), P - 8n)
  const table = new FixedBase(7n, P * Q, 200)
  for (const exponent of [0n, 1n, 63n, 64n, 4096n, 2n ** 199n + 12345678901n, 2n ** 200n - 1n]) {
    assert.equal(table.power(exponent), powmod(7n, exponent, P * Q))
  }
  refuses("out-of-range", () => table.power(-1n))
  refuses("out-of-range", () => table.power(1n << BigInt(table.bits)))
})

test("Jacobi symbols are Legendre symbols for a prime and multiply for a product", () => {
  for (let i = 1n; i < 60n; i++) {
    const value = i * i * i * 1234567n + 8n * i
    const legendre = powmod(value, (P - 1n) / 2n, P) === 1n ? 1 : -1
    assert.equal(jacobi(value, P), legendre)
    assert.equal(jacobi(value, P * Q), jacobi(value, P) * jacobi(value, Q))
  }
  assert.equal(jacobi(3n * P, P * Q), 0)
  assert.equal(jacobi(2n ** 70n, 15n), 1)
})

test("squares, lengths, divisors and primes", () => {
  for (const value of [0n, 1n, 4n, P * P, (P * Q) ** 2n]) assert.equal(isSquare(value), true)
  for (const value of [2n, 3n, P * P - 1n, P * P + 1n, P * Q]) assert.equal(isSquare(value), false)
  assert.deepEqual([0n, 1n, 255n, 256n, 2n ** 3072n].map(bitLength), [0, 1, 8, 9, 3073])
  assert.equal(gcd(P * 6n, P * 4n), P * 2n)
  assert.deepEqual(primesBelow(30), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29])
})
