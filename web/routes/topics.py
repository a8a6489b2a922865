"""Pages on which topics are opened and changed: by officials, and by citizens where officials allow it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.discussions.errors import LinksTooEarly, QuestionFixed
from consultation.discussions.reading import topic_threads
from consultation.discussions.threads import Thread, find_thread
from consultation.discussions.topics import (
    DUE_CHARACTERS,
    TITLE_CHARACTERS,
    WORDS_CHARACTERS,
    Text,
    Topic,
    change_topic,
    citizens_open,
    fixed_in,
    open_topic,
    set_citizens_open,
    topic_of,
)
from consultation.errors import ChangedMeanwhile, ConsultationError, NoSuchSubject
from consultation.hands import note_hand
from identity.roles import Permission
from identity.sessions import SignedIn
from identity.trail import record
from storage.session import reading, writing
from web.access import Access, AccessRoute, actor, form_of, go, render
from web.discussion_texts import REFUSALS, refuse
from web.errors import language_of, too_many
from web.formats import zone_of
from web.forms import SEEN, Form, moment_fields
from web.i18n import LANGUAGES, N_
from web.links import Links
from web.markdown import to_html
from web.pages.common import PageNotFound
from web.pages.discussions import topic_title
from web.rate_limits import TOPIC, TooManyRequests, hit
from web.routes.office_common import form_page, site_of, zone_here
from web.visitor import counted_as, desk_of
from web.written import OVERTAKEN, text_of, title_of

TITLE_MISSING: Final = N_("Write the question")
OVER_ALREADY: Final = N_("Choose a time that is still to come")
OFFICE: Final = Permission.ANSWER_PETITIONS


def new(request: Request) -> Response:
    """GET /{lang}/discussions/new"""
    return _new_page(request, Form(language_of(request)))


def make(request: Request) -> Response:
    """POST /{lang}/discussions/new"""
    form, visitor, desk = form_of(request), actor(request), desk_of(request)
    office = visitor.may(OFFICE)
    topic = _topic(request, form, office=office)
    if form.ok and not office:
        try:
            hit(request, TOPIC, subject=counted_as(request, visitor))
        except TooManyRequests as error:
            form.wrong("title", too_many(form.language, error.retry_after)[1])
    if not form.ok:
        return _new_page(request, form)
    with writing(desk.engine) as session:
        try:
            thread = open_topic(session, topic, visitor.person_id, desk.clock())
        except ConsultationError as error:
            refuse(form, error, site_of(request), "words" if isinstance(error, LinksTooEarly) else "title")
        else:
            if office:
                record(desk, session, visitor, "topic-opened", f"topic {thread.id}")
    return go(Links(form.language).discussion(thread.id)) if form.ok else _new_page(request, form)


def office_list(request: Request) -> Response:
    """GET /{lang}/office/discussions"""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        threads = topic_threads(session)
        rows = [(thread, topic_title(topic), thread.is_open(desk.clock())) for thread, topic in threads]
        everybody = citizens_open(session)
    return render(request, "discussions/office.html", {"rows": rows, "everybody": everybody})


def settings(request: Request) -> Response:
    """POST /{lang}/office/discussions: who opens topics."""
    form, desk = form_of(request), desk_of(request)
    everybody = form.ticked("everybody")
    with writing(desk.engine) as session:
        if citizens_open(session) is not everybody:
            set_citizens_open(session, value=everybody)
            deed = "topics-allowed" if everybody else "topics-reserved"
            record(desk, session, actor(request), deed, "site")
    return go(Links(form.language).office_discussions())


def change_form(request: Request) -> Response:
    """GET /{lang}/office/discussions/{thread}"""
    with reading(desk_of(request).engine) as session:
        thread, topic = _found(request, session)
    return _change_page(request, Form.filled(language_of(request), _fields(request, topic)), thread, topic)


def change(request: Request) -> Response:
    """POST /{lang}/office/discussions/{thread}"""
    form, desk = form_of(request), desk_of(request)
    with reading(desk.engine) as session:
        thread, before = _found(request, session)
    topic = _topic(request, form, office=True, past=True, kept=before, fixed=fixed_in(thread, before))
    if not form.ok:
        return _change_page(request, form, thread, before)
    try:
        with writing(desk.engine) as session:
            change_topic(session, thread.id, topic, form.value(SEEN))
            note_hand(session, thread.subject, actor(request).person_id)
            record(desk, session, actor(request), "topic-changed", f"topic {thread.id}")
    except ChangedMeanwhile:
        with reading(desk.engine) as session:
            thread, now_there = _found(request, session)
        form.overtaken(_fields(request, now_there))
        name = "due" if form.language in fixed_in(thread, now_there) else "title"
        form.wrong(f"{name}-{form.language}", form.say(OVERTAKEN))
        return _change_page(request, form, thread, now_there)
    except QuestionFixed as error:  # somebody has answered since
        with reading(desk.engine) as session:
            thread, now_there = _found(request, session)
        refuse(form, error, site_of(request), f"due-{form.language}")
        return _change_page(request, form, thread, now_there)
    return go(Links(form.language).discussion(thread.id))


def topic_routes() -> list[AccessRoute]:
    """All of the above. Before the routes of a discussion: `new` is no thread; before `/office/{election}`."""
    new_topic, office, post = "/{lang}/discussions/new", "/{lang}/office/discussions", ("POST",)
    return [
        AccessRoute(new_topic, new, access=Access.SIGNED_IN),
        AccessRoute(new_topic, make, access=Access.SIGNED_IN, methods=post),
        AccessRoute(office, office_list, access=OFFICE),
        AccessRoute(office, settings, access=OFFICE, methods=post),
        AccessRoute(f"{office}/{{thread}}", change_form, access=OFFICE),
        AccessRoute(f"{office}/{{thread}}", change, access=OFFICE, methods=post),
    ]


def _fields(request: Request, topic: Topic) -> dict[str, str]:
    fields = {
        f"{name}-{language}": getattr(text, language)
        for name, text in (("title", topic.title), ("words", topic.words), ("due", topic.due))
        for language in LANGUAGES
    }
    if topic.closes_at is not None:
        fields |= moment_fields("closes", topic.closes_at, zone_of(site_of(request).time_zone))
    return {SEEN: topic.seen, **fields}


def _topic(
    request: Request,
    form: Form,
    *,
    office: bool,
    past: bool = False,
    kept: Topic | None = None,
    fixed: Collection[str] = (),
) -> Topic:
    """What was filled in. A citizen writes in one language, the one of the page. past: whether the end may be over.

    kept: whose question and words stay in the languages that are `fixed`, for which there are no fields. A page that
    is older than an answer has them still: what it brings is for the verb to refuse.
    """
    if not office:
        title = title_of(form, "title", TITLE_CHARACTERS, missing=form.say(TITLE_MISSING))
        words = text_of(form, "words", WORDS_CHARACTERS, lines=True, least=0)
        in_english = form.language == "en"
        mine = [Text(en=text) if in_english else Text(vi=text) for text in (title, words)]
        return Topic(title=mine[0], words=mine[1], sided=form.ticked("sided"))
    stands = {language: kept.asks(language)[0] if kept is not None else "" for language in LANGUAGES}
    titles = (
        title_of(form, f"title-{language}", TITLE_CHARACTERS, least=0, kept=stands[language])
        for language in LANGUAGES
    )
    parts = {"title": Text(*titles)} | {
        name: Text(
            *(text_of(form, f"{name}-{language}", limit, lines=True, least=0) for language in LANGUAGES)
        )
        for name, limit in (("words", WORDS_CHARACTERS), ("due", DUE_CHARACTERS))
    }
    asked = [each for each in fixed if not any(getattr(parts[name], each) for name in ("title", "words"))]
    if kept is not None:
        for name, there in (("title", kept.title), ("words", kept.words)):
            parts[name] = replace(parts[name], **{each: getattr(there, each) for each in asked})
    if not (parts["title"].en or parts["title"].vi):
        form.wrong(f"title-{form.language}", form.say(TITLE_MISSING))
    closes_at = form.moment("closes", zone_of(site_of(request).time_zone))
    if closes_at is not None and not past and closes_at <= desk_of(request).clock():
        form.wrong("closes", form.say(OVER_ALREADY), "closes-day")
    return Topic(
        parts["title"],
        parts["words"],
        parts["due"],
        sided=form.ticked("sided"),
        closes_at=closes_at,
        office=True,
    )


def _new_page(request: Request, form: Form) -> Response:
    visitor: SignedIn = actor(request)
    with reading(desk_of(request).engine) as session:
        allowed = visitor.may(OFFICE) or citizens_open(session)
    values = {"zone": zone_here(request), "office": visitor.may(OFFICE), "allowed": allowed}
    return form_page(request, "discussions/new.html", form, values)


def _change_page(request: Request, form: Form, thread: Thread, topic: Topic) -> Response:
    values = {
        "zone": zone_here(request),
        "thread": thread,
        "topic": topic,
        "title": topic_title(topic),
        "fixed": fixed_in(thread, topic),
        "why_fixed": REFUSALS[QuestionFixed],
        "html": to_html,
    }
    return form_page(request, "discussions/change.html", form, values)


def _found(request: Request, session: Session) -> tuple[Thread, Topic]:
    try:
        thread = find_thread(session, request.path_params["thread"])
    except NoSuchSubject as error:
        raise PageNotFound(request.path_params["thread"]) from error
    topic = topic_of(session, thread.id)
    if topic is None:
        raise PageNotFound(thread.id)
    return thread, topic
