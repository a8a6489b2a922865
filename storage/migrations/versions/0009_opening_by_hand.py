"""Note which elections an official opens by hand.

Why: the clock opens the polls of all others at the announced time, also after a restart.
Running release: safe, it does not read the column.  Locks: brief, no table scan (the default is constant).
SQLite and PostgreSQL: the same.  Downgrade: drops the column; whoever opens by hand has to be told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "voting_election",
        sa.Column("opens_by_hand", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("voting_election", "opens_by_hand")
