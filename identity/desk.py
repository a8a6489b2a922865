"""What every verb of this room needs: the database, the keys, the clock, the site's address and its rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from sqlalchemy import Engine

from identity.assurance import AssurancePolicy
from identity.keys import IdentityKeys
from mail.domains import SiteDomains


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """base_url: scheme and host, no slash at the end.  clock: injected, so that tests own the time."""

    engine: Engine
    keys: IdentityKeys
    base_url: str
    policy: AssurancePolicy = field(default_factory=AssurancePolicy)
    clock: Callable[[], datetime] = utc_now
    mail_domains: SiteDomains = field(default_factory=SiteDomains)
    """What the site says of mail domains."""

    @property
    def host(self) -> str:
        """Name of the site without a port: what passkeys belong to."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def trail_origin(self) -> str:
        """First line of the site log's checkpoints."""
        return trail_origin(self.base_url)


def trail_origin(base_url: str) -> str:
    """The name of the site log of the site at `base_url`."""
    return f"{urlsplit(base_url).netloc}/site"
