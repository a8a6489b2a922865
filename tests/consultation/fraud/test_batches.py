"""Removing suspected signatures: exactly what the preview showed, once, by somebody who may decide, in public."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from consultation.fraud.batches import (
    GROUP_LEAST,
    MOMENT_STEP,
    Conditions,
    begun,
    groups_of,
    preview,
    remove_suspected,
    suspected_petitions,
)
from consultation.fraud.errors import NoConditions, OwnPetition, PreviewOutdated, TooFew
from consultation.fraud.marks import Mark
from consultation.fraud.work import network_tag
from consultation.signing.counting import public_count
from consultation.signing.ending import Removed
from consultation.signing.errors import NothingToRemove
from consultation.signing.signing import confirm
from identity.roles import Role
from identity.sessions import SignedIn
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test
from tests.support.petition_ward import SPONSORS, Ward

ROBOT = "198.51.100.9"
DISPOSABLE = Conditions(frozenset({Mark.DISPOSABLE}))


class Flooded:
    """An open petition with honest signatures, and a robot's from one network and one disposable domain."""

    robots = 8

    def __init__(self, site: DeskUnderTest) -> None:
        self.site, self.ward = site, Ward(site)
        self.petition = self.ward.open()
        self.moderator = site.signed_in(Role.MODERATOR)
        for name in "abcdefgh"[: self.robots]:
            self.sign(f"{name}{name}@mailinator.com", ROBOT)

    def sign(self, address: str, network: str) -> None:
        token = self.ward.signatures.ask(self.petition, address)
        self.site.clock.wait(seconds=30)
        with writing(self.site.desk.engine) as session:
            confirm(self.site.desk, session, token, 1, network)

    def fingerprint(self, conditions: Conditions) -> str:
        with reading(self.site.desk.engine) as session:
            return preview(self.site.desk, session, self.petition, conditions).fingerprint

    def remove(self, conditions: Conditions, fingerprint: str, by: SignedIn | None = None) -> Removed:
        with writing(self.site.desk.engine) as session:
            return remove_suspected(
                self.site.desk,
                session,
                self.petition,
                conditions,
                fingerprint,
                "Mailboxes for a minute.",
                by or self.moderator,
            )

    def count(self) -> int:
        self.site.clock.wait(minutes=1)
        with reading(self.site.desk.engine) as session:
            return public_count(session, self.petition, self.site.clock()).count


@pytest.fixture
def flooded(database_url: str, tmp_path: Path) -> Iterator[Flooded]:
    with desk_under_test(database_url, tmp_path) as site:
        yield Flooded(site)


def test_a_batch_from_overview_to_public_count(flooded: Flooded) -> None:
    desk, robots = flooded.site.desk, flooded.robots
    assert flooded.count() == SPONSORS + robots  # suspected ones count like all others
    with reading(desk.engine) as session:
        groups = groups_of(session, flooded.petition)
        shown = preview(desk, session, flooded.petition, DISPOSABLE)
        assert [line.marked for line in suspected_petitions(session)] == [robots]
    assert groups.counting == SPONSORS + robots
    assert groups.marked == groups.marks[Mark.DISPOSABLE] == robots
    assert groups.networks == [(network_tag(desk, ROBOT), robots), *groups.networks[1:]]
    assert robots >= GROUP_LEAST
    assert (shown.count, shown.more, shown.counting) == (robots, False, SPONSORS + robots)

    assert flooded.remove(DISPOSABLE, shown.fingerprint) == Removed(1, robots)
    assert flooded.count() == SPONSORS
    with reading(desk.engine) as session:
        assert suspected_petitions(session) == []
        assert groups_of(session, flooded.petition).marks == {}
        assert preview(desk, session, flooded.petition, DISPOSABLE).count == 0
    with pytest.raises(NothingToRemove):
        flooded.remove(DISPOSABLE, flooded.fingerprint(DISPOSABLE))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flooded]:
    folder = tmp_path_factory.mktemp("flooded")
    with desk_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        yield Flooded(site)


