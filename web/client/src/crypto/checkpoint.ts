// The head of a log: C2SP tlog-checkpoint, and witnesses' cosignatures on it (C2SP tlog-cosignature, v1).
// https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature. Extension lines are refused: nothing would
// audit them.

import { bytesToInt, utf8 } from "./encoding.ts"
import { CryptoError } from "./errors.ts"
import { HASH_BYTES, type TreeHead } from "./merkle.ts"
import { decodeNoteBase64, MalformedNote, parseNote, requireKeyName, signatureBy, verifyNote } from "./note.ts"
import { SIGNATURE_BYTES, SignatureFailed, verifySignature } from "./signature.ts"

const MAX_SIZE = 2n ** 63n - 1n
const TIMESTAMP_BYTES = 8

/** A note's text that is not a checkpoint. */
export class MalformedCheckpoint extends CryptoError {
  readonly code = "malformed-checkpoint"
}

/** A well-formed checkpoint of another log. */
export class WrongOrigin extends CryptoError {
  readonly code = "wrong-origin"
}

/** What a log says about itself at one size. origin: which log, and the key name under which it signs. */
export type Checkpoint = TreeHead & { readonly origin: string }

/** The checkpoint that a note's text spells: exactly three lines. @throws MalformedCheckpoint */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin, size, root, end, ...more] = text.split("\n")
  if (origin === undefined || size === undefined || root === undefined || end !== "" || more.length > 0) {
    throw new MalformedCheckpoint("A checkpoint is three lines: origin, tree size, root hash.")
  }
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size) || BigInt(size) > MAX_SIZE) {
    throw new MalformedCheckpoint("A checkpoint's size is a plain decimal number below 2^63.")
  }
  const checkpoint = { origin, size: BigInt(size), root: decodeLines(origin, root) }
  if (checkpoint.root.length !== HASH_BYTES) throw new MalformedCheckpoint("A root hash has 32 bytes.")
  return checkpoint
}

/** Check that the log `origin` signed this checkpoint with the key that is known for it.
 * @throws MalformedNote, SignatureMissing, SignatureFailed, UnsoundPublicKey, MalformedCheckpoint, WrongOrigin */
export function verifyCheckpoint(note: string, origin: string, publicKey: Uint8Array): Checkpoint {
  const parsed = parseNote(note)
  verifyNote(parsed, origin, publicKey)
  const checkpoint = parseCheckpointText(parsed.text)
  if (checkpoint.origin !== origin) throw new WrongOrigin("A checkpoint of another log.")
  return checkpoint
}

/** Check this witness's cosignature of the checkpoint; when it was made, in POSIX seconds.
 * @throws MalformedNote, MalformedCheckpoint, SignatureMissing, SignatureFailed, UnsoundPublicKey */
export function verifyCosignature(note: string, witnessName: string, publicKey: Uint8Array): bigint {
  const parsed = parseNote(note)
  parseCheckpointText(parsed.text)
  const stamped = signatureBy(parsed, witnessName, 4, publicKey)
  if (stamped.length !== TIMESTAMP_BYTES + SIGNATURE_BYTES) {
    throw new SignatureFailed("A cosignature has 8 bytes of time and 64 of signature.")
  }
  const timestamp = bytesToInt(stamped.slice(0, TIMESTAMP_BYTES))
  if (timestamp > MAX_SIZE) throw new SignatureFailed("A cosignature's time is below 2^63.")
  const message = utf8(`cosignature/v1\ntime ${timestamp}\n${parsed.text}`)
  verifySignature(publicKey, message, stamped.slice(TIMESTAMP_BYTES))
  return timestamp
}

function decodeLines(origin: string, root: string): Uint8Array {
  try {
    requireKeyName(origin)
    return decodeNoteBase64(root)
  } catch (error) {
    if (error instanceof MalformedNote) throw new MalformedCheckpoint("A malformed line.", { cause: error })
    throw error
  }
}
