// "Check my ballot": what the server answers about a code, proved by the board's own signed head. No page in here.

import { alias, displayCode } from "../crypto/displayCode.ts"
import { equalBytes } from "../crypto/encoding.ts"
import { verifyConsistency } from "../crypto/merkle.ts"
import { type BoardEntry, countWitnesses, verifyEntry, verifyHead } from "../protocol/board.ts"
import { encodeCanonical, parseCanonical } from "../protocol/canonicalJson.ts"
import { EvidenceDiffers } from "../protocol/errors.ts"
import { verifyLeafSignature } from "../protocol/leaf.ts"
import type { Receipt } from "../protocol/receipt.ts"
import { verifyRevocation } from "../protocol/revocation.ts"
import type { Terms } from "../protocol/terms.ts"
import type { Api, FindAnswer } from "./api.ts"
import { type KnownHeads, requireOneLog, type SignedHead } from "./heads.ts"

/** What became of a ballot. That a ballot counts is the server's word until the whole board is verified. */
export type Standing = "counts" | "replaced" | "revoked" | "uncounted"

/** Why no ballot of this voting code counts: the registrar's own word, proved to stand on the board.
 * successor: voter number of the code that took its place. */
export type Revoked = { readonly entry: BoardEntry; readonly successor: string; readonly reason: string }

/** One ballot of the voter, proved to stand on the board. entered: the one that was asked for. */
export type CheckedBallot = {
  readonly entry: BoardEntry
  readonly code: string
  readonly standing: Standing
  readonly entered: boolean
}

/** Everything that was checked. revoked: null while the code may vote. continued: sizes of earlier heads that this one was shown to continue. */
export type BallotCheck = {
  readonly voter: string
  readonly ballots: readonly CheckedBallot[]
  readonly revoked: Revoked | null
  readonly signed: SignedHead
  readonly witnesses: number
  readonly continued: readonly bigint[]
  readonly receiptHolds: boolean
}

/** Check the answer to a code. The order of the ballots is that of casting.
 * @param code - as `parseDisplayCode` spells it
 * @param receipt - a receipt that `verifyReceipt` found good, or null
 * @throws EvidenceDiffers, and the errors of each check; NoAnswer, ApiProblem */
export async function checkBallots(
  api: Api,
  terms: Terms,
  code: string,
  found: FindAnswer,
  heads: KnownHeads,
  receipt: Receipt | null,
): Promise<BallotCheck> {
  const { manifest } = terms
  const note = await api.checkpoint()
  const signed = { note, head: verifyHead(manifest, note) }
  const ballots: CheckedBallot[] = []
  for (const listed of found.ballots) {
    const entry = verifyEntry(manifest, await api.entry(listed.index, signed.head.size), listed.index)
    // Two heads of one size with two roots would be a fork, signed twice.
    verifyConsistency(entry.head, signed.head, [])
    requireSameLeaf(entry, listed.leaf)
    verifyLeafSignature(entry.leaf, found.key)
    ballots.push({
      entry,
      code: displayCode(entry.leaf.digest),
      standing: standingOf(found, listed.index),
      entered: listed.index === found.found_index,
    })
  }
  requireAsked(code, found, ballots)
  const revoked = await checkRevoked(api, terms, found, signed)
  if (receipt !== null) requireReceipt(receipt, ballots)
  const earlier = [heads.newest?.head, receipt?.head].filter((head) => head !== undefined)
  for (const head of earlier) await requireOneLog(api, head, signed.head)
  heads.keep(signed)
  return {
    voter: alias(found.key),
    ballots,
    revoked,
    signed,
    witnesses: countWitnesses(manifest, note),
    continued: earlier.map((head) => head.size).filter((size) => size < signed.head.size),
    receiptHolds: receipt !== null,
  }
}

/** The proof as a file: the signed head and each entry, as they came. */
export function proofFile({ signed, ballots, revoked }: BallotCheck): string {
  const entries = [...ballots.map(({ entry }) => entry), ...(revoked === null ? [] : [revoked.entry])]
  return encodeCanonical({ checkpoint: signed.note, entries: entries.map((entry) => parseCanonical(entry.answer)) })
}

/** A server that calls a code revoked must show the registrar's signature, and cannot count its ballots besides. */
async function checkRevoked(api: Api, terms: Terms, found: FindAnswer, signed: SignedHead): Promise<Revoked | null> {
  if (found.revoked_index === null) return null
  const entry = verifyEntry(terms.manifest, await api.entry(found.revoked_index, signed.head.size), found.revoked_index)
  verifyConsistency(entry.head, signed.head, [])
  const said = verifyRevocation(terms, entry, await api.body(entry.leaf.digest), found.key)
  if (found.replaced_by === null || !equalBytes(said.new, found.replaced_by)) {
    throw new EvidenceDiffers("The board names another new voting code than the answer.")
  }
  if (found.ballots.some((ballot) => ballot.counts)) {
    throw new EvidenceDiffers("The answer counts a ballot of a voting code that was revoked.")
  }
  return { entry, successor: alias(said.new), reason: said.reason }
}

function standingOf(found: FindAnswer, index: number): Standing {
  const at = found.ballots.findIndex((ballot) => ballot.index === index)
  if (found.ballots[at]?.counts) return "counts"
  if (found.revoked_index !== null) return "revoked"
  return found.ballots.slice(at + 1).some((later) => later.counts) ? "replaced" : "uncounted"
}

function requireSameLeaf(entry: BoardEntry, listed: FindAnswer["ballots"][number]["leaf"]): void {
  if (entry.leaf.kind !== "ballot" || listed.kind !== "ballot" || !equalBytes(entry.leaf.digest, listed.digest)) {
    throw new EvidenceDiffers("The board shows another ballot than the answer.")
  }
}

/** The answer is about the voter or the ballot whose code was typed, not about somebody else's. */
function requireAsked(code: string, found: FindAnswer, ballots: readonly CheckedBallot[]): void {
  const entered = ballots.find((ballot) => ballot.entered)
  const asked = found.found_index === null ? alias(found.key) : entered?.code
  if (asked !== code) throw new EvidenceDiffers("The answer is about another code.")
}

function requireReceipt(receipt: Receipt, ballots: readonly CheckedBallot[]): void {
  const there = ballots.find(({ entry }) => entry.index === receipt.promise.index)
  if (there === undefined || !equalBytes(there.entry.leaf.digest, receipt.tracker)) {
    throw new EvidenceDiffers("The ballot of the receipt does not stand where the receipt proves that it stood.")
  }
}
