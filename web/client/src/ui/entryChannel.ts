// From the tab in which a voter signed in to the tab in which the sealed ballot waits: one entry code, between two pages
// of this website in one browser (BroadcastChannel: same origin only). The booth names itself by a random number, which
// the sign-in tab was opened with, so that of several booths only the right one is answered.
//
// Whoever comes late hears nothing, and phones put tabs to sleep: so the booth asks when it begins to wait and whenever
// it is looked at again, and the sign-in tab repeats itself until the booth has said that it took the code.

import { decodeBase64url, encodeBase64url } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"

const CHANNEL = "psephos-entry"
const REPEAT_MS = 1_000
const TAB_BYTES = 16
const CODE_BYTES = 32

/** What is said on the channel. tab: which booth, base64url. code: of the entry. */
type Said =
  | { readonly kind: "ask" | "taken"; readonly election: string; readonly tab: string }
  | { readonly kind: "code"; readonly election: string; readonly tab: string; readonly code: string }

/** A name for a booth that nobody can guess; it is never sent with a ballot. */
export function newTabName(): string {
  return encodeBase64url(crypto.getRandomValues(new Uint8Array(TAB_BYTES)))
}

/** Whether a text can be an entry code. */
export function isEntryCode(text: string): boolean {
  try {
    return decodeBase64url(text, CODE_BYTES).length === CODE_BYTES
  } catch (error) {
    if (error instanceof PsephosError) return false
    throw error
  }
}

/** The booth's end. */
export class EntryWaiting {
  readonly #channel = new BroadcastChannel(CHANNEL)
  readonly #election: string
  readonly #tab: string

  /** @param onCode - says whether the booth took the code */
  constructor(election: string, tab: string, onCode: (code: string) => boolean) {
    this.#election = election
    this.#tab = tab
    this.#channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      const said = heard(data, election, tab)
      if (said?.kind === "code" && onCode(said.code)) this.#say("taken")
    })
  }

  /** Ask a sign-in tab that is there already. */
  ask(): void {
    this.#say("ask")
  }

  close(): void {
    this.#channel.close()
  }

  #say(kind: "ask" | "taken"): void {
    this.#channel.postMessage({ kind, election: this.#election, tab: this.#tab } satisfies Said)
  }
}

/** The sign-in tab's end: says the code until the booth has it. */
export class EntryGiving {
  readonly #channel = new BroadcastChannel(CHANNEL)
  readonly #timer: ReturnType<typeof setInterval>

  /** @param onTaken - the booth has the code; called once, and nothing is said any more */
  constructor(election: string, tab: string, code: string, onTaken: () => void) {
    const say = (): void => this.#channel.postMessage({ kind: "code", election, tab, code } satisfies Said)
    this.#timer = setInterval(say, REPEAT_MS)
    this.#channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      const said = heard(data, election, tab)
      if (said?.kind === "ask") say()
      if (said?.kind !== "taken") return
      this.close()
      onTaken()
    })
    say()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#channel.close()
  }
}

/** What was said to this booth about this election; null for everything else. */
function heard(data: unknown, election: string, tab: string): Said | null {
  if (typeof data !== "object" || data === null) return null
  const said = data as { readonly [name: string]: unknown }
  if (said["election"] !== election || said["tab"] !== tab) return null
  if (said["kind"] === "ask" || said["kind"] === "taken") return { kind: said["kind"], election, tab }
  const code = said["code"]
  if (said["kind"] !== "code" || typeof code !== "string" || !isEntryCode(code)) return null
  return { kind: "code", election, tab, code }
}
