"""What is deleted when its time is over: ended sessions, used links, challenges, sign-ins that were never finished."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from identity.models import (
    IdentityCeremony,
    IdentityEmailLink,
    IdentityInvitation,
    IdentityOidcAttempt,
    IdentitySession,
)
from identity.sessions import IDLE, STAFF_LIFETIME

KEPT: Final = timedelta(days=1)
"""For how long a link or an attempt is kept after its end: whoever asks the help desk next day can be answered."""


def forget(session: Session, now: datetime) -> None:
    """Delete what nothing depends on any more. Harmless at any time."""
    session.execute(
        delete(IdentitySession).where(
            (IdentitySession.seen_at < now - IDLE) | (IdentitySession.made_at < now - STAFF_LIFETIME)
        )
    )
    session.execute(delete(IdentityEmailLink).where(IdentityEmailLink.expires_at < now - KEPT))
    session.execute(delete(IdentityInvitation).where(IdentityInvitation.expires_at < now - KEPT))
    session.execute(delete(IdentityCeremony).where(IdentityCeremony.made_at < now - KEPT))
    session.execute(delete(IdentityOidcAttempt).where(IdentityOidcAttempt.started_at < now - KEPT))
