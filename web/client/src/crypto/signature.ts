// Ed25519 (RFC 8032) with one verdict: a signature is good everywhere or nowhere. noble's own `verify` multiplies by
// the cofactor, also with `zip215: false`; an owner could then make signatures that some verifiers take and others
// refuse. So: sound keys only, S < ℓ, and R must be, byte for byte, the encoding of S·B − k·A.

import { ed25519 } from "@noble/curves/ed25519.js"
import { sha512 } from "@noble/hashes/sha2.js"
import { concatBytes } from "@noble/hashes/utils.js"
import { bytesToInt, equalBytes, utf8 } from "./encoding.ts"
import { CryptoError, MalformedEncoding } from "./errors.ts"
import { tupleHash } from "./transcript.ts"

type Point = InstanceType<typeof ed25519.Point>

export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Bytes that are not an Ed25519 public key on whose signatures all verifiers agree. */
export class UnsoundPublicKey extends CryptoError {
  readonly code = "unsound-public-key"
}

/** A signature that does not belong to this key and message. */
export class SignatureFailed extends CryptoError {
  readonly code = "signature-failed"
}

/** A private key and its public half. The seed never leaves the device. */
export type SigningKey = { readonly seed: Uint8Array; readonly publicKey: Uint8Array }

/** The key of RFC 8032 §5.1.5. seed: 32 secret bytes. @throws MalformedEncoding */
export function signingKey(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new MalformedEncoding(`A signing key's seed has 32 bytes, not ${seed.length}.`)
  return { seed, publicKey: ed25519.getPublicKey(seed) }
}

/** 64 bytes, deterministic. */
export function sign(key: SigningKey, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, key.seed)
}

/** Check that the key is canonical, of prime order and not the neutral element. @throws UnsoundPublicKey */
export function requireSoundPublicKey(publicKey: Uint8Array): void {
  soundPoint(publicKey)
}

/** Check that the owner of `publicKey` signed exactly `message`. @throws UnsoundPublicKey, SignatureFailed */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
  const key = soundPoint(publicKey)
  if (signature.length !== SIGNATURE_BYTES) {
    throw new SignatureFailed(`A signature has ${SIGNATURE_BYTES} bytes, not ${signature.length}.`)
  }
  const order = ed25519.Point.Fn.ORDER
  const commitment = signature.slice(0, 32)
  const scalar = littleEndian(signature.slice(32))
  if (scalar >= order) throw new SignatureFailed("The signature's second half is not below the group's order.")
  const challenge = littleEndian(sha512(concatBytes(commitment, publicKey, message))) % order
  // With key and base point in the subgroup the difference lies in it too: the comparison of bytes also shows that R
  // is canonical and has no part of small order.
  const expected = ed25519.Point.BASE.multiplyUnsafe(scalar).subtract(key.multiplyUnsafe(challenge))
  if (!equalBytes(expected.toBytes(), commitment)) {
    throw new SignatureFailed("The signature was made with another key or for other content.")
  }
}

/** What is signed of a body: H_sign(kind, digest), PROTOCOL §1. */
export function bodyMessage(kind: string, digest: Uint8Array): Uint8Array {
  return tupleHash("sign", [utf8(kind), digest])
}

function soundPoint(publicKey: Uint8Array): Point {
  let point: Point
  try {
    point = ed25519.Point.fromBytes(publicKey)
  } catch (error) {
    throw new UnsoundPublicKey("Not the canonical encoding of a point of the curve.", { cause: error })
  }
  if (point.is0() || !point.isTorsionFree()) throw new UnsoundPublicKey("The key has a part of small order.")
  return point
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytesToInt(bytes.slice().reverse())
}
