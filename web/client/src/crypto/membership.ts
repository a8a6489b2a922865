// The one proof of a ballot: this ciphertext holds an element of that public set; it does not say which.
// PROTOCOL §7. Damgård and Jurik 2001 (1-out-of-k), Cramer, Damgård and Schoenmakers 1994 (the OR of proofs),
// Bernhard, Pereira and Warinschi 2012 (hash the whole statement).

import type { Draw } from "./ballotSeed.ts"
import { bytesToInt, intToBytes, utf8 } from "./encoding.ts"
import { CryptoError, OutOfRange } from "./errors.ts"
import type { ElectionKey, PreparedKey } from "./key.ts"
import { CHALLENGE_BITS, n2Bytes, nBytes } from "./keySize.ts"
import { bitLength, gcd, mod, powmod } from "./numbers.ts"
import { tupleHash, u32, u64 } from "./transcript.ts"

const CHALLENGE_LIMIT = 1n << BigInt(CHALLENGE_BITS)

// With randomness of the right length one attempt in 2^128 starts again. That many in a row mean a wrong mask length.
const MAX_ATTEMPTS = 64

/** A number that is no ciphertext of this key. */
export class MalformedCiphertext extends CryptoError {
  readonly code = "malformed-ciphertext"
}

/** A proof with the wrong number of branches or a number outside its range; found before any power. */
export class MalformedProof extends CryptoError {
  readonly code = "malformed-proof"
}

/** A well-formed proof that does not prove its statement. */
export class MembershipFailed extends CryptoError {
  readonly code = "membership-failed"
}

/** Where a proof belongs; part of the challenge, so that a proof moved elsewhere fails.
 * fingerprint, credential: 32 bytes each. */
export type ProofContext = {
  readonly fingerprint: Uint8Array
  readonly question: string
  readonly part: string
  readonly credential: Uint8Array
  readonly sequence: number
}

/** One triple (a, e, z) for each member of the set, in its order: a unit mod n², 0 ≤ e < 2^256, 1 ≤ z ≤ (n−1)/2. */
export type MembershipProof = {
  readonly a: readonly bigint[]
  readonly e: readonly bigint[]
  readonly z: readonly bigint[]
}

/** `ciphertext` encrypts one of `members` (k ≥ 1 distinct values below n, in hashed order). */
export type Statement = {
  readonly ciphertext: bigint
  readonly members: readonly bigint[]
  readonly context: ProofContext
}

/** What the prover knows. position: of the true value; r: for a product the sum of its ciphertexts' randomness;
 * maskBits: ℓ(g). */
export type Witness = {
  readonly position: number
  readonly r: bigint
  readonly maskBits: number
  readonly draw: Draw
}

/** E: the hash of the whole statement and all commitments, 256 bits. */
export function challenge(key: ElectionKey, statement: Statement, a: readonly bigint[]): bigint {
  const { ciphertext, members, context } = statement
  const below = { n: nBytes(key.size), n2: n2Bytes(key.size) }
  const items = [
    context.fingerprint,
    utf8(context.question),
    utf8(context.part),
    context.credential,
    u64(context.sequence),
    intToBytes(key.n, below.n),
    intToBytes(key.h, below.n),
    intToBytes(ciphertext, below.n2),
    u32(members.length),
    ...members.map((m) => intToBytes(m, below.n)),
    ...a.map((commitment) => intToBytes(commitment, below.n2)),
  ]
  return bytesToInt(tupleHash("membership", items))
}

/** Prove that the statement's ciphertext, made with r for the member at `position`, encrypts an element of the set.
 * Cost: 2·k powers from tables.
 * @throws OutOfRange */
export function proveMembership(key: PreparedKey, statement: Statement, witness: Witness): MembershipProof {
  requireMembers(key, statement.members)
  if (statement.members[witness.position] === undefined) {
    throw new OutOfRange("The position of the true value lies outside the set.")
  }
  if (witness.r < 0n || bitLength(witness.r) > witness.maskBits) {
    throw new OutOfRange(`The randomness of a proof has at most ${witness.maskBits} bits.`)
  }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const proof = proveOnce(key, statement, witness, attempt)
    if (proof !== null) return proof
  }
  throw new OutOfRange("The mask of this proof is too short for its randomness.")
}

