// Codes that people read aloud and type: Crockford's base 32, forgiving about spelling, strict about content. The
// alphabet lacks I, L, O and U; O is read as 0, I and L as 1.

import { CryptoError } from "./errors.ts"

export const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** Unicode code points; longer input is refused before it is looked at. */
const MAX_TYPED_CHARACTERS = 200

/** A Vietnamese input method swallows so many keys of a code at most, nearly always. */
const SWALLOWED_MAX = 6

// What is dropped, listed so that every implementation drops the same: white space, no-break space, soft hyphen;
// figure, thin, zero-width and narrow no-break space, word joiners; hyphens, dashes, the minus sign.
const SEPARATORS = new Set(
  "\t\n\v\f\r -\u00a0\u00ad\u2007\u2009\u200b\u202f\u2060\ufeff\u2010\u2011\u2012\u2013\u2014\u2212",
)

// Grave, acute, tilde, hook above and dot below (the tones); circumflex, breve and horn (Â Ê Ô, Ă, Ơ Ư).
const VIETNAMESE_MARKS = new Set("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b")
const VIETNAMESE_VOWELS = new Set("AEIOUYaeiouy")

/** A typed code that cannot be the code on the paper. */
export abstract class MistypedCode extends CryptoError {}

/** An input method turned typed letters into Vietnamese ones (AA → Â, DD → Đ, W → Ư, AS → Á). */
export class VietnameseKeyboard extends MistypedCode {
  readonly code = "vietnamese-keyboard"
  /** The letters with marks, composed, in order, each once. */
  readonly letters: readonly string[]

  constructor(letters: readonly string[]) {
    super("The keyboard writes Vietnamese letters.")
    this.letters = letters
  }
}

/** A character that no code contains. position: from 1, without separators. */
export class WrongSymbol extends MistypedCode {
  readonly code = "wrong-symbol"
  readonly symbol: string
  readonly position: number

  constructor(symbol: string, position: number) {
    super("A character that no code contains.")
    this.symbol = symbol
    this.position = position
  }
}

/** Too few or too many symbols. */
export class WrongLength extends MistypedCode {
  readonly code = "wrong-length"
  readonly expected: number
  readonly found: number

  /** Whether it looks as if an input method had swallowed keys: WW became W, or A10 became A. Then a few are missing,
   * and not whole groups of four, which a person would leave out. */
  get looksSwallowed(): boolean {
    const missing = this.expected - this.found
    return missing > 0 && missing <= SWALLOWED_MAX && missing % 4 !== 0
  }

  constructor(expected: number, found: number) {
    super(`A code of ${expected} symbols was typed with ${found}.`)
    this.expected = expected
    this.found = found
  }
}

/** The `length` symbols that `text` means. Checks in this order.
 * @throws WrongLength (over 200 characters), VietnameseKeyboard, WrongSymbol (the first), WrongLength */
export function normalise(text: string, length: number): string {
  const characters = [...text]
  if (characters.length > MAX_TYPED_CHARACTERS) throw new WrongLength(length, characters.length)
  const vietnamese = vietnameseLetters(text)
  if (vietnamese.length > 0) throw new VietnameseKeyboard(vietnamese)
  let symbols = ""
  for (const character of characters) {
    if (SEPARATORS.has(character)) continue
    const symbol = readAs(character)
    if (symbol === null) throw new WrongSymbol(character, symbols.length + 1)
    symbols += symbol
  }
  if (symbols.length !== length) throw new WrongLength(length, symbols.length)
  return symbols
}

/** `value` as `length` symbols, the most significant first. 0 ≤ value < 32^length. */
export function symbolsOf(value: bigint, length: number): string {
  return value
    .toString(32)
    .padStart(length, "0")
    .replace(/./g, (digit) => ALPHABET.charAt(Number.parseInt(digit, 32)))
}

/** Inverse of `symbolsOf`. symbols: of the alphabet only. */
export function valueOf(symbols: string): bigint {
  return [...symbols].reduce((value, symbol) => (value << 5n) | BigInt(ALPHABET.indexOf(symbol)), 0n)
}

/** `symbols` in groups of `size` joined by hyphens. */
export function grouped(symbols: string, size: number): string {
  return (symbols.match(new RegExp(`.{1,${size}}`, "g")) ?? []).join("-")
}

function readAs(character: string): string | null {
  const upper = /^[a-z]$/.test(character) ? character.toUpperCase() : character
  if (upper === "O") return "0"
  if (upper === "I" || upper === "L") return "1"
  return ALPHABET.includes(upper) ? upper : null
}

/** Đ, and vowels that carry a Vietnamese mark. */
function vietnameseLetters(text: string): string[] {
  const found = new Set<string>()
  let base = ""
  let marks = ""
  const finish = (): void => {
    const marked = VIETNAMESE_VOWELS.has(base) && [...marks].some((mark) => VIETNAMESE_MARKS.has(mark))
    if (base === "Đ" || base === "đ" || marked) found.add((base + marks).normalize("NFC"))
  }
  for (const character of text.normalize("NFD")) {
    if (/^\p{M}$/u.test(character)) {
      marks += character
    } else {
      finish()
      base = character
      marks = ""
    }
  }
  finish()
  return [...found]
}
