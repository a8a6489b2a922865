"""My page: one's own sessions, passkeys, second factor and language. It never knows how anybody voted."""

from http import HTTPStatus
from io import BytesIO
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import segno
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.following.notices import unread
from consultation.personal import has_done_something
from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity import invitations, joining, passkeys, people, second_factor, sessions, trail
from identity.desk import Desk
from identity.errors import (
    AccountUsed,
    LinkUnusable,
    NotJoinable,
    PasskeyRefused,
    PersonDisabled,
    SecondFactorBlocked,
)
from identity.models import IdentityPerson
from identity.sessions import SignedIn
from identity.types import EMAIL
from storage.session import reading, writing
from web import problems
from web.access import FORM_REFUSED, Access, AccessRoute, actor, body_of, form_of, go, render
from web.errors import language_of
from web.forms import Form, MalformedForm
from web.i18n import LANGUAGES, N_, Text
from web.links import Links
from web.pages.common import PageNotFound
from web.people_texts import METHODS, ROLE_NAMES
from web.rate_limits import SIGN_IN, hit
from web.routes.oidc import providers
from web.routes.sign_in import CODE_BLOCKED, CODE_MISSING, disabled, json_response, unusable
from web.settings import Settings
from web.visitor import browser_secret, desk_of, device_of, enter, hold_session, keep_cookies

APP_CODE_WRONG: Final = N_(
    "This is not the code that the app shows now. Look again, and check the clock of the device."
)
LAST_FACTOR: Final = N_("Staff need a second factor. Set up another one before you remove this one.")
NAME_MISSING: Final = N_("Give the passkey a name, such as “my phone”")


def page(request: Request) -> Response:
    """GET /{lang}/my"""
    return _page(request, Form(language_of(request)))


def choose_language(request: Request) -> Response:
    """POST /{lang}/my/language: of the mails that this person gets."""
    desk, form = desk_of(request), form_of(request)
    language = form.choice("language", LANGUAGES, form.say(N_("Choose a language")))
    if not form.ok:
        return _page(request, form, status=FORM_REFUSED)
    with writing(desk.engine) as session:
        session.get_one(IdentityPerson, actor(request).person_id).language = language
    return go(Links(language_of(request)).my())


def end_session(request: Request) -> Response:
    """POST /{lang}/my/sessions/end: one of one's own sessions, or all but this."""
    desk, who, form = desk_of(request), actor(request), form_of(request)
    chosen = _bytes(form.value("session"), 32)
    with writing(desk.engine) as session:
        mine = {one.digest for one in sessions.sessions_of(desk, session, who.person_id)}
        if chosen is None:
            sessions.sign_out_everywhere(session, who.person_id, but=who.session)
            if who.is_staff:
                trail.record(desk, session, who, "signed-out-everywhere", f"person {who.person_id}")
        elif chosen in mine:
            sessions.sign_out(session, chosen)
    return go(Links(language_of(request)).my())


def passkey_options(request: Request) -> Response:
    """POST /{lang}/my/passkeys/options: what the browser needs to make a passkey."""
    desk, who = desk_of(request), actor(request)
    hit(request, SIGN_IN)
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _needs_factor()
        label = who.name or desk.host
        options = passkeys.registration_options(desk, session, who, label)
    return json_response(options.encode())


class NewPasskey(msgspec.Struct, forbid_unknown_fields=True):
    """What the script sends: the new credential as WebAuthn's JSON, and its name."""

    credential: dict[str, Any]
    name: Annotated[str, msgspec.Meta(max_length=passkeys.NAME_MAX)]


def add_passkey(request: Request) -> Response:
    """POST /{lang}/my/passkeys: keep a passkey that the browser made."""
    desk, who = desk_of(request), actor(request)
    try:
        answer = msgspec.json.decode(body_of(request), type=NewPasskey)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MalformedForm from error
    name = Form.filled(language_of(request), {"name": answer.name}).text("name", most=passkeys.NAME_MAX)
    refused, token = None, None
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _needs_factor()
        try:
            passkeys.register(
                desk, session, who, msgspec.json.encode(answer.credential), name or device_of(request)
            )
        except PasskeyRefused as error:
            refused = error
        else:
            # Made in this session by a device that checked its owner: the second factor is shown.
            token = sessions.note_second_factor(desk, session, who, "passkey")
            _end_others(request, session, token)
            _record(request, session, "second-factor-added", {"kind": "passkey"})
    if refused is not None or token is None:
        return problems.problem(HTTPStatus.FORBIDDEN, PasskeyRefused.code, str(refused))
    target = Links(language_of(request)).my()
    response = json_response(msgspec.json.encode({"next": target}))
    hold_session(request, response, token)
    return response


def rename_passkey(request: Request) -> Response:
    """POST /{lang}/my/passkeys/rename"""
    desk, form = desk_of(request), form_of(request)
    name = form.text("name", most=passkeys.NAME_MAX, missing=form.say(NAME_MISSING))
    key = _bytes_of_any_length(form.value("key"))
    if not form.ok:
        return _page(request, form, status=FORM_REFUSED)
    with writing(desk.engine) as session:
        passkeys.rename(session, actor(request).person_id, key, name)
    return go(Links(language_of(request)).my())


def remove_passkey(request: Request) -> Response:
    """POST /{lang}/my/passkeys/remove"""
    desk, who, form, links = desk_of(request), actor(request), form_of(request), Links(language_of(request))
    key = _bytes_of_any_length(form.value("key"))
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _show_factor(request, links.my())
        factors = second_factor.factors_of(session, who.person_id)
        if who.is_staff and not factors.app and factors.passkeys <= 1:
            form.wrong("key", form.say(LAST_FACTOR), "passkeys")
        elif passkeys.remove(session, who.person_id, key):
            _record(request, session, "second-factor-removed", {"kind": "passkey"})
    return go(links.my()) if form.ok else _page(request, form, status=FORM_REFUSED)


def app(request: Request) -> Response:
    """GET /{lang}/my/second-factor: set up an authenticator app, or a passkey."""
    return _app(request, Form(language_of(request)))


def confirm_app(request: Request) -> Response:
    """POST /{lang}/my/second-factor: the first code of the app. The answer shows the recovery codes, once."""
    desk, who, form = desk_of(request), actor(request), form_of(request)
    hit(request, SIGN_IN)
    code = form.text("code", most=20, missing=form.say(CODE_MISSING))
    if not form.ok:
        return _app(request, form, status=FORM_REFUSED)
    codes: list[str] = []
    token = b""
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _show_factor(request, f"{Links(language_of(request)).my()}/second-factor")
        try:
            confirmed = second_factor.confirm_app(desk, session, who.person_id, who.session, code)
        except SecondFactorBlocked as error:
            form.wrong("code", form.say(CODE_BLOCKED, time=f"{error.until:%H:%M}"))
        else:
            if confirmed:
                codes = second_factor.make_recovery_codes(desk, session, who.person_id)
                token = sessions.note_second_factor(desk, session, who, "app")
                _end_others(request, session, token)
                _record(request, session, "second-factor-added", {"kind": "app"})
            else:
                form.wrong("code", form.say(APP_CODE_WRONG))
    if not form.ok:
        return _app(request, form, status=FORM_REFUSED)
    response = render(request, "my/recovery_codes.html", {"codes": codes})
    hold_session(request, response, token)
    return response


def new_recovery_codes(request: Request) -> Response:
    """POST /{lang}/my/recovery-codes: ten new ones, shown once."""
    desk, who, links = desk_of(request), actor(request), Links(language_of(request))
    with writing(desk.engine) as session:
        factors = second_factor.factors_of(session, who.person_id)
        if not factors.any:
            return go(f"{links.my()}/second-factor")
        if not _may_change_factors(request, session):
            return _show_factor(request, links.my())
        codes = second_factor.make_recovery_codes(desk, session, who.person_id)
        _record(request, session, "recovery-codes-made", {})
    return render(request, "my/recovery_codes.html", {"codes": codes})


def invitation(request: Request) -> Response:
    """GET /{lang}/invitation?t=: what the link of an invitation opens. It changes nothing."""
    desk, token = desk_of(request), request.query_params.get("t", "")[:100]
    try:
        with reading(desk.engine) as session:
            found = invitations.look(desk, session, token)
    except LinkUnusable:
        return unusable(request)
    roles = [name for role, name in ROLE_NAMES.items() if role in found.roles]
    return render(request, "my/invitation.html", {"token": token, "invitation": found, "roles": roles})


def accept_invitation(request: Request) -> Response:
    """POST /{lang}/invitation: the roles are theirs; next they set up a second factor."""
    desk, links = desk_of(request), Links(language_of(request))
    hit(request, SIGN_IN)
    try:
        with writing(desk.engine) as session:
            accepted = invitations.accept(
                desk, session, form_of(request).value("t"), device=device_of(request)
            )
    except LinkUnusable:
        return unusable(request)
    except PersonDisabled:
        return disabled(request)
    return enter(request, accepted.token, f"{links.my()}/second-factor")


def begin_joining(request: Request) -> Response:
    """POST /{lang}/my/join/{provider}: on to the service with which this account shall sign in as well."""
    desk, links = desk_of(request), Links(language_of(request))
    provider = str(request.path_params["provider"])
    if provider not in {one.id for one in providers(request.app.state.settings)}:
        raise PageNotFound(provider)
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _show_factor(request, links.my())
        ticket = joining.begin(desk, session, actor(request), browser_secret(request))
    after = f"{links.my()}/join?t={ticket}"
    # Not to the service at once: its page tells what happens there, and this session stays until it has.
    response = go(f"{links.sign_in()}/{provider}?{urlencode({'next': after})}")
    keep_cookies(request, response)
    return response


def joinable(request: Request) -> Response:
    """GET /{lang}/my/join?t=: signed in with the other identity, and asked once more."""
    desk, ticket = desk_of(request), request.query_params.get("t", "")[:100]
    try:
        with reading(desk.engine) as session:
            account = joining.look(
                desk, session, ticket, browser_secret(request), actor(request), used=_used(desk)
            )
            name = account.name
    except (LinkUnusable, NotJoinable) as error:
        return _not_joined(request, error)
    return render(request, "my/join.html", {"ticket": ticket, "name": name})


def join(request: Request) -> Response:
    """POST /{lang}/my/join"""
    desk, links = desk_of(request), Links(language_of(request))
    try:
        with writing(desk.engine) as session:
            cookie = joining.join(
                desk,
                session,
                form_of(request).value("t"),
                browser_secret(request),
                actor(request),
                used=_used(desk),
                device=device_of(request),
            )
    except (LinkUnusable, NotJoinable) as error:
        return _not_joined(request, error)
    except PersonDisabled:
        return disabled(request)
    return enter(request, cookie, links.my())


def my_routes() -> list[AccessRoute]:
    """All of the above."""
    place, mine, post = "/{lang}/my", Access.SIGNED_IN, ["POST"]
    return [
        AccessRoute(place, page, access=mine),
        AccessRoute(f"{place}/language", choose_language, access=mine, methods=post),
        AccessRoute(f"{place}/sessions/end", end_session, access=mine, methods=post),
        AccessRoute(f"{place}/passkeys/options", passkey_options, access=mine, methods=post, json=True),
        AccessRoute(f"{place}/passkeys", add_passkey, access=mine, methods=post, json=True),
        AccessRoute(f"{place}/passkeys/rename", rename_passkey, access=mine, methods=post),
        AccessRoute(f"{place}/passkeys/remove", remove_passkey, access=mine, methods=post),
        AccessRoute(f"{place}/second-factor", app, access=mine),
        AccessRoute(f"{place}/second-factor", confirm_app, access=mine, methods=post),
        AccessRoute(f"{place}/recovery-codes", new_recovery_codes, access=mine, methods=post),
        AccessRoute(f"{place}/join", joinable, access=mine),
        AccessRoute(f"{place}/join", join, access=mine, methods=post),
        AccessRoute(f"{place}/join/{{provider}}", begin_joining, access=mine, methods=post),
        AccessRoute("/{lang}/invitation", invitation, access=Access.PUBLIC),
        AccessRoute("/{lang}/invitation", accept_invitation, access=Access.PUBLIC, methods=post),
    ]


def _used(desk: Desk) -> joining.Used:
    return lambda session, person: has_done_something(desk, session, person)


def _not_joined(request: Request, error: Exception) -> Response:
    values = {"used": isinstance(error, AccountUsed)}
    return render(request, "my/not_joined.html", values, status=HTTPStatus.GONE)


