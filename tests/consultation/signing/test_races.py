"""Everything at once, and a server that dies in the worst moment, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, PoolProxiedConnection, event, select

from consultation.errors import ConsultationError
from consultation.petitions.life import close_early
from consultation.signing.counting import reconcile
from consultation.signing.ending import remove_signatures, withdraw
from consultation.signing.models import PetitionSignature
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest
from tests.consultation.signing.test_signing import count_of


class ServerDied(Exception):
    """What the test throws."""


def test_signing_taking_back_removing_and_closing_at_once(signing: SigningUnderTest, tmp_path: Path) -> None:
    petition, desk = signing.published(), signing.desk
    stand = [signing.confirm(signing.ask(petition, f"old{number}@example.org")) for number in range(4)]
    tokens = [signing.ask(petition, f"new{number}@example.org") for number in range(4)]
    with reading(desk.engine) as session:
        ids = list(session.scalars(select(PetitionSignature.id)))

    def take_back(key: str) -> None:
        with writing(desk.engine) as session:
            withdraw(desk, session, key)

    def remove() -> None:
        with writing(desk.engine) as session:
            by = signing.petitions.moderator.actor
            remove_signatures(desk, session, petition, ids, "Made up", by, signing.site.clock())

    def close() -> None:
        with writing(desk.engine) as session:
            close_early(session, signing.petitions.lan, petition, signing.site.clock())

    deeds: list[Callable[[], object]] = [lambda key=key: take_back(key) for key in [*stand[:2], stand[0]]]  # type: ignore[misc]
    deeds += [lambda token=token: signing.confirm(token) for token in [*tokens, tokens[0]]]  # type: ignore[misc]
    deeds.insert(4, remove)
    deeds.insert(7, close)
    with ThreadPoolExecutor(len(deeds)) as pool:
        outcomes = [each.exception() for each in [pool.submit(deed) for deed in deeds]]
    # Whoever came too late was told so; nothing else went wrong.
    assert all(error is None or isinstance(error, ConsultationError) for error in outcomes), outcomes
    recount = signing.verified(tmp_path / "export", petition).recount
    assert recount.count == count_of(signing, petition)
    assert recount.signed - recount.withdrawn - recount.removed == recount.count
    assert recount.withdrawn + recount.removed >= 4
    assert reconcile(desk) == []


@pytest.mark.parametrize("stored", [False, True], ids=["before the commit", "before the answer"])
def test_a_server_that_dies_signs_whole_or_not_at_all_and_once(
    signing: SigningUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bool
) -> None:
    petition, engine = signing.published(), signing.desk.engine
    signing.sign(petition)
    token = signing.ask(petition, "hoa@example.org")
    commit = engine.dialect.do_commit

    def dies(connection: PoolProxiedConnection) -> None:
        if stored:
            commit(connection)
        raise ServerDied

    with monkeypatch.context() as broken:
        broken.setattr(engine.dialect, "do_commit", dies)
        with pytest.raises(ServerDied):
            signing.confirm(token)
    assert count_of(signing, petition) == 1 + stored
    key = signing.confirm(token)  # who saw no answer presses again
    assert signing.confirm(token) == key
    assert signing.receipt(key).entry.entry == 2
    assert signing.verified(tmp_path / "export", petition).recount.count == count_of(signing, petition) == 2


def test_the_lock_is_awaited_past_the_end(signing: SigningUnderTest) -> None:
    """Who pressed in time and waited for others until the petition had ended is too late, as the log is ordered."""
    petition, clock = signing.published(), signing.site.clock
    closes = signing.petitions.find(petition).closes_at
    assert closes is not None
    clock.now = closes - timedelta(seconds=1)
    token, late = signing.ask(petition, "binh@example.org"), signing.ask(petition, "late@example.org")

    def ends(_: Connection) -> None:
        clock.now = closes

    event.listen(signing.desk.engine, "commit", ends)  # the first one's commit takes until the end
    signing.confirm(token)
    with pytest.raises(ConsultationError):
        signing.confirm(late)
    event.remove(signing.desk.engine, "commit", ends)
    assert count_of(signing, petition) == 1
