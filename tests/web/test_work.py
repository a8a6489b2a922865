"""The door of forms with work, on a form of its own: what robots, people without script and impatient people meet."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from consultation.fraud.work import solve
from tests.support.sites import Browser, SiteUnderTest, site_under_test
from web.access import FORM_REFUSED, Access, AccessRoute, form_of, go
from web.errors import language_of
from web.forms import Form
from web.rate_limits import TooManyRequests
from web.rate_rules import SIGN_DOMAIN, SIGN_DOMAIN_SHARE, SIGN_MAILBOX, SIGN_NETWORK, WITHOUT_WORK
from web.rendering import Renderer
from web.visitor import FormTokens
from web.work import limit_mails, require_work, work_challenge

PLACE = "/en/work-under-test"
PURPOSE = "sign-0123456789abcdef"
PAGE = """{% from "macros/work.html" import work_fields, work_script %}
<form method="post"><input name="csrf" value="{{ csrf.token() }}">{{ work_fields(challenge, form) }}
<button>Send</button></form>{{ work_script() }}"""


def show(request: Request, form: Form | None = None) -> Response:
    form = form or Form(language_of(request))
    renderer: Renderer = request.app.state.renderer
    page = renderer.environments["en"].from_string(PAGE)
    html = page.render(challenge=work_challenge(request, PURPOSE), form=form, csrf=FormTokens(request))
    answer = Response(html, 200 if form.ok else FORM_REFUSED, media_type="text/html")
    answer.set_cookie("psephos-browser", "A" * 43)
    return answer


def take(request: Request) -> Response:
    form = form_of(request)
    worked = require_work(request, form, PURPOSE)
    return go(f"/en/?worked={worked}") if form.ok else show(request, form)


def mail(request: Request) -> Response:
    limit_mails(request, form_of(request).value("email"))
    return go("/en/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteUnderTest]:
    folder: Path = tmp_path_factory.mktemp("work")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        site.app.router.routes[:0] = [
            AccessRoute(PLACE, show, access=Access.PUBLIC),
            AccessRoute(PLACE, take, access=Access.PUBLIC, methods=("POST",)),
            AccessRoute(f"{PLACE}/mail", mail, access=Access.PUBLIC, methods=("POST",)),
        ]
        yield site


@pytest.fixture(autouse=True)
def nobody_counted_yet(site: SiteUnderTest) -> None:
    site.desk.clock.wait(days=2)
    site.app.state.limiter.clock = lambda: site.desk.clock().timestamp()
    site.app.state.limiter._storage._clock = site.app.state.limiter.clock


@pytest.fixture
def browser(site: SiteUnderTest) -> Browser:
    browser = site.browser()
    browser.client.cookies.set("psephos-browser", "A" * 43, domain="localhost.local")
    browser.token = re.findall(r'name="csrf" value="([^"]+)"', browser.client.get(PLACE).text)[0]
    return browser


def asked(page: str) -> tuple[str, int]:
    line = re.findall(r'name="work-on" value="([^"]+)"', page)[0]
    return line, int(re.findall(r'data-bits="(\d+)"', page)[0])


def test_solved_work_opens_the_door_once(browser: Browser) -> None:
    line, bits = asked(browser.client.get(PLACE).text)
    fields = {"work-on": line, "work": solve(line, bits)}
    assert browser.post(PLACE, fields).headers["location"] == "/en/?worked=True"
    again = browser.post(PLACE, fields)
    assert again.status_code == FORM_REFUSED
    assert "sent twice" in again.text
    fresh, bits = asked(again.text)  # the page that says so brings new work
    assert fresh != line
    assert browser.post(PLACE, {"work-on": fresh, "work": solve(fresh, bits)}).status_code == 303


def test_without_script_the_door_opens_slowly(browser: Browser) -> None:
    for _ in range(WITHOUT_WORK.amount):
        assert browser.post(PLACE, {"work": ""}).headers["location"] == "/en/?worked=False"
    refused = browser.post(PLACE, {})
    assert refused.status_code == FORM_REFUSED
    assert re.search(r'<p class="govuk-error-message">.*\d+.*</p>', refused.text)
    line, bits = asked(refused.text)  # whoever works is not held up
    assert browser.post(PLACE, {"work-on": line, "work": solve(line, bits)}).status_code == 303


@pytest.mark.parametrize(
    "fields",
    [
        {"work": "0", "work-on": ""},
        {"work": "x" * 50_000, "work-on": "y"},
        {
            "work": "1,2",
            "work-on": "psephos-work/1.sign-0123456789abcdef.0.9999999999." + "0" * 32 + "." + "0" * 32,
        },
    ],
)
def test_forged_work_is_no_work(browser: Browser, fields: dict[str, str]) -> None:
    assert browser.post(PLACE, fields).status_code == FORM_REFUSED


def mails(browser: Browser, address: str) -> int:
    return browser.post(f"{PLACE}/mail", {"email": address}).status_code


def test_one_mailbox_in_many_spellings_is_one_mailbox(browser: Browser) -> None:
    spellings = ["lan.nguyen@gmail.com", "LanNguyen+a@gmail.com", "l.annguyen@googlemail.com"]
    assert len(spellings) == SIGN_MAILBOX.amount
    assert [mails(browser, each) for each in spellings] == [303, 303, 303]
    assert mails(browser, "lannguyen@gmail.com") == 429
    assert mails(browser, "somebody.else@gmail.com") == 303


def counted(site: SiteUnderTest, rule: object, subject: str) -> bool:
    """Whether one more would be refused."""
    try:
        site.app.state.limiter.count(rule, subject)
    except TooManyRequests:
        return True
    return False


def test_who_floods_an_uncommon_domain_has_used_up_a_share_and_others_have_theirs(
    site: SiteUnderTest, browser: Browser
) -> None:
    for _ in range(SIGN_DOMAIN.amount):
        assert not counted(site, SIGN_DOMAIN, "own.example")
    assert mails(browser, "honest@own.example") == 303
    for _ in range(SIGN_DOMAIN_SHARE.amount - 1):
        assert not counted(site, SIGN_DOMAIN_SHARE, "unknown own.example")
    assert mails(browser, "new@own.example") == 429
    assert mails(browser, "new@other.example") == 303
    for _ in range(SIGN_DOMAIN.amount):
        counted(site, SIGN_DOMAIN, "gmail.com")
    assert mails(browser, "new@gmail.com") == 303


def test_a_network_is_limited_before_it_uses_up_mailboxes(site: SiteUnderTest, browser: Browser) -> None:
    for _ in range(SIGN_NETWORK.amount):
        assert not counted(site, SIGN_NETWORK, "unknown")
    for _ in range(SIGN_MAILBOX.amount + 1):
        assert mails(browser, "victim@gmail.com") == 429
    for _ in range(SIGN_MAILBOX.amount):
        assert not counted(site, SIGN_MAILBOX, "victim@gmail.com")
