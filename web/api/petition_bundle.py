"""The public record of a petition's signatures as one file, kept like the bundles of elections."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from consultation.petitions.errors import NoSuchPetition
from consultation.petitions.store import find_petition
from consultation.petitions.types import State
from consultation.signing.exporting import NoRecord, PublicRecord, public_record, zip_record
from storage.session import reading
from web.api.bundles import Bundles, Source, answer_with
from web.api.operations import Answer, Operation, Parameter
from web.rate_rules import BUNDLE
from web.visitor import desk_of


async def petition_bundle(request: Request) -> Response:
    """GET /api/v1/petitions/{petition}/bundle"""
    bundles: Bundles = request.app.state.bundles
    found, growing, listed = await run_in_threadpool(_record, request)
    # Under another name when the words are taken away, and what held them is removed at once.
    name = f"petition-{found.petition}"
    if not found.shows_words:
        await run_in_threadpool(bundles.forget, name)
        name += "-without-words"
    desk = desk_of(request)
    source = Source(name, found.entries, growing, lambda: zip_record(desk, found))
    answer = await answer_with(bundles, request, source, f"petition-{found.petition}.zip")
    if (
        not listed
    ):  # who knows the address of a petition that gathers supporters may read it; no cache spreads it
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _record(request: Request) -> tuple[PublicRecord, bool, bool]:
    number, desk = request.path_params["petition"], desk_of(request)
    try:
        with reading(desk.engine) as session:
            petition = find_petition(session, number)
            if petition.state is State.DRAFT:
                raise NoSuchPetition
            record = public_record(desk, session, number, desk.clock())
    except (NoSuchPetition, NoRecord) as error:
        raise HTTPException(404, "There is no record of signatures here, or not yet.") from error
    return record, petition.state in (State.OPEN, State.SPONSORS), petition.public


OPERATION: Final = Operation(
    method="GET",
    path="/api/v1/petitions/{petition}/bundle",
    name="getPetitionBundle",
    tag="participation",
    summary="The record of a petition's signatures as one file",
    description=(
        "What `psephos verify FOLDER --petition ID` recounts (PROTOCOL.md section 13): every entry of the petition's "
        "log, the signed head, the number that the page said, and the words. It ends where the page's number ends, at "
        "the beginning of the present ten seconds, and while people sign it may be a little older. Its ETag changes "
        "with the record alone; a download that was interrupted can be taken up again with Range and If-Range."
    ),
    handler=petition_bundle,
    answer=Answer("A zip file.", None, media_type="application/zip"),
    rule=BUNDLE,
    parameters=(
        Parameter(
            "petition",
            "path",
            "Number of the petition.",
            {"type": "string", "pattern": "^[0-9a-f]{16}$"},
            "0123456789abcdef",
            required=True,
        ),
    ),
    problems=("not-found", "range-not-satisfiable"),
    partial=True,
)
