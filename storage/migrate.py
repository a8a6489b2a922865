"""Bringing a database to the tables of this release.

Alembic is loaded only when there is something to migrate: almost every command finds the database as it should be.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, column, inspect, select, table, text

from storage.errors import DatabaseTooNew, RevisionUnclear

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_VERSION: Final = table("alembic_version", column("version_num"))

_MIGRATION_LOCK: Final = 0x70_73_65_70_68_6F_73
"""Key of the PostgreSQL advisory lock that keeps two starting servers from migrating together ("psephos")."""


def migrate(engine: Engine, folder: Path = MIGRATIONS) -> None:
    """Run all missing migrations, in one transaction: all of them or none.

    Raises: DatabaseTooNew, RevisionUnclear, DatabaseBusy's causes, and whatever a migration raises.
    """
    if (newest := newest_revision(folder)) is not None and current_revision(engine) == newest:
        return
    from alembic import command  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_config(folder))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        revisions = sorted(MigrationContext.configure(connection).get_current_heads())
        if len(revisions) > 1:
            raise RevisionUnclear(revisions)
        for revision in revisions:
            if not _knows(scripts, revision):
                raise DatabaseTooNew(revision)
        config = _config(folder)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(engine: Engine) -> str | None:
    """The last migration that ran on this database; None for an empty one, and where it does not say one alone."""
    with engine.begin() as connection:
        if not inspect(connection).has_table(_VERSION.name):
            return None
        found = connection.scalars(select(_VERSION.c.version_num)).all()
        return found[0] if len(found) == 1 else None


def newest_revision(folder: Path = MIGRATIONS) -> str | None:
    """The last migration of this release: the files are numbered in their order."""
    return max((path.name[:4] for path in folder.glob("versions/[0-9][0-9][0-9][0-9]_*.py")), default=None)


def _knows(scripts: ScriptDirectory, revision: str) -> bool:
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        return scripts.get_revision(revision) is not None
    except CommandError:
        return False


def _config(folder: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
