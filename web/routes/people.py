"""People and roles: an administrator invites, appoints, shuts out. Everything is in the site log."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from crypto.encoding import decode_base64url, encode_base64url
from crypto.errors import CryptoError
from identity import appointing, invitations, people, second_factor
from identity.errors import IdentityError, LastAdministrator, LinkUnusable, NoSuchPerson, NotYourself
from identity.roles import Permission, Role
from mail.errors import MailError
from storage.session import reading, writing
from web.access import FORM_REFUSED, AccessRoute, actor, form_of, go, render
from web.errors import language_of
from web.forms import Form
from web.i18n import LANGUAGES, N_, is_language, translations
from web.links import Links
from web.pages.common import PageNotFound
from web.people_texts import ROLE_NAMES, ROLE_TASKS
from web.routes.sign_in import MAIL_MISSING, MAIL_WRONG, voice_of
from web.visitor import desk_of

NAME_MISSING: Final = N_("Enter the name as it will stand in the site log")
ROLES_MISSING: Final = N_("Choose at least one role")
LANGUAGE_MISSING: Final = N_("Choose the language of the invitation")
RULES: Final = {
    NotYourself.code: N_("Nobody changes their own roles or access. Ask another administrator."),
    LastAdministrator.code: N_("This is the only administrator. Appoint another one first."),
}
"""What a refused deed says, by the code of its error."""
_ROLES: Final = tuple(role.value for role in Role)


def page(request: Request) -> Response:
    """GET /{lang}/staff/people"""
    return _page(request, Form.filled(language_of(request), {"language": language_of(request)}))


def invite(request: Request) -> Response:
    """POST /{lang}/staff/people: invite somebody."""
    desk, form = desk_of(request), form_of(request)
    name = form.text("name", most=invitations.NAME_MAX, missing=form.say(NAME_MISSING))
    address = form.text("email", most=254, missing=form.say(MAIL_MISSING))
    roles = tuple(Role(role) for role in form.choices("roles", _ROLES, form.say(ROLES_MISSING)))
    language = form.choice("language", LANGUAGES, form.say(LANGUAGE_MISSING))
    if address:
        try:
            people.email_claim(address)
        except MailError:
            form.wrong("email", form.say(MAIL_WRONG))
    if not form.ok or not is_language(language):
        return _page(request, form, status=FORM_REFUSED)
    who = actor(request)
    words = translations(language)
    try:
        with writing(desk.engine) as session:
            link = invitations.invite(
                desk, session, who, name=name, address=address, roles=roles, language=language
            )
            invitations.send(
                desk,
                session,
                voice_of(request, language),
                address=address,
                link=link,
                inviter=who.name,
                role_names=", ".join(words.gettext(ROLE_NAMES[role]) for role in roles),
            )
    except NotYourself as error:
        form.wrong("email", form.say(RULES[error.code]))
        return _page(request, form, status=FORM_REFUSED)
    return go(f"{Links(language_of(request)).people()}#invited")


def withdraw(request: Request) -> Response:
    """POST /{lang}/staff/people/withdraw: make an open invitation worthless."""
    desk = desk_of(request)
    try:
        digest = decode_base64url(form_of(request).value("invitation"), 32)
        with writing(desk.engine) as session:
            invitations.withdraw(desk, session, actor(request), digest)
    except (CryptoError, LinkUnusable):
        pass  # it was used or withdrawn a moment before; the list shows it
    return go(Links(language_of(request)).people())


def person(request: Request) -> Response:
    """GET /{lang}/staff/people/{person}"""
    return _person(request, None)


def change_roles(request: Request) -> Response:
    """POST /{lang}/staff/people/{person}/roles"""
    form = form_of(request)
    roles = [Role(role) for role in form.choices("roles", _ROLES)]
    if not form.ok:
        return _person(request, form, status=FORM_REFUSED)
    desk = desk_of(request)
    try:
        with writing(desk.engine) as session:
            appointing.change_roles(desk, session, actor(request), _number(request), roles)
    except IdentityError as error:
        return _refused(request, form, error)
    return go(_place(request))


def disable(request: Request) -> Response:
    """POST /{lang}/staff/people/{person}/disable"""
    return _deed(request, appointing.disable)


def enable(request: Request) -> Response:
    """POST /{lang}/staff/people/{person}/enable"""
    return _deed(request, appointing.enable)


def reset(request: Request) -> Response:
    """POST /{lang}/staff/people/{person}/reset: take lost second factors away."""
    return _deed(request, appointing.reset_second_factor)


def people_routes() -> list[AccessRoute]:
    """All of the above."""
    place, need = "/{lang}/staff/people", Permission.MANAGE_PEOPLE
    return [
        AccessRoute(place, page, access=need),
        AccessRoute(place, invite, access=need, methods=["POST"]),
        AccessRoute(f"{place}/withdraw", withdraw, access=need, methods=["POST"]),
        AccessRoute(f"{place}/{{person}}", person, access=need),
        AccessRoute(f"{place}/{{person}}/roles", change_roles, access=need, methods=["POST"]),
        AccessRoute(f"{place}/{{person}}/disable", disable, access=need, methods=["POST"]),
        AccessRoute(f"{place}/{{person}}/enable", enable, access=need, methods=["POST"]),
        AccessRoute(f"{place}/{{person}}/reset", reset, access=need, methods=["POST"]),
    ]


def _deed(request: Request, verb: appointing.Verb) -> Response:
    desk = desk_of(request)
    try:
        with writing(desk.engine) as session:
            verb(desk, session, actor(request), _number(request))
    except IdentityError as error:
        return _refused(request, form_of(request), error)
    return go(_place(request))


def _refused(request: Request, form: Form, error: IdentityError) -> Response:
    if isinstance(error, NoSuchPerson):
        raise PageNotFound from error
    form.wrong("roles", form.say(RULES[error.code]))
    return _person(request, form, status=FORM_REFUSED)


def _number(request: Request) -> str:
    return str(request.path_params["person"])


def _place(request: Request) -> str:
    return f"{Links(language_of(request)).people()}/{_number(request)}"


def _role_options(form: Form) -> list[tuple[str, str, str]]:
    return [(role.value, form.say(ROLE_NAMES[role]), form.say(ROLE_TASKS[role])) for role in ROLE_NAMES]


def _page(request: Request, form: Form, *, status: int = 200) -> Response:
    desk = desk_of(request)
    with reading(desk.engine) as session:
        listed = people.staff(session)
        open_ones = invitations.open_invitations(desk, session)
    values = {
        "form": form,
        "people": listed,
        "invitations": [(encode_base64url(one.digest), one) for one in open_ones],
        "role_names": ROLE_NAMES,
        "role_options": _role_options(form),
    }
    return render(request, "staff/people.html", values, status=status)


def _person(request: Request, form: Form | None, *, status: int = 200) -> Response:
    desk = desk_of(request)
    try:
        with reading(desk.engine) as session:
            row = people.require_person(session, _number(request))
            roles = people.roles_of(session, row.id)
            factors = second_factor.factors_of(session, row.id)
            found = people.Person(row.id, row.name, roles, row.made_at, row.disabled_at)
    except NoSuchPerson as error:
        raise PageNotFound from error
    form = form or Form.filled(language_of(request), {"roles": [role.value for role in roles]})
    values = {
        "form": form,
        "person": found,
        "factors": factors,
        "role_options": _role_options(form),
        "own": actor(request).person_id == found.id,
        "place": _place(request),
    }
    return render(request, "staff/person.html", values, status=status)
