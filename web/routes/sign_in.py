"""Signing in and out: a mailed link, a passkey, the second factor of staff. OpenID providers: `web.routes.oidc`."""

from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from identity import email_link, passkeys, second_factor, sessions, trail
from identity.errors import LinkUnusable, PasskeyRefused, PersonDisabled, SecondFactorBlocked
from mail.errors import MailError
from mail.mailbox import canonical_address
from mail.words import Voice
from storage.session import reading, writing
from web import problems
from web.access import (
    FORM_REFUSED,
    Access,
    AccessRoute,
    actor,
    body_of,
    form_of,
    go,
    render,
    signed_in,
)
from web.errors import language_of
from web.forms import Form, MalformedForm
from web.i18n import N_, Language
from web.links import Links
from web.pages.common import Site
from web.rate_limits import EMAIL_LINK, EMAIL_LINK_DAY, EMAIL_LINK_NETWORK, SIGN_IN, hit
from web.rendering import Renderer
from web.routes.oidc import providers
from web.visitor import (
    begin_session,
    browser_secret,
    desk_of,
    device_of,
    enter,
    hold_session,
    leave,
    safe_next,
)

MAIL_MISSING: Final = N_("Enter your e-mail address")
MAIL_WRONG: Final = N_("Enter an e-mail address with an @, such as name@example.org")
CODE_MISSING: Final = N_("Enter the code of your app, or a recovery code")
CODE_WRONG: Final = N_(
    "This code is not right, or it was used before. Wait until your app shows the next one and enter that."
)
CODE_BLOCKED: Final = N_("Too many wrong codes. You can try again at %(time)s UTC.")
_NEXT_MAX: Final = 520


def page(request: Request) -> Response:
    """GET /{lang}/sign-in?next="""
    language = language_of(request)
    next_path = request.query_params.get("next", "")[:_NEXT_MAX]
    if signed_in(request) is not None:
        return go(safe_next(next_path, Links(language).my()))
    return _page(request, Form.filled(language, {"next": safe_next(next_path, "")}))


def ask(request: Request) -> Response:
    """POST /{lang}/sign-in: mail a link. The answer is the same whatever the address is to this site."""
    form, desk, language = form_of(request), desk_of(request), language_of(request)
    typed = form.text("email", most=254, missing=form.say(MAIL_MISSING))
    next_path = safe_next(form.value("next"), "")
    if form.ok:
        try:
            mailbox = canonical_address(typed)
        except MailError:
            form.wrong("email", form.say(MAIL_WRONG))
    if not form.ok:
        return _page(request, form, status=FORM_REFUSED)
    # The network first: one that has come too often must not use up the links of mailboxes, of all voters for example.
    hit(request, EMAIL_LINK_NETWORK, EMAIL_LINK, EMAIL_LINK_DAY, subject=mailbox)
    with writing(desk.engine) as session:
        email_link.ask(desk, session, typed, browser_secret(request), voice_of(request, language), next_path)
    return go(f"{Links(language).sign_in()}/sent")


