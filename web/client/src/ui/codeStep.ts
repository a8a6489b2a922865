// The step of the voting code: typed, scanned, or taken from the address that the letter's QR code opened.

import type { SigningKey } from "../crypto/signature.ts"
import { credentialOf, parseVotingCode } from "../crypto/votingCode.ts"
import { EmptyCode, mistakeInCode } from "./codeMistakes.ts"
import { action, ErrorPlace, hook } from "./dom.ts"
import { canScan, codeOfFragment, codeOfScan, fingerprintOfScan, scanCode } from "./scan.ts"
import type { Steps } from "./steps.ts"
import type { Message, Texts } from "./texts.ts"

export class CodeStep {
  readonly #steps: Steps
  readonly #texts: Texts
  readonly #section: HTMLElement
  readonly #form: HTMLFormElement
  readonly #input: HTMLInputElement
  readonly #error: ErrorPlace
  #letter: string | null = null

  constructor(steps: Steps, texts: Texts) {
    this.#steps = steps
    this.#texts = texts
    this.#section = steps.section("code")
    this.#form = hook(this.#section, "form#code-form", HTMLFormElement)
    this.#input = hook(this.#form, "input#code", HTMLInputElement)
    this.#error = new ErrorPlace(this.#section, this.#section)
  }

  /** The fingerprint in the QR code that the code came from; null when it was typed. */
  get fingerprint(): string | null {
    return this.#letter
  }

  /** @param listener - also called when a code was scanned */
  onContinue(listener: () => Promise<void>): void {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault()
      void listener()
    })
    // What is typed over a scanned code is another code.
    this.#input.addEventListener("input", () => {
      this.#letter = null
    })
    void this.#offerScan(listener)
  }

  /** Take the code out of the address, and the address out of the history. It was never sent. */
  takeFromAddress(): void {
    const code = codeOfFragment(location.hash)
    if (code !== null) this.#take(code, location.hash)
    // Also the fragment of a step: after a reload nothing is known of it any more.
    if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search)
  }

  /** The key that the code stands for; null after showing what is to be mended. */
  read(election: string): SigningKey | null {
    this.#error.clear()
    this.#steps.clearError()
    const typed = this.#input.value
    try {
      if (typed.trim() === "") throw new EmptyCode("Nothing was typed.")
      return credentialOf(parseVotingCode(typed), election)
    } catch (error) {
      const mistake = mistakeInCode("code", error)
      if (mistake === null) throw error
      this.showMistake(mistake)
      return null
    }
  }

  showMistake(mistake: Message): void {
    this.#steps.markError()
    this.#error.show(this.#texts.say(mistake), this.#input)
  }

  /** Forget what was typed. */
  empty(): void {
    this.#input.value = ""
  }

  #take(code: string, letter: string): void {
    this.#input.value = code
    this.#letter = fingerprintOfScan(letter)
  }

  async #offerScan(listener: () => Promise<void>): Promise<void> {
    const button = action(this.#section, "scan", HTMLButtonElement)
    const video = hook(this.#section, "video#scan-video", HTMLVideoElement)
    if (!(await canScan())) return
    button.hidden = false
    let stop: AbortController | null = null
    button.addEventListener("click", async () => {
      if (stop !== null) return stop.abort()
      stop = new AbortController()
      const scanned = await scanCode(video, stop.signal)
      stop = null
      if (scanned === null) return
      this.#take(codeOfScan(scanned) ?? "", scanned)
      await listener()
    })
  }
}
