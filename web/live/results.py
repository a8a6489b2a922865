"""The published result as pages show it, from the `aggregates` and `result` leaves alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.encoding import decode_int
from protocol.canonical import decode_canonical
from protocol.layout import QuestionLayout
from protocol.manifest import BLANK, Approval, ChooseOne, Manifest, Question, Ranking
from protocol.opening_rules import decode_aggregates
from protocol.records import RECORD_BYTES_MAX, Aggregates, AreaGroup, QuestionVotes, Result
from protocol.terms import ElectionTerms
from protocol.totals import question_votes, unpack_question
from voting.models import VotingElection
from web.i18n import Text
from web.live.heads import words
from web.pages.election import Kind
from web.pages.result import AreaResult, OptionResult, QuestionResult


@dataclass(frozen=True)
class PublishedResult:
    """The two records behind a result page."""

    aggregates: Aggregates
    result: Result

    @property
    def counted(self) -> int:
        """Ballots in the sum."""
        return sum(group.credentials for group in self.aggregates.groups)

    @property
    def weight(self) -> int:
        """Their weight."""
        return sum(group.weight for group in self.aggregates.groups)


def read_result(session: Session, row: VotingElection, terms: ElectionTerms) -> PublishedResult | None:
    """The result on the board, None before it is there."""
    if row.result_index is None or row.aggregates_index is None:
        return None
    log_id = LogId(row.log_id)
    aggregates = board.body(session, board.entry(session, log_id, row.aggregates_index).digest)
    result = board.body(session, board.entry(session, log_id, row.result_index).digest)
    return PublishedResult(
        decode_aggregates(terms, aggregates),
        decode_canonical(result, Result, limit_bytes=RECORD_BYTES_MAX),
    )


def kind_of(question: Question) -> Kind:
    """The kind as pages name it."""
    if isinstance(question, ChooseOne):
        return Kind.CHOOSE_ONE
    if isinstance(question, Ranking):
        return Kind.RANKING
    return Kind.APPROVAL if isinstance(question, Approval) else Kind.POINTS


def positions_of(question: Question) -> tuple[int, ...]:
    """Points of position 1, 2, … of a ranking; else empty."""
    return question.positions if isinstance(question, Ranking) else ()


def question_results(terms: ElectionTerms, published: PublishedResult) -> tuple[QuestionResult, ...]:
    """Every question with its bars, and the same by group of areas where there are several."""
    groups = published.aggregates.groups
    found = []
    for layout, totals in zip(terms.layouts, published.result.totals, strict=True):
        base = published.weight * _most(layout)
        found.append(
            QuestionResult(
                text=words(layout.question.text),
                kind=kind_of(layout.question),
                options=_options(layout, totals, base),
                base=base,
                areas=tuple(
                    AreaResult(
                        name=area_names(terms.manifest, group),
                        ballots=group.credentials,
                        options=_options(
                            layout,
                            _group_votes(terms, published, layout, number),
                            group.weight * _most(layout),
                        ),
                    )
                    for number, group in enumerate(groups)
                )
                if len(groups) > 1
                else (),
                positions=positions_of(layout.question),
                blank=totals.votes[-1].votes if isinstance(layout.question, Ranking) else 0,
            )
        )
    return tuple(found)


def chosen(terms: ElectionTerms, totals: Sequence[QuestionVotes]) -> Text | None:
    """The one option with the most votes of the only question; None where there is no such one."""
    if len(totals) != 1:
        return None
    votes = {item.option: item.votes for item in totals[0].votes if item.option != BLANK}
    most = max(votes.values(), default=0)
    leaders = [option for option in terms.manifest.questions[0].options if votes[option.id] == most]
    return words(leaders[0].label) if most and len(leaders) == 1 else None


def area_names(manifest: Manifest, group: AreaGroup) -> Text:
    """The areas of a group, as the manifest names them in each language."""
    names = {area.id: area.name for area in manifest.areas}
    joined = [names[area] for area in group.areas]
    return Text(", ".join(name.en for name in joined), ", ".join(name.vi for name in joined))


def _group_votes(
    terms: ElectionTerms, published: PublishedResult, layout: QuestionLayout, number: int
) -> QuestionVotes:
    group = published.aggregates.groups[number]
    plaintexts = [
        decode_int(opening.plaintext, terms.manifest.size.n_bytes)
        for opening in published.result.openings
        if opening.question == layout.id and opening.areas == group.areas
    ]
    return question_votes(layout, unpack_question(layout, plaintexts, group.weight))


def _most(layout: QuestionLayout) -> int:
    """The most that a ballot of weight 1 can give one option."""
    return layout.question.positions[0] if isinstance(layout.question, Ranking) else layout.largest


def _options(layout: QuestionLayout, totals: QuestionVotes, base: int) -> tuple[OptionResult, ...]:
    labels = {option.id: words(option.label) for option in layout.question.options}
    most = max((item.votes for item in totals.votes if item.option != BLANK), default=0)
    # The blank votes of a ranking are no points: they stand beside the options, not among them.
    shown = totals.votes[: len(labels)] if totals.matrix else totals.votes
    return tuple(
        OptionResult(
            label=labels.get(item.option),
            votes=item.votes,
            share=Fraction(item.votes, base) if base else Fraction(0),
            first=item.option != BLANK and item.votes == most and most > 0,
            places=totals.matrix[i] if totals.matrix else (),
        )
        for i, item in enumerate(shown)
    )
