"""Create the tables of similar texts and of the defences against made-up signatures.

Why: people see petitions like theirs before they start one; spent work counts once; signatures that look made up can
be found again for some weeks.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same, but postings lie in the order of their key on SQLite.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text, number, moment = sa.String(), sa.BigInteger(), sa.DateTime(timezone=True)
    number_by_itself = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "similar_document",
        sa.Column("id", number_by_itself, nullable=False),
        sa.Column("kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("title", text, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_similar_document"),
        sa.UniqueConstraint("kind", "subject", name="uq_similar_document_kind_subject"),
    )
    op.create_table(
        "similar_posting",
        sa.Column("term", number, autoincrement=False, nullable=False),
        sa.Column("document", number, autoincrement=False, nullable=False),
        sa.Column("weight", number, nullable=False),
        sa.PrimaryKeyConstraint("term", "document", name="pk_similar_posting"),
        sa.ForeignKeyConstraint(
            ["document"], ["similar_document.id"], name="fk_similar_posting_document_similar_document"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_similar_posting_document", "similar_posting", ["document"])
    term = op.create_table(
        "similar_term",
        sa.Column("term", number, autoincrement=False, nullable=False),
        sa.Column("documents", number, nullable=False),
        sa.PrimaryKeyConstraint("term", name="pk_similar_term"),
    )
    op.bulk_insert(term, [{"term": 0, "documents": 0}])
    op.create_table(
        "fraud_work",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("spent_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("challenge", name="pk_fraud_work"),
    )
    op.create_index("ix_fraud_work_spent_at", "fraud_work", ["spent_at"])
    op.create_index("ix_fraud_work_network_spent_at", "fraud_work", ["network", "spent_at"])
    op.create_table(
        "fraud_trace",
        sa.Column("signature", number, autoincrement=False, nullable=False),
        sa.Column("petition", text, nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("domain", sa.LargeBinary(), nullable=True),
        sa.Column("stem", sa.LargeBinary(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("signature", name="pk_fraud_trace"),
    )
    for column in ("network", "domain", "stem"):
        op.create_index(f"ix_fraud_trace_petition_{column}_at", "fraud_trace", ["petition", column, "at"])
    op.create_index("ix_fraud_trace_petition_at", "fraud_trace", ["petition", "at"])
    op.create_index("ix_fraud_trace_at", "fraud_trace", ["at"])
    op.create_table(
        "fraud_mark",
        sa.Column("signature", number, autoincrement=False, nullable=False),
        sa.Column("mark", text, nullable=False),
        sa.PrimaryKeyConstraint("signature", "mark", name="pk_fraud_mark"),
        sa.ForeignKeyConstraint(
            ["signature"], ["fraud_trace.signature"], name="fk_fraud_mark_signature_fraud_trace"
        ),
    )
    op.create_table(
        "fraud_domain",
        sa.Column("domain", sa.LargeBinary(), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_fraud_domain"),
    )


def downgrade() -> None:
    op.drop_table("fraud_domain")
    op.drop_table("fraud_mark")
    op.drop_table("fraud_trace")
    op.drop_table("fraud_work")
    op.drop_table("similar_term")
    op.drop_table("similar_posting")
    op.drop_table("similar_document")
