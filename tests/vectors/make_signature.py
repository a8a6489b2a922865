"""Write signature.json: `python -m tests.vectors.make_signature`.

Has its own affine Edwards arithmetic, so that signatures can be made which no honest library makes.
"""

import hashlib
from typing import Any

from crypto.signature import GROUP_ORDER as ORDER
from crypto.signature import SigningKey
from crypto.transcript import tuple_hash
from tests.vectors.files import write_vectors

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)
BASE: Point = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P
    return x, y


def times(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def encode(point: Point, *, add_p: bool = False, flip_sign: bool = False) -> bytes:
    """RFC 8032, and two other spellings of the same point that lenient decoders read."""
    y = point[1] + (P if add_p else 0)
    return (y | ((point[0] & 1) ^ flip_sign) << 255).to_bytes(32, "little")


def with_y(y: int) -> Point | None:
    """A point with this y, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x, y) if x * x % P == square else None


def of_order_eight() -> Point:
    y = 2
    while True:
        candidate = with_y(y)
        if candidate is not None:
            torsion = times(ORDER, candidate)
            if times(4, torsion) != NEUTRAL:
                return torsion
        y += 1


def secret_scalar(seed: bytes) -> int:
    clamped = bytearray(hashlib.sha512(seed).digest()[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    return int.from_bytes(clamped, "little")


def challenge(r_bytes: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r_bytes + key + message).digest(), "little") % ORDER


SEED = bytes(range(32))
KEY = SigningKey.from_seed(SEED)
A = secret_scalar(SEED)
MESSAGE = tuple_hash("sign", [b"ballot", bytes(32)])
TORSION = of_order_eight()


def forged(r: int, r_bytes: bytes, key: bytes = KEY.public_key) -> bytes:
    """S = r + k·a for the given bytes of R."""
    return r_bytes + ((r + challenge(r_bytes, key, MESSAGE) * A) % ORDER).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """As leniently as libraries do: y reduced, the sign of x = 0 ignored."""
    number = int.from_bytes(data, "little")
    point = with_y(number % 2**255 % P)
    if point is not None and point[0] & 1 != number >> 255:
        return (-point[0] % P, point[1])
    return point


def cofactored_accepts(key: bytes, message: bytes, signature: bytes) -> bool:
    """8·S·B = 8·R + 8·k·A, without any of the strict checks (but S of this length)."""
    if len(signature) != 64:
        return False
    point, commitment = decode(key), decode(signature[:32])
    if point is None or commitment is None:
        return False
    left = times(int.from_bytes(signature[32:], "little"), BASE)
    right = add(commitment, times(challenge(signature[:32], key, message), point))
    return times(8, left) == times(8, right)


def key_cases() -> list[dict[str, Any]]:
    def bad(case_id: str, attack: str, key: bytes) -> dict[str, Any]:
        return {
            "id": case_id,
            "result": "invalid",
            "error": "unsound-public-key",
            "attack": attack,
            "public_key": key.hex(),
        }

    cases: list[dict[str, Any]] = [
        {"id": "valid-from-seed", "result": "valid", "public_key": KEY.public_key.hex()}
    ]
    any_message = "one signature is valid for any message"
    for multiple in range(8):
        cases.append(bad(f"small-order-{multiple}", any_message, encode(times(multiple, TORSION))))
    two_keys = "two spellings of one key stand on the roll"
    cases += [
        bad("neutral-with-sign", two_keys, encode(NEUTRAL, flip_sign=True)),
        bad("neutral-plus-p", two_keys, encode(NEUTRAL, add_p=True)),
        bad("neutral-plus-p-with-sign", two_keys, encode(NEUTRAL, add_p=True, flip_sign=True)),
        bad("order-two-with-sign", two_keys, encode((0, P - 1), flip_sign=True)),
        bad("order-four-plus-p", two_keys, encode(times(2, TORSION), add_p=True)),
    ]
    small_y = next(point for y in range(2, 19) if (point := with_y(y)) is not None)
    cases.append(bad("large-order-plus-p", two_keys, encode(small_y, add_p=True)))
    disagree = "verifiers with and without cofactor disagree about this voter's ballots"
    for order, multiple in (("two", 4), ("four", 2), ("eight", 1)):
        mixed = encode(add(times(A, BASE), times(multiple, TORSION)))
        cases.append(bad(f"mixed-order-{order}", disagree, mixed))
    no_point = next(y for y in range(2, 100) if with_y(y) is None)
    cases += [
        bad("not-on-the-curve", "nonsense", no_point.to_bytes(32, "little")),
        bad("too-short", "nonsense", KEY.public_key[:31]),
        bad("too-long", "nonsense", KEY.public_key + b"\0"),
        bad("empty", "nonsense", b""),
    ]
    return cases


def signature_cases() -> list[dict[str, Any]]:
    good = KEY.sign(MESSAGE)
    scalar = int.from_bytes(good[32:], "little")

    def case(
        case_id: str,
        signature: bytes,
        error: str | None = None,
        attack: str = "",
        *,
        message: bytes = MESSAGE,
        key: bytes = KEY.public_key,
    ) -> dict[str, Any]:
        made: dict[str, Any] = {"id": case_id, "result": "valid" if error is None else "invalid"}
        if error is not None:
            made |= {
                "error": error,
                "attack": attack,
                "cofactored_accepts": cofactored_accepts(key, message, signature),
            }
        return made | {
            "public_key": key.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
        }

    failed, unsound = "signature-failed", "unsound-public-key"
    disagree = "made by the key's owner so that some verifiers count the ballot and others do not"
    nonce = 123456789
    commitment = times(nonce, BASE)
    mixed_key = encode(add(times(A, BASE), TORSION))
    order_two = encode((0, P - 1))
    cases = [
        case("valid", good),
        case("valid-empty-message", KEY.sign(b""), message=b""),
        case("valid-neutral-r", forged(0, encode(NEUTRAL))),
        case("other-message", good, failed, "signature moved to other content", message=MESSAGE[::-1]),
        case(
            "other-key", good, failed, "another credential", key=SigningKey.from_seed(b"\1" * 32).public_key
        ),
        case("flipped-r", bytes([good[0] ^ 1]) + good[1:], failed, "altered"),
        case("flipped-s", good[:32] + bytes([good[32] ^ 1]) + good[33:], failed, "altered"),
        case("s-plus-order", good[:32] + (scalar + ORDER).to_bytes(32, "little"), failed, "malleable S"),
        case("too-short", good[:63], failed, "truncated"),
        case("too-long", good + b"\0", failed, "extended"),
        case("empty", b"", failed, "missing"),
    ]
    for order, multiple in (("two", 4), ("four", 2), ("eight", 1)):
        r_bytes = encode(add(commitment, times(multiple, TORSION)))
        cases.append(case(f"r-with-order-{order}", forged(nonce, r_bytes), failed, disagree))
    cases += [
        case("r-of-order-two", forged(0, order_two), failed, disagree),
        case("r-neutral-with-sign", forged(0, encode(NEUTRAL, flip_sign=True)), failed, disagree),
        case("r-neutral-plus-p", forged(0, encode(NEUTRAL, add_p=True)), failed, disagree),
        case(
            "key-of-mixed-order",
            forged(nonce, encode(commitment), mixed_key),
            unsound,
            disagree,
            key=mixed_key,
        ),
        case(
            "key-of-order-two",
            encode(NEUTRAL) + bytes(32),
            unsound,
            "one signature for every message",
            key=order_two,
        ),
        case(
            "key-neutral-s-equals-order",
            encode(NEUTRAL) + ORDER.to_bytes(32, "little"),
            unsound,
            "one signature for every message, S not reduced",
            key=encode(NEUTRAL),
        ),
    ]
    return cases


def vectors() -> dict[str, Any]:
    return {
        "format": "psephos/signature/v1",
        "spec": "docs/PROTOCOL.md, section 1",
        "made_by": "tests/vectors/make_signature.py",
        "note": "Bytes in hexadecimal. `cofactored_accepts`: a verifier that multiplies by 8 and checks "
        "nothing else takes it. Libraries refuse some of these (noble-curves with zip215: false: S not below "
        "the order, spellings that are not canonical, keys of small order), but not R with a part of small "
        "order: compare R with the encoding of S*B - k*A, or check that R is torsion-free; and check the "
        "order of every key.",
        "seed": SEED.hex(),
        "keys": key_cases(),
        "cases": signature_cases(),
    }


if __name__ == "__main__":
    write_vectors("signature", vectors())
