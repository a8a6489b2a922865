"""Pages of discussions: reading for everybody, writing and agreeing for whoever is signed in.

A page is the same for all who are not signed in and may be cached; a reader with a session sees their own votes and
the forms, and that answer is kept by nobody. `Vary: Cookie` says so. Nothing is written by a GET: a thread about a
petition or a vote begins with its first contribution.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeVar

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.differences import differences
from consultation.discussions.contributions import (
    VERSIONS_MAX,
    WORDS_MAX,
    Made,
    Side,
    Writing,
    contribute,
    edit,
    has_link,
    may_link,
    vote,
    withdraw,
)
from consultation.discussions.errors import EditedMeanwhile, LinksTooEarly, SideMissing
from consultation.discussions.reading import (
    Shown,
    find_contribution,
    mentioned,
    versions_of,
)
from consultation.discussions.rows import CONTRIBUTION
from consultation.discussions.sorting import Order
from consultation.discussions.threads import Thread, find_thread, known_thread, moment_in, thread_of
from consultation.errors import ConsultationError, NoSuchSubject
from consultation.kinds import is_public
from consultation.subjects import Subject
from identity.roles import Permission
from identity.sessions import SignedIn
from identity.trail import record
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.discussion_texts import COLUMNS, ORDERS, REFUSALS, SIDES, refuse
from web.errors import language_of, too_many
from web.forms import Form
from web.i18n import N_
from web.links import Links
from web.markdown import to_html
from web.pages.common import PageNotFound
from web.pages.discussions import (
    OnePage,
    ThreadPage,
    one_page,
    thread_page,
    thread_rows,
    thread_title,
    title_of,
)
from web.pages.moderation import HiddenHere
from web.rate_limits import AGREE, CONTRIBUTE, Rule, TooManyRequests, hit
from web.rendering import Renderer
from web.visitor import counted_as, desk_of, may_be_signed_in, safe_next, signed_in
from web.written import text_of

CONFLICT: Final = 409
WORDS_MISSING: Final = N_("Write your contribution")
VARY: Final = {"Vary": "Cookie"}
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_KIND: Final = re.compile(r"[a-z][a-z-]{0,31}")
_PLACE: Final = re.compile(r"[0-9A-Za-z._~-]{1,64}")
_AFTER_MAX: Final = 60
_BEFORE: Final = re.compile(r"[1-9][0-9]?")
HISTORY_PAGE: Final = 10
"""Versions on one page, each compared with the one before it."""
_Value = TypeVar("_Value")
_VOTES: Final[Mapping[str, bool | None]] = {"agree": True, "disagree": False, "none": None}


def index(request: Request) -> Response:
    """GET /{lang}/discussions?after="""
    desk = desk_of(request)
    after = request.query_params.get("after", "")[:_AFTER_MAX]
    with reading(desk.engine) as session:
        rows, mark = _read(lambda: thread_rows(session, desk.clock(), after))
    return render(request, "discussions/index.html", {"rows": rows, "after": mark, "first": not after})


def on(request: Request) -> Response:
    """GET /{lang}/discussions/on/{kind}/{place}: on to the thread, or the page on which the first one writes."""
    place, found = _place(request)
    if found is not None:
        return go(_links(request).discussion(found.id))
    return _thread_page(request, place, None, Form(language_of(request)))


def begin(request: Request) -> Response:
    """POST /{lang}/discussions/on/{kind}/{place}: the first contribution makes the thread."""
    return _write(request, *_place(request))


def thread(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}?sort=&side=&after="""
    found = _thread(request)
    return _thread_page(request, found.place, found, Form(language_of(request)))


def write(request: Request) -> Response:
    """POST /{lang}/discussions/{thread}: look at it first, or publish it."""
    found = _thread(request)
    return _write(request, found.place, found)


def one(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}/{number}?after=: a contribution and its replies."""
    return _one_page(request, Form(language_of(request)))


def replies(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}/{number}/replies: a part of the page of the thread."""
    values = _one_values(request, Form(language_of(request)))
    return render(request, "discussions/_replies_part.html", values, headers=VARY)


def reply(request: Request) -> Response:
    """POST /{lang}/discussions/{thread}/{number}"""
    form, visitor, desk = form_of(request), actor(request), desk_of(request)
    found, number = _thread(request), _number(request)
    words = _words(form)
    if form.ok and form.value("deed") == "publish":
        _count(request, form, CONTRIBUTE, visitor)
    if not form.ok or form.value("deed") != "publish":
        with reading(desk.engine) as session:
            _warn_of_links(session, form, words, visitor, desk.clock())
        return _one_page(request, form, words=words)
    made = Writing(found.id, visitor.person_id, words, number, office=_for_office(form, visitor))
    try:
        done = _publish(request, found.place, made)
    except ConsultationError as error:
        _refuse(request, form, error)
        return _one_page(request, form, words=words)
    return go(_links(request).discussion(done.thread, done.number))


