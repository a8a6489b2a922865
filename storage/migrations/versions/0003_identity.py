"""Create the tables of people, roles, sessions and the ways to sign in.

Why: officials need roles and second factors, citizens a way to show who they are without the site keeping it.
Running release: none before this one reads them.  Locks: none, the tables are new.
SQLite and PostgreSQL: the same.  Downgrade: drops the tables; everybody has to be invited again, the site log stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big, binary, text, moment = sa.BigInteger(), sa.LargeBinary(), sa.String(), sa.DateTime(timezone=True)
    op.create_table(
        "identity_ceremony",
        sa.Column("digest", binary, nullable=False),
        sa.Column("binding", binary, nullable=False),
        sa.Column("purpose", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_identity_ceremony"),
    )
    op.create_table(
        "identity_email_link",
        sa.Column("digest", binary, nullable=False),
        sa.Column("claim", binary, nullable=False),
        sa.Column("browser", binary, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("next_path", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("spent_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_identity_email_link"),
    )
    op.create_index("ix_identity_email_link_claim_made_at", "identity_email_link", ["claim", "made_at"])
    op.create_table(
        "identity_invitation",
        sa.Column("digest", binary, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("roles", text, nullable=False),
        sa.Column("claim", binary, nullable=False),
        sa.Column("invited_by", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("spent_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_identity_invitation"),
    )
    op.create_table(
        "identity_oidc_attempt",
        sa.Column("state_digest", binary, nullable=False),
        sa.Column("browser_digest", binary, nullable=False),
        sa.Column("provider", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("next_path", text, nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("state_digest", name="pk_identity_oidc_attempt"),
    )
    op.create_table(
        "identity_person",
        sa.Column("id", text, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("language", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("disabled_at", moment, nullable=True),
        sa.Column("failures", big, nullable=False),
        sa.Column("blocked_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identity_person"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity_claim",
        sa.Column("issuer", text, nullable=False),
        sa.Column("digest", binary, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "digest", name="pk_identity_claim"),
        _of_person("identity_claim"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_claim_person", "identity_claim", ["person"])
    op.create_table(
        "identity_passkey",
        sa.Column("credential_id", binary, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("public_key", binary, nullable=False),
        sa.Column("sign_count", big, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("transports", text, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("claim", binary, nullable=False),
        sa.Column("assurance", big, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name="pk_identity_passkey"),
        _of_person("identity_passkey"),
    )
    op.create_index("ix_identity_passkey_person", "identity_passkey", ["person"])
    op.create_table(
        "identity_recovery_code",
        sa.Column("person", text, nullable=False),
        sa.Column("digest", binary, nullable=False),
        sa.Column("spent_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("person", "digest", name="pk_identity_recovery_code"),
        _of_person("identity_recovery_code"),
    )
    op.create_table(
        "identity_role",
        sa.Column("person", text, nullable=False),
        sa.Column("role", text, nullable=False),
        sa.PrimaryKeyConstraint("person", "role", name="pk_identity_role"),
        _of_person("identity_role"),
    )
    op.create_table(
        "identity_session",
        sa.Column("digest", binary, nullable=False),
        sa.Column("person", text, nullable=False),
        sa.Column("issuer", text, nullable=False),
        sa.Column("claim", binary, nullable=False),
        sa.Column("methods", text, nullable=False),
        sa.Column("assurance", big, nullable=False),
        sa.Column("device", text, nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("second_factor_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_identity_session"),
        _of_person("identity_session"),
    )
    op.create_index("ix_identity_session_person", "identity_session", ["person"])
    op.create_table(
        "identity_totp",
        sa.Column("person", text, nullable=False),
        sa.Column("sealed", binary, nullable=True),
        sa.Column("sealed_next", binary, nullable=True),
        sa.Column("last_step", big, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_identity_totp"),
        _of_person("identity_totp"),
    )


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person"], ["identity_person.id"], name=f"fk_{table}_person_identity_person"
    )


def downgrade() -> None:
    for table in (
        "identity_totp",
        "identity_session",
        "identity_role",
        "identity_recovery_code",
        "identity_passkey",
        "identity_claim",
        "identity_person",
        "identity_oidc_attempt",
        "identity_invitation",
        "identity_email_link",
        "identity_ceremony",
    ):
        op.drop_table(table)
