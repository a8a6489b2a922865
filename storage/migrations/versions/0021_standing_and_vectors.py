"""Add how many signatures stand under each version of a petition's words, and vectors of texts for similar ones.

Why: after an edit everybody sees under which words people signed; a site may find similar texts by their sense as well.
Running release: safe, it writes neither.  Locks: brief.
SQLite and PostgreSQL: the same.  Downgrade: drops both; vectors are made again by `psephos similar index`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "petition_version", sa.Column("standing", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_table(
        "similar_vector",
        sa.Column("document", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document"], ["similar_document.id"], name="fk_similar_vector_document_similar_document"
        ),
        sa.PrimaryKeyConstraint("document", "model", name="pk_similar_vector"),
    )


def downgrade() -> None:
    op.drop_table("similar_vector")
    op.drop_column("petition_version", "standing")
