"""Notices through a second channel: whoever votes with somebody else's code is noticed by its owner.

Where voters sign in, the address is that of the voters' list, taken when an entry code is given out. Otherwise it comes
from the registrar's file (`set_contacts`). Either lets the server connect an address with a ballot, never with a vote,
and the pages say so; `forget_contacts` deletes all of it after the time for objections.

A notice is stored in the transaction of what it tells about, and becomes a mail by a job (`web.notices`): casting knows
nothing of mail, and no fault of a notice keeps a ballot out of the urn.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from mail.outbox import forget_about
from storage.jobs import enqueue
from storage.session import Beside, writing
from storage.statements import insert_once, rows_changed
from voting.draft_models import VotingDraft, VotingList, VotingListPerson
from voting.draft_voters import Contact, contact_of
from voting.errors import WrongState
from voting.models import VotingElection, VotingRoll
from voting.notice_models import VotingContact, VotingNotice, VotingPermitContact
from voting.office import Office, State, lock_election, read_manifest, state_of
from voting.sign_in import PERMIT_SECONDS

log = logging.getLogger("psephos.voting")

WRITE_NOTICE: Final = "write-notice"
"""Kind of the job that turns a notice into a mail."""

KEPT_AT_LEAST: Final = timedelta(days=1)
"""After closing: the last ballots' notices are still being sent, and a bounce may come back."""

_ROWS: Final = 2000


class NoticeKind(StrEnum):
    """What is told; also the kind of its mail in the outbox."""

    CAST = "cast-notice"
    CONFLICT = "conflict-notice"
    REPLACED = "replaced-notice"


@dataclass(frozen=True)
class Contacts:
    """How many addresses the server has. listed: of people who sign in.  codes: of voting codes."""

    listed: int
    codes: int

    @property
    def any(self) -> bool:
        """Whether somebody will get notices."""
        return self.listed + self.codes > 0


def remember_for_permit(
    session: Session, election_id: str, permit: str, person: bytes, now: datetime
) -> None:
    """Note where the notice about this permit's ballot goes, if the voters' list says it.

    session: of the transaction in which the permit is issued.  Old ones are dropped on the way.
    """
    session.execute(delete(VotingPermitContact).where(VotingPermitContact.expires_at <= now))
    contact = contact_of(session, election_id, person)
    if contact is not None:
        session.execute(
            insert(VotingPermitContact).values(
                digest=_digest_of(permit),
                election=election_id,
                email=contact.email,
                language=contact.language,
                expires_at=now + timedelta(seconds=PERMIT_SECONDS),
            )
        )


def tell(
    session: Session,
    kind: NoticeKind,
    line: VotingRoll,
    about: bytes,
    moment: datetime,
    *,
    permit: str | None = None,
    number: int | None = None,
) -> None:
    """Have it told to whoever signed in and to the owner of the code, as far as there are addresses. Never fails.

    session: of the transaction of what happened.  line: of the credential.  about: bytes that are the same only for
    the same event (a tracker, a new key): nothing is told twice.  number: of the ballot among those of the code.
    """
    try:
        with session.begin_nested():
            found = {contact.email: contact for contact in _contacts(session, line, permit)}
            for contact in found.values():
                _store(session, kind, line.election, about, contact, moment, number)
    except SQLAlchemyError as error:
        # Without the text of the error: it may hold the address.
        log.error("A notice (%s) was not stored: %s", kind.value, type(error).__name__)


def set_contacts(
    office: Office, election_id: str, contacts: Mapping[bytes, Contact], beside: Beside | None = None
) -> None:
    """The registrar's addresses, by credential, instead of those that were there. Empty: none any more.

    Raises: NoSuchElection; WrongState after closing.
    """
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) not in {State.FROZEN, State.OPEN}:
            raise WrongState(
                f"Addresses are taken from the freeze to the closing; this vote is {state_of(row)}."
            )
        session.execute(delete(VotingContact).where(VotingContact.election == election_id))
        values = [
            {"election": election_id, "key": key, "email": contact.email, "language": contact.language}
            for key, contact in contacts.items()
        ]
        for start in range(0, len(values), _ROWS):
            session.execute(insert(VotingContact), values[start : start + _ROWS])
        if beside is not None:
            beside(session)


