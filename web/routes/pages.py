"""The pages of a vote that everybody can read. All of them answer GET only, set no cookie and store nothing.

Handlers are plain functions: Starlette runs them in worker threads, because a page source reads the database.
"""

import re
from io import BytesIO
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from consultation.open_data import LICENCE
from crypto.encoding import decode_base64url
from crypto.errors import MalformedEncoding
from web import client_texts, formats
from web.access import Access, AccessRoute, Handler
from web.i18n import DEFAULT, LANGUAGES, Language, is_language, preferred
from web.links import Links, api, bundle, qr
from web.open_data_texts import DATA_SETS
from web.pages.common import Head, PageNotFound
from web.pages.home import ElectionsPage
from web.pages.source import PageSource
from web.rendering import Renderer
from web.search import WORDS_MAX, matching
from web.security import BOOTH_CSP, policy
from web.settings import Settings

MAX_TYPED_CHARACTERS: Final = 200
TRACKER_BYTES: Final = 32
ELECTION: Final = re.compile(r"[0-9a-f]{32}")
INDEX: Final = re.compile(r"0|[1-9][0-9]{0,11}")
VARY_FRAGMENT: Final = {"Vary": "HX-Request-Type"}


def start(request: Request) -> Response:
    """GET /: to the front page in the reader's language."""
    language = preferred(request.headers.get("accept-language", ""))
    headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return RedirectResponse(Links(language).home(), status_code=302, headers=headers)


def static(request: Request) -> Response:
    """GET /static/{name}"""
    renderer: Renderer = request.app.state.renderer
    name = request.path_params["name"]
    if name not in renderer.assets.names():
        raise PageNotFound(name)
    return renderer.assets.respond(request, name)


def favicon(request: Request) -> Response:
    """GET /favicon.ico, which browsers ask for whatever the page says."""
    renderer: Renderer = request.app.state.renderer
    return renderer.assets.respond(request, "icons/favicon.ico")


def robots(_: Request) -> Response:
    """GET /robots.txt: everything public may be indexed, but not the booth."""
    return Response("User-agent: *\nDisallow: /*/booth\n", media_type="text/plain")


def home(request: Request) -> Response:
    """GET /{lang}/"""
    return _render(request, "home.html", page=_source(request).home())


def home_without_slash(request: Request) -> Response:
    """GET /{lang}, as people type it."""
    target = Links(_language(request)).home()
    return RedirectResponse(target, status_code=302, headers={"Cache-Control": "no-cache"})


def elections(request: Request) -> Response:
    """GET /{lang}/elections?q="""
    page = _source(request).elections()
    sought = request.query_params.get("q", "")[:WORDS_MAX].strip()
    if sought:
        page = ElectionsPage(
            open=matching(page.open, sought),
            announced=matching(page.announced, sought),
            finished=matching(page.finished, sought),
            sought=sought,
        )
    return _render(request, "elections.html", page=page)


def check_any(request: Request) -> Response:
    """GET /{lang}/check: straight to the only vote, if there is one only."""
    page = _source(request).check_any()
    if len(page.votes) == 1:
        target = Links(_language(request)).check(page.votes[0].head.id)
        return RedirectResponse(target, status_code=302, headers={"Cache-Control": "no-cache"})
    return _render(request, "check_any.html", page=page)


def how(request: Request) -> Response:
    """GET /{lang}/how-voting-works"""
    return _render(request, "how.html", page=_source(request).how())


def open_data(request: Request) -> Response:
    """GET /{lang}/open-data: where everything public is to be had for programs, and under which licence."""
    return _render(request, "open_data.html", sets=DATA_SETS, licence=LICENCE)


def election(request: Request) -> Response:
    """GET /{lang}/elections/{election}"""
    return _render(request, "election/page.html", page=_source(request).election(_election(request)))


def turnout(request: Request) -> Response:
    """GET /{lang}/elections/{election}/turnout, the part of the page above that changes."""
    page = _source(request).election(_election(request))
    if page.turnout is None:
        raise PageNotFound("turnout before opening")
    return _render(request, "election/_turnout.html", page=page)


