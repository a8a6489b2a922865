"""Totals of a question as a terminal shows them."""

from rich.table import Table

from cli.output import in_words, visible
from protocol.manifest import BLANK, Question
from protocol.records import QuestionVotes


def option_labels(question: Question, totals: QuestionVotes) -> list[str]:
    """The words of every total, in order."""
    words = {option.id: in_words(option.label) for option in question.options} | {BLANK: "(blank)"}
    return [words[item.option] for item in totals.votes]


def totals_table(question: Question, totals: QuestionVotes) -> Table:
    """One line for each option; of a ranking its score and the votes at each position."""
    positions = [str(j) for j in range(1, len(totals.matrix) + 1)]
    table = Table(box=None, show_header=bool(positions))
    table.add_column("score" if positions else "", justify="right")
    table.add_column("")
    for position in positions:
        table.add_column(f"at {position}", justify="right")
    for i, (label, item) in enumerate(zip(option_labels(question, totals), totals.votes, strict=True)):
        ranked = i < len(totals.matrix)
        score = "" if positions and not ranked else f"{item.votes:,}"
        # A blank vote of a ranking has no score: its number stands behind its name.
        name = visible(label) if ranked or not positions else f"{visible(label)}: {item.votes:,}"
        table.add_row(score, name, *(f"{votes:,}" for votes in (totals.matrix[i] if ranked else ())))
    return table
