// The code in the voter's letter: 26 random symbols (130 bits) and 2 check symbols, in 7 groups of 4; and the signing
// key that it stands for. PROTOCOL §2.

import { hkdf } from "@noble/hashes/hkdf.js"
import { sha256 } from "@noble/hashes/sha2.js"
import { grouped, MistypedCode, normalise, symbolsOf, valueOf } from "./crockford.ts"
import { utf8 } from "./encoding.ts"
import { MalformedEncoding } from "./errors.ts"
import { type SigningKey, signingKey } from "./signature.ts"

declare const brand: unique symbol

const DATA_SYMBOLS = 26
const CHECK_SYMBOLS = 2
const CHECK_MODULUS = 1021n

export const VOTING_CODE_SYMBOLS = DATA_SYMBOLS + CHECK_SYMBOLS

/** The 26 symbols of a well-formed code. Whoever has them can vote. */
export type VotingCode = string & { readonly [brand]: "VotingCode" }

/** The right number of possible symbols, but at least one is not the printed one. */
export class CheckSymbolsDiffer extends MistypedCode {
  readonly code = "check-symbols-differ"
}

/** The code that a person typed; case and separators do not matter.
 * @throws WrongLength (over 200 characters), VietnameseKeyboard, WrongSymbol, WrongLength, CheckSymbolsDiffer */
export function parseVotingCode(text: string): VotingCode {
  const symbols = normalise(text, VOTING_CODE_SYMBOLS)
  const data = symbols.slice(0, DATA_SYMBOLS)
  if (valueOf(symbols.slice(DATA_SYMBOLS)) !== valueOf(data) % CHECK_MODULUS) {
    throw new CheckSymbolsDiffer("At least one symbol is not as printed.")
  }
  return data as VotingCode
}

/** As in the letter: 7 groups of 4. */
export function writtenVotingCode(code: VotingCode): string {
  return grouped(code + symbolsOf(valueOf(code) % CHECK_MODULUS, CHECK_SYMBOLS), 4)
}

/** The Ed25519 key whose public half stands on the roll of this election: seed = HKDF-SHA-256 of the 26 symbols,
 * salt = election id, info = `psephos/v1/credential`. No stretching: the code has 130 random bits.
 * @throws MalformedEncoding when the election id is empty or not ASCII */
export function credentialOf(code: VotingCode, election: string): SigningKey {
  if (!/^[\x00-\x7f]+$/.test(election)) throw new MalformedEncoding("An election id is a non-empty ASCII text.")
  return signingKey(hkdf(sha256, utf8(code), utf8(election), utf8("psephos/v1/credential"), 32))
}
