"""What is over is deleted, what is not stays."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from identity import email_link, invitations
from identity.assurance import Assurance
from identity.forgetting import forget
from identity.models import (
    IdentityCeremony,
    IdentityClaim,
    IdentityEmailLink,
    IdentityInvitation,
    IdentityOidcAttempt,
    IdentityPerson,
    IdentitySession,
)
from identity.passkeys import sign_in_options
from identity.roles import Role
from identity.sessions import sign_in
from identity.trail import System
from identity.types import EMAIL, Identity
from mail.words import Voice
from storage.base import Base
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest

TABLES = (IdentitySession, IdentityEmailLink, IdentityInvitation, IdentityCeremony, IdentityOidcAttempt)


def counts(desk: DeskUnderTest) -> Sequence[int]:
    with reading(desk.desk.engine) as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        (0.4, [1, 1, 1, 1, 1]),
        (0.6, [0, 1, 1, 1, 1]),  # idle for longer than half an hour
        (24.1, [0, 1, 1, 0, 0]),
        (24.3, [0, 0, 1, 0, 0]),
        (191.9, [0, 0, 1, 0, 0]),
        (192.1, [0, 0, 0, 0, 0]),  # seven days and one
    ],
)
def test_each_thing_in_its_time(desk_anywhere: DeskUnderTest, hours: float, left: Sequence[int]) -> None:
    desk = desk_anywhere.desk
    desk_anywhere.signed_in(Role.OFFICIAL)
    with writing(desk.engine) as session:
        email_link.ask(desk, session, "hoa@example.org", b"b" * 32, Voice("en", "Ward", "(none)"), "")
        invitations.invite(
            desk,
            session,
            System("console"),
            name="Hoa",
            address="hoa@example.org",
            roles=[Role.AUDITOR],
            language="en",
        )
        sign_in_options(desk, session, b"b" * 32)
        session.add(
            IdentityOidcAttempt(
                state_digest=b"s",
                browser_digest=b"b",
                provider="tara",
                language="en",
                next_path="",
                started_at=desk.clock(),
            )
        )
    assert counts(desk_anywhere) == [1, 1, 1, 1, 1]
    desk_anywhere.clock.wait(hours=hours)
    with writing(desk.engine) as session:
        forget(session, desk.clock())
    assert counts(desk_anywhere) == left
    with reading(desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(IdentityPerson)) == 1


def test_nothing_that_stays_tells_when_a_voter_signed_in(desk_anywhere: DeskUnderTest) -> None:
    """Else the time of a first sign-in, which is the time of a ballot, ties people to ballots for ever."""
    desk = desk_anywhere.desk
    came = desk.clock()
    assert came.day > 1
    with writing(desk.engine) as session:
        voter = Identity(EMAIL, "hoa@example.org", Assurance.LOW, ("email",))
        sign_in(desk, session, voter, language="vi", device="phone")
        forget(session, came + timedelta(days=2))
    day = f"{came:%Y-%m-%d}"
    with reading(desk.engine) as session:
        for table in Base.metadata.sorted_tables:
            if table.name.startswith("identity_"):
                for row in session.execute(select(table)):
                    assert not any(day in str(value) for value in row), table.name
        made = session.scalars(select(IdentityClaim.made_at)).all()
    assert [(moment.day, moment.hour, moment.minute, moment.second) for moment in made] == [(1, 0, 0, 0)]


def test_no_table_of_people_keeps_the_order_in_which_they_came(desk: DeskUnderTest) -> None:
    with reading(desk.desk.engine) as session:
        for table in ("identity_person", "identity_claim"):
            with pytest.raises(OperationalError, match="no such column"):
                session.execute(text(f"SELECT rowid FROM {table}"))  # noqa: S608
