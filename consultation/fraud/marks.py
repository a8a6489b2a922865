"""Marks of suspicion: noted beside a signature when it is confirmed, never told to its signer.

A suspected signature is committed, counted and answered like all others, for a missing receipt would tell an attacker
which of his ways was seen. Moderators look at marks later and may remove a batch, in public (`batches`).

What is kept, for TRACE_LIFETIME: keyed hashes of network, mail domain and mailbox's stem, and the moment. The name of a
domain is kept only once so many have signed with it that it names nobody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Label, Select, bindparam, delete, exists, insert, literal, select
from sqlalchemy.orm import Session

from consultation.fraud.addresses import is_disposable, stem_of
from consultation.fraud.models import FraudDomain, FraudMark, FraudTrace
from consultation.fraud.work import network_tag
from identity.desk import Desk
from mail.mailbox import canonical_address, domain_of, is_common
from storage.statements import insert_all, insert_once, rows_changed, table_of

TRACE_LIFETIME: Final = timedelta(days=90)


class Mark(StrEnum):
    """Why a signature is suspected."""

    DISPOSABLE = "disposable"
    """Its mailbox is one of those given away by the minute."""
    NETWORK_BURST = "network-burst"
    """Many signatures from one network within minutes."""
    NETWORK_MANY = "network-many"
    """Many signatures from one network within a day."""
    DOMAIN_BURST = "domain-burst"
    """Many signatures with one uncommon mail domain within minutes."""
    DOMAIN_MANY = "domain-many"
    """Many signatures with one uncommon mail domain within a day."""
    COUNTED_NAMES = "counted-names"
    """Mailboxes of one domain whose names differ in their digits only."""
    WITHOUT_WORK = "without-work"
    """The form came by the slower way, without the browser's calculation. Alone it means nothing."""
    AT_ONCE = "at-once"
    """Confirmed within two seconds after its mail was asked for: no person reads that fast."""


@dataclass(frozen=True)
class SignatureContext:
    """Where a signature comes from. signature: its number, unique over all petitions.

    network: as `web.rate_limits.Limiter.network_of` names it.  address: None for who signed in.  worked: whether the
    form came with its proof of work (True for who signed in).  asked_at: when the mail was asked for; None without.
    """

    signature: int
    petition: str
    network: str
    address: str | None
    worked: bool
    asked_at: datetime | None


@dataclass(frozen=True)
class _Rule:
    mark: Mark
    column: str
    most: int
    span: timedelta


RULES: Final = (
    _Rule(Mark.NETWORK_BURST, "network", 20, timedelta(minutes=10)),
    _Rule(Mark.NETWORK_MANY, "network", 200, timedelta(days=1)),
    _Rule(Mark.DOMAIN_BURST, "domain", 10, timedelta(minutes=10)),
    _Rule(Mark.DOMAIN_MANY, "domain", 100, timedelta(days=1)),
    _Rule(Mark.COUNTED_NAMES, "stem", 3, timedelta(hours=1)),
)
"""More than `most` signatures of one petition with the same value within `span` are marked from then on."""
NAMED_FROM: Final = 10
"""Signatures with one domain, from which on its name is kept."""
NO_NETWORK: Final = frozenset({"", "unknown"})
"""What a server behind a socket sees of everybody: no reason to suspect all of them."""
READING_TIME: Final = timedelta(seconds=2)
_TRACE: Final = table_of(FraudTrace)
_DOMAIN: Final = table_of(FraudDomain)
_ADD_TRACE: Final = insert(_TRACE)
_ADD_MARK: Final = insert(table_of(FraudMark))
_OFTEN: Final = "often"
_NAMED: Final = "named"


def assess(desk: Desk, session: Session, context: SignatureContext) -> frozenset[Mark]:
    """Note where a confirmed signature comes from, and what is suspicious about it. In the transaction of its deed.

    Takes no lock and counts no further than its rules, so it costs the same for every signature. Two that come at the
    same moment may each miss the other: a mark is a hint, not a count.
    """
    now = desk.clock()
    mailbox = None if context.address is None else canonical_address(context.address)
    trace, domain = _trace(desk, context, mailbox), "" if mailbox is None else domain_of(mailbox)
    known = dict(trace)
    if is_common(domain):
        known["domain"] = None
    if context.network in NO_NETWORK:
        known["network"] = None
    seen = _seen(session, context.petition, known, now)
    marks = {rule.mark for rule in RULES if seen[rule.mark.value]}
    if domain and is_disposable(domain, desk.mail_domains):
        marks.add(Mark.DISPOSABLE)
    if not context.worked:
        marks.add(Mark.WITHOUT_WORK)
    if context.asked_at is not None and now - context.asked_at < READING_TIME:
        marks.add(Mark.AT_ONCE)
    row = {"signature": context.signature, "petition": context.petition, "at": now, **trace}
    session.execute(_ADD_TRACE, row)
    if marks:
        rows = [{"signature": context.signature, "mark": mark.value} for mark in sorted(marks)]
        insert_all(session, _ADD_MARK, rows)
    if known["domain"] is not None and seen[_OFTEN] and not seen[_NAMED]:
        insert_once(
            session, FraudDomain, {"domain": known["domain"], "name": domain, "seen_at": now}, ["domain"]
        )
    return frozenset(marks)


