"""Questions and documents of a draft: each added, changed, moved and taken out on its own."""

from starlette.requests import Request
from starlette.responses import Response

from identity.roles import Permission
from voting.draft_document import DOCUMENT_CHARACTERS, DraftQuestion, Kind, Section, Words
from voting.draft_errors import FileRefused
from voting.draft_files import (
    DOCUMENT_BYTES_MAX,
    ENDINGS,
    StoredFile,
    attach_document,
    draft_document,
    move_document,
    remove_document,
    rename_document,
)
from voting.draft_questions import (
    NoSuchQuestion,
    QuestionChanged,
    TooManyQuestions,
    add_question,
    free_id,
    mark_of,
    move_question,
    remove_question,
    save_question,
)
from voting.draft_store import StoredDraft
from web.access import FORM_REFUSED, AccessRoute, form_of, go
from web.errors import language_of
from web.forms import Form
from web.i18n import N_
from web.pages import office_questions as questions_form
from web.pages.common import PageNotFound
from web.pages.office_forms import read_words
from web.routes.office_common import CONFLICT, by_of, draft_page, drafted, links_of, office_of, section_page
from web.routes.office_files import file_response

KIND_MISSING = N_("Choose the kind of question")
NAME_MISSING = N_("Name the document in at least one language; the other can follow")
FILE_MISSING = N_("Choose the file")
FAULTS = {
    "empty": N_("The file is empty. Choose another one."),
    "too-large": N_("The file is larger than 5 MB. Make it smaller, for instance without large pictures."),
    "type": N_("The file is none of PDF, PNG, JPEG and plain text (UTF-8). Save it as PDF and choose that."),
    "twice": N_("This very file is among the documents already."),
    "too-many": N_("There are 20 documents; no more are possible. Take one out first."),
}
UPLOAD_BYTES = DOCUMENT_BYTES_MAX + 200_000
TOO_MANY_QUESTIONS = N_("A vote has at most 20 questions. Take one out first.")


def questions(request: Request, found: StoredDraft) -> Response:
    """GET …/questions"""
    return section_page(request, found, Section.QUESTIONS, Form(language_of(request)))


def new(request: Request, found: StoredDraft) -> Response:
    """GET …/questions/new?kind=: first the kind, then the form."""
    kind = request.query_params.get("kind")
    form = Form(language_of(request))
    if found.prepared.settled:
        return section_page(request, found, Section.QUESTIONS, form)
    if kind not in set(Kind):
        if kind is not None:
            form.wrong("kind", form.say(KIND_MISSING))
        status = 200 if form.ok else FORM_REFUSED
        return draft_page(request, found, "office/question_kind.html", {"form": form}, status=status)
    filled = Form.filled(form.language, questions_form.empty_question(Kind(kind)))
    return _question_page(request, found, filled, Kind(kind), free_id(found.draft.questions), "")


def create(request: Request, found: StoredDraft) -> Response:
    """POST …/questions/new"""
    form = form_of(request)
    kind = form.value("kind")
    if kind not in set(Kind):
        raise PageNotFound(kind)
    question_id = form.value("id") or free_id(found.draft.questions)
    if form.value("deed") != "save":
        return _rearranged(request, found, form, Kind(kind), question_id, "")
    try:
        question = questions_form.read_question(form, question_id, Kind(kind))
        if question is not None:
            add_question(office_of(request), by_of(request), found.id, question)
            return go(links_of(request).draft(found.id, Section.QUESTIONS.value))
    except TooManyQuestions:
        form.wrong("text-en", form.say(TOO_MANY_QUESTIONS))
    except ValueError as error:  # an id that no form of ours holds
        raise PageNotFound(question_id) from error
    return _question_page(request, found, form, Kind(kind), question_id, "")


def edit(request: Request, found: StoredDraft) -> Response:
    """GET …/questions/{question}"""
    question = _question(request, found)
    if found.prepared.settled:
        return section_page(request, found, Section.QUESTIONS, Form(language_of(request)))
    form = Form.filled(language_of(request), questions_form.fill_question(question))
    return _question_page(request, found, form, Kind(question.kind), question.id, mark_of(question))


def save(request: Request, found: StoredDraft) -> Response:
    """POST …/questions/{question}"""
    known, form = _question(request, found), form_of(request)
    kind, mark = Kind(known.kind), form.value("mark")
    if form.value("deed") != "save":
        return _rearranged(request, found, form, kind, known.id, mark)
    question = questions_form.read_question(form, known.id, kind)
    if question is None:
        return _question_page(request, found, form, kind, known.id, mark)
    try:
        save_question(office_of(request), by_of(request), found.id, question, mark)
    except QuestionChanged as conflict:
        return _question_page(
            request, found, form, kind, known.id, mark_of(conflict.theirs), theirs=conflict.theirs
        )
    except NoSuchQuestion as error:
        raise PageNotFound(known.id) from error
    return go(links_of(request).draft(found.id, Section.QUESTIONS.value))


