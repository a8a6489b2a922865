// Questions as ciphertexts: how many, and the sets that they are proved to lie in. PROTOCOL §6.

import { CHALLENGE_BITS } from "../crypto/keySize.ts"
import { bitLength } from "../crypto/numbers.ts"
import { AnswerInvalid, ManifestInvalid } from "./errors.ts"
import { BLANK, type Manifest, type Question } from "./manifest.ts"

const PROOF_BRANCHES_MAX = 4096
const SUM = "sum"

/** One ciphertext of an answer. slots: first and end of the values that it carries. members: ascending. */
export type Part = {
  readonly label: string
  readonly members: readonly bigint[]
  readonly slots: readonly [number, number]
}

/** Ciphertexts that are multiplied (or one alone), and the set that this is proved to lie in.
 * parts: positions among the question's ciphertexts. */
export type Product = {
  readonly label: string
  readonly members: readonly bigint[]
  readonly parts: readonly number[]
}

/** Slots whose values on one ballot add up to `least` … `most`. */
export type SlotSum = {
  readonly label: string
  readonly slots: readonly number[]
  readonly least: number
  readonly most: number
}

/** One question, laid out for one roll. products: what is proved of several ciphertexts together. largest: of a slot.
 * slotBits: w. */
export type QuestionLayout = {
  readonly question: Question
  readonly parts: readonly Part[]
  readonly products: readonly Product[]
  readonly slotSums: readonly SlotSum[]
  readonly slotCount: number
  readonly largest: number
  readonly slotBits: number
}

/** The layout of every question for a roll of this total weight.
 * @throws ManifestInvalid when a slot does not fit a plaintext or a ballot would carry too many proofs */
export function layOut(manifest: Manifest, totalWeight: number): readonly QuestionLayout[] {
  const layouts = manifest.questions.map((question) => layOutQuestion(question, manifest.bits, totalWeight))
  const branches = layouts.reduce((sum, layout) => sum + branchCount(layout), 0)
  if (branches > PROOF_BRANCHES_MAX) throw new ManifestInvalid(`A ballot would carry ${branches} proof branches.`)
  return layouts
}

/** What the proofs of an answer are about, in their order: each ciphertext alone, then the products. */
export function statements(layout: QuestionLayout): readonly Product[] {
  const single = layout.parts.map(({ label, members }, i) => ({ label, members, parts: [i] }))
  return [...single, ...layout.products]
}

/** Branches of all proofs of an answer. */
export function branchCount(layout: QuestionLayout): number {
  return statements(layout).reduce((sum, { members }) => sum + members.length, 0)
}

/** What each ciphertext holds for an answer given as one integer for each slot.
 * @throws AnswerInvalid when the question does not allow these values */
export function plaintexts(layout: QuestionLayout, values: readonly number[]): readonly bigint[] {
  const { question, largest, slotCount } = layout
  const inRange = values.every((value) => Number.isSafeInteger(value) && value >= 0 && value <= largest)
  if (values.length !== slotCount || !inRange) {
    throw new AnswerInvalid(`Question ${question.id} takes ${slotCount} values from 0 to ${largest}.`)
  }
  for (const { label, slots, least, most } of layout.slotSums) {
    const sum = slots.reduce((total, slot) => total + values[slot]!, 0)
    if (sum < least || sum > most) {
      throw new AnswerInvalid(`Question ${question.id}, ${label}: the sum is not ${least} to ${most}.`)
    }
  }
  return layout.parts.map(({ slots: [first, end] }) =>
    values.slice(first, end).reduce((m, value, i) => m + (BigInt(value) << BigInt(layout.slotBits * i)), 0n),
  )
}

function layOutQuestion(question: Question, bits: number, totalWeight: number): QuestionLayout {
  const largest = question.kind === "points" ? question.points_max : 1
  const slotBits = Math.max(2, bitLength(BigInt(largest) * BigInt(totalWeight)) + 1)
  const capacity = Math.floor((bits - CHALLENGE_BITS - 2) / slotBits)
  if (capacity < 1) throw new ManifestInvalid(`Question ${question.id}: a slot does not fit a plaintext.`)
  const count = question.options.length
  const common = { question, largest, slotBits }
  if (question.kind === "choose-one") {
    const slotCount = count + 1
    const slotSums = [{ label: SUM, slots: indices(slotCount), least: 1, most: 1 }]
    return { ...common, slotCount, slotSums, ...chooseOneParts(slotCount, Math.min(slotCount, capacity), slotBits) }
  }
  if (question.kind === "ranking") {
    const { parts, products } = rankingParts(count)
    const slotSums = products.map(({ label, parts }) => ({ label, slots: parts, least: 1, most: 1 }))
    return { ...common, slotCount: parts.length, slotSums, parts, products }
  }
  const [least, most] =
    question.kind === "approval" ? [question.min, question.max] : [question.total_min, question.total_max]
  const all = indices(count)
  return {
    ...common,
    slotCount: count,
    parts: all.map((i) => ({ label: `option ${i + 1}`, members: range(0, largest), slots: [i, i + 1] as const })),
    products: [{ label: SUM, members: range(least, most), parts: all }],
    slotSums: [{ label: SUM, slots: all, least, most }],
  }
}

type Parts = Pick<QuestionLayout, "parts" | "products">

// A blank vote puts 1 into the last ciphertext, and so 0 into every cell: one set for all ballots.
function rankingParts(count: number): Parts {
  const blank = count * count
  const all = indices(count)
  const part = (label: string, slot: number): Part => ({ label, members: [0n, 1n], slots: [slot, slot + 1] })
  const one = (label: string, cells: readonly number[]): Product => ({ label, members: [1n], parts: [...cells, blank] })
  return {
    parts: [
      ...all.flatMap((i) => all.map((j) => part(`option ${i + 1} position ${j + 1}`, i * count + j))),
      part(BLANK, blank),
    ],
    products: [
      ...all.map((i) => one(`row ${i + 1}`, all.map((j) => i * count + j))),
      ...all.map((j) => one(`column ${j + 1}`, all.map((i) => i * count + j))),
    ],
  }
}

function chooseOneParts(slotCount: number, chunkSlots: number, slotBits: number): Parts {
  const powers = indices(chunkSlots).map((i) => 1n << BigInt(slotBits * i))
  if (chunkSlots === slotCount) {
    return { parts: [{ label: "choice 1", members: powers, slots: [0, slotCount] }], products: [] }
  }
  const parts = indices(Math.ceil(slotCount / chunkSlots)).map((i) => {
    const slots = [i * chunkSlots, Math.min((i + 1) * chunkSlots, slotCount)] as const
    return { label: `choice ${i + 1}`, members: [0n, ...powers.slice(0, slots[1] - slots[0])], slots }
  })
  return { parts, products: [{ label: SUM, members: powers, parts: indices(parts.length) }] }
}

/** 0, …, count − 1. */
function indices(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** least, …, most. */
function range(least: number, most: number): readonly bigint[] {
  return Array.from({ length: most - least + 1 }, (_, i) => BigInt(least + i))
}
