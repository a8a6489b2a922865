"""Create the tables of signatures.

Why: signatures with the salts of their commitments, links that confirm them, one counter for each petition, and what
is counted by minute and by area.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_PETITION = "petition_petition"


def upgrade() -> None:
    text, number, moment, data = sa.String(), sa.BigInteger(), sa.DateTime(timezone=True), sa.LargeBinary()
    by_itself = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "petition_signature",
        sa.Column("id", by_itself, nullable=False),
        sa.Column("key", text, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("mailbox", data, nullable=True),
        sa.Column("version", number, nullable=False),
        sa.Column("area", text, nullable=True),
        sa.Column("entry", number, nullable=False),
        sa.Column("salt", data, nullable=False),
        sa.Column("batch", number, nullable=True),
        sa.Column("mails", sa.Boolean(), nullable=False),
        sa.Column("address_sealed", data, nullable=True),
        sa.Column("language", text, nullable=False),
        sa.Column("signed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_petition_signature"),
        sa.ForeignKeyConstraint(
            ["area"], ["consultation_area.id"], name="fk_petition_signature_area_consultation_area"
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_petition_signature_person_identity_person"
        ),
        _of_petition("petition_signature"),
        sa.UniqueConstraint("petition", "person", name="uq_petition_signature_petition_person"),
        sa.UniqueConstraint("petition", "mailbox", name="uq_petition_signature_petition_mailbox"),
        sa.UniqueConstraint("petition", "entry", name="uq_petition_signature_petition_entry"),
        sa.UniqueConstraint("key", name="uq_petition_signature_key"),
    )
    op.create_index("ix_petition_signature_person", "petition_signature", ["person"])
    op.create_index(
        "ix_petition_signature_petition_batch_area", "petition_signature", ["petition", "batch", "area"]
    )
    op.create_table(
        "petition_link",
        sa.Column("digest", data, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("claim", data, nullable=False),
        sa.Column("mailbox", data, nullable=False),
        sa.Column("address_sealed", data, nullable=False),
        sa.Column("area", text, nullable=True),
        sa.Column("mails", sa.Boolean(), nullable=False),
        sa.Column("worked", sa.Boolean(), nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("signature", text, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_petition_link"),
        sa.ForeignKeyConstraint(
            ["area"], ["consultation_area.id"], name="fk_petition_link_area_consultation_area"
        ),
        _of_petition("petition_link"),
    )
    op.create_index("ix_petition_link_claim", "petition_link", ["claim"])
    op.create_index("ix_petition_link_expires_at", "petition_link", ["expires_at"])
    op.create_table(
        "petition_count",
        sa.Column("petition", text, nullable=False),
        sa.Column("log", number, nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("batches", number, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.Column("entries", number, nullable=False),
        sa.Column("window", moment, nullable=False),
        sa.Column("shown", number, nullable=False),
        sa.Column("shown_entries", number, nullable=False),
        sa.Column("areas_at", moment, nullable=True),
        sa.Column("areas_entries", number, nullable=False),
        sa.Column("checked_entries", number, nullable=False),
        sa.PrimaryKeyConstraint("petition", name="pk_petition_count"),
        _of_petition("petition_count"),
    )
    op.create_table(
        "petition_pace",
        sa.Column("petition", text, nullable=False),
        sa.Column("minute", moment, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.PrimaryKeyConstraint("petition", "minute", name="pk_petition_pace"),
        _of_petition("petition_pace"),
    )
    op.create_index("ix_petition_pace_minute", "petition_pace", ["minute"])
    op.create_table(
        "petition_area",
        sa.Column("petition", text, nullable=False),
        sa.Column("area", text, nullable=False),
        sa.Column("count", number, nullable=False),
        sa.PrimaryKeyConstraint("petition", "area", name="pk_petition_area"),
        _of_petition("petition_area"),
    )


def downgrade() -> None:
    op.drop_table("petition_area")
    op.drop_table("petition_pace")
    op.drop_table("petition_count")
    op.drop_table("petition_link")
    op.drop_table("petition_signature")


def _of_petition(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_petition_{_PETITION}"
    return sa.ForeignKeyConstraint(["petition"], [f"{_PETITION}.id"], name=name)
