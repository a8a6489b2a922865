"""Create the tables that petitions and discussions share: areas of the site, what people show, what happened.

Why: signatures are counted by area, and contributions are shown beside a name that their author chose;
whoever follows something is told from the list of what happened.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.String()
    op.create_table(
        "consultation_area",
        sa.Column("id", text, nullable=False),
        sa.Column("name_en", text, nullable=False),
        sa.Column("name_vi", text, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_area"),
    )
    op.create_table(
        "consultation_profile",
        sa.Column("person", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("area", text, nullable=True),
        sa.PrimaryKeyConstraint("person", name="pk_consultation_profile"),
        sa.ForeignKeyConstraint(
            ["person"], ["identity_person.id"], name="fk_consultation_profile_person_identity_person"
        ),
        sa.ForeignKeyConstraint(
            ["area"], ["consultation_area.id"], name="fk_consultation_profile_area_consultation_area"
        ),
    )
    op.create_table(
        "consultation_happening",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", text, nullable=False),
        sa.Column("subject_kind", text, nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("about_kind", text, nullable=False),
        sa.Column("about", text, nullable=False),
        sa.Column("by", text, nullable=True),
        sa.Column("to", text, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_happening"),
        sa.ForeignKeyConstraint(
            ["by"], ["identity_person.id"], name="fk_consultation_happening_by_identity_person"
        ),
        sa.ForeignKeyConstraint(
            ["to"], ["identity_person.id"], name="fk_consultation_happening_to_identity_person"
        ),
    )
    op.create_index("ix_consultation_happening_by", "consultation_happening", ["by"])
    op.create_index("ix_consultation_happening_to", "consultation_happening", ["to"])


def downgrade() -> None:
    op.drop_table("consultation_happening")
    op.drop_table("consultation_profile")
    op.drop_table("consultation_area")
