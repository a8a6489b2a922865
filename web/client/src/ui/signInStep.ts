// "Sign in to cast your vote": the sealed ballot waits in this tab while the voter signs in in another one, or on another
// device. What comes back is an entry code for one ballot; who the voter is, this tab never learns.

import { action, ErrorPlace, field, hook } from "./dom.ts"
import { EntryWaiting, isEntryCode, newTabName } from "./entryChannel.ts"
import { type PageData, textField } from "./pageData.ts"
import type { Steps } from "./steps.ts"
import type { Message, Texts } from "./texts.ts"

export class SignInStep {
  readonly #steps: Steps
  readonly #texts: Texts
  readonly #section: HTMLElement
  readonly #input: HTMLInputElement
  readonly #error: ErrorPlace
  readonly #waiting: EntryWaiting

  /** @param onCode - an entry code has come, whichever way; says whether it was wanted */
  constructor(steps: Steps, texts: Texts, data: PageData, onCode: (code: string) => boolean) {
    this.#steps = steps
    this.#texts = texts
    this.#section = steps.section("sign-in")
    const form = hook(this.#section, "form#entry-form", HTMLFormElement)
    this.#input = hook(form, "input#entry-code", HTMLInputElement)
    this.#error = new ErrorPlace(this.#section, this.#section)
    const tab = newTabName()
    const link = action(this.#section, "open-permit", HTMLAnchorElement)
    link.href = `${textField(data["urls"], "permit")}?tab=${tab}`
    link.addEventListener("click", () => this.#say({ key: "sign-in.waiting" }))
    this.#waiting = new EntryWaiting(data.election, tab, onCode)
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && steps.place.step === "sign-in") this.#waiting.ask()
    })
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      this.#read(onCode)
    })
  }

  /** Show the step. @param reason - why another sign-in is needed; null at the first one */
  show(reason: Message | null): void {
    const before = field(this.#section, "sign-in-reason")
    before.textContent = reason === null ? "" : this.#texts.say(reason)
    before.hidden = reason === null
    this.#error.clear()
    this.#input.value = ""
    this.#say(null)
    this.#steps.show("sign-in", 0, reason === null ? "push" : "replace")
    // After an old code was refused, the tab that gave it has nothing new to say.
    if (reason === null) this.#waiting.ask()
  }

  #read(onCode: (code: string) => boolean): void {
    this.#error.clear()
    this.#steps.clearError()
    const typed = this.#input.value.trim()
    if (isEntryCode(typed)) return void onCode(typed)
    this.#steps.markError()
    this.#error.show(this.#texts.say({ key: typed === "" ? "sign-in.empty" : "sign-in.no-code" }), this.#input)
  }

  #say(message: Message | null): void {
    field(this.#section, "sign-in-status").textContent = message === null ? "" : this.#texts.say(message)
  }
}
