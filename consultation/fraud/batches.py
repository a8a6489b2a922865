"""Removing suspected signatures: a moderator names conditions, sees what they take, and removes exactly that.

The removal itself is an entry of the petition's log with number and reason, signed and public
(`consultation.signing.ending.remove_signatures`). No page shows a signer, and none can be asked for: conditions about
a person (their mail domain, their network, when they confirmed) are answered for five signatures and more, in steps of
five, and times are as coarse as a quarter of an hour, so that nobody is singled out by asking twice.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from consultation.fraud.errors import NoConditions, OwnPetition, PreviewOutdated, TooFew
from consultation.fraud.marks import Mark, domain_tag
from consultation.fraud.models import FraudDomain, FraudMark, FraudTrace
from consultation.petitions.models import PetitionPetition
from consultation.petitions.store import lock_petition
from consultation.signing.ending import Removed, remove_signatures
from consultation.signing.models import PetitionSignature
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.desk import Desk
from identity.errors import SealBroken
from identity.people import one_person
from identity.sessions import SignedIn
from mail.mailbox import is_common
from protocol.petition import REMOVED_AT_ONCE

GROUP_LEAST: Final = 5
"""Networks, domains and times with fewer signatures are not shown: they might name somebody."""
MOMENT_STEP: Final = timedelta(minutes=15)
"""Times of conditions are multiples of it."""
GROUPS_MOST: Final = 10
LIST_MOST: Final = 100
FINGERPRINT_BYTES: Final = 72
"""A digest of 32, sealed."""
_FINGERPRINT: Final = "fraud-preview"
_Query = TypeVar("_Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Conditions:
    """Which signatures are meant: all that fulfil every condition given here.

    marks: at least one of these.  domain: of the mailbox, "" for any.  network: keyed hash, None for any.
    since, until: when it was confirmed, multiples of `MOMENT_STEP`; the first moment is in, the last one out.
    """

    marks: frozenset[Mark] = frozenset()
    domain: str = ""
    network: bytes | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if any(moment != begun(moment) for moment in (self.since, self.until) if moment is not None):
            raise ValueError("Conditions have times of full quarters of an hour.")

    @property
    def about_people(self) -> bool:
        """Whether they say something about a signer that somebody may know, beyond what was suspicious."""
        return bool(self.domain) or any(x is not None for x in (self.network, self.since, self.until))

    @property
    def given(self) -> bool:
        """Whether they mean some and not all. Times alone, or a mail provider of many people, hold honest ones."""
        return bool(self.marks or self.network is not None or (self.domain and not is_common(self.domain)))


@dataclass(frozen=True)
class Preview:
    """What conditions take now. count: signatures in this batch, where `exact` is False this many at least.

    more: whether others are left for a next one.  exact: False for conditions about people.

    fingerprint: of exactly these signatures, to be given back with the removal.  counting: of the petition, in all.
    first_at, last_at: begun quarters of an hour; None where there are fewer than `GROUP_LEAST`.
    """

    count: int
    exact: bool
    more: bool
    counting: int
    marks: Mapping[Mark, int]
    first_at: datetime | None
    last_at: datetime | None
    fingerprint: str


@dataclass(frozen=True)
class Groups:
    """What is suspicious about a petition. domains, networks: the largest, with how many signatures that count."""

    counting: int
    marked: int
    marks: Mapping[Mark, int]
    domains: Sequence[tuple[str, int]]
    networks: Sequence[tuple[bytes, int]]


@dataclass(frozen=True)
class Suspected:
    """One petition in the list. marked: signatures with any mark that still count."""

    petition: str
    marked: int


def begun(moment: datetime) -> datetime:
    """The quarter of an hour in which this was."""
    return moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % MOMENT_STEP


def suspected_petitions(session: Session) -> Sequence[Suspected]:
    """Petitions with marked signatures that still count, those with most of them first."""
    number = func.count(func.distinct(FraudTrace.signature))
    rows = session.execute(
        _counting(select(FraudTrace.petition, number))
        .join(FraudMark, FraudMark.signature == FraudTrace.signature)
        .group_by(FraudTrace.petition)
        .order_by(number.desc(), FraudTrace.petition)
        .limit(LIST_MOST)
    )
    return [Suspected(petition, marked) for petition, marked in rows]


def groups_of(session: Session, petition: str) -> Groups:
    """What is suspicious about a petition."""
    here = FraudTrace.petition == petition
    number = func.count(FraudTrace.signature)
    marks = session.execute(
        _counting(select(FraudMark.mark, number))
        .join(FraudMark, FraudMark.signature == FraudTrace.signature)
        .where(here)
        .group_by(FraudMark.mark)
    )
    domains = session.execute(
        _counting(select(FraudDomain.name, number))
        .join(FraudDomain, FraudDomain.domain == FraudTrace.domain)
        .where(here)
        .group_by(FraudDomain.name)
        .having(number >= GROUP_LEAST)
        .order_by(number.desc(), FraudDomain.name)
        .limit(GROUPS_MOST)
    )
    networks = session.execute(
        _counting(select(FraudTrace.network, number))
        .where(here)
        .group_by(FraudTrace.network)
        .having(number >= GROUP_LEAST)
        .order_by(number.desc(), FraudTrace.network)
        .limit(GROUPS_MOST)
    )
    marked = (
        _counting(select(func.count(func.distinct(FraudTrace.signature))))
        .join(FraudMark, FraudMark.signature == FraudTrace.signature)
        .where(here)
    )
    return Groups(
        counting=_number_counting(session, petition),
        marked=session.scalar(marked) or 0,
        marks={Mark(mark): count for mark, count in marks},
        domains=[(name, count) for name, count in domains],
        networks=[(network, count) for network, count in networks],
    )


def preview(desk: Desk, session: Session, petition: str, conditions: Conditions) -> Preview:
    """What these conditions take now. Raises: NoConditions, TooFew."""
    ids, more = _matching(desk, session, petition, conditions)
    within = FraudTrace.signature.in_(_query(desk, petition, conditions).limit(REMOVED_AT_ONCE))
    first, last = session.execute(
        select(func.min(FraudTrace.at), func.max(FraudTrace.at)).where(within)
    ).one()
    marks = session.execute(
        select(FraudMark.mark, func.count())
        .where(FraudMark.signature.in_(_query(desk, petition, conditions).limit(REMOVED_AT_ONCE)))
        .group_by(FraudMark.mark)
    )
    exact = not conditions.about_people

    def told(number: int) -> int:
        return number if exact else number - number % GROUP_LEAST

    return Preview(
        count=told(len(ids)),
        exact=exact,
        more=more,
        counting=_number_counting(session, petition),
        marks={Mark(mark): told(count) for mark, count in marks if told(count)},
        first_at=begun(first) if len(ids) >= GROUP_LEAST else None,
        last_at=begun(last) if len(ids) >= GROUP_LEAST else None,
        fingerprint=encode_base64url(desk.keys.seal_secret(_digest(petition, ids), _FINGERPRINT)),
    )


def remove_suspected(
    desk: Desk,
    session: Session,
    petition: str,
    conditions: Conditions,
    fingerprint: str,
    reason: str,
    by: SignedIn,
) -> Removed:
    """Remove exactly what the preview with this fingerprint showed, in one signed batch with a public reason.

    Raises: NoSuchPetition, OwnPetition, NoConditions, TooFew, PreviewOutdated, TextRefused, NothingToRemove.
    """
    row: PetitionPetition = lock_petition(session, petition)
    if row.creator in one_person(session, by.person_id).accounts:
        raise OwnPetition
    ids, _ = _matching(desk, session, petition, conditions)
    if not hmac.compare_digest(_digest(petition, ids), _seen(desk, fingerprint)):
        raise PreviewOutdated
    return remove_signatures(desk, session, petition, ids, reason, by, desk.clock())


def network_name(network: bytes) -> str:
    """How pages call a network, which nobody can lead back to an address."""
    return network.hex()[:8]


def _matching(desk: Desk, session: Session, petition: str, conditions: Conditions) -> tuple[list[int], bool]:
    found = list(session.scalars(_query(desk, petition, conditions).limit(REMOVED_AT_ONCE + 1)))
    if conditions.about_people and len(found) < GROUP_LEAST:
        raise TooFew
    return found[:REMOVED_AT_ONCE], len(found) > REMOVED_AT_ONCE


def _query(desk: Desk, petition: str, conditions: Conditions) -> Select[int]:
    if not conditions.given:
        raise NoConditions
    query = _counting(select(FraudTrace.signature)).where(FraudTrace.petition == petition)
    if conditions.marks:
        values = [mark.value for mark in sorted(conditions.marks)]
        query = query.where(
            FraudTrace.signature.in_(select(FraudMark.signature).where(FraudMark.mark.in_(values)))
        )
    if conditions.domain:
        query = query.where(FraudTrace.domain == domain_tag(desk, conditions.domain))
    if conditions.network is not None:
        query = query.where(FraudTrace.network == conditions.network)
    if conditions.since is not None:
        query = query.where(FraudTrace.at >= conditions.since)
    if conditions.until is not None:
        query = query.where(FraudTrace.at < conditions.until)
    return query.order_by(FraudTrace.signature)


def _counting(query: _Query) -> _Query:
    """Of those alone that count: what was removed before is not suspected again."""
    return query.join(PetitionSignature, PetitionSignature.id == FraudTrace.signature).where(
        PetitionSignature.batch.is_(None)
    )


def _number_counting(session: Session, petition: str) -> int:
    counting = (PetitionSignature.petition == petition) & PetitionSignature.batch.is_(None)
    return session.scalar(select(func.count()).select_from(PetitionSignature).where(counting)) or 0


def _digest(petition: str, ids: Sequence[int]) -> bytes:
    return hashlib.sha256(f"{petition} {' '.join(map(str, ids))}".encode()).digest()


def _seen(desk: Desk, fingerprint: str) -> bytes:
    """The digest in a fingerprint. It is sealed anew each time: two previews do not tell whether something changed."""
    try:
        return desk.keys.open_secret(decode_base64url(fingerprint, FINGERPRINT_BYTES), _FINGERPRINT)
    except (CryptoError, SealBroken) as error:
        raise PreviewOutdated from error
