import { PsephosError } from "../errors.ts"

/** Base of the errors of `protocol`: what came from outside and does not keep the specification. */
export abstract class ProtocolError extends PsephosError {}

/** Bytes that are not the canonical encoding of the record that belongs here. */
export class MalformedRecord extends ProtocolError {
  readonly code = "malformed-record"
}

/** A manifest that breaks one of its own limits. */
export class ManifestInvalid extends ProtocolError {
  readonly code = "manifest-invalid"
}

/** Manifest, ceremony, roll, freeze or fingerprint that do not belong together. */
export class TermsMismatch extends ProtocolError {
  readonly code = "terms-mismatch"
}

/** Values that a question does not allow. */
export class AnswerInvalid extends ProtocolError {
  readonly code = "answer-invalid"
}

/** Answers and seed that do not give the tracker that was shown. */
export class ChallengeDiffers extends ProtocolError {
  readonly code = "challenge-differs"
}

/** What the server promised or showed is not what was cast. */
export class EvidenceDiffers extends ProtocolError {
  readonly code = "evidence-differs"
}
