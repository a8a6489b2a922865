"""Add which moderator works on a petition that waits, and until when.

Why: two moderators read and wrote about the same petition, and one of them in vain; with cases this is so already.
Running release: safe, it writes neither, and decides without asking.  Locks: brief.
SQLite and PostgreSQL: the same; Alembic has no words for a foreign key of a new column on SQLite.
Downgrade: drops both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE petition_petition ADD COLUMN claimed_by VARCHAR
            CONSTRAINT fk_petition_petition_claimed_by_identity_person REFERENCES identity_person (id)
        """
    )
    op.add_column("petition_petition", sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_petition_petition_claimed_by", "petition_petition", ["claimed_by"])


def downgrade() -> None:
    op.drop_index("ix_petition_petition_claimed_by", "petition_petition")
    op.drop_column("petition_petition", "claimed_until")
    op.drop_column("petition_petition", "claimed_by")
