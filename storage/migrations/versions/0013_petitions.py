"""Create the tables of petitions.

Why: petitions with the versions of their words, the settings of officials, what is due from whom and by when, what
happened, and the votes that petitions became.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number, moment = sa.String(), sa.BigInteger(), sa.DateTime(timezone=True)
    by_itself = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "petition_settings",
        sa.Column("id", number, nullable=False),
        sa.Column("sponsors", number, nullable=False),
        sa.Column("sponsor_days", number, nullable=False),
        sa.Column("open_days", number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petition_settings"),
        sa.CheckConstraint("id = 1", name="ck_petition_settings_one_row"),
    )
    op.create_table(
        "petition_body",
        sa.Column("id", text, nullable=False),
        sa.Column("name_en", text, nullable=False),
        sa.Column("name_vi", text, nullable=False),
        sa.Column("mail", text, nullable=False),
        sa.Column("position", number, nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petition_body"),
    )
    op.create_table(
        "petition_threshold",
        sa.Column("id", by_itself, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.Column("due", text, nullable=False),
        sa.Column("body", text, nullable=True),
        sa.Column("days", number, nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petition_threshold"),
        sa.ForeignKeyConstraint(
            ["body"], ["petition_body.id"], name="fk_petition_threshold_body_petition_body"
        ),
    )
    op.create_table(
        "petition_petition",
        sa.Column("id", text, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("proposed", number, nullable=True),
        sa.Column("creator", text, nullable=True),
        sa.Column("body", text, nullable=False),
        sa.Column("area", text, nullable=True),
        sa.Column("signatures", number, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("submitted_at", moment, nullable=True),
        sa.Column("waiting_since", moment, nullable=True),
        sa.Column("opened_at", moment, nullable=True),
        sa.Column("closes_at", moment, nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("debate_on", moment, nullable=True),
        sa.Column("rejected_at", moment, nullable=True),
        sa.Column("reason", text, nullable=True),
        sa.Column("rejection", text, nullable=True),
        sa.Column("twin", text, nullable=True),
        sa.Column("hidden_entry", number, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_petition_petition"),
        sa.ForeignKeyConstraint(
            ["area"], ["consultation_area.id"], name="fk_petition_petition_area_consultation_area"
        ),
        sa.ForeignKeyConstraint(
            ["body"], ["petition_body.id"], name="fk_petition_petition_body_petition_body"
        ),
        sa.ForeignKeyConstraint(
            ["creator"], ["identity_person.id"], name="fk_petition_petition_creator_identity_person"
        ),
        sa.ForeignKeyConstraint(
            ["twin"], ["petition_petition.id"], name="fk_petition_petition_twin_petition_petition"
        ),
    )
    op.create_index("ix_petition_petition_body_state", "petition_petition", ["body", "state"])
    op.create_index("ix_petition_petition_creator", "petition_petition", ["creator"])
    op.create_index(
        "ix_petition_petition_state_closes_at_id", "petition_petition", ["state", "closes_at", "id"]
    )
    op.create_index(
        "ix_petition_petition_state_opened_at_id", "petition_petition", ["state", "opened_at", "id"]
    )
    op.create_index(
        "ix_petition_petition_state_signatures_id", "petition_petition", ["state", "signatures", "id"]
    )
    op.create_table(
        "petition_version",
        sa.Column("petition", text, nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("background", text, nullable=False),
        sa.Column("details", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.Column("area", text, nullable=True),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("signatures", number, nullable=False),
        sa.PrimaryKeyConstraint("petition", "version", name="pk_petition_version"),
        sa.ForeignKeyConstraint(
            ["area"], ["consultation_area.id"], name="fk_petition_version_area_consultation_area"
        ),
        sa.ForeignKeyConstraint(
            ["body"], ["petition_body.id"], name="fk_petition_version_body_petition_body"
        ),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_version_petition_petition_petition"
        ),
    )
    op.create_table(
        "petition_due",
        sa.Column("id", by_itself, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("threshold", by_itself, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.Column("due", text, nullable=False),
        sa.Column("body", text, nullable=False),
        sa.Column("reached_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("met_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_petition_due"),
        sa.ForeignKeyConstraint(["body"], ["petition_body.id"], name="fk_petition_due_body_petition_body"),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_due_petition_petition_petition"
        ),
        sa.ForeignKeyConstraint(
            ["threshold"], ["petition_threshold.id"], name="fk_petition_due_threshold_petition_threshold"
        ),
        sa.UniqueConstraint("petition", "threshold", name="uq_petition_due_petition_threshold"),
    )
    op.create_index("ix_petition_due_body_met_at", "petition_due", ["body", "met_at"])
    op.create_index("ix_petition_due_met_at_due_at", "petition_due", ["met_at", "due_at"])
    op.create_table(
        "petition_event",
        sa.Column("id", by_itself, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("what", text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("body", text, nullable=True),
        sa.Column("words", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("detail", text, nullable=False),
        sa.Column("on", moment, nullable=True),
        sa.Column("hidden_entry", number, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_petition_event"),
        sa.ForeignKeyConstraint(["body"], ["petition_body.id"], name="fk_petition_event_body_petition_body"),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_event_petition_petition_petition"
        ),
    )
    op.create_index("ix_petition_event_petition_id", "petition_event", ["petition", "id"])
    op.create_index("ix_petition_event_what_at", "petition_event", ["what", "at"])
    op.create_table(
        "petition_vote",
        sa.Column("draft", text, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("draft", name="pk_petition_vote"),
        sa.ForeignKeyConstraint(
            ["petition"], ["petition_petition.id"], name="fk_petition_vote_petition_petition_petition"
        ),
    )
    op.create_index("ix_petition_vote_petition", "petition_vote", ["petition"])


def downgrade() -> None:
    op.drop_table("petition_vote")
    op.drop_table("petition_event")
    op.drop_table("petition_due")
    op.drop_table("petition_version")
    op.drop_table("petition_petition")
    op.drop_table("petition_threshold")
    op.drop_table("petition_body")
    op.drop_table("petition_settings")
