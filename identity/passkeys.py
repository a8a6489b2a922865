"""Passkeys (W3C WebAuthn, level 3): keys on somebody's device that sign in without a name, after the device has checked
its owner (fingerprint, face, PIN). Because it has, a passkey counts as both factors.

Challenges are single use, live five minutes and belong to the session or browser that they were given to. What a
passkey vouches for is what the session vouched for in which it was added: it does not rise above that.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from identity.assurance import Assurance
from identity.desk import Desk
from identity.errors import PasskeyRefused
from identity.models import IdentityCeremony, IdentityPasskey
from identity.sessions import KnownAs, SignedIn, digest_of
from storage.statements import rows_changed

LIFETIME: Final = timedelta(minutes=5)
ANSWER_BYTES_MAX: Final = 16 * 1024
NAME_MAX: Final = 60
PASSKEYS_MAX: Final = 20
_REGISTER: Final = "register"
_SIGN_IN: Final = "sign-in"


@dataclass(frozen=True)
class Passkey:
    """One line of the list of one's own."""

    id: bytes
    name: str
    made_at: datetime
    used_at: datetime | None


def registration_options(desk: Desk, session: Session, signed_in: SignedIn, label: str) -> str:
    """JSON for `navigator.credentials.create`. label: how the device names the account to its owner."""
    mine = _rows(session, signed_in.person_id)
    options = generate_registration_options(
        rp_id=desk.host,
        rp_name=desk.host,
        user_id=bytes.fromhex(signed_in.person_id),
        user_name=label,
        timeout=int(LIFETIME.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=row.credential_id) for row in mine],
    )
    _remember(desk, session, options.challenge, signed_in.session, _REGISTER)
    return options_to_json(options)


def register(desk: Desk, session: Session, signed_in: SignedIn, answer: bytes, name: str) -> None:
    """Keep the passkey that a browser made. answer: JSON of its credential.  Raises: PasskeyRefused."""
    try:
        credential = parse_registration_credential_json(_text(answer))
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=_redeem(
                desk, session, credential.response.client_data_json, signed_in.session, _REGISTER
            ),
            expected_rp_id=desk.host,
            expected_origin=desk.base_url,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, RecursionError) as error:
        raise PasskeyRefused from error
    known = session.get(IdentityPasskey, verified.credential_id)
    if known is not None or len(_rows(session, signed_in.person_id)) >= PASSKEYS_MAX:
        raise PasskeyRefused
    transports = credential.response.transports or []
    session.add(
        IdentityPasskey(
            credential_id=verified.credential_id,
            person=signed_in.person_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            name=name[:NAME_MAX],
            transports=" ".join(transport.value for transport in transports),
            issuer=signed_in.issuer,
            claim=signed_in.claim,
            assurance=int(signed_in.assurance),
            made_at=desk.clock(),
            used_at=None,
        )
    )
    session.flush()


def sign_in_options(desk: Desk, session: Session, browser: bytes) -> str:
    """JSON for `navigator.credentials.get`; it names nobody. browser: secret of the browser that asks."""
    options = generate_authentication_options(
        rp_id=desk.host,
        timeout=int(LIFETIME.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _remember(desk, session, options.challenge, digest_of(browser), _SIGN_IN)
    return options_to_json(options)


def check(desk: Desk, session: Session, browser: bytes, answer: bytes) -> tuple[str, KnownAs]:
    """The person whose passkey signed, and what they are known as. Raises: PasskeyRefused.

    A counter that does not grow means that the key was copied; such an answer is refused (WebAuthn, 7.2 step 22).
    Keys that do not count always say 0.
    """
    try:
        credential = parse_authentication_credential_json(_text(answer))
        row = session.scalar(
            select(IdentityPasskey)
            .where(IdentityPasskey.credential_id == credential.raw_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        challenge = _redeem(desk, session, credential.response.client_data_json, digest_of(browser), _SIGN_IN)
        if row is None or credential.response.user_handle != bytes.fromhex(row.person):
            raise PasskeyRefused
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=desk.host,
            expected_origin=desk.base_url,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, RecursionError) as error:
        raise PasskeyRefused from error
    # The day alone: the board shows the second of every ballot, and a citizen signs in a moment before.
    today = desk.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    row.sign_count, row.used_at = verified.new_sign_count, today
    session.flush()
    return row.person, KnownAs(row.issuer, row.claim, Assurance(row.assurance), ("passkey",))


def passkeys_of(session: Session, person: str) -> Sequence[Passkey]:
    """The passkeys of a person, the oldest first."""
    return [Passkey(row.credential_id, row.name, row.made_at, row.used_at) for row in _rows(session, person)]


def rename(session: Session, person: str, credential_id: bytes, name: str) -> None:
    """Give a passkey another name; harmless if it is not theirs."""
    session.execute(
        update(IdentityPasskey)
        .where(IdentityPasskey.credential_id == credential_id, IdentityPasskey.person == person)
        .values(name=name[:NAME_MAX])
    )


def remove(session: Session, person: str, credential_id: bytes) -> bool:
    """Forget a passkey. Gives whether there was one of this person."""
    removed = delete(IdentityPasskey).where(
        IdentityPasskey.credential_id == credential_id, IdentityPasskey.person == person
    )
    return rows_changed(session, removed) == 1


def _rows(session: Session, person: str) -> Sequence[IdentityPasskey]:
    return session.scalars(
        select(IdentityPasskey).where(IdentityPasskey.person == person).order_by(IdentityPasskey.made_at)
    ).all()


def _text(answer: bytes) -> str:
    if len(answer) > ANSWER_BYTES_MAX:
        raise PasskeyRefused
    return answer.decode()


def _remember(desk: Desk, session: Session, challenge: bytes, binding: bytes, purpose: str) -> None:
    session.add(
        IdentityCeremony(digest=digest_of(challenge), binding=binding, purpose=purpose, made_at=desk.clock())
    )
    session.flush()


def _redeem(desk: Desk, session: Session, client_data: bytes, binding: bytes, purpose: str) -> bytes:
    """The challenge that the answer says it answers, if it was given out for this and not used. It is used then.

    Raises: PasskeyRefused, ValueError for data that cannot be read.
    """
    said: Any = json.loads(client_data)
    if not isinstance(said, dict) or not isinstance(said.get("challenge"), str):
        raise PasskeyRefused
    challenge = base64url_to_bytes(said["challenge"])
    taken = delete(IdentityCeremony).where(
        IdentityCeremony.digest == digest_of(challenge),
        IdentityCeremony.binding == binding,
        IdentityCeremony.purpose == purpose,
        IdentityCeremony.made_at > desk.clock() - LIFETIME,
    )
    if rows_changed(session, taken) != 1:
        raise PasskeyRefused
    return challenge
