"""Elections in preparation: begun, written section by section by several officials, copied, discarded.

Each verb is one transaction, with its line in the site log. Saving names the revision that the form was opened at: if
somebody saved the same section since, the later one is told what stands there now and decides; other sections merge
by themselves. Every saved version is kept until the draft is discarded.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crypto.encoding import encode_base64url
from protocol.manifest import decode_manifest
from storage.session import Beside, reading, writing
from voting.deeds import By
from voting.draft_document import (
    PART_TYPES,
    DocumentsPart,
    Draft,
    DraftDocument,
    Part,
    Section,
    TitlePart,
    decode_draft,
    decode_part,
    empty_draft,
    encode_draft,
    section_of,
)
from voting.draft_errors import ChangedMeanwhile, DraftFrozen
from voting.draft_manifest import copy_of, draft_from_manifest
from voting.draft_models import VotingDraft, VotingDraftChange, VotingDraftFile, VotingFile
from voting.draft_store import (
    PartChange,
    StoredDraft,
    add_change,
    drop_lists,
    find_draft,
    lock_draft,
    note,
    replace_part,
    require_open_terms,
    stored,
)
from voting.models import VotingElection
from voting.office import Office, find_election


@dataclass(frozen=True)
class Change:
    """One saving of one section."""

    revision: int
    section: Section
    part: Part
    by: str
    at: datetime


def load(office: Office, draft_id: str) -> StoredDraft:
    """Raises: NoSuchDraft."""
    with reading(office.engine) as session:
        return stored(session, find_draft(session, draft_id))


def list_drafts(office: Office) -> list[StoredDraft]:
    """All drafts, those changed last first; frozen ones are left out: they are elections."""
    with reading(office.engine) as session:
        rows = session.scalars(
            select(VotingDraft)
            .where(VotingDraft.frozen_at.is_(None))
            .order_by(VotingDraft.changed_at.desc(), VotingDraft.id)
        )
        return [stored(session, row) for row in rows]


def draft_of_election(office: Office, election_id: str) -> StoredDraft | None:
    """The draft that became an election, if it was prepared here and not by command."""
    with reading(office.engine) as session:
        row = session.scalar(select(VotingDraft).where(VotingDraft.election == election_id))
        return None if row is None else stored(session, row)


def changes(office: Office, draft_id: str) -> list[Change]:
    """Everything that was ever saved, newest first. Raises: NoSuchDraft."""
    with reading(office.engine) as session:
        find_draft(session, draft_id)
        rows = session.scalars(
            select(VotingDraftChange)
            .where(VotingDraftChange.draft == draft_id)
            .order_by(VotingDraftChange.revision.desc())
        )
        return [_change(row) for row in rows]


def create(
    office: Office,
    by: By,
    title: TitlePart,
    base: Draft | None = None,
    draft_id: str | None = None,
    beside: Beside | None = None,
) -> str:
    """Begin a draft; its id.

    base: what to start from (`copied_draft`, `copied_election`), nothing unless given.
    draft_id: from `new_draft_id`; sent twice, the draft is made once.
    beside: belongs to the same transaction, and runs only when the draft is made.
    """
    draft = (base or empty_draft()).with_part(title)
    now = office.clock()
    row = VotingDraft(
        id=draft_id or new_draft_id(),
        owner=by.name,
        created_at=now,
        changed_at=now,
        revision=0,
        document=encode_draft(draft),
        election=None,
        frozen_at=None,
    )
    with writing(office.engine) as session:
        if session.get(VotingDraft, row.id) is not None:
            return row.id
        session.add(row)
        session.flush()
        for section in PART_TYPES:
            if draft.part(section) != empty_draft().part(section):
                add_change(session, row, draft.part(section), by, now)
        if beside is not None:
            beside(session)
        note(session, by, "draft-created", row.id, copied="no" if base is None else "yes")
    return row.id


def new_draft_id() -> str:
    """32 hexadecimal digits from the operating system."""
    return secrets.token_hex(16)


def copied_draft(office: Office, draft_id: str) -> Draft:
    """Another draft's answers without dates and keys. Raises: NoSuchDraft."""
    return copy_of(load(office, draft_id).draft)


