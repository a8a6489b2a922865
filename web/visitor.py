"""Who a request comes from: the session cookie, the browser cookie, and the tokens in forms that belong to them.

Public pages ask none of this: they set no cookie, are the same for everybody and may be cached. The first question
(`signed_in`, a CSRF field) makes the answer private, which `web.rendering` turns into `Cache-Control: no-store`.

Two cookies, both only for this host, unreadable for scripts, and gone when the browser closes: `psephos` names a
session; `psephos-browser` names a browser before sign-in, so that forms and mailed links can belong to it.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity import sessions
from identity.desk import Desk
from identity.people import owner_of
from identity.sessions import TOKEN_BYTES, KnownAs, SignedIn
from identity.types import Identity
from storage.errors import DatabaseBusy
from storage.session import reading, writing
from web import csrf
from web.i18n import Language
from web.links import Links

SESSION_COOKIE: Final = "psephos"
BROWSER_COOKIE: Final = "psephos-browser"
_NEXT: Final = re.compile(r"/(?:en|vi)/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500}")
_API: Final = "/api/"


def desk_of(request: Request) -> Desk:
    """The desk of this site."""
    desk: Desk = request.app.state.desk
    return desk


def signed_in(request: Request) -> SignedIn | None:
    """Who is signed in, as the database says now. Reads it once for a request; not for the event loop.

    The API never looks at cookies: there nobody is signed in.
    """
    state = request.state
    if not hasattr(state, "visitor"):
        token = None if request.url.path.startswith(_API) else _cookie(request, SESSION_COOKIE)
        state.visitor = None if token is None else _find(desk_of(request), token)
        state.session_secret = token if state.visitor is not None else None
    visitor: SignedIn | None = state.visitor
    return visitor


def counted_as(request: Request, who: SignedIn) -> str:
    """Whom the limits count: the mailbox of this sign-in, in all spellings and accounts alike; else the account."""
    with reading(desk_of(request).engine) as session:
        _, mailbox = owner_of(session, who.issuer, who.claim)
    return who.person_id if mailbox is None else mailbox.hex()


def may_be_signed_in(request: Request) -> bool:
    """Whether the browser came with a session's cookie. Asking this leaves a page public: without one it asks no more.

    A page that then shows more to whoever is signed in says `Vary: Cookie`.
    """
    return _cookie(request, SESSION_COOKIE) is not None


def is_private(request: Request) -> bool:
    """Whether the answer depends on who asks."""
    return hasattr(request.state, "visitor")


def known_visitor(request: Request) -> SignedIn | None:
    """Who is signed in, if that was asked already: for the masthead, which must not make a page private."""
    return signed_in(request) if is_private(request) else None


def browser_secret(request: Request) -> bytes:
    """32 bytes that only this browser has; made now if it has none, and then set by `keep_cookies`."""
    state = request.state
    if not hasattr(state, "browser_secret"):
        found = _cookie(request, BROWSER_COOKIE)
        state.new_browser = found is None
        state.browser_secret = found or secrets.token_bytes(TOKEN_BYTES)
    secret: bytes = state.browser_secret
    return secret


def is_known_browser(request: Request) -> bool:
    """Whether the browser came with its cookie."""
    return _cookie(request, BROWSER_COOKIE) is not None


@dataclass(frozen=True)
class FormTokens:
    """What `csrf_field()` in a template asks for a token."""

    request: Request

    def token(self) -> str:
        """A token for one form on this page."""
        return csrf.issue(_form_secret(self.request))


def is_own_form(request: Request, token: str) -> bool:
    """Whether `token` was given to this session, or to this browser while it has none."""
    return csrf.is_token(token, _form_secret(request))


def keep_cookies(request: Request, response: Response) -> None:
    """Set the browser cookie on an answer whose page needs it."""
    if getattr(request.state, "new_browser", False):
        _set(request, response, BROWSER_COOKIE, request.state.browser_secret)


def safe_next(path: str, default: str) -> str:
    """Where to go after sign-in: a page of this site in one of its languages, else `default`."""
    return path if _NEXT.fullmatch(path) else default


def begin_session(
    request: Request, session: Session, who: Identity | KnownAs, *, language: Language, next_path: str = ""
) -> Response:
    """Sign in `who` in the transaction of `session` and send the browser on. Raises: PersonDisabled.

    A session that this browser had before ends.  next_path: checked here; else My page.
    """
    desk, device = desk_of(request), device_of(request)
    _end_present(request, session)
    if isinstance(who, KnownAs):
        token = sessions.sign_in_known(desk, session, who, language=language, device=device)
    else:
        token = sessions.sign_in(desk, session, who, language=language, device=device)
    return enter(request, token, safe_next(next_path, Links(language).my()))


def enter(request: Request, token: bytes, target: str) -> Response:
    """Send the browser to `target` with the cookie of a session that was begun or renewed."""
    response = RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})
    hold_session(request, response, token)
    return response


def hold_session(request: Request, response: Response, token: bytes) -> None:
    """Give the browser the cookie of a session."""
    _set(request, response, SESSION_COOKIE, token)


def leave(request: Request, target: str) -> Response:
    """End the session of this browser and take its cookies."""
    with writing(desk_of(request).engine) as session:
        _end_present(request, session)
    response = RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})
    https = _is_https(request)
    for name in (SESSION_COOKIE, BROWSER_COOKIE):
        response.delete_cookie(
            _name(name, https=https), path="/", secure=https, httponly=True, samesite="lax"
        )
    return response


def device_of(request: Request) -> str:
    """Browser and system of a request in two words, good enough to tell one's own devices apart."""
    agent = request.headers.get("user-agent", "")
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)


# In this order: later ones are named inside earlier ones.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("coc_coc_browser", "Cốc Cốc"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def _find(desk: Desk, token: bytes) -> SignedIn | None:
    with reading(desk.engine) as session:
        found = sessions.find_session(desk, session, token)
        late = found is not None and sessions.needs_touch(desk, session, found)
    if found is not None and late:
        try:
            with writing(desk.engine) as session:
                sessions.touch(desk, session, found)
        except DatabaseBusy:
            pass  # the session is still good; only its idle clock was not set back
    return found


def _end_present(request: Request, session: Session) -> None:
    token = _cookie(request, SESSION_COOKIE)
    if token is not None:
        sessions.sign_out(session, sessions.digest_of(token))


def _form_secret(request: Request) -> bytes:
    signed_in(request)
    secret: bytes | None = request.state.session_secret
    return browser_secret(request) if secret is None else secret


def _is_https(request: Request) -> bool:
    return desk_of(request).base_url.startswith("https://")


def _name(name: str, *, https: bool) -> str:
    """`__Host-`: browsers take it only encrypted, for this host alone and all of its paths (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{name}" if https else name


def _cookie(request: Request, name: str) -> bytes | None:
    try:
        return decode_base64url(request.cookies.get(_name(name, https=_is_https(request)), ""), TOKEN_BYTES)
    except CryptoError:
        return None


def _set(request: Request, response: Response, name: str, secret: bytes) -> None:
    https = _is_https(request)
    response.set_cookie(
        _name(name, https=https),
        encode_base64url(secret),
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )
