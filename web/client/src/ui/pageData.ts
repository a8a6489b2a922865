// What the server wrote into the page for the script: addresses, words, names of days. web/client/README.md.

import { displayCode } from "../crypto/displayCode.ts"
import { PsephosError } from "../errors.ts"
import { TermsMismatch } from "../protocol/errors.ts"
import type { Terms } from "../protocol/terms.ts"

/** A page that does not keep the contract of web/client/README.md: a fault of this website, not of the voter. */
export class PageFault extends PsephosError {
  readonly code = "page-fault"
}

/** The fields that every page of an election has. */
export type PageData = {
  readonly lang: "en" | "vi"
  readonly election: string
  readonly api: string
  /** The election's fingerprint as a display code; null where the page does not name it. */
  readonly fingerprint: string | null
  readonly zone: string
  readonly zoneLabel: string
  readonly weekdays: readonly string[]
  readonly months: readonly string[]
  readonly texts: { readonly [key: string]: string }
  readonly [more: string]: unknown
}

/** Read `#page-data`. @throws PageFault */
export function readPageData(page: Document): PageData {
  const element = page.getElementById("page-data")
  if (element === null) throw new PageFault("The page has no #page-data.")
  return checkPageData(JSON.parse(element.textContent ?? ""))
}

/** @throws PageFault naming the field */
export function checkPageData(value: unknown): PageData {
  if (typeof value !== "object" || value === null) throw new PageFault("#page-data is no object.")
  const data = value as PageData
  for (const name of ["election", "api", "zone", "zoneLabel"]) textField(data, name)
  if (data.lang !== "en" && data.lang !== "vi") throw new PageFault("#page-data: lang is neither en nor vi.")
  if (data.fingerprint !== null) textField(data, "fingerprint")
  if (!areTexts(data.weekdays, 7) || !areTexts(data.months, 12)) throw new PageFault("#page-data: weekdays or months.")
  if (typeof data.texts !== "object" || data.texts === null) throw new PageFault("#page-data has no texts.")
  return data
}

/** The page's words and the terms belong to one vote. @throws TermsMismatch */
export function requireNamed(data: PageData, terms: Terms): void {
  if (data.fingerprint === null || data.fingerprint === displayCode(terms.fingerprint)) return
  throw new TermsMismatch("The page names another fingerprint than that of the terms.")
}

/** A text of the page's data, or of an object in it. @throws PageFault */
export function textField(from: unknown, name: string): string {
  const value = typeof from === "object" && from !== null ? (from as { [key: string]: unknown })[name] : undefined
  if (typeof value !== "string") throw new PageFault(`#page-data has no text “${name}”.`)
  return value
}

function areTexts(value: unknown, count: number): boolean {
  return Array.isArray(value) && value.length === count && value.every((each) => typeof each === "string")
}
