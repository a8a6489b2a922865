"""Create the tables that petitions and discussions share: areas of the site, and what people show of themselves.

Why: signatures are counted by area, and contributions are shown beside a name that their author chose.
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


def downgrade() -> None:
    op.drop_table("consultation_profile")
    op.drop_table("consultation_area")
