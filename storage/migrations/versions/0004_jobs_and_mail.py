"""Create the tables of background jobs and of the outbox.

Why: a mail is written in the transaction of the deed that it tells about, and sent later by whoever is alive then.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables; mails that were not sent are lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    big, binary, text = sa.BigInteger(), sa.LargeBinary(), sa.String()
    moment, flag = sa.DateTime(timezone=True), sa.Boolean()
    op.create_table(
        "storage_job",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("key", text, nullable=True),
        sa.Column("payload", text, nullable=False),
        sa.Column("priority", big, nullable=False),
        sa.Column("period_seconds", big, nullable=True),
        sa.Column("state", text, nullable=False),
        sa.Column("run_at", moment, nullable=False),
        sa.Column("claim", big, nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("failures", big, nullable=False),
        sa.Column("reason", text, nullable=True),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_storage_job"),
        sa.UniqueConstraint("kind", "key", name="uq_storage_job_kind_key"),
    )
    op.create_index("ix_storage_job_state_run_at", "storage_job", ["state", "run_at"])
    op.create_table(
        "storage_job_pause",
        sa.Column("kind", text, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_storage_job_pause"),
    )
    op.create_table(
        "mail_outbox",
        sa.Column("id", number, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("subject_key", text, nullable=False),
        sa.Column("recipient", text, nullable=True),
        sa.Column("language", text, nullable=False),
        sa.Column("subject", text, nullable=True),
        sa.Column("text", text, nullable=True),
        sa.Column("attachment_name", text, nullable=True),
        sa.Column("attachment_type", text, nullable=True),
        sa.Column("attachment", binary, nullable=True),
        sa.Column("urgent", flag, nullable=False),
        sa.Column("secret", flag, nullable=False),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("token", text, nullable=False),
        sa.Column("sending", big, nullable=False),
        sa.Column("attempts", big, nullable=False),
        sa.Column("state", text, nullable=False),
        sa.Column("reason", text, nullable=True),
        sa.Column("queued_at", moment, nullable=False),
        sa.Column("attempted_at", moment, nullable=True),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail_outbox"),
        sa.UniqueConstraint("key", name="uq_mail_outbox_key"),
        sa.UniqueConstraint("token", name="uq_mail_outbox_token"),
    )
    op.create_index("ix_mail_outbox_kind_subject_key", "mail_outbox", ["kind", "subject_key"])
    op.create_index("ix_mail_outbox_attempted_at", "mail_outbox", ["attempted_at"])
    op.create_index("ix_mail_outbox_state_changed_at", "mail_outbox", ["state", "changed_at"])


def downgrade() -> None:
    for table in ("mail_outbox", "storage_job_pause", "storage_job"):
        op.drop_table(table)
