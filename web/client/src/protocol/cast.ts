// What travels when a ballot is cast. PROTOCOL §4, "cast request".

import { encodeBase64url } from "../crypto/encoding.ts"
import { bodyMessage, type SigningKey, sign } from "../crypto/signature.ts"
import type { SealedBallot } from "./ballot.ts"
import { encodeCanonical, parseCanonical } from "./canonicalJson.ts"

/** The canonical text of the request. This signature is what makes a sealed ballot a cast one: it is made when the
 * voter presses *Cast* and at no other time. */
export function castRequest(ballot: SealedBallot, key: SigningKey): string {
  return encodeCanonical({
    ballot: parseCanonical(ballot.body),
    format: "psephos/cast/v1",
    signature: encodeBase64url(sign(key, bodyMessage("ballot", ballot.tracker))),
  })
}
