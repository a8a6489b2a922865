"""Proof of work: a browser calculates for a moment before a form is taken, instead of its reader solving puzzles.

A challenge is one line, `psephos-work/1.PURPOSE.BITS.UNTIL.NONCE.TAG`: ASCII, parts without dots. PURPOSE says which
form of what; BITS how hard; UNTIL the second after which it is worth nothing, since 1970; NONCE 16 random bytes and TAG
the keyed hash of all before it, 16 bytes, both in hex. The server stores nothing until it is used.

The answer is PIECES whole numbers, in decimal with one comma between: number i (from 0) is the least n ≥ 0 or any other
below 2^53 for which SHA-256(CHALLENGE:i:n) begins with BITS zero bits. Several small pieces instead of a large one: the
time they take together varies far less, and nobody waits ten times as long as others by bad luck.

What it does: a million forms cost somebody real money. It says nothing about who fills them in. A farm of machines or
people pays the price; marks of suspicion and removal (`marks`, `batches`) are for those.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from consultation.fraud.errors import WorkRefused
from consultation.fraud.models import FraudWork
from identity.desk import Desk
from storage.statements import insert_once, rows_changed

NAME: Final = "psephos-work/1"
PIECES: Final = 16
BITS_LEAST: Final = 11
"""16 times 2^11: some 33,000 hashes. A second in a desktop browser on a busy machine, two when six times slower."""
BITS_MOST: Final = 14
"""Eight times as much, while somebody floods the site: people wait some seconds, and robots pay eight times."""
LIFETIME: Final = timedelta(minutes=60)
FRESH: Final = timedelta(minutes=3)
"""For so long a challenge is worth what it was; an older one must not be much easier than those given out now."""
STEPS_BEHIND: Final = 1
"""Bits by which an older one may be easier: else challenges would be collected at rest and spent in a flood."""
ANSWER_CHARACTERS: Final = PIECES * 17
CHALLENGE_CHARACTERS: Final = 240

LOAD_WINDOW: Final = timedelta(minutes=1)
SITE_LOAD: Final = 1_200
"""Forms in a minute that are nothing unusual: twenty a second, more than most petitions ever see."""
NETWORK_LOAD: Final = 40
"""The same for one network: a class that signs together."""

_PURPOSE: Final = re.compile(r"[a-z0-9-]{1,80}")
_CHALLENGE: Final = re.compile(
    r"psephos-work/1\.([a-z0-9-]{1,80})\.([0-9]{1,2})\.([0-9]{10})\.([0-9a-f]{32})\.([0-9a-f]{32})"
)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_LARGEST: Final = 2**53 - 1


@dataclass(frozen=True)
class Challenge:
    """What a browser is asked to work on. line: as sent.  bits: of each piece."""

    line: str
    bits: int
    pieces: int = PIECES


def make_challenge(desk: Desk, session: Session, purpose: str, network: str) -> Challenge:
    """A challenge for one form.

    purpose: 1 to 80 small letters, digits and hyphens.  network: where the form is asked from.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError("A purpose has 1 to 80 small letters, digits and hyphens.")
    now = desk.clock()
    bits = _bits(desk, session, network, now)
    until = int((now + LIFETIME).timestamp())
    head = f"{NAME}.{purpose}.{bits}.{until}.{secrets.token_hex(16)}"
    return Challenge(f"{head}.{_tag(desk, head)}", bits)


def spend_work(desk: Desk, session: Session, line: str, answer: str, purpose: str, network: str) -> None:
    """Take a solved challenge, once.

    network: where the form comes from. One that is not fresh is refused while the site, or this network, is flooded.
    Raises: WorkRefused; the transaction may go on.
    """
    found = _CHALLENGE.fullmatch(line) if len(line) <= CHALLENGE_CHARACTERS else None
    if found is None or found[1] != purpose or len(answer) > ANSWER_CHARACTERS:
        raise WorkRefused
    now = desk.clock()
    if not secrets.compare_digest(found[5], _tag(desk, line.rpartition(".")[0])):
        raise WorkRefused
    if now.timestamp() > int(found[3]):
        raise WorkRefused
    if not is_solved(line, int(found[2]), answer):
        raise WorkRefused
    made_at = int(found[3]) - LIFETIME.total_seconds()
    stale = now.timestamp() - made_at > FRESH.total_seconds()
    if stale and _bits(desk, session, network, now) > int(found[2]) + STEPS_BEHIND:
        raise WorkRefused
    digest = hashlib.sha256(line.encode()).digest()
    row = {"challenge": digest, "network": network_tag(desk, network), "spent_at": now}
    if insert_once(session, FraudWork, row, ["challenge"]) is None:
        raise WorkRefused


def is_solved(line: str, bits: int, answer: str) -> bool:
    """Whether `answer` is the work that `line` asks for. Looks at no key and no clock; at most PIECES hashes."""
    numbers = answer.split(",") if len(answer) <= ANSWER_CHARACTERS else []
    if len(numbers) != PIECES or not all(_NUMBER.fullmatch(number) for number in numbers):
        return False
    return all(
        int(number) <= _LARGEST
        and leading_zeros(hashlib.sha256(f"{line}:{piece}:{number}".encode()).digest()) >= bits
        for piece, number in enumerate(numbers)
    )


def solve(line: str, bits: int) -> str:
    """The work itself, as the browser does it: for tests, programs and measuring."""
    found = []
    for piece in range(PIECES):
        start, number = hashlib.sha256(f"{line}:{piece}:".encode()), 0
        while True:
            state = start.copy()
            state.update(str(number).encode())
            if leading_zeros(state.digest()) >= bits:
                break
            number += 1
        found.append(str(number))
    return ",".join(found)


def leading_zeros(digest: bytes) -> int:
    """How many zero bits a digest begins with."""
    return 8 * len(digest) - int.from_bytes(digest, "big").bit_length()


def network_tag(desk: Desk, network: str) -> bytes:
    """The keyed hash under which the defences know a network."""
    return desk.keys.tag("fraud-network", network.encode())


def forget_work(session: Session, now: datetime) -> int:
    """Remove what says nothing any more: the challenges themselves have run out. How many."""
    return rows_changed(session, delete(FraudWork).where(FraudWork.spent_at < now - 2 * LIFETIME))


def _bits(desk: Desk, session: Session, network: str, now: datetime) -> int:
    """One bit more each time that the site's, or this network's, forms of the last minute double."""
    since = now - LOAD_WINDOW
    steps = BITS_MOST - BITS_LEAST
    own = FraudWork.network == network_tag(desk, network)
    load = max(
        _counted(session, SITE_LOAD << steps, FraudWork.spent_at > since) / SITE_LOAD,
        _counted(session, NETWORK_LOAD << steps, FraudWork.spent_at > since, own) / NETWORK_LOAD,
    )
    return min(BITS_MOST, BITS_LEAST + max(0, int(load).bit_length()))


def _counted(session: Session, most: int, *where: object) -> int:
    """How many rows, counted no further than `most`."""
    found = select(FraudWork.spent_at).where(*where).limit(most).subquery()  # type: ignore[arg-type]
    return session.scalar(select(func.count()).select_from(found)) or 0


def _tag(desk: Desk, head: str) -> str:
    return desk.keys.tag("fraud-work", head.encode()).hex()


def expires_at(line: str) -> datetime | None:
    """When a challenge runs out; None for what is none. For pages; decides nothing."""
    found = _CHALLENGE.fullmatch(line)
    return None if found is None else datetime.fromtimestamp(int(found[3]), UTC)
