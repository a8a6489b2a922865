import assert from "node:assert/strict"
import { test } from "node:test"
import { bytesToHex } from "@noble/hashes/utils.js"
import { type MistypedCode, VietnameseKeyboard, WrongLength, WrongSymbol } from "../src/crypto/crockford.ts"
import { alias, displayCode, parseDisplayCode } from "../src/crypto/displayCode.ts"
import { bodyMessage, sign, verifySignature } from "../src/crypto/signature.ts"
import { credentialOf, parseVotingCode, writtenVotingCode } from "../src/crypto/votingCode.ts"
import { mistakeInCode } from "../src/ui/codeMistakes.ts"
import { codeOfFragment, codeOfScan } from "../src/ui/scan.ts"
import { hex, readVectors, refuses, runCases } from "./vectors.ts"

const codes = readVectors("voting_code")

runCases("voting code", codes.cases, (one) => {
  const code = parseVotingCode(one.typed)
  assert.equal(code, one.data)
  assert.equal(writtenVotingCode(code), one.written)
})

test("display codes", () => {
  for (const { digest, code } of codes.display_codes) {
    assert.equal(displayCode(hex(digest)), code)
    assert.equal(parseDisplayCode(code.toLowerCase().replaceAll("-", " ")), code)
  }
  refuses("out-of-range", () => displayCode(new Uint8Array(15)))
})

runCases("credential", readVectors("credential").cases, (one) => {
  const key = credentialOf(parseVotingCode(one.written), one.election)
  assert.equal(bytesToHex(key.seed), one.seed)
  assert.equal(bytesToHex(key.publicKey), one.public_key)
  assert.equal(alias(key.publicKey), one.alias)
  assert.equal(bytesToHex(bodyMessage("ballot", new Uint8Array(32))), one.message)
  assert.equal(bytesToHex(sign(key, hex(one.message))), one.signature)
  verifySignature(key.publicKey, hex(one.message), hex(one.signature))
})

/** The error of a code that cannot be read. */
function mistake(typed: string): MistypedCode {
  try {
    parseVotingCode(typed)
  } catch (error) {
    return error as MistypedCode
  }
  throw new Error("The code was read.")
}

test("a mistake says what it is about, so that the page can", () => {
  const keyboard = mistake("0123-ĂĐêâ-Ă")
  assert.ok(keyboard instanceof VietnameseKeyboard)
  assert.deepEqual(keyboard.letters, ["Ă", "Đ", "ê", "â"])
  const symbol = mistake("01-2U")
  assert.ok(symbol instanceof WrongSymbol)
  assert.deepEqual([symbol.symbol, symbol.position], ["U", 4])
  const length = mistake("0123")
  assert.ok(length instanceof WrongLength)
  assert.deepEqual([length.expected, length.found], [28, 4])
  for (const [found, swallowed] of [
    [27, true],
    [24, false],
    [22, true],
    [21, false],
    [29, false],
  ] as const) {
    const few = mistake("0".repeat(found))
    assert.ok(few instanceof WrongLength)
    assert.equal(few.looksSwallowed, swallowed)
    const message = mistakeInCode("code", few)
    assert.equal(message?.key, swallowed ? "code.short" : "code.length")
    assert.equal(mistakeInCode("check", few)?.key, "check.length")
  }
})

test("the booth reads what stands in the letter's QR code", () => {
  // As `psephos registrar letters` writes it; tests/paper/test_letter.py holds the picture against the same text.
  const code = "0123-4567-89AB-CDEF-GHJK-MNPQ-RSJR"
  const address = `https://vote.example.org/vi/elections/${"0123456789abcdef".repeat(2)}/booth#code=${code}`
  assert.equal(codeOfScan(address), code)
  assert.equal(codeOfScan(code), code)
  assert.equal(codeOfFragment(new URL(address).hash), code)
  assert.equal(parseVotingCode(codeOfScan(address)!), "0123456789ABCDEFGHJKMNPQRS")
  assert.equal(codeOfScan("https://vote.example.org/vi/elections/1/check?code=7ABCD"), null)
})
