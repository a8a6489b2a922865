// What a voter's device checks about the key before it encrypts: that the modulus cannot lie. KEY-CEREMONY.md,
// "Checks of a record". n has at most two distinct primes, both 3 (mod 4), and gcd(n, φ(n)) = 1: then every
// ciphertext has one opening. That the shares open (Feldman values) is left to the verifier: it concerns the count,
// not the secrecy or the meaning of this ballot.

import { bytesToInt, intToBytes } from "./encoding.ts"
import { CryptoError } from "./errors.ts"
import { bitLength, gcd, isSquare, jacobi, powmod, primesBelow } from "./numbers.ts"
import { type Purpose, tupleHash, u32 } from "./transcript.ts"

export const NTH_ROOTS = 7
export const SQUARE_ROOTS = 128
const SMALL_FACTOR_LIMIT = 1_000_000

/** A modulus or certificate that fails `check`: no ballot may be encrypted under it. */
export class KeyRefused extends CryptoError {
  readonly code = "key-refused"
  readonly check: "length" | "form" | "square" | "small-factors" | "prime" | "nth-roots" | "square-roots"

  constructor(check: KeyRefused["check"], reason: string) {
    super(`The key is refused (${check}): ${reason}`)
    this.check = check
  }
}

/** Exact length, n ≡ 1 (mod 4), no square, no factor below 10^6, no prime.
 *
 * A prime would pass every other check, and its φ is n − 1: anybody could open every ballot.
 * @throws KeyRefused */
export function verifyModulus(n: bigint, bits: number): void {
  if (n < 0n || bitLength(n) !== bits) throw new KeyRefused("length", `the modulus has not ${bits} bits.`)
  if (n % 4n !== 1n) throw new KeyRefused("form", "the modulus is not 1 modulo 4.")
  if (isSquare(n)) throw new KeyRefused("square", "the modulus is a square.")
  // Primes in handfuls: a division by 200 bits costs hardly more than one by 20.
  const primes = primesBelow(SMALL_FACTOR_LIMIT)
  for (let i = 0; i < primes.length; i += 10) {
    const product = primes.slice(i, i + 10).reduce((all, prime) => all * BigInt(prime), 1n)
    if (gcd(product, n % product) !== 1n) {
      throw new KeyRefused("small-factors", `the modulus has a factor below ${SMALL_FACTOR_LIMIT}.`)
    }
  }
  if (powmod(2n, n - 1n, n) === 1n) throw new KeyRefused("prime", "the modulus is a prime, or behaves like one.")
}

/** r_i^n ≡ x_i (mod n) for 7 hash-derived x_i: gcd(n, φ(n)) = 1. @throws KeyRefused */
export function verifyNthRoots(n: bigint, roots: readonly bigint[]): void {
  if (roots.length !== NTH_ROOTS) throw new KeyRefused("nth-roots", `there are ${roots.length} of them.`)
  roots.forEach((root, i) => {
    if (root < 1n || root >= n) throw new KeyRefused("nth-roots", `number ${i} lies outside 1 … n − 1.`)
    if (powmod(root, n, n) !== firstHashed("nth-root-challenge", n, i, (x) => gcd(x, n) === 1n)) {
      throw new KeyRefused("nth-roots", `number ${i} is not a root of its challenge.`)
    }
  })
}

/** w_i² ≡ ±x_i (mod n), 1 ≤ w_i ≤ (n−1)/2, for 128 hash-derived x_i of Jacobi symbol 1. @throws KeyRefused */
export function verifySquareRoots(n: bigint, roots: readonly bigint[]): void {
  if (roots.length !== SQUARE_ROOTS) throw new KeyRefused("square-roots", `there are ${roots.length} of them.`)
  roots.forEach((root, i) => {
    if (root < 1n || root > (n - 1n) / 2n) {
      throw new KeyRefused("square-roots", `number ${i} lies outside 1 … (n − 1)/2.`)
    }
    const square = (root * root) % n
    // ±w² has Jacobi symbol 1 or 0 as −1 has 1 (n ≡ 1 mod 4): for the candidate whose root is shown, one gcd says
    // which; only those passed over need the symbol itself.
    const element = firstHashed("square-root-challenge", n, i, (x) =>
      x === square || x === n - square ? gcd(x, n) === 1n : jacobi(x, n) === 1,
    )
    if (element !== square && element !== n - square) {
      throw new KeyRefused("square-roots", `number ${i} is not a root of ± its challenge.`)
    }
  })
}

/** The first x among the hashes of (n, index, counter), counter = 0, 1, …, that is not 0 and fits. */
function firstHashed(purpose: Purpose, n: bigint, index: number, fits: (x: bigint) => boolean): bigint {
  const length = Math.ceil(bitLength(n) / 8)
  for (let counter = 0; ; counter++) {
    const items = [intToBytes(n, length), u32(index), u32(counter)]
    const x = bytesToInt(tupleHash(purpose, items, length + 16)) % n
    if (x !== 0n && fits(x)) return x
  }
}
