"""The second factor of staff: codes of an authenticator app (TOTP, RFC 6238), and recovery codes on paper.

A passkey is the other second factor and lives in `identity.passkeys`. A code is accepted once: each one that is not
newer than the last accepted is refused, also inside the same half minute (RFC 6238, 5.2). Five wrong codes in a row
make the next one wait, longer each time; wrong recovery codes count as well.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from crypto import crockford
from crypto.errors import CryptoError
from identity.desk import Desk
from identity.errors import SealBroken, SecondFactorBlocked
from identity.models import IdentityPasskey, IdentityPerson, IdentityRecoveryCode, IdentityTotp
from storage.statements import rows_changed

DIGITS: Final = 6
DRIFT_STEPS: Final = 1
"""Half minutes by which the clock of a telephone may differ, either way."""
FREE_FAILURES: Final = 5
PAUSE: Final = timedelta(minutes=1)
PAUSE_MAX: Final = timedelta(hours=1)
RECOVERY_CODES: Final = 10
RECOVERY_SYMBOLS: Final = 12
"""60 random bits; a guess costs a pause as any wrong code does."""


@dataclass(frozen=True)
class Factors:
    """What somebody has. recovery_codes: how many are left."""

    app: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether there is any second factor."""
        return self.app or self.passkeys > 0


@dataclass(frozen=True)
class AppSecret:
    """What an authenticator app has to be told. base32: to be typed.  uri: for a QR code."""

    base32: str
    uri: str

    def __repr__(self) -> str:
        return "AppSecret()"


def factors_of(session: Session, person: str) -> Factors:
    """The second factors of a person."""
    totp = session.get(IdentityTotp, person)
    passkeys = session.scalar(
        select(func.count()).select_from(IdentityPasskey).where(IdentityPasskey.person == person)
    )
    left = session.scalar(
        select(func.count())
        .select_from(IdentityRecoveryCode)
        .where(IdentityRecoveryCode.person == person, IdentityRecoveryCode.spent_at.is_(None))
    )
    return Factors(totp is not None and totp.sealed is not None, passkeys or 0, left or 0)


def begin_app(desk: Desk, session: Session, person: str, within: bytes, label: str) -> AppSecret:
    """A secret for an authenticator app; it counts after the first right code (`confirm_app`).

    The same one until then, so that a page that is loaded twice shows what the app was told; but another one in each
    session: whoever read a mailbox before its owner set up an app must not know the owner's secret. Where an app
    counts already, the new one takes its place only when it is confirmed.
    within: digest of the session.  label: how the app names it to its owner.
    """
    row = session.get(IdentityTotp, person)
    if row is None:
        row = IdentityTotp(person=person, sealed=None, sealed_next=None, last_step=0)
        session.add(row)
    begun = _open_begun(desk, row, within)
    if begun is None:
        begun = pyotp.random_base32().encode()
        row.sealed_next = desk.keys.seal_secret(begun, _context_begun(person, within))
    session.flush()
    secret = begun.decode()
    return AppSecret(secret, pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=desk.host))


def confirm_app(desk: Desk, session: Session, person: str, within: bytes, code: str) -> bool:
    """Count the app that was begun in this session, if `code` is its present one. Gives whether it is.

    Commit either way: wrong codes are counted.

    within: digest of the session.  Raises: SecondFactorBlocked.
    """
    owner, row = _locked(desk, session, person)
    secret = None if row is None else _open_begun(desk, row, within)
    step = 0 if secret is None else _step(desk, secret, code)
    if row is None or secret is None or not step:
        _count_failure(desk, session, owner)
        return False
    row.sealed, row.sealed_next = desk.keys.seal_secret(secret, _context(person)), None
    row.last_step = step
    _forgive(session, owner)
    return True


def check_code(desk: Desk, session: Session, person: str, code: str) -> str | None:
    """The method (`app`, `recovery-code`) that `code` proves, None if it is wrong; commit either way.

    Wrong codes have to be remembered: a transaction that is rolled back would give attempts without end.
    Raises: SecondFactorBlocked, before the code is looked at.
    """
    owner, row = _locked(desk, session, person)
    method = None
    secret = (
        None if row is None or row.sealed is None else desk.keys.open_secret(row.sealed, _context(person))
    )
    step = 0 if secret is None else _step(desk, secret, code)
    if row is not None and step > row.last_step:
        row.last_step, method = step, "app"
    elif _spend(desk, session, person, code):
        method = "recovery-code"
    if method is None:
        _count_failure(desk, session, owner)
    else:
        _forgive(session, owner)
    return method


