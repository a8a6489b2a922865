"""Sign-ins that are under way: remembered for ten minutes, taken once."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from identity.models import IdentityOidcAttempt
from identity.oidc.errors import UnknownAttempt

LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Waiting:
    """What a sign-in was started for."""

    provider: str
    language: str
    next_path: str
    started_at: datetime


def remember(session: Session, state: bytes, browser: bytes, waiting: Waiting) -> None:
    """Store a sign-in that begins; those that nobody finished are removed."""
    session.execute(
        delete(IdentityOidcAttempt).where(IdentityOidcAttempt.started_at < waiting.started_at - LIFE)
    )
    session.add(
        IdentityOidcAttempt(
            state_digest=_digest(state),
            browser_digest=_digest(browser),
            provider=waiting.provider,
            language=waiting.language,
            next_path=waiting.next_path,
            started_at=waiting.started_at,
        )
    )


def is_waiting(session: Session, state: bytes) -> bool:
    """Whether there is a sign-in with this `state`. Reading asks for no lock, so invented answers stop no writer."""
    return session.get(IdentityOidcAttempt, _digest(state)) is not None


def take(session: Session, state: bytes) -> IdentityOidcAttempt | None:
    """Remove the sign-in with this `state` and give it: one statement, so that of two requests one finds it."""
    one = delete(IdentityOidcAttempt).where(IdentityOidcAttempt.state_digest == _digest(state))
    return session.scalars(one.returning(IdentityOidcAttempt)).one_or_none()


def require_attempt(row: IdentityOidcAttempt | None, browser: bytes, provider: str, now: datetime) -> Waiting:
    """Check that the row is of this browser and provider and not too old. Raises: UnknownAttempt."""
    if (
        row is None
        or not hmac.compare_digest(row.browser_digest, _digest(browser))
        or row.provider != provider
        or not timedelta(0) <= now - row.started_at <= LIFE
    ):
        raise UnknownAttempt
    return Waiting(row.provider, row.language, row.next_path, row.started_at)


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
