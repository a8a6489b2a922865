"""Create the tables of the board, which refuse every change but an insert.

Why: neither a bug nor an operator with a SQL prompt may rewrite the public record unnoticed.
Running release: none before this one.
SQLite: BEFORE UPDATE and BEFORE DELETE, and BEFORE INSERT for values that exist already, because INSERT OR
REPLACE deletes the old row without asking the other two; tables without a hidden rowid, through which REPLACE
could reach a row as well (board_log has a visible one, `id`). PostgreSQL: one trigger for each statement that
updates, deletes (also through ON CONFLICT and MERGE) or truncates, ALWAYS, so that a session in replica mode is
refused too. tests/board/test_append_only.py tries each verb on both.
Downgrade: drops the tables and with them the public record; only for databases that hold none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Table, and each set of columns that is unique in it.
APPEND_ONLY = {
    "board_log": [["id"], ["origin"]],
    "board_body": [["digest"]],
    "board_entry": [["log_id", "index"]],
    "board_node": [["log_id", "level", "index"]],
    "board_checkpoint": [["log_id", "size"]],
}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    log_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "board_log",
        sa.Column("id", log_number, nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.CheckConstraint("id > 0", name="ck_board_log_id_positive"),
        sa.PrimaryKeyConstraint("id", name="pk_board_log"),
        sa.UniqueConstraint("origin", name="uq_board_log_origin"),
    )
    op.create_table(
        "board_body",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_board_body"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "board_entry",
        sa.Column("log_id", log_number, nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("time", moment, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "index", name="pk_board_entry"),
        sa.ForeignKeyConstraint(["log_id"], ["board_log.id"], name="fk_board_entry_log_id_board_log"),
        sa.ForeignKeyConstraint(["digest"], ["board_body.digest"], name="fk_board_entry_digest_board_body"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_board_entry_log_id_digest", "board_entry", ["log_id", "digest"])
    op.create_table(
        "board_node",
        sa.Column("log_id", log_number, nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "index", name="pk_board_node"),
        sa.ForeignKeyConstraint(["log_id"], ["board_log.id"], name="fk_board_node_log_id_board_log"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "board_checkpoint",
        sa.Column("log_id", log_number, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("signed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", name="pk_board_checkpoint"),
        sa.ForeignKeyConstraint(["log_id"], ["board_log.id"], name="fk_board_checkpoint_log_id_board_log"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for table, unique_sets in APPEND_ONLY.items():
            refuse_changes_on_sqlite(table, unique_sets)
    else:
        refuse_changes_on_postgresql()


def refuse_changes_on_sqlite(table: str, unique_sets: list[list[str]]) -> None:
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only');"
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN {refuse} END")
    exists = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE "  # noqa: S608  (names from the dictionary above)
        + " AND ".join(f'"{column}" = NEW."{column}"' for column in columns)
        + ")"
        for columns in unique_sets
    )
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {exists} BEGIN {refuse} END")


def refuse_changes_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION psephos_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION psephos_refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only")


def downgrade() -> None:
    for table in ("board_checkpoint", "board_node", "board_entry", "board_body", "board_log"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION psephos_refuse_change()")
