// What page and worker say to each other. Both are ours, but a message is decoded like anything else that arrives.

import type { Answers } from "../protocol/ballot.ts"
import { MalformedRecord } from "../protocol/errors.ts"

/** To the worker. terms: the server's answer as it came. job: number of a ballot, so that a late answer to an old
 * question is not taken for a new one. credentialSeed: never leaves the device. */
export type Request =
  | { readonly kind: "prepare"; readonly terms: string; readonly election: string }
  | {
      readonly kind: "seal"
      readonly job: number
      readonly answers: Answers
      readonly credentialSeed: Uint8Array
      readonly credential: Uint8Array
      readonly sequence: number
    }

/** From the worker. part: 0 < part ≤ 1. seed: opens the ballot; kept in memory for a test, or forgotten. */
export type Response =
  | { readonly kind: "progress"; readonly stage: "tables" | "ballot"; readonly part: number }
  | { readonly kind: "prepared" }
  | {
      readonly kind: "sealed"
      readonly job: number
      readonly body: string
      readonly tracker: Uint8Array
      readonly seed: Uint8Array
    }
  | { readonly kind: "failed"; readonly job: number | null; readonly code: string; readonly message: string }

/** @throws MalformedRecord */
export function decodeRequest(data: unknown): Request {
  const { kind, terms, election, job, answers, credentialSeed, credential, sequence } = fieldsOf(data)
  if (kind === "prepare" && isString(terms) && isString(election)) return { kind, terms, election }
  if (
    kind === "seal" &&
    isNumber(job) &&
    isNumber(sequence) &&
    isBytes(credentialSeed) &&
    isBytes(credential) &&
    Array.isArray(answers) &&
    answers.every((values: unknown) => Array.isArray(values) && values.every(isNumber))
  ) {
    return { kind, job, answers: answers as Answers, credentialSeed, credential, sequence }
  }
  throw new MalformedRecord("Not a request that the worker knows.")
}

/** @throws MalformedRecord */
export function decodeResponse(data: unknown): Response {
  const { kind, stage, part, job, body, tracker, seed, code, message } = fieldsOf(data)
  if (kind === "progress" && (stage === "tables" || stage === "ballot") && isNumber(part)) return { kind, stage, part }
  if (kind === "prepared") return { kind }
  if (kind === "sealed" && isNumber(job) && isString(body) && isBytes(tracker) && isBytes(seed)) {
    return { kind, job, body, tracker, seed }
  }
  if (kind === "failed" && (job === null || isNumber(job)) && isString(code) && isString(message)) {
    return { kind, job, code, message }
  }
  throw new MalformedRecord("Not an answer that the worker gives.")
}

function fieldsOf(data: unknown): { readonly [name: string]: unknown } & Record<Field, unknown> {
  if (typeof data !== "object" || data === null) throw new MalformedRecord("A message is an object.")
  return data as Record<Field, unknown>
}

type Field =
  | "kind"
  | "terms"
  | "election"
  | "job"
  | "answers"
  | "credentialSeed"
  | "credential"
  | "sequence"
  | "stage"
  | "part"
  | "body"
  | "tracker"
  | "seed"
  | "code"
  | "message"

function isString(value: unknown): value is string {
  return typeof value === "string"
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value)
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array
}
