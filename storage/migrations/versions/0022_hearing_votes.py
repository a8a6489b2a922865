"""Add a random id to each written answer of a consultation, and the table of consultations that became votes.

A text keeps its own count of changes, which never falls.

Why: answers were public under numbers in the order in which they came in, which told whoever watched who wrote them.
The count stood with the prepared version and began anew with each: a form that was open since an earlier one fitted.
Running release: its answers get no id and are not shown until the next start of this one's migration; stop it before.
Locks: brief, then one update of each written answer.
SQLite and PostgreSQL: the same.  Downgrade: drops both; addresses of answers lead nowhere then.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ANSWER = sa.table("hearing_answer", sa.column("id"), sa.column("digest"), sa.column("public"))


def upgrade() -> None:
    text = sa.String()
    op.add_column("hearing_answer", sa.Column("public", text, nullable=True))
    connection = op.get_bind()
    rows = connection.execute(sa.select(_ANSWER.c.id).where(_ANSWER.c.digest.is_not(None))).scalars().all()
    for number in rows:
        connection.execute(
            sa.update(_ANSWER).where(_ANSWER.c.id == number).values(public=secrets.token_hex(8))
        )
    op.drop_index("ix_hearing_answer_question_id", "hearing_answer")
    op.create_index("ix_hearing_answer_question_public", "hearing_answer", ["question", "public"])
    op.create_index("ix_hearing_answer_public", "hearing_answer", ["public"], unique=True)
    op.add_column(
        "hearing_document", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE hearing_document SET revision = (SELECT coalesce(sum(revision), 0) FROM hearing_version"
        " WHERE hearing_version.document = hearing_document.id)"
    )
    op.drop_column("hearing_version", "revision")
    op.create_table(
        "hearing_vote",
        sa.Column("hearing", text, nullable=False),
        sa.Column("draft", text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("draft", name="pk_hearing_vote"),
        sa.ForeignKeyConstraint(
            ["hearing"], ["hearing_hearing.id"], name="fk_hearing_vote_hearing_hearing_hearing"
        ),
    )
    op.create_index("ix_hearing_vote_hearing", "hearing_vote", ["hearing"])


def downgrade() -> None:
    op.drop_table("hearing_vote")
    op.add_column(
        "hearing_version", sa.Column("revision", sa.BigInteger(), nullable=False, server_default="1")
    )
    op.drop_column("hearing_document", "revision")
    op.drop_index("ix_hearing_answer_public", "hearing_answer")
    op.drop_index("ix_hearing_answer_question_public", "hearing_answer")
    op.create_index("ix_hearing_answer_question_id", "hearing_answer", ["question", "id"])
    op.drop_column("hearing_answer", "public")
