"""Create the tables of drafts: answers, their history, handed-in files, documents, voters' lists.

Why: officials prepare an election over weeks and several hands, before it is frozen.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables; frozen elections stay, what was being prepared is lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big, binary, text, moment = sa.BigInteger(), sa.LargeBinary(), sa.String(), sa.DateTime(timezone=True)
    op.create_table(
        "voting_draft",
        sa.Column("id", text, nullable=False),
        sa.Column("owner", text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("revision", big, nullable=False),
        sa.Column("document", binary, nullable=False),
        sa.Column("election", text, nullable=True),
        sa.Column("frozen_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_voting_draft"),
        sa.UniqueConstraint("election", name="uq_voting_draft_election"),
    )
    op.create_table(
        "voting_draft_change",
        sa.Column("draft", text, nullable=False),
        sa.Column("revision", big, nullable=False),
        sa.Column("section", text, nullable=False),
        sa.Column("part", binary, nullable=False),
        sa.Column("by", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("draft", "revision", name="pk_voting_draft_change"),
        _belongs_to_draft("voting_draft_change"),
    )
    op.create_table(
        "voting_draft_file",
        sa.Column("draft", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("body", binary, nullable=False),
        sa.Column("summary", binary, nullable=False),
        sa.Column("by", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("draft", "kind", name="pk_voting_draft_file"),
        _belongs_to_draft("voting_draft_file"),
    )
    op.create_table(
        "voting_file",
        sa.Column("digest", binary, nullable=False),
        sa.Column("media_type", text, nullable=False),
        sa.Column("data", binary, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_voting_file"),
    )
    op.create_table(
        "voting_list",
        sa.Column("id", text, nullable=False),
        sa.Column("draft", text, nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("cells", binary, nullable=False),
        sa.Column("voters", big, nullable=False),
        sa.Column("identities", big, nullable=False),
        sa.Column("contacts", big, nullable=False),
        sa.Column("by", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_voting_list"),
        _belongs_to_draft("voting_list"),
    )
    op.create_index("ix_voting_list_draft_accepted", "voting_list", ["draft", "accepted"], unique=True)
    op.create_table(
        "voting_list_person",
        sa.Column("list_id", text, nullable=False),
        sa.Column("person", binary, nullable=False),
        sa.Column("email", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "person", name="pk_voting_list_person"),
        sa.ForeignKeyConstraint(
            ["list_id"], ["voting_list.id"], name="fk_voting_list_person_list_id_voting_list"
        ),
    )


def _belongs_to_draft(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["draft"], ["voting_draft.id"], name=f"fk_{table}_draft_voting_draft")


def downgrade() -> None:
    for table in (
        "voting_list_person",
        "voting_list",
        "voting_file",
        "voting_draft_file",
        "voting_draft_change",
        "voting_draft",
    ):
        op.drop_table(table)
