"""One database of each kind for all tests of this folder, with nothing in its index at the start of a test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete, update

from consultation.similar.models import SimilarDocument, SimilarPosting, SimilarTerm, SimilarVector
from storage.engine import make_engine
from storage.session import writing
from tests.support.databases import BOTH, database


@pytest.fixture(scope="module", params=BOTH)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with database(request.param, request, tmp_path_factory.mktemp("similar")) as url:
        engine = make_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def engine(shared: Engine) -> Engine:
    with writing(shared) as session:
        session.execute(delete(SimilarPosting))
        session.execute(delete(SimilarVector))
        session.execute(delete(SimilarDocument))
        session.execute(delete(SimilarTerm).where(SimilarTerm.term != 0))
        session.execute(update(SimilarTerm).values(documents=0))
    return shared
