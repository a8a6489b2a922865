"""The site log: signed with every deed; whatever is changed afterwards is found, and where."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from identity import trail
from identity.errors import IdentityError, KeyMissing, TrailBroken
from identity.opening import open_desk
from identity.roles import Role
from identity.trail import System, record, verify_trail
from storage.session import reading, writing
from tests.support.desks import BASE_URL, DeskUnderTest, desk_under_test

ORIGIN = "localhost:8000/site"
TABLES = ("board_log", "board_body", "board_entry", "board_node", "board_checkpoint")


def fill(desk: DeskUnderTest) -> None:
    official = desk.signed_in(Role.OFFICIAL, name="Trần Thị Hoa")
    for number in range(4):
        desk.clock.wait(minutes=1)
        with writing(desk.desk.engine) as session:
            record(desk.desk, session, official, "election-frozen", f"election {number}", {"title": "Chợ"})


def verify(desk: DeskUnderTest, known: tuple[str, ...] = ()) -> int:
    with reading(desk.desk.engine) as session:
        return verify_trail(session, ORIGIN, desk.desk.keys.log.public_key, known)


def test_deeds_are_read_back_in_order(desk_anywhere: DeskUnderTest) -> None:
    fill(desk_anywhere)
    with reading(desk_anywhere.desk.engine) as session:
        found = trail.deeds(desk_anywhere.desk, session, 1, 10, with_names=True)
        public = trail.deeds(desk_anywhere.desk, session, 1, 10, with_names=False)
    assert [deed.subject for deed in found] == [f"election {number}" for number in range(4)]
    assert found[0].actor == "Trần Thị Hoa"
    assert found[0].roles == ("official",)
    assert found[0].detail == {"title": "Chợ"}
    assert [(deed.actor, deed.detail) for deed in public] == [(None, None)] * 4
    assert verify(desk_anywhere) == 5


def test_the_public_leaf_names_nobody(desk: DeskUnderTest) -> None:
    fill(desk)
    with reading(desk.desk.engine) as session:
        leaves = b"".join(session.execute(text("SELECT leaf FROM board_entry")).scalars())
    assert b"Hoa" not in leaves
    assert "Chợ".encode() not in leaves
    assert b"election-frozen" in leaves


def test_a_deed_that_fails_leaves_no_trace(desk: DeskUnderTest) -> None:
    def act_then_fail() -> None:
        with writing(desk.desk.engine) as session:
            record(desk.desk, session, System("clock"), "polls-opened", "election 1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act_then_fail()
    assert verify(desk) == 1


def test_a_clock_that_goes_back_does_not_stop_the_log(desk: DeskUnderTest) -> None:
    fill(desk)
    desk.clock.wait(days=-1)
    with writing(desk.desk.engine) as session:
        entry = record(desk.desk, session, System("clock"), "polls-opened", "election 1")
    assert entry.time > desk.clock()
    assert verify(desk) == 6


@pytest.mark.parametrize(
    ("deed", "subject", "detail"),
    [
        ("Frozen", "election 1", {}),
        ("frozen\n", "election 1", {}),
        ("frozen", "x" * 2001, {}),
        ("frozen", "x", {"a b": "c"}),
        ("frozen", "x", {"a": "c" * 2001}),
    ],
)
def test_deeds_are_bounded(desk: DeskUnderTest, deed: str, subject: str, detail: dict[str, str]) -> None:
    with writing(desk.desk.engine) as session, pytest.raises(ValueError, match=r"deed"):
        record(desk.desk, session, System("clock"), deed, subject, detail)
    assert verify(desk) == 1


def stored_values(path: Path) -> Iterator[tuple[str, str, int]]:
    """Every value of every row of the log's tables: (table, column, number of the row)."""
    with sqlite3.connect(path) as connection:
        for table in TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            for column in columns:
                yield from ((table, column, number) for number in range(rows))


