"""Requests that schemathesis makes up from the OpenAPI document, right ones and wrong ones, at a real election.

Of each answer it checks: no fault (500), a status, a type, headers and a body that the document announces; wrong data
is refused, right data is not; verbs that are not announced are refused with Allow. The seed is fixed. `make test-slow`
tries nearly three times as many of each.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from crypto.display_code import alias
from crypto.encoding import encode_base64url
from identity.opening import open_desk
from protocol.canonical import encode_canonical
from tests.support.elections import voter_key
from tests.support.offices import FIRST, OfficeUnderTest, client_of, make_office, site
from web.api.operations import Operation
from web.rate_limits import Limiter
from web.routes.api import OPERATIONS

EXAMPLES = 15
MORE_EXAMPLES = 40


def fixed(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def dear(examples: int) -> settings:
    """Bodies are long in the making."""
    return fixed(examples // 3)


NOT_SAID_BY_A_SCHEMA: list[Any] = [positive_data_acceptance]
MORE_THAN_A_SCHEMA = {"getEntry", "getConsistency", "getSiteEntry", "getSiteConsistency"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeUnderTest]:
    """Open, with three ballots, and a site log."""
    folder = tmp_path_factory.mktemp("fuzzed")
    under_test = make_office(f"sqlite:///{folder / 'psephos.sqlite'}", folder / "secrets")
    for voter in (1, 2, 3):
        under_test.cast(voter, FIRST)
    open_desk(under_test.engine, under_test.secrets, "http://localhost:8000", clock=under_test.clock)
    yield under_test
    under_test.engine.dispose()


@pytest.fixture(scope="module")
def schema(office: OfficeUnderTest) -> BaseSchema:
    """The document as the site serves it; of the values that it allows, those are tried at which there is something."""
    app = site(office)
    app.state.limiter = Limiter(office.engine, b"k" * 32, clock=Ticking())
    app.state.desk = open_desk(office.engine, office.secrets, "http://localhost:8000")
    loaded = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    there = {
        "election": [office.id],
        "key": [encode_base64url(voter_key(number).public_key) for number in (1, 5, 99)],
        "digest": [encode_base64url(entry.digest) for entry in office.entries()],
        "code": [alias(voter_key(1).public_key)],
    }
    for methods in loaded.raw_schema["paths"].values():
        for described in methods.values():
            for parameter in described["parameters"]:
                if parameter["name"] in there:
                    parameter["schema"] = {**parameter["schema"], "enum": there[parameter["name"]]}
                    parameter["example"] = there[parameter["name"]][0]
            make_short(loaded.raw_schema["components"]["schemas"], described.get("requestBody", {}))
    return loaded


def make_short(schemas: dict[str, Any], part: Any) -> None:
    """Lists of a body that are made up have two items at most; longer ones only take longer to make up."""
    if isinstance(part, dict):
        if part.get("type") == "array":
            part["maxItems"] = 2
        if "$ref" in part:
            make_short(schemas, schemas[part["$ref"].rpartition("/")[2]])
        for value in part.values():
            make_short(schemas, value)
    elif isinstance(part, list):
        for value in part:
            make_short(schemas, value)


class Ticking:
    """A clock that is a period further at each look: nobody comes too often."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """The time."""
        self.now += 3600
        return self.now


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(MORE_EXAMPLES, marks=pytest.mark.slow)])
def test_every_answer_is_as_described(
    schema: BaseSchema, operation: Operation, mode: GenerationMode, examples: int
) -> None:
    if mode is GenerationMode.NEGATIVE and not operation.parameters:
        return  # nothing can be wrong with it
    described = schema[operation.path][operation.method]

    # That `old` is at most `new`, that an index is below a size, and that JSON is canonical, no schema can say.
    excluded = NOT_SAID_BY_A_SCHEMA if operation.body or operation.name in MORE_THAN_A_SCHEMA else []

    @(dear(examples) if operation.body else fixed(examples))
    @given(case=described.as_strategy(generation_mode=mode))
    def run(case: Case[Any]) -> None:
        case.call_and_validate(excluded_checks=excluded)

    run()
    if operation.body is not None:
        run_canonical(schema, operation, mode, examples)


def run_canonical(schema: BaseSchema, operation: Operation, mode: GenerationMode, examples: int) -> None:
    """The same bodies in the one spelling that the door reads (which no JSON Schema can say), stored nowhere."""
    client = client_of(schema.app)
    statuses = set()

    @dear(examples)
    @given(case=schema[operation.path][operation.method].as_strategy(generation_mode=mode))
    def run(case: Case[Any]) -> None:
        if isinstance(case.body, dict):
            answer = client.post(case.formatted_path, content=encode_canonical(case.body))
            statuses.add(answer.status_code)
            case.validate_response(answer, excluded_checks=NOT_SAID_BY_A_SCHEMA)

    run()
    assert statuses <= {400, 403, 404, 409, 413, 422}


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("getCheckpoint", {"description": "", "content": {"application/json": {}}}),
        (
            "getConsistency",
            {"description": "", "content": {"application/json": {"schema": {"required": ["x"]}}}},
        ),
        ("getConsistency", None),
    ],
    ids=["type", "body", "status"],
)
def test_an_answer_that_is_not_as_described_is_noticed(
    schema: BaseSchema, office: OfficeUnderTest, name: str, response: dict[str, Any] | None
) -> None:
    """Control."""
    (operation,) = [operation for operation in OPERATIONS if operation.name == name]
    described = deepcopy(schema.raw_schema)
    responses = described["paths"][operation.path]["get"]["responses"]
    responses.pop("200")
    if response is not None:
        responses["200"] = response
    other = schemathesis.openapi.from_dict(described)
    case = other[operation.path]["GET"].Case(path_parameters={"election": office.id})
    answer = client_of(schema.app).get(case.formatted_path)
    assert answer.status_code == 200
    with pytest.raises(FailureGroup):
        case.validate_response(answer)


def test_nothing_was_cast(office: OfficeUnderTest) -> None:
    """Last: thousands of requests later the board is as it was."""
    assert len(office.entries()) == 8
