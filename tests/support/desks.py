"""Desks on real databases, with a clock that the test owns and people of every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from identity.assurance import Assurance
from identity.desk import Desk
from identity.opening import open_desk
from identity.people import add_claim, make_person, set_roles
from identity.roles import Role
from identity.sessions import KnownAs, SignedIn, find_session, open_session
from storage.engine import make_engine
from storage.session import reading, writing
from tests.support.databases import make_tables

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
BASE_URL = "http://localhost:8000"


@dataclass
class Clock:
    """Says the time that the test sets."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass
class DeskUnderTest:
    """A desk and what surrounds it."""

    desk: Desk
    clock: Clock
    secrets: Path

    def person(self, name: str = "Lan Nguyễn", roles: tuple[Role, ...] = ()) -> str:
        """Somebody who can sign in by the mail address `<id>@example.org`."""
        with writing(self.desk.engine) as session:
            person = make_person(session, name=name, language="en", now=self.clock())
            set_roles(session, person, roles)
            claim = self.desk.keys.person_digest("email", f"{person}@example.org")
            add_claim(session, person, "email", claim, now=self.clock())
        return person

    def session(self, person: str, *, second_factor: bool = True) -> bytes:
        """The cookie of a new session."""
        claim = self.desk.keys.person_digest("email", f"{person}@example.org")
        known = KnownAs("email", claim, Assurance.LOW, ("email",))
        with writing(self.desk.engine) as session:
            return open_session(
                self.desk, session, person, known, device="Firefox, Linux", second_factor=second_factor
            )

    def who(self, token: bytes) -> SignedIn | None:
        """Whose session it is now."""
        with reading(self.desk.engine) as session:
            return find_session(self.desk, session, token)

    def signed_in(self, *roles: Role, name: str = "Lan Nguyễn") -> SignedIn:
        """Somebody with these roles, second factor shown."""
        found = self.who(self.session(self.person(name, roles)))
        assert found is not None
        return found


@contextmanager
def desk_under_test(database_url: str, folder: Path, base_url: str = BASE_URL) -> Iterator[DeskUnderTest]:
    """A desk on a fresh database."""
    engine = make_engine(database_url)
    make_tables(engine)
    clock = Clock()
    secrets = folder / "secrets"
    try:
        yield DeskUnderTest(open_desk(engine, secrets, base_url, clock=clock), clock, secrets)
    finally:
        engine.dispose()
