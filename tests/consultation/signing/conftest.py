"""Open petitions with signatures: on both databases where locks or SQL decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.petitions import PetitionsUnderTest, petitions_under_test
from tests.support.signatures import Signatures


@dataclass
class SigningUnderTest(Signatures):
    """With petitions to sign."""

    room: PetitionsUnderTest | None = None

    def published(self) -> str:
        """A new open petition."""
        assert self.room is not None
        return self.room.published()

    @property
    def petitions(self) -> PetitionsUnderTest:
        """Where they come from."""
        assert self.room is not None
        return self.room


@pytest.fixture
def signing(database_url: str, tmp_path: Path) -> Iterator[SigningUnderTest]:
    with petitions_under_test(database_url, tmp_path) as room:
        yield SigningUnderTest(room.site, room=room)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningUnderTest]:
    folder = tmp_path_factory.mktemp("signing")
    with petitions_under_test(f"sqlite:///{folder / 'site.db'}", folder) as room:
        yield SigningUnderTest(room.site, room=room)
