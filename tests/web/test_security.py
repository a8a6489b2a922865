"""Headers on every answer, forms of other sites, bodies without end, faults that say nothing."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.web.conftest import SETTINGS
from tests.web.examples import MARKET, ExamplePages
from web import problems
from web.app import create_app
from web.limits import BodyCeiling, BodyTooLarge, read_body
from web.pages.home import HomePage
from web.security import BOOTH_CSP, CSP, CrossOriginProtection, SecurityHeaders, policy

SITE = "https://vote.example.org"
PAGE = f"/vi/elections/{MARKET}"
PATHS = ["/", "/en/", PAGE, "/en/nothing", "/static/psephos.css", "/api/v1/nothing", "/favicon.ico"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == policy(CSP)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert "camera=(self)" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    assert "set-cookie" not in headers


def test_the_policy_allows_nothing_inline_and_no_other_host() -> None:
    for directives in (CSP, BOOTH_CSP):
        text = policy(directives)
        assert "default-src 'none'" in text
        assert not any(word in text for word in ("unsafe", "data:", "http", "*", "nonce", "blob:"))
    assert BOOTH_CSP["form-action"] == "'none'"


@pytest.mark.parametrize("path", ["/en", "/en/elections/", f"{PAGE}/booth/", "/api/v1/elections/"])
def test_no_answer_leads_to_the_host_that_the_request_claims(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"host": "elsewhere.example"}, follow_redirects=False)
    target = answer.headers.get("location", "/")
    assert target.startswith("/")
    assert not target.startswith("//")
    assert answer.status_code == (302 if path == "/en" else 404)


def test_hsts_where_there_is_tls() -> None:
    app = Starlette(
        routes=[Route("/", lambda _: Response())], middleware=[Middleware(SecurityHeaders, https=True)]
    )
    assert (
        TestClient(app).get("/").headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    )


class BrokenPages(ExamplePages):
    """A source whose database is gone."""

    def home(self) -> HomePage:
        raise RuntimeError("password=hunter2")


@pytest.fixture(scope="module")
def broken() -> Iterator[TestClient]:
    def api(_: Request) -> Response:
        raise RuntimeError("password=hunter2")

    with TestClient(create_app(SETTINGS, BrokenPages(), [Route("/api/v1/broken", api)])) as running:
        yield running


def test_a_fault_says_nothing_of_itself(broken: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    page = broken.get("/vi/")
    assert page.status_code == 500
    assert "Máy chủ gặp sự cố" in page.text
    assert page.headers["content-security-policy"] == policy(CSP)
    answer = broken.get("/api/v1/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, problems.MEDIA_TYPE)
    assert answer.json()["code"] == "fault"
    assert "hunter2" not in page.text + answer.text
    assert "hunter2" in caplog.text  # whoever runs the server can find it


@pytest.fixture(scope="module")
def form() -> TestClient:
    async def accept(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    app = Starlette(
        routes=[
            Route("/form", accept, methods=["GET", "POST"]),
            Route("/api/v1/cast", accept, methods=["POST"]),
        ],
        middleware=[Middleware(CrossOriginProtection, base_url=SITE)],
    )
    return TestClient(app)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": SITE}, 403),
        ({"Origin": SITE}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://vote.example.org"}, 403),
        ({"Origin": "https://vote.example.org:8443"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({}, 200),
    ],
)
def test_forms_of_other_sites_are_refused(form: TestClient, headers: dict[str, str], status: int) -> None:
    assert form.post("/form", headers=headers, content=b"x").status_code == status
    assert form.get("/form", headers=headers).status_code == 200
    assert form.post("/api/v1/cast", headers=headers, content=b"x").status_code == 200


@pytest.fixture(scope="module")
def reading() -> TestClient:
    async def accept(request: Request) -> Response:
        return PlainTextResponse(str(len(await read_body(request, limit=10))))

    async def careless(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(
        routes=[Route("/tight", accept, methods=["POST"]), Route("/careless", careless, methods=["POST"])],
        middleware=[Middleware(BodyCeiling, ceiling=100)],
    )
    return TestClient(app)


def test_bodies_are_read_only_to_their_limit(reading: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            yield b"xxxx"

    assert reading.post("/tight", content=b"x" * 10).text == "10"
    assert reading.post("/tight", content=b"x" * 11).status_code == 413
    assert reading.post("/tight", content=pieces()).status_code == 413  # no length announced
    assert reading.post("/careless", content=b"x" * 100).text == "100"
    assert reading.post("/careless", content=b"x" * 101).status_code == 413
    assert reading.post("/careless", content=pieces()).status_code == 413


def test_problem_documents() -> None:
    answer = problems.problem(409, "closed", "Voting is closed.", election="a")
    assert answer.media_type == problems.MEDIA_TYPE
    assert (
        answer.body
        == b'{"type":"urn:psephos:problem:closed","title":"Conflict","status":409,"code":"closed",'
        b'"detail":"Voting is closed.","election":"a"}'
    )
    assert problems.from_http(BodyTooLarge(5)).status_code == 413


def test_a_domain_error_becomes_its_document() -> None:
    class Late(Exception):
        code = "closed"

    class Odd(Exception):
        code = "something-new"

    assert problems.from_domain(Late("Too late.")).status_code == 409
    assert problems.from_domain(Odd("Odd.")).status_code == problems.UNCODED_STATUS


def test_every_code_of_the_api_has_a_status_and_every_refusal_a_sentence() -> None:
    """docs/API.md, web/problems.py and the client's texts name the same codes."""
    import re  # noqa: PLC0415

    from tests.support.repository import ROOT  # noqa: PLC0415
    from web.client_texts import BOOTH  # noqa: PLC0415

    api = (ROOT / "docs/API.md").read_text(encoding="utf-8")
    rows = [line for line in api.splitlines() if line.startswith("| `POST")]
    assert len(rows) == 2
    for row in rows:
        status = 0
        for word in re.findall(r"\b[345]\d\d\b|`[a-z]+(?:-[a-z]+)*`", row.split("Errors", 1)[1]):
            if word.isdecimal():
                status = int(word)
                continue
            code = word.strip("`")
            assert problems.STATUSES.get(code, problems.UNCODED_STATUS) == status, code
            assert f"problem.{code}" in BOOTH, code
