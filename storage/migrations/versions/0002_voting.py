"""Create the tables of elections, roll, ballots and challenges.

Why: the door must know in one look whether a credential may vote and whether a ballot came before.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables; the boards stay and can be indexed again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big, binary, text = sa.BigInteger(), sa.LargeBinary(), sa.String()
    op.create_table(
        "voting_election",
        sa.Column("id", text, nullable=False),
        sa.Column("log_id", big, nullable=False),
        sa.Column("manifest", binary, nullable=False),
        sa.Column("fingerprint", binary, nullable=True),
        sa.Column("total_weight", big, nullable=True),
        sa.Column("voters", big, nullable=True),
        sa.Column("opened_index", big, nullable=True),
        sa.Column("closing_index", big, nullable=True),
        sa.Column("aggregates_index", big, nullable=True),
        sa.Column("result_index", big, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_voting_election"),
        sa.ForeignKeyConstraint(["log_id"], ["board_log.id"], name="fk_voting_election_log_id_board_log"),
        sa.UniqueConstraint("log_id", name="uq_voting_election_log_id"),
    )
    op.create_table(
        "voting_roll",
        sa.Column("election", text, nullable=False),
        sa.Column("key", binary, nullable=False),
        sa.Column("alias", text, nullable=False),
        sa.Column("weight", big, nullable=False),
        sa.Column("area", text, nullable=False),
        sa.PrimaryKeyConstraint("election", "key", name="pk_voting_roll"),
        _belongs_to_election("voting_roll"),
    )
    op.create_index("ix_voting_roll_election_alias", "voting_roll", ["election", "alias"])
    op.create_table(
        "voting_ballot",
        sa.Column("election", text, nullable=False),
        sa.Column("index", big, nullable=False),
        sa.Column("credential", binary, nullable=False),
        sa.Column("sequence", big, nullable=False),
        sa.Column("tracker", binary, nullable=False),
        sa.Column("receipt_code", text, nullable=False),
        sa.PrimaryKeyConstraint("election", "index", name="pk_voting_ballot"),
        _belongs_to_election("voting_ballot"),
    )
    op.create_index(
        "ix_voting_ballot_election_credential_sequence",
        "voting_ballot",
        ["election", "credential", "sequence"],
        unique=True,
    )
    op.create_index(
        "ix_voting_ballot_election_tracker", "voting_ballot", ["election", "tracker"], unique=True
    )
    op.create_index("ix_voting_ballot_election_receipt_code", "voting_ballot", ["election", "receipt_code"])
    op.create_table(
        "voting_ciphertext",
        sa.Column("election", text, nullable=False),
        sa.Column("digest", binary, nullable=False),
        sa.PrimaryKeyConstraint("election", "digest", name="pk_voting_ciphertext"),
        _belongs_to_election("voting_ciphertext"),
    )
    op.create_table(
        "voting_challenge",
        sa.Column("election", text, nullable=False),
        sa.Column("tracker", binary, nullable=False),
        sa.Column("index", big, nullable=False),
        sa.Column("credential", binary, nullable=False),
        sa.PrimaryKeyConstraint("election", "tracker", name="pk_voting_challenge"),
        _belongs_to_election("voting_challenge"),
    )
    op.create_index("ix_voting_challenge_election_credential", "voting_challenge", ["election", "credential"])


def _belongs_to_election(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["election"], ["voting_election.id"], name=f"fk_{table}_election_voting_election"
    )


def downgrade() -> None:
    for table in ("voting_challenge", "voting_ciphertext", "voting_ballot", "voting_roll", "voting_election"):
        op.drop_table(table)
