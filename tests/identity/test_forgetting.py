"""What is over is deleted, what is not stays."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from identity import email_link, invitations
from identity.forgetting import forget
from identity.models import (
    IdentityCeremony,
    IdentityEmailLink,
    IdentityInvitation,
    IdentityOidcAttempt,
    IdentityPerson,
    IdentitySession,
)
from identity.passkeys import sign_in_options
from identity.roles import Role
from identity.trail import System
from mail.words import Voice
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
