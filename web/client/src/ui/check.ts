// The page "Check my ballot": the browser asks, checks and says what it checked. Hooks: web/client/README.md.

import { parseDisplayCode, displayCode } from "../crypto/displayCode.ts"
import { decodeBase64url, equalBytes } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"
import { MalformedEncoding } from "../crypto/errors.ts"
import { EvidenceDiffers } from "../protocol/errors.ts"
import { type Receipt, verifyReceipt } from "../protocol/receipt.ts"
import { decodeTerms, type Terms, verifyFreeze } from "../protocol/terms.ts"
import { Api, ApiProblem, type FindAnswer, NoAnswer } from "./api.ts"
import { type BallotCheck, type CheckedBallot, checkBallots, proofFile, type Revoked } from "./ballotCheck.ts"
import { EmptyCode, mistakeInCode } from "./codeMistakes.ts"
import { action, addTick, ErrorPlace, field, fillCode, fromTemplate, hook, offerFile } from "./dom.ts"
import { browserShelf, KnownHeads } from "./heads.ts"
import { type PageData, readPageData, requireNamed } from "./pageData.ts"
import { type Message, Texts } from "./texts.ts"

// A ballot of 4,096 branches has about 5 MB.
const RECEIPT_BYTES_MAX = 8_000_000

/** What is looked for. tracker: all bits of it, as a receipt's QR code brings them; null when a code was typed. */
type Sought = { readonly code: string; readonly tracker: Uint8Array | null }

export class CheckPage {
  readonly #page: Document
  readonly #data: PageData
  readonly #texts: Texts
  readonly #api: Api
  readonly #title: string
  readonly #input: HTMLInputElement
  readonly #error: ErrorPlace
  readonly #status: HTMLElement
  readonly #result: HTMLElement
  readonly #checks: HTMLElement
  #terms: Promise<Terms> | null = null
  #run = 0

