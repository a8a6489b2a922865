/** Base of every error that the client raises on purpose. `code` is stable; pages choose their words by it.
 *
 * Messages are for a developer's console. They never hold a secret value. */
export abstract class PsephosError extends Error {
  abstract readonly code: string
}
