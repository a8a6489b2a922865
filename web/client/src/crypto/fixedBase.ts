// Powers of one base that never changes: a table of windows instead of a general exponentiation. With it an
// encryption is about L/6 multiplications, which is why plain BigInt suffices.
//
// The table is indexed by windows of a secret exponent: not constant-time (see numbers.ts).

import { OutOfRange } from "./errors.ts"
import { bitLength, mod } from "./numbers.ts"

// Five bits make the table in half the time but every power a fifth dearer; at seven the table, which the voter may
// wait for, takes twice as long (`benchmarks/client.py`).
const WINDOW_BITS = 6
const WINDOW = 1 << WINDOW_BITS

/** base^e mod modulus for exponents below 2^bits; bits / 6 rows of 64 numbers. */
export class FixedBase {
  readonly modulus: bigint
  readonly bits: number
  readonly #rows: readonly (readonly bigint[])[]

  /** @param onRow - called after each row with the part that is done, 0 < part ≤ 1 */
  constructor(base: bigint, modulus: bigint, bits: number, onRow?: (part: number) => void) {
    this.modulus = modulus
    const rowCount = Math.ceil(bits / WINDOW_BITS)
    this.bits = rowCount * WINDOW_BITS
    const rows: bigint[][] = []
    let step = mod(base, modulus)
    for (let i = 1; i <= rowCount; i++) {
      const row = [1n]
      let power = step
      for (let j = 1; j < WINDOW; j++) {
        row.push(power)
        power = (power * step) % modulus
      }
      rows.push(row)
      step = power
      onRow?.(i / rowCount)
    }
    this.#rows = rows
  }

  /** base^exponent mod modulus. @throws OutOfRange for an exponent that is negative or too long */
  power(exponent: bigint): bigint {
    if (exponent < 0n || bitLength(exponent) > this.bits) {
      throw new OutOfRange(`The exponent of a fixed base has at most ${this.bits} bits.`)
    }
    // Base 2^6 digits, the lowest first, two octal digits each.
    const octal = exponent.toString(8)
    let result = 1n
    for (let end = octal.length, i = 0; end > 0; end -= 2, i++) {
      const digit = Number.parseInt(octal.slice(Math.max(0, end - 2), end), 8)
      if (digit > 0) result = (result * this.#rows[i]![digit]!) % this.modulus
    }
    return result
  }
}
