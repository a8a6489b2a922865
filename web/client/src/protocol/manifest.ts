// The manifest: what is asked, of whom, when, under which keys. Frozen with the fingerprint. PROTOCOL §4.

import { isKeyName } from "../crypto/note.ts"
import type { JsonValue } from "./canonicalJson.ts"
import {
  base64url,
  boolean,
  type Decoded,
  type Decoder,
  electionId,
  identifier,
  integer,
  list,
  matching,
  nullable,
  oneOf,
  record,
  tagged,
  text,
  timestamp,
} from "./decode.ts"
import { MalformedRecord, ManifestInvalid } from "./errors.ts"

export const BLANK = "blank"
const LAST_SECOND = Date.parse("9999-12-31T23:59:59Z")

const localText = (most: number) => record({ en: text(most), vi: text(most) })
const namedKey = record({ key: base64url(32), name: text(100) })
// A witness's name stands in signature lines.
const witness = record({ key: base64url(32), name: keyName(100) })
// A file that voters should read, bound by its digest. media_type: as in RFC 6838.
const document = record({
  bytes: integer(),
  media_type: matching(/^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,63}$/),
  name: localText(200),
  sha256: base64url(32),
})
const option = record({ id: identifier, label: localText(300) })
const common = { id: identifier, text: localText(500) }
const options = (least: number) => list(option, least, 200)

const chooseOne = record({ ...common, kind: oneOf("choose-one"), options: options(2) })
const approval = record({ ...common, kind: oneOf("approval"), max: integer(1), min: integer(), options: options(1) })
const points = record({
  ...common,
  kind: oneOf("points"),
  options: options(1),
  points_max: integer(1, 20),
  total_max: integer(1),
  total_min: integer(),
})
// positions: the points of position 1, 2, …
const ranking = record({
  ...common,
  kind: oneOf("ranking"),
  options: list(option, 2, 8),
  positions: list(integer(0, 1000)),
})
type AnyQuestion =
  | Decoded<typeof chooseOne>
  | Decoded<typeof approval>
  | Decoded<typeof points>
  | Decoded<typeof ranking>

const manifest = record({
  areas: list(record({ id: identifier, name: localText(200) }), 1, 1000),
  authority: localText(200),
  bits: bits(2048, 3072),
  ceremony: oneOf("separate-machines", "one-machine"),
  closes_at: timestamp,
  documents: list(document, 0, 20),
  election: electionId,
  extension_seconds: integer(0, 604_800),
  format: oneOf("psephos/manifest/v1"),
  log_key: base64url(32),
  // Printable ASCII but “+”, which separates the parts of a key in signed notes.
  log_origin: matching(/^[!-*,-~]{1,128}$/),
  objection_seconds: integer(0, 2_592_000),
  opens_at: timestamp,
  promise_seconds: integer(1, 3600),
  questions: list(
    tagged<AnyQuestion>("kind", { "choose-one": chooseOne, approval, points, ranking }),
    1,
    20,
  ),
  quorum: nullable(list(integer(1), 2, 2)),
  registrar_key: nullable(base64url(32)),
  rehearsal: boolean,
  revoting: boolean,
  server_key: base64url(32),
  sign_in: oneOf("none", "required"),
  small_areas: record({
    max_share: list(integer(1), 2, 2),
    min_credentials: integer(1),
    min_same_weight: integer(1),
    open_whole: boolean,
  }),
  threshold: integer(1, 10),
  time_zone: text(64),
  title: localText(200),
  trustees: list(namedKey, 1, 10),
  witnesses: list(witness, 0, 15),
})

export type Manifest = Decoded<typeof manifest>
export type Question = Manifest["questions"][number]
export type LocalText = Manifest["title"]

/** A manifest that keeps all its limits but those of its keys, which are checked where they are used.
 * @throws ManifestInvalid naming what is wrong */
export function decodeManifest(value: JsonValue): Manifest {
  try {
    const decoded = manifest(value, "manifest")
    requireLimits(decoded)
    return decoded
  } catch (error) {
    if (error instanceof MalformedRecord) throw new ManifestInvalid(error.message, { cause: error })
    throw error
  }
}

function requireLimits(decoded: Manifest): void {
  if (decoded.opens_at >= decoded.closes_at) throw new ManifestInvalid("The election must open before it closes.")
  if (Date.parse(decoded.closes_at) + decoded.extension_seconds * 1000 > LAST_SECOND) {
    throw new ManifestInvalid("An extension would reach beyond the last year.")
  }
  requireDistinct("document digests", decoded.documents.map((each) => each.sha256))
  const [part = 0, whole = 0] = decoded.quorum ?? [1, 1]
  if (part > whole) throw new ManifestInvalid("A quorum is at most all voters.")
  if (decoded.registrar_key === decoded.server_key || decoded.registrar_key === decoded.log_key) {
    throw new ManifestInvalid("The registrar's key must not be a key of the server.")
  }
  requireDistinct("question ids", decoded.questions.map((question) => question.id))
  for (const question of decoded.questions) requireQuestion(question)
  requireDistinct("area ids", decoded.areas.map((area) => area.id))
  requireDistinct("trustee keys", decoded.trustees.map((trustee) => trustee.key))
  requireDistinct("witness keys", decoded.witnesses.map((witness) => witness.key))
  const [numerator = 0, denominator = 0] = decoded.small_areas.max_share
  if (numerator > denominator) throw new ManifestInvalid("A share of an area is at most 1.")
  const count = decoded.trustees.length
  if (!((count === 1 && decoded.threshold === 1) || (count >= 3 && decoded.threshold === 2))) {
    throw new ManifestInvalid(`${decoded.threshold} of ${count} trustees is not offered.`)
  }
}

function requireQuestion(question: Question): void {
  const ids = question.options.map((each) => each.id)
  requireDistinct(`option ids of ${question.id}`, ids)
  if (ids.includes(BLANK)) throw new ManifestInvalid(`Question ${question.id}: the option id “blank” is reserved.`)
  if (!numbersFit(question)) throw new ManifestInvalid(`Question ${question.id}: its numbers do not fit together.`)
}

function numbersFit(question: Question): boolean {
  const count = question.options.length
  switch (question.kind) {
    case "choose-one":
      return true
    case "approval":
      return question.min <= question.max && question.max <= count
    case "points":
      return question.total_min <= question.total_max && question.total_max <= count * question.points_max
    case "ranking": {
      const { positions } = question
      const falls = positions.every((points, j) => j === 0 || points <= positions[j - 1]!)
      return positions.length === count && falls && positions[0]! > positions[count - 1]!
    }
  }
}

function requireDistinct(name: string, items: readonly string[]): void {
  if (new Set(items).size !== items.length) throw new ManifestInvalid(`${name} are not distinct.`)
}

function keyName(most: number): Decoder<string> {
  return (value, path) => {
    const name = text(most)(value, path)
    if (!isKeyName(name)) throw new MalformedRecord(`${path} has white space or “+”.`)
    return name
  }
}

function bits(...allowed: readonly number[]): Decoder<number> {
  return (value, path) => {
    if (typeof value !== "number" || !allowed.includes(value)) {
      throw new MalformedRecord(`${path} is none of ${allowed.join(", ")}.`)
    }
    return value
  }
}
