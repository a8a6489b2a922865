"""Every route of the site with every kind of visitor: the table is made from the routes, so new ones are tried too."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx import Response as Answer
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crypto.encoding import encode_base64url
from identity.assurance import Action, Assurance, AssurancePolicy
from identity.models import IdentityInvitation
from identity.people import staff
from identity.roles import PERMISSIONS, Permission, Role
from storage.session import reading
from tests.support.clients import TestClient, client_on
from tests.support.desks import BASE_URL
from tests.support.sites import SAME_SITE, SiteUnderTest, site_under_test
from web import csrf
from web.access import Access, AccessRoute, Needs
from web.routes.api import api_routes
from web.routes.pages import page_routes
from web.routes.private import private_routes
from web.visitor import SESSION_COOKIE, signed_in

BROWSER = b"b" * 32
REACHED = 299
"""What a handler answers here: no page of the site does."""

PRIVATE_PLACES: dict[str, set[Needs]] = {
    "/{lang}/office": {
        Permission.MANAGE_ELECTIONS,
        Permission.IMPORT_ROLL,
        Permission.ANSWER_DISPUTES,
        Permission.ANSWER_PETITIONS,
    },
    "/{lang}/registrar": {Permission.DELIVER_CODES, Permission.REPLACE_CODES, Permission.IMPORT_ROLL},
    "/{lang}/trustee": {Permission.HOLD_KEY_SHARE},
    "/{lang}/staff": {Access.STAFF, Permission.MANAGE_PEOPLE, Permission.READ_TRAIL},
    "/{lang}/my": {Access.SIGNED_IN},
    "/{lang}/appeals": {Access.SIGNED_IN},
    "/{lang}/report": {Access.SIGNED_IN},
    "/{lang}/moderation/rules": {Access.PUBLIC},
    "/{lang}/moderation/record": {Access.PUBLIC},
    "/{lang}/moderation": {Permission.MODERATE},
}
"""What routes below an address may need: a route that is declared too openly fails here."""

PUBLIC_FORMS = {
    "/{lang}/confirm-address",
    "/{lang}/elections/{election}/disputes/new",
    "/{lang}/elections/{election}/receipt-mail",
    "/{lang}/invitation",
    "/{lang}/petitions/{petition}/receipt",
    "/{lang}/petitions/{petition}/sign",
    "/{lang}/petitions/{petition}/sign/confirm",
    "/{lang}/sign-in",
    "/{lang}/sign-in/link",
    "/{lang}/sign-in/passkey",
    "/{lang}/sign-in/passkey/options",
    "/{lang}/sign-in/{provider}",
    "/{lang}/sign-out",
    "/{lang}/stop-mails",
}
"""Forms that everybody may send. Whoever adds one says so here."""

VALUES = {"lang": "en", "election": "0" * 32, "person": "0" * 32, "index": "0", "name": "psephos.css"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who tries. token: of the session, None signed out."""

    name: str
    roles: frozenset[Role]
    second_factor: bool
    token: bytes | None

    @property
    def secret(self) -> bytes:
        """What the tokens in this visitor's forms are bound to."""
        return self.token or BROWSER

    def may(self, needs: Needs) -> bool:
        """The rule, written a second time from the contract and not from the code."""
        if needs is Access.PUBLIC:
            return True
        if needs is Access.SIGNED_IN:
            return self.token is not None
        if not self.second_factor:
            return False
        if needs is Access.STAFF:
            return bool(self.roles)
        return any(needs in PERMISSIONS[role] for role in self.roles)


