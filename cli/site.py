"""The database of the settings, for commands beside a running server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from cli.output import UnusableInput, verdict_errors
from identity.errors import IdentityError
from mail.errors import MailError
from storage.engine import make_engine
from storage.errors import StorageError
from storage.migrate import migrate
from voting.errors import VotingError
from web.settings import Settings, UnusableSettings, read_settings

DATABASE_NOT_OPENED: Final = (
    "The database of PSEPHOS_DATABASE_URL cannot be opened. Does its folder or server exist?"
)
"""The driver's own text is not repeated: it may hold the address with its password."""


@contextmanager
def site() -> Iterator[tuple[Settings, Engine]]:
    """Settings of the environment and their database, migrated; everything refused ends with exit code 2."""
    with verdict_errors(False, UnusableSettings, StorageError, MailError, VotingError, IdentityError):
        settings = read_settings()
        engine = make_engine(settings.database_url)
        try:
            migrate(engine)
            yield settings, engine
        except OperationalError as error:
            raise UnusableInput(DATABASE_NOT_OPENED) from error
        finally:
            engine.dispose()
