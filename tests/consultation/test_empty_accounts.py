"""An account that came with a signature goes with it, unless something else is left in it or somebody is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from consultation.empty_accounts import KEPT, forget_empty, withdraw_and_leave
from consultation.profiles import set_profile
from identity.models import IdentityClaim, IdentityPerson
from identity.people import find_by_claim, mailbox_hash, person_hash, set_roles
from identity.roles import Role
from identity.types import EMAIL
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest
from tests.support.personal import found_in_tables, import_tables, traces
from tests.support.petitions import petitions_under_test


@pytest.fixture
def signing(database_url: str, tmp_path: Path) -> Iterator[SigningUnderTest]:
    import_tables()
    with petitions_under_test(database_url, tmp_path) as room:
        yield SigningUnderTest(room.site, room=room)


def account(signing: SigningUnderTest, address: str) -> str | None:
    with reading(signing.desk.engine) as session:
        return find_by_claim(session, EMAIL, person_hash(signing.desk.keys, EMAIL, address))


def take_back(signing: SigningUnderTest, key: str) -> None:
    with writing(signing.desk.engine) as session:
        withdraw_and_leave(signing.desk, session, key)


def test_nothing_is_left_of_who_took_a_signature_back(signing: SigningUnderTest) -> None:
    one, two = signing.published(), signing.published()
    address, keys = "lan+thu@dong-sen.example", signing.desk.keys
    first, second = signing.confirm(signing.ask(one, address)), signing.confirm(signing.ask(two, address))
    person = account(signing, address)
    assert person is not None
    take_back(signing, first)
    assert account(signing, address) == person  # the other signature is left
    late = signing.ask(one, address)
    take_back(signing, second)
    assert account(signing, address) == person  # a link is under way, and must still work
    take_back(signing, signing.confirm(late))
    digests = [person_hash(keys, EMAIL, address), mailbox_hash(keys, address)]
    assert found_in_tables(signing.desk.engine, traces(person, [address], digests)) == []
    assert signing.confirm(signing.ask(one, address)) not in (first, second)


def test_who_is_somebody_here_stays(signing: SigningUnderTest) -> None:
    petition, engine = signing.published(), signing.desk.engine
    there, staff, out, writer = signing.people(4)
    with writing(engine) as session:
        set_roles(session, staff, [Role.MODERATOR])
        set_profile(session, writer, "Lan", None)
        session.execute(
            update(IdentityPerson).where(IdentityPerson.id == out).values(disabled_at=signing.site.clock())
        )
    take_back(signing, signing.sign(petition, there))
    others = {*signing.people(2), there}
    signing.site.clock.now += KEPT
    signing.site.session(there)
    recent = signing.people(1)[0]
    with writing(engine) as session:
        assert forget_empty(session, signing.site.clock()) >= 2
        left = set(session.scalars(select(IdentityPerson.id)))
        assert {there, staff, out, writer, recent} <= left
        assert not (others - {there}) & left
        assert set(session.scalars(select(IdentityClaim.person))) <= left