def test_conditions_must_mean_some_and_not_all(one: Flooded) -> None:
    since = begun(one.site.clock()) - timedelta(days=9)
    for empty in (Conditions(), Conditions(since=since), Conditions(domain="gmail.com")):
        with reading(one.site.desk.engine) as session, pytest.raises(NoConditions):
            preview(one.site.desk, session, one.petition, empty)
        with pytest.raises(NoConditions):
            one.remove(empty, "")


def test_every_condition_narrows(one: Flooded) -> None:
    desk, quarter = one.site.desk, begun(one.site.clock())
    assert quarter + timedelta(minutes=3) < one.site.clock()  # control: the robots are all in this quarter

    def count(conditions: Conditions) -> int:
        with reading(desk.engine) as session:
            return preview(desk, session, one.petition, conditions).count

    assert count(DISPOSABLE) == one.robots
    told = one.robots - one.robots % GROUP_LEAST  # about people in steps of five
    assert 0 < told < one.robots
    assert count(Conditions(domain="mailinator.com")) == told
    assert count(Conditions(network=network_tag(desk, ROBOT))) == told
    assert count(replace(DISPOSABLE, since=quarter, until=begun(one.site.clock() + MOMENT_STEP))) == told
    assert count(Conditions(frozenset({Mark.AT_ONCE}))) == 0
    assert count(Conditions(frozenset({Mark.AT_ONCE, Mark.DISPOSABLE}))) == one.robots


def test_nobody_is_singled_out(one: Flooded) -> None:
    """Whoever asks for a family's domain, or narrows the time, hears the same about one signature and about none."""
    desk, quarter = one.site.desk, begun(one.site.clock())
    token = one.ward.signatures.ask(one.petition, "lan@nguyen-lan.vn")
    with writing(desk.engine) as session:
        confirm(desk, session, token, 1, "203.0.113.7")
    for few in (
        Conditions(domain="nguyen-lan.vn"),
        Conditions(domain="tran-van.vn"),
        Conditions(network=network_tag(desk, "203.0.113.7")),
        replace(DISPOSABLE, network=bytes(16)),
        replace(DISPOSABLE, domain="example.org"),
        replace(DISPOSABLE, until=quarter),
    ):
        with reading(desk.engine) as session, pytest.raises(TooFew) as refused:
            preview(desk, session, one.petition, few)
        assert "or none" in str(refused.value)
        with pytest.raises(TooFew):
            one.remove(few, "")
    with pytest.raises(ValueError, match="full quarters"):
        replace(DISPOSABLE, since=quarter + timedelta(seconds=1))
    with reading(desk.engine) as session:
        shown = preview(desk, session, one.petition, DISPOSABLE)
        alone = preview(desk, session, one.petition, Conditions(frozenset({Mark.AT_ONCE})))
    assert shown.first_at == shown.last_at == quarter
    domain = Conditions(domain="mailinator.com")
    assert one.fingerprint(domain) != one.fingerprint(domain)  # nor does its change tell that somebody came
    assert (alone.count, alone.first_at) == (1, None)  # a mark alone says nothing of a person, and no time


def test_whoever_started_the_petition_does_not_decide(one: Flooded) -> None:
    creator = one.site.who(one.site.session(one.ward.creator))
    assert creator is not None
    with pytest.raises(OwnPetition):
        one.remove(DISPOSABLE, one.fingerprint(DISPOSABLE), creator)


def test_what_came_after_the_preview_is_not_removed_unseen(one: Flooded) -> None:
    before, seen = one.count(), one.fingerprint(DISPOSABLE)
    one.sign("latecomer@mailinator.com", "203.0.113.1")
    with pytest.raises(PreviewOutdated):
        one.remove(DISPOSABLE, seen)
    assert one.count() == before + 1
    with pytest.raises(PreviewOutdated):  # nor by a fingerprint of another petition or none
        one.remove(DISPOSABLE, "")


def test_of_two_moderators_at_once_one_removes(one: Flooded) -> None:
    second = one.site.signed_in(Role.MODERATOR)
    seen = one.fingerprint(DISPOSABLE)
    removed = one.remove(DISPOSABLE, seen)
    with pytest.raises(PreviewOutdated):
        one.remove(DISPOSABLE, seen, second)
    assert removed.batch == 1
    assert one.count() == SPONSORS + 1  # and the one that nobody could look at