def make_recovery_codes(desk: Desk, session: Session, person: str) -> list[str]:
    """Ten new codes in groups, shown once; the old ones end."""
    session.execute(delete(IdentityRecoveryCode).where(IdentityRecoveryCode.person == person))
    codes = [
        crockford.symbols_of(secrets.randbits(5 * RECOVERY_SYMBOLS), RECOVERY_SYMBOLS)
        for _ in range(RECOVERY_CODES)
    ]
    session.execute(
        insert(IdentityRecoveryCode),
        [
            {"person": person, "digest": desk.keys.code_digest(person, code), "spent_at": None}
            for code in codes
        ],
    )
    return [crockford.grouped(code, 4) for code in codes]


def forget_all(session: Session, person: str) -> None:
    """Take all second factors from a person, as after a loss; the next sign-in sets up new ones."""
    for table in (IdentityTotp, IdentityRecoveryCode, IdentityPasskey):
        session.execute(delete(table).where(table.person == person))


def _open_begun(desk: Desk, row: IdentityTotp, within: bytes) -> bytes | None:
    """The secret that is being set up, if it was begun in this session."""
    if row.sealed_next is None:
        return None
    try:
        return desk.keys.open_secret(row.sealed_next, _context_begun(row.person, within))
    except SealBroken:
        return None


def _step(desk: Desk, secret: bytes, code: str) -> int:
    """Number of the half minute whose code this is, around now; 0 if it is none of them."""
    typed = "".join(code.split())
    if not (len(typed) == DIGITS and typed.isascii() and typed.isdecimal()):
        return 0
    app = pyotp.TOTP(secret.decode())
    try:
        return app.verify_and_get_timecode(typed, for_time=desk.clock(), valid_window=DRIFT_STEPS)
    except OTPVerificationError:
        return 0


def _spend(desk: Desk, session: Session, person: str, code: str) -> bool:
    """Use a recovery code up. Looking it up by its keyed hash tells nothing to whoever measures the time."""
    try:
        symbols = crockford.normalise(code, RECOVERY_SYMBOLS)
    except CryptoError:
        return False
    spent = (
        update(IdentityRecoveryCode)
        .where(
            IdentityRecoveryCode.person == person,
            IdentityRecoveryCode.digest == desk.keys.code_digest(person, symbols),
            IdentityRecoveryCode.spent_at.is_(None),
        )
        .values(spent_at=desk.clock())
    )
    return rows_changed(session, spent) == 1


def _locked(desk: Desk, session: Session, person: str) -> tuple[IdentityPerson, IdentityTotp | None]:
    """The rows, locked: of two requests with one code the second waits, and sees that it was used.

    Raises: SecondFactorBlocked.
    """
    owner = session.scalars(
        select(IdentityPerson)
        .where(IdentityPerson.id == person)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if owner.blocked_until is not None and desk.clock() < owner.blocked_until:
        raise SecondFactorBlocked(owner.blocked_until)
    row = session.scalar(
        select(IdentityTotp).where(IdentityTotp.person == person).execution_options(populate_existing=True)
    )
    return owner, row


def _count_failure(desk: Desk, session: Session, owner: IdentityPerson) -> None:
    owner.failures += 1
    if owner.failures >= FREE_FAILURES:
        owner.blocked_until = desk.clock() + min(
            PAUSE * 2 ** min(owner.failures - FREE_FAILURES, 10), PAUSE_MAX
        )
    session.flush()


def _forgive(session: Session, owner: IdentityPerson) -> None:
    owner.failures, owner.blocked_until = 0, None
    session.flush()


def _context(person: str) -> str:
    return f"psephos/totp/v1 {person}"


def _context_begun(person: str, within: bytes) -> str:
    return f"psephos/totp-begun/v1 {person} {within.hex()}"
