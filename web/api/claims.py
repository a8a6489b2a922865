"""What voters say of a vote in public: ballots that they opened in a test, and objections."""

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from board import log as board
from board.log import LogId
from crypto.encoding import encode_base64url
from protocol.leaf import decode_leaf
from protocol.text import format_time
from storage.session import reading
from voting.disputes import disputes_of, last_moment
from voting.models import VotingChallenge
from web import problems
from web.api.answers import AcceptedChallenge, DisputeLine, Disputes
from web.api.reading import digest_of, frozen, office_of
from web.api.responses import NOT_KEPT, REVALIDATE, json_answer


def challenge(request: Request) -> Response:
    """GET …/challenges/{tracker}: where the opened ballot stands, for a second device that only knows its code."""
    tracker = digest_of("tracker", request.path_params["tracker"])
    with reading(office_of(request).engine) as session:
        row = frozen(session, request)
        index = session.scalar(
            select(VotingChallenge.index).where(
                VotingChallenge.election == row.id, VotingChallenge.tracker == tracker
            )
        )
        if index is None:
            return problems.problem(
                404, "challenge-not-found", "No ballot with this receipt code was opened in a test so far."
            )
        entry = board.entry(session, LogId(row.log_id), index)
    return json_answer(AcceptedChallenge(index, decode_leaf(entry.leaf)), NOT_KEPT)


def disputes(request: Request) -> Response:
    """GET …/disputes"""
    with reading(office_of(request).engine) as session:
        row = frozen(session, request)
        until = last_moment(session, row)
        lines = tuple(
            DisputeLine(
                answer=line.answer,
                answered_at=None if line.answered_at is None else format_time(line.answered_at),
                category=line.category.value,
                digest=encode_base64url(line.digest),
                filed_at=format_time(line.filed_at),
                finding=None if line.finding is None else line.finding.code.value,
                number=line.number,
                proved=None if line.finding is None else line.finding.code.proved,
                verdict=None if line.verdict is None else line.verdict.value,
                words=line.words,
            )
            for line in disputes_of(session, row.id)
        )
    return json_answer(Disputes(lines, None if until is None else format_time(until)), REVALIDATE)
