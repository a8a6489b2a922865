// The election's public key: one Paillier modulus and a base that nobody chose. PROTOCOL §5.

import { bytesToInt, intToBytes, utf8 } from "./encoding.ts"
import { OutOfRange } from "./errors.ts"
import { FixedBase } from "./fixedBase.ts"
import { type KeySize, maskBits, nBytes } from "./keySize.ts"
import { bitLength, gcd, mod, powmod } from "./numbers.ts"
import { tupleHash, u32 } from "./transcript.ts"

/** n, n², h and H = h^n mod n² of one election. Made by `deriveKey` only: whoever chose h could choose one of small
 * order. */
export type ElectionKey = {
  readonly size: KeySize
  readonly n: bigint
  readonly n2: bigint
  readonly h: bigint
  readonly H: bigint
}

/** An election key with the tables that encryption and proofs need. */
export type PreparedKey = ElectionKey & { readonly hTable: FixedBase; readonly HTable: FixedBase }

// A question has at most 200 options, so a product at most 200 ciphertexts.
const MAX_PRODUCT = 200

/** The key of `election` over the modulus n. That n is a good modulus is `certificate.ts`'s check; here only its
 * length and oddness are looked at.
 * @param election - identifier, 32 lower-case hexadecimal digits
 * @throws OutOfRange */
export function deriveKey(n: bigint, election: string, size: KeySize): ElectionKey {
  if (n < 0n || bitLength(n) !== size.bits || n % 2n === 0n) {
    throw new OutOfRange(`The modulus must be an odd number of exactly ${size.bits} bits.`)
  }
  const n2 = n * n
  const h = deriveBase(n, election, size)
  return { size, n, n2, h, H: powmod(h, n, n2) }
}

/** h = −x² mod n for the first unit x that the hash of (n, election, counter) gives. @throws OutOfRange */
export function deriveBase(n: bigint, election: string, size: KeySize): bigint {
  if (!/^[0-9a-f]{32}$/.test(election)) {
    throw new OutOfRange("An election is named by 32 lower-case hexadecimal digits.")
  }
  for (let counter = 0; ; counter++) {
    const items = [intToBytes(n, nBytes(size)), utf8(election), u32(counter)]
    const x = bytesToInt(tupleHash("base", items, nBytes(size) + 16)) % n
    if (x !== 0n && gcd(x, n) === 1n) return mod(-x * x, n)
  }
}

/** Build the tables: about 20,000 multiplications modulo n² and as many modulo n, 24 MB at 3072 bits.
 * @param onProgress - part done, 0 < part ≤ 1 */
export function prepareKey(key: ElectionKey, onProgress?: (part: number) => void): PreparedKey {
  // σ + r·e of a proof about the largest product is one bit longer than its mask.
  const bits = maskBits(key.size, MAX_PRODUCT) + 1
  // A multiplication modulo n² takes three times as long as one modulo n.
  const HTable = new FixedBase(key.H, key.n2, bits, (part) => onProgress?.(0.75 * part))
  const hTable = new FixedBase(key.h, key.n, bits, (part) => onProgress?.(0.75 + 0.25 * part))
  return { ...key, hTable, HTable }
}