def count_contacts(session: Session, election_id: str) -> Contacts:
    """How many addresses there are for this election."""
    codes = session.scalar(
        select(func.count()).select_from(VotingContact).where(VotingContact.election == election_id)
    )
    listed = session.scalar(
        select(func.count())
        .select_from(VotingListPerson)
        .where(VotingListPerson.list_id.in_(_lists_of(election_id)), VotingListPerson.email != "")
    )
    return Contacts(listed or 0, codes or 0)


def kept_until(session: Session, row: VotingElection) -> datetime | None:
    """When the addresses of an election are deleted; None before it is closed."""
    if row.closing_index is None:
        return None
    closed = board.entry(session, LogId(row.log_id), row.closing_index).time
    objections = timedelta(seconds=read_manifest(row).objection_seconds)
    return closed + max(objections, KEPT_AT_LEAST)


def forget_contacts(office: Office) -> int:
    """Delete the addresses of all elections whose time for objections is over; how many rows changed."""
    changed = 0
    with writing(office.engine) as session:
        now = office.clock()
        for row in session.scalars(select(VotingElection).where(VotingElection.closing_index.is_not(None))):
            until = kept_until(session, row)
            if until is not None and until <= now:
                changed += _forget(session, row.id)
    return changed


def _forget(session: Session, election_id: str) -> int:
    statements = (
        delete(VotingContact).where(VotingContact.election == election_id),
        delete(VotingPermitContact).where(VotingPermitContact.election == election_id),
        delete(VotingNotice).where(VotingNotice.election == election_id),
        update(VotingListPerson)
        .where(VotingListPerson.list_id.in_(_lists_of(election_id)), VotingListPerson.email != "")
        .values(email=""),
    )
    changed = sum(rows_changed(session, statement) for statement in statements)
    return changed + sum(forget_about(session, kind.value, election_id) for kind in NoticeKind)


def _lists_of(election_id: str) -> Select[str]:
    return (
        select(VotingList.id)
        .join(VotingDraft, VotingDraft.id == VotingList.draft)
        .where(VotingDraft.election == election_id)
    )


def _contacts(session: Session, line: VotingRoll, permit: str | None) -> Iterable[Contact]:
    if permit is not None:
        found = session.execute(
            delete(VotingPermitContact)
            .where(
                VotingPermitContact.digest == _digest_of(permit),
                VotingPermitContact.election == line.election,
            )
            .returning(VotingPermitContact.email, VotingPermitContact.language)
        ).one_or_none()
        if found is not None:
            yield Contact(found.email, found.language)
    keys = [line.key]
    while line.replaces is not None:
        line = session.get_one(VotingRoll, (line.election, line.replaces))
        keys.append(line.key)
    of_codes = select(VotingContact.email, VotingContact.language).where(
        VotingContact.election == line.election, VotingContact.key.in_(keys)
    )
    for email, language in session.execute(of_codes):
        yield Contact(email, language)


def _store(
    session: Session,
    kind: NoticeKind,
    election_id: str,
    about: bytes,
    contact: Contact,
    moment: datetime,
    number: int | None,
) -> None:
    digest = hashlib.sha256(b"\0".join((election_id.encode(), about, contact.email.encode()))).hexdigest()
    values = {
        "election": election_id,
        "kind": kind.value,
        "key": f"{kind.value}.{digest[:32]}",
        "email": contact.email,
        "language": contact.language,
        "moment": moment,
        "number": number,
    }
    notice = insert_once(session, VotingNotice, values, ("key",))
    if notice is not None:
        enqueue(session, WRITE_NOTICE, {"notice": notice}, now=moment)


def _digest_of(permit: str) -> bytes:
    """What stands for a permit here; of text that is none as well, which no row has."""
    try:
        return hashlib.sha256(b"contact\0" + decode_base64url(permit, 32)).digest()
    except CryptoError:
        return b""
