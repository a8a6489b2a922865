"""Create the tables of notices: addresses, and notices that are still to be written.

Why: whoever has somebody else's voting code is noticed by its owner, who gets a mail at every cast.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables; notices that were not written yet are lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    binary, text, moment = sa.LargeBinary(), sa.String(), sa.DateTime(timezone=True)
    op.create_table(
        "voting_contact",
        sa.Column("election", text, nullable=False),
        sa.Column("key", binary, nullable=False),
        sa.Column("email", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.PrimaryKeyConstraint("election", "key", name="pk_voting_contact"),
        _of_election("voting_contact"),
    )
    op.create_table(
        "voting_permit_contact",
        sa.Column("digest", binary, nullable=False),
        sa.Column("election", text, nullable=False),
        sa.Column("email", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_voting_permit_contact"),
        _of_election("voting_permit_contact"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "voting_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("election", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("email", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("moment", moment, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_voting_notice"),
        sa.UniqueConstraint("key", name="uq_voting_notice_key"),
        _of_election("voting_notice"),
    )


def downgrade() -> None:
    for name in ("voting_notice", "voting_permit_contact", "voting_contact"):
        op.drop_table(name)


def _of_election(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_election_voting_election"
    return sa.ForeignKeyConstraint(["election"], ["voting_election.id"], name=name)
