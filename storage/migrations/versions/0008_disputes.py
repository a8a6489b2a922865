"""Create the table of disputes: what somebody objects to, what their file proves, what the office answered.

Why: everybody can object until a week after the result, and everybody sees that it was done and what became of it.
Running release: none before this one reads it.  Locks: none, the table is new.
SQLite and PostgreSQL: the same.  Downgrade: drops the table; the site log still says that objections were filed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big, binary, text, moment = sa.BigInteger(), sa.LargeBinary(), sa.String(), sa.DateTime(timezone=True)
    op.create_table(
        "voting_dispute",
        sa.Column("election", text, nullable=False),
        sa.Column("number", big, nullable=False),
        sa.Column("filed_at", moment, nullable=False),
        sa.Column("category", text, nullable=False),
        sa.Column("record", binary, nullable=False),
        sa.Column("digest", binary, nullable=False),
        sa.Column("public_words", text, nullable=True),
        sa.Column("evidence", binary, nullable=True),
        sa.Column("finding", text, nullable=True),
        sa.Column("finding_index", big, nullable=True),
        sa.Column("filer_key", binary, nullable=False),
        sa.Column("email", text, nullable=True),
        sa.Column("language", text, nullable=False),
        sa.Column("verdict", text, nullable=True),
        sa.Column("answer", text, nullable=True),
        sa.Column("answered_by", text, nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("election", "number", name="pk_voting_dispute"),
        sa.ForeignKeyConstraint(
            ["election"], ["voting_election.id"], name="fk_voting_dispute_election_voting_election"
        ),
        sa.UniqueConstraint("filer_key", name="uq_voting_dispute_filer_key"),
    )


def downgrade() -> None:
    op.drop_table("voting_dispute")
