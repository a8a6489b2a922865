"""Keep whether a signature was confirmed by a mailed link.

Why: the receipt of who signed with an account opens for that account alone; who signed by mail has the address of the
receipt and nothing else. Of the signatures that are there nobody knows: they open by their address as before.
Running release: safe, its signatures open by their address too.  Locks: brief.
SQLite and PostgreSQL: the same.  Downgrade: drops the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column("by_link", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("petition_signature", column)


def downgrade() -> None:
    op.drop_column("petition_signature", "by_link")
