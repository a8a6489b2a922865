"""Bringing a database to the tables of this release."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, text

from storage.errors import DatabaseTooNew

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_MIGRATION_LOCK: Final = 0x70_73_65_70_68_6F_73
"""Key of the PostgreSQL advisory lock that keeps two starting servers from migrating together ("psephos")."""


def migrate(engine: Engine, folder: Path = MIGRATIONS) -> None:
    """Run all missing migrations, in one transaction: all of them or none.

    Raises: DatabaseTooNew, DatabaseBusy's causes, and whatever a migration raises.
    """
    scripts = ScriptDirectory.from_config(_config(folder))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is not None and not _knows(scripts, revision):
            raise DatabaseTooNew(revision)
        config = _config(folder)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(engine: Engine) -> str | None:
    """The last migration that ran on this database; None for an empty one."""
    with engine.begin() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision(folder: Path = MIGRATIONS) -> str | None:
    """The last migration of this release."""
    return ScriptDirectory.from_config(_config(folder)).get_current_head()


def _knows(scripts: ScriptDirectory, revision: str) -> bool:
    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