def agree(request: Request) -> Response:
    """POST /{lang}/discussions/{thread}/{number}/vote: back to where the button was."""
    form, visitor, desk = form_of(request), actor(request), desk_of(request)
    found = _thread(request)
    choice = form.value("vote")
    if choice not in _VOTES:
        raise PageNotFound(choice)
    # Without it the form is not one of ours, and it is about words that nobody can have read.
    version = form.number("version", least=1, most=VERSIONS_MAX, wrong="") or 0
    hit(request, AGREE, subject=counted_as(request, visitor))
    with writing(desk.engine) as session:
        line = _line(request, session, found)
        try:
            now = moment_in(session, found.id, desk.clock, beside=True)
            vote(session, line.id, visitor.person_id, agrees=_VOTES[choice], version=version, now=now)
        except NoSuchSubject as error:
            raise PageNotFound(choice) from error
        except ConsultationError as error:
            return _refused(request, error)
    back = safe_next(form.value("back"), _links(request).discussion(found.id, line.number))
    return go(f"{back}#n{line.number}")


def edit_form(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}/{number}/edit"""
    found = _thread(request)
    with reading(desk_of(request).engine) as session:
        line = _own(request, session, found)
    values = {"words": line.words, "version": str(line.version)}
    return _edit_page(request, Form.filled(language_of(request), values))


def edit_words(request: Request) -> Response:
    """POST /{lang}/discussions/{thread}/{number}/edit"""
    form, visitor, desk = form_of(request), actor(request), desk_of(request)
    found = _thread(request)
    words = _words(form)
    version = form.number("version", least=1, most=10**9, wrong=form.say(REFUSALS[EditedMeanwhile]))
    if form.ok and form.value("deed") == "publish":
        _count(request, form, CONTRIBUTE, visitor)
    if not form.ok or form.value("deed") != "publish":
        with reading(desk.engine) as session:
            _warn_of_links(session, form, words, visitor, desk.clock())
        return _edit_page(request, form, words)
    with writing(desk.engine) as session:
        line = _own(request, session, found)
        try:
            now = moment_in(session, found.id, desk.clock)
            edit(session, line.id, visitor.person_id, words, version=version or 0, now=now)
        except ConsultationError as error:
            _refuse(request, form, error)
    if not form.ok:
        return _edit_page(request, form, words)
    return go(_links(request).discussion(found.id, line.number))


def history(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}/{number}/history?before=: versions, each beside the one before it.

    before: number of the version under which the page begins; the newest ones without it.
    """
    found = _thread(request)
    before = _BEFORE.fullmatch(request.query_params.get("before", str(VERSIONS_MAX + 1)))
    if before is None:
        raise PageNotFound("no such version")
    with reading(desk_of(request).engine) as session:
        line = _line(request, session, found)
        versions = [each for each in versions_of(session, line.id) if each.version <= int(before[0])]
        title = thread_title(session, found)
    if not versions:
        raise PageNotFound("no versions")
    page = versions[-HISTORY_PAGE:]
    changes = [(new, differences(old.words, new.words)) for old, new in pairwise(page)]
    values = {"thread": found, "title": title, "line": line, "first": page[0], "earlier": page[0].version > 1}
    return render(request, "discussions/history.html", {**values, "changes": list(reversed(changes))})


def withdraw_form(request: Request) -> Response:
    """GET /{lang}/discussions/{thread}/{number}/withdraw: what it means, before it is done."""
    found = _thread(request)
    with reading(desk_of(request).engine) as session:
        line = _own(request, session, found)
        values = {"thread": found, "title": thread_title(session, found), "line": line}
    return render(request, "discussions/withdraw.html", values)


def withdraw_words(request: Request) -> Response:
    """POST /{lang}/discussions/{thread}/{number}/withdraw"""
    desk = desk_of(request)
    found = _thread(request)
    with writing(desk.engine) as session:
        line = _own(request, session, found)
        withdraw(session, line.id, actor(request).person_id, desk.clock())
    return go(_links(request).discussion(found.id, line.number))


def discussion_routes() -> list[AccessRoute]:
    """All of the above."""
    every, post = "/{lang}/discussions", ("POST",)
    place, of = f"{every}/on/{{kind}}/{{place}}", f"{every}/{{thread}}"
    this = f"{of}/{{number}}"
    everybody, citizens = Access.PUBLIC, Access.SIGNED_IN
    return [
        AccessRoute(every, index, access=everybody),
        AccessRoute(place, on, access=everybody),
        AccessRoute(place, begin, access=citizens, methods=post),
        AccessRoute(of, thread, access=everybody),
        AccessRoute(of, write, access=citizens, methods=post),
        AccessRoute(this, one, access=everybody),
        AccessRoute(this, reply, access=citizens, methods=post),
        AccessRoute(f"{this}/replies", replies, access=everybody),
        AccessRoute(f"{this}/vote", agree, access=citizens, methods=post),
        AccessRoute(f"{this}/edit", edit_form, access=citizens),
        AccessRoute(f"{this}/edit", edit_words, access=citizens, methods=post),
        AccessRoute(f"{this}/history", history, access=everybody),
        AccessRoute(f"{this}/withdraw", withdraw_form, access=citizens),
        AccessRoute(f"{this}/withdraw", withdraw_words, access=citizens, methods=post),
    ]


def _write(request: Request, place: Subject, found: Thread | None) -> Response:
    form, visitor, desk = form_of(request), actor(request), desk_of(request)
    words, side = _words(form), None
    if found is not None and found.sided:
        # "neither" has a value of its own: an empty field is no answer.
        chosen = form.choice("side", [_side_value(each) for each in Side], form.say(REFUSALS[SideMissing]))
        side = _side_of(chosen) if chosen else None
    if form.ok and form.value("deed") == "publish":
        _count(request, form, CONTRIBUTE, visitor)
    if not form.ok or form.value("deed") != "publish":
        with reading(desk.engine) as session:
            _warn_of_links(session, form, words, visitor, desk.clock())
        return _thread_page(request, place, found, form, words)
    thread_id = "" if found is None else found.id
    made = Writing(thread_id, visitor.person_id, words, side=side, office=_for_office(form, visitor))
    try:
        done = _publish(request, place, made)
    except ConsultationError as error:
        _refuse(request, form, error)
        return _thread_page(request, place, found, form, words)
    return go(_links(request).discussion(done.thread, done.number))


def _publish(request: Request, place: Subject, wanted: Writing) -> Made:
    desk, visitor = desk_of(request), actor(request)
    with writing(desk.engine) as session:
        if not wanted.thread:
            wanted = replace(wanted, thread=thread_of(session, place, desk.clock()).id)
        made = contribute(session, wanted, moment_in(session, wanted.thread, desk.clock))
        if wanted.office:
            record(desk, session, visitor, "discussion-office-wrote", f"contribution {made.id}")
    return made


def _thread_page(
    request: Request, place: Subject, found: Thread | None, form: Form, words: str = ""
) -> Response:
    desk, reader = desk_of(request), _reader(request)
    now, person = desk.clock(), None if reader is None else reader.person_id
    with reading(desk.engine) as session:
        if found is None:
            title = title_of(session, place)
            if title is None:
                raise PageNotFound(str(place))
            page = ThreadPage(place, None, title, None, is_open=True, order=Order.AGREED)
        else:
            order, side, after = _asked(request)
            page = _read(
                lambda: thread_page(session, found, now, order=order, side=side, after=after, reader=person)
            )
    values = {**_shared(request, form, reader, page, words), "page": page}
    status = 200 if form.ok else FORM_REFUSED
    return render(request, "discussions/thread.html", values, status=status, headers=VARY)


def _one_page(request: Request, form: Form, words: str = "") -> Response:
    status = 200 if form.ok else FORM_REFUSED
    values = _one_values(request, form, words)
    return render(request, "discussions/one.html", values, status=status, headers=VARY)


def _one_values(request: Request, form: Form, words: str = "") -> dict[str, object]:
    desk, reader, found = desk_of(request), _reader(request), _thread(request)
    person = None if reader is None else reader.person_id
    _, _, after = _asked(request)
    with reading(desk.engine) as session:
        line = _line(request, session, found, person)
        page = _read(lambda: one_page(session, found, line, desk.clock(), after=after, reader=person))
    return {**_shared(request, form, reader, page, words), "page": page}


def _edit_page(request: Request, form: Form, words: str = "") -> Response:
    found = _thread(request)
    with reading(desk_of(request).engine) as session:
        line = _own(request, session, found)
        numbers = mentioned(session, found.id, [words])
        values: dict[str, object] = {
            "thread": found,
            "title": thread_title(session, found),
            "line": line,
            "form": form,
            "preview": _html(request, found.id, numbers)(words) if words and form.ok else "",
            "changes": differences(line.words, words) if words and form.ok else (),
        }
    return render(request, "discussions/edit.html", values, status=200 if form.ok else FORM_REFUSED)


