"""Add when the outcome of a consultation was promised first, and how often that was put off.

Why: a date that moves away silently is no promise; what is overdue is counted from the first one.
Running release: safe, it writes neither.  Locks: brief.
SQLite and PostgreSQL: the same.  Downgrade: drops both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hearing_hearing", sa.Column("promised", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "hearing_hearing", sa.Column("put_off", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute("UPDATE hearing_hearing SET promised = outcome_due WHERE published_at IS NOT NULL")


def downgrade() -> None:
    op.drop_column("hearing_hearing", "put_off")
    op.drop_column("hearing_hearing", "promised")
