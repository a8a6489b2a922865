"""Add what sign-in, replaced codes and extensions need at the door.

Why: the door must know in one look whether a code was replaced, until when ballots are taken, and whether a person
who signed in may cast with this code.
Running release: safe, it reads neither the new tables nor the new columns.  Locks: brief, no table scan (the default
of `conflicts` is constant).
SQLite and PostgreSQL: the same; the two new tables have no hidden row number on SQLite, which would keep the order in
which people came.  Downgrade: drops tables and columns; a board with such leaves cannot be indexed without them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    binary, text = sa.LargeBinary(), sa.String()
    op.add_column("voting_election", sa.Column("extended_closes_at", text, nullable=True))
    op.add_column("voting_roll", sa.Column("revoked_index", sa.BigInteger(), nullable=True))
    op.add_column("voting_roll", sa.Column("replaced_by", binary, nullable=True))
    op.add_column("voting_roll", sa.Column("replaces", binary, nullable=True))
    op.add_column("voting_roll", sa.Column("conflicts", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "voting_permit",
        sa.Column("digest", binary, nullable=False),
        sa.Column("election", text, nullable=False),
        sa.Column("holder", binary, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_voting_permit"),
        _belongs_to_election("voting_permit"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_voting_permit_election_holder", "voting_permit", ["election", "holder"])
    op.create_table(
        "voting_tie",
        sa.Column("election", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("digest", binary, nullable=False),
        sa.PrimaryKeyConstraint("election", "kind", "digest", name="pk_voting_tie"),
        _belongs_to_election("voting_tie"),
        sqlite_with_rowid=False,
    )


def _belongs_to_election(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["election"], ["voting_election.id"], name=f"fk_{table}_election_voting_election"
    )


def downgrade() -> None:
    op.drop_table("voting_tie")
    op.drop_table("voting_permit")
    for column in ("conflicts", "replaces", "replaced_by", "revoked_index"):
        op.drop_column("voting_roll", column)
    op.drop_column("voting_election", "extended_closes_at")
