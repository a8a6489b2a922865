import { PsephosError } from "../errors.ts"

/** Base of the errors of `crypto`: what was wrong with the numbers, never their secret values. */
export abstract class CryptoError extends PsephosError {}

/** Bytes or text that are not the one accepted spelling of a value. */
export class MalformedEncoding extends CryptoError {
  readonly code = "malformed-encoding"
}

/** A number outside the group or interval that it must lie in. */
export class OutOfRange extends CryptoError {
  readonly code = "out-of-range"
}

/** Sizes that this version does not offer. */
export class UnsupportedParameters extends CryptoError {
  readonly code = "unsupported-parameters"
}
