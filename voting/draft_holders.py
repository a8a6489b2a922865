"""Trustees at work on a draft: which drafts name somebody, and the public key that each hands in."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from crypto.encoding import encode_base64url
from protocol.errors import ProtocolError
from protocol.trustee_identity import read_identity
from storage.session import reading
from voting.deeds import By
from voting.draft_document import KeyHoldersPart, Part, Section
from voting.draft_errors import FileRefused
from voting.draft_models import VotingDraft
from voting.draft_store import StoredDraft, stored
from voting.drafts import change_section
from voting.office import Office


@dataclass(frozen=True)
class Holding:
    """A draft, or the election that it became, that names somebody as trustee `number` (from 1)."""

    stored: StoredDraft
    number: int


def holdings(office: Office, person_id: str) -> list[Holding]:
    """All drafts and elections in which this account holds a share, those changed last first."""
    found = []
    with reading(office.engine) as session:
        for row in session.scalars(
            select(VotingDraft).order_by(VotingDraft.changed_at.desc(), VotingDraft.id)
        ):
            draft = stored(session, row)
            for number, holder in enumerate(draft.draft.key_holders.holders, start=1):
                if holder.person == person_id:
                    found.append(Holding(draft, number))
    return found


def take_identity(office: Office, by: By, draft_id: str, number: int, data: bytes) -> None:
    """Take a trustee's public key, as `psephos trustee identity` writes it. The name stays the office's.

    number: of the trustee, from 1. The same key again: nothing happens.
    Raises: FileRefused (not such a file, another trustee's key, no such trustee); as `change_section`.
    """
    try:
        key = encode_base64url(read_identity(data).key)
    except ProtocolError as error:
        raise FileRefused("identity", str(error)) from error

    def put(_: Session, part: Part) -> Part:
        if not isinstance(part, KeyHoldersPart):
            raise TypeError("not the key holders")
        holders = list(part.holders)
        if not 1 <= number <= len(holders):
            raise FileRefused("not-there", f"There is no trustee {number} any more.")
        if any(holder.key == key for i, holder in enumerate(holders, start=1) if i != number):
            raise FileRefused("others-key", "This is another trustee's key. Each has a key of their own.")
        holders[number - 1] = msgspec.structs.replace(holders[number - 1], key=key)
        return msgspec.structs.replace(part, holders=tuple(holders))

    change_section(office, by, draft_id, "key-taken", Section.KEY_HOLDERS, put)
