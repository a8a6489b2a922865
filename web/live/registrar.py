"""What a registrar sees of a frozen vote: addresses for notices, what became of the mails, replaced codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.display_code import alias
from mail.outbox import Deliveries, Delivery, MailState, states
from protocol.canonical import decode_canonical
from protocol.revocation import REVOCATION_BYTES_MAX, Revocation, read_revocation
from storage.session import reading
from voting.errors import NoSuchElection
from voting.models import VotingBallot, VotingElection, VotingRoll
from voting.notices import Contacts, NoticeKind, count_contacts, kept_until
from voting.office import Office, State, find_election, read_manifest, state_of
from voting.preparation import list_elections
from web.live.heads import head_of
from web.pages.common import Head, PageNotFound

FAILURES_SHOWN: Final = 100
FAILED: Final = (MailState.BOUNCED, MailState.REFUSED, MailState.UNKNOWN)


@dataclass(frozen=True)
class Replaced:
    """One revocation. old, new: voter numbers.  ballots: of the old code, none of which counts."""

    index: int
    time: datetime
    old: str
    new: str
    reason: str
    ballots: int


@dataclass(frozen=True)
class RegistrarPage:
    """One vote. may_change: whether addresses and revocations are taken now.  names_registrar: in the manifest."""

    head: Head
    may_change: bool
    names_registrar: bool
    sign_in: bool
    contacts: Contacts
    kept_until: datetime | None
    mails: Mapping[MailState, int]
    failures: tuple[Delivery, ...]
    replaced: tuple[Replaced, ...]


@dataclass(frozen=True)
class RevocationPreview:
    """What a signed file will do, before it is published."""

    old: str
    new: str
    reason: str
    ballots: int
    known: bool
    """Whether the old code is on the voters' list and in force."""


def registrar_list(office: Office) -> tuple[Head, ...]:
    """Every frozen vote, newest closing first."""
    with reading(office.engine) as session:
        now = office.clock()
        rows = [row for row in list_elections(session) if row.fingerprint is not None]
        heads = [head_of(session, row, now, withheld=False) for row in rows]
    return tuple(sorted(heads, key=lambda head: head.closes_at, reverse=True))


def registrar_page(office: Office, election: str) -> RegistrarPage:
    """Raises: PageNotFound."""
    with reading(office.engine) as session:
        row = frozen_row(session, election)
        manifest = read_manifest(row)
        deliveries = [states(session, kind.value, election) for kind in NoticeKind]
        return RegistrarPage(
            head=head_of(session, row, office.clock(), withheld=False),
            may_change=state_of(row) in {State.FROZEN, State.OPEN},
            names_registrar=manifest.registrar_key is not None,
            sign_in=manifest.asks_sign_in,
            contacts=count_contacts(session, election),
            kept_until=kept_until(session, row),
            mails={state: sum(each.counts[state] for each in deliveries) for state in MailState},
            failures=_failures(deliveries),
            replaced=_replaced(session, row),
        )


def revocation_preview(office: Office, election: str, body: bytes) -> RevocationPreview:
    """What this revocation says and does. Raises: PageNotFound; MalformedRecord, RevocationRefused of another vote."""
    terms = office.terms(election)
    exchange = read_revocation(terms.election, terms.fingerprint_text, body)
    said = decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
    with reading(office.engine) as session:
        line = session.get(VotingRoll, (election, exchange.old))
        return RevocationPreview(
            alias(exchange.old),
            alias(exchange.new),
            said.reason,
            _ballots(session, election, exchange.old),
            line is not None and line.revoked_index is None,
        )


def frozen_row(session: Session, election: str) -> VotingElection:
    """The row of a frozen vote. Raises: PageNotFound."""
    try:
        row = find_election(session, election)
    except NoSuchElection:
        raise PageNotFound(election) from None
    if row.fingerprint is None:
        raise PageNotFound("a draft")
    return row


def _failures(deliveries: list[Deliveries]) -> tuple[Delivery, ...]:
    """Only what needs a person: who got a mail has voted, and that is nobody's business."""
    rows = [row for each in deliveries for row in each.rows if row.state in FAILED and row.to]
    return tuple(rows[:FAILURES_SHOWN])


def _replaced(session: Session, row: VotingElection) -> tuple[Replaced, ...]:
    found = []
    rows = session.scalars(
        select(VotingRoll)
        .where(VotingRoll.election == row.id, VotingRoll.revoked_index.is_not(None))
        .order_by(VotingRoll.revoked_index.desc())
    )
    for line in rows:
        if line.revoked_index is None or line.replaced_by is None:
            continue
        entry = board.entry(session, LogId(row.log_id), line.revoked_index)
        body = board.body(session, entry.digest)
        said = decode_canonical(body, Revocation, limit_bytes=REVOCATION_BYTES_MAX)
        new = session.get_one(VotingRoll, (row.id, line.replaced_by))
        ballots = _ballots(session, row.id, line.key)
        found.append(Replaced(entry.index, entry.time, line.alias, new.alias, said.reason, ballots))
    return tuple(found)


def _ballots(session: Session, election: str, key: bytes) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(VotingBallot)
            .where(VotingBallot.election == election, VotingBallot.credential == key)
        )
        or 0
    )
