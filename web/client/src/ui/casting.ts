// Casting one ballot until it is known what became of it. Three ends: in the urn, proved; refused, nothing stored;
// and, while nobody can know, looking at the board again and again. A lost answer is never taken for a yes or a no.

import { encodeBase64url, equalBytes } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"
import type { SealedBallot } from "../protocol/ballot.ts"
import { type BoardEntry, verifyEntry } from "../protocol/board.ts"
import { encodeCanonical, type JsonObject, parseCanonical } from "../protocol/canonicalJson.ts"
import { EvidenceDiffers } from "../protocol/errors.ts"
import { verifyLeafSignature } from "../protocol/leaf.ts"
import { verifyPromise } from "../protocol/promise.ts"
import type { Terms } from "../protocol/terms.ts"
import { type Api, ApiProblem, type CastAnswer, NOTHING_STORED, promiseRecord } from "./api.ts"

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 15_000
const CONFIRM_PAUSE_MS = 1_000

/** What happens at the moment. lookedAt: when it was last seen to be absent, milliseconds
 * since 1970; null before that.
 * contradicted: the server showed something that its own promise or signature contradicts. */
export type CastState =
  | { readonly kind: "sending" | "waiting" | "checking" }
  | { readonly kind: "unknown"; readonly sending: boolean; readonly lookedAt: number | null; readonly contradicted: boolean }

/** promise: as it came, after it was checked; null when it was lost or bad, and the board itself gave certainty. */
export type Outcome =
  | { readonly kind: "in"; readonly entry: BoardEntry; readonly promise: JsonObject | null }
  | { readonly kind: "refused"; readonly code: string; readonly detail: string }

/** Time: milliseconds since 1970, and waiting. */
export type Clock = { now(): number; wait(milliseconds: number): Promise<void> }

export type CastJob = {
  readonly terms: Terms
  readonly ballot: SealedBallot
  readonly request: string
  readonly credential: Uint8Array
  readonly sequence: number
  /** The code that a sign-in gave for this ballot; null where the vote asks for none. */
  readonly entry: string | null
}

export class Casting {
  readonly #job: CastJob
  readonly #api: Api
  readonly #clock: Clock
  readonly #onState: (state: CastState) => void
  #promise: JsonObject | null = null
  #kept: JsonObject | null = null
  #shown: string | null = null
  #lookedAt: number | null = null
  #sendings = 0
  #sendAgain: (() => void) | null = null

  constructor(job: CastJob, api: Api, clock: Clock, onState: (state: CastState) => void) {
    this.#job = job
    this.#api = api
    this.#clock = clock
    this.#onState = onState
  }

  /** Send, and go on until it is known. */
  async run(): Promise<Outcome> {
    this.#report({ kind: "sending" })
    let outcome = await this.#send()
    for (let pause = FIRST_PAUSE_MS; outcome === null; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      this.#reportUnknown(false)
      const again = await this.#pause(pause)
      if (again) this.#reportUnknown(true)
      outcome = again ? await this.#send() : await this.#look()
    }
    return outcome
  }

  /** The voter asks to send the very same bytes again; does nothing while a request is under way. */
  sendAgain(): void {
    this.#sendAgain?.()
  }

  /** A file to keep while it is not known: the request, and all that the server said about it. */
  evidence(): string {
    return encodeCanonical({
      format: "psephos/evidence/v1",
      promise: this.#promise,
      request: parseCanonical(this.#job.request),
      shown: this.#shown,
    })
  }

  /** Cast; null when it is not known what came of it. */
  async #send(): Promise<Outcome | null> {
    let answer: CastAnswer
    this.#sendings += 1
    try {
      answer = await this.#api.cast(this.#job.request, this.#job.entry)
    } catch (error) {
      if (!(error instanceof ApiProblem)) return unknown(error)
      // This request stored nothing; an earlier one whose answer was lost may still be on its way.
      if (NOTHING_STORED.includes(error.code) && this.#sendings > 1) return unknown(error)
      // The bytes may have arrived by an earlier request whose answer was lost: the board knows. Without its word, or
      // against it, a conflict proves nothing; nor does a used entry code, which this very ballot may have used.
      const doubtful = error.status === 409 || error.code === "permit-expired"
      const looked = doubtful ? await this.#find() : "absent"
      if (looked === "listed" || looked === "unseen") return null
      if (looked !== "absent" && looked.kind === "in") return looked
      if (error.code === "already-cast") return null
      return { kind: "refused", code: error.code, detail: error.detail }
    }
    this.#promise = promiseRecord(answer)
    try {
      this.#requireOurs(answer)
    } catch (error) {
      this.#shown = encodeCanonical(this.#promise)
      return unknown(error)
    }
    this.#kept = this.#promise
    this.#report({ kind: "waiting" })
    return this.#confirm(answer.index)
  }

  async #look(): Promise<Outcome | null> {
    const looked = await this.#find()
    if (looked === "absent") this.#lookedAt = this.#clock.now()
    return typeof looked === "string" ? null : looked
  }

