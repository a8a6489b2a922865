// The steps of the booth: exactly one is shown; title, focus, scroll and history go with it.

import { hook } from "./dom.ts"
import type { Texts } from "./texts.ts"

/** `sign-in` is there only where the vote asks for it. */
export type StepName =
  | "code"
  | "question"
  | "review"
  | "sign-in"
  | "casting"
  | "end"
  | "refused"
  | "unknown"
  | "test"
  | "failed"

/** A step, and which question. index: from 0, of a question. */
export type Place = { readonly step: StepName; readonly index: number }

/** How a change stands in the history: a new entry, instead of the present one, or not at all (the browser moved). */
export type HistoryMode = "push" | "replace" | "none"

export class Steps {
  readonly #page: Document
  readonly #texts: Texts
  readonly #sections: readonly HTMLElement[]
  #place: Place = { step: "code", index: 0 }

  /** @throws PageFault when a step or its heading is missing */
  constructor(page: Document, texts: Texts) {
    this.#page = page
    this.#texts = texts
    const booth = hook(page, "#booth")
    for (const step of ["code", "question", "review", "casting", "end", "refused", "unknown", "test", "failed"]) {
      hook(booth, `[data-step="${step}"]`)
    }
    this.#sections = [...booth.querySelectorAll<HTMLElement>("section[data-step]")]
    for (const section of this.#sections) hook(section, "[data-heading]")
    // Going back, the browser takes the focus to the fragment of the address, after `popstate`.
    window.addEventListener("hashchange", () => this.#focusHeading())
  }

  get place(): Place {
    return this.#place
  }

  section(step: StepName, index = 0): HTMLElement {
    return hook(this.#page, step === "question" ? `#question-${index + 1}` : `section[data-step="${step}"]`)
  }

  show(step: StepName, index: number, mode: HistoryMode): void {
    const shown = this.section(step, index)
    for (const section of this.#sections) section.hidden = section !== shown
    this.#place = { step, index }
    this.#page.body.dataset["step"] = step
    if (mode === "push") history.pushState(null, "", hashOf(this.#place))
    if (mode === "replace") history.replaceState(null, "", hashOf(this.#place))
    this.#page.title = shown.dataset["title"] ?? ""
    this.#focusHeading()
  }

  #focusHeading(): void {
    const { step, index } = this.#place
    window.scrollTo(0, 0)
    hook(this.section(step, index), "[data-heading]").focus({ preventScroll: true })
  }

  /** The title says that something is to be mended. */
  markError(): void {
    const { step, index } = this.#place
    this.#page.title = this.#texts.say({
      key: "title.error",
      values: { title: this.section(step, index).dataset["title"] ?? "" },
    })
  }

  clearError(): void {
    const { step, index } = this.#place
    this.#page.title = this.section(step, index).dataset["title"] ?? ""
  }
}

export function hashOf({ step, index }: Place): string {
  return step === "question" ? `#question-${index + 1}` : `#${step}`
}

/** The place that a fragment names; null for what is no place a voter can go to by the browser's buttons. */
export function placeOf(hash: string): Place | null {
  const question = /^#question-([1-9][0-9]?)$/.exec(hash)
  if (question !== null) return { step: "question", index: Number(question[1]) - 1 }
  if (hash === "" || hash === "#code") return { step: "code", index: 0 }
  if (hash === "#review") return { step: "review", index: 0 }
  return ["#sign-in", "#casting", "#end", "#refused", "#unknown", "#test"].includes(hash) ? { step: "review", index: 0 } : null
}
