"""Create the tables of hearings: texts with paragraphs and versions, questions with answers, themes with verdicts.

Why: a paragraph keeps its id from version to version, so that comments stay with it; an outcome names each theme.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = (
    "hearing_theme",
    "hearing_answer",
    "hearing_answers",
    "hearing_question",
    "hearing_text",
    "hearing_paragraph",
    "hearing_version",
    "hearing_document",
    "hearing_hearing",
)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [
        sa.Column(f"{name}_{language}", sa.String(), nullable=False)
        for name in names
        for language in ("en", "vi")
    ]


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")


def upgrade() -> None:
    big, text, moment = sa.BigInteger(), sa.String(), sa.DateTime(timezone=True)
    op.create_table(
        "hearing_hearing",
        sa.Column("id", text, nullable=False),
        *_texts("title", "about"),
        *(
            sa.Column(name, moment, nullable=False)
            for name in ("opens_at", "closes_at", "outcome_due", "made_at")
        ),
        *(
            sa.Column(name, moment, nullable=True)
            for name in ("published_at", "opening_told_at", "closing_told_at", "outcome_at")
        ),
        sa.Column("participants", big, nullable=False),
        sa.Column("hidden_entry", big, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_hearing"),
    )
    op.create_index("ix_hearing_hearing_published_at_id", "hearing_hearing", ["published_at", "id"])
    op.create_table(
        "hearing_document",
        sa.Column("id", text, nullable=False),
        sa.Column("hearing", text, nullable=False),
        sa.Column("position", big, nullable=False),
        *_texts("title"),
        sa.Column("language", text, nullable=False),
        sa.Column("version", big, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_document"),
        _of("hearing_document", "hearing", "hearing_hearing"),
    )
    op.create_index("ix_hearing_document_hearing", "hearing_document", ["hearing"])
    op.create_table(
        "hearing_version",
        sa.Column("document", text, nullable=False),
        sa.Column("version", big, nullable=False),
        *_texts("note"),
        sa.Column("revision", big, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("document", "version", name="pk_hearing_version"),
        _of("hearing_version", "document", "hearing_document"),
    )
    op.create_table(
        "hearing_paragraph",
        sa.Column("id", text, nullable=False),
        sa.Column("document", text, nullable=False),
        sa.Column("removed_in", big, nullable=True),
        sa.Column("hidden_entry", big, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_paragraph"),
        _of("hearing_paragraph", "document", "hearing_document"),
    )
    op.create_index("ix_hearing_paragraph_document", "hearing_paragraph", ["document"])
    op.create_table(
        "hearing_text",
        sa.Column("document", text, nullable=False),
        sa.Column("version", big, nullable=False),
        sa.Column("position", big, nullable=False),
        sa.Column("paragraph", text, nullable=True),
        sa.Column("match", text, nullable=False),
        sa.Column("words", text, nullable=False),
        sa.PrimaryKeyConstraint("document", "version", "position", name="pk_hearing_text"),
        sa.ForeignKeyConstraint(
            ["document", "version"],
            ["hearing_version.document", "hearing_version.version"],
            name="fk_hearing_text_document_version_hearing_version",
        ),
        _of("hearing_text", "paragraph", "hearing_paragraph"),
        sa.UniqueConstraint("paragraph", "version", name="uq_hearing_text_paragraph_version"),
    )
    op.create_table(
        "hearing_question",
        _id(),
        sa.Column("hearing", text, nullable=False),
        sa.Column("number", big, nullable=False),
        sa.Column("kind", text, nullable=False),
        *_texts("text"),
        sa.Column("options", text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_question"),
        _of("hearing_question", "hearing", "hearing_hearing"),
        sa.UniqueConstraint("hearing", "number", name="uq_hearing_question_hearing_number"),
    )
    op.create_table(
        "hearing_answers",
        _id(),
        sa.Column("hearing", text, nullable=False),
        sa.Column("person", text, nullable=True),
        sa.Column("changed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_answers"),
        _of("hearing_answers", "hearing", "hearing_hearing"),
        _of("hearing_answers", "person", "identity_person"),
        sa.UniqueConstraint("hearing", "person", name="uq_hearing_answers_hearing_person"),
    )
    op.create_index("ix_hearing_answers_person", "hearing_answers", ["person"])
    op.create_table(
        "hearing_answer",
        _id(),
        sa.Column("answers", big, nullable=False),
        sa.Column("question", big, nullable=False),
        sa.Column("choices", text, nullable=False),
        sa.Column("words", text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("hidden_entry", big, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_answer"),
        _of("hearing_answer", "answers", "hearing_answers"),
        _of("hearing_answer", "question", "hearing_question"),
        sa.UniqueConstraint("answers", "question", name="uq_hearing_answer_answers_question"),
    )
    op.create_index("ix_hearing_answer_question_id", "hearing_answer", ["question", "id"])
    op.create_table(
        "hearing_theme",
        _id(),
        sa.Column("hearing", text, nullable=False),
        sa.Column("number", big, nullable=False),
        *_texts("title", "said"),
        sa.Column("verdict", text, nullable=True),
        *_texts("reason"),
        sa.PrimaryKeyConstraint("id", name="pk_hearing_theme"),
        _of("hearing_theme", "hearing", "hearing_hearing"),
        sa.UniqueConstraint("hearing", "number", name="uq_hearing_theme_hearing_number"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
