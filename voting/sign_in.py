"""Sign-in at the door: a permit for each sign-in, and one person tied to one voting code.

Without it the registrar, who made all codes, could cast the ballots of everybody who stays at home, with one accomplice
who may sign in. So a person's first ballot ties the person to its key; a second key, or a key that is tied to another
person, is refused and published as a conflict.

What is kept, until closing: three sets of hashes under a key K that lies in a file only (voting/server_keys.py): of
people who have cast, of keys that were cast with, of pairs of the two. No row names a person. At closing the sets are
counted and emptied and K is destroyed. **While K exists the server can try all people with all keys**, so it can link
a person to a ciphertext (never to a vote): PROTOCOL section 11 says so, and so do the pages.

Source: PROTOCOL section 8, "Sign-in".
"""

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from crypto.transcript import tuple_hash
from protocol.canonical import encode_canonical
from protocol.leaf import Kind
from protocol.sign_in import CONFLICTS_PER_CREDENTIAL, Conflict, ConflictReason
from voting.errors import PermitExpired, WrongState
from voting.models import VotingElection, VotingPermit, VotingRoll, VotingTie
from voting.office import Office, lock_election, read_manifest, require_open

PERMIT_SECONDS: Final = 900
PERSON_BYTES: Final = 32
_ROWS: Final = 500


class _Set(StrEnum):
    PERSON = "person"
    KEY = "key"
    PAIR = "pair"


def issue_permit(office: Office, session: Session, election_id: str, person: bytes) -> str:
    """A permit for one ballot of a person who has just signed in: 32 random bytes as base64url, good for 15 minutes.

    session: a writing one; the permit is there when its transaction commits.
    person: the 32-byte keyed hash of who signed in, always the same for the same person. The caller has checked that
    this person is on the voters' list of this election.
    A permit that the person got earlier and did not use ends with this.
    Raises: NoSuchElection, NotOpen, Closed; WrongState where no sign-in is asked; SecretMissing.
    """
    if len(person) != PERSON_BYTES:
        raise ValueError("A person is named by 32 bytes.")
    row = lock_election(session, election_id)  # or a permit could follow the closing that empties the sets
    manifest, now = read_manifest(row), office.clock()
    if not manifest.asks_sign_in:
        raise WrongState("This election asks no sign-in.")
    require_open(manifest, row, now)
    holder = _hash(office.keys.tie_key(election_id), _Set.PERSON, person)
    permit = secrets.token_bytes(32)
    session.execute(
        delete(VotingPermit).where(
            VotingPermit.election == election_id,
            or_(VotingPermit.holder == holder, VotingPermit.expires_at <= now),
        )
    )
    session.execute(
        insert(VotingPermit).values(
            digest=_permit_digest(permit),
            election=election_id,
            holder=holder,
            expires_at=now + timedelta(seconds=PERMIT_SECONDS),
        )
    )
    return encode_base64url(permit)


def find_permit(session: Session, election_id: str, permit: str, now: datetime) -> None:
    """Check that the permit may still be spent, without spending it. Raises: PermitExpired."""
    digest = _read_permit(permit)
    found = session.execute(
        select(VotingPermit.election, VotingPermit.expires_at).where(VotingPermit.digest == digest)
    ).one_or_none()
    if found is None or found.election != election_id or found.expires_at <= now:
        raise PermitExpired


def spend_permit(session: Session, election_id: str, permit: str, now: datetime) -> bytes:
    """Use the permit up and say who holds it (a hash under K). It is unused again if the transaction fails.

    Raises: PermitExpired.
    """
    found = session.execute(
        delete(VotingPermit)
        .where(VotingPermit.digest == _read_permit(permit), VotingPermit.election == election_id)
        .returning(VotingPermit.holder, VotingPermit.expires_at)
    ).one_or_none()
    if found is None or found.expires_at <= now:
        raise PermitExpired
    return bytes(found.holder)