def move(request: Request, found: StoredDraft) -> Response:
    """POST …/questions/{question}/move: to the place, from 0, that the button names."""
    try:
        place = _place(form_of(request))
        move_question(office_of(request), by_of(request), found.id, request.path_params["question"], place)
    except NoSuchQuestion as error:
        raise PageNotFound(request.path_params["question"]) from error
    return go(links_of(request).draft(found.id, Section.QUESTIONS.value))


def remove(request: Request, found: StoredDraft) -> Response:
    """POST …/questions/{question}/remove"""
    remove_question(office_of(request), by_of(request), found.id, request.path_params["question"])
    return go(links_of(request).draft(found.id, Section.QUESTIONS.value))


def documents(request: Request, found: StoredDraft) -> Response:
    """GET …/documents"""
    return section_page(request, found, Section.DOCUMENTS, Form(language_of(request)))


def attach(request: Request, found: StoredDraft) -> Response:
    """POST …/documents: one file with its name."""
    form = form_of(request)
    name = _document_name(form)
    upload = form.file("file", most_bytes=UPLOAD_BYTES, missing=form.say(FILE_MISSING))
    if form.ok and upload is not None:
        try:
            attach_document(office_of(request), by_of(request), found.id, name, upload.data)
            return go(links_of(request).draft(found.id, Section.DOCUMENTS.value))
        except FileRefused as refused:
            form.wrong("file", form.say(FAULTS[refused.reason]))
    return section_page(request, found, Section.DOCUMENTS, form)


def change_document(request: Request, found: StoredDraft) -> Response:
    """POST …/documents/{sha256}: rename, move or remove, as the button says."""
    form, office, by = form_of(request), office_of(request), by_of(request)
    sha256 = request.path_params["sha256"]
    try:
        match form.value("deed"):
            case "move":
                move_document(office, by, found.id, sha256, _place(form))
            case "remove":
                remove_document(office, by, found.id, sha256)
            case _:
                name = _document_name(form)
                if not form.ok:
                    return section_page(request, found, Section.DOCUMENTS, form, {"renaming": sha256})
                rename_document(office, by, found.id, sha256, name)
    except FileRefused as error:
        raise PageNotFound(sha256) from error
    return go(links_of(request).draft(found.id, Section.DOCUMENTS.value))


def read_document(request: Request, found: StoredDraft) -> Response:
    """GET …/documents/{sha256}: the file itself."""
    try:
        file: StoredFile = draft_document(office_of(request), found.id, request.path_params["sha256"])
    except FileRefused as error:
        raise PageNotFound(request.path_params["sha256"]) from error
    ending = ENDINGS[file.document.media_type]
    return file_response(file.data, file.document.media_type, f"{file.document.name.either}{ending}")


def question_routes(draft: str) -> list[AccessRoute]:
    """All of the above. draft: path of a draft."""
    access, post = Permission.MANAGE_ELECTIONS, ["POST"]
    one, file = f"{draft}/questions/{{question}}", f"{draft}/documents/{{sha256}}"
    # 200 options of 300 characters in two languages, three bytes each, as a browser encodes them.
    limit = 2_000_000
    return [
        AccessRoute(f"{draft}/questions", drafted(questions), access=access),
        AccessRoute(f"{draft}/questions/new", drafted(new), access=access),
        AccessRoute(f"{draft}/questions/new", drafted(create), access=access, methods=post, limit=limit),
        AccessRoute(one, drafted(edit), access=access),
        AccessRoute(one, drafted(save), access=access, methods=post, limit=limit),
        AccessRoute(f"{one}/move", drafted(move), access=access, methods=post),
        AccessRoute(f"{one}/remove", drafted(remove), access=access, methods=post),
        AccessRoute(f"{draft}/documents", drafted(documents), access=access),
        AccessRoute(f"{draft}/documents", drafted(attach), access=access, methods=post, limit=UPLOAD_BYTES),
        AccessRoute(file, drafted(read_document), access=access),
        AccessRoute(file, drafted(change_document), access=access, methods=post),
    ]


def _question(request: Request, found: StoredDraft) -> DraftQuestion:
    name = request.path_params["question"]
    for question in found.draft.questions.questions:
        if question.id == name:
            return question
    raise PageNotFound(name)


def _question_page(
    request: Request,
    found: StoredDraft,
    form: Form,
    kind: Kind,
    question_id: str,
    mark: str,
    theirs: DraftQuestion | None = None,
) -> Response:
    status = CONFLICT if theirs else 200 if form.ok else FORM_REFUSED
    values = {
        "form": form,
        "kind": kind.value,
        "question_id": question_id,
        "opened_as": mark,
        "rows": questions_form.row_count(form),
        "theirs": theirs,
    }
    return draft_page(request, found, "office/question.html", values, status=status)


def _rearranged(
    request: Request, found: StoredDraft, form: Form, kind: Kind, question_id: str, mark: str
) -> Response:
    again = questions_form.rearranged(form, form.value("deed"))
    return _question_page(request, found, again, kind, question_id, mark)


def _document_name(form: Form) -> Words:
    name = read_words(form, "name", DOCUMENT_CHARACTERS)
    if not name.either:
        form.wrong("name-en", form.say(NAME_MISSING))
    return name


def _place(form: Form) -> int:
    typed = form.value("to")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= 3 else 0