def booth(request: Request) -> Response:
    """GET /{lang}/elections/{election}/booth"""
    page = _source(request).booth(_election(request))
    links = Links(_language(request))
    data = {
        **_data_of(request, page.head),
        "page": "booth",
        "fingerprint": page.head.fingerprint,
        "worker": _renderer(request).assets.url("client/ballot.worker.js"),
        "urls": {
            "election": links.election(page.head.id),
            "check": links.check(page.head.id),
            "board": links.board(page.head.id),
            "permit": links.permit(page.head.id),
            "receiptPdf": f"{links.election(page.head.id)}/receipt.pdf",
            "receiptMail": links.receipt_mail(page.head.id),
            "qr": qr(page.head.id, "{tracker}"),
            "test": links.test(page.head.id),
            "testQr": f"{links.test(page.head.id)}/{{tracker}}/qr.svg",
        },
        "texts": client_texts.translated(client_texts.BOOTH, _language(request)),
    }
    headers = {"Content-Security-Policy": policy(BOOTH_CSP)}
    return _render(
        request, "booth.html", headers=headers, page=page, data=data, mails_receipts=_mails_receipts(request)
    )


def check(request: Request) -> Response:
    """GET /{lang}/elections/{election}/check?code="""
    code = request.query_params.get("code", "")[:MAX_TYPED_CHARACTERS].strip()
    page = _source(request).check(_election(request), code, submitted="code" in request.query_params)
    data = {
        **_data_of(request, page.head),
        "page": "check",
        "fingerprint": page.head.fingerprint,
        "texts": client_texts.translated(client_texts.CHECK, _language(request)),
    }
    return _render(request, "check.html", page=page, data=data, mails_receipts=_mails_receipts(request))


def board(request: Request) -> Response:
    """GET /{lang}/elections/{election}/board?page= or ?find="""
    name, language = _election(request), _language(request)
    sought = request.query_params.get("find", "")[:MAX_TYPED_CHARACTERS].strip()
    if sought:
        target = _find(_source(request), Links(language), name, sought)
        if target is not None:
            return RedirectResponse(target, status_code=302, headers={"Cache-Control": "no-cache"})
    page = _source(request).board(name, _page_number(request), sought)
    if request.headers.get("hx-request-type") == "partial":
        return _render(request, "board/_entries.html", headers=VARY_FRAGMENT, page=page)
    data = {
        **_data_of(request, page.head),
        "page": "board",
        "fingerprint": page.head.fingerprint,
        "size": page.state.size,
        "root": page.state.root,
        "checkpoint": page.state.url,
        "texts": client_texts.translated(client_texts.BOARD, language),
    }
    return _render(
        request, "board/page.html", headers=VARY_FRAGMENT, page=page, data=data, bundle_url=bundle(name)
    )


def entry(request: Request) -> Response:
    """GET /{lang}/elections/{election}/board/{index}"""
    index = request.path_params["index"]
    if not INDEX.fullmatch(index):
        raise PageNotFound(index)
    return _render(request, "board/entry.html", page=_source(request).entry(_election(request), int(index)))


def result(request: Request) -> Response:
    """GET /{lang}/elections/{election}/result"""
    name = _election(request)
    return _render(request, "result.html", page=_source(request).result(name), bundle_url=bundle(name))


def verify(request: Request) -> Response:
    """GET /{lang}/elections/{election}/verify"""
    name = _election(request)
    return _render(request, "verify.html", page=_source(request).verify(name), bundle_url=bundle(name))


def test(request: Request) -> Response:
    """GET /{lang}/elections/{election}/test: for a second device; which ballot, only its fragment says."""
    page = _source(request).verify(_election(request))
    data = {
        **_data_of(request, page.head),
        "page": "test",
        "fingerprint": page.head.fingerprint,
        "worker": _renderer(request).assets.url("client/recheck.worker.js"),
        "texts": client_texts.translated(client_texts.SECOND, _language(request)),
    }
    return _render(request, "test.html", page=page, data=data)