def sent(request: Request) -> Response:
    """GET /{lang}/sign-in/sent"""
    return render(request, "sign_in/sent.html", {"minutes": int(email_link.LIFETIME.total_seconds() // 60)})


def link(request: Request) -> Response:
    """GET /{lang}/sign-in/link?t=: what the mailed link opens. It changes nothing."""
    desk, token = desk_of(request), request.query_params.get("t", "")[:100]
    try:
        with reading(desk.engine) as session:
            found = email_link.look(desk, session, token, browser_secret(request))
    except LinkUnusable:
        return unusable(request)
    return render(request, "sign_in/link.html", {"token": token, "same_browser": found.same_browser})


def follow(request: Request) -> Response:
    """POST /{lang}/sign-in/link: use the link up and sign in."""
    desk, language = desk_of(request), language_of(request)
    hit(request, SIGN_IN)
    try:
        with writing(desk.engine) as session:
            known, next_path = email_link.use(desk, session, form_of(request).value("t"))
            return begin_session(request, session, known, language=language, next_path=next_path)
    except LinkUnusable:
        return unusable(request)
    except PersonDisabled:
        return disabled(request)


def second(request: Request) -> Response:
    """GET /{lang}/sign-in/second-factor?next="""
    desk, who, language = desk_of(request), actor(request), language_of(request)
    next_path = safe_next(request.query_params.get("next", "")[:_NEXT_MAX], "")
    with reading(desk.engine) as session:
        factors = second_factor.factors_of(session, who.person_id)
    if not factors.any:
        return go(f"{Links(language).my()}/second-factor")
    if who.is_fresh(desk.clock()):
        return go(next_path or Links(language).staff())
    return _second(request, Form.filled(language, {"next": next_path}), factors)


def show_second(request: Request) -> Response:
    """POST /{lang}/sign-in/second-factor"""
    desk, who, form, language = desk_of(request), actor(request), form_of(request), language_of(request)
    hit(request, SIGN_IN)
    code = form.text("code", most=60, missing=form.say(CODE_MISSING))
    next_path = safe_next(form.value("next"), Links(language).staff())
    with writing(desk.engine) as session:
        factors = second_factor.factors_of(session, who.person_id)
        if form.ok:
            try:
                method = second_factor.check_code(desk, session, who.person_id, code)
            except SecondFactorBlocked as error:
                form.wrong("code", form.say(CODE_BLOCKED, time=f"{error.until:%H:%M}"))
            else:
                if method is not None:
                    token = sessions.note_second_factor(desk, session, who, method)
                    if who.is_staff:
                        subject = f"person {who.person_id}"
                        trail.record(desk, session, who, "signed-in", subject, {"method": method})
                    return enter(request, token, next_path)
                form.wrong("code", form.say(CODE_WRONG))
    return _second(request, form, factors, status=FORM_REFUSED)


def passkey_options(request: Request) -> Response:
    """POST /{lang}/sign-in/passkey/options: a challenge for this browser."""
    desk = desk_of(request)
    hit(request, SIGN_IN)
    with writing(desk.engine) as session:
        options = passkeys.sign_in_options(desk, session, browser_secret(request))
    return json_response(options.encode())


class PasskeyAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """What the script sends: the credential as WebAuthn's JSON, and where to go then."""

    credential: dict[str, Any]
    next: Annotated[str, msgspec.Meta(max_length=_NEXT_MAX)] = ""


def passkey(request: Request) -> Response:
    """POST /{lang}/sign-in/passkey: sign in with what the browser's passkey signed."""
    language = language_of(request)
    hit(request, SIGN_IN)
    try:
        answer = msgspec.json.decode(body_of(request), type=PasskeyAnswer)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MalformedForm from error
    credential = msgspec.json.encode(answer.credential)
    try:
        token = _by_passkey(request, credential)
    except (PasskeyRefused, PersonDisabled) as error:
        return problems.problem(HTTPStatus.FORBIDDEN, error.code, str(error))
    target = safe_next(answer.next, Links(language).my())
    response = json_response(msgspec.json.encode({"next": target}))
    hold_session(request, response, token)
    return response


def sign_out(request: Request) -> Response:
    """POST /{lang}/sign-out"""
    return leave(request, Links(language_of(request)).home())


def sign_in_routes() -> list[AccessRoute]:
    """All of the above. Everybody may sign in."""
    place = "/{lang}/sign-in"
    public, post = Access.PUBLIC, ["POST"]
    return [
        AccessRoute(place, page, access=public),
        AccessRoute(place, ask, access=public, methods=post),
        AccessRoute(f"{place}/sent", sent, access=public),
        AccessRoute(f"{place}/link", link, access=public),
        AccessRoute(f"{place}/link", follow, access=public, methods=post),
        AccessRoute(f"{place}/second-factor", second, access=Access.SIGNED_IN),
        AccessRoute(f"{place}/second-factor", show_second, access=Access.SIGNED_IN, methods=post),
        AccessRoute(f"{place}/passkey/options", passkey_options, access=public, methods=post, json=True),
        AccessRoute(f"{place}/passkey", passkey, access=public, methods=post, json=True),
        AccessRoute("/{lang}/sign-out", sign_out, access=public, methods=post),
    ]


def json_response(body: bytes) -> Response:
    """JSON for a script of ours, kept by nobody."""
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def unusable(request: Request) -> Response:
    """The page for a mailed link that is used up, too old or was never sent."""
    return render(request, "sign_in/unusable.html", status=HTTPStatus.GONE)


def disabled(request: Request) -> Response:
    """The page for somebody whom an administrator has shut out."""
    return render(request, "sign_in/disabled.html", status=HTTPStatus.FORBIDDEN)


def voice_of(request: Request, language: Language) -> Voice:
    """Who writes the mails of this site."""
    renderer: Renderer = request.app.state.renderer
    site: Site = renderer.site
    return Voice(language, site.authority.in_(language), site.help_line)


def _by_passkey(request: Request, credential: bytes) -> bytes:
    """The cookie of the new session. A challenge that was answered wrongly stays used up.

    Raises: PasskeyRefused, PersonDisabled.
    """
    desk, refused = desk_of(request), None
    with writing(desk.engine) as session:
        before = signed_in(request)
        try:
            person, known = passkeys.check(desk, session, browser_secret(request), credential)
        except PasskeyRefused as error:
            refused = error
        else:
            if before is not None:
                sessions.sign_out(session, before.session)
            token = sessions.open_session(
                desk, session, person, known, device=device_of(request), second_factor=True
            )
            who = sessions.find_session(desk, session, token)
            if who is not None and who.is_staff:
                trail.record(desk, session, who, "signed-in", f"person {person}", {"method": "passkey"})
    if refused is not None:
        raise refused
    return token


def _page(request: Request, form: Form, *, status: int = 200) -> Response:
    settings = request.app.state.settings
    values = {"form": form, "providers": providers(settings), "next": safe_next(form.value("next"), "")}
    return render(request, "sign_in/page.html", values, status=status)


def _second(request: Request, form: Form, factors: second_factor.Factors, *, status: int = 200) -> Response:
    values = {"form": form, "factors": factors, "next": safe_next(form.value("next"), "")}
    return render(request, "sign_in/second_factor.html", values, status=status)
