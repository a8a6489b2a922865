"""Add the language in which an office is written to.

Why: mails about what is due were in English alone.
Running release: safe, it writes bodies without one.  Locks: brief.  Bodies that are there get both languages in one
mail, until an official chooses.
SQLite and PostgreSQL: the same.  Downgrade: drops the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("petition_body", sa.Column("language", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("petition_body", "language")
