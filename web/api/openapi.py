"""The OpenAPI 3.1 document, made of the table of operations and of the types that travel."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from web import problems
from web.api.answers import Problem
from web.api.operations import Operation, Parameter, problems_of

OPENAPI_PATH: Final = "/api/openapi.json"
VERSION: Final = "1"
_REF: Final = "#/components/schemas/{name}"

_INTRODUCTION: Final = (
    "Everything that is public about the elections of this server, and the two requests that voters send. Nobody "
    "signs in. Records are canonical JSON (RFC 8785), so that their bytes can be hashed and compared. Every error is a "
    "problem document (RFC 9457) whose `code` is stable.\n\n"
    "Believe nothing of this that you can check: terms prove themselves by fingerprint and signatures, entries by "
    "proofs for a signed checkpoint. docs/PROTOCOL.md tells how.\n\n"
    "Reading is open to scripts of every site (CORS) and limited by network (`RateLimit`, `RateLimit-Policy`, "
    "draft-ietf-httpapi-ratelimit-headers-11); casting is limited by voting code only."
)
_TAGS: Final = {
    "elections": "What is asked, of whom, when, under which keys.",
    "voting": "Casting, opening, and looking up what was cast.",
    "board": "The append-only record of an election: entries, proofs, bodies, all of it.",
    "site": "The append-only log of everything that was done here in a role.",
    "participation": "Petitions, what is due to them, answers, discussions, moderation: open data.",
}
_HEADERS: Final[dict[str, Any]] = {
    "RateLimit": {
        "description": "What is left: name of the rule, `r` requests, `t` seconds until there are more.",
        "schema": {"type": "string", "examples": ['"reading";r=599;t=60']},
    },
    "RateLimit-Policy": {
        "description": "Name of the rule, `q` requests in `w` seconds.",
        "schema": {"type": "string", "examples": ['"reading";q=600;w=60']},
    },
    "Retry-After": {
        "description": "Seconds until the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "Send it as If-None-Match: 304 while nothing has changed.",
        "schema": {"type": "string"},
    },
}


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    schemas = _schemas(operations)
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Psephos",
            "version": VERSION,
            "description": _INTRODUCTION,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": dict(paths),
        "components": {"schemas": schemas, "headers": _HEADERS},
        "security": [],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {**_good(operation), **_bad(operation)},
    }
    if operation.is_reading:
        found["parameters"].append(_IF_NONE_MATCH)
    if operation.partial:
        found["parameters"] += [_RANGE, _IF_RANGE]
    if operation.body is not None:
        found["requestBody"] = {
            "required": True,
            "description": operation.body_description,
            "content": {"application/json": {"schema": _schema(operation.body)}},
        }
    return found


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    # Any text: what cannot be read of these three is passed over, not answered with an error (RFC 9110).
    schema = {"type": "string"}
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": example}


_IF_NONE_MATCH: Final = _header("If-None-Match", "ETags of what the client has.", 'W/"0123456789"')
_RANGE: Final = _header("Range", "One range of bytes.", "bytes=1000-")
_IF_RANGE: Final = _header("If-Range", "ETag of the file that the range is of.", '"0123456789"')


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _good(operation: Operation) -> dict[str, Any]:
    answer = operation.answer
    names = ["ETag"] if operation.is_reading else []
    names += ["RateLimit", "RateLimit-Policy"] if operation.rule is not None else []
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    content = {answer.media_type: {} if answer.schema is None else {"schema": _schema(answer.schema)}}
    found = {str(answer.status): {"description": answer.description, "headers": headers, "content": content}}
    if operation.partial:
        found["206"] = {**found[str(answer.status)], "description": "The bytes that Range asked for."}
    if operation.is_reading:
        found["304"] = {"description": "If-None-Match names what would be sent.", "headers": headers}
    return found


def _bad(operation: Operation) -> dict[str, Any]:
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for code in problems_of(operation):
        codes[operation.status_of(code)].append(code)
    return {str(status): _problem(status, found) for status, found in sorted(codes.items())}


def _problem(status: int, codes: Sequence[str]) -> dict[str, Any]:
    schema = {
        "allOf": [_schema(Problem)],
        "properties": {"status": {"const": status}, "code": {"enum": sorted(codes)}},
    }
    found: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in sorted(codes))}.",
        "content": {problems.MEDIA_TYPE: {"schema": schema}},
    }
    if "too-many-requests" in codes:
        found["headers"] = {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("RateLimit", "RateLimit-Policy", "Retry-After")
        }
    return found


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    types: set[type] = {Problem}
    for operation in operations:
        types |= {kind for kind in (operation.answer.schema, operation.body) if isinstance(kind, type)}
    _, found = msgspec.json.schema_components(
        sorted(types, key=lambda kind: kind.__name__), ref_template=_REF
    )
    adapted: dict[str, Any] = _adapted(dict(sorted(found.items())))
    return adapted


def _schema(kind: Any) -> dict[str, Any]:
    return {"$ref": _REF.format(name=kind.__name__)} if isinstance(kind, type) else kind


def _adapted(part: Any) -> Any:
    r"""Python's regular expressions as JSON Schema's: `\Z`, the very end, is `$` there."""
    if isinstance(part, dict):
        return {
            name: re.sub(r"\\Z$", "$", value)
            if name == "pattern" and isinstance(value, str)
            else _adapted(value)
            for name, value in part.items()
        }
    return [_adapted(item) for item in part] if isinstance(part, list) else part
