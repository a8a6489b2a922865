"""A voters' list for a draft: staged whole, looked at, accepted; and who of it may sign in.

Names do not stay: the server keeps how many voters of an area have a weight. Where voters sign in, it keeps a keyed
hash for each (`identity.people.person_hash`), and the address for notices if the list gives one.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from identity.people import email_claim, person_hash
from identity.types import EMAIL
from mail.errors import MailError
from storage.session import reading, writing
from voting.deeds import By
from voting.draft_document import Draft, decode_draft
from voting.draft_errors import DraftError, ListRefused
from voting.draft_facts import ListFacts, cells_of, encode_cells
from voting.draft_models import VotingDraft, VotingList, VotingListPerson
from voting.draft_store import drop_lists, facts_of, find_draft, lock_draft, note, require_open_terms
from voting.list_findings import Finding
from voting.office import Office
from voting.voters_list import VoterLine, VotersList, read_voters

_ROWS: Final = 5000


class NothingStaged(DraftError):
    """The list to be accepted is not there: it was replaced or discarded meanwhile."""

    code = "nothing-staged"

    def __init__(self) -> None:
        super().__init__("This list is not waiting any more. Upload it again.")


@dataclass(frozen=True)
class StoredList:
    """A list as the server keeps it."""

    id: str
    facts: ListFacts
    by: str
    at: datetime


@dataclass(frozen=True)
class Contact:
    """Where notices to a voter go. language: "en", "vi", or "" for both."""

    email: str
    language: str


def read_list(office: Office, draft_id: str, data: bytes, issuer: str | None) -> VotersList:
    """What a file says, for the areas of this draft. Nothing is stored. issuer: as for `stage_list`.

    Raises: NoSuchDraft.
    """
    with reading(office.engine) as session:
        draft: Draft = decode_draft(find_draft(session, draft_id).document)
    found = read_voters(data, draft.areas.areas)
    return found if issuer is None else _with_distinct_identities(found, issuer)


def stage_list(office: Office, by: By, draft_id: str, found: VotersList, issuer: str | None) -> str:
    """Keep a faultless list beside the accepted one, to be accepted; its number.

    issuer: by whom these voters are known when they sign in (`identity.types.EMAIL`: by their address); None: they
    do not sign in here, and nothing of who they are is kept.
    Raises: ListRefused; NoSuchDraft, TermsFixed, DraftFrozen.
    """
    if not found.usable:
        raise ListRefused(found.faults_count)
    people = [] if issuer is None else list(_people(by, found.lines, issuer))
    with writing(office.engine) as session:
        require_open_terms(lock_draft(session, draft_id))
        drop_lists(session, draft_id, accepted=False)
        row = VotingList(
            id=secrets.token_hex(16),
            draft=draft_id,
            accepted=False,
            cells=encode_cells(cells_of([(line.entry.area, line.entry.weight) for line in found.lines])),
            voters=len(found.lines),
            identities=len(people),
            contacts=sum(1 for person in people if person["email"]),
            by=by.name,
            at=office.clock(),
        )
        session.add(row)
        session.flush()
        for start in range(0, len(people), _ROWS):
            chunk = [{**person, "list_id": row.id} for person in people[start : start + _ROWS]]
            session.execute(insert(VotingListPerson), chunk)
        note(session, by, "voters-staged", draft_id, voters=str(row.voters), identities=str(row.identities))
        return row.id


def accept_list(office: Office, by: By, draft_id: str, list_id: str) -> None:
    """The staged list is the election's; the earlier one is deleted. Accepted already: nothing happens.

    Raises: NothingStaged; NoSuchDraft, TermsFixed, DraftFrozen.
    """
    with writing(office.engine) as session:
        require_open_terms(lock_draft(session, draft_id))
        row = session.get(VotingList, list_id)
        if row is None or row.draft != draft_id:
            raise NothingStaged
        if row.accepted:
            return
        drop_lists(session, draft_id, accepted=True)
        row.accepted = True
        note(session, by, "voters-accepted", draft_id, voters=str(row.voters))


def remove_lists(office: Office, by: By, draft_id: str) -> None:
    """Take the list out again, with all hashes and addresses. Raises: NoSuchDraft, TermsFixed, DraftFrozen."""
    with writing(office.engine) as session:
        require_open_terms(lock_draft(session, draft_id))
        drop_lists(session, draft_id)
        note(session, by, "voters-removed", draft_id)


def stored_lists(office: Office, draft_id: str) -> tuple[StoredList | None, StoredList | None]:
    """(accepted, staged). Raises: NoSuchDraft."""
    with reading(office.engine) as session:
        find_draft(session, draft_id)
        rows = {
            row.accepted: StoredList(row.id, facts_of(row), row.by, row.at)
            for row in session.scalars(select(VotingList).where(VotingList.draft == draft_id))
        }
    return rows.get(True), rows.get(False)


# For the booth of an election whose voters sign in.


def is_eligible(session: Session, election_id: str, person: bytes) -> bool:
    """Whether this person (`SignedIn.claim`) is on the election's list."""
    return _of_election(session, election_id, person) is not None


def contact_of(session: Session, election_id: str, person: bytes) -> Contact | None:
    """Where notices to this person go, if the list says it."""
    row = _of_election(session, election_id, person)
    return Contact(row.email, row.language) if row is not None and row.email else None


def _of_election(session: Session, election_id: str, person: bytes) -> VotingListPerson | None:
    return session.scalar(
        select(VotingListPerson)
        .join(VotingList, VotingList.id == VotingListPerson.list_id)
        .join(VotingDraft, VotingDraft.id == VotingList.draft)
        .where(
            VotingDraft.election == election_id,
            VotingDraft.frozen_at.is_not(None),
            VotingList.accepted.is_(True),
            VotingListPerson.person == person,
        )
    )


def _claim(line: VoterLine, issuer: str) -> str:
    """What sign-in knows the voter by, "" for nothing usable."""
    if issuer != EMAIL:
        return line.identity
    try:
        return email_claim(line.identity or line.email) if line.identity or line.email else ""
    except MailError:
        return ""


def _people(by: By, lines: Iterable[VoterLine], issuer: str) -> Iterator[dict[str, object]]:
    for line in lines:
        if claim := _claim(line, issuer):
            person = person_hash(by.desk.keys, issuer, claim)
            yield {"person": person, "email": line.email, "language": line.language}


def _with_distinct_identities(found: VotersList, issuer: str) -> VotersList:
    """Two lines that sign in as one person are a fault: one of them could never vote."""
    seen: dict[str, int] = {}
    faults = []
    for line in found.lines:
        if claim := _claim(line, issuer):
            first = seen.setdefault(claim, line.line)
            if first != line.line:
                faults.append(Finding(line.line, "identity", "identity-twice", {"first": str(first)}))
    if not faults:
        return found
    return VotersList(
        found.lines,
        (*found.faults, *faults),
        found.warnings,
        found.faults_count + len(faults),
        found.warnings_count,
    )
