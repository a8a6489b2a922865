"""Consultations for everybody: texts to read and comment on by paragraph, questions, results, and what came of it."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from consultation.differences import differences
from consultation.errors import ConsultationError, NoSuchSubject, TextRefused
from consultation.hearings.answers import (
    WORDS_MAX,
    WrittenAnswer,
    answer,
    answers_of,
    results_of,
    shown_participants,
    take_back,
    written_answer,
    written_answers,
)
from consultation.hearings.documents import (
    comments_of,
    compare,
    documents_of,
    find_document,
    history_of,
    paragraphs_of,
    removed_paragraphs,
    versions_of,
)
from consultation.hearings.errors import AnswerWrong, WrongPhase
from consultation.hearings.hearings import find_hearing, is_id, list_hearings
from consultation.hearings.outcome import themes_of
from consultation.hearings.questions import SCALE_STEPS, choices_of, find_question, questions_of
from consultation.hearings.types import Answer, Document, Hearing, Paragraph, Phase, Question, QuestionKind
from consultation.hearings.votes import votes_of
from consultation.text import written
from storage.session import reading, writing
from web.access import FORM_REFUSED, Access, AccessRoute, actor, form_of, go, render
from web.errors import language_of, too_many
from web.formats import zone_label
from web.forms import Form
from web.hearing_texts import FATES, PHASES, VERDICTS, refuse
from web.live.source import LivePages
from web.pages.common import PageNotFound
from web.pages.moderation import HiddenBox, HiddenHere, hidden_boxes
from web.rate_limits import CONTRIBUTE, TooManyRequests, hit
from web.routes.office_common import links_of, office_of, site_of
from web.visitor import counted_as, desk_of
from web.written import say

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_OVER: Final = (Phase.REVIEW, Phase.OUTCOME)
_ANSWERS_BYTES: Final = 1024 * 1024
"""Thirty questions with 2,000 characters each, as a form spells Vietnamese."""


def hearings(request: Request) -> Response:
    """GET /{lang}/consultations?after=: what takes comments now, what comes, then what is over, a page at a time."""
    desk, after = desk_of(request), request.query_params.get("after", "")
    now = desk.clock()
    with reading(desk.engine) as session:
        try:
            over = list_hearings(session, now, phases=_OVER, after=after)
        except NoSuchSubject as error:
            raise PageNotFound(after) from error
        values = {
            "current": ()
            if after
            else list_hearings(session, now, phases=(Phase.COMMENT,), limit=100).hearings,
            "coming": ()
            if after
            else list_hearings(session, now, phases=(Phase.INFORM,), limit=100).hearings,
            "over": over.hearings,
            "after": over.after,
            "first": not after,
            "phases": PHASES,
        }
    return render(request, "hearings/list.html", values)


def one(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}"""
    desk = desk_of(request)
    with reading(desk.engine) as session:
        hearing = _found(request, session)
        documents = [each for each in documents_of(session, hearing.id) if each.version]
        texts = []
        for document in documents:
            paragraphs = paragraphs_of(session, document.id, document.version)
            gone = [each for _, each in removed_paragraphs(session, document)]
            comments = comments_of(session, [each.id or "" for each in (*paragraphs, *gone)])
            texts.append((document, len(paragraphs), sum(comments.values())))
        over = hearing.phase in _OVER
        votes = votes_of(session, hearing.id)
        frozen = [vote.election for vote in votes if vote.election is not None]
        values = {
            "hearing": hearing,
            "texts": texts,
            "questions": questions_of(session, hearing.id),
            "results": _results(session, hearing, request) if over else (),
            "participants": shown_participants(hearing.participants),
            "themes": themes_of(session, hearing.id) if hearing.phase is Phase.OUTCOME else (),
            "phases": PHASES,
            "verdicts": VERDICTS,
            "share": Fraction,
            "zone": zone_label(site_of(request).local(hearing.plan.closes_at)),
            "votes": LivePages(office_of(request)).votes(session, frozen),
            "coming": sum(vote.election is None and not vote.gone for vote in votes),
            "overdue": hearing.is_overdue(desk.clock()),
        }
    return render(request, "hearings/page.html", values)


