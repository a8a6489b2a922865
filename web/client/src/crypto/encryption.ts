import { OutOfRange } from "./errors.ts"
import type { PreparedKey } from "./key.ts"
import { blindingBits } from "./keySize.ts"
import { bitLength } from "./numbers.ts"

declare const brand: unique symbol

/** A number below n² that `encrypt` made, or a product of such. */
export type Ciphertext = bigint & { readonly [brand]: "Ciphertext" }

/** Enc(v; r) = (1 + v·n) · H^r mod n², PROTOCOL §5.
 * @param v - 0 ≤ v < n
 * @param r - 0 ≤ r < 2^L, from `blinding`, used once
 * @throws OutOfRange naming the argument, never its value */
export function encrypt(key: PreparedKey, v: bigint, r: bigint): Ciphertext {
  if (v < 0n || v >= key.n) throw new OutOfRange("The plaintext must lie between 0 and n − 1.")
  if (r < 0n || bitLength(r) > blindingBits(key.size)) {
    throw new OutOfRange(`The encryption randomness has at most ${blindingBits(key.size)} bits.`)
  }
  return (((1n + v * key.n) * key.HTable.power(r)) % key.n2) as Ciphertext
}

/** The ciphertext of the sum. */
export function multiply(key: PreparedKey, ciphertexts: readonly Ciphertext[]): Ciphertext {
  return ciphertexts.reduce((product, c) => ((product * c) % key.n2) as Ciphertext, 1n as Ciphertext)
}
