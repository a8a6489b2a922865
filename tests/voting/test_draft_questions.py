"""Questions are saved one by one; what two officials do at once is never lost silently."""

import pytest

from tests.support.drafts import QUESTIONS, Preparing, question, words
from voting.draft_document import DraftQuestion
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


def questions(preparing: Preparing) -> tuple[DraftQuestion, ...]:
    return preparing.load().draft.questions.questions


def ids(preparing: Preparing) -> list[str]:
    return [each.id for each in questions(preparing)]


def test_sent_twice_it_is_there_once(preparing: Preparing) -> None:
    first = question(name=free_id(preparing.load().draft.questions))
    for _ in range(2):
        assert add_question(preparing.office, preparing.official, preparing.draft, first) == "q1"
    assert questions(preparing) == (first,)


def test_two_who_add_at_once_both_have_theirs(preparing: Preparing) -> None:
    first, second = question(), question("approval")
    add_question(preparing.office, preparing.official, preparing.draft, first)
    assert add_question(preparing.office, preparing.colleague, preparing.draft, second) == "q2"
    assert [each.kind for each in questions(preparing)] == ["choose-one", "approval"]


def test_two_who_change_two_questions_are_not_in_each_others_way(preparing: Preparing) -> None:
    preparing.save(QUESTIONS)
    marks = {each.id: mark_of(each) for each in QUESTIONS.questions}
    one, two = question(text=words("New one")), question("approval", "q2", text=words("New two"))
    save_question(preparing.office, preparing.official, preparing.draft, one, marks["q1"])
    save_question(preparing.office, preparing.colleague, preparing.draft, two, marks["q2"])
    assert questions(preparing)[:2] == (one, two)


def test_the_later_of_two_on_one_question_is_told(preparing: Preparing) -> None:
    preparing.save(QUESTIONS)
    mark = mark_of(QUESTIONS.questions[0])
    mine, theirs = question(text=words("Mine")), question(text=words("Theirs"))
    save_question(preparing.office, preparing.colleague, preparing.draft, theirs, mark)
    save_question(preparing.office, preparing.colleague, preparing.draft, theirs, mark)  # sent twice
    with pytest.raises(QuestionChanged) as refused:
        save_question(preparing.office, preparing.official, preparing.draft, mine, mark)
    assert refused.value.theirs == theirs
    assert questions(preparing)[0] == theirs
    save_question(preparing.office, preparing.official, preparing.draft, mine, mark_of(theirs))
    assert questions(preparing)[0] == mine


def test_moving_names_the_place_so_that_twice_is_once(preparing: Preparing) -> None:
    preparing.save(QUESTIONS)
    for _ in range(2):
        move_question(preparing.office, preparing.official, preparing.draft, "q4", 1)
    assert ids(preparing) == ["q1", "q4", "q2", "q3"]
    move_question(preparing.office, preparing.official, preparing.draft, "q1", 99)
    assert ids(preparing) == ["q4", "q2", "q3", "q1"]
    for _ in range(2):
        remove_question(preparing.office, preparing.official, preparing.draft, "q2")
    assert ids(preparing) == ["q4", "q3", "q1"]
    assert free_id(preparing.load().draft.questions) == "q2"
    with pytest.raises(NoSuchQuestion):
        move_question(preparing.office, preparing.official, preparing.draft, "q2", 0)
    with pytest.raises(NoSuchQuestion):
        save_question(preparing.office, preparing.official, preparing.draft, question(name="q2"), "")


def test_a_ballot_has_twenty_questions_at_most(preparing: Preparing) -> None:
    for number in range(20):
        made = question(name=f"q{number + 1}", text=words(f"Question {number}"))
        add_question(preparing.office, preparing.official, preparing.draft, made)
    with pytest.raises(TooManyQuestions):
        add_question(preparing.office, preparing.official, preparing.draft, question(name="q21"))
    assert len(ids(preparing)) == 20
