"""Say where the removals of a petition stand in its log, and who may not sign again at once.

Why: the page of removals read the whole log; who took a signature back and gave it again in a loop filled the log; who
deleted the account of a signature that was removed signed anew.
Running release: safe, it writes neither; what it removes meanwhile is missing on the page until this is run again by
hand.  Locks: brief; reads the logs of petitions with removals once.
SQLite and PostgreSQL: the same.  Downgrade: drops both; the log itself keeps all removals.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

AT_ONCE = 1_000

COUNTS = sa.table("petition_count", sa.column("petition"), sa.column("log"), sa.column("batches"))
ENTRIES = sa.table("board_entry", sa.column("log_id"), sa.column("index"), sa.column("leaf"))


def upgrade() -> None:
    removals = op.create_table(
        "petition_removal",
        sa.Column("petition", sa.String(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_removal_petition_petition_petition"
        ),
        sa.PrimaryKeyConstraint("petition", "batch", name="pk_petition_removal"),
    )
    op.create_table(
        "petition_ended",
        sa.Column("petition", sa.String(), nullable=False),
        sa.Column("tag", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_ended_petition_petition_petition"
        ),
        sa.PrimaryKeyConstraint("petition", "tag", name="pk_petition_ended"),
    )
    op.create_index("ix_petition_ended_until", "petition_ended", ["until"])
    connection = op.get_bind()
    counted = sa.select(COUNTS.c.petition, COUNTS.c.log).where(COUNTS.c.batches > 0)
    for petition, log in connection.execute(counted).all():
        start = 0
        while leaves := connection.execute(
            sa.select(ENTRIES.c.leaf)
            .where(ENTRIES.c.log_id == log, ENTRIES.c.index >= start, ENTRIES.c.index < start + AT_ONCE)
            .order_by(ENTRIES.c.index)
        ).all():
            for (leaf,) in leaves:
                entry = json.loads(bytes(leaf))
                if entry["kind"] == "removal":
                    values = {"petition": petition, "batch": entry["batch"], "entry": entry["entry"]}
                    connection.execute(sa.insert(removals).values(values))
            start += AT_ONCE


def downgrade() -> None:
    op.drop_table("petition_ended")
    op.drop_table("petition_removal")
