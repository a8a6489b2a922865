"""What a simulated election asks and who chooses what, from the options of the command and a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from cli.counts_csv import BLANK_ROW, Counts, read_counts
from cli.invented_votes import choose_one_votes, ranking_votes, spread_votes
from cli.rankings_csv import Rankings, read_rankings
from crypto.errors import UnsupportedParameters
from crypto.key_record import require_supported
from protocol.manifest import (
    POSITION_POINTS_MAX,
    Approval,
    ChooseOne,
    Option,
    Points,
    Question,
    Ranking,
)
from protocol.ranking import Matrix, positional_scores
from protocol.roll import ENTRIES_MAX
from protocol.text import LocalText
from rehearsal.one_machine import Vote


class QuestionKind(StrEnum):
    """What `--kind` takes."""

    CHOOSE_ONE = "choose-one"
    APPROVAL = "approval"
    POINTS = "points"
    RANKING = "ranking"


@dataclass(frozen=True)
class SimulationRequest:
    """The options of the command, as typed."""

    counts: Path
    out: Path
    kind: QuestionKind
    ballots: int | None
    least: int | None
    greatest: int | None
    points_max: int | None
    points_total: str | None
    positions: str | None
    scale: int
    bits: Literal[2048, 3072]
    trustees: int
    threshold: int


class SimulationRefused(Exception):
    """Options that do not go together or cannot be carried out; nothing was written."""


@dataclass(frozen=True)
class Plan:
    """expected: totals by name; of a ranking the scores.  matrix: of a ranking, else empty.

    shown: names that the file holds; the blank slot that was added is none of them.
    """

    question: Question
    votes: Iterable[Vote]
    ballots: int
    expected: dict[str, int]
    matrix: Matrix
    shown: frozenset[str]


def make_plan(request: SimulationRequest) -> Plan:
    """Raises: CsvUnusable, CountsImpossible, SimulationRefused."""
    if request.scale < 1:
        raise SimulationRefused("--scale must be 1 or more.")
    try:
        require_supported(request.trustees, request.threshold)
    except UnsupportedParameters as error:
        raise SimulationRefused(str(error)) from error
    if request.positions is not None and request.kind is not QuestionKind.RANKING:
        raise SimulationRefused("--positions goes with --kind ranking.")
    if request.kind is QuestionKind.RANKING:
        plan = _ranked(request, read_rankings(request.counts).scaled(request.scale))
    else:
        counts = read_counts(request.counts).scaled(request.scale)
        choose_one = request.kind is QuestionKind.CHOOSE_ONE
        plan = _choose_one(request, counts) if choose_one else _spread(request, counts)
    if not 1 <= plan.ballots <= ENTRIES_MAX:
        raise SimulationRefused(
            f"{plan.ballots} ballots: from 1 to {ENTRIES_MAX} are possible. Use --scale K to divide the counts."
        )
    return plan


def _choose_one(request: SimulationRequest, counts: Counts) -> Plan:
    _refuse_spreading(request)
    options = [*counts.options]
    if len(options) < 2:
        raise SimulationRefused("Choosing one needs at least two options.")
    question = ChooseOne(
        id="question", text=plain_text("Which one?"), options=_options(name for name, _ in options)
    )
    slots = [votes for _, votes in options] + [counts.blank or 0]
    expected = dict(options) | {BLANK_ROW: counts.blank or 0}
    shown = frozenset(expected if counts.blank is not None else dict(options))
    return Plan(question, ((vote,) for vote in choose_one_votes(slots)), sum(slots), expected, (), shown)


def _spread(request: SimulationRequest, counts: Counts) -> Plan:
    if request.ballots is None:
        raise SimulationRefused(f"--kind {request.kind} needs --ballots, the number of ballots.")
    if not 1 <= request.ballots <= ENTRIES_MAX:
        raise SimulationRefused(f"--ballots must be from 1 to {ENTRIES_MAX}.")
    if counts.blank is not None:
        raise SimulationRefused(
            f"A row {BLANK_ROW} belongs to choose-one; here a blank ballot is one without any option."
        )
    ballots = request.ballots
    number = len(counts.options)
    options = _options(name for name, _ in counts.options)
    question: Question
    if request.kind is QuestionKind.APPROVAL:
        if request.points_max is not None or request.points_total is not None:
            raise SimulationRefused("--points-max and --points-total go with --kind points.")
        least = 0 if request.least is None else request.least
        greatest = number if request.greatest is None else request.greatest
        if not 0 <= least <= greatest <= number or greatest < 1:
            raise SimulationRefused(f"--min and --max must satisfy 0 <= min <= max <= {number}, max >= 1.")
        question = Approval(
            id="question",
            text=plain_text("Which ones?"),
            options=options,
            min=least,
            max=greatest,
        )
        each = 1
    else:
        if request.least is not None or request.greatest is not None:
            raise SimulationRefused("--min and --max go with --kind approval.")
        if request.points_max is None or not 1 <= request.points_max <= 20:
            raise SimulationRefused("--kind points needs --points-max, from 1 to 20.")
        each = request.points_max
        least, greatest = _points_total(request.points_total, number * each)
        question = Points(
            id="question",
            text=plain_text("How many points?"),
            options=options,
            points_max=each,
            total_min=least,
            total_max=greatest,
        )
    sums = [votes for _, votes in counts.options]
    votes = spread_votes(sums, ballots, each, least, greatest)
    expected = dict(counts.options)
    return Plan(question, ((vote,) for vote in votes), ballots, expected, (), frozenset(expected))


def _points_total(text: str | None, most: int) -> tuple[int, int]:
    if text is None:
        return 0, most
    found = re.fullmatch(r"(0|[1-9][0-9]{0,5})\.\.(0|[1-9][0-9]{0,5})", text)
    if not found or not 0 <= int(found[1]) <= int(found[2]) <= most or int(found[2]) < 1:
        raise SimulationRefused(f"--points-total must be A..B with 0 <= A <= B <= {most}, B >= 1.")
    return int(found[1]), int(found[2])


def _ranked(request: SimulationRequest, rankings: Rankings) -> Plan:
    _refuse_spreading(request)
    count = len(rankings.options)
    question = Ranking(
        id="question",
        text=plain_text("In which order?"),
        options=_options(rankings.options),
        positions=_positions(request.positions, count),
    )
    matrix = tuple(
        tuple(sum(ballots for order, ballots in rankings.orders if order[j] == option) for j in range(count))
        for option in range(count)
    )
    scores = dict(zip(rankings.options, positional_scores(question, matrix), strict=True))
    blank = rankings.blank or 0
    votes = ((vote,) for vote in ranking_votes(rankings.orders, count, blank))
    ballots = sum(number for _, number in rankings.orders) + blank
    shown = frozenset((*scores, BLANK_ROW) if rankings.blank is not None else scores)
    return Plan(question, votes, ballots, scores | {BLANK_ROW: blank}, matrix, shown)


def _refuse_spreading(request: SimulationRequest) -> None:
    given = (request.ballots, request.least, request.greatest, request.points_max, request.points_total)
    if any(option is not None for option in given):
        raise SimulationRefused("--ballots, --min, --max and --points-* go with --kind approval or points.")


def _positions(text: str | None, count: int) -> tuple[int, ...]:
    if text is None:
        return tuple(reversed(range(count)))
    parts = text.split(",")
    if not all(re.fullmatch(r"0|[1-9][0-9]{0,3}", part) for part in parts):
        raise SimulationRefused("--positions must be whole numbers with commas between, as 3,2,1,0.")
    points = tuple(map(int, parts))
    falls = list(points) == sorted(points, reverse=True) and points[0] > points[-1]
    if len(points) != count or not falls or points[0] > POSITION_POINTS_MAX:
        raise SimulationRefused(
            f"--positions must give {count} numbers up to {POSITION_POINTS_MAX}, never rising, and more for the first "
            "position than for the last."
        )
    return points


def _options(names: Iterable[str]) -> tuple[Option, ...]:
    return tuple(
        Option(id=f"option-{number}", label=plain_text(name)) for number, name in enumerate(names, start=1)
    )


def plain_text(words: str) -> LocalText:
    """The same words in both languages."""
    return LocalText(en=words, vi=words)
