"""Two at one moment: a link, a code, an invitation serve one of them; one person is made; one administrator stays."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import pyotp
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from identity import appointing, email_link, invitations, second_factor
from identity.errors import IdentityError, LastAdministrator, LinkUnusable
from identity.models import IdentityPerson
from identity.people import Account, account_of, administrators, find_by_claim, find_or_make
from identity.roles import Role
from identity.trail import System, verify_trail
from mail.models import OutboxMail
from mail.words import Voice
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest

RACERS = 4
Answer = TypeVar("Answer")


def race(deeds: list[Callable[[], Answer]]) -> tuple[list[Answer], list[Exception]]:
    """All at once; what they gave and what they raised."""
    start = threading.Barrier(len(deeds))
    given: list[Answer] = []
    raised: list[Exception] = []

    def run(deed: Callable[[], Answer]) -> None:
        start.wait()
        try:
            given.append(deed())
        except IdentityError as error:
            raised.append(error)

    with ThreadPoolExecutor(len(deeds)) as pool:
        for ended in [pool.submit(run, deed) for deed in deeds]:
            ended.result()
    return given, raised


def mailed(desk: DeskUnderTest) -> str:
    with reading(desk.desk.engine) as session:
        text = session.scalars(select(OutboxMail.text)).one() or ""
    found = re.search(r"t=([A-Za-z0-9_-]+)", text)
    assert found is not None
    return found[1]


def test_a_link_is_used_once(desk_anywhere: DeskUnderTest) -> None:
    desk = desk_anywhere.desk
    with writing(desk.engine) as session:
        email_link.ask(desk, session, "hoa@example.org", b"b" * 32, Voice("en", "Ward", "(none)"), "")
    token = mailed(desk_anywhere)

    def use() -> None:
        with writing(desk.engine) as session:
            email_link.use(desk, session, token)

    given, raised = race([use] * RACERS)
    assert len(given) == 1
    assert [type(error) for error in raised] == [LinkUnusable] * (RACERS - 1)


def test_an_invitation_is_used_once(desk_anywhere: DeskUnderTest) -> None:
    desk = desk_anywhere.desk
    with writing(desk.engine) as session:
        link = invitations.invite(
            desk,
            session,
            System("console"),
            name="Hoa",
            address="hoa@example.org",
            roles=[Role.ADMINISTRATOR],
            language="en",
        )

    def accept() -> str:
        with writing(desk.engine) as session:
            return invitations.accept(desk, session, link.partition("t=")[2], device="").person

    given, raised = race([accept] * RACERS)
    assert len(given) == 1
    assert [type(error) for error in raised] == [LinkUnusable] * (RACERS - 1)
    with reading(desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(IdentityPerson)) == 1
        assert verify_trail(session, desk.trail_origin, desk.keys.log.public_key) == 3


def test_a_code_of_the_app_is_used_once(desk_anywhere: DeskUnderTest) -> None:
    desk, person = desk_anywhere.desk, desk_anywhere.person(roles=(Role.OFFICIAL,))
    with writing(desk.engine) as session:
        app = pyotp.TOTP(second_factor.begin_app(desk, session, person, b"s" * 32, "Hoa").base32)
        assert second_factor.confirm_app(desk, session, person, b"s" * 32, app.at(desk.clock()))
    desk_anywhere.clock.wait(seconds=30)
    code = app.at(desk.clock())

    def check() -> str | None:
        with writing(desk.engine) as session:
            return second_factor.check_code(desk, session, person, code)

    given, raised = race([check] * RACERS)
    assert sorted(given, key=str) == [None] * (RACERS - 1) + ["app"]
    assert raised == []


def test_a_recovery_code_is_used_once(desk_anywhere: DeskUnderTest) -> None:
    desk, person = desk_anywhere.desk, desk_anywhere.person(roles=(Role.OFFICIAL,))
    with writing(desk.engine) as session:
        code = second_factor.make_recovery_codes(desk, session, person)[0]

    def check() -> str | None:
        with writing(desk.engine) as session:
            return second_factor.check_code(desk, session, person, code)

    given, _ = race([check] * RACERS)
    assert sorted(given, key=str) == [None] * (RACERS - 1) + ["recovery-code"]


def test_one_person_is_made_of_several_first_sign_ins(desk_anywhere: DeskUnderTest) -> None:
    desk = desk_anywhere.desk

    def sign_in() -> str:
        with writing(desk.engine) as session:
            return find_or_make(session, "https://id.example", b"c" * 32, language="vi", now=desk.clock())

    given, raised = race([sign_in] * RACERS)
    assert len(set(given)) == 1
    assert raised == []
    with reading(desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(IdentityPerson)) == 1


class ChangedTheirMind(Exception):
    """What the test throws."""


@pytest.mark.parametrize("kept", [True, False])
def test_an_account_that_is_being_made_is_awaited(desk_anywhere: DeskUnderTest, kept: bool) -> None:
    """Who comes a moment later has that account, or makes it if the first one's deed failed; nothing else is left."""
    desk, inside = desk_anywhere.desk, threading.Event()

    def make(session: Session) -> Account:
        return account_of(session, "https://id.example", b"c" * 32, language="vi", now=desk.clock())

    def come_later() -> Account:
        assert inside.wait(10)
        with writing(desk.engine) as session:
            return make(session)

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(come_later)
        with suppress(ChangedTheirMind), writing(desk.engine) as session:
            first = make(session)
            inside.set()
            with pytest.raises(TimeoutError):
                later.result(0.3)
            if not kept:
                raise ChangedTheirMind
        second = later.result(10)
    assert first.made
    assert second.made is not kept
    assert (second.person == first.person) is kept
    with reading(desk.engine) as session:
        assert session.scalars(select(IdentityPerson.id)).all() == [second.person]
        assert find_by_claim(session, "https://id.example", b"c" * 32) == second.person


@pytest.mark.parametrize("deed", ["roles", "disable"])
def test_two_administrators_do_not_remove_each_other(desk_anywhere: DeskUnderTest, deed: str) -> None:
    desk = desk_anywhere.desk
    both = [desk_anywhere.signed_in(Role.ADMINISTRATOR, name=name) for name in ("An", "Hoa")]

    def remove(mine: int) -> Callable[[], None]:
        def act() -> None:
            with writing(desk.engine) as session:
                other = both[1 - mine].person_id
                if deed == "roles":
                    appointing.change_roles(desk, session, both[mine], other, [])
                else:
                    appointing.disable(desk, session, both[mine], other)

        return act

    given, raised = race([remove(0), remove(1)])
    assert (len(given), [type(error) for error in raised]) == (1, [LastAdministrator])
    with reading(desk.engine) as session:
        assert administrators(session) == 1
