"""How often somebody may come: rules, counts that all processes and servers share, and the answer 429.

Who is counted. A network (IPv4 address, IPv6 /64) where nobody has said who they are; otherwise the person, mailbox
or voting code that an attempt is about. Nothing that a vote needs is limited by network at a pace that a whole ward
behind one address could reach: casting is limited by voting code alone, after its signature has been checked (else
anyone could use up another's attempts), and what a booth reads has a limit of its own that is ten times higher.

Codes of a second factor are not here: `identity.second_factor` counts wrong ones with the person.

What is stored: HMAC-SHA256 of whom a rule counts, under a key in PSEPHOS_SECRETS, and two numbers, for two periods.

Block by block. A rule with `block` above 1 lets each process count that many hits by itself before it asks the
database; then it pays for them there and takes the next block: readers who take little never cause a write. One
process alone admits the amount exactly, several together up to one block more for each of the others. Rules against
guessing have block 1 and are exact everywhere.

When the database does not answer: reading and casting go on (`PASS`), everything that signs in, mails or uploads is
refused (`REFUSE`), for there the limit is the lock.
"""

import hashlib
import hmac
import logging
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from threading import Lock
from typing import Final, cast

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.strategies import SlidingWindowCounterRateLimiter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from storage.engine import CONNECTIONS, make_engine
from web.client_network import Network, client_network, is_from_an_unknown_proxy
from web.rate_rules import (
    AGREE,
    BUNDLE,
    CASTING,
    CONTRIBUTE,
    DAY,
    DISPUTE,
    EMAIL_LINK,
    EMAIL_LINK_DAY,
    EMAIL_LINK_NETWORK,
    EXPORT,
    HOUR,
    MINUTE,
    PERMIT,
    READING,
    RECEIPT_MAIL,
    RECEIPT_MAIL_NETWORK,
    RECEIPT_PAPER,
    REPORT,
    REPORT_DAY,
    RULES,
    SIGN_IN,
    TOPIC,
    UPLOAD,
    VOTING,
    By,
    Rule,
    Unsure,
)
from web.rate_storage import Clock, SqlStorage

__all__ = [
    "AGREE",
    "BUNDLE",
    "CASTING",
    "CONTRIBUTE",
    "DAY",
    "DISPUTE",
    "EMAIL_LINK",
    "EMAIL_LINK_DAY",
    "EMAIL_LINK_NETWORK",
    "EXPORT",
    "HOUR",
    "MINUTE",
    "PERMIT",
    "READING",
    "RECEIPT_MAIL",
    "RECEIPT_MAIL_NETWORK",
    "RECEIPT_PAPER",
    "REPORT",
    "REPORT_DAY",
    "RULES",
    "SIGN_IN",
    "TOPIC",
    "UPLOAD",
    "VOTING",
    "By",
    "Limiter",
    "LimitsUnavailable",
    "Rule",
    "Standing",
    "TooManyRequests",
    "Unsure",
    "headers",
    "headers_of",
    "hit",
    "hit_async",
    "limiter_of",
    "read_or_make_key",
    "seconds_until_free",
    "standings",
]

log = logging.getLogger("psephos.web")

LOCK_WAIT_SECONDS: Final = 1
"""A reader waits no longer than this to be counted."""
KEY_FILE: Final = "rate-limits.key"
_KEY_BYTES: Final = 32
_DOWN_SECONDS: Final = 5
_LOCAL_MAX: Final = 50_000
_SWEEP_EVERY: Final = 200


@dataclass(frozen=True)
class Standing:
    """What is left of a rule for whom it counted. remaining: hits.  reset_seconds: until more are free."""

    rule: Rule
    remaining: int
    reset_seconds: int

    @property
    def member(self) -> str:
        """The member of `RateLimit`."""
        return f'"{self.rule.name}";r={self.remaining};t={self.reset_seconds}'


class TooManyRequests(HTTPException):
    """One of the limits is reached and this request was not carried out. retry_after: seconds, at least 1."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.retry_after = max(1, standing.reset_seconds)
        super().__init__(
            429,
            f"Too many requests: this server takes {standing.rule.amount} in {_spoken(standing.rule.seconds)} here. "
            f"Nothing was done. Wait {_spoken(self.retry_after)} and try again.",
            {**headers([standing]), "Retry-After": str(self.retry_after)},
        )


class LimitsUnavailable(HTTPException):
    """The database cannot count, and this deed is not done uncounted."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The server cannot take this now and nothing was done. Wait a minute and try again.",
            {"Retry-After": str(MINUTE)},
        )


