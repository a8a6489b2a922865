// Small decoders that are put together into records: exact fields, exact types, limits. Each gets the value and the
// path to it, and answers a typed value or throws MalformedRecord naming the path.

import { decodeBase64url } from "../crypto/encoding.ts"
import { CryptoError } from "../crypto/errors.ts"
import { isArray, type JsonObject, type JsonValue } from "./canonicalJson.ts"
import { MalformedRecord } from "./errors.ts"

export type Decoder<T> = (value: JsonValue, path: string) => T
export type Decoded<D> = D extends Decoder<infer T> ? T : never

/** An object with exactly these fields. */
export function record<F extends Record<string, Decoder<unknown>>>(fields: F): Decoder<{ readonly [K in keyof F]: Decoded<F[K]> }> {
  return (value, path) => {
    const object = objectAt(value, path)
    for (const key of Object.keys(object)) {
      if (!Object.hasOwn(fields, key)) throw new MalformedRecord(`${path}.${key}: there is no such field.`)
    }
    const entries = Object.entries(fields).map(([key, decode]) => {
      if (!Object.hasOwn(object, key)) throw new MalformedRecord(`${path}.${key} is missing.`)
      return [key, decode(object[key]!, `${path}.${key}`)]
    })
    return Object.fromEntries(entries) as { readonly [K in keyof F]: Decoded<F[K]> }
  }
}

/** One of several records, told apart by the text in `tag`. */
export function tagged<T>(tag: string, variants: { readonly [name: string]: Decoder<T> }): Decoder<T> {
  return (value, path) => {
    const name = objectAt(value, path)[tag]
    const decode = typeof name === "string" && Object.hasOwn(variants, name) ? variants[name] : undefined
    if (decode === undefined) throw new MalformedRecord(`${path}.${tag} is none of ${Object.keys(variants).join(", ")}.`)
    return decode(value, path)
  }
}

/** A list of `least` to `most` items. */
export function list<T>(item: Decoder<T>, least = 0, most = Number.POSITIVE_INFINITY): Decoder<readonly T[]> {
  return (value, path) => {
    if (!isArray(value)) throw new MalformedRecord(`${path} is not a list.`)
    if (value.length < least || value.length > most) {
      throw new MalformedRecord(`${path} has ${value.length} items; ${least} to ${most} are allowed.`)
    }
    return value.map((each, i) => item(each, `${path}[${i}]`))
  }
}

/** The value, or null. */
export function nullable<T>(decode: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null ? null : decode(value, path))
}

/** One of these texts. */
export function oneOf<T extends string>(...allowed: readonly T[]): Decoder<T> {
  return (value, path) => {
    const found = allowed.find((each) => each === value)
    if (found === undefined) throw new MalformedRecord(`${path} is none of ${allowed.join(", ")}.`)
    return found
  }
}

/** An integer from `least` to `most`. */
export function integer(least = 0, most = Number.MAX_SAFE_INTEGER): Decoder<number> {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
      throw new MalformedRecord(`${path} is not an integer from ${least} to ${most}.`)
    }
    return value
  }
}

export const boolean: Decoder<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new MalformedRecord(`${path} is not true or false.`)
  return value
}

/** A text that matches a pattern as a whole. */
export function matching(pattern: RegExp): Decoder<string> {
  return (value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) throw new MalformedRecord(`${path} has the wrong form.`)
    return value
  }
}

/** Any text. */
export const string: Decoder<string> = matching(/^/)

// Controls and bidirectional controls (PROTOCOL §1): what a reader cannot see must not be signed.
const UNSEEN = /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u

/** NFC text of 1 to `most` characters without unseen controls. */
export function text(most: number): Decoder<string> {
  return (value, path) => {
    if (typeof value !== "string" || value === "" || [...value].length > most) {
      throw new MalformedRecord(`${path} is not a text of 1 to ${most} characters.`)
    }
    if (UNSEEN.test(value)) throw new MalformedRecord(`${path} holds a control character.`)
    if (value.normalize("NFC") !== value) throw new MalformedRecord(`${path} is not in Unicode normal form C.`)
    return value
  }
}

/** Canonical base64url of exactly this many bytes; stays text. */
export function base64url(lengthBytes: number): Decoder<string> {
  return (value, path) => {
    bytes(lengthBytes)(value, path)
    return value as string
  }
}

/** The bytes of canonical base64url of exactly this length. */
export function bytes(lengthBytes: number): Decoder<Uint8Array> {
  return (value, path) => {
    if (typeof value !== "string") throw new MalformedRecord(`${path} is not a text.`)
    try {
      return decodeBase64url(value, lengthBytes)
    } catch (error) {
      if (error instanceof CryptoError) throw new MalformedRecord(`${path}: ${error.message}`, { cause: error })
      throw error
    }
  }
}

export const electionId = matching(/^[0-9a-f]{32}$/)
export const identifier = matching(/^[a-z0-9][a-z0-9-]{0,31}$/)

/** A UTC time to the second that exists in the calendar. */
export const timestamp: Decoder<string> = (value, path) => {
  const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)(value, path)
  const milliseconds = Date.parse(time)
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== `${time.slice(0, -1)}.000Z`) {
    throw new MalformedRecord(`${path} is not a time that exists.`)
  }
  return time
}

function objectAt(value: JsonValue, path: string): JsonObject {
  if (value === null || typeof value !== "object" || isArray(value)) throw new MalformedRecord(`${path} is not an object.`)
  return value
}
