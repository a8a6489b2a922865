// RFC 8785 canonical JSON without floats, and the strict reading of it. `JSON.parse` accepts duplicate keys, white
// space, `-0` and `1e3`; two spellings of one record would have two digests. So a text is accepted only if encoding
// what was understood gives back the very text that came.

import { MalformedRecord } from "./errors.ts"

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
export type JsonObject = { readonly [key: string]: JsonValue }

/** The canonical text of a value. @throws MalformedRecord for a number that is no integer below 2^53 */
export function encodeCanonical(value: JsonValue): string {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new MalformedRecord("A record holds whole numbers below 2^53 only.")
    return String(value)
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  if (isArray(value)) return `[${value.map(encodeCanonical).join(",")}]`
  // The default order of `sort` is that of RFC 8785: UTF-16 code units.
  const fields = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${encodeCanonical(value[key]!)}`)
  return `{${fields.join(",")}}`
}

/** The value that a canonical text spells. @throws MalformedRecord */
export function parseCanonical(text: string): JsonValue {
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch (error) {
    throw new MalformedRecord("Not JSON.", { cause: error })
  }
  if (encodeCanonical(value) !== text) throw new MalformedRecord("Not canonical JSON.")
  return value
}

/** `Array.isArray` that also narrows a readonly array. */
export function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
