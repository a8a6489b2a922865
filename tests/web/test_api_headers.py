"""What stands around the API's answers: ETags, how long they are kept, other verbs, scripts of other sites."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from consultation.discussions.models import DiscussionThread
from consultation.hearings.models import HearingHearing
from consultation.importing import (
    ForeignPetition,
    ForeignTopic,
    import_discussions,
    import_petitions,
    importer,
)
from consultation.petitions.models import PetitionPetition
from consultation.petitions.settings import set_bodies, set_rules
from consultation.petitions.types import Body, Rules
from consultation.signing.signing import LINK_MAIL, Asking, ask_by_mail, confirm
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from identity.opening import open_desk
from identity.people import make_person
from mail.outbox import Mail
from protocol.leaf import Kind, body_digest
from protocol.text import LocalText
from storage.session import reading, writing
from tests.support.clients import client_on
from tests.support.elections import voter_key
from tests.support.hearings import finished_hearing
from tests.support.offices import FIRST, OfficeUnderTest, cast_request, make_office
from tests.voting.test_challenges import BODY, REVEAL
from voting.casting import post_challenge
from web.api.operations import Operation
from web.problems import MEDIA_TYPE
from web.rate_limits import Limiter
from web.routes.api import OPERATIONS

VOTER = voter_key(1).public_key
READING = [operation for operation in OPERATIONS if operation.is_reading]
POSTING = [operation for operation in OPERATIONS if not operation.is_reading]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeUnderTest]:
    """An open election with one ballot and one test, a site log, a petition and a topic.

    Nothing here depends on the database.
    """
    folder = tmp_path_factory.mktemp("site")
    office = make_office(f"sqlite:///{folder / 'psephos.sqlite'}", folder / "secrets")
    office.cast(1, FIRST)
    post_challenge(office.office, office.id, REVEAL)
    by = importer(open_desk(office.engine, office.secrets, "http://localhost:8000", clock=office.clock))
    with writing(office.engine) as session:
        set_bodies(session, [Body("ward", LocalText(en="Ward", vi="Phường"))])
        set_rules(session, Rules(sponsors=0))
    bridge = ForeignPetition(1, "1", "open", "Mend the bridge", "It is broken.", "", "", "", "")
    assert import_petitions(by, [bridge], "ward", "en", lambda: None).done
    assert import_discussions(
        by, [ForeignTopic(1, "1", "Which bridge first?", "")], [], "en", lambda: None
    ).done
    sign_bridge(office)
    with writing(office.engine) as session:
        person = make_person(session, name="Lan", language="vi", now=office.clock())
        finished_hearing(session, [person], office.clock())
    yield office
    office.engine.dispose()


def sign_bridge(office: OfficeUnderTest) -> None:
    """By somebody a minute ago, so that the record is public."""
    desk = open_desk(
        office.engine,
        office.secrets,
        "http://localhost:8000",
        clock=lambda: office.clock() - timedelta(minutes=1),
    )
    tokens = []

    def mail(token: str, _lifetime: timedelta) -> Mail:
        tokens.append(token)
        return Mail("lan@example.org", "en", "Sign", token, LINK_MAIL, "bridge", secret=True)

    with writing(office.engine) as session:
        petition = session.scalars(select(PetitionPetition.id)).one()
        asking = Asking("lan@example.org", None, False, "en", worked=True)
        ask_by_mail(desk, session, petition, asking, mail)
        confirm(desk, session, tokens[0], 1)
    office.client.app.state.desk = replace(desk, clock=office.clock)  # type: ignore[attr-defined]


def path_of(operation: Operation, site: OfficeUnderTest) -> str:
    """An address of the operation at which there is something."""
    values = {
        "election": site.id,
        "key": encode_base64url(VOTER),
        "index": "0" if "/site/" in operation.path else "5",
        "digest": encode_base64url(site.entries()[0].digest),
        "tracker": encode_base64url(body_digest(Kind.BALLOT, BODY)),
    }
    with reading(site.engine) as session:
        values["petition"] = session.scalars(select(PetitionPetition.id)).one()
        of_topics = select(DiscussionThread.id).where(DiscussionThread.place_kind == "topic")
        values["thread"] = session.scalars(of_topics).one()
        values["consultation"] = session.scalars(select(HearingHearing.id)).one()
    path = operation.path.format(**values, table="petitions")
    return f"{path}?code={alias(VOTER)}" if operation.name == "findByCode" else path


def ask(site: OfficeUnderTest, operation: Operation, method: str = "GET", **headers: str) -> httpx.Response:
    answer: Any = site.client.request(
        method,
        path_of(operation, site),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    return answer  # type: ignore[no-any-return]


def by_name(name: str) -> Operation:
    (found,) = [operation for operation in OPERATIONS if operation.name == name]
    return found


def named(operation: Operation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", READING, ids=named)
def test_an_answer_that_is_known_is_not_sent_again(site: OfficeUnderTest, operation: Operation) -> None:
    first = ask(site, operation)
    assert first.status_code == 200
    etag = first.headers["etag"]
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = ask(site, operation, If_None_Match=known)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "access-control-allow-origin"):
            assert again.headers[name] == first.headers[name]
        assert "content-type" not in again.headers
        assert again.headers.get("content-length", "0") == "0"
    for unknown in ('"other"', "", 'W/""', etag[:-1]):
        assert ask(site, operation, If_None_Match=unknown).status_code == 200


@pytest.mark.parametrize("operation", READING, ids=named)
def test_head_is_get_without_the_body(site: OfficeUnderTest, operation: Operation) -> None:
    got, head = ask(site, operation), ask(site, operation, "HEAD", Accept_Encoding="identity")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "cache-control", "content-type", "access-control-allow-origin", "ratelimit-policy"):
        assert head.headers[name] == got.headers[name]
    assert int(head.headers["content-length"]) == len(got.content)


@pytest.mark.parametrize("operation", READING, ids=named)
def test_scripts_of_every_site_may_read(site: OfficeUnderTest, operation: Operation) -> None:
    answer = ask(site, operation, Origin="https://newspaper.example")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "set-cookie" not in answer.headers
    preflight = ask(site, operation, "OPTIONS", Origin="https://newspaper.example")
    assert (preflight.status_code, preflight.content) == (204, b"")
    allowed = preflight.headers["allow"], preflight.headers["access-control-allow-methods"]
    assert allowed == ("GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS")
    assert "If-None-Match" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize("operation", POSTING, ids=named)
def test_scripts_of_other_sites_may_not_cast(site: OfficeUnderTest, operation: Operation) -> None:
    preflight = ask(site, operation, "OPTIONS", Origin="https://false-booth.example")
    assert preflight.status_code == 204
    assert preflight.headers["allow"] == "OPTIONS, POST"
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    answer = site.client.post(
        path_of(operation, site), content=b"{}", headers={"Origin": "https://false-booth.example"}
    )
    assert answer.status_code == 400
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_problem_can_be_read_by_scripts_too(site: OfficeUnderTest) -> None:
    answer = site.client.get(f"/api/v1/elections/{'0' * 32}/terms")
    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "POST", "GET", "BREW"])
def test_other_verbs(site: OfficeUnderTest, operation: Operation, method: str) -> None:
    if method == operation.method:
        return
    answer = ask(site, operation, method)
    allowed = "GET, HEAD, OPTIONS" if operation.is_reading else "OPTIONS, POST"
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "method-not-allowed"
    assert allowed in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/v2/elections", "/api/v1/elections/", "/api/v1/elections/x/y/z", "/api/openapi"],
)
def test_no_such_address(site: OfficeUnderTest, path: str) -> None:
    answer = site.client.get(path)
    assert answer.status_code == 404
    if path != "/api":
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["code"] == "not-found"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "*/*",
    ],
)
@pytest.mark.parametrize("operation", POSTING, ids=named)
def test_what_a_form_can_send_is_no_ballot(
    site: OfficeUnderTest, operation: Operation, content_type: str
) -> None:
    before = site.everything()
    request = cast_request(site.election, 2, FIRST)
    answer = site.client.post(
        path_of(operation, site), content=request, headers={"Content-Type": content_type}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")
    assert answer.headers["accept-post"] == "application/json"
    assert site.everything() == before


def test_a_compressed_ballot_is_not_unpacked(site: OfficeUnderTest) -> None:
    answer = site.client.post(
        f"{site.api}/ballots", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415


def test_json_is_taken_with_parameters_and_without_a_type(office: OfficeUnderTest) -> None:
    for voter, headers in ((1, {"Content-Type": "application/json; charset=utf-8"}), (2, {})):
        answer = office.client.post(
            f"{office.api}/ballots", content=cast_request(office.election, voter, FIRST), headers=headers
        )
        assert answer.status_code == 201
    assert office.kinds().count(Kind.BALLOT) == 2


def test_too_large_has_one_name_wherever_it_is_noticed(site: OfficeUnderTest) -> None:
    announced = site.client.post(f"{site.api}/ballots", content=b" " * 300_000)
    assert (announced.status_code, announced.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/terms", "public, max-age=10"),
        ("/checkpoint", "public, no-cache"),
        ("/entries", "public, no-cache"),
        ("/entries/4", "public, no-cache"),
        ("/entries/4?size=6", "public, max-age=31536000, immutable"),
        ("/consistency?old=4", "public, no-cache"),
        ("/consistency?old=4&new=6", "public, max-age=31536000, immutable"),
        (f"/credentials/{encode_base64url(VOTER)}", "no-store"),
        (f"/find?code={alias(VOTER)}", "no-store"),
        ("/bundle", "public, no-cache"),
        ("/entries/4?size=x", "no-store"),
        ("/entries/99?size=100", "no-store"),
    ],
)
def test_how_long_an_answer_is_kept(site: OfficeUnderTest, path: str, kept: str) -> None:
    assert site.client.get(f"{site.api}{path}").headers["cache-control"] == kept


def test_what_is_kept_for_ever_does_not_change(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    paths = [f"{office.api}{path}" for path in ("/entries/4?size=6", "/consistency?old=4&new=6")]
    before = [office.client.get(path).content for path in paths]
    checkpoint = office.client.get(f"{office.api}/checkpoint")
    office.cast(2, FIRST)
    assert [office.client.get(path).content for path in paths] == before
    known = {"If-None-Match": checkpoint.headers["etag"]}
    assert office.client.get(f"{office.api}/checkpoint", headers=known).status_code == 200


def test_compressed_and_plain_are_one_answer(site: OfficeUnderTest) -> None:
    """The ETag is weak and the same: who got it compressed gets 304 for the plain one."""
    terms = by_name("getTerms")
    packed = ask(site, terms, Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    plain = ask(site, terms, Accept_Encoding="identity")
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["etag"].startswith('W/"')


# Limits.


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_reading_answer_says_what_is_left_and_casting_has_no_limit_by_network(
    site: OfficeUnderTest, operation: Operation
) -> None:
    if operation.is_reading:
        assert operation.rule is not None
        answer = ask(site, operation)
        rule = operation.rule
        assert answer.headers["ratelimit-policy"] == f'"{rule.name}";q={rule.amount};w={rule.seconds}'
        assert answer.headers["ratelimit"].startswith(f'"{rule.name}";r=')
    else:
        answer = site.client.post(path_of(operation, site), content=b"{}")
        assert operation.rule is None
        assert "ratelimit" not in answer.headers


def test_a_network_that_takes_too_much_is_told_when_to_come_back(tmp_path: Path) -> None:
    office = make_office(f"sqlite:///{tmp_path / 'psephos.sqlite'}", tmp_path / "secrets")
    office.client.app.state.limiter = Limiter(office.engine, b"k" * 32, clock=lambda: 1_800_000_000.0)  # type: ignore[attr-defined]
    path = f"{office.api}/entries?limit=0"
    statuses = [office.client.get(path).status_code for _ in range(601)]
    assert statuses == [200] * 600 + [429]
    refused = office.client.get(path)
    assert refused.json()["code"] == "too-many-requests"
    assert 60 <= int(refused.headers["retry-after"]) <= 120
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in refused.headers["access-control-expose-headers"]
    # Voting goes on, and so does another network; the same network cannot talk itself out of it.
    assert office.client.get(f"{office.api}/terms").status_code == 200
    assert office.client.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 429
    other = client_on(office.client.app, address=("203.0.113.9", 1))
    assert other.get(path).status_code == 200
    ballot = office.client.post(f"{office.api}/ballots", content=cast_request(office.election, 1, FIRST))
    assert ballot.status_code == 201
    office.engine.dispose()
