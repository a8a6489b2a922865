// The frozen terms of an election: manifest, key and roll, tied by the fingerprint that letters carry and all
// trustees signed. Nothing that the server says is believed before this holds.

import { verifyModulus, verifyNthRoots, verifySquareRoots } from "../crypto/certificate.ts"
import { bytesToInt, decodeBase64url, encodeBase64url, equalBytes } from "../crypto/encoding.ts"
import { CryptoError } from "../crypto/errors.ts"
import { keySize, nBytes } from "../crypto/keySize.ts"
import { requireSoundPublicKey, verifySignature } from "../crypto/signature.ts"
import { encodeCanonical, type JsonValue, parseCanonical } from "./canonicalJson.ts"
import { base64url, bytes, type Decoder, electionId, integer, list, oneOf, record } from "./decode.ts"
import { TermsMismatch } from "./errors.ts"
import { fingerprintOf, freezeMessage } from "./fingerprint.ts"
import { layOut, type QuestionLayout } from "./layout.ts"
import { bodyDigest } from "./leaf.ts"
import { decodeManifest, type Manifest } from "./manifest.ts"

/** What a ballot, a proof or a check depends on. key: the public numbers that a voter's device checks.
 * signatures: of the freeze, in the order of the trustees; see `verifyFreeze`. */
export type Terms = {
  readonly manifest: Manifest
  readonly fingerprint: Uint8Array
  readonly totalWeight: number
  readonly layouts: readonly QuestionLayout[]
  readonly key: {
    readonly n: bigint
    readonly nthRoots: readonly bigint[]
    readonly squareRoots: readonly bigint[]
  }
  readonly signatures: readonly Uint8Array[]
}

const any: Decoder<JsonValue> = (value) => value
const envelope = record({
  ceremony: any,
  fingerprint: bytes(32),
  format: oneOf("psephos/terms/v1"),
  freeze: any,
  manifest: any,
  roll_digest: bytes(32),
  total_weight: integer(1, 1_000_000 * 1_000_000),
})

/** The terms in the server's answer, with digests and fingerprint recomputed.
 *
 * The total weight stands in the roll, which this device does not load. A wrong one makes ballots that the door and
 * every verifier refuse; it cannot change a vote.
 * @param election - the identifier that the page is about
 * @throws MalformedRecord, ManifestInvalid, TermsMismatch */
export function decodeTerms(answer: string, election: string): Terms {
  const wire = envelope(parseCanonical(answer), "terms")
  const manifest = decodeManifest(wire.manifest)
  const ceremony = ceremonyOf(manifest)(wire.ceremony, "ceremony")
  const freeze = freezeOf(manifest)(wire.freeze, "freeze")
  for (const named of [manifest.election, ceremony.election, freeze.election]) {
    if (named !== election) throw new TermsMismatch("These are the terms of another election.")
  }
  const fingerprint = fingerprintOf(
    bodyDigest("manifest", encodeCanonical(wire.manifest)),
    bodyDigest("ceremony", encodeCanonical(wire.ceremony)),
    wire.roll_digest,
  )
  if (!equalBytes(fingerprint, wire.fingerprint) || !equalBytes(fingerprint, freeze.fingerprint)) {
    throw new TermsMismatch("The fingerprint is not that of these terms.")
  }
  return {
    manifest,
    fingerprint,
    totalWeight: wire.total_weight,
    layouts: layOut(manifest, wire.total_weight),
    key: { n: ceremony.n, nthRoots: ceremony.nth_roots, squareRoots: ceremony.square_roots },
    signatures: freeze.signatures,
  }
}

/** Check that every trustee signed this fingerprint, and that all keys of the manifest are sound.
 * @throws TermsMismatch */
export function verifyFreeze(terms: Terms): void {
  const { manifest } = terms
  const message = freezeMessage(manifest.election, terms.fingerprint)
  try {
    manifest.trustees.forEach((trustee, i) => {
      verifySignature(decodeBase64url(trustee.key, 32), message, terms.signatures[i]!)
    })
    const { log_key, server_key, registrar_key } = manifest
    const others = [log_key, server_key, ...manifest.witnesses.map((witness) => witness.key)]
    if (registrar_key !== null) others.push(registrar_key)
    for (const key of others) requireSoundPublicKey(decodeBase64url(key, 32))
  } catch (error) {
    if (error instanceof CryptoError) throw new TermsMismatch("A trustee did not sign this.", { cause: error })
    throw error
  }
}

/** Check the certificate of the modulus. About 0.3 s at 2048 bits, 0.8 s at 3072. @throws KeyRefused */
export function verifyKey(terms: Terms): void {
  const { n, nthRoots, squareRoots } = terms.key
  verifyModulus(n, terms.manifest.bits)
  verifyNthRoots(n, nthRoots)
  verifySquareRoots(n, squareRoots)
}

/** The fingerprint as it stands in records. */
export function fingerprintText(terms: Terms): string {
  return encodeBase64url(terms.fingerprint)
}

function ceremonyOf(manifest: Manifest) {
  const length = nBytes(keySize(manifest.bits))
  const count = manifest.trustees.length
  return record({
    election: electionId,
    f0: base64url(length),
    feldman: list(list(base64url(length), manifest.threshold, manifest.threshold), count, count),
    format: oneOf("psephos/ceremony/v1"),
    k: base64url(length + 48),
    n: number(length),
    nth_roots: list(number(length), 7, 7),
    square_roots: list(number(length), 128, 128),
    // Shared as the manifest says, and not otherwise.
    threshold: integer(manifest.threshold, manifest.threshold),
    transcript: base64url(32),
    trustees: integer(count, count),
  })
}

function freezeOf(manifest: Manifest) {
  const count = manifest.trustees.length
  return record({
    election: electionId,
    fingerprint: bytes(32),
    format: oneOf("psephos/freeze/v1"),
    signatures: list(bytes(64), count, count),
  })
}

function number(lengthBytes: number): Decoder<bigint> {
  return (value, path) => bytesToInt(bytes(lengthBytes)(value, path))
}
