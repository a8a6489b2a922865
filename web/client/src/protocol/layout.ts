// Questions as ciphertexts: how many, and the sets that they are proved to lie in. PROTOCOL §6.

import { CHALLENGE_BITS } from "../crypto/keySize.ts"
import { bitLength } from "../crypto/numbers.ts"
import { AnswerInvalid, ManifestInvalid } from "./errors.ts"
import type { Manifest, Question } from "./manifest.ts"

const PROOF_BRANCHES_MAX = 4096

/** One ciphertext of an answer. slots: first and end of the values that it carries. members: ascending. */
export type Part = {
  readonly label: string
  readonly members: readonly bigint[]
  readonly slots: readonly [number, number]
}

/** One question, laid out for one roll. sumMembers: the set of the product of all parts, null without such a proof.
 * largest: of a slot. slotBits: w. */
export type QuestionLayout = {
  readonly question: Question
  readonly parts: readonly Part[]
  readonly sumMembers: readonly bigint[] | null
  readonly slotCount: number
  readonly largest: number
  readonly slotBits: number
}

/** The layout of every question for a roll of this total weight.
 * @throws ManifestInvalid when a slot does not fit a plaintext or a ballot would carry too many proofs */
export function layOut(manifest: Manifest, totalWeight: number): readonly QuestionLayout[] {
  const layouts = manifest.questions.map((question) => layOutQuestion(question, manifest.bits, totalWeight))
  const branches = layouts.flatMap(proofSets).reduce((sum, [, members]) => sum + members.length, 0)
  if (branches > PROOF_BRANCHES_MAX) throw new ManifestInvalid(`A ballot would carry ${branches} proof branches.`)
  return layouts
}

/** (label, members) of every proof of an answer, in order. */
export function proofSets(layout: QuestionLayout): readonly (readonly [string, readonly bigint[]])[] {
  const sets = layout.parts.map((part) => [part.label, part.members] as const)
  return layout.sumMembers === null ? sets : [...sets, ["sum", layout.sumMembers] as const]
}

/** What each ciphertext holds for an answer given as one integer for each slot.
 * @throws AnswerInvalid when the question does not allow these values */
export function plaintexts(layout: QuestionLayout, values: readonly number[]): readonly bigint[] {
  const { question, largest, slotCount } = layout
  const inRange = values.every((value) => Number.isSafeInteger(value) && value >= 0 && value <= largest)
  if (values.length !== slotCount || !inRange) {
    throw new AnswerInvalid(`Question ${question.id} takes ${slotCount} values from 0 to ${largest}.`)
  }
  const sum = values.reduce((total, value) => total + value, 0)
  const [least, most] = sumRange(question)
  if (sum < least || sum > most) throw new AnswerInvalid(`Question ${question.id}: the sum is not ${least} to ${most}.`)
  return layout.parts.map(({ slots: [first, end] }) =>
    values.slice(first, end).reduce((m, value, i) => m + (BigInt(value) << BigInt(layout.slotBits * i)), 0n),
  )
}

/** Least and greatest sum over all slots of one ballot. */
export function sumRange(question: Question): readonly [number, number] {
  if (question.kind === "choose-one") return [1, 1]
  return question.kind === "approval" ? [question.min, question.max] : [question.total_min, question.total_max]
}

function layOutQuestion(question: Question, bits: number, totalWeight: number): QuestionLayout {
  const largest = question.kind === "points" ? question.points_max : 1
  const slotBits = Math.max(2, bitLength(BigInt(largest) * BigInt(totalWeight)) + 1)
  const capacity = Math.floor((bits - CHALLENGE_BITS - 2) / slotBits)
  if (capacity < 1) throw new ManifestInvalid(`Question ${question.id}: a slot does not fit a plaintext.`)
  const optionCount = question.options.length
  const common = { question, largest, slotBits }
  if (question.kind === "choose-one") {
    const slotCount = optionCount + 1
    return { ...common, slotCount, ...chooseOneParts(slotCount, Math.min(slotCount, capacity), slotBits) }
  }
  const [least, most] = sumRange(question)
  return {
    ...common,
    slotCount: optionCount,
    parts: question.options.map((_, i) => ({
      label: `option ${i + 1}`,
      members: range(0, largest),
      slots: [i, i + 1] as const,
    })),
    sumMembers: range(least, most),
  }
}

function chooseOneParts(
  slotCount: number,
  chunkSlots: number,
  slotBits: number,
): Pick<QuestionLayout, "parts" | "sumMembers"> {
  const powers = Array.from({ length: chunkSlots }, (_, i) => 1n << BigInt(slotBits * i))
  if (chunkSlots === slotCount) {
    return { parts: [{ label: "choice 1", members: powers, slots: [0, slotCount] }], sumMembers: null }
  }
  const parts = Array.from({ length: Math.ceil(slotCount / chunkSlots) }, (_, i) => {
    const slots = [i * chunkSlots, Math.min((i + 1) * chunkSlots, slotCount)] as const
    return { label: `choice ${i + 1}`, members: [0n, ...powers.slice(0, slots[1] - slots[0])], slots }
  })
  return { parts, sumMembers: powers }
}

/** least, …, most. */
function range(least: number, most: number): readonly bigint[] {
  return Array.from({ length: most - least + 1 }, (_, i) => BigInt(least + i))
}
