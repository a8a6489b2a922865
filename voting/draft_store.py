"""Drafts as rows: found, locked, read whole; and their line in the site log. Shared by the verbs of drafts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from protocol.canonical import encode_canonical
from voting.deeds import By
from voting.draft_document import Draft, Part, decode_draft, encode_draft, section_of
from voting.draft_errors import DraftFrozen, NoSuchDraft, TermsFixed
from voting.draft_facts import Cell, ListFacts, Prepared, decode_cells
from voting.draft_models import (
    VotingDraft,
    VotingDraftChange,
    VotingDraftFile,
    VotingList,
    VotingListPerson,
)
from voting.office import Office

_DRAFT_ID: Final = re.compile("[0-9a-f]{32}")
CEREMONY: Final = "ceremony"
ROLL: Final = "roll"
SIGNATURE: Final = "signature-"
"""Kinds of files that are handed in; a trustee's number follows the last one."""

PartChange = Callable[[Session, Part], Part]


@dataclass(frozen=True)
class StoredDraft:
    """A draft as it stands in the database."""

    id: str
    owner: str
    created_at: datetime
    changed_at: datetime
    revision: int
    prepared: Prepared
    frozen_at: datetime | None

    @property
    def draft(self) -> Draft:
        """The answers."""
        return self.prepared.draft

    @property
    def election(self) -> str | None:
        """The election's id, once the terms are fixed."""
        return self.prepared.election


def note(session: Session, by: By, deed: str, draft_id: str, **detail: str) -> None:
    """The line in the site log, in the transaction of the deed."""
    by.note(session, deed, f"draft {draft_id}", **detail)


def find_draft(session: Session, draft_id: str) -> VotingDraft:
    """Raises: NoSuchDraft."""
    row = session.get(VotingDraft, draft_id) if _DRAFT_ID.fullmatch(draft_id) else None
    if row is None:
        raise NoSuchDraft
    return row


def lock_draft(session: Session, draft_id: str) -> VotingDraft:
    """The row, locked until the transaction ends. Raises: NoSuchDraft."""
    row = session.scalar(
        select(VotingDraft).where(VotingDraft.id == find_draft(session, draft_id).id).with_for_update()
    )
    if row is None:
        raise NoSuchDraft
    session.refresh(row)
    return row


def require_open_terms(row: VotingDraft) -> None:
    """Raises: DraftFrozen, TermsFixed."""
    if row.frozen_at is not None:
        raise DraftFrozen
    if row.election is not None:
        raise TermsFixed


def stored(session: Session, row: VotingDraft) -> StoredDraft:
    """Everything that is known of a draft, without the bytes of files."""
    accepted = session.scalar(
        select(VotingList).where(VotingList.draft == row.id, VotingList.accepted.is_(True))
    )
    found = session.execute(
        select(VotingDraftFile.kind, VotingDraftFile.summary).where(VotingDraftFile.draft == row.id)
    )
    files = {file.kind: file.summary for file in found}
    return StoredDraft(
        id=row.id,
        owner=row.owner,
        created_at=row.created_at,
        changed_at=row.changed_at,
        revision=row.revision,
        prepared=Prepared(
            draft=decode_draft(row.document),
            voters=None if accepted is None else facts_of(accepted),
            election=row.election,
            ceremony=CEREMONY in files,
            roll=_cells(files),
            signed=frozenset(
                int(kind.removeprefix(SIGNATURE)) for kind in files if kind.startswith(SIGNATURE)
            ),
        ),
        frozen_at=row.frozen_at,
    )


def facts_of(row: VotingList) -> ListFacts:
    """The numbers of a list."""
    return ListFacts(decode_cells(row.cells), row.identities, row.contacts)


def drop_lists(session: Session, draft_id: str, *, accepted: bool | None = None) -> None:
    """Delete a draft's lists with the people in them. accepted: only those, or only the others."""
    wanted = select(VotingList.id).where(VotingList.draft == draft_id)
    if accepted is not None:
        wanted = wanted.where(VotingList.accepted.is_(accepted))
    found = list(session.scalars(wanted))
    session.execute(delete(VotingListPerson).where(VotingListPerson.list_id.in_(found)))
    session.execute(delete(VotingList).where(VotingList.id.in_(found)))


def _cells(files: Mapping[str, bytes]) -> tuple[Cell, ...] | None:
    return decode_cells(files[ROLL]) if ROLL in files else None


def replace_part(session: Session, office: Office, row: VotingDraft, part: Part, by: By) -> None:
    """Store a section and its line of history. The draft is locked."""
    row.document = encode_draft(decode_draft(row.document).with_part(part))
    add_change(session, row, part, by, office.clock())


def add_change(session: Session, row: VotingDraft, part: Part, by: By, now: datetime) -> None:
    """One more revision of the draft: this section."""
    row.revision += 1
    row.changed_at = now
    session.add(
        VotingDraftChange(
            draft=row.id,
            revision=row.revision,
            section=section_of(part).value,
            part=encode_canonical(part),
            by=by.name,
            at=now,
        )
    )
    session.flush()
