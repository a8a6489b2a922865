"""A migrated database with one empty log, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from board.log import LogId, create_log
from storage.engine import make_engine
from storage.session import writing
from tests.board.records import ORIGIN
from tests.support.databases import make_tables


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url)
    make_tables(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def log_id(engine: Engine) -> LogId:
    with writing(engine) as session:
        return create_log(session, ORIGIN)
