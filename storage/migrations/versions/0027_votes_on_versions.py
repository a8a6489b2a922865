"""Keep with an earlier version of a contribution how many agreed with it, and beside one what was counted elsewhere.

Why: who agreed did so with words; other words begin at nought. Votes of imported contributions are numbers of another
platform, and nobody's here.
Running release: safe, it writes neither.  Locks: brief.
SQLite and PostgreSQL: the same.  Downgrade: drops all four.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

COLUMNS = (
    ("discussion_version", "agree"),
    ("discussion_version", "disagree"),
    ("discussion_contribution", "agree_before"),
    ("discussion_contribution", "disagree_before"),
)


def upgrade() -> None:
    for table, name in COLUMNS:
        op.add_column(table, sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    for table, name in reversed(COLUMNS):
        op.drop_column(table, name)
