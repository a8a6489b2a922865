"""`psephos similar`: vectors of the model that the site names, each made once."""

from pathlib import Path

from consultation.similar.index import index_text
from consultation.subjects import Subject
from storage.engine import make_engine
from storage.session import writing
from tests.cli.desk import DONE, UNUSABLE, Ended, run_here
from tests.support.databases import make_tables
from tests.support.sentence_models import write_meanings


def test_vectors_are_made_once_for_each_model(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'psephos.sqlite'}"
    engine = make_engine(database)
    make_tables(engine)
    with writing(engine) as session:
        for number in range(40):  # more than go into one transaction
            index_text(session, Subject("petition", f"{number:016x}"), f"Lamps {number}", "", open=True)
    engine.dispose()

    def index(*options: str, **settings: str) -> Ended:
        where = {"PSEPHOS_DATABASE_URL": database, **settings}
        return run_here(["similar", "index", *options], tmp_path, where)

    unnamed = index()
    assert (unnamed.code, "PSEPHOS_SIMILAR_MODEL" in unnamed.err) == (UNUSABLE, True)
    broken = index(PSEPHOS_SIMILAR_MODEL=str(tmp_path))
    assert (broken.code, "holds no BERT sentence model" in broken.err) == (UNUSABLE, True)
    first, other = (str(write_meanings(tmp_path / name)) for name in ("first", "other"))
    for model, options, said in (
        (first, (), "40 vectors made by first@"),
        (first, (), "0 vectors made by first@"),
        (other, ("--forget-others",), "40 vectors of other models deleted.\n40 vectors made by other@"),
        (first, (), "40 vectors made by first@"),
    ):
        done = index(*options, PSEPHOS_SIMILAR_MODEL=model)
        assert (done.code, done.out.startswith(said)) == (DONE, True), done