@dataclass
class _Local:
    """What this process counts by itself for one key in one period."""

    period: int
    granted: int
    owed: int
    """Hits granted before the database knew of them: the first block."""
    used: int = 0
    beyond: int = 0
    """Hits that the database had left after the last block."""
    refused_until: float = 0.0


@dataclass
class Limiter:
    """The counts of a running server. key: 32 secret bytes.  trusted: networks of the proxies in front of it."""

    engine: Engine
    key: bytes = field(repr=False)
    trusted: Sequence[Network] = ()
    clock: Clock = time.time
    _storage: SqlStorage = field(init=False, repr=False)
    _strategy: SlidingWindowCounterRateLimiter = field(init=False, repr=False)
    _locals: OrderedDict[tuple[str, str], _Local] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _buyers: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(64)), repr=False)
    """One of them is held while a block is bought for a key, so that requests side by side buy one together."""
    _down_until: float = 0.0
    _writes: int = 0
    _warned: bool = False

    def __post_init__(self) -> None:
        self._storage = SqlStorage(engine=self.engine, clock=self.clock)
        self._strategy = SlidingWindowCounterRateLimiter(self._storage)

    @classmethod
    def open(
        cls,
        database_url: str,
        secrets_folder: Path,
        trusted: Sequence[Network] = (),
        connections: int = CONNECTIONS,
    ) -> "Limiter":
        """With connections of its own, that wait a second for a lock at most; `close` ends them."""
        engine = make_engine(database_url, LOCK_WAIT_SECONDS, connections)
        return cls(engine, read_or_make_key(secrets_folder), trusted)

    def close(self) -> None:
        """End its connections."""
        self.engine.dispose()

    def count(self, rule: Rule, subject: str | bytes) -> Standing:
        """Count one hit. subject: whom; a keyed hash of it is stored.

        Raises: TooManyRequests; LimitsUnavailable where the rule is to refuse without a count.
        """
        name = self._hash(rule, subject)
        standing = self._take(rule, name)
        if standing is not None:
            return standing
        with self._buyers[int(name[:2], 16) % len(self._buyers)]:
            return self._take(rule, name) or self._buy(rule, name)

    def network_of(self, request: Request) -> str:
        """Where a request came from."""
        if not self._warned and is_from_an_unknown_proxy(request.scope, self.trusted):
            self._warned = True
            log.warning(
                "Requests come with X-Forwarded-For from an address that PSEPHOS_TRUSTED_PROXIES does not name. If "
                "that is your proxy, all voters count as one network until you name it."
            )
        return client_network(request.scope, self.trusted)

    def sweep(self) -> int:
        """Remove what says nothing any more; how many rows. Also done from time to time while counting."""
        return self._storage.sweep()

    def _take(self, rule: Rule, name: str) -> Standing | None:
        """One of the hits that this process may grant by itself; None if there is none left."""
        with self._lock:
            local = self._local(rule, name)
            now = self.clock()
            if now < local.refused_until:
                raise TooManyRequests(Standing(rule, 0, ceil(local.refused_until - now)))
            if local.used >= local.granted:
                return None
            local.used += 1
            return self._standing(rule, local)

    def _buy(self, rule: Rule, name: str) -> Standing:
        """Ask the database for the next block. Only the lock of this key is held, for it may have to wait."""
        with self._lock:
            cost = self._local(rule, name).owed + rule.block
        try:
            if rule.unsure is Unsure.PASS and self.clock() < self._down_until:
                raise StorageError(TimeoutError())
            free = self._strategy.hit(_item(rule), name, cost=cost)
            counts = self._storage.get_sliding_window(_item(rule).key_for(name), rule.seconds)
            self._sweep_sometimes()
        except StorageError as error:
            return self._without_count(rule, name, error)
        now = self.clock()
        with self._lock:
            local = self._local(rule, name)
            if not free:
                wait = seconds_until_free(rule, counts, cost)
                local.refused_until = now + wait
                raise TooManyRequests(Standing(rule, 0, ceil(wait)))
            local.granted, local.owed = local.granted + rule.block, 0
            local.used += 1
            local.beyond = max(0, rule.amount - ceil(_weighted(counts, rule.seconds)))
            return self._standing(rule, local)

    def _without_count(self, rule: Rule, name: str, error: StorageError) -> Standing:
        if self.clock() >= self._down_until:
            log.warning("Requests are not counted: %s", type(error.storage_error).__name__)
        if rule.unsure is Unsure.REFUSE:
            raise LimitsUnavailable from error
        with self._lock:
            self._down_until = max(self._down_until, self.clock() + _DOWN_SECONDS)
            local = self._local(rule, name)
            local.granted += rule.block
            local.used += 1
            return self._standing(rule, local)

    def _local(self, rule: Rule, name: str) -> _Local:
        """The lock is held."""
        period = int(self.clock() // rule.seconds)
        local = self._locals.get((rule.name, name))
        if local is None or local.period != period:
            refused_until = 0.0 if local is None else local.refused_until
            own = rule.block if rule.block > 1 else 0
            local = _Local(period, own, own, beyond=rule.amount - own, refused_until=refused_until)
            self._locals[rule.name, name] = local
            if len(self._locals) > _LOCAL_MAX:
                self._locals.popitem(last=False)
        self._locals.move_to_end((rule.name, name))
        return local

    def _standing(self, rule: Rule, local: _Local) -> Standing:
        left = rule.seconds - self.clock() % rule.seconds
        return Standing(rule, local.granted - local.used + local.beyond, ceil(left))

    def _hash(self, rule: Rule, subject: str | bytes) -> str:
        data = subject if isinstance(subject, bytes) else subject.encode()
        # The rule's name has no NUL, so nothing else gives the same input.
        return hmac.new(self.key, rule.name.encode() + b"\0" + data, hashlib.sha256).hexdigest()

    def _sweep_sometimes(self) -> None:
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            self._storage.sweep()


def hit(request: Request, *rules: Rule, subject: str | bytes = b"") -> None:
    """Count this request by each rule, in order; the answer will say what is left (`headers_of`).

    subject: whom the rules by subject count: a person's id, a mailbox, a key. Blocks for a moment: in a coroutine
    use `hit_async`. Raises: TooManyRequests, LimitsUnavailable; both become a page or a problem document by
    themselves, and a form can catch them to say so beside what was typed.
    """
    limiter = limiter_of(request)
    for rule in rules:
        if rule.by is By.SUBJECT and not subject:
            raise ValueError(f"Rule {rule.name} counts somebody: say whom.")
        whom = subject if rule.by is By.SUBJECT else limiter.network_of(request)
        standings(request).append(limiter.count(rule, whom))


async def hit_async(request: Request, *rules: Rule, subject: str | bytes = b"") -> None:
    """`hit`, in a worker thread."""
    await run_in_threadpool(hit, request, *rules, subject=subject)


def limiter_of(request: Request) -> Limiter:
    """The server's."""
    return cast(Limiter, request.app.state.limiter)


def standings(request: Request) -> list[Standing]:
    """What this request was counted by, so far."""
    if not hasattr(request.state, "standings"):
        request.state.standings = []
    return cast(list[Standing], request.state.standings)


def headers(found: Sequence[Standing]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`; none for none.

    Source: draft-ietf-httpapi-ratelimit-headers-11 (May 2026), lists of strings with parameters (RFC 9651):
    q and w: quota and seconds; r and t: what remains and seconds until there is more.
    """
    if not found:
        return {}
    return {
        "RateLimit-Policy": ", ".join(standing.rule.policy for standing in found),
        "RateLimit": ", ".join(standing.member for standing in found),
    }


def headers_of(request: Request) -> dict[str, str]:
    """The headers for what this request was counted by."""
    return headers(standings(request))


def seconds_until_free(rule: Rule, counts: tuple[int, float, int, float], amount: int) -> float:
    """When `amount` more hits are within the rule, if nobody else comes.

    counts: as `SqlStorage.get_sliding_window` gives them. (The library's own estimate forgets that a full period
    still weighs in full when the next one begins.)
    """
    before, left, now, now_left = counts
    rest = now_left - rule.seconds if now else left
    room = rule.amount - amount
    if now <= room:
        # Wait in this period until enough of the last one is out of reach.
        return max(0.0, rest - rule.seconds * (room - now) / before) if before else 0.0
    return rest + rule.seconds * (1 - room / now)


def read_or_make_key(folder: Path) -> bytes:
    """The key of the hashes, made at the first start. Servers that start together agree on one."""
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = folder / f".{KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(ours, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_bytes(_KEY_BYTES).hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another was first: its key holds
                os.link(ours, path)
        finally:
            ours.unlink()
    key = bytes.fromhex(path.read_text().strip())
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path} does not hold a key of {_KEY_BYTES} bytes. Remove it; a new one is made.")
    return key


def _item(rule: Rule) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rule.amount, rule.seconds, namespace=rule.name)


def _weighted(counts: tuple[int, float, int, float], seconds: int) -> float:
    before, left, now, _ = counts
    return before * left / seconds + now


def _spoken(seconds: int) -> str:
    for length, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= length:
            count = ceil(seconds / length)
            return f"{count} {word}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