def copied_election(office: Office, election_id: str) -> Draft:
    """An earlier election's answers without dates and keys; documents that lie here. Raises: NoSuchElection."""
    with reading(office.engine) as session:
        manifest = decode_manifest(find_election(session, election_id).manifest)
        here = {encode_base64url(digest) for digest in session.scalars(select(VotingFile.digest))}
    kept = tuple(document for document in manifest.documents if document.sha256 in here)
    return draft_from_manifest(msgspec.structs.replace(manifest, documents=kept))


def save_section(office: Office, by: By, draft_id: str, base_revision: int, part: Part) -> int:
    """Replace one section; the draft's revision afterwards.

    base_revision: of the draft when the form was opened. Saving what stands there already changes nothing.
    Raises: NoSuchDraft, TermsFixed, DraftFrozen, ChangedMeanwhile.
    """
    section = section_of(part)
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        require_open_terms(row)
        draft = decode_draft(row.document)
        if draft.part(section) == part:
            return row.revision
        last = _last_change(session, row, section)
        if last is not None and last.revision > base_revision:
            raise ChangedMeanwhile(section, draft.part(section), last.by, last.at, row.revision)
        replace_part(session, office, row, part, by)
        note(session, by, "draft-saved", row.id, section=section.value, revision=str(row.revision))
        return row.revision


def change_section(
    office: Office, by: By, draft_id: str, deed: str, section: Section, change: PartChange
) -> int:
    """Change one section by a rule that needs no form of the whole (add a document, move a question).

    change: takes what stands there now, under the lock, and gives what shall stand there; it may raise.
    Raises: NoSuchDraft, TermsFixed, DraftFrozen, and what `change` raises.
    """
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        require_open_terms(row)
        draft = decode_draft(row.document)
        part = change(session, draft.part(section))
        if part != draft.part(section):
            replace_part(session, office, row, part, by)
            note(session, by, deed, row.id, section=section.value, revision=str(row.revision))
        return row.revision


def discard(office: Office, by: By, draft_id: str) -> None:
    """Delete a draft with everything that was handed in for it. It cannot be undone.

    Raises: NoSuchDraft, DraftFrozen.
    """
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        drop_lists(session, draft_id)
        for table in (VotingDraftFile, VotingDraftChange):
            session.execute(delete(table).where(table.draft == draft_id))
        if row.election is not None:
            session.execute(delete(VotingElection).where(VotingElection.id == row.election))
        session.delete(row)
        session.flush()
        _drop_unused_files(session)
        note(session, by, "draft-discarded", draft_id)


def _change(row: VotingDraftChange) -> Change:
    section = Section(row.section)
    return Change(row.revision, section, decode_part(section, row.part), row.by, row.at)


def _last_change(session: Session, row: VotingDraft, section: Section) -> VotingDraftChange | None:
    return session.scalar(
        select(VotingDraftChange)
        .where(VotingDraftChange.draft == row.id, VotingDraftChange.section == section.value)
        .order_by(VotingDraftChange.revision.desc())
        .limit(1)
    )


def _drop_unused_files(session: Session) -> None:
    """Files that no draft, no version of a draft and no election names any more.

    They are locked before it is asked who names them: whoever attaches one at this moment comes before or after.
    """
    stored_files = list(session.scalars(select(VotingFile.digest).with_for_update()))
    used = {
        document.sha256
        for part in session.scalars(
            select(VotingDraftChange.part).where(VotingDraftChange.section == Section.DOCUMENTS.value)
        )
        for document in _documents(part)
    }
    for manifest in session.scalars(select(VotingElection.manifest)):
        used |= {document.sha256 for document in decode_manifest(manifest).documents}
    for digest in stored_files:
        if encode_base64url(digest) not in used:
            session.execute(delete(VotingFile).where(VotingFile.digest == digest))


def _documents(part: bytes) -> tuple[DraftDocument, ...]:
    found = decode_part(Section.DOCUMENTS, part)
    return found.documents if isinstance(found, DocumentsPart) else ()
