"""The address for mails: a link that stops them stops those to its own mailbox, and no others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text

from consultation.following.contacts import (
    CONFIRM,
    Contact,
    confirm,
    contact_of,
    forget_address,
    give_address,
    stop,
    stop_token,
)
from identity.errors import LinkUnusable
from mail.models import OutboxMail
from mail.outbox import Mail, queue_mail
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test
from tests.support.postgres import PostgresServer

OLD, NEW = "lan@old.example", "lan@new.example"
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
"""How many transactions of the server wait for another one."""


@pytest.fixture
def under_test(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(database_url, tmp_path) as made:
        yield made


def use(under_test: DeskUnderTest, person: str, address: str) -> str:
    """Somebody gives an address, gets the mail and confirms it; what the links in mails to it carry."""
    desk, now = under_test.desk, under_test.clock()
    with writing(desk.engine) as session:
        given, token = give_address(desk, session, person, address, now)
        mail = Mail(address, "en", "Your address", "Confirm it.", CONFIRM, given.key, secret=True)
        queue_mail(session, mail, key=f"{CONFIRM} {token}", now=now)
    with writing(desk.engine) as session:
        confirm(desk, session, token, now)
    return stop_token(desk, found(under_test, person).key)


def found(under_test: DeskUnderTest, person: str) -> Contact:
    with reading(under_test.desk.engine) as session:
        contact = contact_of(under_test.desk, session, person, under_test.clock())
    assert contact is not None
    return contact


def stopped(under_test: DeskUnderTest, token: str) -> str | None:
    with writing(under_test.desk.engine) as session:
        return stop(under_test.desk, session, token)


def test_a_link_in_a_former_mailbox_stops_nothing_of_the_new_one(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    former, now = use(under_test, lan, OLD), use(under_test, lan, NEW)
    assert stopped(under_test, former) is None
    assert found(under_test, lan).address == NEW
    assert stopped(under_test, now) == lan
    with reading(under_test.desk.engine) as session:
        assert contact_of(under_test.desk, session, lan, under_test.clock()) is None
    again = use(under_test, lan, OLD)
    assert stopped(under_test, former) is None
    assert stopped(under_test, again) == lan


def test_an_address_that_is_only_given_changes_no_link(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    token = use(under_test, lan, OLD)
    with writing(under_test.desk.engine) as session:
        _, secret = give_address(under_test.desk, session, lan, NEW, under_test.clock())
    assert stopped(under_test, token) == lan
    with pytest.raises(LinkUnusable), writing(under_test.desk.engine) as session:
        confirm(under_test.desk, session, secret, under_test.clock())


@pytest.mark.parametrize("again", [OLD, "LAN+news@old.example"])
def test_links_in_mails_go_on_while_the_mailbox_is_the_same(under_test: DeskUnderTest, again: str) -> None:
    lan = under_test.person()
    token = use(under_test, lan, OLD)
    assert use(under_test, lan, again) == token
    assert found(under_test, lan).address == again
    assert stopped(under_test, token) == lan


def test_no_address_stays_in_a_mail_that_nothing_names_any_more(under_test: DeskUnderTest) -> None:
    lan = under_test.person()
    for address in (OLD, NEW):
        use(under_test, lan, address)
    with writing(under_test.desk.engine) as session:
        forget_address(session, lan)
        assert set(session.scalars(select(OutboxMail.recipient))) == {None}


@pytest.mark.thorough
def test_an_address_given_while_another_is_confirmed_is_found_by_the_new_key(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """On PostgreSQL: on SQLite each of the two waits for the whole transaction of the other anyway."""
    with (
        postgres_server.fresh_database(tables=True) as url,
        desk_under_test(url, tmp_path) as under_test,
        ThreadPoolExecutor(1) as pool,
    ):
        desk, now, lan = under_test.desk, under_test.clock(), under_test.person()
        use(under_test, lan, OLD)
        with writing(desk.engine) as session:
            _, token = give_address(desk, session, lan, NEW, now)

        def give() -> str:
            with writing(desk.engine) as session:
                return give_address(desk, session, lan, "lan@third.example", now)[0].key

        with writing(desk.engine) as session:
            confirm(desk, session, token, now)
            given = pool.submit(give)
            while not given.done() and not session.scalar(WAITING):
                pass
        assert given.result() == found(under_test, lan).key
