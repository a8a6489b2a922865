// A small server of one election for tests of the client: it keeps a real log, signs real heads and promises, and can
// be told to lose answers, to be slow, or to cheat. What it does not check, the tests do not rely on.

import { sha256 } from "@noble/hashes/sha2.js"
import { concatBytes } from "@noble/hashes/utils.js"
import { encodeBase64, encodeBase64url, utf8 } from "../src/crypto/encoding.ts"
import { leafHash, nodeHash } from "../src/crypto/merkle.ts"
import { bodyMessage, type SigningKey, sign, signingKey } from "../src/crypto/signature.ts"
import { tupleHash, u64 } from "../src/crypto/transcript.ts"
import { encodeCanonical, type JsonObject, parseCanonical } from "../src/protocol/canonicalJson.ts"
import { bodyDigest } from "../src/protocol/leaf.ts"
import { decodeTerms, fingerprintText, type Terms } from "../src/protocol/terms.ts"
import { displayCode, alias } from "../src/crypto/displayCode.ts"
import { readVectors } from "./vectors.ts"

const vectors = readVectors("protocol")
export const ELECTION = "00112233445566778899aabbccddeeff"
const LOG_KEY = signingKey(utf8("L".repeat(32)))
const SERVER_KEY = signingKey(utf8("S".repeat(32)))
const REGISTRAR_KEY = signingKey(utf8("R".repeat(32)))

type Cast = { readonly index: number; readonly leaf: JsonObject; readonly credential: string; readonly sequence: number }

/** What the server is to do wrong with the next requests. */
export type Fault =
  | "refuse" // answers 422 membership-failed
  | "lose-request" // nothing arrives
  | "lose-answer" // it arrives, the answer is lost
  | "crash" // 500 without a problem document
  | "other-leaf" // shows another leaf at the promised place
  | "bad-promise" // a promise that the server's key did not sign
  | "no-entry" // 404 for an entry that is there
  | "full" // 507: nothing was stored

export class FakeServer {
  readonly terms: Terms
  readonly termsText: string = vectors.terms.small
  readonly leaves: string[] = []
  readonly casts: Cast[] = []
  readonly requests: string[] = []
  faults: Fault[] = []
  state = "open"
  /** Entry codes that are good for one ballot each; null where the vote asks for none. */
  permits: Set<string> | null = null
  /** Of every code: this server knows one voter. */
  revocation: { readonly index: number; readonly successor: string } | null = null
  readonly bodies = new Map<string, string>()
  /** Entry of each opened ballot, by tracker. */
  readonly opened = new Map<string, number>()
  /** Called after each request: what others do in the meantime. */
  between: (path: string) => void = () => undefined

  constructor() {
    this.terms = decodeTerms(this.termsText, ELECTION)
    for (const kind of ["manifest", "ceremony", "roll", "freeze"]) {
      this.#append({ digest: encodeBase64url(sha256(utf8(kind))), kind, time: "2026-11-24T10:00:00Z" })
    }
  }

  readonly fetch = async (url: string, options: RequestInit): Promise<Response> => {
    const path = url.replace("/api", "")
    this.requests.push(`${options.method} ${path}`)
    try {
      return this.#answer(path, options)
    } finally {
      this.between(path)
    }
  }

