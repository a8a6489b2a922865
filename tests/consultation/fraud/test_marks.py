"""Marks of suspicion: what a person does sets none, what a robot does sets some, and nothing names anybody."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, insert, select, text

from consultation.fraud.marks import (
    NAMED_FROM,
    TRACE_LIFETIME,
    Mark,
    SignatureContext,
    assess,
    forget_old,
    forget_traces,
    marks_of,
)
from consultation.fraud.models import FraudDomain, FraudMark, FraudTrace
from mail.domains import SiteDomains
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest, desk_under_test
from tests.support.postgres import PostgresServer

PETITION = "0123456789abcdef"


def confirm(
    desk: DeskUnderTest,
    number: int,
    address: str | None = None,
    network: str = "203.0.113.7",
    petition: str = PETITION,
    *,
    worked: bool = True,
    after_seconds: float = 60,
) -> frozenset[Mark]:
    asked = None if address is None else desk.clock() - timedelta(seconds=after_seconds)
    context = SignatureContext(number, petition, network, address, worked, asked)
    with writing(desk.desk.engine) as session:
        marks = assess(desk.desk, session, context)
        assert marks_of(session, [number]) == {number: marks}
    return marks


def rows(desk: DeskUnderTest) -> tuple[int, int, int]:
    with reading(desk.desk.engine) as session:
        return tuple(  # type: ignore[return-value]
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (FraudTrace, FraudMark, FraudDomain)
        )


def test_one_person_is_not_suspected(both: DeskUnderTest) -> None:
    assert confirm(both, 1, "lan@gmail.com") == frozenset()
    assert confirm(both, 2) == frozenset()
    assert rows(both) == (2, 0, 0)


def test_single_marks(desk: DeskUnderTest) -> None:
    assert confirm(desk, 1, "lan@mailinator.com") == {Mark.DISPOSABLE}
    assert confirm(desk, 2, "lan@gmail.com", worked=False) == {Mark.WITHOUT_WORK}
    assert confirm(desk, 3, "lan@gmail.com", after_seconds=1.5) == {Mark.AT_ONCE}


def test_what_the_site_says_of_domains_counts(desk: DeskUnderTest) -> None:
    own = SiteDomains(frozenset({"throwaway.example"}), frozenset({"mailinator.com"}))
    desk.desk = replace(desk.desk, mail_domains=own)
    assert confirm(desk, 1, "lan@mailinator.com") == frozenset()
    assert confirm(desk, 2, "lan@x.throwaway.example") == {Mark.DISPOSABLE}


def test_a_network_in_a_hurry_and_only_that_petition(both: DeskUnderTest) -> None:
    for number in range(20):
        assert confirm(both, number, f"{chr(97 + number)}bc@gmail.com") == frozenset()
    assert confirm(both, 20, "xyz@gmail.com") == {Mark.NETWORK_BURST}
    assert confirm(both, 21, "xyzz@gmail.com", network="198.51.100.1") == frozenset()
    assert confirm(both, 22, "xyzzz@gmail.com", petition="f" * 16) == frozenset()
    both.clock.wait(minutes=11)
    assert confirm(both, 23, "xyzzzz@gmail.com") == frozenset()


def test_many_from_one_network_over_a_day(desk: DeskUnderTest) -> None:
    for number in range(200):
        assert confirm(desk, number) == frozenset()
        desk.clock.wait(minutes=5)
    assert confirm(desk, 200) == {Mark.NETWORK_MANY}


def test_a_domain_of_ones_own_and_counted_names(desk: DeskUnderTest) -> None:
    names = [confirm(desk, number, f"voter{number}@own.example", f"10.0.{number}.1") for number in range(4)]
    assert names == [frozenset(), frozenset(), frozenset(), {Mark.COUNTED_NAMES}]
    others = "abcdefgh"
    found = [confirm(desk, 10 + n, f"{name}@own.example", f"10.1.{n}.1") for n, name in enumerate(others)]
    assert found[-1] == {Mark.DOMAIN_BURST}


def test_a_common_provider_is_no_suspicion(desk: DeskUnderTest) -> None:
    found = {confirm(desk, n, f"{chr(97 + n)}q@gmail.com", f"10.2.{n}.1") for n in range(26)}
    assert found == {frozenset()}
    assert rows(desk)[2] == 0  # nor is its name kept


def test_the_name_of_a_domain_is_kept_only_when_it_names_nobody(desk: DeskUnderTest) -> None:
    for number in range(NAMED_FROM - 1):
        confirm(desk, number, f"{chr(97 + number)}@nguyen.example", f"10.3.{number}.1")
    assert rows(desk)[2] == 0
    confirm(desk, 99, "z@nguyen.example", "10.3.99.1")
    with reading(desk.desk.engine) as session:
        assert session.scalars(select(FraudDomain.name)).all() == ["nguyen.example"]


def test_no_table_holds_an_address_or_a_network(desk: DeskUnderTest) -> None:
    confirm(desk, 1, "lan.nguyen@small.example", "203.0.113.77", worked=False)
    with reading(desk.desk.engine) as session:
        for table in (FraudTrace, FraudMark, FraudDomain):
            kept = repr(session.execute(text(f"SELECT * FROM {table.__tablename__}")).all())  # noqa: S608
            assert "lan" not in kept
            assert "small" not in kept
            assert "203.0" not in kept


def test_stems_cannot_be_followed_from_one_petition_to_another(desk: DeskUnderTest) -> None:
    confirm(desk, 1, "lan@small.example")
    confirm(desk, 2, "lan@small.example", petition="f" * 16)
    with reading(desk.desk.engine) as session:
        stems = session.scalars(select(FraudTrace.stem)).all()
    assert len(set(stems)) == len(stems) == 2


def test_a_withdrawn_signature_leaves_no_trace(desk: DeskUnderTest) -> None:
    confirm(desk, 1, "lan@mailinator.com")
    confirm(desk, 2, "an@mailinator.com")
    with writing(desk.desk.engine) as session:
        forget_traces(session, [1])
        forget_traces(session, [])
    assert rows(desk) == (1, 1, 0)


def test_after_ninety_days_all_is_forgotten(desk: DeskUnderTest) -> None:
    for number in range(12):
        confirm(desk, number, f"v{number}@own.example")
    assert rows(desk)[1] > 0
    desk.clock.now += TRACE_LIFETIME
    with writing(desk.desk.engine) as session:
        assert forget_old(session, desk.clock()) == 0
    desk.clock.wait(seconds=1)
    with writing(desk.desk.engine) as session:
        assert forget_old(session, desk.clock()) == 12
    assert rows(desk) == (0, 0, 0)


def test_a_signature_costs_the_same_after_thousands_of_others(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """PostgreSQL once took the index of moments for its prepared plan and read the whole petition each time."""
    with (
        postgres_server.fresh_database(tables=True) as url,
        desk_under_test(url, tmp_path) as desk,
    ):
        moments = [desk.clock() - timedelta(seconds=number) for number in range(6000)]
        with writing(desk.desk.engine) as session:
            session.execute(
                insert(FraudTrace),
                [
                    {
                        "signature": 1000 + number,
                        "petition": PETITION,
                        "network": b"one",
                        "domain": (number % 50).to_bytes(),
                        "stem": number.to_bytes(2),
                        "at": at,
                    }
                    for number, at in enumerate(moments)
                ],
            )
            session.execute(text("ANALYZE fraud_trace"))
        for number in range(12):  # from the eleventh on the plan is general
            confirm(desk, number, f"{chr(97 + number)}bc@{number}.example", network="unknown")
        before = tuples_read(desk)
        confirm(desk, 12, "xyz@nobody.example", network="unknown")
        assert tuples_read(desk) - before < 100


def tuples_read(desk: DeskUnderTest) -> int:
    """By index or by reading the table through, of the table of traces so far."""
    with writing(desk.desk.engine) as session:
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    with reading(desk.desk.engine) as session:
        tuples = (
            "SELECT seq_tup_read + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = 'fraud_trace') "
            "FROM pg_stat_user_tables WHERE relname = 'fraud_trace'"
        )
        return int(session.scalar(text(tuples)) or 0)
