// The review: the answers, the sealing while the voter reads them, and the receipt code, which is shown before the
// voter can choose between casting and testing. A device that cheats has to commit itself first.

import { displayCode } from "../crypto/displayCode.ts"
import type { Answers } from "../protocol/ballot.ts"
import type { LocalText } from "../protocol/manifest.ts"
import type { Terms } from "../protocol/terms.ts"
import { describeAnswer } from "./answers.ts"
import { action, field, fillCode, fillLines, fromTemplate, hook } from "./dom.ts"
import { hashOf } from "./steps.ts"
import type { Texts } from "./texts.ts"

export class ReviewStep {
  readonly cast: HTMLButtonElement
  readonly test: HTMLButtonElement
  readonly #page: Document
  readonly #lang: keyof LocalText
  readonly #texts: Texts
  readonly #list: HTMLElement
  readonly #sealing: HTMLElement
  readonly #progress: HTMLProgressElement
  readonly #progressText: HTMLElement
  readonly #sealed: HTMLElement

  constructor(page: Document, section: HTMLElement, lang: keyof LocalText, texts: Texts) {
    this.#page = page
    this.#lang = lang
    this.#texts = texts
    this.#list = hook(section, "dl#review-list")
    this.#sealing = hook(section, "#sealing")
    this.#progress = hook(this.#sealing, "progress#sealing-progress", HTMLProgressElement)
    this.#progressText = field(this.#sealing, "sealing-text")
    this.#sealed = hook(section, "#sealed")
    this.cast = action(section, "cast", HTMLButtonElement)
    this.test = action(section, "test", HTMLButtonElement)
  }

  /** @param onChange - called with the position of the question that is to be changed */
  fill({ layouts }: Terms, answers: Answers, onChange: (index: number) => void): void {
    const lang = this.#lang
    const rows = layouts.map(({ question }, i) => {
      const row = fromTemplate(this.#page, "review-row")
      const { lines, note } = describeAnswer(question, answers[i] ?? [], lang)
      field(row, "question").textContent = question.text[lang]
      fillLines(this.#page, field(row, "answers"), this.#texts.lines(lines))
      field(row, "note").textContent = note === null ? "" : this.#texts.say(note)
      field(row, "change-what").textContent = ` ${this.#texts.say({ key: "review.change", values: { n: i + 1 } })}`
      const change = action(row, "change", HTMLAnchorElement)
      change.href = hashOf({ step: "question", index: i })
      change.addEventListener("click", (event) => {
        event.preventDefault()
        onChange(i)
      })
      return row
    })
    this.#list.replaceChildren(...rows)
  }

  /** Take the answers off the page. */
  empty(): void {
    this.#list.replaceChildren()
  }

  showUnsealed(): void {
    this.#sealing.hidden = false
    this.#sealed.hidden = true
    this.cast.disabled = true
    this.test.disabled = true
  }

  showSealed(tracker: Uint8Array): void {
    this.#sealing.hidden = true
    fillCode(this.#page, field(this.#sealed, "tracker"), displayCode(tracker))
    this.#sealed.hidden = false
    this.cast.disabled = false
    this.test.disabled = false
  }

  /** @param part - done, 0 to 1. The words change by tens, so that a screen reader is not kept talking. */
  showProgress(stage: "tables" | "ballot", part: number): void {
    this.#progress.value = Math.floor(100 * part)
    const sentence = this.#texts.say({ key: `sealing.${stage}`, values: { percent: 10 * Math.floor(10 * part) } })
    if (this.#progressText.textContent !== sentence) this.#progressText.textContent = sentence
  }
}
