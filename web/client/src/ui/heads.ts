// The newest signed head that this browser has seen of a log, kept so that a later visit can show that the log only
// grew. It says nothing about who voted, or that anybody did.

import type { Checkpoint } from "../crypto/checkpoint.ts"
import { verifyConsistency } from "../crypto/merkle.ts"
import { PsephosError } from "../errors.ts"
import { verifyContinuation, verifyHead } from "../protocol/board.ts"
import type { Manifest } from "../protocol/manifest.ts"
import type { Api } from "./api.ts"

export type SignedHead = { readonly note: string; readonly head: Checkpoint }

/** What is used of localStorage. */
export type Shelf = Pick<Storage, "getItem" | "setItem">

export class KnownHeads {
  readonly #shelf: Shelf | null
  readonly #manifest: Manifest

  constructor(shelf: Shelf | null, manifest: Manifest) {
    this.#shelf = shelf
    this.#manifest = manifest
  }

  /** The head that was kept, null if there is none or it is not signed by this log. */
  get newest(): SignedHead | null {
    try {
      const note = this.#shelf?.getItem(this.#name) ?? null
      return note === null ? null : { note, head: verifyHead(this.#manifest, note) }
    } catch (error) {
      if (error instanceof PsephosError || error instanceof DOMException) return null
      throw error
    }
  }

  /** Keep a head that was found to continue the one before. A smaller one is not kept. */
  keep(signed: SignedHead): void {
    const { newest } = this
    if (newest !== null && newest.head.size >= signed.head.size) return
    try {
      this.#shelf?.setItem(this.#name, signed.note)
    } catch (error) {
      // Full or forbidden: the next visit has less to compare with.
      if (!(error instanceof DOMException)) throw error
    }
  }

  get #name(): string {
    return `psephos/${this.#manifest.election}/head`
  }
}

/** This browser's shelf; null where storage is switched off. */
export function browserShelf(): Shelf | null {
  try {
    return localStorage
  } catch {
    return null
  }
}

/** Check that one of two signed heads continues the other; asks for the proof between them.
 * @throws ConsistencyFailed when they are a fork; NoAnswer, ApiProblem */
export async function requireOneLog(api: Api, one: Checkpoint, other: Checkpoint): Promise<void> {
  const [older, newer] = one.size <= other.size ? [one, other] : [other, one]
  if (older.size === newer.size) return verifyConsistency(older, newer, [])
  verifyContinuation(await api.consistency(older.size, newer.size), older, newer)
}
