<%text>"""Say in one line what changes.

Why: …
Running release: is it safe while the previous release still serves?  Locks: …
SQLite and PostgreSQL: what differs, which test covers both.  Downgrade: …

Rules for a safe migration (delete them when they are kept):
* Public record is never rewritten: no UPDATE or DELETE on board_* tables, triggers stay.
* The previous release keeps working during the change: add first, use in the next release, drop in the one after.
* A new column is nullable or has a server default; a NOT NULL for old rows comes after they were filled.
* No loop over a big table in one statement that locks it; PostgreSQL rewrites a table for a change of type.
* An index on a big PostgreSQL table is a migration of its own and is announced, for it locks out writers.
* Only `op` and literal SQL: no import of the project's code, which goes on changing while this file stays.
* Runs in one transaction on both databases: no COMMIT, no CREATE INDEX CONCURRENTLY.
* Constraints are named as `storage/base.py` says.
* A new append-only table gets its triggers here and a row in tests/board/test_append_only.py.
"""</%text>

from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    ${downgrades if downgrades else "raise NotImplementedError"}
