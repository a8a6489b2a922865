"""Who does something to an election, and the site log in which it is noted, in the transaction of the deed itself."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from identity.desk import Desk
from identity.sessions import SignedIn
from identity.trail import record
from storage.session import Beside


@dataclass(frozen=True)
class By:
    """Somebody of the staff at work."""

    desk: Desk
    actor: SignedIn

    @property
    def name(self) -> str:
        """The printed name."""
        return self.actor.name

    def note(self, session: Session, deed: str, subject: str, **detail: str) -> None:
        """The line in the site log. deed: what was done, as `draft-saved`.  subject: to what."""
        record(self.desk, session, self.actor, deed, subject, detail)

    def beside(self, deed: str, subject: str, **detail: str) -> Beside:
        """The line for a verb that opens its own transaction."""
        return lambda session: self.note(session, deed, subject, **detail)
