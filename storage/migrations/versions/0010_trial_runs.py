"""Create the table of trial runs.

Why: an official asks for a trial run on a page, and a job makes its keys; the page shows how far it is.
Running release: none before this one reads it.  Locks: none, the table is new.
SQLite and PostgreSQL: the same.  Downgrade: drops the table; trial elections stay as elections.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.String()
    op.create_table(
        "rehearsal_trial",
        sa.Column("id", text, nullable=False),
        sa.Column("draft", text, nullable=False),
        sa.Column("voters", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("election", text, nullable=True),
        sa.Column("fault", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rehearsal_trial"),
        sa.ForeignKeyConstraint(
            ["draft"],
            ["voting_draft.id"],
            name="fk_rehearsal_trial_draft_voting_draft",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_rehearsal_trial_draft", "rehearsal_trial", ["draft"])


def downgrade() -> None:
    op.drop_table("rehearsal_trial")