def forget_traces(session: Session, signatures: Collection[int]) -> None:
    """These signatures were withdrawn: nothing of where they came from is left."""
    for start in range(0, len(signatures), 500):
        some = list(signatures)[start : start + 500]
        session.execute(delete(FraudMark).where(FraudMark.signature.in_(some)))
        session.execute(delete(FraudTrace).where(FraudTrace.signature.in_(some)))


def forget_old(session: Session, now: datetime) -> int:
    """Remove all that is older than TRACE_LIFETIME; how many signatures."""
    before = now - TRACE_LIFETIME
    old = select(FraudTrace.signature).where(FraudTrace.at < before)
    session.execute(delete(FraudMark).where(FraudMark.signature.in_(old)))
    session.execute(delete(FraudDomain).where(FraudDomain.seen_at < before))
    return rows_changed(session, delete(FraudTrace).where(FraudTrace.at < before))


def marks_of(session: Session, signatures: Sequence[int]) -> dict[int, frozenset[Mark]]:
    """The marks of each of these, at most 500."""
    found: dict[int, set[Mark]] = {signature: set() for signature in signatures[:500]}
    for row in session.scalars(select(FraudMark).where(FraudMark.signature.in_(list(found)))):
        found[row.signature].add(Mark(row.mark))
    return {signature: frozenset(marks) for signature, marks in found.items()}


def domain_tag(desk: Desk, domain: str) -> bytes:
    """The keyed hash under which a mail domain is kept."""
    return desk.keys.tag("fraud-domain", domain.encode())


def _trace(desk: Desk, context: SignatureContext, mailbox: str | None) -> dict[str, bytes | None]:
    trace: dict[str, bytes | None] = {
        "network": network_tag(desk, context.network),
        "domain": None,
        "stem": None,
    }
    if mailbox is not None:
        trace["domain"] = domain_tag(desk, domain_of(mailbox))
        # Salted with the petition: the same person's mailbox cannot be followed from one petition to another.
        stem = f"{context.petition} {stem_of(mailbox)}"
        trace["stem"] = desk.keys.tag("fraud-stem", stem.encode())
    return trace


def _seen(
    session: Session, petition: str, values: Mapping[str, bytes | None], now: datetime
) -> Mapping[str, bool]:
    """For each rule whether there were `most` signatures with its value within its span; None is no value."""
    moments = {f"since_{rule.mark.value}": now - rule.span for rule in RULES}
    given = {"petition": petition, **values, **moments, f"since_{_OFTEN}": now - TRACE_LIFETIME}
    known = frozenset(column for column, value in values.items() if value is not None)
    found = session.execute(_asked(known), given).one()._mapping
    return {str(name): bool(answer) for name, answer in found.items()}


@cache
def _asked(known: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """One statement for all rules, made once: this is part of every signature. known: columns that have a value.

    The others are no part of it: equal to NULL is nothing, but PostgreSQL may read the whole petition to find that out.
    """
    named = exists().where(_DOMAIN.c.domain == bindparam("domain")) if "domain" in known else literal(False)
    return select(
        *(_many(known, rule.mark.value, rule.column, rule.most) for rule in RULES),
        _many(known, _OFTEN, "domain", NAMED_FROM - 1),
        named.label(_NAMED),
    )


def _many(known: frozenset[str], name: str, column: str, most: int) -> Label[Any]:
    if column not in known:
        return literal(False).label(name)
    # The last of the `most` newest, and only then whether it is new enough: with the moment among the conditions
    # PostgreSQL takes the index of moments for its prepared plan, and reads every signature of the day for each one.
    last = (
        select(_TRACE.c.at)
        .where(_TRACE.c.petition == bindparam("petition"), _TRACE.c[column] == bindparam(column))
        .order_by(_TRACE.c.at.desc())
        .limit(1)
        .offset(most - 1)
    )
    return (last.scalar_subquery() > bindparam(f"since_{name}")).label(name)
