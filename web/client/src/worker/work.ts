// Proof of work: the browser calculates for a moment before a form is taken. consultation/fraud/work.py says what a
// challenge and its answer are, and decides; tests/vectors/work.json holds both to the same bytes.

import { sha256 } from "@noble/hashes/sha2.js"
import { utf8 } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"

const PIECES_MOST = 64
const BITS_MOST = 24
const LINE_MOST = 240

/** To the worker. line: the challenge as the page holds it. bits: that each piece begins with. */
export type WorkRequest = { readonly line: string; readonly bits: number; readonly pieces: number }

/** From the worker: the answer, or why there is none. */
export type WorkAnswer = { readonly answer: string } | { readonly code: string; readonly message: string }

/** What a page asks for is no challenge, or one that no browser should work on. */
export class NoChallenge extends PsephosError {
  readonly code = "no-challenge"
}

/** How many zero bits a digest begins with. */
export function leadingZeros(digest: Uint8Array): number {
  let zeros = 0
  for (const byte of digest) {
    if (byte !== 0) return zeros + Math.clz32(byte) - 24
    zeros += 8
  }
  return zeros
}

/** The least number of one piece. Cost: 2^bits hashes on average. */
export function solvePiece(line: string, piece: number, bits: number): number {
  const start = sha256.create().update(utf8(`${line}:${piece}:`))
  for (let number = 0; ; number += 1) {
    if (leadingZeros(start.clone().update(utf8(String(number))).digest()) >= bits) return number
  }
}

/** The answer to a challenge: the numbers of all pieces, with commas between. */
export function solve({ line, bits, pieces }: WorkRequest): string {
  return Array.from({ length: pieces }, (_, piece) => solvePiece(line, piece, bits)).join(",")
}

/** @param data - a message as it arrived */
export function work(data: unknown): WorkAnswer {
  try {
    return { answer: solve(decodeRequest(data)) }
  } catch (error) {
    const code = error instanceof PsephosError ? error.code : "fault"
    return { code, message: error instanceof Error ? error.message : String(error) }
  }
}

/** @throws NoChallenge: a page cannot be made to keep a phone busy for ever */
function decodeRequest(data: unknown): WorkRequest {
  const { line, bits, pieces } = (data ?? {}) as { readonly [name: string]: unknown }
  if (typeof line !== "string" || line === "" || line.length > LINE_MOST) throw new NoChallenge("line")
  if (!isWhole(bits, BITS_MOST)) throw new NoChallenge("bits")
  if (!isWhole(pieces, PIECES_MOST)) throw new NoChallenge("pieces")
  return { line, bits, pieces }
}

function isWhole(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most
}
