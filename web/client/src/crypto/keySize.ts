import { UnsupportedParameters } from "./errors.ts"

declare const brand: unique symbol

/** Length of the modulus in bits. Made by `keySize` alone, so that no path from the network leads to a small one;
 * only tests cast one into being. */
export type KeySize = { readonly bits: number; readonly [brand]: "KeySize" }

/** 3072, or 2048 (112-bit security). @throws UnsupportedParameters */
export function keySize(bits: number): KeySize {
  if (bits !== 2048 && bits !== 3072) {
    throw new UnsupportedParameters(`A modulus has 2048 or 3072 bits, not ${bits}.`)
  }
  return { bits } as KeySize
}

/** Length of an encoded number below n. */
export function nBytes(size: KeySize): number {
  return Math.ceil(size.bits / 8)
}

/** Length of an encoded number below n². */
export function n2Bytes(size: KeySize): number {
  return 2 * nBytes(size)
}

/** L: bits of encryption randomness. */
export function blindingBits(size: KeySize): number {
  return Math.ceil(size.bits / 2)
}

/** T: bits of a challenge. */
export const CHALLENGE_BITS = 256

/** κ: how much longer a mask is than what it hides. */
export const SLACK_BITS = 128

/** ℓ(g) = L + T + κ + ⌈log2 g⌉: bits of the mask of a proof about a product of g ciphertexts. */
export function maskBits(size: KeySize, ciphertexts = 1): number {
  return blindingBits(size) + CHALLENGE_BITS + SLACK_BITS + Math.ceil(Math.log2(ciphertexts))
}
