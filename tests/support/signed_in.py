"""Elections that ask sign-in and have a registrar: people, their permits, lost letters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import pytest

from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from protocol.leaf import Kind, sign_body
from protocol.manifest import Manifest
from protocol.revocation import make_revocation
from protocol.roll import RollEntry
from storage.session import writing
from tests.support.elections import (
    REGISTRAR_KEY,
    TestElection,
    choose_one,
    make_election,
    make_manifest,
    voter_key,
)
from tests.support.offices import OfficeUnderTest, cast_request, make_office
from voting.casting import CastAnswer, cast_ballot
from voting.office import State
from voting.revocation import revoke
from voting.sign_in import issue_permit

ONE, TWO, BLANK = ((1, 0, 0),), ((0, 1, 0),), ((0, 0, 1),)
AREAS = ("north", "south")
WEIGHTS = ((1, "north"), (2, "north"), (3, "south"), (1, "south"))


def person(number: int) -> bytes:
    """The keyed hash of somebody who can sign in."""
    return b"person" + number.to_bytes(26, "big")


def with_registrar(manifest: Manifest, sign_in: bool = True) -> Manifest:
    """The manifest with a registrar's key, two hours of extension, and sign-in asked or not."""
    return msgspec.structs.replace(
        manifest,
        extension_seconds=7200,
        registrar_key=encode_base64url(REGISTRAR_KEY.public_key),
        sign_in="required" if sign_in else "none",
    )


@cache
def registrar_election(sign_in: bool = True, revoting: bool = True) -> TestElection:
    """One question of two options, four voters of different weights in two areas, one trustee."""
    manifest = with_registrar(make_manifest((choose_one(2),), areas=AREAS, revoting=revoting), sign_in)
    return make_election(manifest, entries=[RollEntry(weight=weight, area=area) for weight, area in WEIGHTS])


@dataclass
class SignedInOffice:
    """An office with such an election."""

    under_test: OfficeUnderTest

    def permit(self, number: int) -> str:
        """A permit for person `number`, who has just signed in."""
        with writing(self.under_test.engine) as session:
            return issue_permit(self.under_test.office, session, self.under_test.id, person(number))

    def cast(
        self,
        number: int,
        voter: int,
        values: tuple[tuple[int, ...], ...] = ONE,
        sequence: int = 1,
        permit: str | None = None,
    ) -> CastAnswer:
        """Person `number` signs in and casts with the code of test voter `voter`."""
        request = cast_request(self.under_test.election, voter, values, sequence)
        return cast_ballot(self.under_test.office, self.under_test.id, request, permit or self.permit(number))

    def replace(self, old: int, new: int) -> int:
        """The registrar replaces the code of test voter `old` by that of `new`; index of the leaf."""
        body, signature = revocation(self.under_test.election, old, new)
        return revoke(self.under_test.office, self.under_test.id, body, signature)


def revocation(
    election: TestElection,
    old: int,
    new: int,
    author: SigningKey = REGISTRAR_KEY,
    reason: str = "Thư bị mất.",
) -> tuple[bytes, bytes]:
    """(body, signature) of a revocation of test voter `old`'s code."""
    terms = election.terms
    keys = voter_key(old).public_key, voter_key(new).public_key
    body = make_revocation(terms.election, terms.fingerprint, *keys, reason)
    return body, sign_body(Kind.REVOCATION, body, author)


def _office(
    database_url: str, tmp_path: Path, election: TestElection, until: State = State.OPEN
) -> Iterator[SignedInOffice]:
    under_test = make_office(database_url, tmp_path / "secrets", election, until)
    yield SignedInOffice(under_test)
    under_test.engine.dispose()


@pytest.fixture
def signed_in(database_url: str, tmp_path: Path) -> Iterator[SignedInOffice]:
    """An open election that asks sign-in, on SQLite and on PostgreSQL."""
    yield from _office(database_url, tmp_path, registrar_election())


@pytest.fixture
def with_letters(database_url: str, tmp_path: Path) -> Iterator[SignedInOffice]:
    """An open election with a registrar that asks no sign-in, on SQLite and on PostgreSQL."""
    yield from _office(database_url, tmp_path, registrar_election(sign_in=False))


@pytest.fixture
def frozen_with_letters(database_url: str, tmp_path: Path) -> Iterator[SignedInOffice]:
    """The same before the polls open."""
    yield from _office(database_url, tmp_path, registrar_election(sign_in=False), State.FROZEN)
