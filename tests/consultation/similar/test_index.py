"""The index, on both databases: what resembles comes first, and what is gone is gone."""

import csv
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from consultation.similar.index import (
    LIMIT_MAX,
    forget_text,
    index_text,
    search,
    set_open,
    similar_petitions,
)
from consultation.similar.models import SimilarPosting, SimilarTerm
from consultation.subjects import Subject
from storage.session import reading, writing
from tests.support.repository import ROOT

SAMPLE = ROOT / "tests" / "data" / "petitions" / "duplicates.csv"
RECALL_LEAST = 0.75
"""Of the sample; benchmarks/similar.py measures all pairs."""


def petition(number: object) -> Subject:
    return Subject("petition", str(number))


def put(engine: Engine, *titles: str, body: str = "") -> None:
    with writing(engine) as session:
        for number, title in enumerate(titles):
            index_text(session, petition(number), title, body, open=True)


def found(engine: Engine, text: str, limit: int = 5) -> list[str]:
    with reading(engine) as session:
        return [each.title for each in similar_petitions(session, text, limit)]


def test_exact_accents_come_first_and_others_follow(engine: Engine) -> None:
    exact = "Sửa nghĩa trang liệt sĩ của phường và trồng thêm cây xanh quanh khu dân cư Gò Mây"
    put(engine, "Nghia", "Nghìa", exact, "Trồng cây")
    assert found(engine, "nghĩa")[0] == exact
    assert set(found(engine, "nghĩa")) == {"Nghia", "Nghìa", exact}
    assert set(found(engine, "nghia")) == {"Nghia", "Nghìa", exact}


def test_d_with_stroke_is_found_without(engine: Engine) -> None:
    put(engine, "Đèn đường ở ngõ Đò", "Bãi rác")
    assert found(engine, "den duong ngo do") == ["Đèn đường ở ngõ Đò"]


def test_other_forms_of_a_word_meet_by_their_pieces(engine: Engine) -> None:
    put(engine, "Banning of plastic bags in markets", "More buses at night")
    assert found(engine, "ban plastics") == ["Banning of plastic bags in markets"]


def test_new_words_replace_old_ones_and_nothing_is_left_of_the_forgotten(engine: Engine) -> None:
    put(engine, "Reopen the swimming pool", body="Children learn to swim there.")
    with writing(engine) as session:
        index_text(session, petition(0), "A bridge for pedestrians", "", open=True)
    assert found(engine, "swimming pool") == []
    assert found(engine, "pedestrian bridge") == ["A bridge for pedestrians"]
    with writing(engine) as session:
        forget_text(session, petition(0))
        forget_text(session, petition(77))  # never was there
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(SimilarPosting)) == 0
        assert [(row.term, row.documents) for row in session.scalars(select(SimilarTerm))] == [(0, 0)]


def test_closed_ones_say_so_and_other_kinds_stay_apart(engine: Engine) -> None:
    put(engine, "Night buses")
    with writing(engine) as session:
        index_text(session, Subject("topic", "1"), "Night buses, what do you think?", "", open=True)
        set_open(session, petition(0), open=False)
    with reading(engine) as session:
        assert [(each.subject.kind, each.open) for each in similar_petitions(session, "night buses")] == [
            ("petition", False)
        ]
        assert {each.subject.kind for each in search(session, "night buses", ("petition", "topic"))} == {
            "petition",
            "topic",
        }


@pytest.mark.parametrize("text", ["", " \n", "!?…", "\0", "'; DROP TABLE similar_document; --", '% _ * " ('])
def test_a_question_without_words_finds_nothing(engine: Engine, text: str) -> None:
    put(engine, "Night buses")
    assert found(engine, text) == []


def test_answers_are_bounded(engine: Engine) -> None:
    put(engine, *(f"Night buses {number}" for number in range(LIMIT_MAX + 10)))
    assert len(found(engine, "night buses", limit=10**9)) == LIMIT_MAX
    assert len(found(engine, "night buses", limit=-1)) == 1


def test_two_at_once_leave_true_counts(engine: Engine) -> None:
    def add(number: int) -> None:
        with writing(engine) as session:
            index_text(session, petition(number), f"Lamps for lane {number % 3}", "", open=True)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [*range(12), *range(12)]))
    with reading(engine) as session:
        counted = dict(
            session.execute(select(SimilarPosting.term, func.count()).group_by(SimilarPosting.term)).all()
        )
        kept = {row.term: row.documents for row in session.scalars(select(SimilarTerm))}
    assert kept.pop(0) == 12
    assert kept == counted


def test_duplicates_that_moderators_found_are_found(engine: Engine) -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with writing(engine) as session:
        for row in rows:
            if row["role"] == "petition":
                index_text(session, petition(row["id"]), row["action"], row["background"], open=True)
    asked = [row for row in rows if row["role"] == "duplicate"]
    assert len(asked) >= 30
    with reading(engine) as session:
        hits = sum(
            row["similar_to"]
            in {
                each.subject.id
                for each in similar_petitions(session, f"{row['action']} {row['background']}", 5)
            }
            for row in asked
        )
    assert hits / len(asked) >= RECALL_LEAST
