"""Documents that voters should read: taken with a draft, bound by digest in the manifest, public from the freeze on.

A file is kept as it came. What it is decides itself by its first bytes, not by its name; only types that no browser
runs are taken, and every answer says `attachment` and `nosniff` besides (web/routes/documents).
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from sqlalchemy.orm import Session

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from protocol.manifest import DOCUMENTS_MAX
from storage.session import reading
from voting.deeds import By
from voting.draft_document import DocumentsPart, DraftDocument, Part, Section, Words
from voting.draft_errors import FileRefused
from voting.draft_models import VotingFile
from voting.draft_store import find_draft, stored
from voting.drafts import change_section
from voting.office import Office, find_election, read_manifest

DOCUMENT_BYTES_MAX: Final = 5_000_000

MediaType = Literal["application/pdf", "image/png", "image/jpeg", "text/plain"]
ENDINGS: Final[dict[str, str]] = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
}
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class StoredFile:
    """A document with its bytes."""

    document: DraftDocument
    data: bytes


def media_type_of(data: bytes) -> MediaType:
    """What a file is, by its content. Raises: FileRefused."""
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    if _CONTROLS.search(text):
        raise FileRefused("type", "This is none of PDF, PNG, JPEG and plain text in UTF-8.")
    return "text/plain"


def attach_document(office: Office, by: By, draft_id: str, name: Words, data: bytes) -> str:
    """Add a document behind the others; its digest in base64url.

    Raises: FileRefused (empty, too large, of another type, there already, too many); and as `change_section`.
    """
    if not data:
        raise FileRefused("empty", "The file is empty.")
    if len(data) > DOCUMENT_BYTES_MAX:
        raise FileRefused("too-large", f"The file is larger than {DOCUMENT_BYTES_MAX // 1_000_000} MB.")
    media_type = media_type_of(data)
    digest = hashlib.sha256(data).digest()
    document = DraftDocument(
        bytes=len(data), media_type=media_type, name=name, sha256=encode_base64url(digest)
    )

    def add(session: Session, part: Part) -> Part:
        documents = _of(part).documents
        if any(known.sha256 == document.sha256 for known in documents):
            raise FileRefused("twice", "This very file is there already.")
        if len(documents) >= DOCUMENTS_MAX:
            raise FileRefused("too-many", f"There are {DOCUMENTS_MAX} documents; no more are possible.")
        # Locked: the last other draft with it may be discarded at this moment (voting.drafts).
        if session.get(VotingFile, digest, with_for_update=True) is None:
            session.add(VotingFile(digest=digest, media_type=media_type, data=data))
        return DocumentsPart(documents=(*documents, document))

    change_section(office, by, draft_id, "document-attached", Section.DOCUMENTS, add)
    return document.sha256


def rename_document(office: Office, by: By, draft_id: str, sha256: str, name: Words) -> None:
    """Raises: FileRefused when it is not there; and as `change_section`."""

    def rename(_: Session, part: Part) -> Part:
        return DocumentsPart(
            documents=tuple(
                msgspec.structs.replace(document, name=name) if document.sha256 == sha256 else document
                for document in _having(part, sha256).documents
            )
        )

    change_section(office, by, draft_id, "document-renamed", Section.DOCUMENTS, rename)


def move_document(office: Office, by: By, draft_id: str, sha256: str, place: int) -> None:
    """Put a document at `place`, from 0. Raises: as `rename_document`."""

    def move(_: Session, part: Part) -> Part:
        documents = list(_having(part, sha256).documents)
        at = next(i for i, document in enumerate(documents) if document.sha256 == sha256)
        documents.insert(max(0, min(len(documents) - 1, place)), documents.pop(at))
        return DocumentsPart(documents=tuple(documents))

    change_section(office, by, draft_id, "document-moved", Section.DOCUMENTS, move)


def remove_document(office: Office, by: By, draft_id: str, sha256: str) -> None:
    """Take a document out; its bytes stay as long as the history names them. Gone already: nothing happens.

    Raises: as `change_section`.
    """

    def remove(_: Session, part: Part) -> Part:
        return DocumentsPart(
            documents=tuple(document for document in _of(part).documents if document.sha256 != sha256)
        )

    change_section(office, by, draft_id, "document-removed", Section.DOCUMENTS, remove)


def draft_document(office: Office, draft_id: str, sha256: str) -> StoredFile:
    """A document of a draft, for officials. Raises: NoSuchDraft, FileRefused."""
    with reading(office.engine) as session:
        documents = stored(session, find_draft(session, draft_id)).draft.documents.documents
        return _read(session, documents, sha256)


def public_document(office: Office, election_id: str, sha256: str) -> StoredFile:
    """A document that a frozen election names, for everybody. Raises: NoSuchElection, FileRefused."""
    with reading(office.engine) as session:
        row = find_election(session, election_id)
        named = () if row.fingerprint is None else read_manifest(row).documents
        documents = tuple(
            msgspec.convert(msgspec.to_builtins(document), DraftDocument)
            for document in named
            if document.media_type in ENDINGS
        )
        return _read(session, documents, sha256)


def _read(session: Session, documents: tuple[DraftDocument, ...], sha256: str) -> StoredFile:
    for document in documents:
        if document.sha256 == sha256:
            try:
                row = session.get(VotingFile, decode_base64url(sha256, 32))
            except CryptoError:
                row = None
            if row is not None:
                return StoredFile(document, row.data)
    raise FileRefused("not-there", "There is no such document here.")


def _of(part: Part) -> DocumentsPart:
    if not isinstance(part, DocumentsPart):
        raise TypeError("not the documents")
    return part


def _having(part: Part, sha256: str) -> DocumentsPart:
    documents = _of(part)
    if all(document.sha256 != sha256 for document in documents.documents):
        raise FileRefused("not-there", "There is no such document here any more.")
    return documents