def document(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/documents/{document}?version="""
    with reading(desk_of(request).engine) as session:
        hearing, found = _document(request, session)
        number = _version(request, "version", found, found.version)
        paragraphs = paragraphs_of(session, found.id, number)
        removed = removed_paragraphs(session, found) if number == found.version else ()
        every = [each.id or "" for each in (*paragraphs, *(each for _, each in removed))]
        values = {
            "hearing": hearing,
            "document": found,
            "number": number,
            "versions": versions_of(session, found),
            "paragraphs": paragraphs,
            "removed": removed,
            "comments": comments_of(session, every),
            "gone": _gone(request, session, [*paragraphs, *(each for _, each in removed)]),
        }
    return render(request, "hearings/document.html", values)


def changes(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/documents/{document}/changes?from=&to=: paragraph by paragraph."""
    with reading(desk_of(request).engine) as session:
        hearing, found = _document(request, session)
        new = _version(request, "to", found, found.version)
        old = _version(request, "from", found, max(new - 1, 1))
        old, new = min(old, new), max(old, new)
        compared = compare(paragraphs_of(session, found.id, old), paragraphs_of(session, found.id, new))
        comments = comments_of(session, [each.paragraph for each in compared])
        versions = versions_of(session, found)
        gone = _gone(request, session, [each.new or each.old for each in compared])
    lines = [(each, _parts(each.old, each.new)) for each in compared]
    values = {
        "hearing": hearing,
        "document": found,
        "versions": versions,
        "old": old,
        "new": new,
        "lines": lines,
        "comments": comments,
        "fates": FATES,
        "gone": gone,
    }
    return render(request, "hearings/changes.html", values)


def paragraph(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/documents/{document}/paragraphs/{paragraph}: its words in every version."""
    with reading(desk_of(request).engine) as session:
        hearing, found = _document(request, session)
        try:
            history = history_of(session, found, request.path_params["paragraph"])
        except NoSuchSubject as error:
            raise PageNotFound(request.path_params["paragraph"]) from error
        newest = history[0][1]
        comments = comments_of(session, [newest.id or ""])
        gone = _gone(request, session, [newest])
    earlier = [*(each for _, each in history[1:]), None]
    lines = [
        (number, each, _parts(before, each))
        for (number, each), before in zip(history, earlier, strict=True)
        if before is None or before.words != each.words
    ]
    values = {
        "hearing": hearing,
        "document": found,
        "paragraph": newest,
        "last": history[0][0],
        "lines": lines,
        "comments": comments.get(newest.id or "", 0),
        "gone": gone,
    }
    return render(request, "hearings/paragraph.html", values)


def questions(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/questions: with what the reader has answered."""
    with reading(desk_of(request).engine) as session:
        hearing = _found(request, session)
        mine = answers_of(session, hearing.id, actor(request).person_id)
    fields: dict[str, str | tuple[str, ...]] = {}
    for number, said in mine.items():
        fields[f"q{number}"] = said.words or tuple(str(choice) for choice in said.choices)
    return _questions_page(request, Form.filled(language_of(request), fields))


def say_answers(request: Request) -> Response:
    """POST /{lang}/consultations/{hearing}/questions: one set, in the place of the earlier one."""
    form, desk, person = form_of(request), desk_of(request), actor(request).person_id
    with reading(desk.engine) as session:
        hearing = _found(request, session)
        asked = questions_of(session, hearing.id)
    given = {question.number: _answer(form, question) for question in asked}
    if form.ok:
        try:
            hit(request, CONTRIBUTE, subject=counted_as(request, actor(request)))
        except TooManyRequests as error:
            form.wrong("q1", too_many(form.language, error.retry_after)[1])
    if form.ok:
        try:
            with writing(desk.engine) as session:
                answer(session, hearing.id, person, given, desk.clock)
        except NoSuchSubject as error:
            raise PageNotFound(hearing.id) from error
        except AnswerWrong as error:
            refuse(form, error, f"q{error.number}")
        except ConsultationError as error:
            refuse(form, error, "q1")
    if not form.ok:
        return _questions_page(request, form)
    return go(f"{links_of(request).hearing(hearing.id, 'questions')}?kept=1")


def take_back_answers(request: Request) -> Response:
    """POST /{lang}/consultations/{hearing}/questions/take-back"""
    desk, links = desk_of(request), links_of(request)
    with reading(desk.engine) as session:
        hearing = _found(request, session)
    try:
        with writing(desk.engine) as session:
            take_back(session, hearing.id, actor(request).person_id, desk.clock)
    except WrongPhase:
        return go(links.hearing(hearing.id, "questions"))
    return go(f"{links.hearing(hearing.id, 'questions')}?taken=1")


def written_list(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/answers/{question}?after=: what was written, after the end."""
    with reading(desk_of(request).engine) as session:
        hearing, question = _written_question(request, session)
        after = request.query_params.get("after", "")
        if after and not is_id(after):
            raise PageNotFound(after)
        page = written_answers(session, question, after=after)
        gone = _gone(request, session, page.lines)
    values = {"hearing": hearing, "question": question, "page": page, "first": not after, "gone": gone}
    return render(request, "hearings/answers.html", values)


def written_one(request: Request) -> Response:
    """GET /{lang}/consultations/{hearing}/answers/{question}/{answer}: the place to which a report leads."""
    with reading(desk_of(request).engine) as session:
        hearing, question = _written_question(request, session)
        try:
            line = written_answer(session, question, request.path_params["answer"])
        except NoSuchSubject as error:
            raise PageNotFound("no such answer") from error
        gone = _gone(request, session, [line])
    values = {"hearing": hearing, "question": question, "line": line, "gone": gone}
    return render(request, "hearings/answer.html", values)


def hearing_routes() -> list[AccessRoute]:
    """All of the above."""
    path, everybody, signed_in = "/{lang}/consultations", Access.PUBLIC, Access.SIGNED_IN
    of = f"{path}/{{hearing}}"
    text, post = f"{of}/documents/{{document}}", ("POST",)
    return [
        AccessRoute(path, hearings, access=everybody),
        AccessRoute(of, one, access=everybody),
        AccessRoute(f"{of}/questions", questions, access=signed_in),
        AccessRoute(f"{of}/questions", say_answers, access=signed_in, methods=post, limit=_ANSWERS_BYTES),
        AccessRoute(f"{of}/questions/take-back", take_back_answers, access=signed_in, methods=post),
        AccessRoute(f"{of}/answers/{{question}}", written_list, access=everybody),
        AccessRoute(f"{of}/answers/{{question}}/{{answer}}", written_one, access=everybody),
        AccessRoute(text, document, access=everybody),
        AccessRoute(f"{text}/changes", changes, access=everybody),
        AccessRoute(f"{text}/paragraphs/{{paragraph}}", paragraph, access=everybody),
    ]


def _found(request: Request, session: Session) -> Hearing:
    name = request.path_params["hearing"]
    try:
        found = find_hearing(session, name, desk_of(request).clock())
    except NoSuchSubject as error:
        raise PageNotFound(name) from error
    if found.published_at is not None and found.hidden_entry is not None:
        raise HiddenHere(found.hidden_entry)
    if not found.is_public:
        raise PageNotFound(name)
    return found


def _gone(
    request: Request, session: Session, lines: Sequence[Paragraph | WrittenAnswer | None]
) -> Mapping[int, HiddenBox]:
    numbers = [None if line is None else line.hidden_entry for line in lines]
    return hidden_boxes(session, numbers, desk_of(request).clock())


def _document(request: Request, session: Session) -> tuple[Hearing, Document]:
    hearing, name = _found(request, session), request.path_params["document"]
    try:
        found = find_document(session, hearing.id, name)
    except NoSuchSubject as error:
        raise PageNotFound(name) from error
    if not found.version:
        raise PageNotFound(name)
    return hearing, found


def _written_question(request: Request, session: Session) -> tuple[Hearing, Question]:
    hearing = _found(request, session)
    try:
        question = find_question(session, hearing.id, _number(request.path_params["question"]))
    except NoSuchSubject as error:
        raise PageNotFound("no such question") from error
    if hearing.phase not in _OVER or question.kind is not QuestionKind.TEXT:
        raise PageNotFound("not public")
    return hearing, question


def _version(request: Request, name: str, found: Document, default: int) -> int:
    typed = request.query_params.get(name, "")
    number = _number(typed) if typed else default
    if number > found.version:
        raise PageNotFound(typed)
    return number


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise PageNotFound(text)
    return int(text)


def _parts(old: Paragraph | None, new: Paragraph | None) -> object:
    """Hidden words are shown in no version."""
    before, after = (
        "" if each is None or each.hidden_entry is not None else each.words for each in (old, new)
    )
    return differences(before, after)


def _results(session: Session, hearing: Hearing, request: Request) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    for tally in results_of(session, hearing.id, desk_of(request).clock()):
        most = max((count for count in tally.counts.values() if count is not None), default=0)
        found.append({"tally": tally, "most": most, "numbers": choices_of(tally.question)})
    return found


def _questions_page(request: Request, form: Form) -> Response:
    with reading(desk_of(request).engine) as session:
        hearing = _found(request, session)
        asked = questions_of(session, hearing.id)
        mine = answers_of(session, hearing.id, actor(request).person_id)
    if not asked:
        raise PageNotFound("no questions")
    values = {
        "hearing": hearing,
        "questions": asked,
        "form": form,
        "answered": bool(mine),
        "kept": request.query_params.get("kept") == "1" and bool(mine),
        "taken": request.query_params.get("taken") == "1" and not mine,
        "steps": range(1, SCALE_STEPS + 1),
        "words_max": WORDS_MAX,
    }
    return render(request, "hearings/questions.html", values, status=200 if form.ok else FORM_REFUSED)


def _answer(form: Form, question: Question) -> Answer:
    name = f"q{question.number}"
    if question.kind is QuestionKind.TEXT:
        try:
            return Answer((), written(form.value(name), WORDS_MAX, lines=True, least=0))
        except TextRefused as error:
            form.wrong(name, say(form, error))
            return Answer()
    offered = {str(number) for number in choices_of(question)}
    chosen = [value for value in form.values(name) if value != "-"]
    if not set(chosen) <= offered:
        refuse(form, AnswerWrong(question.number), name)
        return Answer()
    return Answer(tuple(sorted({int(value) for value in chosen})))
