// C2SP signed-note (https://c2sp.org/signed-note): a text, an empty line, signature lines
//
//     — name base64(4-byte key ID ‖ signature)
//
// Signatures of unknown keys are ignored, as the specification demands; a known key signs a note once.

import { sha256 } from "@noble/hashes/sha2.js"
import { concatBytes } from "@noble/hashes/utils.js"
import { decodeBase64, equalBytes, utf8 } from "./encoding.ts"
import { CryptoError, MalformedEncoding } from "./errors.ts"
import { verifySignature } from "./signature.ts"

const MAX_NOTE_BYTES = 64 * 1024
const MAX_SIGNATURES = 16
const KEY_ID_BYTES = 4
const LINE_START = "— "

/** Signature types of the key ID: a plain Ed25519 note signature, a timestamped cosignature. */
export type SignatureType = 1 | 4

/** Text that is not a signed note. */
export class MalformedNote extends CryptoError {
  readonly code = "malformed-note"
}

/** A note without a signature by the key that must have signed it. */
export class SignatureMissing extends CryptoError {
  readonly code = "signature-missing"
}

/** A parsed note; nothing in it is verified. text: with its final newline. */
export type Note = {
  readonly text: string
  readonly signatures: readonly {
    readonly keyName: string
    readonly keyId: Uint8Array
    readonly signature: Uint8Array
  }[]
}

/** Split a signed note: at most 64 KiB of UTF-8, 1 to 16 signature lines. @throws MalformedNote */
export function parseNote(note: string): Note {
  if (/\p{Surrogate}/u.test(note)) throw new MalformedNote("A signed note is UTF-8.")
  if (utf8(note).length > MAX_NOTE_BYTES) throw new MalformedNote(`A signed note has at most ${MAX_NOTE_BYTES} bytes.`)
  if (/[\x00-\x09\x0b-\x1f]/.test(note)) {
    throw new MalformedNote("A signed note has no control characters but newlines.")
  }
  const textEnd = note.lastIndexOf("\n\n")
  if (textEnd < 0 || !note.endsWith("\n") || textEnd + 2 === note.length) {
    throw new MalformedNote("A signed note is a text, an empty line and lines of signatures.")
  }
  const lines = note.slice(textEnd + 2, -1).split("\n")
  if (lines.length > MAX_SIGNATURES) throw new MalformedNote(`A signed note has at most ${MAX_SIGNATURES} signatures.`)
  return { text: note.slice(0, textEnd + 1), signatures: lines.map(parseLine) }
}

/** The bytes after the key ID in the one line of this key; not verified.
 * @throws SignatureMissing; MalformedNote when the key stands there twice */
export function signatureBy(note: Note, keyName: string, type: SignatureType, publicKey: Uint8Array): Uint8Array {
  const identity = keyId(keyName, type, publicKey)
  const found = note.signatures.filter((each) => each.keyName === keyName && equalBytes(each.keyId, identity))
  if (found.length > 1) throw new MalformedNote("One key signed the note twice.")
  const [only] = found
  if (only === undefined) throw new SignatureMissing("The note carries no signature by this key.")
  return only.signature
}

/** Check the note's one Ed25519 signature by this key.
 * @throws SignatureMissing, MalformedNote, SignatureFailed, UnsoundPublicKey */
export function verifyNote(note: Note, keyName: string, publicKey: Uint8Array): void {
  verifySignature(publicKey, utf8(note.text), signatureBy(note, keyName, 1, publicKey))
}

/** A key name is not empty and has neither white space nor control characters nor “+”. @throws MalformedNote */
export function requireKeyName(name: string): void {
  if (!isKeyName(name)) {
    throw new MalformedNote("A key's name is not empty and has no spaces, control characters or “+”.")
  }
}

/** Whether a key may have this name. */
export function isKeyName(name: string): boolean {
  return name !== "" && !/[\p{White_Space}+\x00-\x1f]/u.test(name)
}

/** Canonical standard base64 inside a note. @throws MalformedNote */
export function decodeNoteBase64(text: string): Uint8Array {
  try {
    return decodeBase64(text)
  } catch (error) {
    if (error instanceof MalformedEncoding) throw new MalformedNote("Not canonical base64.", { cause: error })
    throw error
  }
}

function keyId(keyName: string, type: SignatureType, publicKey: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8(`${keyName}\n`), Uint8Array.of(type), publicKey)).slice(0, KEY_ID_BYTES)
}

function parseLine(line: string): Note["signatures"][number] {
  const [keyName, encoded, ...more] = line.slice(LINE_START.length).split(" ")
  if (!line.startsWith(LINE_START) || keyName === undefined || encoded === undefined || more.length > 0) {
    throw new MalformedNote("A signature line is an em dash, a key's name and base64.")
  }
  requireKeyName(keyName)
  const data = decodeNoteBase64(encoded)
  if (data.length <= KEY_ID_BYTES) throw new MalformedNote("A note's signature is empty.")
  return { keyName, keyId: data.slice(0, KEY_ID_BYTES), signature: data.slice(KEY_ID_BYTES) }
}
