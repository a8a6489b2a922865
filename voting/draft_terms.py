"""From answers to a frozen election: terms fixed, key made, roll and signatures handed in, frozen.

Fixing the terms gives the election its id and its server keys, and the manifest its final bytes: the key ceremony and
the registrar's roll belong to exactly these. Taking it back throws away whatever was made for them; the next fixing
gives another id, so nothing old can be used again. Freezing is for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crypto.certificate import verify_key_record
from crypto.errors import CryptoError
from protocol.ceremony_record import CEREMONY_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.manifest import decode_manifest
from protocol.roll import ROLL_BYTES_MAX, decode_roll
from protocol.signed_body import read_freeze_signature
from protocol.terms import ElectionTerms, assemble_terms, read_key
from storage.session import reading, writing
from voting.checklist import BEFORE_TERMS, checklist, hindrances
from voting.deeds import By
from voting.draft_document import Section
from voting.draft_errors import DraftFrozen, FileRefused, NotReady, ReadAgain, TermsNotFixed
from voting.draft_facts import cells_of, encode_cells
from voting.draft_manifest import make_manifest
from voting.draft_models import VotingDraft, VotingDraftFile
from voting.draft_store import (
    CEREMONY,
    ROLL,
    SIGNATURE,
    find_draft,
    lock_draft,
    note,
    require_open_terms,
    stored,
)
from voting.models import VotingElection
from voting.office import Office
from voting.preparation import freeze_election, log_origin, new_election_id, register_election


@dataclass(frozen=True)
class TermsFiles:
    """What key holders and registrar work with, as far as it is there; without line ends."""

    manifest: bytes
    ceremony: bytes | None
    roll: bytes | None

    @property
    def whole(self) -> bool:
        """Whether the fingerprint can be signed."""
        return self.ceremony is not None and self.roll is not None


def fix_terms(office: Office, by: By, draft_id: str, base_revision: int, site: str) -> str:
    """Make the manifest of a draft and register it with fresh server keys; the election's id.

    base_revision: of the draft that the official has read.  site: host name of the platform.
    Fixed already: nothing happens. Raises: NoSuchDraft, DraftFrozen, ReadAgain, NotReady, ManifestInvalid.
    """
    with reading(office.engine) as session:
        found = stored(session, find_draft(session, draft_id))
    if found.frozen_at is not None:
        raise DraftFrozen
    if found.election is not None:
        return found.election
    found_missing = hindrances(checklist(found.prepared, office.clock()), (*BEFORE_TERMS, Section.TERMS))
    # That the terms are not fixed yet is what is being mended here.
    if missing := tuple(item for item in found_missing if item.code not in ("terms-ready", "terms-wait")):
        raise NotReady(missing)
    election = new_election_id()
    manifest = make_manifest(found.draft, election, log_origin(site, election), office.keys.make(election))

    def settle(session: Session) -> None:
        row = lock_draft(session, draft_id)
        require_open_terms(row)
        if row.revision != base_revision:
            raise ReadAgain
        row.election = election
        note(session, by, "terms-fixed", draft_id, election=election)

    register_election(office, manifest, settle)
    return election


def take_back_terms(office: Office, by: By, draft_id: str) -> None:
    """Open the answers again. Key record, roll and signatures are thrown away: they belong to the old terms.

    Not fixed: nothing happens. Raises: NoSuchDraft, DraftFrozen.
    """
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        if row.election is None:
            return
        session.execute(delete(VotingDraftFile).where(VotingDraftFile.draft == draft_id))
        session.execute(delete(VotingElection).where(VotingElection.id == row.election))
        note(session, by, "terms-taken-back", draft_id, election=row.election)
        row.election = None


def terms_files(office: Office, draft_id: str) -> TermsFiles:
    """Raises: NoSuchDraft, TermsNotFixed."""
    with reading(office.engine) as session:
        return _terms_files(session, find_draft(session, draft_id))


def handed_in(office: Office, draft_id: str) -> Mapping[str, str]:
    """Who handed in what: kind (`ceremony`, `roll`, `signature-1` …) to name. Raises: NoSuchDraft."""
    with reading(office.engine) as session:
        find_draft(session, draft_id)
        found = session.execute(
            select(VotingDraftFile.kind, VotingDraftFile.by).where(VotingDraftFile.draft == draft_id)
        )
        return {row.kind: row.by for row in found}


def take_ceremony(office: Office, by: By, draft_id: str, data: bytes) -> None:
    """Take the key's public record, as `psephos trustee keys` writes it. The same again: nothing happens.

    Raises: FileRefused (not this election's, does not verify, another stands there); TermsNotFixed, DraftFrozen.
    """
    body = _one_line(data, CEREMONY_BYTES_MAX)
    manifest = decode_manifest(terms_files(office, draft_id).manifest)
    try:
        verify_key_record(read_key(manifest, body), manifest.size)
    except (ProtocolError, CryptoError) as error:
        raise FileRefused("ceremony", str(error)) from error
    _keep(office, by, draft_id, manifest.election, CEREMONY, body)


def take_roll(office: Office, by: By, draft_id: str, data: bytes) -> None:
    """Take the registrar's roll, as `psephos registrar make` writes it. The same again: nothing happens.

    Whether it is the voters' list is the checklist's to say.
    Raises: FileRefused; TermsNotFixed, DraftFrozen.
    """
    body = _one_line(data, ROLL_BYTES_MAX)
    manifest = decode_manifest(terms_files(office, draft_id).manifest)
    try:
        roll = decode_roll(body, manifest)
    except ProtocolError as error:
        raise FileRefused("roll", str(error)) from error
    cells = cells_of([(entry.area, entry.weight) for entry in roll.entries.values()])
    _keep(office, by, draft_id, manifest.election, ROLL, body, encode_cells(cells))


def take_freeze_signature(
    office: Office, by: By, draft_id: str, data: bytes, trustee: int | None = None
) -> int:
    """Take a trustee's signature of the fingerprint, as `psephos trustee sign-freeze` writes it; the trustee's number.

    trustee: the only one whose signature is taken here, any unless given.
    Raises: FileRefused; TermsNotFixed, DraftFrozen.
    """
    files = terms_files(office, draft_id)
    if files.ceremony is None or files.roll is None:
        raise FileRefused("too-early", "The signature comes last: key record or roll are not there yet.")
    try:
        terms, _ = assemble_terms(files.manifest, files.ceremony, files.roll)
        number, _ = read_freeze_signature(terms, data)
    except (ProtocolError, CryptoError) as error:
        raise FileRefused("signature", str(error)) from error
    if trustee not in (None, number):
        raise FileRefused("other-trustee", f"This is the signature of trustee {number}.")
    _keep(office, by, draft_id, terms.election, f"{SIGNATURE}{number}", data, b"", files)
    return number


def withdraw(office: Office, by: By, draft_id: str, kind: str) -> None:
    """Remove the key record (`ceremony`) or the roll, and the signatures over them. Gone: nothing happens.

    Raises: NoSuchDraft, DraftFrozen.
    """
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        if kind not in (CEREMONY, ROLL) or session.get(VotingDraftFile, (draft_id, kind)) is None:
            return
        session.execute(
            delete(VotingDraftFile).where(
                VotingDraftFile.draft == draft_id,
                (VotingDraftFile.kind == kind) | VotingDraftFile.kind.startswith(SIGNATURE),
            )
        )
        note(session, by, f"{kind}-withdrawn", draft_id)


def freeze(office: Office, by: By, draft_id: str) -> ElectionTerms:
    """Freeze the election: terms, key and roll on its board, for ever.

    Raises: NotReady; NoSuchDraft, TermsNotFixed, DraftFrozen; what `freeze_election` raises.
    """
    with reading(office.engine) as session:
        row = find_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        found, files = stored(session, row), _terms_files(session, row)
        signatures = [
            session.get_one(VotingDraftFile, (draft_id, f"{SIGNATURE}{number}")).body
            for number in sorted(found.prepared.signed)
        ]
    missing = hindrances(checklist(found.prepared, office.clock()))
    if missing or files.ceremony is None or files.roll is None:
        raise NotReady(missing)
    terms, _ = assemble_terms(files.manifest, files.ceremony, files.roll)
    signed = [read_freeze_signature(terms, data)[1] for data in signatures]

    def finish(session: Session) -> None:
        row = lock_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        if row.election != terms.election:
            raise TermsNotFixed
        row.frozen_at = office.clock()
        by.note(
            session,
            "election-frozen",
            f"election {terms.election}",
            draft=draft_id,
            fingerprint=terms.fingerprint_code,
        )

    return freeze_election(office, files.ceremony, files.roll, files.manifest, signed, finish)


def _terms_files(session: Session, row: VotingDraft) -> TermsFiles:
    if row.election is None:
        raise TermsNotFixed
    found = session.execute(
        select(VotingDraftFile.kind, VotingDraftFile.body).where(
            VotingDraftFile.draft == row.id, VotingDraftFile.kind.in_((CEREMONY, ROLL))
        )
    )
    bodies = {file.kind: file.body for file in found}
    manifest = session.get_one(VotingElection, row.election).manifest
    return TermsFiles(manifest, bodies.get(CEREMONY), bodies.get(ROLL))


def _keep(
    office: Office,
    by: By,
    draft_id: str,
    election: str,
    kind: str,
    body: bytes,
    summary: bytes = b"",
    signed: TermsFiles | None = None,
) -> None:
    """Store a checked file. signed: the terms that it signs; they must still be these."""
    with writing(office.engine) as session:
        row = lock_draft(session, draft_id)
        if row.frozen_at is not None:
            raise DraftFrozen
        if row.election != election:
            raise FileRefused(
                "taken-back", "The terms were taken back meanwhile; this file belongs to the old ones."
            )
        if signed is not None and _terms_files(session, row) != signed:
            raise FileRefused("taken-back", "Key record or roll were replaced meanwhile; sign the new terms.")
        known = session.get(VotingDraftFile, (draft_id, kind))
        if known is not None:
            if known.body == body:
                return
            raise FileRefused("stands", "Another file stands there already. Remove that one first.")
        session.add(
            VotingDraftFile(
                draft=draft_id, kind=kind, body=body, summary=summary, by=by.name, at=office.clock()
            )
        )
        deed, _, number = kind.partition("-")
        note(session, by, f"{deed}-taken", draft_id, **({"trustee": number} if number else {}))


def _one_line(data: bytes, limit_bytes: int) -> bytes:
    """A record that lies alone in a file, with or without a newline behind it. Raises: FileRefused."""
    if len(data) > limit_bytes + 2:
        raise FileRefused(
            "too-large", f"The file is longer than the {limit_bytes} bytes that can be right here."
        )
    return data.removesuffix(b"\n").removesuffix(b"\r")
