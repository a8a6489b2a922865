"""Invented voters keep to the rules of every kind of question."""

import pytest

from protocol.layout import lay_out
from protocol.manifest import Question
from rehearsal.random_votes import random_answer
from tests.support.elections import approval, choose_one, make_manifest, points, ranking

QUESTIONS: tuple[Question, ...] = (
    choose_one(2),
    choose_one(7),
    approval(5, 2, 4),
    approval(3, 0, 3),
    points(4, 5, 3, 12),
    points(3, 2, 6, 6),
    ranking(4),
)


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_answers_are_allowed(number: int) -> None:
    (layout,) = lay_out(make_manifest(questions=(QUESTIONS[number],)), 100)
    found = {random_answer(layout) for _ in range(50)}
    for values in found:
        layout.plaintexts(values)  # raises for an answer that the question does not allow
    assert len(found) > 1 or QUESTIONS[number] == points(3, 2, 6, 6)
