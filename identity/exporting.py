"""What this room keeps of a person, readable: for whoever asks what the site knows about them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from identity.desk import Desk
from identity.models import IdentityClaim, IdentityPasskey, IdentityPerson
from identity.people import roles_of
from identity.second_factor import factors_of
from identity.sessions import sessions_of

Rows = Sequence[Mapping[str, object]]


def export_person(desk: Desk, session: Session, person: str) -> Mapping[str, Rows]:
    """Lists by name: the account, ways to sign in, passkeys, second factor, sessions. Secrets and keys are not in it.

    Raises: NoSuchPerson's cause where there is none.
    """
    row = session.get_one(IdentityPerson, person)
    factors = factors_of(session, person)
    claims = session.scalars(select(IdentityClaim).where(IdentityClaim.person == person))
    passkeys = session.scalars(
        select(IdentityPasskey).where(IdentityPasskey.person == person).order_by(IdentityPasskey.made_at)
    )
    return {
        "account": [
            {
                "number": row.id,
                "name": row.name,
                "language": row.language,
                "since": row.made_at,
                "roles": sorted(role.value for role in roles_of(session, person)),
            }
        ],
        "ways_to_sign_in": [
            {
                "issuer": claim.issuer,
                "hash": claim.digest,
                "mailbox_hash": claim.mailbox,
                "since": claim.made_at,
            }
            for claim in claims
        ],
        "passkeys": [
            {"name": key.name, "added": key.made_at, "last_used": key.used_at, "public_key": key.public_key}
            for key in passkeys
        ],
        "second_factor": [{"app": factors.app, "recovery_codes_left": factors.recovery_codes}],
        "sessions": [
            {"browser": one.device, "by": list(one.methods), "since": one.made_at, "last_seen": one.seen_at}
            for one in sessions_of(desk, session, person)
        ],
    }
