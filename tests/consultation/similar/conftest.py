"""One database of each kind for all tests of this folder, with nothing in its index at the start of a test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete, update

from consultation.similar.models import SimilarDocument, SimilarPosting, SimilarTerm
from storage.engine import make_engine
from storage.migrate import migrate
from storage.session import writing


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('similar') / 'similar.db'}"
        yield from migrated(url)
        return
    with request.getfixturevalue("postgres_server").fresh_database() as url:
        yield from migrated(url)


@pytest.fixture
def engine(shared: Engine) -> Engine:
    with writing(shared) as session:
        session.execute(delete(SimilarPosting))
        session.execute(delete(SimilarDocument))
        session.execute(delete(SimilarTerm).where(SimilarTerm.term != 0))
        session.execute(update(SimilarTerm).values(documents=0))
    return shared


def migrated(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    migrate(engine)
    yield engine
    engine.dispose()
