// The voter's file: shows that and where a ballot stands, not what is in it. PROTOCOL §4, "receipt".

import type { Checkpoint } from "../crypto/checkpoint.ts"
import { encodeBase64url, equalBytes, utf8 } from "../crypto/encoding.ts"
import { leafHash, verifyInclusion } from "../crypto/merkle.ts"
import type { SealedBallot } from "./ballot.ts"
import { type BoardEntry, encodeHashes, verifyHead } from "./board.ts"
import { encodeCanonical, isArray, type JsonObject, type JsonValue, parseCanonical } from "./canonicalJson.ts"
import { bytes, type Decoder, electionId, integer, list, oneOf, record, string } from "./decode.ts"
import { EvidenceDiffers, MalformedRecord } from "./errors.ts"
import { bodyDigest, decodeLeafValue, type Leaf, verifyLeafSignature } from "./leaf.ts"
import { promise, type ServerPromise, verifyPromise } from "./promise.ts"
import { fingerprintText, type Terms } from "./terms.ts"

const ballotBody = record({
  answers: list((value: JsonValue) => value, 1, 20),
  credential: bytes(32),
  election: electionId,
  fingerprint: bytes(32),
  format: oneOf("psephos/ballot/v1"),
  sequence: integer(1, 2 ** 32 - 1),
})

const object: Decoder<JsonObject> = (value, path) => {
  if (value === null || typeof value !== "object" || isArray(value)) throw new MalformedRecord(`${path} is no object.`)
  return value
}

const receipt = record({
  ballot: object,
  checkpoint: string,
  election: electionId,
  fingerprint: bytes(32),
  format: oneOf("psephos/receipt/v1"),
  inclusion: list(bytes(32), 0, 64),
  leaf: object,
  promise,
  tracker: bytes(32),
})

/** A receipt whose every part was checked against the terms. */
export type Receipt = {
  readonly tracker: Uint8Array
  readonly credential: Uint8Array
  readonly sequence: number
  readonly leaf: Leaf
  readonly promise: ServerPromise
  readonly head: Checkpoint
}

/** The canonical text of the receipt of a ballot that was found on the board.
 * @param made - the promise as it came, of the entry's index */
export function makeReceipt(terms: Terms, ballot: SealedBallot, entry: BoardEntry, made: JsonObject): string {
  return encodeCanonical({
    ballot: parseCanonical(ballot.body),
    checkpoint: entry.note,
    election: terms.manifest.election,
    fingerprint: fingerprintText(terms),
    format: "psephos/receipt/v1",
    inclusion: encodeHashes(entry.proof),
    leaf: parseCanonical(entry.leafText),
    promise: made,
    tracker: encodeBase64url(ballot.tracker),
  })
}

/** Check a receipt without asking anybody: body, tracker, leaf and its signature, promise, inclusion, signed head.
 * @throws MalformedRecord, EvidenceDiffers, and the errors of each part */
export function verifyReceipt(terms: Terms, file: string): Receipt {
  const wire = receipt(parseCanonical(file), "receipt")
  const ballot = ballotBody(wire.ballot, "receipt.ballot")
  const tracker = bodyDigest("ballot", encodeCanonical(wire.ballot))
  const leaf = decodeLeafValue(wire.leaf, "receipt.leaf")
  const promised = wire.promise
  const { manifest, fingerprint } = terms
  const elections = [wire.election, ballot.election]
  const fingerprints = [wire.fingerprint, ballot.fingerprint]
  if (!elections.every((each) => each === manifest.election)) {
    throw new EvidenceDiffers("The receipt belongs to another election.")
  }
  if (!fingerprints.every((each) => equalBytes(each, fingerprint))) {
    throw new EvidenceDiffers("The receipt belongs to other terms of this election.")
  }
  if (leaf.kind !== "ballot" || ![wire.tracker, leaf.digest].every((digest) => equalBytes(digest, tracker))) {
    throw new EvidenceDiffers("The receipt's parts are about different ballots.")
  }
  verifyLeafSignature(leaf, ballot.credential)
  verifyPromise(manifest, promised, tracker)
  if (promised.time !== leaf.time) throw new EvidenceDiffers("Promise and leaf have different times.")
  const head = verifyHead(manifest, wire.checkpoint)
  verifyInclusion(leafHash(utf8(encodeCanonical(wire.leaf))), BigInt(promised.index), wire.inclusion, head)
  const { credential, sequence } = ballot
  return { tracker, credential, sequence, leaf, promise: promised, head }
}