  /** Put a ballot on the board, as an honest server would. */
  accept(request: string): Cast {
    const wire = parseCanonical(request) as { ballot: { credential: string; sequence: number } & JsonObject; signature: string }
    const leaf = {
      digest: encodeBase64url(bodyDigest("ballot", encodeCanonical(wire.ballot))),
      kind: "ballot",
      signature: wire.signature,
      time: "2026-11-24T12:00:00Z",
    }
    const { credential, sequence } = wire.ballot
    const cast = { index: this.#append(leaf), leaf, credential, sequence }
    this.casts.push(cast)
    return cast
  }

  /** Put an opened ballot on the board; or something that is not the test of its voter. */
  open(request: string, cheat?: "other-tracker" | "unsigned" | "other-body"): void {
    const { challenge, signature } = parseCanonical(request) as { challenge: JsonObject & { tracker: string }; signature: string }
    const body = encodeCanonical(challenge)
    const digest = encodeBase64url(bodyDigest("challenge", body))
    this.bodies.set(digest, cheat === "other-body" ? encodeCanonical({ ...challenge, sequence: 2 }) : body)
    const signed = cheat === "unsigned" ? encodeBase64url(sign(SERVER_KEY, utf8("something else"))) : signature
    const leaf = { digest, kind: "challenge", signature: signed, time: "2026-11-24T12:00:00Z" }
    this.opened.set(challenge.tracker, this.#append(leaf))
  }

  /** Put a revocation of the voter's code on the board. author: the registrar, if it is honest. */
  revoke(old: Uint8Array, successor: Uint8Array, author: SigningKey = REGISTRAR_KEY): void {
    const { election, fingerprint } = { election: ELECTION, fingerprint: fingerprintText(this.terms) }
    const keys = { new: encodeBase64url(successor), old: encodeBase64url(old) }
    const body = encodeCanonical({ ...keys, election, fingerprint, format: "psephos/revocation/v1", reason: "Thư bị mất." })
    const digest = bodyDigest("revocation", body)
    this.bodies.set(encodeBase64url(digest), body)
    const signature = encodeBase64url(sign(author, bodyMessage("revocation", digest)))
    const leaf = { digest: encodeBase64url(digest), kind: "revocation", signature, time: "2026-11-24T13:00:00Z" }
    this.revocation = { index: this.#append(leaf), successor: keys.new }
  }

  note(size = this.leaves.length, key: SigningKey = LOG_KEY): string {
    const origin = this.terms.manifest.log_origin
    const text = `${origin}\n${size}\n${encodeBase64(root(this.leaves.slice(0, size).map(hashOf)))}\n`
    const identity = sha256(concatBytes(utf8(`${origin}\n`), Uint8Array.of(1), key.publicKey)).slice(0, 4)
    return `${text}\n— ${origin} ${encodeBase64(concatBytes(identity, sign(key, utf8(text))))}\n`
  }

  #answer(path: string, options: RequestInit): Response {
    const fault = this.faults.shift()
    if (fault === "lose-request") throw new TypeError("network")
    if (fault === "crash") return new Response("oops", { status: 500 })
    if (fault === "refuse") return problem(422, "membership-failed")
    if (fault === "full") return problem(507, "storage-full")
    if (fault === "no-entry") return problem(404, "entry-not-found")
    const [route, query = ""] = path.split("?")
    const parts = route!.split("/").slice(1)
    const asked = new URLSearchParams(query)
    const permit = new Headers(options.headers).get("Psephos-Permit")
    const answer = this.#route(parts, asked, String(options.body ?? ""), permit, fault)
    if (fault === "lose-answer") throw new TypeError("network")
    return answer
  }

  #route(
    parts: string[],
    asked: URLSearchParams,
    body: string,
    permit: string | null,
    fault: Fault | undefined,
  ): Response {
    const [name, argument = ""] = parts
    if (name === "terms") return ok(this.termsText)
    if (name === "checkpoint") return ok(this.note())
    if (name === "credentials") return ok(encodeCanonical(this.#standing(argument)))
    if (name === "find") return this.#find(asked.get("code") ?? "")
    if (name === "entries") return ok(this.#entry(Number(argument), asked.get("size"), fault))
    if (name === "consistency") return ok(this.#consistency(Number(asked.get("old")), Number(asked.get("new"))))
    if (name === "bodies") return this.bodies.has(argument) ? ok(this.bodies.get(argument)!) : problem(404, "entry-not-found")
    if (name === "challenges") {
      const index = this.opened.get(argument)
      if (index === undefined) return problem(404, "challenge-not-found")
      return ok(encodeCanonical({ index, leaf: parseCanonical(this.leaves[index]!) }))
    }
    if (name === "ballots") return this.#cast(body, permit, fault)
    return problem(404, "not-found")
  }

  #standing(key: string): JsonObject {
    const mine = this.casts.filter((cast) => cast.credential === key)
    return {
      area: "all",
      ballots: mine.map(({ index, leaf, sequence }, i) => ({
        counts: i === mine.length - 1 && this.revocation === null,
        index,
        leaf,
        sequence,
      })),
      closes_at: this.terms.manifest.closes_at,
      key,
      next_sequence: mine.length + 1,
      replaced_by: this.revocation?.successor ?? null,
      revoked_index: this.revocation?.index ?? null,
      state: this.state,
      weight: 1,
    }
  }

  #find(code: string): Response {
    for (const { credential, index, leaf } of this.casts) {
      const isAlias = alias(bytesOf(credential)) === code
      if (isAlias || displayCode(bytesOf(leaf["digest"] as string)) === code) {
        return ok(encodeCanonical({ ...this.#standing(credential), found_index: isAlias ? null : index }))
      }
    }
    return problem(404, "code-not-found")
  }

  #cast(body: string, permit: string | null, fault: Fault | undefined): Response {
    const wire = parseCanonical(body) as { ballot: { credential: string; sequence: number } & JsonObject }
    const tracker = bodyDigest("ballot", encodeCanonical(wire.ballot))
    if (this.casts.some((cast) => cast.leaf["digest"] === encodeBase64url(tracker))) return problem(409, "already-cast")
    const earlier = this.casts.filter((cast) => cast.credential === wire.ballot.credential).length
    if (this.state !== "open") return problem(409, this.state)
    if (wire.ballot.sequence !== earlier + 1) return problem(409, "wrong-sequence")
    if (this.permits !== null && permit === null) return problem(401, "sign-in-needed")
    if (this.permits !== null && permit !== null && !this.permits.delete(permit)) return problem(403, "permit-expired")
    const { index, leaf, sequence } = this.accept(body)
    const promise = this.#promise(tracker, index, fault === "bad-promise" ? LOG_KEY : SERVER_KEY)
    return ok(encodeCanonical({ index, leaf, promise, sequence }), 201)
  }

  #promise(tracker: Uint8Array, index: number, key: SigningKey): JsonObject {
    const [time, deadline] = ["2026-11-24T12:00:00Z", "2026-11-24T12:01:00Z"]
    const items = [utf8(ELECTION), tracker, u64(index), utf8(time), utf8(deadline)]
    return {
      deadline,
      election: ELECTION,
      format: "psephos/promise/v1",
      index,
      signature: encodeBase64url(sign(key, tupleHash("promise", items))),
      time,
      tracker: encodeBase64url(tracker),
    }
  }

  #entry(index: number, size: string | null, fault: Fault | undefined): string {
    const leaves = fault === "other-leaf" ? [...this.leaves, this.leaves[0]!] : this.leaves
    const at = fault === "other-leaf" ? 0 : index
    const count = Number(size ?? this.leaves.length)
    return encodeCanonical({
      checkpoint: this.note(count),
      index,
      leaf: leaves[at]!,
      proof: path(index, leaves.slice(0, count).map(hashOf)).map(encodeBase64url),
      size: count,
    })
  }

  #consistency(old: number, next: number): string {
    const hashes = this.leaves.slice(0, next).map(hashOf)
    return encodeCanonical({ new: next, old, proof: subproof(old, hashes, true).map(encodeBase64url) })
  }

  #append(leaf: JsonObject): number {
    return this.leaves.push(encodeCanonical(leaf)) - 1
  }
}

// RFC 6962 §2.1, as it is written there.

export function root(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return sha256(new Uint8Array(0))
  if (hashes.length === 1) return hashes[0]!
  const k = split(hashes.length)
  return nodeHash(root(hashes.slice(0, k)), root(hashes.slice(k)))
}

function path(m: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length <= 1) return []
  const k = split(hashes.length)
  return m < k
    ? [...path(m, hashes.slice(0, k)), root(hashes.slice(k))]
    : [...path(m - k, hashes.slice(k)), root(hashes.slice(0, k))]
}

function subproof(m: number, hashes: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === hashes.length) return whole ? [] : [root(hashes)]
  const k = split(hashes.length)
  return m <= k
    ? [...subproof(m, hashes.slice(0, k), whole), root(hashes.slice(k))]
    : [...subproof(m - k, hashes.slice(k), false), root(hashes.slice(0, k))]
}

function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}

function hashOf(leaf: string): Uint8Array {
  return leafHash(utf8(leaf))
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "base64url"))
}

function ok(text: string, status = 200): Response {
  return new Response(text, { status, headers: { "Content-Type": "application/json" } })
}

function problem(status: number, code: string): Response {
  const body = JSON.stringify({ type: `urn:x:${code}`, title: "x", status, code, detail: `Because of ${code}.` })
  return new Response(body, { status, headers: { "Content-Type": "application/problem+json" } })
}
