"""One description of each operation: the route and the OpenAPI document are both made of it."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from board.errors import NoCheckpoint, NoSuchBody, NoSuchEntry, NoSuchLog
from protocol.errors import ProtocolError
from voting.errors import ServerAtFault, VotingError
from web import problems
from web.access import Access, AccessRoute
from web.api.responses import CORS, PREFLIGHT, conditional
from web.rate_limits import Rule, headers_of, hit, hit_async

Handler = Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]
Tag = Literal["elections", "board", "voting", "site", "participation"]

JSON: Final = "application/json"
_JSON_ONLY: Final = {"Accept-Post": JSON}


@dataclass(frozen=True)
class Parameter:
    """Something in the address or a header. schema: JSON Schema."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: dict[str, Any]
    example: str | int
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """What an operation answers when all is well. schema: the type that travels, or a JSON Schema."""

    description: str
    schema: Any
    status: int = 200
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """One verb at one path. problems: codes, without those that follow from the verb and the rule (`problems_of`)."""

    method: Literal["GET", "POST"]
    path: str
    name: str
    tag: Tag
    summary: str
    description: str
    handler: Handler
    answer: Answer
    rule: Rule | None
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_description: str = ""
    problems: tuple[str, ...] = ()
    partial: bool = False
    """Whether Range is understood."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """Codes whose status here is another than everywhere."""

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    def status_of(self, code: str) -> int:
        """HTTP status of a problem here."""
        return self.statuses.get(code, problems.STATUSES.get(code, problems.UNCODED_STATUS))


COMMON: Final = ("fault",)
COMMON_POST: Final = ("too-large", "unsupported-media-type")


def problems_of(operation: Operation) -> tuple[str, ...]:
    """Every code that an operation can answer."""
    posted = () if operation.is_reading else COMMON_POST
    limited = () if operation.rule is None else ("too-many-requests",)
    return tuple(dict.fromkeys([*operation.problems, *posted, *limited, *COMMON]))


def routes(operations: Iterable[Operation]) -> list[BaseRoute]:
    """A route for each path, which answers OPTIONS too."""
    return [
        AccessRoute(
            operation.path,
            _serving(operation),
            access=Access.PUBLIC,
            methods=(operation.method, "OPTIONS"),
        )
        for operation in operations
    ]


def _serving(operation: Operation) -> Handler:
    """The handler, counted, with errors as problem documents, with the headers that the operation promises."""
    handler = operation.handler
    if inspect.iscoroutinefunction(handler):

        async def serve_async(request: Request) -> Response:
            if request.method == "OPTIONS":
                return _options(operation)
            try:
                if operation.rule is not None:
                    await hit_async(request, operation.rule)
                _require_json(operation, request)
                answer = await cast(Awaitable[Response], handler(request))
            except ServerAtFault:
                raise
            except _EXPECTED as error:
                answer = _problem(error)
            return _finished(operation, request, answer)

        return serve_async

    def serve(request: Request) -> Response:
        if request.method == "OPTIONS":
            return _options(operation)
        try:
            if operation.rule is not None:
                hit(request, operation.rule)
            answer = cast(Response, handler(request))
        except ServerAtFault:
            raise
        except _EXPECTED as error:
            answer = _problem(error)
        return _finished(operation, request, answer)

    return serve


# Not every error of the board: a board that does not continue what was signed is a fault, and nobody's mistake.
_ABSENT: Final = (NoCheckpoint, NoSuchBody, NoSuchEntry, NoSuchLog)
_EXPECTED: Final = (*_ABSENT, VotingError, ProtocolError, HTTPException)


def _problem(error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return problems.from_http(error)
    if isinstance(error, _ABSENT):
        return problems.problem(404, "entry-not-found", str(error))
    return problems.from_domain(error)


def _finished(operation: Operation, request: Request, answer: Response) -> Response:
    for name, value in headers_of(request).items():
        answer.headers.setdefault(name, value)
    if not operation.is_reading:
        return answer
    answer.headers.update(CORS)
    return conditional(request, answer)


def _require_json(operation: Operation, request: Request) -> None:
    """Forms and texts, which a page of another site can send without asking, are no ballots.

    Raises: HTTPException 415.
    """
    if operation.is_reading:
        return
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "Send the record as application/json, not compressed.", _JSON_ONLY)


def _options(operation: Operation) -> Response:
    """What may be asked here, and by scripts of which sites."""
    verbs = "GET, HEAD, OPTIONS" if operation.is_reading else "OPTIONS, POST"
    extra = PREFLIGHT if operation.is_reading else _JSON_ONLY
    return Response(None, 204, {"Allow": verbs, "Cache-Control": "no-store", **extra})
