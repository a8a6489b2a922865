// The page's side of the worker: questions as promises. Only the latest ballot is waited for.

import { asBallotSeed, type BallotSeed } from "../crypto/ballotSeed.ts"
import type { SigningKey } from "../crypto/signature.ts"
import { PsephosError } from "../errors.ts"
import type { Answers, SealedBallot } from "../protocol/ballot.ts"
import { decodeResponse, type Request } from "../worker/messages.ts"

/** The worker could not do it. reason: code of the error there. */
export class SealingFailed extends PsephosError {
  readonly code = "sealing-failed"
  readonly reason: string

  constructor(reason: string, message: string) {
    super(`${reason}: ${message}`)
    this.reason = reason
  }
}

/** A sealed ballot with what opens it. */
export type Sealed = {
  readonly ballot: SealedBallot
  readonly seed: BallotSeed
  readonly answers: Answers
  readonly sequence: number
}

/** What is used of a Worker. */
export type WorkerLike = {
  postMessage(message: Request): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: "error", listener: (event: { readonly message?: string }) => void): void
}

type Waiting = { readonly resolve: (response: Done) => void; readonly reject: (error: SealingFailed) => void }
type Done = Extract<ReturnType<typeof decodeResponse>, { kind: "prepared" | "sealed" }>

export class Sealing {
  readonly #worker: WorkerLike
  readonly #waiting = new Map<number | null, Waiting>()
  #job = 0

  /** @param onProgress - of the tables first, then of the ballot */
  constructor(worker: WorkerLike, onProgress: (stage: "tables" | "ballot", part: number) => void) {
    this.#worker = worker
    worker.addEventListener("message", ({ data }) => {
      const response = decodeResponse(data)
      if (response.kind === "progress") return onProgress(response.stage, response.part)
      if (response.kind === "failed") return this.#reject(response.job, new SealingFailed(response.code, response.message))
      const job = response.kind === "prepared" ? null : response.job
      this.#waiting.get(job)?.resolve(response)
      this.#waiting.delete(job)
    })
    worker.addEventListener("error", ({ message }) => this.#reject(null, new SealingFailed("fault", message ?? "")))
  }

  /** Check the key and build the tables. @param terms - the server's answer as it came @throws SealingFailed */
  async prepare(terms: string, election: string): Promise<void> {
    await this.#ask(null, { kind: "prepare", terms, election })
  }

  /** Seal one ballot with fresh randomness. What the caller does with `answers` afterwards changes nothing in the
   * result, which tells a ballot from one for other answers. @throws SealingFailed */
  async seal(answers: Answers, key: SigningKey, sequence: number): Promise<Sealed> {
    const job = ++this.#job
    const sealed = structuredClone(answers)
    const response = await this.#ask(job, {
      kind: "seal",
      job,
      answers: sealed,
      credentialSeed: key.seed,
      credential: key.publicKey,
      sequence,
    })
    if (response.kind !== "sealed") throw new SealingFailed("fault", "The worker answered another question.")
    const { body, tracker, seed } = response
    return { ballot: { body, tracker }, seed: asBallotSeed(seed), answers: sealed, sequence }
  }

  /** One job failed; without a number, whatever is waited for. */
  #reject(job: number | null, error: SealingFailed): void {
    for (const [each, waiting] of this.#waiting) {
      if (job !== null && each !== job) continue
      waiting.reject(error)
      this.#waiting.delete(each)
    }
  }

  #ask(job: number | null, request: Request): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(job, { resolve, reject })
      this.#worker.postMessage(request)
    })
  }
}