def _page(request: Request, form: Form, *, status: int = 200) -> Response:
    desk, who = desk_of(request), actor(request)
    with reading(desk.engine) as session:
        values = {
            "form": form,
            "who": who,
            "roles": [name for role, name in ROLE_NAMES.items() if role in who.roles],
            "mail_language": who.language,
            "sessions": [
                (encode_base64url(one.digest), one, [METHODS.get(method, method) for method in one.methods])
                for one in sessions.sessions_of(desk, session, who.person_id)
            ],
            "this_session": encode_base64url(who.session),
            "passkeys": [
                (encode_base64url(one.id), one) for one in passkeys.passkeys_of(session, who.person_id)
            ],
            "factors": second_factor.factors_of(session, who.person_id),
            "providers": providers(request.app.state.settings),
            "issuers": [issuer_name(request, issuer) for issuer in people.issuers_of(session, who.person_id)],
            "unread": unread(session, who.person_id),
            "changeable": _may_change_factors(request, session),
        }
    return render(request, "my/page.html", values, status=status)


def issuer_name(request: Request, issuer: str) -> str:
    """What a way to sign in is called: of a service its name, else its host."""
    language = language_of(request)
    if issuer == EMAIL:
        return Form(language).say(N_("A link by e-mail"))
    settings: Settings = request.app.state.settings
    for one in settings.providers:
        if one.issuer == issuer:
            return Text(one.name_en, one.name_vi).in_(language)
    return urlsplit(issuer).hostname or issuer


def _app(request: Request, form: Form, *, status: int = 200) -> Response:
    desk, who, links = desk_of(request), actor(request), Links(language_of(request))
    with writing(desk.engine) as session:
        if not _may_change_factors(request, session):
            return _show_factor(request, f"{links.my()}/second-factor")
        secret = second_factor.begin_app(desk, session, who.person_id, who.session, who.name or desk.host)
        factors = second_factor.factors_of(session, who.person_id)
    values = {
        "form": form,
        "groups": [secret.base32[at : at + 4] for at in range(0, len(secret.base32), 4)],
        "picture": _inline_qr(secret.uri),
        "factors": factors,
        "staff": who.is_staff,
    }
    return render(request, "my/second_factor.html", values, status=status)


def _may_change_factors(request: Request, session: Session) -> bool:
    """Whether this session may add or remove ways to sign in.

    Whoever has a second factor has to have shown it lately: else a thief of a mailbox or of an open browser would
    add one of their own. The first one is set up on the strength of the sign-in alone.
    """
    who = actor(request)
    has_any = second_factor.factors_of(session, who.person_id).any
    return not has_any or who.is_fresh(desk_of(request).clock())


def _show_factor(request: Request, then: str) -> Response:
    return go(f"{Links(language_of(request)).second_factor()}?next={then}")


def _needs_factor() -> Response:
    return problems.problem(HTTPStatus.FORBIDDEN, "second-factor-needed", "Show your second factor first.")


def _end_others(request: Request, session: Session, token: bytes) -> None:
    person = actor(request).person_id
    sessions.sign_out_everywhere(session, person, but=sessions.digest_of(token))


def _record(request: Request, session: Session, deed: str, detail: dict[str, str]) -> None:
    who: SignedIn = actor(request)
    if who.is_staff:
        trail.record(desk_of(request), session, who, deed, f"person {who.person_id}", detail)


def _inline_qr(text: str) -> Markup:
    """An inline SVG: the secret must not stand in the address of a picture."""
    picture = BytesIO()
    segno.make_qr(text, error="m").save(
        picture, kind="svg", xmldecl=False, svgns=False, omitsize=True, dark="#000", light="#fff",
        svgclass="ps-qr", lineclass=None,
    )  # fmt: skip
    svg = picture.getvalue().decode().replace("<svg", '<svg aria-hidden="true"', 1)
    return Markup(svg)  # noqa: S704 - made here, of squares only


def _bytes(text: str, length: int) -> bytes | None:
    try:
        return decode_base64url(text, length)
    except CryptoError:
        return None


def _bytes_of_any_length(text: str) -> bytes:
    """A passkey's id, at most 1023 bytes (WebAuthn, 4); empty for anything else."""
    length = len(text) * 3 // 4
    return (_bytes(text, length) if 0 < length <= 1023 else None) or b""