  /** One snapshot of the credential's ballots: ours is among them, or can no longer come; or it is absent so far.
   * "listed": it is there, but the proof of it could not be had or does not hold. "unseen": no snapshot was had. */
  async #find(): Promise<Outcome | "listed" | "absent" | "unseen"> {
    const { ballot, credential, sequence } = this.#job
    try {
      const standing = await this.#api.credential(encodeBase64url(credential))
      const ours = standing.ballots.find((each) => equalBytes(each.leaf.digest, ballot.tracker))
      if (ours !== undefined) return (await this.#confirm(ours.index)) ?? "listed"
      if (standing.state === "closed") return { kind: "refused", code: "closed", detail: "" }
      if (standing.next_sequence > sequence) return { kind: "refused", code: "wrong-sequence", detail: "" }
      return "absent"
    } catch (error) {
      unknown(error)
      return "unseen"
    }
  }

  /** Wait for a signed head that holds the entry, at most as long as was promised, and check it. */
  async #confirm(index: number): Promise<Outcome | null> {
    const { terms, ballot, credential } = this.#job
    const end = this.#clock.now() + 1000 * terms.manifest.promise_seconds
    for (;;) {
      let answer: string
      try {
        answer = await this.#api.entry(index)
      } catch (error) {
        unknown(error)
        if (this.#clock.now() >= end) return null
        await this.#clock.wait(CONFIRM_PAUSE_MS)
        continue
      }
      this.#report({ kind: "checking" })
      try {
        const entry = verifyEntry(terms.manifest, answer, index)
        if (entry.leaf.kind !== "ballot" || !equalBytes(entry.leaf.digest, ballot.tracker)) {
          throw new EvidenceDiffers("Another leaf stands at the promised place.")
        }
        verifyLeafSignature(entry.leaf, credential)
        return { kind: "in", entry, promise: this.#kept }
      } catch (error) {
        this.#shown = answer
        return unknown(error)
      }
    }
  }

  #requireOurs({ index, leaf, promised, sequence }: CastAnswer): void {
    const { terms, ballot, credential } = this.#job
    verifyPromise(terms.manifest, promised, ballot.tracker)
    verifyLeafSignature(leaf, credential)
    const same = leaf.kind === "ballot" && equalBytes(leaf.digest, ballot.tracker) && leaf.time === promised.time
    if (!same || promised.index !== index || sequence !== this.#job.sequence) {
      throw new EvidenceDiffers("The answer's parts are about different ballots.")
    }
  }

  #reportUnknown(sending: boolean): void {
    this.#report({ kind: "unknown", sending, lookedAt: this.#lookedAt, contradicted: this.#shown !== null })
  }

  #report(state: CastState): void {
    try {
      this.#onState(state)
    } catch (error) {
      unknown(error)
    }
  }

  /** Whether the voter asked to send again before the pause was over. */
  #pause(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const askedAgain = (): void => settle(true)
      const settle = (again: boolean): void => {
        if (this.#sendAgain === askedAgain) this.#sendAgain = null
        resolve(again)
      }
      this.#sendAgain = askedAgain
      void this.#clock.wait(milliseconds).then(() => settle(false))
    })
  }
}

/** Not known. Even a fault of this program does not end the looking: something may have been sent. */
function unknown(error: unknown): null {
  if (!(error instanceof PsephosError)) console.error(error)
  return null
}
