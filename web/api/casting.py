"""What changes an election: a ballot cast, a ballot opened instead."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from protocol.ballot import ballot_bytes_max
from protocol.casting import CAST_OVERHEAD_BYTES
from protocol.challenge import CHALLENGE_BYTES_MAX
from web import problems
from web.api.reading import office_of
from web.api.responses import NOT_KEPT
from web.casting_pool import CastingPool, Deed, Refusal
from web.limits import BodyTooLarge, read_body
from web.rate_limits import limiter_of

PERMIT_HEADER: Final = "Psephos-Permit"
"""What the site gave to who signed in, where an election asks for it (PROTOCOL section 5)."""


async def cast(request: Request) -> Response:
    """POST …/ballots"""
    return await _put(request, "ballot")


async def challenge(request: Request) -> Response:
    """POST …/challenges"""
    return await _put(request, "challenge")


async def _put(request: Request, deed: Deed) -> Response:
    election_id = request.path_params["election"]
    known = await run_in_threadpool(office_of(request).terms, election_id)
    limit = ballot_bytes_max(known) + CAST_OVERHEAD_BYTES if deed == "ballot" else CHALLENGE_BYTES_MAX
    try:
        data = await read_body(request, limit=limit)
    except BodyTooLarge as error:
        return problems.refused("too-large", error.detail)
    casting: CastingPool = request.app.state.casting
    network = limiter_of(request).network_of(request)
    answer = await casting.put(deed, election_id, data, request.headers.get(PERMIT_HEADER), network)
    if isinstance(answer, Refusal):
        return problems.refused(answer.code, answer.sentence)
    return Response(answer, 201, headers={"Cache-Control": NOT_KEPT}, media_type="application/json")
