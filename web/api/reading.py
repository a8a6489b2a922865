"""What everybody may read of an election. Plain functions: Starlette runs them in worker threads."""

import re
from typing import Final, cast

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from board import log as board
from board.log import LogId
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity.desk import trail_origin
from protocol.ballot import BallotInvalid
from protocol.errors import ProtocolError
from protocol.public_terms import make_public_terms
from protocol.text import format_time
from storage.session import reading
from voting.errors import NotFrozen
from voting.lookup import CredentialRecord, credential_record, find_by_code
from voting.models import VotingElection
from voting.office import Office, State, effective_closes_at, find_election, read_manifest, state_of
from voting.preparation import list_elections
from web import problems
from web.api.answers import (
    CastBallot,
    Consistency,
    CredentialState,
    Door,
    Elections,
    ElectionSummary,
    Entries,
    EntryLine,
    FoundCredential,
    ListedState,
    ProvedEntry,
)
from web.api.responses import FOR_EVER, NOT_KEPT, REVALIDATE, SHORT, bytes_answer, json_answer

ENTRIES_PAGE_MAX: Final = 100
CODE_CHARACTERS_MAX: Final = 200
NUMBER_PATTERN: Final = "0|[1-9][0-9]{0,14}"
_NUMBER: Final = re.compile(NUMBER_PATTERN)


class MalformedQuery(ProtocolError):
    """A parameter of the address that cannot be read."""

    code = "malformed-query"


class MalformedCode(ProtocolError):
    """Neither a receipt code nor a voter number."""

    code = "malformed-code"


def office_of(request: Request) -> Office:
    """The server's."""
    office: Office = request.app.state.office
    return office


def frozen(session: Session, request: Request) -> VotingElection:
    """The election in the address. Raises: NoSuchElection, NotFrozen."""
    row = find_election(session, request.path_params["election"])
    if row.fingerprint is None:
        raise NotFrozen
    return row


def elections(request: Request) -> Response:
    """GET /api/v1/elections"""
    with reading(office_of(request).engine) as session:
        rows = [row for row in list_elections(session) if state_of(row) is not State.DRAFT]
        return json_answer(Elections(elections=tuple(_summary(row) for row in rows)), SHORT)


def _summary(row: VotingElection) -> ElectionSummary:
    manifest = read_manifest(row)
    return ElectionSummary(
        authority=manifest.authority,
        closes_at=effective_closes_at(row),
        election=manifest.election,
        opens_at=manifest.opens_at,
        state=cast(ListedState, state_of(row).value),  # a draft is not listed
        title=manifest.title,
    )


def terms(request: Request) -> Response:
    """GET …/terms: all that a client needs to encrypt, to be checked by it."""
    with reading(office_of(request).engine) as session:
        row = frozen(session, request)
        manifest, ceremony, roll, freeze = board.entries(session, LogId(row.log_id), 0, 4)
        answer = make_public_terms(
            board.body(session, manifest.digest),
            board.body(session, ceremony.digest),
            roll.digest,
            board.body(session, freeze.digest),
            row.total_weight or 0,
        )
    return bytes_answer(answer, SHORT)


def credential(request: Request) -> Response:
    """GET …/credentials/{key}"""
    key = digest_of("credential", request.path_params["key"])
    office = office_of(request)
    with reading(office.engine) as session:
        row = frozen(session, request)
        try:
            record = credential_record(session, row, key)
        except BallotInvalid as error:
            return problems.problem(404, error.code, str(error))
        return json_answer(_state_of(office, row, record), NOT_KEPT)


def find(request: Request) -> Response:
    """GET …/find?code="""
    code = request.query_params.get("code", "")
    if len(code) > CODE_CHARACTERS_MAX:
        raise MalformedCode("A receipt code or voter number has 25 letters and digits.")
    office = office_of(request)
    with reading(office.engine) as session:
        row = frozen(session, request)
        try:
            record, index = find_by_code(session, row, code)
        except CryptoError as error:
            raise MalformedCode(str(error)) from error
        known = _state_of(office, row, record)
        fields = {name: getattr(known, name) for name in known.__struct_fields__}
        return json_answer(FoundCredential(found_index=index, **fields), NOT_KEPT)


