"""Create the tables of discussions.

Why: threads on petitions, votes, consultations and free topics, with contributions, the words that stood before
an edit, and who agrees.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number, moment = sa.String(), sa.BigInteger(), sa.DateTime(timezone=True)
    number_by_itself = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "discussion_thread",
        sa.Column("id", text, nullable=False),
        sa.Column("place_kind", text, nullable=False),
        sa.Column("place", text, nullable=False),
        sa.Column("sided", sa.Boolean(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("closes_at", moment, nullable=True),
        sa.Column("last_at", moment, nullable=False),
        sa.Column("contributions", number, nullable=False),
        sa.Column("gone", number, nullable=False),
        sa.Column("hidden_entry", number, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_thread"),
        sa.UniqueConstraint("place_kind", "place", name="uq_discussion_thread_place_kind_place"),
    )
    op.create_index("ix_discussion_thread_last_at_id", "discussion_thread", ["last_at", "id"])
    op.create_table(
        "discussion_topic",
        sa.Column("thread", text, nullable=False),
        sa.Column("title_en", text, nullable=False),
        sa.Column("title_vi", text, nullable=False),
        sa.Column("words_en", text, nullable=False),
        sa.Column("words_vi", text, nullable=False),
        sa.Column("due_en", text, nullable=False),
        sa.Column("due_vi", text, nullable=False),
        sa.Column("author", text, nullable=True),
        sa.Column("office", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("thread", name="pk_discussion_topic"),
        sa.ForeignKeyConstraint(
            ["thread"], ["discussion_thread.id"], name="fk_discussion_topic_thread_discussion_thread"
        ),
        sa.ForeignKeyConstraint(
            ["author"], ["identity_person.id"], name="fk_discussion_topic_author_identity_person"
        ),
    )
    op.create_index("ix_discussion_topic_author", "discussion_topic", ["author"])
    op.create_table(
        "discussion_settings",
        sa.Column("id", number_by_itself, nullable=False),
        sa.Column("citizens_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_settings"),
    )
    op.create_table(
        "discussion_contribution",
        sa.Column("id", number_by_itself, nullable=False),
        sa.Column("thread", text, nullable=False),
        sa.Column("number", number, nullable=False),
        sa.Column("parent", number, nullable=True),
        sa.Column("author", text, nullable=True),
        sa.Column("office", sa.Boolean(), nullable=False),
        sa.Column("side", text, nullable=False),
        sa.Column("words", text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("edited_at", moment, nullable=True),
        sa.Column("agree", number, nullable=False),
        sa.Column("disagree", number, nullable=False),
        sa.Column("score", number, nullable=False),
        sa.Column("dispute", number, nullable=False),
        sa.Column("replies", number, nullable=False),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.Column("hidden_entry", number, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_discussion_contribution"),
        sa.UniqueConstraint("thread", "number", name="uq_discussion_contribution_thread_number"),
        sa.ForeignKeyConstraint(
            ["thread"], ["discussion_thread.id"], name="fk_discussion_contribution_thread_discussion_thread"
        ),
        sa.ForeignKeyConstraint(
            ["parent"],
            ["discussion_contribution.id"],
            name="fk_discussion_contribution_parent_discussion_contribution",
        ),
        sa.ForeignKeyConstraint(
            ["author"], ["identity_person.id"], name="fk_discussion_contribution_author_identity_person"
        ),
    )
    for name, columns in (
        ("best", ["thread", "parent", "side", "score", "id"]),
        ("disputed", ["thread", "parent", "side", "dispute", "id"]),
        ("newest", ["thread", "parent", "side", "id"]),
        ("replies", ["parent", "id"]),
        ("author_id", ["author", "id"]),
    ):
        op.create_index(f"ix_discussion_contribution_{name}", "discussion_contribution", columns)
    op.create_table(
        "discussion_version",
        sa.Column("contribution", number, nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("words", text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("contribution", "version", name="pk_discussion_version"),
        sa.ForeignKeyConstraint(
            ["contribution"],
            ["discussion_contribution.id"],
            name="fk_discussion_version_contribution_discussion_contribution",
        ),
    )
    op.create_table(
        "discussion_vote",
        sa.Column("contribution", number, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("contribution", "person", name="pk_discussion_vote"),
        sa.ForeignKeyConstraint(
            ["contribution"],
            ["discussion_contribution.id"],
            name="fk_discussion_vote_contribution_discussion_contribution",
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_discussion_vote_person_identity_person"
        ),
    )
    op.create_index("ix_discussion_vote_person", "discussion_vote", ["person"])


def downgrade() -> None:
    op.drop_table("discussion_vote")
    op.drop_table("discussion_version")
    op.drop_table("discussion_contribution")
    op.drop_table("discussion_settings")
    op.drop_table("discussion_topic")
    op.drop_table("discussion_thread")
