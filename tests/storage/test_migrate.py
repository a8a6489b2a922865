"""Migrations: all or none, once, and they make what the models say."""

import importlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, Integer, inspect, text
from sqlalchemy.types import TypeEngine

from storage.base import Base
from storage.engine import make_engine
from storage.errors import DatabaseTooNew, RevisionUnclear
from storage.migrate import MIGRATIONS, current_revision, migrate, newest_revision
from tests.support.repository import ROOMS, ROOT

HEAD = newest_revision()

FAILING = f'''
from alembic import op

revision = "9999"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.execute("CREATE TABLE half_done (id INTEGER)")
    op.execute("INSERT INTO half_done VALUES (1)")
    op.execute("INSERT INTO no_such_table VALUES (1)")
'''  # noqa: S608


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def copy_of_migrations(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(MIGRATIONS, tmp_path / "50% migrations", ignore=shutil.ignore_patterns("__pycache__"))
    )


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_an_empty_database_reaches_the_newest_revision_once(engine: Engine) -> None:
    assert current_revision(engine) is None
    migrate(engine)
    assert current_revision(engine) == HEAD
    before = tables(engine)
    migrate(engine)
    assert tables(engine) == before
    assert "board_entry" in before


def test_the_files_are_numbered_in_the_order_in_which_they_run() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_database_that_is_as_it_should_be_is_only_looked_at(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(engine)

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(command, "upgrade", never)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(AssertionError):
        migrate(engine)


@pytest.mark.parametrize("second", ["0001", "9999"])
def test_a_database_that_names_two_revisions_is_refused_and_stays(engine: Engine, second: str) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES (:second)"), {"second": second})
    before = tables(engine)
    assert current_revision(engine) is None
    with pytest.raises(RevisionUnclear, match="several revisions") as refused:
        migrate(engine)
    assert set(refused.value.revisions) == {HEAD, second}
    assert tables(engine) == before
    with engine.begin() as connection:
        assert set(connection.scalars(text("SELECT version_num FROM alembic_version"))) == {HEAD, second}
        connection.execute(
            text("DELETE FROM alembic_version WHERE version_num = :second"), {"second": second}
        )
    migrate(engine)
    assert current_revision(engine) == HEAD


def types_differ(
    context: MigrationContext,
    _in: object,
    _model: object,
    in_database: TypeEngine[Any],
    of_model: TypeEngine[Any],
) -> bool | None:
    """Alembic's own comparison, but SQLite's INTEGER and BIGINT are one type: 64 bits."""
    if (
        context.dialect.name == "sqlite"
        and isinstance(in_database, Integer)
        and isinstance(of_model, Integer)
    ):
        return False
    return None


def test_models_and_migrations_agree(engine: Engine) -> None:
    for room in sorted(ROOMS):
        for path in sorted((ROOT / room).rglob("*models.py")):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    migrate(engine)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": types_differ})
        assert compare_metadata(context, Base.metadata) == []


def test_a_failing_migration_leaves_the_database_as_it_was(engine: Engine, copy_of_migrations: Path) -> None:
    migrate(engine)
    before = tables(engine)
    (copy_of_migrations / "versions/9999_failing.py").write_text(FAILING, encoding="utf-8")
    with pytest.raises(Exception, match="no_such_table"):
        migrate(engine, copy_of_migrations)
    assert tables(engine) == before
    assert current_revision(engine) == HEAD


def test_a_failing_migration_of_an_empty_database_leaves_it_empty(
    engine: Engine, copy_of_migrations: Path
) -> None:
    (copy_of_migrations / "versions/9999_failing.py").write_text(FAILING, encoding="utf-8")
    with pytest.raises(Exception, match="no_such_table"):
        migrate(engine, copy_of_migrations)
    assert tables(engine) == set()
    migrate(engine)
    assert current_revision(engine) == HEAD


def test_the_failing_migration_would_have_been_found(engine: Engine, copy_of_migrations: Path) -> None:
    """Control: the same migration without its last statement does change the database."""
    harmless = FAILING.replace('    op.execute("INSERT INTO no_such_table VALUES (1)")\n', "")
    (copy_of_migrations / "versions/9999_failing.py").write_text(harmless, encoding="utf-8")
    migrate(engine, copy_of_migrations)
    assert "half_done" in tables(engine)
    assert current_revision(engine) == "9999"
    with pytest.raises(DatabaseTooNew, match="9999"):
        migrate(engine)


def test_servers_that_start_together_migrate_once(empty_database_url: str) -> None:
    engines = [make_engine(empty_database_url) for _ in range(3)]
    failures: list[BaseException] = []

    def start(engine: Engine) -> None:
        try:
            migrate(engine)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current_revision(engines[0]) == HEAD
    for engine in engines:
        engine.dispose()


def test_down_and_up_again(engine: Engine) -> None:
    migrate(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert tables(engine) == {"alembic_version"}
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            left = connection.scalar(text("SELECT count(*) FROM pg_proc WHERE proname LIKE 'psephos%'"))
        assert left == 0
    migrate(engine)
    assert current_revision(engine) == HEAD


def test_whoever_makes_a_migration_sees_the_rules(copy_of_migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(copy_of_migrations).replace("%", "%%"))
    made = ScriptDirectory.from_config(config).generate_revision("9999", "What changes", head="head")
    assert made is not None
    source = Path(made.path).read_text(encoding="utf-8")
    compile(source, made.path, "exec")
    assert "Rules for a safe migration" in source
    assert f"down_revision = {HEAD!r}" in source
    assert Path(made.path).name == "9999_what_changes.py"


def test_the_command_line_of_alembic_finds_the_migrations() -> None:
    config = Config(toml_file=ROOT / "pyproject.toml")
    assert Path(ScriptDirectory.from_config(config).dir) == MIGRATIONS