/** One attempt; null when the mask was smaller than what it had to hide. */
function proveOnce(key: PreparedKey, statement: Statement, witness: Witness, attempt: number): MembershipProof | null {
  const { members } = statement
  const { position, r, maskBits, draw } = witness
  const v = members[position]!
  const a: bigint[] = []
  const e: bigint[] = []
  const z: bigint[] = []
  let mask = 0n
  members.forEach((member, j) => {
    const sigma = draw(j, "sigma", maskBits, attempt)
    if (j === position) {
      mask = sigma
      a.push(key.HTable.power(sigma))
      e.push(0n)
      z.push(0n)
      return
    }
    const ej = draw(j, "e", CHALLENGE_BITS, attempt)
    const shift = 1n + mod((v - member) * ej, key.n) * key.n
    a.push((key.HTable.power(sigma + r * ej) * shift) % key.n2)
    e.push(ej)
    z.push(smallerRoot(key, key.hTable.power(sigma)))
  })
  const total = challenge(key, statement, a)
  e[position] = mod(total - e.reduce((sum, ej) => sum + ej, 0n), CHALLENGE_LIMIT)
  const hidden = r * e[position]
  if (mask < hidden) return null
  z[position] = smallerRoot(key, key.hTable.power(mask - hidden))
  return { a, e, z }
}

/** Check that the statement holds: ranges, counts and units; the sum of the challenges; each branch exactly.
 * Cost: for each member one power to n and one to e, modulo n².
 * @throws MalformedCiphertext, MalformedProof, MembershipFailed; OutOfRange when the set itself is wrong */
export function verifyMembership(key: ElectionKey, statement: Statement, proof: MembershipProof): void {
  requireMembers(key, statement.members)
  requireShape(key, statement, proof)
  const sum = proof.e.reduce((total, ej) => total + ej, 0n)
  if (mod(sum - challenge(key, statement, proof.a), CHALLENGE_LIMIT) !== 0n) {
    throw new MembershipFailed("The proof's challenges do not add up to the hash of its statement.")
  }
  statement.members.forEach((member, j) => {
    // z^(2n) · x^(2e) ≡ a² (mod n²) with x = c·(1 − m·n)
    const e = proof.e[j]!
    const shift = 1n + mod(-member * e, key.n) * key.n
    const power = powmod(statement.ciphertext, e, key.n2) * powmod(proof.z[j]!, key.n, key.n2)
    const root = ((power % key.n2) * shift) % key.n2
    const a = proof.a[j]!
    if ((root * root - a * a) % key.n2 !== 0n) {
      throw new MembershipFailed(`Branch ${j} of the membership proof does not satisfy its equation.`)
    }
  })
}

function requireShape(key: ElectionKey, statement: Statement, proof: MembershipProof): void {
  const { ciphertext } = statement
  if (ciphertext < 1n || ciphertext >= key.n2 || gcd(ciphertext, key.n) !== 1n) {
    throw new MalformedCiphertext("A ciphertext is a unit between 1 and n² − 1.")
  }
  const count = statement.members.length
  if (proof.a.length !== count || proof.e.length !== count || proof.z.length !== count) {
    throw new MalformedProof(`The proof must have exactly ${count} branches.`)
  }
  if (!proof.a.every((a) => a >= 1n && a < key.n2 && gcd(a, key.n) === 1n)) {
    throw new MalformedProof("A commitment a is a unit between 1 and n² − 1.")
  }
  if (!proof.e.every((e) => e >= 0n && e < CHALLENGE_LIMIT)) {
    throw new MalformedProof("A challenge e lies between 0 and 2^256 − 1.")
  }
  if (!proof.z.every((z) => z >= 1n && z <= (key.n - 1n) / 2n && gcd(z, key.n) === 1n)) {
    throw new MalformedProof("A response z is a unit between 1 and (n − 1)/2.")
  }
}

function requireMembers(key: ElectionKey, members: readonly bigint[]): void {
  const inRange = members.every((m) => m >= 0n && m < key.n)
  if (members.length === 0 || !inRange || new Set(members).size !== members.length) {
    throw new OutOfRange("The set of a membership proof is one or more distinct values from 0 to n − 1.")
  }
}

// z and n − z serve the (squared) equation alike; one of the two is chosen so that a proof has one spelling.
function smallerRoot(key: ElectionKey, z: bigint): bigint {
  return z < key.n - z ? z : key.n - z
}