@dataclass
class Table:
    """The running site, its handlers replaced by one that only says that it was reached."""

    site: SiteUnderTest
    visitors: list[Visitor]
    routes: dict[str, AccessRoute]
    client: TestClient

    def ask(
        self,
        visitor: Visitor,
        route: AccessRoute,
        method: str,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request. token: in the form; None is the right one."""
        client = self.client
        client.cookies.clear()  # also what the last answer set
        client.cookies.set("psephos-browser", encode_base64url(BROWSER), domain="localhost.local")
        if visitor.token is not None:
            client.cookies.set("psephos", encode_base64url(visitor.token), domain="localhost.local")
        right = csrf.issue(visitor.secret) if token is None else token
        sent = SAME_SITE if headers is None else headers
        path = path_of(route)
        answer: Answer
        if method in ("GET", "HEAD"):
            answer = client.request(method, path, headers=sent)
        elif route.json:
            answer = client.request(method, path, json={}, headers={**sent, csrf.HEADER: right})
        else:
            answer = client.request(method, path, data={csrf.FIELD: right, "typed": "kept"}, headers=sent)
        return answer


def path_of(route: AccessRoute) -> str:
    path = route.path
    for name in route.param_convertors:
        for spelling in (f"{{{name}}}", f"{{{name}:str}}", f"{{{name}:path}}"):
            path = path.replace(spelling, VALUES.get(name, "x"))
    return path


def reached(_: Request) -> Response:
    return Response(status_code=REACHED)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    folder: Path = tmp_path_factory.mktemp("access")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        visitors = [Visitor("signed out", frozenset(), False, None)]
        for second_factor in (False, True):
            for roles in (frozenset[Role](), *(frozenset({role}) for role in Role), frozenset(Role)):
                person = site.desk.person(roles=tuple(roles))
                token = site.desk.session(person, second_factor=second_factor)
                name = f"{'+'.join(sorted(roles)) or 'citizen'}{' ready' if second_factor else ''}"
                visitors.append(Visitor(name, roles, second_factor, token))
        routes = {}
        for route in site.app.routes:
            assert isinstance(route, AccessRoute)
            route.handler = reached
            routes[name_of(route)] = route
        client = client_on(site.app, base_url=BASE_URL, follow_redirects=False)
        yield Table(site, visitors, routes, client)


def name_of(route: AccessRoute) -> str:
    return f"{'+'.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}"


def declared() -> dict[str, AccessRoute]:
    """The routes without a database: what is tested must be known before anything runs."""
    routes = [*api_routes(), *page_routes(), *private_routes()]
    assert all(isinstance(route, AccessRoute) for route in routes), "A route says nobody for whom it is."
    return {name_of(route): route for route in routes if isinstance(route, AccessRoute)}


EVERY = declared()
FORMS = [
    name
    for name, route in EVERY.items()
    if "POST" in (route.methods or ()) and not route.path.startswith("/api/")
]


def test_the_table_has_every_route_of_the_site(table: Table) -> None:
    assert sorted(EVERY) == sorted(table.routes)
    assert len(EVERY) > 50
    assert len(FORMS) > 15


@pytest.mark.parametrize("name", EVERY)
def test_each_visitor_reaches_what_they_may_and_nothing_else(table: Table, name: str) -> None:
    route = table.routes[name]
    wrong = []
    for visitor in table.visitors:
        for method in route.methods or ():
            answer = table.ask(visitor, route, method)
            allowed = visitor.may(route.access)
            if allowed != (answer.status_code == REACHED):
                wrong.append((visitor.name, method, answer.status_code))
            if not allowed:
                where = answer.headers.get("location", "")
                if method in ("GET", "HEAD") and visitor.token is None:
                    assert (answer.status_code, where.partition("?")[0]) == (303, "/en/sign-in")
                elif method in ("GET", "HEAD") and visitor.roles and not visitor.second_factor:
                    assert (answer.status_code, where.partition("?")[0]) == (303, "/en/sign-in/second-factor")
                else:
                    assert answer.status_code == 403
                assert answer.headers["cache-control"] == "no-store"
    assert wrong == []


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_others_are_refused(table: Table, name: str) -> None:
    route = table.routes[name]
    allowed = [visitor for visitor in table.visitors if visitor.may(route.access)]
    visitor, other = allowed[-1], table.visitors[1]
    assert visitor.token != other.token
    assert table.ask(visitor, route, "POST").status_code == REACHED  # control
    for bad in ("", "x", csrf.issue(b"z" * 32), csrf.issue(other.secret), csrf.issue(BROWSER)):
        answer = table.ask(visitor, route, "POST", token=bad)
        assert answer.status_code == 403
        if not route.json:
            assert "kept" in answer.text  # what was typed can be sent again
            assert "Nothing was done yet" in answer.text
    for foreign in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        assert table.ask(visitor, route, "POST", headers=foreign).status_code == 403
    old_browser = table.ask(visitor, route, "POST", token="x", headers={})
    assert old_browser.status_code == 403
    assert "kept" not in old_browser.text  # nobody lays values of another site before the reader


@pytest.mark.parametrize("name", EVERY)
def test_routes_are_declared_as_their_address_promises(table: Table, name: str) -> None:
    route = table.routes[name]
    for place, allowed in PRIVATE_PLACES.items():
        if route.path == place or route.path.startswith(f"{place}/"):
            assert route.access in allowed
            return
    if route.access is Access.PUBLIC and route.methods and "POST" in route.methods:
        assert route.path.startswith("/api/") or route.path in PUBLIC_FORMS


@pytest.mark.parametrize("language", ["api", "xx", "en%2Fapi", "%61pi"])
def test_a_page_asked_for_as_if_it_were_of_the_api_is_not_there(table: Table, language: str) -> None:
    everything = table.visitors[-1]
    for route in table.routes.values():
        if not route.path.startswith("/{lang}"):
            continue
        client = client_on(table.site.app, base_url=BASE_URL, follow_redirects=False)
        assert everything.token is not None
        path = path_of(route).replace("/en", f"/{language}", 1)
        for visitor in (table.visitors[0], everything):
            if visitor.token is not None:
                client.cookies.set("psephos", encode_base64url(visitor.token), domain="localhost.local")
            for method in route.methods or ():
                answer = client.request(method, path, headers=SAME_SITE)
                assert answer.status_code in (404, 405), f"{method} {path} for {visitor.name}"


def test_a_route_of_the_api_cannot_ask_for_a_session() -> None:
    with pytest.raises(ValueError, match="no sign-in"):
        AccessRoute("/api/v1/secret", reached, access=Access.SIGNED_IN)
    with pytest.raises(ValueError, match="language"):
        AccessRoute("/secret", reached, access=Access.STAFF)


def test_the_api_does_not_look_at_cookies(table: Table) -> None:
    administrator = table.visitors[-1]
    assert administrator.token is not None
    seen: list[object] = []

    def look(request: Request) -> Response:
        seen.append(signed_in(request))
        return Response()

    route = next(r for r in table.routes.values() if r.path == "/api/v1/elections")
    route.handler = look
    try:
        answer = table.ask(administrator, route, "GET")
    finally:
        route.handler = reached
    assert answer.status_code == 200
    assert seen == [None]


def test_nothing_of_all_this_changed_a_session(table: Table) -> None:
    for visitor in table.visitors:
        if visitor.token is not None:
            found = table.site.desk.who(visitor.token)
            assert found is not None
            assert found.roles == visitor.roles


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(f"sqlite:///{tmp_path / 'site.db'}", tmp_path) as running:
        yield running


class TestEscalation:
    """Somebody tries to give themselves a role: by address, by field, by script."""

    def roles_of_everybody(self, site: SiteUnderTest) -> dict[str, frozenset[Role]]:
        with reading(site.desk.desk.engine) as session:
            return {one.name: one.roles for one in staff(session)}

    @pytest.mark.parametrize("role", [None, *Role])
    def test_fields_that_a_form_does_not_have_give_nothing(
        self, site: SiteUnderTest, role: Role | None
    ) -> None:
        browser = site.browser_of(*([role] if role else []), name="Mallory")
        before = self.roles_of_everybody(site)
        extra: dict[str, str | list[str]] = {
            "roles": ["administrator"],
            "role": "administrator",
            "is_staff": "yes",
            "person": "0" * 32,
            "language": "vi",
            "name": "x",
            "key": "AAAA",
            "second_factor_at": "2026-01-01",
        }
        for path in ("/en/my/language", "/en/my/passkeys/rename", "/en/my/sessions/end", "/en/sign-in"):
            assert browser.post(path, extra).status_code in (303, 422)
        bodies: list[dict[str, object]] = [
            {"credential": {}, "name": "", "roles": ["administrator"]},
            {"roles": []},
        ]
        for body in bodies:
            assert browser.post_json("/en/my/passkeys", body).status_code == 400
        assert self.roles_of_everybody(site) == before

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
    def test_only_an_administrator_appoints(self, site: SiteUnderTest, role: Role) -> None:
        browser = site.browser_of(role, name="Mallory")
        victim = site.desk.person("Victim", (Role.ADMINISTRATOR,))
        before = self.roles_of_everybody(site)
        with reading(site.desk.desk.engine) as session:
            mallory = next(one.id for one in staff(session) if one.name == "Mallory")
        for person in (mallory, victim):
            for deed in ("roles", "disable", "enable", "reset"):
                answer = browser.post(f"/en/staff/people/{person}/{deed}", {"roles": ["administrator"]})
                assert answer.status_code == 403
        assert self.roles_of_everybody(site) == before

    def test_an_administrator_does_not_change_their_own_roles(self, site: SiteUnderTest) -> None:
        browser = site.browser_of(Role.ADMINISTRATOR, name="Mallory")
        with reading(site.desk.desk.engine) as session:
            own = staff(session)[0].id
        answer = browser.post(f"/en/staff/people/{own}/roles", {"roles": [role.value for role in Role]})
        assert answer.status_code == 422
        assert "Nobody changes their own roles" in answer.text
        assert self.roles_of_everybody(site)["Mallory"] == {Role.ADMINISTRATOR}

    def test_an_administrator_does_not_invite_themselves_to_more_roles(self, site: SiteUnderTest) -> None:
        person = site.desk.person("Mallory", (Role.ADMINISTRATOR,))
        browser = site.browser().hold(site.desk.session(person))
        browser.get("/en/staff/people")
        form: dict[str, str | list[str]] = {"name": "Mallory", "roles": ["official"], "language": "en"}
        own = browser.post("/en/staff/people", {**form, "email": f"{person.upper()}@example.org"})
        assert own.status_code == 422
        assert "Nobody changes their own roles" in own.text
        with reading(site.desk.desk.engine) as session:
            assert session.scalars(select(IdentityInvitation)).all() == []
        other = browser.post("/en/staff/people", {**form, "email": "hoa@example.org"})
        assert other.status_code == 303  # control

    def test_a_role_that_is_taken_away_ends_at_once(self, site: SiteUnderTest) -> None:
        administrator = site.browser_of(Role.ADMINISTRATOR)
        person = site.desk.person("Mallory", (Role.OFFICIAL, Role.AUDITOR))
        token = site.desk.session(person)
        browser = site.browser().hold(token)
        assert browser.get("/en/staff/trail").status_code == 200
        assert (
            administrator.post(f"/en/staff/people/{person}/roles", {"roles": ["official"]}).status_code == 303
        )
        assert browser.get("/en/staff/trail").headers["location"].startswith("/en/sign-in")
        assert site.desk.who(token) is None

    def test_who_is_shut_out_is_out(self, site: SiteUnderTest) -> None:
        administrator = site.browser_of(Role.ADMINISTRATOR)
        person = site.desk.person("Mallory", (Role.AUDITOR,))
        browser = site.browser().hold(site.desk.session(person))
        assert administrator.post(f"/en/staff/people/{person}/disable").status_code == 303
        assert browser.get("/en/my").status_code == 303
        assert "Access closed" in administrator.get(f"/en/staff/people/{person}").text
        assert administrator.post(f"/en/staff/people/{person}/enable").status_code == 303
        assert browser.get("/en/my").status_code == 303  # the old session stays ended
        assert site.browser().hold(site.desk.session(person)).get("/en/staff").status_code == 200

    def test_a_stronger_sign_in_can_be_demanded_of_staff(self, site: SiteUnderTest) -> None:
        strict = AssurancePolicy({Action.STAFF: Assurance.SUBSTANTIAL})
        browser = site.browser_of(Role.AUDITOR)
        assert browser.get("/en/staff/trail").status_code == 200
        site.app.state.desk = dataclasses.replace(site.desk.desk, policy=strict)
        answer = browser.get("/en/staff/trail")
        assert answer.status_code == 403
        assert "stronger sign-in" in answer.text

    def test_public_pages_do_not_know_who_reads_them(self, site: SiteUnderTest) -> None:
        signed_out, official = site.browser(), site.browser_of(Role.OFFICIAL)
        for path in ("/en/", "/vi/elections", "/en/trail", "/vi/how-voting-works"):
            first, second = signed_out.get(path), official.get(path)
            assert first.text == second.text
            assert "set-cookie" not in second.headers
            assert second.headers["cache-control"] == "no-cache"
        assert SESSION_COOKIE in official.client.cookies


def test_a_route_says_no_quickly_and_only_where_its_pattern_would() -> None:
    every = [*api_routes(), *page_routes(), *private_routes()]
    routes = [route for route in every if isinstance(route, AccessRoute)]
    asked = [re.sub(r"\{[^}]*\}", "vi", route.path) for route in routes]
    for path in {*asked, *(f"{path}/" for path in asked[::7]), "", "/", "//"}:
        scope = {"type": "http", "path": path, "method": "GET", "headers": []}
        for route in routes:
            assert route.matches(scope) == Route.matches(route, scope)
