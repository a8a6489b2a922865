"""What `psephos vote` asks for a ranking, and what it takes for an answer."""

import pytest
import typer
from typer.testing import CliRunner

from cli.vote import ask_answer
from protocol.layout import lay_out
from protocol.ranking import blank_ranking, ranking_values
from tests.support.elections import make_manifest, ranking

(LAYOUT,) = lay_out(make_manifest((ranking(3, (5, 2, 2)),)), 5)


def asked(*typed: str) -> tuple[list[tuple[int, ...]], str]:
    """The values of one answer, and everything that stood on the screen."""
    found: list[tuple[int, ...]] = []
    app = typer.Typer()
    app.command()(lambda: found.append(ask_answer(LAYOUT)))
    ended = CliRunner().invoke(app, [], input="\n".join(typed) + "\n")
    assert ended.exit_code == 0, ended.output
    return found, ended.output


def test_the_order_is_typed_with_the_best_first() -> None:
    found, shown = asked("3 1 2")
    assert found == [ranking_values((2, 3, 1))]
    assert "Points from the first position to the last: 5, 2, 2." in shown


def test_a_blank_vote_is_typed_as_a_word() -> None:
    assert asked("blank")[0] == [blank_ranking(3)]


@pytest.mark.parametrize(
    "typed", ["1 2", "1 2 2", "1 2 3 4", "0 1 2", "a b c", "1,2,3", "blank 1 2", "٣ ١ ٢"]
)
def test_anything_else_is_asked_again(typed: str) -> None:
    found, shown = asked(typed, "2 1 3")
    assert found == [ranking_values((2, 1, 3))]
    assert shown.count("Type all numbers from 1 to 3, each once, or blank.") == 1
