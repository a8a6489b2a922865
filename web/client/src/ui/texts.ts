// The page's sentences with their placeholders filled, numbers and times as the language writes them.

import { type PageData, PageFault } from "./pageData.ts"

export type Values = { readonly [placeholder: string]: string | number }

/** A sentence by its key. count: chooses between KEY.one and KEY.other, as the page itself does in both languages. */
export type Message = { readonly key: string; readonly values?: Values; readonly count?: number }

export class Texts {
  readonly #data: PageData
  readonly #number: Intl.NumberFormat
  readonly #clock: Intl.DateTimeFormat

  constructor(data: PageData) {
    this.#data = data
    this.#number = new Intl.NumberFormat(data.lang)
    this.#clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: data.zone,
      weekday: "short",
      day: "numeric",
      month: "numeric",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    })
  }

  /** Whether the page has a sentence for this key. */
  has(key: string): boolean {
    return Object.hasOwn(this.#data.texts, key)
  }

  /** @throws PageFault for a key or placeholder that is missing */
  say({ key, values = {}, count }: Message): string {
    const name = count === undefined ? key : `${key}.${count === 1 ? "one" : "other"}`
    const sentence = this.#data.texts[name]
    if (sentence === undefined) throw new PageFault(`The page has no text “${name}”.`)
    return sentence.replace(/\{(\w+)\}/g, (_, placeholder: string) => {
      const value = values[placeholder]
      if (value === undefined) throw new PageFault(`Text “${name}” wants {${placeholder}}.`)
      return typeof value === "number" ? this.number(value) : value
    })
  }

  /** Lines of words, some of which are sentences of the page. */
  lines(lines: readonly (string | Message)[]): readonly string[] {
    return lines.map((line) => (typeof line === "string" ? line : this.say(line)))
  }

  number(value: number): string {
    return this.#number.format(value)
  }

  /** A UTC time of a record, in the election's zone. */
  time(utc: string | number): string {
    const parts: { [type: string]: string } = {}
    for (const { type, value } of this.#clock.formatToParts(new Date(utc))) parts[type] = value
    const weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(parts["weekday"] ?? "")
    return this.say({
      key: "time.full",
      values: {
        weekday: this.#data.weekdays[weekday] ?? "",
        day: this.#data.lang === "vi" ? (parts["day"] ?? "").padStart(2, "0") : (parts["day"] ?? ""),
        month: this.#data.months[Number(parts["month"]) - 1] ?? "",
        year: parts["year"] ?? "",
        time: `${Number(parts["hour"])}:${parts["minute"]}`,
        zone: this.#data.zoneLabel,
      },
    })
  }
}