def test_qr(request: Request) -> Response:
    """GET /{lang}/elections/{election}/test/{tracker}/qr.svg: the address of the page above for one ballot."""
    tracker = _tracker(request)
    address = _renderer(request).site.base_url + Links(_language(request)).test(_election(request))
    return _picture(f"{address}#{tracker}")


def receipt_qr(request: Request) -> Response:
    """GET /elections/{election}/receipts/{tracker}/qr.svg: a public receipt code as a picture.

    It holds the address where this ballot can be checked, with all bits of the tracker.
    """
    tracker = _tracker(request)
    renderer = _renderer(request)
    return _picture(renderer.site.base_url + Links(DEFAULT).check(_election(request), tracker))


def page_routes() -> list[AccessRoute]:
    """All of the above."""
    vote = "/{lang}/elections/{election}"
    found: list[tuple[str, Handler]] = [
        ("/", start),
        ("/favicon.ico", favicon),
        ("/robots.txt", robots),
        ("/static/{name:path}", static),
        ("/elections/{election}/receipts/{tracker}/qr.svg", receipt_qr),
        ("/{lang}", home_without_slash),
        ("/{lang}/", home),
        ("/{lang}/elections", elections),
        ("/{lang}/check", check_any),
        ("/{lang}/how-voting-works", how),
        ("/{lang}/open-data", open_data),
        (vote, election),
        (f"{vote}/turnout", turnout),
        (f"{vote}/booth", booth),
        (f"{vote}/check", check),
        (f"{vote}/board", board),
        (f"{vote}/board/{{index}}", entry),
        (f"{vote}/result", result),
        (f"{vote}/verify", verify),
        (f"{vote}/test", test),
        (f"{vote}/test/{{tracker}}/qr.svg", test_qr),
    ]
    return [AccessRoute(path, handler, access=Access.PUBLIC) for path, handler in found]


def _tracker(request: Request) -> str:
    tracker = str(request.path_params["tracker"])
    try:
        decode_base64url(tracker, TRACKER_BYTES)
    except MalformedEncoding:
        raise PageNotFound(tracker) from None
    return tracker


def _picture(address: str) -> Response:
    svg = _draw_qr(address)
    return Response(svg, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


def _draw_qr(address: str) -> bytes:
    picture = BytesIO()
    segno.make_qr(address, error="m").save(
        picture,
        kind="svg",
        xmldecl=False,
        omitsize=True,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
    )
    return picture.getvalue()


def _mails_receipts(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.mail_server is not None


def _source(request: Request) -> PageSource:
    source: PageSource = request.app.state.pages
    return source


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


def _language(request: Request) -> Language:
    language = request.path_params["lang"]
    if not is_language(language):
        raise PageNotFound(f"{language} is none of {', '.join(LANGUAGES)}")
    return language


def _election(request: Request) -> str:
    name = request.path_params["election"]
    if not ELECTION.fullmatch(name):
        raise PageNotFound(name)
    return str(name)


def _page_number(request: Request) -> int | None:
    text = request.query_params.get("page")
    if text is None:
        return None
    if not INDEX.fullmatch(text):
        raise PageNotFound(text)
    return int(text)


def _find(source: PageSource, links: Links, election: str, sought: str) -> str | None:
    """The address of what the reader is looking for on the board, or None."""
    digits = sought.replace(".", "").replace(",", "")
    if INDEX.fullmatch(digits):
        try:
            source.entry(election, int(digits))
        except PageNotFound:
            return None
        return links.entry(election, int(digits))
    found = source.check(election, sought, submitted=True).answer is not None
    return links.check(election, sought) if found else None


def _data_of(request: Request, head: Head) -> dict[str, object]:
    """What every script of a vote's page needs to know."""
    language = _language(request)
    return {
        "lang": language,
        "election": head.id,
        "api": api(head.id),
        "closesAt": head.closes_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "zone": head.time_zone,
        "zoneLabel": head.zone,
        "weekdays": formats.WEEKDAYS[language],
        "months": formats.MONTHS[language],
    }


def _render(
    request: Request, template: str, *, headers: dict[str, str] | None = None, **values: object
) -> Response:
    return _renderer(request).respond(request, _language(request), template, values, headers=headers)
