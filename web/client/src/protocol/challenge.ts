// The challenge (Benaloh): a ballot opened instead of cast, so that anyone can recompute every byte of it.
// PROTOCOL §4. The tracker of such a ballot is never signed as a ballot, so nobody can cast it.

import { asBallotSeed, type BallotSeed } from "../crypto/ballotSeed.ts"
import { encodeBase64url, equalBytes } from "../crypto/encoding.ts"
import type { PreparedKey } from "../crypto/key.ts"
import { bodyMessage, type SigningKey, sign } from "../crypto/signature.ts"
import { type Answers, type BallotOwner, type SealedBallot, sealBallot } from "./ballot.ts"
import { encodeCanonical, parseCanonical } from "./canonicalJson.ts"
import { bytes, type Decoded, electionId, identifier, integer, list, oneOf, record } from "./decode.ts"
import { ChallengeDiffers, TermsMismatch } from "./errors.ts"
import { bodyDigest } from "./leaf.ts"
import { fingerprintText, type Terms } from "./terms.ts"

const challenge = record({
  answers: list(record({ question: identifier, values: list(integer(0, 20)) })),
  credential: bytes(32),
  election: electionId,
  fingerprint: bytes(32),
  format: oneOf("psephos/challenge/v1"),
  seed: bytes(32),
  sequence: integer(1, 2 ** 32 - 1),
  tracker: bytes(32),
})

export type Challenge = Decoded<typeof challenge>

/** The canonical text of the challenge request: posted, and saved as the file for another program. */
export function revealRequest(
  terms: Terms,
  ballot: SealedBallot,
  opened: { readonly answers: Answers; readonly seed: BallotSeed; readonly sequence: number },
  key: SigningKey,
): string {
  const body = {
    answers: terms.layouts.map((layout, i) => ({ question: layout.question.id, values: opened.answers[i]! })),
    credential: encodeBase64url(key.publicKey),
    election: terms.manifest.election,
    fingerprint: fingerprintText(terms),
    format: "psephos/challenge/v1",
    seed: encodeBase64url(opened.seed),
    sequence: opened.sequence,
    tracker: encodeBase64url(ballot.tracker),
  }
  const digest = bodyDigest("challenge", encodeCanonical(body))
  return encodeCanonical({
    challenge: body,
    format: "psephos/reveal/v1",
    signature: encodeBase64url(sign(key, bodyMessage("challenge", digest))),
  })
}

/** A challenge body. @throws MalformedRecord */
export function decodeChallenge(body: string): Challenge {
  return challenge(parseCanonical(body), "challenge")
}

/** Make the challenged ballot again and compare trackers. Cost: one encryption of a whole ballot.
 * @throws TermsMismatch, AnswerInvalid, ChallengeDiffers */
export function recomputeChallenge(terms: Terms, key: PreparedKey, opened: Challenge): SealedBallot {
  const questions = terms.layouts.map((layout) => layout.question.id)
  const named = opened.answers.map((answer) => answer.question)
  if (
    opened.election !== terms.manifest.election ||
    !equalBytes(opened.fingerprint, terms.fingerprint) ||
    named.length !== questions.length ||
    !named.every((question, i) => question === questions[i])
  ) {
    throw new TermsMismatch("The opened ballot does not answer exactly this election's questions.")
  }
  const owner: BallotOwner = { credential: opened.credential, sequence: opened.sequence }
  const answers = opened.answers.map((answer) => answer.values)
  const ballot = sealBallot(terms, key, answers, owner, asBallotSeed(opened.seed))
  if (!equalBytes(ballot.tracker, opened.tracker)) {
    throw new ChallengeDiffers("Answers and seed do not give the tracker that was shown.")
  }
  return ballot
}
