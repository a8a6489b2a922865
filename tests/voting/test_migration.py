"""Migration 0002 taken back and done again: the boards stay."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect

from storage.migrate import MIGRATIONS, current_revision, migrate
from storage.session import reading
from tests.support.offices import FIRST, OfficeUnderTest
from voting.preparation import list_elections

TABLES = {"voting_election", "voting_roll", "voting_ballot", "voting_ciphertext", "voting_challenge"}


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_down_to_the_boards_and_up_again(office: OfficeUnderTest) -> None:
    office.cast(1, FIRST)
    boards = {name: rows for name, rows in office.everything().items() if name.startswith("board_")}
    assert boards["board_entry"]
    newest = current_revision(office.engine)
    assert tables(office.engine) >= TABLES
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with office.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    assert current_revision(office.engine) == "0001"
    assert not tables(office.engine) & TABLES
    migrate(office.engine)
    assert current_revision(office.engine) == newest
    assert tables(office.engine) >= TABLES
    again = office.everything()
    assert {name: rows for name, rows in again.items() if name.startswith("board_")} == boards
    with reading(office.engine) as session:
        assert list_elections(session) == []
