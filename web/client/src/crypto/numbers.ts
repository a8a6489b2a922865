// Arithmetic on the browser's own BigInt.
//
// Not constant-time: BigInt's time depends on its operands, and no library on top of it can change that. What
// runs on the voter's own device and could measure it could as well read the screen.

/** Number of bits of a number ≥ 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0
  const hex = value.toString(16)
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)))
}

/** Remainder in 0 … modulus − 1, also for negative values. */
export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus
  return rest < 0n ? rest + modulus : rest
}

/** base^exponent mod modulus, windows of 4 bits. exponent ≥ 0. */
export function powmod(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n % modulus, mod(base, modulus)] as [bigint, bigint, ...bigint[]]
  for (let i = 2; i < 16; i++) powers.push((powers[i - 1]! * powers[1]) % modulus)
  let result = powers[0]
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    const window = Number.parseInt(digit, 16)
    if (window > 0) result = (result * powers[window]!) % modulus
  }
  return result
}

/** Greatest common divisor of numbers ≥ 0. */
export function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

/** The Jacobi symbol (value / modulus). modulus: odd, positive. */
export function jacobi(value: bigint, modulus: bigint): -1 | 0 | 1 {
  let a = mod(value, modulus)
  let n = modulus
  let sign: -1 | 1 = 1
  while (a !== 0n) {
    const twos = trailingZeros(a)
    a >>= BigInt(twos)
    const nLow = Number(n & 7n)
    if (twos % 2 === 1 && (nLow === 3 || nLow === 5)) sign = sign === 1 ? -1 : 1
    if ((nLow & 3) === 3 && (a & 3n) === 3n) sign = sign === 1 ? -1 : 1
    ;[a, n] = [n % a, a]
  }
  return n === 1n ? sign : 0
}

/** Whether a number ≥ 0 is the square of an integer. */
export function isSquare(value: bigint): boolean {
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2))
  for (;;) {
    const next = (root + value / (root || 1n)) >> 1n
    if (next >= root) return root * root === value
    root = next
  }
}

/** All primes below `limit`, ascending. */
export function primesBelow(limit: number): number[] {
  const composite = new Uint8Array(limit)
  const primes: number[] = []
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue
    primes.push(i)
    for (let j = i * i; j < limit; j += i) composite[j] = 1
  }
  return primes
}

function trailingZeros(value: bigint): number {
  let count = 0
  let low = Number(BigInt.asUintN(32, value))
  while (low === 0) {
    value >>= 32n
    count += 32
    low = Number(BigInt.asUintN(32, value))
  }
  return count + 31 - Math.clz32(low & -low)
}