def _state_of(office: Office, row: VotingElection, record: CredentialRecord) -> CredentialState:
    return CredentialState(
        area=record.area,
        ballots=tuple(
            CastBallot(counts=ballot.counts, index=ballot.index, leaf=ballot.leaf, sequence=ballot.sequence)
            for ballot in record.ballots
        ),
        closes_at=effective_closes_at(row),
        key=encode_base64url(record.key),
        next_sequence=record.next_sequence,
        replaced_by=None if record.replaced_by is None else encode_base64url(record.replaced_by),
        revoked_index=record.revoked_index,
        state=_door(office, row),
        weight=record.weight,
    )


def _door(office: Office, row: VotingElection) -> Door:
    manifest, now = read_manifest(row), format_time(office.clock())
    if state_of(row) in {State.CLOSED, State.PUBLISHED} or now >= effective_closes_at(row):
        return "closed"
    return "open" if state_of(row) is State.OPEN and now >= manifest.opens_at else "not-open"


def log_of(session: Session, request: Request) -> LogId:
    """The log in the address: an election's board, or the site log (`identity.trail`), whose leaves are public.

    Raises: NoSuchElection, NotFrozen, NoSuchLog.
    """
    if "election" in request.path_params:
        return LogId(frozen(session, request).log_id)
    return board.find_log(session, trail_origin(request.app.state.settings.base_url))


def checkpoint(request: Request) -> Response:
    """GET …/checkpoint"""
    with reading(office_of(request).engine) as session:
        note = board.latest_checkpoint(session, log_of(session, request))
    return bytes_answer(note.encode(), REVALIDATE, "text/plain; charset=utf-8")


def entries(request: Request) -> Response:
    """GET …/entries?start=&limit="""
    start = _number(request, "start", 0)
    limit = min(_number(request, "limit", ENTRIES_PAGE_MAX), ENTRIES_PAGE_MAX)
    with reading(office_of(request).engine) as session:
        log_id = log_of(session, request)
        found = tuple(
            EntryLine(index=item.index, leaf=item.leaf.decode("utf-8"))
            for item in board.entries(session, log_id, start, limit)
        )
        return json_answer(Entries(entries=found, size=board.tree_size(session, log_id)), REVALIDATE)


def entry(request: Request) -> Response:
    """GET …/entries/{index}: the leaf's exact bytes and its proof for a signed head."""
    index = _parse_number("index", request.path_params["index"])
    with reading(office_of(request).engine) as session:
        log_id = log_of(session, request)
        size = _number(request, "size", board.tree_size(session, log_id))
        item = board.entry(session, log_id, index)
        if not index < size:
            raise MalformedQuery(f"Entry {index} is not among the first {size}.")
        answer = ProvedEntry(
            checkpoint=board.checkpoint_at(session, log_id, size),
            index=index,
            leaf=item.leaf.decode("utf-8"),
            proof=_encoded(board.inclusion_proof(session, log_id, index, size)),
            size=size,
        )
    return json_answer(answer, FOR_EVER if "size" in request.query_params else REVALIDATE)


def consistency(request: Request) -> Response:
    """GET …/consistency?old=&new="""
    with reading(office_of(request).engine) as session:
        log_id = log_of(session, request)
        new = _number(request, "new", board.tree_size(session, log_id))
        old = _number(request, "old", 0)
        if old > new:
            raise MalformedQuery("The old size is larger than the new one.")
        proof = _encoded(board.consistency_proof(session, log_id, old, new))
    return json_answer(
        Consistency(new=new, old=old, proof=proof), FOR_EVER if "new" in request.query_params else REVALIDATE
    )


def body(request: Request) -> Response:
    """GET …/bodies/{digest}: the exact bytes, for ever the same."""
    digest = digest_of("digest", request.path_params["digest"])
    with reading(office_of(request).engine) as session:
        log_id = LogId(frozen(session, request).log_id)
        if not board.find_by_digest(session, log_id, digest):
            return problems.problem(
                404, "entry-not-found", "No entry of this board announces a body with this digest."
            )
        return bytes_answer(board.body(session, digest), FOR_EVER)


def _encoded(proof: list[bytes]) -> tuple[str, ...]:
    return tuple(encode_base64url(node) for node in proof)


def digest_of(name: str, text: str) -> bytes:
    """32 bytes out of an address. Raises: MalformedQuery."""
    try:
        return decode_base64url(text, 32)
    except CryptoError as error:
        raise MalformedQuery(f"The {name} cannot be read: {error}") from error


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    return default if text is None else _parse_number(name, text)


def _parse_number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise MalformedQuery(f"{name} must be a whole number of at most 15 digits.")
    return int(text)
