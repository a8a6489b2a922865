"""Create the tables of moderation.

Why: reports and the queue that they make, the public log of decisions, pauses, and appeals.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number, moment = sa.String(), sa.BigInteger(), sa.DateTime(timezone=True)
    number_by_itself = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def refers(table: str, column: str, target: str, key: str = "id") -> sa.ForeignKeyConstraint:
        return sa.ForeignKeyConstraint([column], [f"{target}.{key}"], name=f"fk_{table}_{column}_{target}")

    op.create_table(
        "moderation_entry",
        sa.Column("number", number_by_itself, autoincrement=False, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("action", text, nullable=False),
        sa.Column("rule", text, nullable=True),
        sa.Column("subject_kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("group", number, nullable=False),
        sa.Column("answers", number, nullable=True),
        sa.Column("role", text, nullable=False),
        sa.Column("deed", number, nullable=False),
        sa.Column("record_digest", sa.LargeBinary(), nullable=False),
        sa.Column("by", text, nullable=True),
        sa.Column("author", text, nullable=True),
        sa.Column("template", text, nullable=True),
        sa.Column("note", text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_moderation_entry"),
        refers("moderation_entry", "by", "identity_person"),
        refers("moderation_entry", "author", "identity_person"),
    )
    op.create_table(
        "moderation_case",
        sa.Column("id", text, nullable=False),
        sa.Column("subject_kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("round", number, nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("reports", number, nullable=False),
        sa.Column("claimed_by", text, nullable=True),
        sa.Column("claimed_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_moderation_case"),
        sa.UniqueConstraint("subject_kind", "subject", name="uq_moderation_case_subject_kind_subject"),
        refers("moderation_case", "claimed_by", "identity_person"),
    )
    op.create_table(
        "moderation_report",
        sa.Column("id", number_by_itself, nullable=False),
        sa.Column("case", text, nullable=False),
        sa.Column("round", number, nullable=False),
        sa.Column("reporter", text, nullable=True),
        sa.Column("rule", text, nullable=False),
        sa.Column("words", text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_moderation_report"),
        sa.UniqueConstraint("case", "reporter", "digest", name="uq_moderation_report_case_reporter_digest"),
        refers("moderation_report", "case", "moderation_case"),
        refers("moderation_report", "reporter", "identity_person"),
    )
    op.create_table(
        "moderation_pause",
        sa.Column("entry", number, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("lifted_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("entry", name="pk_moderation_pause"),
        refers("moderation_pause", "entry", "moderation_entry", "number"),
        refers("moderation_pause", "person", "identity_person"),
    )
    op.create_table(
        "moderation_appeal",
        sa.Column("group", number, nullable=False),
        sa.Column("author", text, nullable=True),
        sa.Column("words", text, nullable=False),
        sa.Column("filed_at", moment, nullable=False),
        sa.Column("decide_by", moment, nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.Column("decided_by", text, nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("note", text, nullable=False),
        sa.PrimaryKeyConstraint("group", name="pk_moderation_appeal"),
        refers("moderation_appeal", "group", "moderation_entry", "number"),
        refers("moderation_appeal", "author", "identity_person"),
        refers("moderation_appeal", "decided_by", "identity_person"),
    )
    for table, columns in (
        ("moderation_entry", ["subject_kind", "subject"]),
        ("moderation_entry", ["group"]),
        ("moderation_entry", ["answers"]),
        ("moderation_entry", ["by"]),
        ("moderation_entry", ["author"]),
        ("moderation_case", ["waiting", "urgent", "opened_at"]),
        ("moderation_case", ["claimed_by"]),
        ("moderation_report", ["reporter", "at"]),
        ("moderation_pause", ["person", "until"]),
        ("moderation_appeal", ["decided_at", "decide_by"]),
        ("moderation_appeal", ["author"]),
        ("moderation_appeal", ["decided_by"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    for table in ("appeal", "pause", "report", "case", "entry"):
        op.drop_table(f"moderation_{table}")
