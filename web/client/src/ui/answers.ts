// From what is ticked and typed to the values of an answer, and back to words. No page in here.

import type { LocalText, Question } from "../protocol/manifest.ts"
import type { Message } from "./texts.ts"

/** What the inputs of a question show. chosen: position of the option, "blank", or null for nothing. picked: for each
 * option "1" … or "" for no position yet. */
export type RawAnswer =
  | { readonly kind: "choose-one"; readonly chosen: number | "blank" | null }
  | { readonly kind: "approval"; readonly ticked: readonly boolean[] }
  | { readonly kind: "points"; readonly typed: readonly string[] }
  | { readonly kind: "ranking"; readonly picked: readonly string[]; readonly blank: boolean }

/** Either values, one for each slot, or what is wrong; option: at which input (after the last option: the blank vote). */
export type ReadAnswer =
  | { readonly values: readonly number[]; readonly mistake: null }
  | { readonly values: null; readonly mistake: Message; readonly option: number | null }

export type Language = keyof LocalText

/** The values of an answer, or the sentence that says what to mend. */
export function readAnswer(question: Question, raw: RawAnswer, lang: Language): ReadAnswer {
  if (question.kind === "choose-one" && raw.kind === "choose-one") return readChoice(question, raw.chosen)
  if (question.kind === "approval" && raw.kind === "approval") return readApproval(question, raw.ticked)
  if (question.kind === "points" && raw.kind === "points") return readPoints(question, raw.typed, lang)
  if (question.kind === "ranking" && raw.kind === "ranking") return readRanking(question, raw.picked, raw.blank, lang)
  throw new TypeError("The inputs are not those of the question.")
}

/** The line under the inputs that says how much is chosen so far; none for choose-one. */
export function liveLine(question: Question, raw: RawAnswer): readonly Message[] {
  if (question.kind === "approval" && raw.kind === "approval") {
    const n = raw.ticked.filter(Boolean).length
    const left = question.max - n
    const chosen: Message = { key: "approval.chosen", values: { n, max: question.max }, count: n }
    return left > 0 ? [chosen, { key: "approval.more", values: { n: left }, count: left }] : [chosen, { key: "approval.full" }]
  }
  if (question.kind === "points" && raw.kind === "points") {
    const n = raw.typed.reduce((sum, typed) => sum + (pointsOf(typed, question.points_max) ?? 0), 0)
    return [{ key: "points.given", values: { n, max: question.total_max } }]
  }
  if (question.kind === "ranking" && raw.kind === "ranking" && !raw.blank) {
    const max = question.options.length
    const free = question.options.map((_, i) => String(i + 1)).filter((position) => !raw.picked.includes(position))
    const given: Message = { key: "ranking.given", values: { n: raw.picked.filter((position) => position !== "").length, max } }
    return free.length === 0 || free.length === max
      ? [given]
      : [given, { key: "ranking.free", values: { positions: free.join(", ") } }]
  }
  return []
}

/** An answer in words: lines, and a note beside them. */
export function describeAnswer(
  question: Question,
  values: readonly number[],
  lang: Language,
): { readonly lines: readonly (string | Message)[]; readonly note: Message | null } {
  if (question.kind === "ranking") return { lines: describeRanking(question, values, lang), note: null }
  const chosen = question.options.map((option, i) => ({ label: option.label[lang], n: values[i] ?? 0 })).filter(({ n }) => n > 0)
  if (question.kind === "choose-one") {
    return { lines: chosen.length > 0 ? chosen.map(({ label }) => label) : [{ key: "review.blank" }], note: null }
  }
  if (chosen.length === 0) return { lines: [{ key: "review.none" }], note: null }
  if (question.kind === "approval") {
    const note = { key: "review.count", values: { n: chosen.length, max: question.max } }
    return { lines: chosen.map(({ label }) => label), note }
  }
  const n = chosen.reduce((sum, each) => sum + each.n, 0)
  return {
    lines: chosen.map(({ label, n }) => ({ key: "review.points", values: { option: label, n } })),
    note: { key: "points.given", values: { n, max: question.total_max } },
  }
}

function readChoice(question: Question, chosen: number | "blank" | null): ReadAnswer {
  if (chosen === null) return { values: null, mistake: { key: "choose.empty" }, option: null }
  const slot = chosen === "blank" ? question.options.length : chosen
  const slots = Array.from({ length: question.options.length + 1 }, (_, i) => (i === slot ? 1 : 0))
  return { values: slots, mistake: null }
}

function readApproval(question: Question & { kind: "approval" }, ticked: readonly boolean[]): ReadAnswer {
  const n = ticked.filter(Boolean).length
  const { min, max } = question
  if (n < min) return { values: null, mistake: { key: "approval.few", values: { min, n }, count: min }, option: null }
  if (n > max) return { values: null, mistake: { key: "approval.many", values: { max, n }, count: max }, option: null }
  return { values: ticked.map(Number), mistake: null }
}

function readPoints(question: Question & { kind: "points" }, typed: readonly string[], lang: Language): ReadAnswer {
  const { points_max: most, total_min: min, total_max: max } = question
  const values: number[] = []
  for (const [option, text] of typed.entries()) {
    const points = pointsOf(text, most)
    if (points === null) {
      const label = question.options[option]?.label[lang] ?? ""
      return { values: null, mistake: { key: "points.range", values: { option: label, max: most } }, option }
    }
    values.push(points)
  }
  const n = values.reduce((sum, each) => sum + each, 0)
  if (n < min || n > max) return { values: null, mistake: { key: "points.total", values: { n, min, max } }, option: null }
  return { values, mistake: null }
}

function readRanking(
  question: Question & { kind: "ranking" },
  picked: readonly string[],
  blank: boolean,
  lang: Language,
): ReadAnswer {
  const labels = question.options.map((option) => option.label[lang])
  const count = labels.length
  const mistake = (key: string, option: number | null, values: { readonly [name: string]: string }): ReadAnswer => ({
    values: null,
    mistake: { key: `ranking.${key}`, values },
    option,
  })
  if (blank) {
    if (picked.some((position) => position !== "")) return mistake("blank", count, {})
    return { values: [...labels.flatMap(() => labels.map(() => 0)), 1], mistake: null }
  }
  if (picked.every((position) => position === "")) return mistake("empty", null, {})
  for (const [i, position] of picked.entries()) {
    const first = picked.indexOf(position)
    if (position !== "" && first !== i) {
      return mistake("twice", i, { first: labels[first] ?? "", option: labels[i] ?? "", position })
    }
  }
  const missing = picked.indexOf("")
  if (missing >= 0) return mistake("missing", missing, { option: labels[missing] ?? "" })
  return { values: [...picked.flatMap((position) => labels.map((_, j) => Number(position === String(j + 1)))), 0], mistake: null }
}

/** The options in the voter's order, one line each. */
function describeRanking(
  question: Question & { kind: "ranking" },
  values: readonly number[],
  lang: Language,
): readonly Message[] {
  const count = question.options.length
  const lines = question.options.flatMap((_, j) => {
    const at = question.options.findIndex((_, i) => values[i * count + j] === 1)
    const option = question.options[at]?.label[lang]
    return option === undefined ? [] : [{ key: "review.rank", values: { n: j + 1, option } }]
  })
  return lines.length > 0 ? lines : [{ key: "review.blank" }]
}

/** Empty means 0; null for what is no whole number from 0 to `most`. */
function pointsOf(typed: string, most: number): number | null {
  const text = typed.trim()
  if (text === "") return 0
  return /^[0-9]{1,3}$/.test(text) && Number(text) <= most ? Number(text) : null
}
