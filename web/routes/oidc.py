"""Signing in with a provider of others (OpenID Connect).

The browser is sent away by a page that goes on by itself, not by a redirect: Chromium holds the redirects of a form
against `form-action`, and no address outside this site stands in the policy. What the provider sends back ends in a
redirect whatever happens, so that neither code nor state stays in the address bar, and a reload repeats nothing.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from identity.errors import PersonDisabled
from identity.oidc.client_key import ClientKey, DecryptionKey
from identity.oidc.configuration import ProviderConfiguration
from identity.oidc.errors import (
    AssuranceTooLow,
    ClaimMissing,
    IdTokenRefused,
    OidcError,
    ProviderMisbehaved,
    ProviderUnreachable,
    SignInCancelled,
    SignInRefused,
    UnknownAttempt,
)
from identity.oidc.flow import CALLBACK, SignInProviders
from identity.types import Identity
from storage.session import writing
from web.access import Access, AccessRoute, form_of
from web.errors import language_of
from web.i18n import DEFAULT, N_, Language, Text, is_language, translations
from web.links import Links
from web.pages.common import PageNotFound
from web.rate_limits import SIGN_IN, hit_async
from web.rendering import Renderer
from web.settings import Settings
from web.threads import as_writer
from web.visitor import begin_session, browser_secret, desk_of, is_known_browser, keep_cookies, safe_next

log = logging.getLogger("psephos.web")

MAX_ANSWER: Final = 8192
"""Characters of what a provider adds to the address; real ones add 100 to 2000."""
MAX_NEXT: Final = 520


@dataclass(frozen=True)
class Provider:
    """One button of the sign-in page: a form posted to `/{lang}/sign-in/{id}`."""

    id: str
    name: Text


class Fault(NamedTuple):
    """What a person reads. Both may name the %(provider)s."""

    status: int
    title: str
    sentence: str


FAULTS: Final[Mapping[str, Fault]] = {
    UnknownAttempt.code: Fault(
        400,
        N_("This sign-in cannot go on"),
        N_(
            "It was started more than ten minutes ago or in another browser, or it was finished already. "
            "You can start it again here."
        ),
    ),
    ProviderUnreachable.code: Fault(
        503,
        N_("%(provider)s does not answer"),
        N_("You are not signed in. Try again in a few minutes, or sign in another way."),
    ),
    ProviderMisbehaved.code: Fault(
        502,
        N_("You are not signed in"),
        N_(
            "%(provider)s gave an answer that cannot be trusted, so it was not used. "
            "Try once more; if it happens again, tell the help desk."
        ),
    ),
    SignInCancelled.code: Fault(
        403,
        N_("You stopped the sign-in"),
        N_("You are not signed in, and nothing else has changed."),
    ),
    SignInRefused.code: Fault(
        403,
        N_("%(provider)s did not sign you in"),
        N_("Try again there, or sign in another way. The help desk of %(provider)s knows why it refused."),
    ),
    AssuranceTooLow.code: Fault(
        403,
        N_("A stronger way to sign in is needed"),
        N_(
            "You are not signed in. Start again and choose a stronger way at %(provider)s, "
            "such as an identity card or its app."
        ),
    ),
    ClaimMissing.code: Fault(
        403,
        N_("%(provider)s did not say who you are"),
        N_(
            "You are not signed in. Allow %(provider)s to pass on what this site asks for, or tell the help desk."
        ),
    ),
    PersonDisabled.code: Fault(
        403,
        N_("Your access was closed"),
        N_("You are not signed in. If this is a mistake, ask an administrator of this site."),
    ),
}
"""By the code of the error."""


def providers(settings: Settings) -> tuple[Provider, ...]:
    """The buttons, in the order of the configuration."""
    return tuple(Provider(one.id, _name(one)) for one in settings.providers)


def page(request: Request) -> Response:
    """GET /{lang}/sign-in/{provider}?next=&why=: what went wrong, if something did, and the way to the provider."""
    configuration, language = _configuration(request), language_of(request)
    fault = FAULTS.get(request.query_params.get("why", ""))
    next_path = _next(request.query_params.get("next", ""), language)
    return _render(request, configuration, language, next_path, fault)


async def start(request: Request) -> Response:
    """POST /{lang}/sign-in/{provider}: a page that goes on to the provider."""
    configuration, language = _configuration(request), language_of(request)
    await hit_async(request, SIGN_IN)
    next_path = _next(form_of(request).value("next"), language)
    try:
        address = await _sign_in(request).start(
            configuration.id, browser_secret(request), language, next_path
        )
    except OidcError as error:
        return _failed(configuration, language, next_path, error)
    response = _render(request, configuration, language, next_path, None, address=address)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Refresh"] = f"0;url={address}"
    keep_cookies(request, response)
    return response


async def callback(request: Request) -> Response:
    """GET /sign-in/callback/{provider}: what the provider sent the browser back with."""
    configuration = _configuration(request)
    language, next_path = language_of(request), ""
    try:
        answer = _answer(request)
        if not is_known_browser(request):
            raise UnknownAttempt
        resumed = await _sign_in(request).resume(configuration.id, answer, browser_secret(request))
        language, next_path = _language(resumed.waiting.language), resumed.waiting.next_path
        identity = await _sign_in(request).identify(resumed, answer)
        return await as_writer(_enter, request, identity, language, next_path)
    except (OidcError, PersonDisabled) as error:
        return _failed(configuration, language, next_path, error)


def client_keys(request: Request) -> Response:
    """GET /sign-in/keys.json: the public keys that providers know this site by (RFC 7517)."""
    keys: dict[str, object] = {}
    for one in _settings(request).providers:
        for key in (one.authentication, one.decryption):
            if isinstance(key, ClientKey | DecryptionKey):
                keys[key.key_id] = key.public()
    return JSONResponse({"keys": list(keys.values())}, headers={"Cache-Control": "public, max-age=300"})


def oidc_routes() -> list[AccessRoute]:
    """All of the above. Everybody may sign in."""
    return [
        AccessRoute("/sign-in/keys.json", client_keys, access=Access.PUBLIC),
        AccessRoute(f"{CALLBACK}{{provider}}", callback, access=Access.PUBLIC),
        AccessRoute("/{lang}/sign-in/{provider}", page, access=Access.PUBLIC),
        AccessRoute("/{lang}/sign-in/{provider}", start, access=Access.PUBLIC, methods=["POST"]),
    ]


def _enter(request: Request, identity: Identity, language: Language, next_path: str) -> Response:
    with writing(desk_of(request).engine) as session:
        return begin_session(request, session, identity, language=language, next_path=next_path)


def _failed(
    configuration: ProviderConfiguration,
    language: Language,
    next_path: str,
    error: OidcError | PersonDisabled,
) -> Response:
    log.warning("Sign-in with %s: %s", configuration.id, error)
    code = ProviderMisbehaved.code if isinstance(error, IdTokenRefused) else error.code
    query = urlencode({"why": code, **({"next": next_path} if next_path else {})})
    return RedirectResponse(
        f"{Links(language).sign_in()}/{configuration.id}?{query}",
        status_code=303,
        headers={"Cache-Control": "no-store"},
    )


def _render(
    request: Request,
    configuration: ProviderConfiguration,
    language: Language,
    next_path: str,
    fault: Fault | None,
    address: str = "",
) -> Response:
    renderer: Renderer = request.app.state.renderer
    name = _name(configuration).in_(language)
    gettext = translations(language).gettext
    values = {
        "provider": configuration.id,
        "name": name,
        "next": next_path,
        "address": address,
        "title": gettext(fault.title) % {"provider": name} if fault else "",
        "sentence": gettext(fault.sentence) % {"provider": name} if fault else "",
    }
    return renderer.respond(
        request, language, "sign_in/provider.html", values, status=fault.status if fault else 200
    )


def _answer(request: Request) -> dict[str, str]:
    """The parameters of the address. One that comes twice is refused (RFC 6749 §3.1)."""
    items = request.query_params.multi_items()
    if len(request.url.query) > MAX_ANSWER or len({name for name, _ in items}) != len(items):
        raise UnknownAttempt
    return dict(items)


def _configuration(request: Request) -> ProviderConfiguration:
    name = request.path_params["provider"]
    if name not in _sign_in(request):
        raise PageNotFound(name)
    return _sign_in(request).configuration(name)


def _sign_in(request: Request) -> SignInProviders:
    found: SignInProviders = request.app.state.providers
    return found


def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


def _name(configuration: ProviderConfiguration) -> Text:
    return Text(configuration.name_en, configuration.name_vi)


def _next(path: str, language: Language) -> str:
    return safe_next(path[:MAX_NEXT], Links(language).my())


def _language(code: str) -> Language:
    return code if is_language(code) else DEFAULT
