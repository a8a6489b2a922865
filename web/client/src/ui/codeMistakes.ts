// Which sentence tells a person what is wrong with a typed code.

import { MistypedCode, VietnameseKeyboard, WrongLength, WrongSymbol } from "../crypto/crockford.ts"
import { CheckSymbolsDiffer } from "../crypto/votingCode.ts"
import { PsephosError } from "../errors.ts"
import type { Message } from "./texts.ts"

/** Nothing was typed. */
export class EmptyCode extends PsephosError {
  readonly code = "empty-code"
}

/** The sentence; null for an error that is not about a typed code.
 * @param page - first part of the keys: a voting code, or a receipt code to check */
export function mistakeInCode(page: "code" | "check", error: unknown): Message | null {
  if (error instanceof EmptyCode) return { key: `${page}.empty` }
  if (error instanceof CheckSymbolsDiffer) return { key: `${page}.checksum` }
  if (error instanceof WrongSymbol) return { key: `${page}.symbol`, values: { letter: error.symbol } }
  if (page === "code" && error instanceof WrongLength && error.looksSwallowed) {
    return { key: "code.short", values: { n: error.found } }
  }
  if (error instanceof WrongLength) return { key: `${page}.length`, values: { n: error.found }, count: error.found }
  if (error instanceof VietnameseKeyboard) {
    const letters = error.letters.map((letter) => `“${letter}”`).join(", ")
    return { key: `${page}.vietnamese`, values: { letters } }
  }
  if (error instanceof MistypedCode) throw new TypeError(`No sentence for ${error.code}.`)
  return null
}
