// A second device checks a ballot that was opened in a test. It waits for the test, reads it from the board, and seals
// the same answers again. Hooks: web/client/README.md.

import { displayCode } from "../crypto/displayCode.ts"
import { decodeBase64url, encodeBase64url } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"
import { decodeTerms, type Terms, verifyFreeze } from "../protocol/terms.ts"
import { decodeRecheckAnswer, type RecheckAnswer, type RecheckRequest } from "../worker/recheck.ts"
import { describeAnswer } from "./answers.ts"
import { Api, ApiProblem, NoAnswer } from "./api.ts"
import { field, fillCode, fillLines, fromTemplate, hook } from "./dom.ts"
import { type PageData, readPageData, requireNamed, textField } from "./pageData.ts"
import { findOpened, type Opened, trackerOfFragment } from "./secondCheck.ts"
import { type Message, Texts } from "./texts.ts"

const LOOK_EVERY_MS = 2_000

export class TestPage {
  readonly #page: Document
  readonly #data: PageData
  readonly #texts: Texts
  readonly #api: Api
  readonly #status: HTMLElement

  /** @throws PageFault when the page lacks a hook */
  constructor(page: Document) {
    this.#page = page
    this.#data = readPageData(page)
    this.#texts = new Texts(this.#data)
    this.#api = new Api(this.#data.api)
    this.#status = hook(page, "#second-status")
    // Another code scanned into the same tab is another test.
    window.addEventListener("hashchange", () => location.reload())
    void this.#run()
  }

  async #run(): Promise<void> {
    const text = trackerOfFragment(location.hash)
    if (text === null) return this.#say({ key: "second.none" })
    try {
      const tracker = decodeBase64url(text, 32)
      const shown = hook(this.#page, "#second-code")
      fillCode(this.#page, field(shown, "tracker"), displayCode(tracker))
      shown.hidden = false
      await this.#check(tracker)
    } catch (error) {
      console.error(error)
      if (error instanceof NoAnswer || error instanceof ApiProblem) return this.#say({ key: "second.offline" })
      const reason = error instanceof PsephosError ? error.message : String(error)
      this.#say({ key: "second.failed", values: { reason } }, "bad")
    }
  }

  async #check(tracker: Uint8Array): Promise<void> {
    this.#say({ key: "second.loading" })
    const answer = await this.#api.terms()
    const terms = decodeTerms(answer, this.#data.election)
    verifyFreeze(terms)
    requireNamed(this.#data, terms)
    const opened = await this.#wait(terms, tracker)
    this.#say({ key: "second.sealing" })
    const request = { terms: answer, election: this.#data.election, body: opened.body }
    const verdict = await ask(textField(this.#data, "worker"), request)
    if (verdict.code === "challenge-differs") return this.#say({ key: "second.differs" }, "bad")
    if (verdict.code !== null) return this.#say({ key: "second.failed", values: { reason: verdict.message } }, "bad")
    this.#show(terms, opened)
    this.#say({ key: "second.good", values: { n: opened.index } }, "good")
  }

  async #wait(terms: Terms, tracker: Uint8Array): Promise<Opened> {
    for (;;) {
      const opened = await this.#look(terms, tracker)
      if (opened !== null) return opened
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  async #look(terms: Terms, tracker: Uint8Array): Promise<Opened | null> {
    try {
      const opened = await findOpened(this.#api, terms, tracker)
      if (opened === null) this.#say({ key: "second.waiting" })
      return opened
    } catch (error) {
      // The network may come back; what does not hold stays so.
      if (!(error instanceof NoAnswer)) throw error
      this.#say({ key: "second.offline" })
      return null
    }
  }

  #show({ layouts }: Terms, { challenge }: Opened): void {
    const lang = this.#data.lang
    const rows = layouts.map(({ question }, i) => {
      const row = fromTemplate(this.#page, "test-row")
      const { lines } = describeAnswer(question, challenge.answers[i]?.values ?? [], lang)
      field(row, "question").textContent = question.text[lang]
      fillLines(this.#page, field(row, "answers"), this.#texts.lines(lines))
      return row
    })
    hook(this.#page, "dl#second-answers").replaceChildren(...rows)
    field(this.#page, "seed").textContent = encodeBase64url(challenge.seed)
    hook(this.#page, "#second-holds").hidden = false
  }

  #say(message: Message, outcome: "good" | "bad" | null = null): void {
    const sentence = this.#texts.say(message)
    if (this.#status.textContent !== sentence) this.#status.textContent = sentence
    this.#status.classList.toggle("ps-found", outcome === "good")
    this.#status.classList.toggle("ps-missing", outcome === "bad")
  }
}

/** One question to a worker of its own. */
function ask(worker: string, request: RecheckRequest): Promise<RecheckAnswer> {
  const helper = new Worker(worker, { name: "recheck" })
  return new Promise<RecheckAnswer>((resolve) => {
    helper.addEventListener("message", ({ data }) => resolve(decodeRecheckAnswer(data)))
    helper.addEventListener("error", ({ message }) => resolve({ code: "fault", message: message ?? "" }))
    helper.postMessage(request)
  }).finally(() => helper.terminate())
}