def _shared(
    request: Request, form: Form, reader: SignedIn | None, page: ThreadPage | OnePage, words: str
) -> dict[str, object]:
    thread_id = "" if page.thread is None else page.thread.id
    html = _html(request, thread_id, page.numbers)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "POST" or request.url.path.endswith("/replies"):
        here = _links(request).discussion(thread_id) if thread_id else here
    return {
        "form": form,
        "reader": reader,
        "may_office": reader is not None and reader.may(Permission.ANSWER_PETITIONS),
        "html": html,
        "gone": page.gone,
        "here": here,
        "preview": html(words) if words and form.ok else "",
        "sides": [(_side_value(side), form.say(text)) for side, text in SIDES.items()],
        "columns": COLUMNS,
        "orders": ORDERS,
        "words_max": WORDS_MAX,
    }


def _html(request: Request, thread_id: str, numbers: Collection[int]) -> Callable[[str], str]:
    links, known = _links(request), frozenset(numbers)

    def address(number: int) -> str:
        return links.discussion(thread_id, number) if number in known else ""

    return lambda words: to_html(words, address)


def _reader(request: Request) -> SignedIn | None:
    """Who reads, where a cookie says that it may be somebody; without one the page stays everybody's."""
    return signed_in(request) if may_be_signed_in(request) else None


def _words(form: Form) -> str:
    return text_of(form, "words", WORDS_MAX, lines=True, missing=form.say(WORDS_MISSING))


def _for_office(form: Form, visitor: SignedIn) -> bool:
    return form.ticked("office") and visitor.may(Permission.ANSWER_PETITIONS)


def _warn_of_links(session: Session, form: Form, words: str, visitor: SignedIn, now: datetime) -> None:
    """In the preview already, so that nobody polishes what will be refused."""
    if (
        form.ok
        and has_link(words)
        and not _for_office(form, visitor)
        and not may_link(session, visitor.person_id, now)
    ):
        form.wrong("words", form.say(REFUSALS[LinksTooEarly]))


def _count(request: Request, form: Form, rule: Rule, visitor: SignedIn) -> None:
    try:
        hit(request, rule, subject=counted_as(request, visitor))
    except TooManyRequests as error:
        form.wrong("words", too_many(form.language, error.retry_after)[1])


def _refuse(request: Request, form: Form, error: ConsultationError) -> None:
    renderer: Renderer = request.app.state.renderer
    refuse(form, error, renderer.site, "side" if isinstance(error, SideMissing) else "words")


def _refused(request: Request, error: ConsultationError) -> Response:
    values = {"sentence": REFUSALS[type(error)], "back": _links(request).discussion(_thread(request).id)}
    return render(request, "discussions/refused.html", values, status=CONFLICT)


def _place(request: Request) -> tuple[Subject, Thread | None]:
    kind, place = request.path_params["kind"], request.path_params["place"]
    if not _KIND.fullmatch(kind) or not _PLACE.fullmatch(place):
        raise PageNotFound(kind)
    subject = Subject(kind, place)
    with reading(desk_of(request).engine) as session:
        if title_of(session, subject) is None:
            raise PageNotFound(str(subject))
        return subject, known_thread(session, subject)


def _thread(request: Request) -> Thread:
    with reading(desk_of(request).engine) as session:
        found = _read(lambda: find_thread(session, request.path_params["thread"]))
        if found.hidden_entry is not None:
            raise HiddenHere(found.hidden_entry)
        if not is_public(session, found.subject):
            raise PageNotFound(found.id)
    return found


def _number(request: Request) -> int:
    number = request.path_params["number"]
    if not _NUMBER.fullmatch(number):
        raise PageNotFound(number)
    return int(number)


def _line(request: Request, session: Session, found: Thread, reader: str | None = None) -> Shown:
    number = _number(request)
    return _read(lambda: find_contribution(session, found.id, number, reader))


def _own(request: Request, session: Session, found: Thread) -> Shown:
    """Of whoever is signed in, to be changed. What belongs to others has no such page."""
    line = _line(request, session, found, actor(request).person_id)
    if not line.own or line.withdrawn or line.hidden_entry is not None:
        raise PageNotFound(CONTRIBUTION)
    return line


def _asked(request: Request) -> tuple[Order, Side | None, str]:
    query = request.query_params
    order = query.get("sort", Order.AGREED.value)
    if order not in set(Order):
        raise PageNotFound(order)
    side = query.get("side", "")
    if side and side not in {_side_value(each) for each in Side}:
        raise PageNotFound(side)
    return Order(order), _side_of(side) if side else None, query.get("after", "")[:_AFTER_MAX]


def _side_value(side: Side) -> str:
    return side.value or "neither"


def _side_of(value: str) -> Side:
    return Side.NEITHER if value == "neither" else Side(value)


def _links(request: Request) -> Links:
    return Links(language_of(request))


def _read(read: Callable[[], _Value]) -> _Value:
    try:
        return read()
    except NoSuchSubject as error:
        raise PageNotFound(str(error)) from error
