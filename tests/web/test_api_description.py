"""The OpenAPI document is true: it and the routes, the problem codes and docs/API.md name the same things."""

import json
import re
from typing import Any

import pytest
from jsonschema_rs import validator_for
from schemathesis.specs.openapi.definitions import OPENAPI_31
from starlette.routing import Route

from protocol.canonical import encode_canonical
from tests.support.offices import OfficeUnderTest, site
from tests.support.repository import ROOT
from voting import errors as voting_errors
from web import problems
from web.api.openapi import document
from web.api.operations import Operation, problems_of
from web.rate_limits import BUNDLE, CASTING, READING, VOTING, By, Rule
from web.routes.api import OPERATIONS

DOCS = (ROOT / "docs/API.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode_canonical(document(OPERATIONS)))
    return found


def test_it_is_served(shared_office: OfficeUnderTest, description: dict[str, Any]) -> None:
    answer = shared_office.client.get("/api/openapi.json")
    assert answer.json() == description
    again = shared_office.client.get("/api/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_openapi_3_1(description: dict[str, Any]) -> None:
    """By the schema that the OpenAPI Initiative publishes."""
    faults = [error.message for error in validator_for(OPENAPI_31).iter_errors(description)]
    assert faults == []
    broken = {**description, "paths": {"/x": {"get": {"responses": {"20": {}}}}}}
    assert not validator_for(OPENAPI_31).is_valid(broken)  # control


def every(part: Any, key: str) -> list[Any]:
    """All values under this name, at any depth."""
    if isinstance(part, dict):
        here = [part[key]] if key in part else []
        return here + [item for value in part.values() for item in every(value, key)]
    return [item for value in part for item in every(value, key)] if isinstance(part, list) else []


def test_every_reference_leads_somewhere_and_every_schema_is_used(description: dict[str, Any]) -> None:
    def resolve(reference: str) -> Any:
        part: Any = description
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
        return part

    used = set(every(description, "$ref"))
    used |= {reference for mapping in every(description, "mapping") for reference in mapping.values()}
    assert all(resolve(reference) for reference in used)
    schemas = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert schemas <= used
    # JSON Schema's regular expressions are JavaScript's, which has no \Z.
    patterns = [pattern for pattern in every(description, "pattern") if isinstance(pattern, str)]
    assert len(patterns) > 20
    assert not [pattern for pattern in patterns if "\\Z" in pattern]
    assert len(set(every(description, "operationId"))) == len(OPERATIONS)


def test_every_route_of_the_api_is_described_and_nothing_else(
    description: dict[str, Any], shared_office: OfficeUnderTest
) -> None:
    def without_type(path: str) -> str:
        return re.sub(r":\w+}", "}", path)

    routed = {
        (without_type(route.path), method)
        for route in site(shared_office).routes
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method.upper()) for path, methods in description["paths"].items() for method in methods
    }
    assert routed == described == {(operation.path, operation.method) for operation in OPERATIONS}


def test_every_parameter_in_a_path_is_described() -> None:
    for operation in OPERATIONS:
        in_path = set(re.findall(r"{(\w+)}", operation.path))
        assert in_path == {found.name for found in operation.parameters if found.place == "path"}
        for parameter in operation.parameters:
            validator = validator_for(parameter.schema)
            assert validator.is_valid(parameter.example), parameter.name


def test_every_problem_is_described(description: dict[str, Any]) -> None:
    described = {code for schema in every(description, "code") for code in schema.get("enum", [])}
    assert described == {code for operation in OPERATIONS for code in problems_of(operation)}
    # What has a status can come, except what the router says before any operation is found.
    assert set(problems.STATUSES) - described == {"method-not-allowed", *NOT_OF_THE_API}


NOT_OF_THE_API = {
    "malformed-record",  # a record of a role's own act, through pages
}


def test_what_the_domain_refuses_at_the_door_is_described() -> None:
    """Every code in the source of casting is among the problems of the two operations that cast."""
    source = "".join(
        (ROOT / path).read_text(encoding="utf-8")
        for path in ("voting/casting.py", "protocol/ballot.py", "protocol/challenge.py")
    )
    raised = set(re.findall(r'BallotInvalid\(\s*"([a-z-]+)"', source))
    raised |= {
        vars(error)["code"]
        for name, error in vars(voting_errors).items()
        if isinstance(error, type) and re.search(rf"\braise {name}\b", source)
    }
    assert {"already-cast", "already-challenged", "malformed-ballot", "bad-signature"} <= raised
    posts = {code for operation in OPERATIONS if not operation.is_reading for code in problems_of(operation)}
    assert raised <= posts


def shown(operation: Operation) -> str:
    """The row of docs/API.md for an operation."""
    path = operation.path.replace("/api/v1/elections/{election}", "…")
    rows = [
        line for line in DOCS.splitlines() if re.match(rf"\| `{operation.method} {re.escape(path)}[`?]", line)
    ]
    assert len(rows) == 1, (operation.name, rows)
    return rows[0]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_the_page_for_people_tells_the_same(operation: Operation) -> None:
    row = shown(operation)
    named = set(re.findall(r"\?(\w+)=|&(\w+)=", row))
    query = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    assert {first or second for first, second in named} <= query
    assert all(f"{name}=" in row for name in query), row
    general = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", DOCS.split("| verb and path")[0]))
    for code in problems_of(operation):
        assert f"`{code}`" in row or code in general, (operation.name, code)
    for status, code in re.findall(r"\b([45]\d\d) `([a-z-]+)`", row):
        assert operation.status_of(code) == int(status), (operation.name, code)
        assert code in problems_of(operation)


@pytest.mark.parametrize("rule", [READING, VOTING, BUNDLE, CASTING], ids=lambda rule: rule.name)
def test_the_page_tells_the_limits(rule: Rule) -> None:
    (row,) = [line for line in DOCS.splitlines() if line.startswith(f"| `{rule.name}` |")]
    span = {60: "a minute", 3600: "an hour"}[rule.seconds]
    whom = "voting code" if rule.by is By.SUBJECT else "network"
    assert f"| {rule.amount} {span}, by {whom} |" in row


def test_the_page_names_no_operation_that_is_not_there() -> None:
    assert len(re.findall(r"^\| `(GET|POST) ", DOCS, re.MULTILINE)) == len(OPERATIONS)
