// The booth: code → questions → review → cast or test. What is typed and chosen stays on this device; only a sealed,
// signed ballot leaves it, or one that the voter opens for a test. Hooks: web/client/README.md.

import { alias, displayCode } from "../crypto/displayCode.ts"
import { encodeBase64url, equalBytes } from "../crypto/encoding.ts"
import type { SigningKey } from "../crypto/signature.ts"
import { PsephosError } from "../errors.ts"
import type { Answers } from "../protocol/ballot.ts"
import { castRequest } from "../protocol/cast.ts"
import { revealRequest } from "../protocol/challenge.ts"
import { decodeTerms, type Terms, verifyFreeze } from "../protocol/terms.ts"
import { Api, ApiProblem, type CredentialAnswer, NoAnswer, NOTHING_STORED } from "./api.ts"
import { Casting, type CastState, type Outcome } from "./casting.ts"
import { CodeStep } from "./codeStep.ts"
import { action, field, fillCode, hook, offerFile } from "./dom.ts"
import { fillEnd } from "./endStep.ts"
import { browserShelf, KnownHeads } from "./heads.ts"
import { type PageData, PageFault, readPageData, requireNamed, textField } from "./pageData.ts"
import { QuestionScreen } from "./questionScreen.ts"
import { ReviewStep } from "./reviewStep.ts"
import { type Sealed, Sealing, SealingFailed } from "./sealing.ts"
import { SignInStep } from "./signInStep.ts"
import { type HistoryMode, hashOf, placeOf, type StepName, Steps } from "./steps.ts"
import { fillTest, offerSecondDevice } from "./testStep.ts"
import { type Message, Texts } from "./texts.ts"

