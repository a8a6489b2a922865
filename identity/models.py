"""The tables of people and of how they sign in.

Of what identifies somebody outside (an address, a national number) only a keyed hash is kept; of every secret that a
browser or a mail carries only a hash; a second factor's secret is sealed under a key outside the database.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class IdentityPerson(Base):
    """Somebody who signed in once or was invited. name: of staff, as the site log gives it; of citizens empty.

    made_at: of whoever came by signing in the month only, so that it does not tell when a voter came.
    """

    __tablename__ = "identity_person"
    # A hidden row number would keep the order in which people came.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    id: Mapped[str] = mapped_column(primary_key=True)
    """32 hexadecimal digits, also the user handle of passkeys."""
    name: Mapped[str]
    language: Mapped[str]
    made_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    failures: Mapped[int]
    """Wrong second factors in a row."""
    blocked_until: Mapped[datetime | None]
    """No second factor is looked at before."""


class IdentityRole(Base):
    """One role of one person."""

    __tablename__ = "identity_role"

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class IdentityClaim(Base):
    """Who a person is for one issuer. digest: `identity.people.person_hash`.  made_at: as the person's.

    mailbox: of a mail address `identity.people.mailbox_hash`, as the last sign-in knew it; the digest itself while
    nobody has signed in with it since this is kept. None for other issuers.
    """

    __tablename__ = "identity_claim"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy reads it from the class)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    mailbox: Mapped[bytes | None] = mapped_column(index=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    made_at: Mapped[datetime]


class IdentitySession(Base):
    """One browser that is signed in. digest: SHA-256 of what its cookie holds."""

    __tablename__ = "identity_session"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    issuer: Mapped[str]
    """Of the identity that signed in; with `claim` it names the voter in an election's list."""
    claim: Mapped[bytes]
    methods: Mapped[str]
    """How, words joined by spaces."""
    assurance: Mapped[int]
    device: Mapped[str]
    """Browser and system in two words, for the list of one's own sessions."""
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    second_factor_at: Mapped[datetime | None]


class IdentityInvitation(Base):
    """A link that makes its bearer a member of the staff, once. digest: SHA-256 of its secret."""

    __tablename__ = "identity_invitation"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    name: Mapped[str]
    language: Mapped[str]
    roles: Mapped[str]
    """Joined by spaces."""
    claim: Mapped[bytes]
    """Of the invited address: it can sign in by mail later."""
    mailbox: Mapped[bytes | None]
    """As in `IdentityClaim`."""
    invited_by: Mapped[str]
    """Name of the administrator, or `console`."""
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class IdentityEmailLink(Base):
    """A mailed link that signs in once. digest: SHA-256 of its secret."""

    __tablename__ = "identity_email_link"
    __table_args__ = (Index(None, "claim", "made_at"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    claim: Mapped[bytes]
    mailbox: Mapped[bytes | None]
    """As in `IdentityClaim`."""
    browser: Mapped[bytes]
    """SHA-256 of the cookie of the browser that asked."""
    language: Mapped[str]
    next_path: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class IdentityPasskey(Base):
    """One passkey (a WebAuthn credential). issuer, claim, assurance: of the sign-in in which it was added.

    used_at: the day of its last use, no time of it.
    """

    __tablename__ = "identity_passkey"

    credential_id: Mapped[bytes] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), index=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[str]
    transports: Mapped[str]
    issuer: Mapped[str]
    claim: Mapped[bytes]
    assurance: Mapped[int]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class IdentityCeremony(Base):
    """A WebAuthn challenge that was given out. digest: SHA-256 of it; binding: of the browser's or session's secret."""

    __tablename__ = "identity_ceremony"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    binding: Mapped[bytes]
    purpose: Mapped[str]
    made_at: Mapped[datetime]


class IdentityTotp(Base):
    """The authenticator app of a person (RFC 6238). last_step: of the newest code that was accepted."""

    __tablename__ = "identity_totp"

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    sealed: Mapped[bytes | None]
    """The secret of the app that counts."""
    sealed_next: Mapped[bytes | None]
    """Of one that is being set up."""
    last_step: Mapped[int]


class IdentityRecoveryCode(Base):
    """One of the codes on paper that stand in for a lost second factor, each once. digest: keyed hash."""

    __tablename__ = "identity_recovery_code"

    person: Mapped[str] = mapped_column(ForeignKey(IdentityPerson.id), primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    spent_at: Mapped[datetime | None]


class IdentityOidcAttempt(Base):
    """A sign-in at an OpenID provider that is under way (`identity.oidc.attempts`)."""

    __tablename__ = "identity_oidc_attempt"

    state_digest: Mapped[bytes] = mapped_column(primary_key=True)
    browser_digest: Mapped[bytes]
    provider: Mapped[str]
    language: Mapped[str]
    next_path: Mapped[str]
    started_at: Mapped[datetime]