def without_triggers(path: Path) -> sqlite3.Connection:
    """The database in the hands of somebody with a SQL prompt."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def altered(value: object) -> object:
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    if isinstance(value, int):
        return value + 1000
    assert isinstance(value, str)
    if value.startswith("2026-"):
        return value.replace("2026-", "2027-", 1)
    return value[:-3] + ("x" if value[-3] != "x" else "y") + value[-2:]


def test_altering_any_value_of_any_row_is_found(desk: DeskUnderTest, tmp_path: Path) -> None:
    fill(desk)
    assert verify(desk) == 5  # control
    path = tmp_path / "site.db"
    everything = list(stored_values(path))
    assert len(everything) > 90
    connection = without_triggers(path)
    missed = []
    for table, column, number in everything:
        key = f"SELECT * FROM {table} LIMIT 1 OFFSET {number}"  # noqa: S608
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        row = dict(zip(names, connection.execute(key).fetchone(), strict=True))
        where = " AND ".join(f'"{name}" IS ?' for name in names)
        changed = row | {column: altered(row[column])}
        statement = f'UPDATE {table} SET "{column}" = ? WHERE {where}'  # noqa: S608
        connection.execute(statement, (changed[column], *row.values()))
        try:
            verify(desk)
            missed.append((table, column, number))
        except TrailBroken:
            pass
        connection.execute(statement, (row[column], *changed.values()))
    connection.close()
    assert missed == []
    assert verify(desk) == 5  # everything is as it was


@pytest.mark.parametrize("table", TABLES)
def test_taking_any_row_away_is_found(desk: DeskUnderTest, tmp_path: Path, table: str) -> None:
    fill(desk)
    connection = without_triggers(tmp_path / "site.db")
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    for number in range(rows):
        connection.execute("BEGIN")
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        row = connection.execute(f"SELECT * FROM {table} LIMIT 1 OFFSET {number}").fetchone()  # noqa: S608
        where = " AND ".join(f'"{name}" IS ?' for name in names)
        connection.execute(f"DELETE FROM {table} WHERE {where}", row)  # noqa: S608
        connection.execute("COMMIT")
        with pytest.raises(TrailBroken):
            verify(desk)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608
    connection.close()
    assert verify(desk) == 5


def test_a_cut_end_shows_against_a_checkpoint_that_was_kept(desk: DeskUnderTest, tmp_path: Path) -> None:
    fill(desk)
    with reading(desk.desk.engine) as session:
        kept = trail.checkpoint(desk.desk, session)
    assert verify(desk, (kept,)) == 5
    connection = without_triggers(tmp_path / "site.db")
    connection.execute('DELETE FROM board_entry WHERE "index" = 4')
    connection.execute("DELETE FROM board_checkpoint WHERE size = 5")
    connection.execute('DELETE FROM board_node WHERE "index" = 4 AND level = 0')
    connection.close()
    assert verify(desk) == 4  # alone it looks whole
    with pytest.raises(TrailBroken, match="of 5 deeds was given out; there are 4"):
        verify(desk, (kept,))


def test_a_log_written_anew_shows_against_a_checkpoint_that_was_kept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with desk_under_test(f"sqlite:///{tmp_path / 'a' / 'site.db'}", tmp_path) as first:
        fill(first)
        with reading(first.desk.engine) as session:
            kept = trail.checkpoint(first.desk, session)
    (tmp_path / "b").mkdir()
    with desk_under_test(f"sqlite:///{tmp_path / 'b' / 'site.db'}", tmp_path) as second:  # the same keys
        fill(second)
        assert verify(second) == 5
        with pytest.raises(TrailBroken, match="does not continue"):
            verify(second, (kept,))


def test_another_key_is_refused(desk: DeskUnderTest, tmp_path: Path) -> None:
    fill(desk)
    (tmp_path / "other").mkdir()
    with desk_under_test(f"sqlite:///{tmp_path / 'other' / 'site.db'}", tmp_path / "other") as other:
        key = other.desk.keys.log.public_key
    with reading(desk.desk.engine) as session, pytest.raises(TrailBroken, match="not signed by this site"):
        verify_trail(session, ORIGIN, key)


@pytest.mark.parametrize("name", ["identity.person", "identity.seal", "site.log"])
def test_a_lost_key_is_not_silently_made_anew(desk: DeskUnderTest, name: str) -> None:
    (desk.secrets / f"{name}.key").unlink()
    with pytest.raises(KeyMissing, match=name.replace(".", r"\.")):
        open_desk(desk.desk.engine, desk.secrets, BASE_URL)
    assert not (desk.secrets / f"{name}.key").exists()


def test_opening_again_begins_nothing_anew(desk: DeskUnderTest) -> None:
    again = open_desk(desk.desk.engine, desk.secrets, BASE_URL)
    assert again.keys.person == desk.desk.keys.person
    assert again.keys.log.public_key == desk.desk.keys.log.public_key
    assert verify(desk) == 1


def test_a_folder_that_others_can_read_is_refused(desk: DeskUnderTest) -> None:
    desk.secrets.chmod(0o750)
    with pytest.raises(IdentityError, match="chmod 700"):
        open_desk(desk.desk.engine, desk.secrets, BASE_URL)