def tie(session: Session, key: bytes, line: VotingRoll, holder: bytes) -> ConflictReason | None:
    """Tie the holder of a permit to a credential, or say why not. The election is locked by the caller.

    key: K.  line: of the credential, which is not revoked.  holder: from `spend_permit`.
    None: they were tied already, or are now. A tie to a credential that was revoked since binds nobody: no ballot of
    it counts. It moves to the credential that its person votes with next, so there are always as many keys as persons.
    """
    election = line.election
    key_digest = _hash(key, _Set.KEY, line.key)
    pair = _hash(key, _Set.PAIR, holder, line.key)
    if _holds(session, election, _Set.PAIR, pair):
        return None
    is_known = _holds(session, election, _Set.PERSON, holder)
    revoked = _tied_to_revoked(session, key, election, holder) if is_known else None
    if is_known and revoked is None:
        return ConflictReason.PERSON_HAS_ANOTHER_KEY
    if _holds(session, election, _Set.KEY, key_digest):
        return ConflictReason.KEY_HAS_ANOTHER_PERSON
    if revoked is None:
        _add(session, election, _Set.PERSON, holder)
    else:
        _remove(session, election, _Set.PAIR, _hash(key, _Set.PAIR, holder, revoked))
        _remove(session, election, _Set.KEY, _hash(key, _Set.KEY, revoked))
    _add(session, election, _Set.PAIR, pair)
    _add(session, election, _Set.KEY, key_digest)
    return None


def publish_conflict(
    office: Office,
    session: Session,
    row: VotingElection,
    line: VotingRoll,
    tracker: bytes,
    reason: ConflictReason,
    moment: datetime,
) -> int | None:
    """Append the conflict of a refused ballot and sign the head; index of the leaf, None beyond the limit.

    tracker: of a ballot that its credential has signed and whose proofs hold, so that nobody is named by a stranger.
    moment: what the leaf will say. The election is locked by the caller.
    """
    if line.conflicts >= CONFLICTS_PER_CREDENTIAL:
        return None
    line.conflicts += 1
    body = encode_canonical(
        Conflict(
            credential=encode_base64url(line.key),
            election=row.id,
            fingerprint=office.terms(row.id).fingerprint_text,
            format="psephos/conflict/v1",
            reason=reason,
            tracker=encode_base64url(tracker),
        )
    )
    entry = office.append_as_server(session, row, Kind.CONFLICT, body, moment)
    office.sign_head(session, row)
    return entry.index


def count_ties(session: Session, election_id: str) -> tuple[int, int]:
    """(persons, keys): how many people have cast, and how many keys they are tied to."""
    rows = session.execute(
        select(VotingTie.kind, func.count()).where(VotingTie.election == election_id).group_by(VotingTie.kind)
    )
    counts: dict[str, int] = dict(rows.all())
    return counts.get(_Set.PERSON, 0), counts.get(_Set.KEY, 0)


def forget_ties(session: Session, election_id: str) -> None:
    """Empty the three sets and drop the permits. K is destroyed when this is committed."""
    session.execute(delete(VotingTie).where(VotingTie.election == election_id))
    session.execute(delete(VotingPermit).where(VotingPermit.election == election_id))


def _tied_to_revoked(session: Session, key: bytes, election: str, holder: bytes) -> bytes | None:
    """The revoked credential that the holder is tied to, if it is a revoked one."""
    ended = session.scalars(
        select(VotingRoll.key).where(VotingRoll.election == election, VotingRoll.revoked_index.is_not(None))
    ).all()
    # Some hundred at a time: the urn is locked meanwhile, and a large election has thousands of lost letters.
    for start in range(0, len(ended), _ROWS):
        pairs = {_hash(key, _Set.PAIR, holder, each): each for each in ended[start : start + _ROWS]}
        found = session.scalar(
            select(VotingTie.digest).where(
                VotingTie.election == election,
                VotingTie.kind == _Set.PAIR.value,
                VotingTie.digest.in_(list(pairs)),
            )
        )
        if found is not None:
            return pairs[bytes(found)]
    return None


def _hash(key: bytes, name: _Set, *items: bytes) -> bytes:
    return hmac.digest(key, tuple_hash("tie", [name.encode("ascii"), *items]), "sha256")


def _read_permit(permit: str) -> bytes:
    try:
        return _permit_digest(decode_base64url(permit, 32))
    except CryptoError as error:
        raise PermitExpired from error


def _permit_digest(permit: bytes) -> bytes:
    return tuple_hash("permit", [permit])


def _holds(session: Session, election: str, name: _Set, digest: bytes) -> bool:
    return session.get(VotingTie, (election, name.value, digest)) is not None


def _add(session: Session, election: str, name: _Set, digest: bytes) -> None:
    session.execute(insert(VotingTie).values(election=election, kind=name.value, digest=digest))


def _remove(session: Session, election: str, name: _Set, digest: bytes) -> None:
    session.execute(
        delete(VotingTie).where(
            VotingTie.election == election, VotingTie.kind == name.value, VotingTie.digest == digest
        )
    )
