"""Ties under any order of sign-ins, casts and replaced codes: one person, one key, one ballot that counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from board import log as board
from crypto.display_code import alias
from protocol.sign_in import require_persons
from storage.engine import make_engine
from tests.support.databases import make_tables
from voting.models import VotingElection, VotingRoll
from voting.sign_in import count_ties, tie

ELECTION, K = "0" * 32, b"k" * 32
PEOPLE = [bytes([number]) * 32 for number in range(4)]
KEYS = [bytes([100 + number]) * 32 for number in range(4)]

casts = st.tuples(st.just("cast"), st.integers(0, 3), st.integers(0, 3))
replacements = st.tuples(st.just("replace"), st.integers(0, 3), st.just(0))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("ties")
    made = make_engine(f"sqlite:///{folder / 'psephos.sqlite'}")
    make_tables(made)
    yield made
    made.dispose()


@contextmanager
def forgotten(engine: Engine) -> Iterator[Session]:
    """A session whose work is undone, with an election of four lines."""
    with Session(engine) as session:
        log_id = board.create_log(session, "test.invalid/ties")
        session.add(VotingElection(id=ELECTION, log_id=log_id, manifest=b"{}"))
        session.flush()
        session.add_all(_line(key, None) for key in KEYS)
        session.flush()
        yield session
        session.rollback()


def _line(key: bytes, replaces: bytes | None) -> VotingRoll:
    return VotingRoll(
        election=ELECTION, key=key, alias=alias(key), weight=1, area="all", replaces=replaces, conflicts=0
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(casts, casts, replacements), max_size=25))
def test_whatever_happens_every_counting_ballot_has_a_person_of_its_own(
    engine: Engine, steps: list[tuple[str, int, int]]
) -> None:
    with forgotten(engine) as session:
        newest = list(KEYS)  # of each line
        caster: dict[bytes, bytes] = {}  # credential: who cast its last ballot
        for index, (deed, first, second) in enumerate(steps):
            line = session.get_one(VotingRoll, (ELECTION, newest[second if deed == "cast" else first]))
            if deed == "replace":
                successor = bytes([200]) + index.to_bytes(31, "big")
                line.revoked_index, line.replaced_by = index, successor
                session.add(_line(successor, line.key))
                session.flush()
                newest[first] = successor
                continue
            person = PEOPLE[first]
            counting = {key: who for key, who in caster.items() if key in newest}
            others = [key for key, who in counting.items() if who == person and key != line.key]
            conflict = tie(session, K, line, person)
            # Refused exactly where the ballot would be a second one of its person, or of another's code.
            allowed = not others and counting.get(line.key, person) == person
            assert (conflict is None) is allowed
            if conflict is None:
                caster[line.key] = person
        counting = {key: who for key, who in caster.items() if key in newest}
        assert len(set(counting.values())) == len(counting)
        persons, keys = count_ties(session, ELECTION)
        assert persons == len(set(caster.values()))
        require_persons(True, persons, keys, len(counting), len(caster))
