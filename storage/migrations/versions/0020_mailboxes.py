"""Add the hash of the mailbox beside that of the address as it was typed.

Why: spellings that a provider delivers to one mailbox are one person where people are counted.
Running release: safe, it writes claims without it; they get it at the next sign-in.  Locks: brief, then one update of
the claims that are mail addresses.  Until they sign in again, what they typed counts as the mailbox: only a hash of it
is there, from which no other spelling can be made.
SQLite and PostgreSQL: the same.  Downgrade: drops the columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_TABLES = ("identity_claim", "identity_email_link", "identity_invitation")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("mailbox", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE identity_claim SET mailbox = digest WHERE issuer = 'email'")
    op.create_index("ix_identity_claim_mailbox", "identity_claim", ["mailbox"])


def downgrade() -> None:
    op.drop_index("ix_identity_claim_mailbox", "identity_claim")
    for table in reversed(_TABLES):
        op.drop_column(table, "mailbox")
