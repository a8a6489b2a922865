// One question on the page: its inputs, its live line, its mistakes.

import type { LocalText, Question } from "../protocol/manifest.ts"
import { liveLine, type RawAnswer, readAnswer } from "./answers.ts"
import { ErrorPlace, hook, optionalHook } from "./dom.ts"
import { PageFault } from "./pageData.ts"
import type { Message, Texts } from "./texts.ts"

export class QuestionScreen {
  readonly section: HTMLElement
  readonly question: Question
  readonly #lang: keyof LocalText
  readonly #texts: Texts
  readonly #form: HTMLFormElement
  readonly #inputs: readonly HTMLInputElement[]
  readonly #live: HTMLElement | null
  readonly #error: ErrorPlace

  /** @throws PageFault when hooks are missing or the section belongs to another question */
  constructor(section: HTMLElement, question: Question, lang: keyof LocalText, texts: Texts) {
    this.section = section
    this.question = question
    this.#lang = lang
    this.#texts = texts
    this.#form = hook(section, "form[data-question-form]", HTMLFormElement)
    this.#inputs = this.#findInputs()
    this.#live = optionalHook(section, "[data-chosen]")
    this.#error = new ErrorPlace(section, section)
    this.#form.addEventListener("input", () => this.#showLive())
    this.#showLive()
  }

  /** Whether the page shows the very words that the fingerprint covers, each beside its own input. */
  get showsManifest(): boolean {
    const { section, question } = this
    const kinds = section.dataset["question"] === question.id && section.dataset["kind"] === question.kind
    const heading = hook(section, "[data-question-text]")
    return (
      kinds &&
      sameWords(heading, question.text[this.#lang]) &&
      question.options.every((option, i) => {
        const label = hook(section, `[data-option-label="${i}"]`)
        const mine = [...(this.#inputs[i]?.labels ?? [])].some((each) => each.contains(label))
        return mine && sameWords(label, option.label[this.#lang])
      })
    )
  }

  onContinue(listener: () => void): void {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault()
      listener()
    })
  }

  /** The values of the answer; null after showing what is to be mended. shown: called before focus moves. */
  read(onMistake: () => void): readonly number[] | null {
    this.clearError()
    const read = readAnswer(this.question, this.#raw(), this.#lang)
    if (read.mistake === null) return read.values
    onMistake()
    const first = this.#inputs[read.option ?? 0] ?? null
    const wrong = read.option === null ? (first?.closest("fieldset") ?? first) : first
    this.#error.show(this.#texts.say(read.mistake), wrong, first)
    return null
  }

  clearError(): void {
    this.#error.clear()
  }

  /** Nothing chosen, nothing typed. */
  reset(): void {
    this.#form.reset()
    this.clearError()
    this.#showLive()
  }

  #findInputs(): readonly HTMLInputElement[] {
    const { section, question } = this
    const type = { "choose-one": "radio", approval: "checkbox", points: "text" }[question.kind]
    const names = [...question.options.keys()].map(String)
    if (question.kind === "choose-one") names.push("blank")
    const inputs = names.map((name) => hook(section, `input[data-option="${name}"]`, HTMLInputElement))
    const all = section.querySelectorAll("input[data-option]")
    if (all.length !== inputs.length || inputs.some((input) => input.type !== type)) {
      throw new PageFault(`The inputs of question ${question.id} are not those of its kind.`)
    }
    return inputs
  }

  #raw(): RawAnswer {
    const { kind } = this.question
    if (kind === "approval") return { kind, ticked: this.#inputs.map((input) => input.checked) }
    if (kind === "points") return { kind, typed: this.#inputs.map((input) => input.value) }
    const chosen = this.#inputs.findIndex((input) => input.checked)
    return { kind, chosen: chosen < 0 ? null : chosen === this.#inputs.length - 1 ? "blank" : chosen }
  }

  #showLive(): void {
    if (this.#live === null) return
    const sentences = liveLine(this.question, this.#raw()).map((message: Message) => this.#texts.say(message))
    this.#live.textContent = sentences.join(" ")
  }
}

function sameWords(element: Element, words: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, " ").trim()
  return plain(element.textContent ?? "") === plain(words)
}
