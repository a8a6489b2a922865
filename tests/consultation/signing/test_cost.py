"""What a signature costs the database, and that what is not read again because of that decides as before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, delete, event, func, select
from sqlalchemy.orm import Session

from consultation.petitions.models import PetitionDue
from consultation.petitions.settings import set_thresholds
from consultation.petitions.store import find_petition
from consultation.petitions.types import Due, Threshold
from consultation.signing import signing as signing_verbs
from consultation.signing.errors import SigningLinkUnusable
from consultation.signing.models import PetitionLink, PetitionSignature
from consultation.signing.receipts import kept
from consultation.signing.signing import confirm, look
from identity.models import IdentityPerson
from identity.people import Account, account_of
from storage.session import reading, writing
from tests.consultation.signing.conftest import SigningUnderTest

FRAMES = ("BEGIN", "PRAGMA", "SET TRANSACTION")
FIRST, REPEAT, SAME_PERSON, RECEIPT, PETITION, LINK = 19, 1, 7, 3, 1, 1
"""Statements. SAME_PERSON: by another link.  A statement more is a tenth of a millisecond or two for each signature."""


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What the database is asked meanwhile, without what opens a transaction."""
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith(FRAMES):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_signing_asks_the_database_for_no_more_than_it_needs(signing: SigningUnderTest) -> None:
    petition, desk = signing.published(), signing.desk
    signing.sign(petition)
    token, other = signing.ask(petition, "hoa@example.org"), signing.ask(petition, "hoa@example.org")
    with statements(desk.engine) as first:
        key = signing.confirm(token)
    assert len(first) <= FIRST, "\n".join(first)
    with statements(desk.engine) as repeat:
        signing.confirm(token)
    assert len(repeat) <= REPEAT, "\n".join(repeat)
    with statements(desk.engine) as same:
        assert signing.confirm(other) == key
    assert len(same) <= SAME_PERSON, "\n".join(same)
    with reading(desk.engine) as session, statements(desk.engine) as receipt:
        kept(desk, session, key)
    assert len(receipt) <= RECEIPT, "\n".join(receipt)
    with reading(desk.engine) as session, statements(desk.engine) as page:
        find_petition(session, petition)
        look(desk, session, token)
    assert len(page) <= PETITION + LINK, "\n".join(page)


def test_a_threshold_is_reached_by_the_signature_that_reaches_it(signing: SigningUnderTest) -> None:
    """Also by the first one ever, and by the next one after officials set a threshold below the count."""
    petition, engine = signing.published(), signing.desk.engine

    def set_to(*counts: int) -> None:
        with writing(engine) as session:
            set_thresholds(session, [Threshold(0, count, Due.ANSWER, None, 30) for count in counts])

    def due() -> Sequence[int]:
        with reading(engine) as session:
            return session.scalars(select(PetitionDue.count).order_by(PetitionDue.count)).all()

    set_to(1, 3)
    seen = []
    for number in range(4):
        signing.confirm(signing.ask(petition, f"p{number}@example.org"))
        seen.append(list(due()))
    assert seen == [[1], [1], [1, 3], [1, 3]]
    set_to(1, 3, 4)
    assert list(due()) == [1, 3]
    signing.confirm(signing.ask(petition, "p4@example.org"))
    assert list(due()) == [1, 3, 4]


def test_a_link_that_is_gone_at_that_moment_signs_nothing(
    signing: SigningUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two presses; before the second holds anything, the signature of the first is taken back, with its link."""
    petition = signing.published()
    signing.sign(petition)
    token = signing.ask(petition, "hoa@example.org")

    def account_late(session: Session, *given: object, **more: object) -> Account:
        session.execute(delete(PetitionLink))
        return account_of(session, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(signing_verbs, "account_of", account_late)
    with pytest.raises(SigningLinkUnusable):
        signing.confirm(token)
    monkeypatch.undo()
    with reading(signing.desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(PetitionSignature)) == 1
    signing.confirm(token)  # control: the deletion was undone with the rest, and the link signs


def test_a_link_signs_under_its_own_petition_alone(signing: SigningUnderTest) -> None:
    petition, other, desk = signing.published(), signing.published(), signing.desk
    token = signing.ask(petition, "hoa@example.org")
    with reading(desk.engine) as session:
        people = session.scalar(select(func.count()).select_from(IdentityPerson))
    with pytest.raises(SigningLinkUnusable), writing(desk.engine) as session:
        confirm(desk, session, token, 1, petition=other)
    with reading(desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(PetitionSignature)) == 0
        assert session.scalar(select(func.count()).select_from(IdentityPerson)) == people
    with writing(desk.engine) as session:
        key = confirm(desk, session, token, 1, petition=petition)  # control
    assert signing.receipt(key).entry.petition == petition
