"""Create the tables of petitions.

Why: to be filled.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables.
"""

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
