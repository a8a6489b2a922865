"""Opening the desk: keys and site log are made together with the first start, and must stay together."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from board.models import BoardLog
from identity import trail
from identity.assurance import AssurancePolicy
from identity.desk import Desk, utc_now
from identity.keys import IdentityKeys
from mail.domains import SiteDomains
from storage.session import reading, writing


def open_desk(
    engine: Engine,
    secrets: Path,
    base_url: str,
    policy: AssurancePolicy | None = None,
    clock: Callable[[], datetime] = utc_now,
    mail_domains: SiteDomains | None = None,
) -> Desk:
    """The desk of a migrated database. The keys are made only if no site log was begun in it.

    Raises: KeysUnsafe, KeyMissing.
    """
    with reading(engine) as session:
        used = session.scalar(select(BoardLog.id).where(BoardLog.origin.endswith("/site"))) is not None
    keys = IdentityKeys.open(secrets, make=not used)
    desk = Desk(engine, keys, base_url, policy or AssurancePolicy(), clock, mail_domains or SiteDomains())
    with writing(engine) as session:
        trail.begin(desk, session)
    return desk
