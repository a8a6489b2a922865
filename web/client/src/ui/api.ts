// The public API of an election (docs/API.md), typed. Three ways to fail: the server says no (ApiProblem), nothing or
// nothing sensible comes back (NoAnswer), or an answer that does not keep the specification (MalformedRecord).

import { decodeBase64url, encodeBase64url } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"
import { encodeCanonical, type JsonObject, type JsonValue, parseCanonical } from "../protocol/canonicalJson.ts"
import { boolean, bytes, type Decoded, identifier, integer, list, nullable, oneOf, record, timestamp } from "../protocol/decode.ts"
import { EvidenceDiffers } from "../protocol/errors.ts"
import { decodeLeafValue, verifyLeafSignature } from "../protocol/leaf.ts"
import { promise } from "../protocol/promise.ts"

const TIMEOUT_MS = 30_000

/** The server understood and refused. `code` is stable, `detail` a sentence. */
export class ApiProblem extends PsephosError {
  readonly code: string
  readonly status: number
  readonly detail: string

  constructor(status: number, code: string, detail: string) {
    super(`${status} ${code}: ${detail}`)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

/** No answer, or one that is not this API's: whether the server did what was asked is not known. */
export class NoAnswer extends PsephosError {
  readonly code = "no-answer"
}

const raw = (value: JsonValue): JsonValue => value

const credentialFields = {
  area: identifier,
  // Until when ballots are taken: the last extension's time, else the manifest's. The server's word.
  closes_at: timestamp,
  ballots: list(record({ counts: boolean, index: integer(), leaf: decodeLeafValue, sequence: integer() })),
  key: bytes(32),
  next_sequence: integer(1, 2 ** 32 - 1),
  // The code that took this one's place, and the entry that says so; null while it was not revoked.
  replaced_by: nullable(bytes(32)),
  revoked_index: nullable(integer()),
  state: oneOf("not-open", "open", "closed"),
  weight: integer(1),
}
const credentialAnswer = record(credentialFields)
const findAnswer = record({ ...credentialFields, found_index: nullable(integer()) })
const castAnswer = record({ index: integer(), leaf: decodeLeafValue, promise: raw, sequence: integer() })
const challengeAnswer = record({ index: integer(), leaf: decodeLeafValue })

export type CredentialAnswer = Decoded<typeof credentialAnswer>
export type FindAnswer = Decoded<typeof findAnswer>
export type CastAnswer = Decoded<typeof castAnswer> & { readonly promised: Decoded<typeof promise> }
export type ChallengeAnswer = Decoded<typeof challengeAnswer>

export type Fetch = (url: string, options: RequestInit) => Promise<Response>

export class Api {
  readonly #base: string
  readonly #fetch: Fetch

  /** @param base - `/api/v1/elections/{election}` */
  constructor(base: string, fetcher: Fetch = (url, options) => fetch(url, options)) {
    this.#base = base
    this.#fetch = fetcher
  }

  /** The text of the terms, to be checked by `decodeTerms`. */
  terms(): Promise<string> {
    return this.#get("/terms")
  }

  /** What stands for a key; the list must be whole in itself and each leaf signed by that key, so that a server cannot
   * invent ballots and have the next one numbered wrongly.
   * @param key - base64url */
  async credential(key: string): Promise<CredentialAnswer> {
    const answer = credentialAnswer(parseCanonical(await this.#get(`/credentials/${key}`)), "credential")
    const author = decodeBase64url(key, 32)
    if (answer.next_sequence !== answer.ballots.length + 1 || answer.ballots.some((each, i) => each.sequence !== i + 1)) {
      throw new EvidenceDiffers("The server's list of ballots does not number them one after the other.")
    }
    for (const { leaf } of answer.ballots) {
      if (leaf.kind !== "ballot") throw new EvidenceDiffers("The server lists something else as a ballot.")
      verifyLeafSignature(leaf, author)
    }
    return answer
  }

  /** @param code - display code of a tracker or a credential */
  async find(code: string): Promise<FindAnswer> {
    return findAnswer(parseCanonical(await this.#get(`/find?code=${encodeURIComponent(code)}`)), "find")
  }

  /** The newest signed note. */
  checkpoint(): Promise<string> {
    return this.#get("/checkpoint")
  }

  /** An entry with its proof, to be checked by `verifyEntry`. size: of the head; the newest unless given. */
  entry(index: number, size?: bigint): Promise<string> {
    return this.#get(`/entries/${index}${size === undefined ? "" : `?size=${size}`}`)
  }

  /** The body that an entry announces, to be checked against its digest. digest: 32 bytes. */
  body(digest: Uint8Array): Promise<string> {
    return this.#get(`/bodies/${encodeBase64url(digest)}`)
  }

  /** To be checked by `verifyContinuation`. */
  consistency(old: bigint, next: bigint): Promise<string> {
    return this.#get(`/consistency?old=${old}&new=${next}`)
  }

  /** @param request - the bytes; sent twice they are one ballot @param entry - the code that a sign-in gave, where the
   * vote asks for one */
  async cast(request: string, entry: string | null = null): Promise<CastAnswer> {
    const headers: Record<string, string> = entry === null ? {} : { "Psephos-Permit": entry }
    const answer = castAnswer(parseCanonical(await this.#post("/ballots", request, headers)), "cast")
    return { ...answer, promised: promise(answer.promise, "cast.promise") }
  }

  /** Where a ballot that was opened in a test stands. tracker: base64url. */
  async openedBallot(tracker: string): Promise<ChallengeAnswer> {
    return challengeAnswer(parseCanonical(await this.#get(`/challenges/${tracker}`)), "challenge")
  }

  async challenge(request: string): Promise<ChallengeAnswer> {
    return challengeAnswer(parseCanonical(await this.#post("/challenges", request)), "challenge")
  }

  #get(path: string): Promise<string> {
    return this.#ask(path, { method: "GET" })
  }

  #post(path: string, body: string, headers: Record<string, string> = {}): Promise<string> {
    return this.#ask(path, { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } })
  }

  async #ask(path: string, options: RequestInit): Promise<string> {
    let response: Response
    let answer: string
    try {
      response = await this.#fetch(this.#base + path, {
        ...options,
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      answer = await response.text()
    } catch (error) {
      throw new NoAnswer("The server did not answer.", { cause: error })
    }
    if (response.ok) return answer
    throw problemOf(response.status, response.headers.get("Content-Type"), answer)
  }
}

/** What goes wrong on the server's side, and yet is certain: it was rolled back. */
export const NOTHING_STORED: readonly string[] = ["busy", "storage-full"]

/** A refusal only if the application itself says so: what a proxy or a crash answers proves nothing. */
function problemOf(status: number, type: string | null, answer: string): PsephosError {
  if (type?.startsWith("application/problem+json")) {
    try {
      const { code, detail } = JSON.parse(answer) as { code?: unknown; detail?: unknown }
      const certain = typeof code === "string" && (status < 500 || NOTHING_STORED.includes(code))
      if (certain) return new ApiProblem(status, code, typeof detail === "string" ? detail : "")
    } catch {
      // Not JSON: falls through to “no answer”.
    }
  }
  return new NoAnswer(`The server answered ${status} without saying why.`)
}

/** The promise as it came, for the receipt. */
export function promiseRecord(answer: CastAnswer): JsonObject {
  return parseCanonical(encodeCanonical(answer.promise)) as JsonObject
}
