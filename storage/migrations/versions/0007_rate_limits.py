"""Create the table of rate limits.

Why: several processes and servers must agree how often a network, a mailbox or a voting code has come.
Running release: none before this one reads it.  Locks: none, the table is new.
SQLite and PostgreSQL: the same; one statement counts and decides on both (tests/web/test_rate_storage.py).
Downgrade: drops the table; every count begins again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big = sa.BigInteger()
    op.create_table(
        "web_rate",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("period", big, nullable=False),
        sa.Column("hits", big, nullable=False),
        sa.Column("hits_before", big, nullable=False),
        sa.Column("expires_at_ms", big, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_web_rate"),
    )
    op.create_index("ix_web_rate_expires_at_ms", "web_rate", ["expires_at_ms"])


def downgrade() -> None:
    op.drop_table("web_rate")
