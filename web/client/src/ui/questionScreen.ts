// One question on the page: its inputs, its live line, its mistakes.

import type { LocalText, Question } from "../protocol/manifest.ts"
import { liveLine, type RawAnswer, readAnswer } from "./answers.ts"
import { ErrorPlace, hook, optionalHook } from "./dom.ts"
import { PageFault } from "./pageData.ts"
import type { Message, Texts } from "./texts.ts"

type Input = HTMLInputElement | HTMLSelectElement

export class QuestionScreen {
  readonly section: HTMLElement
  readonly question: Question
  readonly #lang: keyof LocalText
  readonly #texts: Texts
  readonly #form: HTMLFormElement
  readonly #inputs: readonly Input[]
  readonly #live: HTMLElement | null
  /** Of the question as a whole; and of single inputs that have a place of their own. */
  readonly #error: ErrorPlace
  readonly #errorAt: ReadonlyMap<Input, ErrorPlace>

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
    this.#errorAt = new Map(
      this.#inputs.flatMap((input) => {
        const group = input.closest("[data-option-group]")
        return group === null ? [] : [[input, new ErrorPlace(section, group)] as const]
      }),
    )
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
      (question.kind !== "ranking" ||
        sameWords(hook(section, "[data-position-points]"), question.positions.join(", "))) &&
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
    const own = read.option === null || first === null ? undefined : this.#errorAt.get(first)
    const place = own ?? this.#error
    place.show(this.#texts.say(read.mistake), wrong, first)
    return null
  }

  clearError(): void {
    for (const place of [this.#error, ...this.#errorAt.values()]) place.clear()
  }

  /** Nothing chosen, nothing typed. */
  reset(): void {
    this.#form.reset()
    this.clearError()
    this.#showLive()
  }

  #findInputs(): readonly Input[] {
    const { section, question } = this
    const type = { "choose-one": "radio", approval: "checkbox", points: "text", ranking: "select-one" }[question.kind]
    const names = [...question.options.keys()].map(String)
    const inputs = names.map((name) => hook<Input>(section, `[data-option="${name}"]`))
    const blanks = question.kind === "choose-one" || question.kind === "ranking" ? [hook<Input>(section, '[data-option="blank"]')] : []
    const blankType = question.kind === "ranking" ? "checkbox" : type
    const all = section.querySelectorAll("[data-option]")
    if (
      all.length !== inputs.length + blanks.length ||
      inputs.some((input) => input.type !== type || (input instanceof HTMLSelectElement && !hasPositions(input, names.length))) ||
      blanks.some((input) => input.type !== blankType)
    ) {
      throw new PageFault(`The inputs of question ${question.id} are not those of its kind.`)
    }
    return [...inputs, ...blanks]
  }

  #raw(): RawAnswer {
    const { kind } = this.question
    const values = this.#inputs.map((input) => input.value)
    const ticked = this.#inputs.map((input) => input instanceof HTMLInputElement && input.checked)
    if (kind === "approval") return { kind, ticked }
    if (kind === "points") return { kind, typed: values }
    if (kind === "ranking") return { kind, picked: values.slice(0, -1), blank: ticked.at(-1) === true }
    const chosen = ticked.indexOf(true)
    return { kind, chosen: chosen < 0 ? null : chosen === this.#inputs.length - 1 ? "blank" : chosen }
  }

  #showLive(): void {
    if (this.#live === null) return
    const sentences = liveLine(this.question, this.#raw()).map((message: Message) => this.#texts.say(message))
    this.#live.textContent = sentences.join(" ")
  }
}

/** "", "1", …, "k": nothing chosen first, then every position. */
function hasPositions(select: HTMLSelectElement, count: number): boolean {
  const values = [...select.options].map((option) => option.value)
  return values.length === count + 1 && values.every((value, i) => value === (i === 0 ? "" : String(i)))
}

function sameWords(element: Element, words: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, " ").trim()
  return plain(element.textContent ?? "") === plain(words)
}
