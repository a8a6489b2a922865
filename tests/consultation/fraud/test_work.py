"""Proof of work: it counts once, for one purpose, for an hour, and costs more while the site is flooded."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from consultation.fraud.errors import WorkRefused
from consultation.fraud.models import FraudWork
from consultation.fraud.work import (
    BITS_LEAST,
    BITS_MOST,
    FRESH,
    LIFETIME,
    LOAD_WINDOW,
    NETWORK_LOAD,
    SITE_LOAD,
    Challenge,
    forget_work,
    is_solved,
    leading_zeros,
    make_challenge,
    network_tag,
    solve,
    spend_work,
)
from storage.session import reading, writing
from tests.support.desks import DeskUnderTest
from tests.vectors.files import FOLDER, read_vectors, rendered
from tests.vectors.make_work import vectors

VECTORS = read_vectors("work")
NETWORK = "203.0.113.7"


def challenge(desk: DeskUnderTest, network: str = NETWORK, purpose: str = "sign-ab") -> Challenge:
    with reading(desk.desk.engine) as session:
        return make_challenge(desk.desk, session, purpose, network)


def spend(desk: DeskUnderTest, line: str, answer: str, purpose: str = "sign-ab") -> None:
    with writing(desk.desk.engine) as session:
        spend_work(desk.desk, session, line, answer, purpose, NETWORK)


def refuse(desk: DeskUnderTest, line: str, answer: str, purpose: str = "sign-ab") -> None:
    with pytest.raises(WorkRefused):
        spend(desk, line, answer, purpose)
    with reading(desk.desk.engine) as session:
        assert session.scalar(select(func.count()).select_from(FraudWork)) == 0


def test_script_and_file_agree() -> None:
    assert (FOLDER / "work.json").read_text(encoding="utf-8") == rendered(vectors())


@pytest.mark.parametrize("case", VECTORS["answers"], ids=lambda case: case["id"])
def test_answers(case: dict[str, object]) -> None:
    line, bits, answer = str(case["line"]), int(str(case["bits"])), str(case["answer"])
    assert is_solved(line, bits, answer) is (case["result"] == "valid")


def test_zero_bits() -> None:
    for case in VECTORS["zeros"]:
        assert leading_zeros(bytes.fromhex(case["digest"])) == case["zeros"]


def test_work_counts_once(both: DeskUnderTest) -> None:
    given = challenge(both)
    assert given.bits == BITS_LEAST
    answer = solve(given.line, given.bits)
    spend(both, given.line, answer)
    with pytest.raises(WorkRefused):
        spend(both, given.line, answer)


def test_of_many_at_once_one_gets_through(both: DeskUnderTest) -> None:
    given = challenge(both)
    answer = solve(given.line, given.bits)

    def attempt(_: int) -> bool:
        with suppress(WorkRefused):
            spend(both, given.line, answer)
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_what_was_made_for_something_else_is_refused(desk: DeskUnderTest) -> None:
    given = challenge(desk)
    answer = solve(given.line, given.bits)
    refuse(desk, given.line, answer, "sign-cd")
    refuse(desk, given.line, answer, "")
    spend(desk, given.line, answer)  # the control: nothing else was wrong with it


@pytest.mark.parametrize(
    "changed",
    [
        lambda line: line.replace(f".{BITS_LEAST}.", ".1."),
        lambda line: line.replace("sign-ab", "sign-cd"),
        lambda line: line[:-1] + ("0" if line[-1] != "0" else "1"),
        lambda line: line.upper(),
        lambda line: line + "\n",
        lambda _: "",
        lambda _: "x" * 10_000_000,
        lambda line: line.replace("psephos-work/1", "psephos-work/2"),
    ],
)
def test_a_challenge_that_is_not_ours_is_refused(desk: DeskUnderTest, changed: object) -> None:
    line = changed(challenge(desk).line)  # type: ignore[operator]
    purpose = "sign-cd" if "sign-cd" in line else "sign-ab"
    answer = solve(line, 1) if 0 < len(line) < 240 else "0"  # as hard as a forger would have it
    refuse(desk, line, answer, purpose)


def test_after_an_hour_it_is_worth_nothing(desk: DeskUnderTest) -> None:
    given = challenge(desk)
    answer = solve(given.line, given.bits)
    desk.clock.now += LIFETIME + timedelta(seconds=1)
    refuse(desk, given.line, answer)
    desk.clock.now -= timedelta(seconds=1)
    spend(desk, given.line, answer)


def test_an_unsolved_one_is_refused_and_can_still_be_solved(desk: DeskUnderTest) -> None:
    given = challenge(desk)
    refuse(desk, given.line, ",".join(["0"] * 16))
    refuse(desk, given.line, "9" * 10_000_000)
    spend(desk, given.line, solve(given.line, given.bits))


def flood(desk: DeskUnderTest, count: int, network: str) -> None:
    tag = network_tag(desk.desk, network)
    rows = [
        {"challenge": f"{network} {number}".encode(), "network": tag, "spent_at": desk.clock()}
        for number in range(count)
    ]
    with writing(desk.desk.engine) as session:
        session.execute(insert(FraudWork), rows)


def test_a_network_that_floods_works_harder_and_others_do_not(desk: DeskUnderTest) -> None:
    flood(desk, NETWORK_LOAD - 1, NETWORK)
    assert challenge(desk).bits == BITS_LEAST
    flood(desk, 1, "other")
    flood(desk, 4 * NETWORK_LOAD, "flooder")
    assert challenge(desk, "flooder").bits == BITS_LEAST + 3
    assert challenge(desk).bits == BITS_LEAST
    flood(desk, 100 * NETWORK_LOAD, "worse")
    assert challenge(desk, "worse").bits == BITS_MOST
    desk.clock.wait(minutes=2)
    assert challenge(desk, "worse").bits == BITS_LEAST


def test_a_flooded_site_is_harder_for_all(desk: DeskUnderTest) -> None:
    flood(desk, 2 * SITE_LOAD, "everywhere")
    assert challenge(desk, "somebody else").bits == BITS_LEAST + 2


def test_spent_work_is_forgotten_after_it_has_run_out(desk: DeskUnderTest) -> None:
    given = challenge(desk)
    answer = solve(given.line, given.bits)
    spend(desk, given.line, answer)
    desk.clock.wait(minutes=61)
    with writing(desk.desk.engine) as session:
        assert forget_work(session, desk.clock()) == 0
    desk.clock.wait(minutes=60)
    with writing(desk.desk.engine) as session:
        assert forget_work(session, desk.clock()) == 1
    refuse(desk, given.line, answer)


@pytest.mark.parametrize("purpose", ["", "Sign", "sign ab", "sign.ab", "a" * 81])
def test_a_purpose_is_a_short_word(desk: DeskUnderTest, purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        challenge(desk, purpose=purpose)


def test_what_was_collected_at_rest_is_not_spent_in_a_flood(desk: DeskUnderTest) -> None:
    collected = [challenge(desk) for _ in range(2)]
    answers = [solve(each.line, each.bits) for each in collected]
    desk.clock.now += FRESH + timedelta(seconds=1)
    flood(desk, 2 * NETWORK_LOAD, NETWORK)
    with pytest.raises(WorkRefused):
        spend(desk, collected[0].line, answers[0])
    fresh = challenge(desk)
    assert fresh.bits == BITS_LEAST + 2
    spend(desk, fresh.line, solve(fresh.line, fresh.bits))
    desk.clock.now += 2 * LOAD_WINDOW
    spend(desk, collected[1].line, answers[1])  # the flood is over


def test_whoever_opened_the_page_just_before_a_flood_is_not_sent_back(desk: DeskUnderTest) -> None:
    given = challenge(desk)
    flood(desk, 4 * NETWORK_LOAD, NETWORK)
    desk.clock.now += LOAD_WINDOW / 2
    spend(desk, given.line, solve(given.line, given.bits))