const CLOCK = {
  now: () => Date.now(),
  wait: (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
}

/** The voter at work: the key of the code, what the board says of it, and the answers so far. */
type Voter = {
  readonly key: SigningKey
  standing: CredentialAnswer
  answers: (readonly number[] | null)[]
}

/** Who may not go back: a ballot is on its way, or in the urn. */
type Lock = "open" | "casting" | "done"

export class Booth {
  readonly #page: Document
  readonly #data: PageData
  readonly #texts: Texts
  readonly #steps: Steps
  readonly #api: Api
  readonly #code: CodeStep
  readonly #review: ReviewStep
  readonly #loaded: Promise<{ readonly terms: Terms; readonly sealing: Sealing }>
  #screens: readonly QuestionScreen[] = []
  #voter: Voter | null = null
  #sealed: Sealed | null = null
  #signIn: SignInStep | null = null
  /** A code for one ballot of whoever signed in. It stays good until a ballot, or a conflict, has used it. */
  #entry: string | null = null
  #sealingJob = 0
  #tests = 0
  #casting: Casting | null = null
  #lock: Lock = "open"
  #busy = false
  #changing = false

  /** @throws PageFault when the page lacks a hook */
  constructor(page: Document) {
    this.#page = page
    this.#data = readPageData(page)
    this.#texts = new Texts(this.#data)
    this.#steps = new Steps(page, this.#texts)
    this.#api = new Api(this.#data.api)
    this.#code = new CodeStep(this.#steps, this.#texts)
    this.#review = new ReviewStep(page, this.#steps.section("review"), this.#data.lang, this.#texts)
    this.#listen()
    hook(page, "#booth-not-started").hidden = true
    this.#code.takeFromAddress()
    this.#loaded = this.#load()
    this.#loaded.catch((error: unknown) => this.#fail(error))
  }

  // The start: terms, checked; the page against them; the worker set to work.

  async #load(): Promise<{ terms: Terms; sealing: Sealing }> {
    const worker = new Worker(textField(this.#data, "worker"), { name: "ballot" })
    const sealing = new Sealing(worker, (stage, part) => this.#review.showProgress(stage, part))
    const answer = await this.#api.terms()
    const terms = decodeTerms(answer, this.#data.election)
    verifyFreeze(terms)
    requireNamed(this.#data, terms)
    this.#screens = terms.layouts.map(({ question }, i) => {
      const screen = new QuestionScreen(this.#steps.section("question", i), question, this.#data.lang, this.#texts)
      if (!screen.showsManifest) throw new PageChanged(`Question ${question.id} differs from the manifest.`)
      screen.onContinue(() => void this.#answer(i))
      return screen
    })
    if (this.#page.querySelectorAll('section[data-step="question"]').length !== this.#screens.length) {
      throw new PageChanged("The page has another number of questions than the manifest.")
    }
    if (terms.manifest.sign_in === "required") {
      this.#signIn = new SignInStep(this.#steps, this.#texts, this.#data, (entry) => this.#admit(entry))
    }
    sealing.prepare(answer, this.#data.election).catch((error: unknown) => this.#fail(error))
    return { terms, sealing }
  }

  #fail(error: unknown): void {
    console.error(error)
    if (this.#lock !== "open") return
    field(this.#page, "failed-reason").textContent = this.#texts.say({ key: failureKey(error) })
    this.#steps.show("failed", 0, "replace")
  }

  #listen(): void {
    this.#code.onContinue(() => this.#once(() => this.#enterCode()))
    for (const button of this.#page.querySelectorAll('#booth [data-action="back"]')) {
      button.addEventListener("click", () => history.back())
    }
    for (const link of this.#page.querySelectorAll<HTMLAnchorElement>("#booth a[data-error-link]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault()
        this.#page.getElementById(link.hash.slice(1))?.focus()
      })
    }
    const on = (step: StepName, name: string, listener: () => Promise<void> | void): void => {
      const deed = async (): Promise<void> => listener()
      action(this.#steps.section(step), name).addEventListener("click", () => void this.#once(deed))
    }
    on("review", "cast", () => this.#cast())
    on("review", "test", () => this.#test())
    on("refused", "retry", () => this.#retry())
    on("refused", "back-to-code", () => this.#steps.show("code", 0, "push"))
    on("test", "after-test", () => this.#showReview("push"))
    on("failed", "reload", () => location.reload())
    on("end", "print", () => window.print())
    // Not through `once`: the casting that it speaks to is under way.
    action(this.#steps.section("unknown"), "send-again").addEventListener("click", () => this.#casting?.sendAgain())
    window.addEventListener("popstate", () => this.#follow())
    window.addEventListener("beforeunload", (event) => {
      // The sealed ballot is in this tab only.
      if (this.#lock === "casting" || this.#steps.place.step === "sign-in") event.preventDefault()
    })
  }

  /** One deed at a time: a second press while the first is at work does nothing. */
  async #once(deed: () => Promise<void>): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      await deed()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#busy = false
    }
  }

  /** The browser's back and forward. */
  #follow(): void {
    if (this.#lock === "done") return location.replace(textField(this.#data["urls"], "election"))
    if (this.#lock === "casting") return history.pushState(null, "", hashOf(this.#steps.place))
    if (this.#steps.place.step === "failed") return
    const place = placeOf(location.hash)
    if (place === null) return
    this.#changing = false
    if (this.#voter === null || place.step === "code") return this.#steps.show("code", 0, "none")
    if (place.step === "review") return void this.#once(() => this.#showReview("none"))
    if (place.index < this.#screens.length) this.#steps.show("question", place.index, "none")
  }

  // The code.

  async #enterCode(): Promise<void> {
    const key = this.#code.read(this.#data.election)
    if (key === null) return
    const { terms } = await this.#loaded
    const shown = displayCode(terms.fingerprint)
    const letter = this.#code.fingerprint
    if (letter !== null && letter !== shown) {
      return this.#code.showMistake({ key: "code.fingerprint", values: { letter, shown } })
    }
    let standing: CredentialAnswer
    try {
      standing = await this.#api.credential(encodeBase64url(key.publicKey))
    } catch (error) {
      if (!(error instanceof PsephosError)) throw error
      return this.#code.showMistake(this.#lookupMistake(error))
    }
    const obstacle = await this.#obstacle(standing)
    if (obstacle !== null) return this.#code.showMistake(obstacle)
    this.#enter(key, standing)
    this.#steps.show("question", 0, "push")
  }

  /** Why this credential cannot cast a ballot now, if so. */
  async #obstacle(standing: CredentialAnswer): Promise<Message | null> {
    const { manifest } = (await this.#loaded).terms
    if (standing.revoked_index !== null) return { key: "code.replaced" }
    if (standing.state !== "open") return this.#problem(standing.state, "")
    return standing.next_sequence > 1 && !manifest.revoting ? { key: "code.voted" } : null
  }

  #lookupMistake(error: PsephosError): Message {
    if (!(error instanceof ApiProblem)) return { key: "code.offline" }
    return error.code === "unknown-credential" ? { key: "code.unknown" } : this.#problem(error.code, error.detail)
  }

  /** Another code: another voter, who finds nothing of the one before. */
  #enter(key: SigningKey, standing: CredentialAnswer): void {
    if (this.#voter !== null && equalBytes(this.#voter.key.publicKey, key.publicKey)) {
      this.#voter.standing = standing
    } else {
      for (const screen of this.#screens) screen.reset()
      this.#entry = null
      this.#voter = { key, standing, answers: this.#screens.map(() => null) }
    }
    this.#sealed = null
    this.#changing = false
    for (const place of this.#page.querySelectorAll<HTMLElement>("[data-compare]")) {
      field(place, "voter-number").textContent = alias(key.publicKey)
      place.hidden = false
    }
    this.#showEarlierBallots(standing)
  }

  #showEarlierBallots(standing: CredentialAnswer): void {
    const n = standing.ballots.length
    const sentence = n === 0 ? "" : this.#texts.say({ key: "voted.before", values: { n }, count: n })
    for (const place of this.#page.querySelectorAll<HTMLElement>('[data-field="voted-before"]')) {
      place.hidden = n === 0
      place.textContent = sentence
    }
    for (const place of this.#page.querySelectorAll<HTMLElement>("[data-not-voted]")) place.hidden = n > 0
  }

  // Questions and review.

  async #answer(index: number): Promise<void> {
    this.#steps.clearError()
    const values = this.#screens[index]?.read(() => this.#steps.markError()) ?? null
    if (values === null || this.#voter === null) return
    this.#voter.answers[index] = values
    const next = this.#voter.answers.findIndex((each, i) => each === null || (!this.#changing && i > index))
    if (next >= 0) this.#steps.show("question", next, "push")
    else await this.#once(() => this.#showReview("push"))
  }

  async #showReview(mode: HistoryMode): Promise<void> {
    const voter = this.#voter
    if (voter === null) return this.#steps.show("code", 0, "replace")
    const { terms, sealing } = await this.#loaded
    // An input may have been changed after its Continue: what stands on the page is what is sealed.
    const answers: (readonly number[])[] = []
    for (const [i, screen] of this.#screens.entries()) {
      const values = voter.answers[i] === null ? null : screen.read(() => undefined)
      if (values === null) return this.#steps.show("question", i, mode === "none" ? "replace" : mode)
      answers.push(values)
    }
    voter.answers = [...answers]
    this.#changing = false
    this.#review.fill(terms, answers, (i) => {
      if (this.#busy) return
      this.#changing = true
      this.#steps.show("question", i, "push")
    })
    this.#steps.show("review", 0, mode)
    void this.#seal(sealing, voter, answers)
  }

  /** Seal while the voter reads; a ballot that was sealed for these answers, and not used, stays. */
  async #seal(sealing: Sealing, voter: Voter, answers: Answers): Promise<void> {
    const sequence = voter.standing.next_sequence
    const same = (sealed: Sealed): boolean =>
      sealed.sequence === sequence && JSON.stringify(sealed.answers) === JSON.stringify(answers)
    if (this.#sealed !== null && same(this.#sealed)) return this.#review.showSealed(this.#sealed.ballot.tracker)
    this.#sealed = null
    const job = ++this.#sealingJob
    this.#review.showUnsealed()
    try {
      const sealed = await sealing.seal(answers, voter.key, sequence)
      // The voter has gone on: other answers, another code, or a ballot cast in between.
      if (job !== this.#sealingJob || this.#voter !== voter || this.#lock !== "open") return
      this.#sealed = sealed
      this.#review.showSealed(sealed.ballot.tracker)
    } catch (error) {
      if (job === this.#sealingJob) this.#fail(error)
    }
  }

  // Casting.

  async #cast(): Promise<void> {
    const voter = this.#voter
    const sealed = this.#sealed
    if (voter === null || sealed === null || this.#lock !== "open") return
    const { terms } = await this.#loaded
    if (this.#signIn !== null && this.#entry === null) return this.#signIn.show(null)
    this.#sealed = null
    this.#lock = "casting"
    const job = {
      terms,
      ballot: sealed.ballot,
      request: castRequest(sealed.ballot, voter.key),
      credential: voter.key.publicKey,
      sequence: sealed.sequence,
      entry: this.#entry,
    }
    const casting = new Casting(job, this.#api, CLOCK, (state) => this.#showCasting(state, sealed, casting))
    this.#casting = casting
    const outcome = await casting.run()
    if (outcome.kind === "in") return this.#showEnd(terms, sealed, outcome)
    this.#lock = "open"
    this.#casting = null
    const reason = this.#problem(outcome.code, outcome.detail)
    if (this.#signIn !== null && ["sign-in-needed", "permit-expired"].includes(outcome.code)) {
      // Nothing is wrong with the ballot: the same one goes in with another code.
      this.#entry = null
      this.#sealed = sealed
      return this.#signIn.show(reason)
    }
    // The server had no time or no room: the same ballot goes in later.
    if (NOTHING_STORED.includes(outcome.code)) this.#sealed = sealed
    const conflict = outcome.code === "sign-in-conflict"
    if (conflict) this.#entry = null
    this.#showRefused(reason, conflict)
  }

  /** A sign-in has given an entry code: the voter has pressed “Cast my vote” before. Says whether a ballot waits for it. */
  #admit(entry: string): boolean {
    const waits = this.#steps.place.step === "sign-in" && this.#sealed !== null && this.#lock === "open" && !this.#busy
    if (!waits) return false
    this.#entry = entry
    void this.#once(() => this.#cast())
    return true
  }

  /** @param noted - the refusal itself stands on the board */
  #showRefused(reason: Message, noted = false): void {
    field(this.#page, "refused-stored").hidden = noted
    field(this.#page, "refused-reason").textContent = this.#texts.say(reason)
    this.#steps.show("refused", 0, "replace")
  }

  #showCasting(state: CastState, sealed: Sealed, casting: Casting): void {
    const step = state.kind === "unknown" ? "unknown" : "casting"
    const unknown = this.#steps.section("unknown")
    if (this.#steps.place.step !== step) {
      // While it looks from the unknown step, a check in between does not send the voter back and forth.
      if (step === "casting" && this.#steps.place.step === "unknown") return
      this.#steps.show(step, 0, "replace")
      if (step === "unknown") fillCode(this.#page, field(unknown, "tracker"), displayCode(sealed.ballot.tracker))
    }
    if (state.kind !== "unknown") {
      field(this.#page, "casting-text").textContent = this.#texts.say({ key: `casting.${state.kind}` })
      return
    }
    const status = field(unknown, "unknown-status")
    if (state.contradicted) status.textContent = this.#texts.say({ key: "unknown.contradicted" })
    else if (state.sending) status.textContent = this.#texts.say({ key: "unknown.sending" })
    else if (state.lookedAt !== null) {
      const time = this.#texts.time(state.lookedAt)
      status.textContent = this.#texts.say({ key: "unknown.looking", values: { time } })
    }
    const link = action(unknown, "save", HTMLAnchorElement)
    const name = `psephos-ballot-${displayCode(sealed.ballot.tracker).slice(0, 5)}.json`
    offerFile(link, name, casting.evidence())
  }

  async #retry(): Promise<void> {
    const voter = this.#voter
    if (voter === null) return this.#steps.show("code", 0, "replace")
    try {
      voter.standing = await this.#api.credential(encodeBase64url(voter.key.publicKey))
    } catch (error) {
      if (!(error instanceof PsephosError)) throw error
      return this.#showRefused(this.#lookupMistake(error))
    }
    this.#showEarlierBallots(voter.standing)
    const obstacle = await this.#obstacle(voter.standing)
    if (obstacle !== null) return this.#showRefused(obstacle)
    await this.#showReview("replace")
  }

  /** The one end. Nothing of the voter stays in the page but the receipt. */
  #showEnd(terms: Terms, sealed: Sealed, outcome: Outcome & { kind: "in" }): void {
    this.#lock = "done"
    this.#voter = null
    this.#entry = null
    this.#casting = null
    this.#code.empty()
    for (const screen of this.#screens) screen.reset()
    this.#review.empty()
    const content = { data: this.#data, texts: this.#texts, terms, sealed, outcome }
    fillEnd(this.#page, this.#steps.section("end"), content)
    this.#steps.show("end", 0, "replace")
    const heads = new KnownHeads(browserShelf(), terms.manifest)
    if (heads.newest === null) heads.keep(outcome.entry)
  }

  // The test (Benaloh's challenge): the ballot is opened and can never be cast, whatever becomes of the request.

  async #test(): Promise<void> {
    const voter = this.#voter
    const sealed = this.#sealed
    if (voter === null || sealed === null || this.#lock !== "open") return
    const { terms } = await this.#loaded
    this.#sealed = null
    const request = revealRequest(terms, sealed.ballot, sealed, voter.key)
    const section = this.#steps.section("test")
    fillTest(this.#page, section, this.#data, this.#texts, { terms, sealed, request })
    this.#steps.show("test", 0, "push")
    const shown = ++this.#tests
    this.#api.challenge(request).then(
      ({ index }) => {
        // The voter may be on to another test by now.
        if (shown === this.#tests) offerSecondDevice(this.#page, section, this.#data, this.#texts, sealed.ballot.tracker, index)
      },
      // Not posted, and the page does not say that it was: the file and the words on the page are the test.
      (error: unknown) => console.warn(error),
    )
  }

  #problem(code: string, detail: string): Message {
    const key = `problem.${code}`
    return this.#texts.has(key) ? { key, values: { detail } } : { key: "problem.other", values: { detail: detail || code } }
  }
}

/** The page was rendered from other words than those of the manifest. */
class PageChanged extends PsephosError {
  readonly code = "page-changed"
}

function failureKey(error: unknown): string {
  if (error instanceof PageFault) return "failed.script"
  if (error instanceof PageChanged) return "failed.changed"
  if (error instanceof NoAnswer || error instanceof ApiProblem) return "failed.load"
  if (error instanceof SealingFailed) return error.reason === "key-refused" ? "failed.fingerprint" : "failed.seal"
  return error instanceof PsephosError ? "failed.fingerprint" : "failed.script"
}
