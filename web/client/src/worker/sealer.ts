// The worker's work, apart from being a worker: checks the key, builds the tables, seals ballots.

import { freshBallotSeed } from "../crypto/ballotSeed.ts"
import { deriveKey, type PreparedKey, prepareKey } from "../crypto/key.ts"
import { keySize } from "../crypto/keySize.ts"
import { PsephosError } from "../errors.ts"
import { sealBallot } from "../protocol/ballot.ts"
import { MalformedRecord } from "../protocol/errors.ts"
import { decodeTerms, type Terms, verifyKey } from "../protocol/terms.ts"
import { decodeRequest, type Request, type Response } from "./messages.ts"

// A progress bar that moves more often is not seen to move.
const PROGRESS_STEP = 0.02

/** Answers each request by one response, after any number of progress reports. */
export class Sealer {
  readonly #post: (response: Response) => void
  #ready: { readonly terms: Terms; readonly key: PreparedKey } | null = null

  constructor(post: (response: Response) => void) {
    this.#post = post
  }

  /** @param data - a message as it arrived */
  handle(data: unknown): void {
    let job: number | null = null
    try {
      const request = decodeRequest(data)
      if (request.kind === "seal") job = request.job
      this.#post(request.kind === "prepare" ? this.#prepare(request) : this.#seal(request))
    } catch (error) {
      // What is not ours is a fault of the program: it is reported like the rest, or the page would wait for ever.
      const code = error instanceof PsephosError ? error.code : "fault"
      this.#post({ kind: "failed", job, code, message: error instanceof Error ? error.message : String(error) })
    }
  }

  #prepare(request: Request & { kind: "prepare" }): Response {
    const terms = decodeTerms(request.terms, request.election)
    verifyKey(terms)
    const { manifest } = terms
    const key = deriveKey(terms.key.n, manifest.election, keySize(manifest.bits))
    this.#ready = { terms, key: prepareKey(key, this.#progress("tables")) }
    return { kind: "prepared" }
  }

  #seal(request: Request & { kind: "seal" }): Response {
    if (this.#ready === null) throw new MalformedRecord("No terms were prepared.")
    const { job, answers, credential, sequence } = request
    const seed = freshBallotSeed(request.credentialSeed)
    const { terms, key } = this.#ready
    const ballot = sealBallot(terms, key, answers, { credential, sequence }, seed, this.#progress("ballot"))
    return { kind: "sealed", job, ...ballot, seed }
  }

  #progress(stage: "tables" | "ballot"): (part: number) => void {
    let reported = 0
    return (part) => {
      if (part < 1 && part - reported < PROGRESS_STEP) return
      reported = part
      this.#post({ kind: "progress", stage, part })
    }
  }
}