  /** @throws PageFault when the page lacks a hook */
  constructor(page: Document) {
    this.#page = page
    this.#data = readPageData(page)
    this.#texts = new Texts(this.#data)
    this.#api = new Api(this.#data.api)
    this.#title = page.title
    const form = hook(page, "form#check-form", HTMLFormElement)
    this.#input = hook(form, "input#receipt", HTMLInputElement)
    this.#error = new ErrorPlace(page, form)
    this.#status = hook(page, "#check-status")
    this.#result = hook(page, "#check-result")
    this.#checks = hook(page, "#browser-checks")
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      void this.#check(null)
    })
    this.#listenForReceipts()
    if (this.#input.value !== "" && !this.#error.visible) void this.#check(null)
  }

  /** A receipt file, chosen or dropped anywhere on the page. */
  #listenForReceipts(): void {
    const chooser = hook(this.#page, "input#receipt-file", HTMLInputElement)
    chooser.addEventListener("change", () => {
      void this.#open(chooser.files?.[0])
      chooser.value = "" // else the same file, chosen again, would not be noticed
    })
    hook(this.#page, "#receipt-file-row").hidden = false
    this.#page.addEventListener("dragover", (event) => event.preventDefault())
    this.#page.addEventListener("drop", (event) => {
      event.preventDefault()
      void this.#open(event.dataTransfer?.files[0])
    })
  }

  async #open(file: File | undefined): Promise<void> {
    if (file === undefined) return
    const run = this.#start()
    try {
      if (file.size > RECEIPT_BYTES_MAX) throw new NoReceipt("The file is too long for a receipt.")
      const receipt = verifyReceipt(await this.#loadTerms(), await file.text())
      this.#input.value = displayCode(receipt.tracker)
      await this.#check(receipt)
    } catch (error) {
      if (run === this.#run) this.#show("receipt", error)
    }
  }

  async #check(receipt: Receipt | null): Promise<void> {
    const sought = this.#readCode()
    if (sought === null) return
    const { code, tracker } = sought
    const run = this.#start()
    history.replaceState(null, "", `?code=${code}`)
    try {
      const terms = await this.#loadTerms()
      const found = await this.#find(code)
      if (run !== this.#run) return
      if (found === null) return this.#showMissing()
      const heads = new KnownHeads(browserShelf(), terms.manifest)
      const check = await checkBallots(this.#api, terms, code, found, heads, receipt)
      if (tracker !== null && !check.ballots.some((ballot) => ballot.entered && equalBytes(ballot.entry.leaf.digest, tracker))) {
        throw new EvidenceDiffers("The board holds another ballot with this code.")
      }
      if (run === this.#run) this.#showFound(terms, check)
    } catch (error) {
      if (run === this.#run) this.#show("check", error)
    }
  }

  #readCode(): Sought | null {
    this.#error.clear()
    this.#page.title = this.#title
    const typed = this.#input.value
    try {
      if (typed.trim() === "") throw new EmptyCode("Nothing was typed.")
      const tracker = trackerOf(typed.trim())
      if (tracker === null) return { code: parseDisplayCode(typed), tracker }
      const code = displayCode(tracker)
      this.#input.value = code
      return { code, tracker }
    } catch (error) {
      const mistake = mistakeInCode("check", error)
      if (mistake === null) throw error
      this.#empty()
      this.#status.hidden = true
      this.#page.title = this.#texts.say({ key: "title.error", values: { title: this.#title } })
      this.#error.show(this.#texts.say(mistake), this.#input)
      return null
    }
  }

  /** Nothing of an earlier answer stays. */
  #empty(): void {
    this.#result.replaceChildren()
    this.#checks.hidden = true
  }

  #start(): number {
    this.#empty()
    this.#say({ key: "check.looking" })
    return ++this.#run
  }

  /** The terms, checked once. They give the log's key: no other is believed. */
  #loadTerms(): Promise<Terms> {
    this.#terms ??= (async () => {
      const terms = decodeTerms(await this.#api.terms(), this.#data.election)
      verifyFreeze(terms)
      requireNamed(this.#data, terms)
      return terms
    })()
    this.#terms.catch(() => {
      this.#terms = null
    })
    return this.#terms
  }

  async #find(code: string): Promise<FindAnswer | null> {
    try {
      return await this.#api.find(code)
    } catch (error) {
      if (error instanceof ApiProblem && error.code === "code-not-found") return null
      throw error
    }
  }

  #showMissing(): void {
    this.#status.hidden = true
    this.#result.replaceChildren(fromTemplate(this.#page, "check-missing"))
  }

  #showFound(terms: Terms, check: BallotCheck): void {
    const count = check.ballots.length
    if (count === 0) this.#say({ key: "check.none", values: { voter: check.voter } })
    else {
      this.#status.hidden = true
      const found = fromTemplate(this.#page, "check-found")
      field(found, "voter").textContent = check.voter
      const { revoked } = check
      const words = revoked === null ? { key: "check.voter", values: { n: count }, count } : { key: "check.cast", values: { n: count }, count }
      field(found, "count").textContent = this.#texts.say(words)
      const counts = check.ballots.some((ballot) => ballot.standing === "counts")
      field(found, counts ? "found" : "found-counts").remove()
      const rows = check.ballots.map((ballot, i) => this.#row(ballot, i + 1, count))
      hook(found, '[data-list="ballots"]').replaceChildren(...rows.reverse())
      this.#result.replaceChildren(found)
    }
    if (check.revoked !== null) this.#showRevoked(check.revoked)
    this.#showChecks(terms, check)
  }

  /** Whose word it is that these ballots do not count, and under which number to look instead. */
  #showRevoked({ entry, successor, reason }: Revoked): void {
    const note = fromTemplate(this.#page, "check-revoked")
    const values = { voter: successor, n: entry.index, reason }
    field(note, "revoked-note").textContent = this.#texts.say({ key: "check.revoked", values })
    this.#result.append(note)
  }

  #row({ entry, code, standing, entered }: CheckedBallot, n: number, total: number): DocumentFragment {
    const row = fromTemplate(this.#page, "check-ballot")
    const time = this.#texts.time(entry.leaf.time)
    field(row, "title").textContent = this.#texts.say({ key: "check.title", values: { n, total } })
    fillCode(this.#page, field(row, "tracker"), code)
    field(row, "when").textContent = this.#texts.say({ key: "check.when", values: { time, n: entry.index } })
    for (const each of ["counts", "replaced", "revoked", "uncounted"]) if (each !== standing) field(row, each).remove()
    if (!entered) field(row, "entered").remove()
    for (const link of row.querySelectorAll<HTMLAnchorElement>('a[data-action^="receipt-"]')) link.search = `?code=${code}`
    return row
  }

  #showChecks(terms: Terms, check: BallotCheck): void {
    const { head } = check.signed
    const list = hook(this.#checks, 'ul[data-list="checks"]')
    const n = terms.manifest.witnesses.length
    const k = check.witnesses
    const say = (message: Message, open = false): void => addTick(this.#page, list, this.#texts.say(message), open)
    list.replaceChildren()
    if (check.receiptHolds) say({ key: "check.receipt" })
    for (const { entry } of check.ballots) {
      const steps = entry.proof.length
      say({ key: "check.proof", values: { n: steps }, count: steps })
    }
    if (check.revoked !== null) say({ key: "check.revoked.signed" })
    say({ key: "check.server" })
    for (const size of check.continued) {
      say({ key: "check.consistent", values: { from: Number(size), to: Number(head.size) } })
    }
    if (n === 0) say({ key: "check.unwitnessed" }, true)
    else say({ key: "check.witnesses", values: { k, n }, count: n }, k < Math.floor(n / 2) + 1)
    say({ key: "check.fingerprint", values: { fingerprint: displayCode(terms.fingerprint) } })
    const at = { time: this.#texts.time(Date.now()), n: Number(head.size) }
    field(this.#checks, "checked-at").textContent = this.#texts.say({ key: "check.at", values: at })
    const name = `psephos-check-${check.voter.slice(0, 5)}.json`
    offerFile(action(this.#checks, "save", HTMLAnchorElement), name, proofFile(check))
    this.#checks.hidden = false
  }

  #show(what: "check" | "receipt", error: unknown): void {
    console.error(error)
    if (error instanceof NoAnswer) return this.#say({ key: "check.offline" })
    const reason = error instanceof PsephosError ? error.message : String(error)
    this.#say({ key: what === "check" ? "check.failed" : "check.receipt.bad", values: { reason } })
  }

  #say(message: Message): void {
    this.#status.textContent = this.#texts.say(message)
    this.#status.hidden = false
  }
}

/** The tracker that a text spells in full; null for anything else, which is read as a typed code. */
function trackerOf(text: string): Uint8Array | null {
  try {
    return decodeBase64url(text, 32)
  } catch (error) {
    if (error instanceof MalformedEncoding) return null
    throw error
  }
}

/** A file that cannot be a receipt. */
class NoReceipt extends PsephosError {
  readonly code = "no-receipt"
}
