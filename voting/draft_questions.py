"""Questions of a draft, one at a time: two officials can work on two questions without being in each other's way."""

import hashlib

import msgspec
from sqlalchemy.orm import Session

from crypto.encoding import encode_base64url
from protocol.canonical import encode_canonical
from voting.deeds import By
from voting.draft_document import (
    QUESTIONS_MAX,
    DraftQuestion,
    Part,
    QuestionsPart,
    Section,
    next_id,
)
from voting.draft_errors import DraftError
from voting.drafts import change_section
from voting.office import Office


class NoSuchQuestion(DraftError):
    """The question was taken out."""

    code = "question-not-found"

    def __init__(self) -> None:
        super().__init__("This question is not there any more.")


class TooManyQuestions(DraftError):
    """A ballot has a bound."""

    code = "too-many-questions"

    def __init__(self) -> None:
        super().__init__(f"A vote has at most {QUESTIONS_MAX} questions.")


class QuestionChanged(DraftError):
    """Somebody saved the same question since this form was opened. theirs: what stands there now."""

    code = "question-changed"

    def __init__(self, theirs: DraftQuestion) -> None:
        super().__init__("Somebody saved this question meanwhile. Compare, then save again.")
        self.theirs = theirs


def mark_of(question: DraftQuestion) -> str:
    """What tells a form whether the question is still the one that it shows."""
    return encode_base64url(hashlib.sha256(encode_canonical(question)).digest())


def add_question(office: Office, by: By, draft_id: str, question: DraftQuestion) -> str:
    """Put a question behind the others; its id. question.id: as the form was given (`free_id`).

    Sent twice, it is there once. Where somebody else took the id meanwhile, it gets the next one.
    Raises: TooManyQuestions; as `change_section`.
    """
    made = question.id

    def add(_: Session, part: Part) -> Part:
        nonlocal made
        questions = _of(part).questions
        if question in questions:
            return part
        if len(questions) >= QUESTIONS_MAX:
            raise TooManyQuestions
        taken = tuple(each.id for each in questions)
        made = next_id("q", taken) if question.id in taken else question.id
        return QuestionsPart(questions=(*questions, msgspec.structs.replace(question, id=made)))

    change_section(office, by, draft_id, "question-added", Section.QUESTIONS, add)
    return made


def save_question(office: Office, by: By, draft_id: str, question: DraftQuestion, mark: str) -> None:
    """Replace a question. mark: `mark_of` the one that the form was opened with.

    Raises: NoSuchQuestion, QuestionChanged; as `change_section`.
    """

    def save(_: Session, part: Part) -> Part:
        questions = _having(part, question.id)
        known = next(each for each in questions if each.id == question.id)
        if known != question and mark_of(known) != mark:
            raise QuestionChanged(known)
        return QuestionsPart(
            questions=tuple(question if each.id == question.id else each for each in questions)
        )

    change_section(office, by, draft_id, "question-saved", Section.QUESTIONS, save)


def move_question(office: Office, by: By, draft_id: str, question_id: str, place: int) -> None:
    """Put a question at `place`, from 0. Raises: NoSuchQuestion; as `change_section`."""

    def move(_: Session, part: Part) -> Part:
        questions = list(_having(part, question_id))
        at = next(i for i, each in enumerate(questions) if each.id == question_id)
        questions.insert(max(0, min(len(questions) - 1, place)), questions.pop(at))
        return QuestionsPart(questions=tuple(questions))

    change_section(office, by, draft_id, "question-moved", Section.QUESTIONS, move)


def remove_question(office: Office, by: By, draft_id: str, question_id: str) -> None:
    """Take a question out. Gone already: nothing happens. Raises: as `change_section`."""

    def remove(_: Session, part: Part) -> Part:
        return QuestionsPart(questions=tuple(each for each in _of(part).questions if each.id != question_id))

    change_section(office, by, draft_id, "question-removed", Section.QUESTIONS, remove)


def free_id(part: QuestionsPart) -> str:
    """The id of the next question."""
    return next_id("q", tuple(question.id for question in part.questions))


def _of(part: Part) -> QuestionsPart:
    if not isinstance(part, QuestionsPart):
        raise TypeError("not the questions")
    return part


def _having(part: Part, question_id: str) -> tuple[DraftQuestion, ...]:
    questions = _of(part).questions
    if all(question.id != question_id for question in questions):
        raise NoSuchQuestion
    return questions
