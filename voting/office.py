"""The election office: a database, the server's keys, and the terms of frozen elections, read once."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import Entry, LogId
from crypto.key import ElectionKey
from protocol.leaf import Kind, body_digest, make_leaf, sign_body
from protocol.manifest import Manifest, decode_manifest
from protocol.terms import ElectionTerms, read_key
from protocol.text import format_time, parse_time
from storage.session import reading
from voting.errors import Closed, NoSuchElection, NotFrozen, NotOpen
from voting.models import VotingElection
from voting.server_keys import ElectionKeys, ServerKeys

_ELECTION_ID: Final = re.compile("[0-9a-f]{32}")


class State(StrEnum):
    """Where an election stands."""

    DRAFT = "draft"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    PUBLISHED = "published"


def utc_now() -> datetime:
    """The clock of the real world."""
    return datetime.now(UTC)


def admit_every_attempt(election_id: str, credential: bytes) -> None:
    """Where nobody counts."""


@dataclass
class Office:
    """What every verb of the room needs. clock: injected, so that tests own the time."""

    engine: Engine
    keys: ServerKeys
    clock: Callable[[], datetime] = utc_now
    attempt: Callable[[str, bytes], None] = admit_every_attempt
    """Called with election and credential for each ballot and each challenge that its voting code has signed, before
    the slow checks; raises TooSoon where there were too many. Processes that check ballots count with it."""
    _terms: dict[str, ElectionTerms] = field(default_factory=dict, repr=False)
    _keys: dict[str, ElectionKeys] = field(default_factory=dict, repr=False)
    _differing: Counter[tuple[str, bytes]] = field(default_factory=Counter, repr=False)

    def terms(self, election_id: str) -> ElectionTerms:
        """The frozen terms. Raises: NoSuchElection, NotFrozen."""
        if election_id not in self._terms:
            with reading(self.engine) as session:
                row = find_election(session, election_id)
                self._terms[election_id] = read_terms(session, row)
        return self._terms[election_id]

    def election_keys(self, election_id: str) -> ElectionKeys:
        """The server's keys of an election. Raises: SecretMissing."""
        if election_id not in self._keys:
            self._keys[election_id] = self.keys.load(election_id)
        return self._keys[election_id]

    def differing_challenges(self, election_id: str, credential: bytes) -> int:
        """How many challenges of a credential were recomputed in this process and did not hold."""
        return self._differing[election_id, credential]

    def note_differing_challenge(self, election_id: str, credential: bytes) -> None:
        """One more. credential: on the roll and the proved author, so that nobody is counted for another's."""
        self._differing[election_id, credential] += 1

    def next_time(self, session: Session, row: VotingElection) -> datetime:
        """What the next leaf will say: now, never earlier than the leaf before it. The board is locked by this."""
        head = board.lock(session, LogId(row.log_id))
        moment = parse_time(format_time(self.clock()))
        return moment if head.last_time is None else max(moment, head.last_time)

    def append(
        self,
        session: Session,
        row: VotingElection,
        kind: Kind,
        body: bytes,
        signature: bytes | None,
        moment: datetime | None = None,
    ) -> Entry:
        """Append a leaf. moment: from `next_time`, where something was decided by it. The board is locked by this."""
        moment = moment or self.next_time(session, row)
        return board.append(
            session,
            LogId(row.log_id),
            leaf=make_leaf(kind, body, format_time(moment), signature),
            body=body,
            digest=body_digest(kind, body),
            kind=kind.value,
            time=moment,
        )

    def append_as_server(
        self, session: Session, row: VotingElection, kind: Kind, body: bytes, moment: datetime | None = None
    ) -> Entry:
        """Append one of the server's own leaves, signed with its key. moment: as in `append`."""
        signature = sign_body(kind, body, self.election_keys(row.id).server)
        return self.append(session, row, kind, body, signature, moment)

    def sign_head(self, session: Session, row: VotingElection) -> str:
        """Sign the head of the election's board, in the same transaction as what was appended."""
        return board.sign_checkpoint(session, LogId(row.log_id), self.election_keys(row.id).log, self.clock())


def find_election(session: Session, election_id: str) -> VotingElection:
    """The row of an election. Raises: NoSuchElection."""
    if not _ELECTION_ID.fullmatch(election_id):  # PostgreSQL takes no NUL, not even to look for it
        raise NoSuchElection
    row = session.scalar(select(VotingElection).where(VotingElection.id == election_id))
    if row is None:
        raise NoSuchElection
    return row


def lock_election(session: Session, election_id: str) -> VotingElection:
    """The row, after the board's lock is held: what it says stays true until the transaction ends.

    Raises: NoSuchElection.
    """
    row = find_election(session, election_id)
    board.lock(session, LogId(row.log_id))
    session.refresh(row)
    return row


def state_of(row: VotingElection) -> State:
    """Where the election stands by its board; opening hours are a separate question."""
    if row.result_index is not None:
        return State.PUBLISHED
    if row.closing_index is not None:
        return State.CLOSED
    if row.opened_index is not None:
        return State.OPEN
    return State.DRAFT if row.fingerprint is None else State.FROZEN


def effective_closes_at(row: VotingElection) -> str:
    """The closing time that holds now, as in records: of the last extension, else of the manifest."""
    return row.extended_closes_at or read_manifest(row).closes_at


def require_open(manifest: Manifest, row: VotingElection, moment: datetime) -> None:
    """Check that a leaf of this moment may be a ballot. The clock may reach the closing time between check and leaf.

    Raises: NotOpen, Closed.
    """
    now = format_time(moment)
    state = state_of(row)
    if state in {State.CLOSED, State.PUBLISHED} or now >= (row.extended_closes_at or manifest.closes_at):
        raise Closed
    if state is not State.OPEN or now < manifest.opens_at:
        raise NotOpen(manifest.opens_at)


def read_manifest(row: VotingElection) -> Manifest:
    """The election's manifest."""
    return decode_manifest(row.manifest)


def read_terms(session: Session, row: VotingElection) -> ElectionTerms:
    """Terms from the board's first leaves, without reading the roll's lines. Raises: NotFrozen."""
    if row.fingerprint is None or row.total_weight is None:
        raise NotFrozen
    manifest = decode_manifest(row.manifest)
    ceremony = board.body(session, board.entry(session, LogId(row.log_id), 1).digest)
    record = read_key(manifest, ceremony)
    key = ElectionKey.derive(record.n, manifest.election, manifest.size)
    return ElectionTerms(manifest, record, key, row.fingerprint, row.total_weight)
