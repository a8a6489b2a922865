// One value, one spelling: fixed-length big-endian integers, base64url without padding. The browser's own
// decoders accept white space, padding and non-zero trailing bits; two spellings of one value would give one
// ballot two trackers. Everything here refuses what it would not itself write.

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js"
import { MalformedEncoding, OutOfRange } from "./errors.ts"

const URL_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const STANDARD_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

const encoder = new TextEncoder()

/** UTF-8. A lone surrogate would become U+FFFD: texts are checked where they are decoded. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Whether two byte strings are the same. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** RFC 4648 section 5, without padding. */
export function encodeBase64url(data: Uint8Array): string {
  return encodeWith(URL_ALPHABET, data)
}

/** The bytes that `text` spells.
 * @throws MalformedEncoding unless `text` is exactly what `encodeBase64url` writes for `lengthBytes` bytes */
export function decodeBase64url(text: string, lengthBytes: number): Uint8Array {
  if (text.length !== Math.ceil((lengthBytes * 8) / 6)) {
    throw new MalformedEncoding(`Expected ${lengthBytes} bytes in base64url without padding.`)
  }
  return decodeWith(URL_ALPHABET, text)
}

/** Standard base64 (RFC 4648 section 4) with padding, in its one canonical spelling.
 * @throws MalformedEncoding */
export function decodeBase64(text: string): Uint8Array {
  const body = text.replace(/={1,2}$/, "")
  const data = decodeWith(STANDARD_ALPHABET, body)
  if (encodeBase64(data) !== text) throw new MalformedEncoding("Not canonical base64.")
  return data
}

/** Standard base64 (RFC 4648 section 4) with padding. */
export function encodeBase64(data: Uint8Array): string {
  return encodeWith(STANDARD_ALPHABET, data) + "=".repeat((3 - (data.length % 3)) % 3)
}

/** Unsigned big-endian, exactly `lengthBytes` long.
 * @throws OutOfRange when the value is negative or does not fit */
export function intToBytes(value: bigint, lengthBytes: number): Uint8Array {
  const hex = value.toString(16)
  if (value < 0n || hex.length > 2 * lengthBytes) {
    throw new OutOfRange(`The number does not fit into ${lengthBytes} unsigned bytes.`)
  }
  return hexToBytes(hex.padStart(2 * lengthBytes, "0"))
}

/** The unsigned big-endian number that `data` spells. */
export function bytesToInt(data: Uint8Array): bigint {
  return data.length === 0 ? 0n : BigInt(`0x${bytesToHex(data)}`)
}

/** An integer as base64url text of its group's fixed length. @throws OutOfRange */
export function encodeInt(value: bigint, lengthBytes: number): string {
  return encodeBase64url(intToBytes(value, lengthBytes))
}

/** Inverse of `encodeInt`; the range within the group is the caller's check. @throws MalformedEncoding */
export function decodeInt(text: string, lengthBytes: number): bigint {
  return bytesToInt(decodeBase64url(text, lengthBytes))
}

function encodeWith(alphabet: string, data: Uint8Array): string {
  let text = ""
  let pending = 0
  let bits = 0
  for (const byte of data) {
    pending = (pending << 8) | byte
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(pending >> (bits - 6)) & 63]
    pending &= 63
  }
  return bits > 0 ? text + alphabet[(pending << (6 - bits)) & 63] : text
}

function decodeWith(alphabet: string, text: string): Uint8Array {
  if (text.length % 4 === 1) throw new MalformedEncoding("No bytes have a base64 spelling of this length.")
  const data = new Uint8Array(Math.floor((text.length * 6) / 8))
  let pending = 0
  let bits = 0
  let at = 0
  for (const symbol of text) {
    const value = alphabet.indexOf(symbol)
    if (value < 0) throw new MalformedEncoding("A character that base64 does not have.")
    pending = ((pending << 6) | value) & 0xfff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      data[at++] = (pending >> bits) & 255
    }
  }
  if ((pending & ((1 << bits) - 1)) !== 0) {
    throw new MalformedEncoding("Not the canonical base64 spelling of these bytes.")
  }
  return data
}
