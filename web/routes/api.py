"""The public API of elections (docs/API.md). No sign-in; every error is a problem document.

Reading handlers are plain functions: Starlette runs them in worker threads.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from audits.bundle import zip_bundle
from board import log as board
from board.errors import BoardError
from board.log import LogId
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from protocol.ballot import BallotInvalid, ballot_bytes_max
from protocol.canonical import encode_canonical
from protocol.casting import CAST_OVERHEAD_BYTES
from protocol.challenge import CHALLENGE_BYTES_MAX
from protocol.errors import ProtocolError
from protocol.manifest import Manifest
from protocol.public_terms import make_public_terms
from protocol.text import format_time
from storage.session import reading
from voting.errors import NotFrozen, VotingError
from voting.lookup import CredentialRecord, credential_record, find_by_code
from voting.models import VotingElection
from voting.office import Office, State, find_election, read_manifest, state_of
from voting.preparation import list_elections
from web import problems
from web.casting_pool import CastingPool, Deed, Refusal
from web.limits import BodyTooLarge, read_body

PREFIX: Final = "/api/v1/elections"
ENTRIES_PAGE_MAX: Final = 100
CODE_CHARACTERS_MAX: Final = 200
_ELECTION: Final = "{election:str}"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,14}")
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH: Final = {"Cache-Control": "no-store"}

Handler = Callable[[Request], Response]


class MalformedQuery(ProtocolError):
    """A parameter of the address that cannot be read."""

    code = "malformed-query"


class MalformedCode(ProtocolError):
    """Neither a receipt code nor a voter number."""

    code = "malformed-code"


def api_routes() -> list[BaseRoute]:
    """All routes of the API; `app.state.office` and `app.state.casting` serve them."""
    one = f"{PREFIX}/{_ELECTION}"
    return [
        Route(PREFIX, _answering(elections)),
        Route(f"{one}/terms", _answering(terms)),
        Route(f"{one}/credentials/{{key:str}}", _answering(credential)),
        Route(f"{one}/find", _answering(find)),
        Route(f"{one}/ballots", cast, methods=["POST"]),
        Route(f"{one}/challenges", challenge, methods=["POST"]),
        Route(f"{one}/checkpoint", _answering(checkpoint)),
        Route(f"{one}/entries", _answering(entries)),
        Route(f"{one}/entries/{{index:str}}", _answering(entry)),
        Route(f"{one}/consistency", _answering(consistency)),
        Route(f"{one}/bodies/{{digest:str}}", _answering(body)),
        Route(f"{one}/bundle", _answering(bundle)),
    ]


def _answering(handler: Handler) -> Handler:
    """The handler with the rooms' own errors turned into problem documents."""

    @wraps(handler)
    def answer(request: Request) -> Response:
        try:
            return handler(request)
        except BoardError as error:
            return problems.problem(404, "entry-not-found", str(error))
        except (VotingError, ProtocolError) as error:
            return problems.from_domain(error)

    return answer


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _json(record: object, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    return Response(
        encode_canonical(record), status, headers=headers or _FRESH, media_type="application/json"
    )


def elections(request: Request) -> Response:
    """GET /api/v1/elections"""
    with reading(_office(request).engine) as session:
        found = [
            _summary(read_manifest(row), state_of(row))
            for row in list_elections(session)
            if state_of(row) is not State.DRAFT
        ]
    return _json({"elections": found})


def _summary(manifest: Manifest, state: State) -> dict[str, object]:
    return {
        "authority": manifest.authority,
        "closes_at": manifest.closes_at,
        "election": manifest.election,
        "opens_at": manifest.opens_at,
        "state": state.value,
        "title": manifest.title,
    }


def terms(request: Request) -> Response:
    """GET …/terms: all that a client needs to encrypt, to be checked by it."""
    with reading(_office(request).engine) as session:
        row = _frozen(session, request)
        manifest, ceremony, roll, freeze = board.entries(session, LogId(row.log_id), 0, 4)
        answer = make_public_terms(
            board.body(session, manifest.digest),
            board.body(session, ceremony.digest),
            roll.digest,
            board.body(session, freeze.digest),
            row.total_weight or 0,
        )
    return Response(answer, headers=_FRESH, media_type="application/json")


def credential(request: Request) -> Response:
    """GET …/credentials/{key}"""
    try:
        key = decode_base64url(request.path_params["key"], 32)
    except CryptoError as error:
        raise MalformedQuery(f"The credential cannot be read: {error}") from error
    office = _office(request)
    with reading(office.engine) as session:
        row = _frozen(session, request)
        try:
            record = credential_record(session, row, key)
        except BallotInvalid as error:
            return problems.problem(404, error.code, str(error))
        return _json(_credential_json(office, row, record))


def _credential_json(office: Office, row: VotingElection, record: CredentialRecord) -> dict[str, object]:
    return {
        "area": record.area,
        "ballots": [
            {
                "counts": ballot.counts,
                "index": ballot.index,
                "leaf": ballot.leaf,
                "sequence": ballot.sequence,
            }
            for ballot in record.ballots
        ],
        "key": encode_base64url(record.key),
        "next_sequence": record.next_sequence,
        "state": _door(office, row),
        "weight": record.weight,
    }


def _door(office: Office, row: VotingElection) -> str:
    manifest, now = read_manifest(row), format_time(office.clock())
    if state_of(row) in {State.CLOSED, State.PUBLISHED} or now >= manifest.closes_at:
        return "closed"
    return "open" if state_of(row) is State.OPEN and now >= manifest.opens_at else "not-open"


def find(request: Request) -> Response:
    """GET …/find?code="""
    code = request.query_params.get("code", "")
    if len(code) > CODE_CHARACTERS_MAX:
        raise MalformedCode("A receipt code or voter number has 25 letters and digits.")
    office = _office(request)
    with reading(office.engine) as session:
        row = _frozen(session, request)
        try:
            record, index = find_by_code(session, row, code)
        except CryptoError as error:
            raise MalformedCode(str(error)) from error
        return _json({**_credential_json(office, row, record), "found_index": index})


async def cast(request: Request) -> Response:
    """POST …/ballots"""
    return await _put(request, "ballot")


async def challenge(request: Request) -> Response:
    """POST …/challenges"""
    return await _put(request, "challenge")


async def _put(request: Request, deed: Deed) -> Response:
    election_id = request.path_params["election"]
    try:
        known = await run_in_threadpool(_office(request).terms, election_id)
        limit = ballot_bytes_max(known) + CAST_OVERHEAD_BYTES if deed == "ballot" else CHALLENGE_BYTES_MAX
        data = await read_body(request, limit=limit)
    except (VotingError, ProtocolError) as error:
        return problems.from_domain(error)
    except BodyTooLarge as error:
        return problems.refused("too-large", error.detail)
    casting: CastingPool = request.app.state.casting
    answer = await casting.put(deed, election_id, data)
    if isinstance(answer, Refusal):
        return problems.refused(answer.code, answer.sentence)
    return Response(answer, 201, headers=_FRESH, media_type="application/json")


def checkpoint(request: Request) -> Response:
    """GET …/checkpoint"""
    with reading(_office(request).engine) as session:
        row = _frozen(session, request)
        note = board.latest_checkpoint(session, LogId(row.log_id))
    return Response(note, headers=_FRESH, media_type="text/plain; charset=utf-8")


def entries(request: Request) -> Response:
    """GET …/entries?start=&limit="""
    start = _number(request, "start", 0)
    limit = min(_number(request, "limit", ENTRIES_PAGE_MAX), ENTRIES_PAGE_MAX)
    with reading(_office(request).engine) as session:
        log_id = LogId(_frozen(session, request).log_id)
        found = [
            {"index": item.index, "leaf": item.leaf.decode("utf-8")}
            for item in board.entries(session, log_id, start, limit)
        ]
        return _json({"entries": found, "size": board.tree_size(session, log_id)})


def entry(request: Request) -> Response:
    """GET …/entries/{index}: the leaf's exact bytes and its proof for a signed head."""
    index = _parse_number("index", request.path_params["index"])
    with reading(_office(request).engine) as session:
        log_id = LogId(_frozen(session, request).log_id)
        size = _number(request, "size", board.tree_size(session, log_id))
        item = board.entry(session, log_id, index)
        if not index < size:
            raise MalformedQuery(f"Entry {index} is not among the first {size}.")
        return _json(
            {
                "checkpoint": board.checkpoint_at(session, log_id, size),
                "index": index,
                "leaf": item.leaf.decode("utf-8"),
                "proof": [
                    encode_base64url(node) for node in board.inclusion_proof(session, log_id, index, size)
                ],
                "size": size,
            }
        )


def consistency(request: Request) -> Response:
    """GET …/consistency?old=&new="""
    with reading(_office(request).engine) as session:
        log_id = LogId(_frozen(session, request).log_id)
        new = _number(request, "new", board.tree_size(session, log_id))
        old = _number(request, "old", 0)
        if old > new:
            raise MalformedQuery("The old size is larger than the new one.")
        proof = [encode_base64url(node) for node in board.consistency_proof(session, log_id, old, new)]
        return _json({"new": new, "old": old, "proof": proof})


def body(request: Request) -> Response:
    """GET …/bodies/{digest}: the exact bytes, for ever the same."""
    try:
        digest = decode_base64url(request.path_params["digest"], 32)
    except CryptoError as error:
        raise MalformedQuery(f"The digest cannot be read: {error}") from error
    with reading(_office(request).engine) as session:
        log_id = LogId(_frozen(session, request).log_id)
        if not board.find_by_digest(session, log_id, digest):
            return problems.problem(
                404, "entry-not-found", "No entry of this board announces a body with this digest."
            )
        return Response(board.body(session, digest), headers=_FOR_EVER, media_type="application/json")


def bundle(request: Request) -> Response:
    """GET …/bundle: the whole public record as a zip file."""
    office, election_id = _office(request), request.path_params["election"]
    with reading(office.engine) as session:
        _frozen(session, request)
    name = f'attachment; filename="psephos-{election_id}.zip"'
    return StreamingResponse(
        zip_bundle(office.engine, election_id),
        headers={**_FRESH, "Content-Disposition": name},
        media_type="application/zip",
    )


def _frozen(session: Session, request: Request) -> VotingElection:
    row = find_election(session, request.path_params["election"])
    if row.fingerprint is None:
        raise NotFrozen
    return row


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    return default if text is None else _parse_number(name, text)


def _parse_number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise MalformedQuery(f"{name} must be a whole number of at most 15 digits.")
    return int(text)
