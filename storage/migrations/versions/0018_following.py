"""Create the tables of following, and the address that stops a mail.

Why: people are told what happened to what they follow, in the page and by mail; the address for that is sealed.
Running release: safe, it writes mails without the new column.  Locks: brief, no table scan.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables and the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, time = sa.String(), sa.DateTime(timezone=True)
    op.add_column("mail_outbox", sa.Column("stop_link", text, nullable=True))
    op.create_table(
        "following_subject",
        sa.Column("person", text, nullable=False),
        sa.Column("subject_kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("since", time, nullable=False),
        sa.PrimaryKeyConstraint("person", "subject_kind", "subject", name="pk_following_subject"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_following_subject_person_identity_person"
        ),
    )
    op.create_index(
        "ix_following_subject_subject_kind_subject", "following_subject", ["subject_kind", "subject"]
    )
    op.create_table(
        "following_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("what", text, nullable=False),
        sa.Column("subject_kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("about_kind", text, nullable=False),
        sa.Column("about", text, nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("read_at", time, nullable=True),
        sa.Column("mailed_at", time, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_following_notice"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_following_notice_person_identity_person"
        ),
    )
    op.create_index("ix_following_notice_person_read_at", "following_notice", ["person", "read_at"])
    op.create_index("ix_following_notice_mailed_at_person", "following_notice", ["mailed_at", "person"])
    op.create_table(
        "following_contact",
        sa.Column("person", text, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_next", sa.LargeBinary(), nullable=True),
        sa.Column("confirm_digest", sa.LargeBinary(), nullable=True),
        sa.Column("confirm_until", time, nullable=True),
        sa.Column("mailed_on", time, nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_following_contact"),
        sa.UniqueConstraint("nonce", name="uq_following_contact_nonce"),
        sa.UniqueConstraint("confirm_digest", name="uq_following_contact_confirm_digest"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_following_contact_person_identity_person"
        ),
    )


def downgrade() -> None:
    op.drop_table("following_contact")
    op.drop_table("following_notice")
    op.drop_table("following_subject")
    op.drop_column("mail_outbox", "stop_link")
