"""Add what was decided about each report, and who worked on what for the office.

Why: reporters are told what became of their report, and weigh by it in the queue; officials do not moderate their own.
Running release: safe, it writes reports without a decision.  Locks: brief; then one update of the reports.
Of what was decided before, the decision is the first entry about the same thing after the report.
SQLite and PostgreSQL: the same.  Downgrade: drops both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("moderation_report", sa.Column("decision", sa.BigInteger(), nullable=True))
    op.execute(
        """
        UPDATE moderation_report SET decision = (
            SELECT MIN(moderation_entry.number) FROM moderation_entry
            JOIN moderation_case ON moderation_case.subject_kind = moderation_entry.subject_kind
                AND moderation_case.subject = moderation_entry.subject
            WHERE moderation_case.id = moderation_report."case"
                AND moderation_entry.action IN ('left', 'hidden')
                AND moderation_entry.at >= moderation_report.at
                AND NOT (moderation_case.waiting AND moderation_case.round = moderation_report.round)
        )
        """
    )
    op.create_index("ix_moderation_report_decision", "moderation_report", ["decision"])
    op.create_index("ix_moderation_report_case_round", "moderation_report", ["case", "round"])
    op.drop_index("ix_moderation_case_waiting_urgent_opened_at", "moderation_case")
    op.create_index("ix_moderation_case_waiting", "moderation_case", ["waiting"])
    op.create_table(
        "consultation_hand",
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_kind", "subject", "person", name="pk_consultation_hand"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_consultation_hand_person_identity_person"
        ),
    )
    op.create_index("ix_consultation_hand_person", "consultation_hand", ["person"])


def downgrade() -> None:
    op.drop_table("consultation_hand")
    op.drop_index("ix_moderation_case_waiting", "moderation_case")
    op.create_index(
        "ix_moderation_case_waiting_urgent_opened_at", "moderation_case", ["waiting", "urgent", "opened_at"]
    )
    op.drop_index("ix_moderation_report_case_round", "moderation_report")
    op.drop_index("ix_moderation_report_decision", "moderation_report")
    op.drop_column("moderation_report", "decision")
