"""From a manifest to a frozen, then open election."""

import secrets
from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.certificate import verify_key_record
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from protocol.leaf import Kind
from protocol.manifest import Manifest, decode_manifest
from protocol.records import CLOCK, Freeze, PollsOpened
from protocol.roll import Roll
from protocol.terms import ElectionTerms, assemble_terms, verify_freeze
from protocol.text import format_time
from storage.session import Beside, writing
from voting.errors import WrongState
from voting.models import VotingElection, VotingRoll
from voting.office import Office, State, lock_election, state_of
from voting.server_keys import ElectionKeys

_ROLL_ROWS = 5000


def new_election_id() -> str:
    """32 hexadecimal digits from the operating system."""
    return secrets.token_hex(16)


def log_origin(site: str, election_id: str) -> str:
    """The origin line of an election's board. site: host name of the platform, without a scheme."""
    return f"{site}/elections/{election_id}"


def register_election(office: Office, manifest: Manifest, beside: Beside | None = None) -> bytes:
    """Keep a manifest as a draft with an empty board; the manifest's canonical bytes.

    manifest: names keys of `office.keys.make(manifest.election)`.  beside: belongs to the same transaction.
    Raises: ManifestInvalid; SecretMissing; WrongState when it is registered already, its keys are not this
    server's, or it asks what this server cannot do; LogExists for the origin of another board.
    """
    body = encode_canonical(manifest)
    decode_manifest(body)
    if manifest.witnesses:
        raise WrongState("This server cannot collect witnesses' cosignatures yet: name no witnesses.")
    keys = office.keys.load(manifest.election)
    if _names(keys) != (manifest.log_key, manifest.server_key):
        raise WrongState("log_key and server_key of the manifest are not the keys of this server.")
    with writing(office.engine) as session:
        if session.get(VotingElection, manifest.election) is not None:
            raise WrongState("This election is registered already. Give the new one another id.")
        log_id = board.create_log(session, manifest.log_origin)
        session.add(VotingElection(id=manifest.election, log_id=log_id, manifest=body))
        if beside is not None:
            beside(session)
    return body


def _names(keys: ElectionKeys) -> tuple[str, str]:
    return encode_base64url(keys.log.public_key), encode_base64url(keys.server.public_key)


def freeze_election(
    office: Office,
    ceremony_body: bytes,
    roll_body: bytes,
    manifest_body: bytes,
    signatures: Sequence[bytes],
    beside: Beside | None = None,
) -> ElectionTerms:
    """Fix manifest, key and roll for ever: the first four leaves, or nothing.

    signatures: of every trustee over the fingerprint, in their order.  beside: belongs to the same transaction.
    Raises: WrongState, TermsMismatch, RollInvalid, MalformedRecord, ManifestInvalid, KeyRefused.
    """
    terms, roll = assemble_terms(manifest_body, ceremony_body, roll_body)
    verify_key_record(terms.record, terms.manifest.size)
    freeze = encode_canonical(
        Freeze(
            election=terms.election,
            fingerprint=terms.fingerprint_text,
            format="psephos/freeze/v1",
            signatures=tuple(encode_base64url(signature) for signature in signatures),
        )
    )
    verify_freeze(terms, freeze)
    with writing(office.engine) as session:
        row = lock_election(session, terms.election)
        if state_of(row) is not State.DRAFT or row.manifest != manifest_body:
            raise WrongState("Only a draft with exactly this manifest can be frozen.")
        office.append(session, row, Kind.MANIFEST, manifest_body, None)
        office.append(session, row, Kind.CEREMONY, ceremony_body, None)
        office.append(session, row, Kind.ROLL, roll_body, None)
        office.append(session, row, Kind.FREEZE, freeze, None)
        row.fingerprint, row.total_weight, row.voters = (
            terms.fingerprint,
            terms.total_weight,
            len(roll.entries),
        )
        _index_roll(session, terms.election, roll)
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
    return terms


def _index_roll(session: Session, election: str, roll: Roll) -> None:
    rows = [
        {"election": election, "key": key, "alias": alias(key), "weight": entry.weight, "area": entry.area}
        for key, entry in roll.entries.items()
    ]
    for start in range(0, len(rows), _ROLL_ROWS):
        session.execute(insert(VotingRoll), rows[start : start + _ROLL_ROWS])


def open_polls(office: Office, election_id: str, by: str = CLOCK, beside: Beside | None = None) -> int:
    """From here on ballots are taken (within the manifest's hours); index of the leaf.

    by: the name of the official who opens, everybody reads it; `CLOCK` where nobody's hand does.
    beside: belongs to the same transaction.
    Raises: WrongState, also for a name that is empty, too long or not plain text.
    """
    terms = office.terms(election_id)
    with writing(office.engine) as session:
        row = lock_election(session, election_id)
        if state_of(row) is not State.FROZEN:
            raise WrongState(f"Only a frozen election can be opened; this one is {state_of(row)}.")
        now = format_time(office.clock())
        if now < terms.manifest.opens_at:
            raise WrongState(f"The manifest opens this election at {terms.manifest.opens_at}; it is {now}.")
        if terms.manifest.asks_sign_in:
            office.keys.make_tie_key(election_id)
        try:
            opened = PollsOpened(
                by=by,
                election=election_id,
                fingerprint=terms.fingerprint_text,
                format="psephos/polls-opened/v1",
            )
        except ValueError as error:
            raise WrongState(f"The polls cannot be opened in this name: {error}.") from error
        row.opened_index = office.append_as_server(
            session, row, Kind.POLLS_OPENED, encode_canonical(opened)
        ).index
        office.sign_head(session, row)
        if beside is not None:
            beside(session)
        return row.opened_index


def list_elections(session: Session) -> list[VotingElection]:
    """All elections, newest board first."""
    return list(session.scalars(select(VotingElection).order_by(VotingElection.log_id.desc())))


def board_of(row: VotingElection) -> LogId:
    """The log of an election."""
    return LogId(row.log_id)
