"""Finding by sense beside the words: behind the same door, with a model that knows only a few synonyms."""

import math
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from consultation.similar.bert import BertEmbedder, UnusableModel
from consultation.similar.fold import words
from consultation.similar.index import forget_text, index_text, search
from consultation.similar.models import SimilarVector
from consultation.similar.sense import SHARE, Sense, packed
from consultation.subjects import Subject
from storage.session import reading, writing
from tests.support.sentence_models import write_meanings

MEANINGS = (("lamps", "lights", "illuminate", "đèn"), ("lake", "pond", "hồ"), ("school", "pupils", "trường"))
LAMPS, SCHOOL = Subject("petition", "1" * 16), Subject("petition", "2" * 16)


class Synonyms:
    """A real embedder of a language with three ideas: one dimension for each, and one for everything else."""

    def __init__(self, name: str = "synonyms@1") -> None:
        self.name = name
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        self.asked += texts
        return [self._one(text) for text in texts]

    def near(self, question: Sequence[float], packed: Sequence[bytes]) -> Sequence[float]:
        return [sum(a * b for a, b in zip(question, array("f", each), strict=True)) for each in packed]

    def _one(self, text: str) -> list[float]:
        found = list(words(text))
        counts = [float(sum(word in idea for word in found)) for idea in MEANINGS]
        length = math.hypot(*counts) or 1.0
        return [each / length for each in counts] if any(counts) else [0.0, 0.0, 0.0]


def title(session: Session, subject: Subject, title: str) -> str:
    del session, subject
    return title


@pytest.fixture
def filled(engine: Engine) -> Engine:
    with writing(engine) as session:
        index_text(session, LAMPS, "Put up lamps at the lake", "It is dark.", open=True)
        index_text(session, SCHOOL, "A crossing for the school", "Cars are fast.", open=True)
        index_text(session, Subject("topic", "3"), "Lights on the pond", "", open=True)
    return engine


def vectors(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(SimilarVector)) or 0


def test_what_shares_no_word_is_found_and_words_still_count(filled: Engine) -> None:
    sense = Sense(Synonyms())
    with reading(filled) as session:
        assert search(session, "illuminate pond", ("petition",)) == []
        assert sense.similar_petitions(session, "illuminate pond") == []
    assert sense.fill(filled, title) == 3
    assert sense.fill(filled, title) == 0
    with reading(filled) as session:
        found = sense.similar_petitions(session, "illuminate pond")
        assert [each.subject for each in found] == [LAMPS], "a topic is no petition"
        assert found[0].score > 0
        assert [each.subject for each in sense.similar_petitions(session, "crossing")] == [SCHOOL]
        assert [each.subject for each in sense.similar_petitions(session, "lights crossing", 1)] == [LAMPS]
        assert sense.similar_petitions(session, "  ") == []


def test_a_text_that_changes_or_goes_takes_its_vector_with_it(filled: Engine) -> None:
    sense = Sense(Synonyms())
    sense.fill(filled, title)
    with writing(filled) as session:
        forget_text(session, SCHOOL)
        index_text(session, LAMPS, "Mend the road", "", open=True)
    assert vectors(filled) == 1
    with reading(filled) as session:
        assert sense.similar_petitions(session, "illuminate pond") == []
    assert sense.fill(filled, title) == 1
    with writing(filled) as session:
        index_text(session, LAMPS, "Đèn ở hồ", "", open=True)
    sense.fill(filled, title)
    with reading(filled) as session:
        assert [each.subject for each in sense.similar_petitions(session, "illuminate pond")] == [LAMPS]


def test_vectors_of_another_model_are_never_compared(filled: Engine) -> None:
    Sense(Synonyms("old@1")).fill(filled, title)
    newer = Sense(Synonyms("new@1"))
    with reading(filled) as session:
        assert newer.similar_petitions(session, "illuminate pond") == []
    assert newer.fill(filled, title) == 3
    assert vectors(filled) == 6
    with writing(filled) as session:
        assert newer.forget_others(session) == 3
    assert vectors(filled) == 3


def test_a_text_that_goes_while_its_vector_is_made_gets_none(filled: Engine) -> None:
    class Slow(Synonyms):
        def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
            with writing(filled) as session:
                forget_text(session, SCHOOL)
            return super().embed(texts)

    Sense(Slow()).fill(filled, title)
    assert vectors(filled) == 2


def test_a_model_in_a_folder_ranks_by_what_words_mean(filled: Engine, tmp_path: Path) -> None:
    sense = Sense(BertEmbedder(write_meanings(tmp_path / "meanings")))
    assert sense.embedder.name.startswith("meanings@")
    assert sense.fill(filled, title) == 3

    def found(text: str) -> list[tuple[Subject, int]]:
        with reading(filled) as session:
            return [(each.subject, each.score) for each in sense.similar_petitions(session, text)]

    def of(cosine: float) -> object:
        return pytest.approx(1000 * SHARE * cosine, rel=0.02)

    # Neither word is in any title: what is found is found by the sense alone.
    assert found("Illuminate!") == [(LAMPS, of(1))]
    assert found("pupils") == [(SCHOOL, of(1))]
    assert found("illuminate pupils pupils") == [(SCHOOL, of(2 / 5**0.5)), (LAMPS, of(1 / 5**0.5))]
    assert found("Xylophone") == []
    # Two processes read each other's vectors.
    again = BertEmbedder(write_meanings(tmp_path / "meanings"))
    assert again.name == sense.embedder.name
    assert [*again.embed(["đèn"])[0]] == pytest.approx([0.5**0.5, -(0.5**0.5), 0, 0], abs=1e-5)


def test_a_folder_without_a_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"sense|holds no BERT"):
        BertEmbedder(tmp_path)
    assert packed([1.0, 0.5]) == array("f", [1.0, 0.5]).tobytes()
