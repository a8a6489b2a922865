"""The page source of a running server: one read-only snapshot of the database for each page."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from board.errors import BoardError
from board.log import LogId
from board.models import BoardBody
from board.models import BoardEntry as EntryRow
from consultation.hearings.hearings import list_hearings
from consultation.hearings.types import Phase
from consultation.hearings.votes import hearing_of_vote
from consultation.petitions.votes import petition_of_vote
from crypto.crockford import MistypedCode
from crypto.encoding import encode_base64url
from protocol.manifest import Approval, ChooseOne, Points, Question, Ranking
from storage.session import reading
from voting.disputes import count_disputes, last_moment
from voting.errors import CodeNotFound, VotingError
from voting.lookup import (
    find_by_any,
    turnout_by_area,
)
from voting.models import VotingElection, VotingRoll
from voting.office import Office, find_election, read_manifest
from voting.preparation import list_elections
from web.links import api
from web.live.acts import acts_of, facts_of, persons_of
from web.live.boards import board_entry, counts_of, signed_state, test_codes
from web.live.checks import answer_of, mistake_in
from web.live.heads import head_of, holders_of, turnout_of, warnings_of, words
from web.live.petitions import home_petitions
from web.live.results import PublishedResult, chosen, kind_of, positions_of, question_results, read_result
from web.pages.board import BoardPage, EntryPage, WitnessState
from web.pages.booth import BoothOption, BoothPage, BoothQuestion
from web.pages.check import CheckPage, Mistyped
from web.pages.common import Head, PageNotFound, State, VoteRow
from web.pages.discussions import lively_rows
from web.pages.election import (
    AreaTurnout,
    CalendarEntry,
    DocumentLink,
    ElectionPage,
    Milestone,
    QuestionSummary,
)
from web.pages.home import CheckAnyPage, ElectionsPage, HomePage, HowPage, LeadingVote
from web.pages.result import ResultPage
from web.pages.verify import VerifyPage

ENTRIES_ON_PAGE: Final = 25
FINISHED_ON_HOME: Final = 5
HEARINGS_ON_HOME: Final = 3
DISCUSSIONS_ON_HOME: Final = 3


@dataclass
class LivePages:
    """Implements `web.pages.source.PageSource` on an office."""

    office: Office
    _sizes: dict[tuple[str, int], int] = field(default_factory=dict, repr=False)

    def home(self) -> HomePage:
        """The front page. Trial runs are only in the list of all votes, and marked there."""
        rows = [vote for vote in self._rows() if not vote.head.rehearsal]
        open_votes = _with_state(rows, State.OPEN)
        with reading(self.office.engine) as session:
            now = self.office.clock()
            asked = home_petitions(session, now)
            hearings = list_hearings(session, now, phases=(Phase.COMMENT,), limit=HEARINGS_ON_HOME).hearings
            lively = lively_rows(session, now, DISCUSSIONS_ON_HOME)
            lead = None
            if open_votes:
                first = min(open_votes, key=lambda vote: vote.head.closes_at)
                row = find_election(session, first.head.id)
                lead = LeadingVote(
                    first.head,
                    len(read_manifest(row).questions),
                    turnout_of(session, row, self.office.clock()),
                )
        return HomePage(
            lead=lead,
            open=open_votes,
            announced=_with_state(rows, State.ANNOUNCED),
            finished=_finished(rows)[:FINISHED_ON_HOME],
            petitions=asked,
            hearings=tuple(hearings),
            discussions=lively,
        )

    def elections(self) -> ElectionsPage:
        """All votes."""
        rows = self._rows()
        return ElectionsPage(
            open=_with_state(rows, State.OPEN),
            announced=_with_state(rows, State.ANNOUNCED),
            finished=_finished(rows),
        )

    def check_any(self) -> CheckAnyPage:
        """Votes whose ballots can be looked up."""
        return CheckAnyPage(tuple(vote for vote in self._rows() if vote.head.state is not State.ANNOUNCED))

    def how(self) -> HowPage:
        """How voting here works."""
        return HowPage(tuple(self._rows()))

    def election(self, election: str) -> ElectionPage:
        """One vote."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            manifest, now = read_manifest(row), self.office.clock()
            announced = head.state is State.ANNOUNCED
            return ElectionPage(
                head=head,
                questions=tuple(_summary(question) for question in manifest.questions),
                turnout=None if announced else turnout_of(session, row, now),
                areas=() if announced or len(manifest.areas) == 1 else _areas(session, row),
                calendar=_calendar(session, row, head, now),
                holders=holders_of(manifest),
                warnings=warnings_of(manifest),
                now=now,
                documents=tuple(
                    DocumentLink(words(each.name), each.sha256, each.bytes) for each in manifest.documents
                ),
                acts=acts_of(session, row),
                quorum=None if manifest.quorum is None else Fraction(*manifest.quorum),
                sign_in=manifest.asks_sign_in,
                objections=count_disputes(session, row.id),
                petition=petition_of_vote(session, row.id),
                hearing=hearing_of_vote(session, row.id, self.office),
            )

    def booth(self, election: str) -> BoothPage:
        """Its booth."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            manifest = read_manifest(row)
            return BoothPage(
                head=head,
                questions=tuple(booth_question(question) for question in manifest.questions),
                holders=holders_of(manifest),
                warnings=warnings_of(manifest),
                turnout=turnout_of(session, row, self.office.clock()),
                sign_in=manifest.asks_sign_in,
            )

    def check(self, election: str, code: str, *, submitted: bool) -> CheckPage:
        """Look up a receipt code, all of a tracker, or a voter number."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            mistyped, symbol, length, answer = None, "", 0, None
            if code:
                try:
                    record, index = find_by_any(session, row, code)
                    answer = answer_of(session, row, record, index)
                except CodeNotFound:
                    answer = None
                except MistypedCode as error:
                    mistyped, symbol, length = mistake_in(error)
            elif submitted:
                mistyped = Mistyped.EMPTY
            return CheckPage(
                head, code, mistyped, symbol, length, answer, board.tree_size(session, LogId(row.log_id))
            )

    def board(self, election: str, page: int | None, sought: str) -> BoardPage:
        """A page of the board, the newest for None."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            log_id = LogId(row.log_id)
            size = board.tree_size(session, log_id)
            pages = max(1, -(-size // ENTRIES_ON_PAGE))
            shown = pages if page is None else page
            if not 1 <= shown <= pages:
                raise PageNotFound(str(page))
            entries = board.entries(session, log_id, (shown - 1) * ENTRIES_ON_PAGE, ENTRIES_ON_PAGE)
            tests = test_codes(session, row, entries)
            return BoardPage(
                head=head,
                entries=tuple(board_entry(entry, tests) for entry in reversed(entries)),
                page=shown,
                pages=pages,
                state=signed_state(session, row),
                # No witness can be asked by this version, so none has signed.
                witnesses=tuple(WitnessState(witness.name, None) for witness in read_manifest(row).witnesses),
                quorum=read_manifest(row).witness_quorum,
                counts=counts_of(session, row, size),
                bundle_bytes=self._bundle_bytes(session, row, size),
                not_found=bool(sought),
                sought=sought,
            )

    def entry(self, election: str, index: int) -> EntryPage:
        """One entry of the board."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            log_id = LogId(row.log_id)
            try:
                found = board.entry(session, log_id, index)
            except BoardError:
                raise PageNotFound(str(index)) from None
            digest = encode_base64url(found.digest)
            return EntryPage(
                head=head,
                entry=board_entry(found, test_codes(session, row, [found])),
                digest=digest,
                leaf=found.leaf.decode("utf-8"),
                body_url=f"{api(election)}/bodies/{digest}",
                body_bytes=len(board.body(session, found.digest)),
                size=board.tree_size(session, log_id),
                facts=facts_of(session, found),
            )

    def result(self, election: str) -> ResultPage:
        """The result."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            published = self._published(session, row)
            if published is None:
                raise PageNotFound("no result yet")
            terms, manifest = self.office.terms(election), read_manifest(row)
            weights = session.scalar(
                select(func.max(VotingRoll.weight)).where(VotingRoll.election == election)
            )
            size = board.tree_size(session, LogId(row.log_id))
            return ResultPage(
                head=head,
                questions=() if published.result.withheld else question_results(terms, published),
                turnout=turnout_of(session, row, head.closes_at),
                counted=published.counted,
                weighted=(weights or 1) > 1,
                persons=persons_of(session, row),
                holders=holders_of(manifest),
                warnings=warnings_of(manifest),
                bundle_name=election,
                bundle_bytes=self._bundle_bytes(session, row, size),
                merged_areas=any(len(group.areas) > 1 for group in published.aggregates.groups),
                quorum=None if manifest.quorum is None else Fraction(*manifest.quorum),
                acts=acts_of(session, row),
                objections=count_disputes(session, row.id),
                object_until=None if (until := last_moment(session, row)) is None else head.local(until),
            )

    def verify(self, election: str) -> VerifyPage:
        """How to check it elsewhere."""
        with reading(self.office.engine) as session:
            row, head = self._find(session, election)
            state = signed_state(session, row)
            return VerifyPage(
                head=head,
                warnings=warnings_of(read_manifest(row)),
                bundle_name=election,
                bundle_bytes=self._bundle_bytes(session, row, state.size),
                size=state.size,
                root=state.root,
            )

    def _find(self, session: Session, election: str) -> tuple[VotingElection, Head]:
        try:
            row = find_election(session, election)
        except VotingError:
            raise PageNotFound(election) from None
        if row.fingerprint is None:
            raise PageNotFound("a draft")
        return row, self._head(session, row)

    def _head(self, session: Session, row: VotingElection) -> Head:
        published = self._published(session, row)
        withheld = published is not None and published.result.withheld
        return head_of(session, row, self.office.clock(), withheld)

    def _published(self, session: Session, row: VotingElection) -> PublishedResult | None:
        return None if row.result_index is None else read_result(session, row, self.office.terms(row.id))

    def votes(self, session: Session, elections: Collection[str]) -> tuple[VoteRow, ...]:
        """These votes, as far as they are frozen, by closing time."""
        found = [
            row for row in list_elections(session) if row.id in elections and row.fingerprint is not None
        ]
        return tuple(sorted((self._row(session, row) for row in found), key=lambda vote: vote.head.closes_at))

    def _rows(self) -> list[VoteRow]:
        """Every frozen vote, by closing time."""
        with reading(self.office.engine) as session:
            frozen = [row for row in list_elections(session) if row.fingerprint is not None]
            found = [self._row(session, row) for row in frozen]
        return sorted(found, key=lambda vote: vote.head.closes_at)

    def _row(self, session: Session, row: VotingElection) -> VoteRow:
        published = self._published(session, row)
        head = self._head(session, row)
        shown = None if head.state is State.ANNOUNCED else turnout_of(session, row, self.office.clock())
        option = None if published is None else chosen(self.office.terms(row.id), published.result.totals)
        first = read_manifest(row).questions[0]
        return VoteRow(head, shown, option, by_points=isinstance(first, Points | Ranking))

    def _bundle_bytes(self, session: Session, row: VotingElection, size: int) -> int:
        """What the unpacked bundle takes, about: leaves and bodies with their line ends."""
        known = self._sizes.get((row.id, size))
        if known is None:
            total = session.scalar(
                select(func.sum(func.length(EntryRow.leaf) + func.length(BoardBody.body) + 2))
                .join(BoardBody, BoardBody.digest == EntryRow.digest)
                .where(EntryRow.log_id == row.log_id, EntryRow.index < size)
            )
            self._sizes.clear()
            known = self._sizes[row.id, size] = int(total or 0)
        return known


def _with_state(rows: list[VoteRow], state: State) -> tuple[VoteRow, ...]:
    return tuple(vote for vote in rows if vote.head.state is state)


def _finished(rows: list[VoteRow]) -> tuple[VoteRow, ...]:
    over = (State.COUNTING, State.RESULT, State.WITHHELD)
    return tuple(vote for vote in reversed(rows) if vote.head.state in over)


def _bounds(question: Question) -> tuple[int, int, int]:
    """(minimum, maximum, points for one option)."""
    if isinstance(question, ChooseOne | Ranking):
        return 1, 1, 0
    if isinstance(question, Approval):
        return question.min, question.max, 0
    return question.total_min, question.total_max, question.points_max


def _summary(question: Question) -> QuestionSummary:
    least, most, each = _bounds(question)
    return QuestionSummary(
        text=words(question.text),
        kind=kind_of(question),
        options=len(question.options),
        minimum=least,
        maximum=most,
        points_max=each,
        positions=positions_of(question),
    )


def booth_question(question: Question) -> BoothQuestion:
    """One screen of the booth."""
    least, most, each = _bounds(question)
    return BoothQuestion(
        id=question.id,
        kind=kind_of(question),
        text=words(question.text),
        options=tuple(BoothOption(option.id, words(option.label)) for option in question.options),
        minimum=least,
        maximum=most,
        points_max=each,
        positions=positions_of(question),
    )


def _areas(session: Session, row: VotingElection) -> tuple[AreaTurnout, ...]:
    found = turnout_by_area(session, row)
    return tuple(
        AreaTurnout(words(area.name), found[area.id].voted, found[area.id].voters)
        for area in read_manifest(row).areas
        if area.id in found
    )


def _calendar(session: Session, row: VotingElection, head: Head, now: datetime) -> tuple[CalendarEntry, ...]:
    def time_of(index: int | None) -> datetime | None:
        return None if index is None else board.entry(session, LogId(row.log_id), index).time

    fixed, closed, result = time_of(3), time_of(row.closing_index), time_of(row.result_index)
    objections = timedelta(seconds=read_manifest(row).objection_seconds)
    return (
        CalendarEntry(Milestone.FIXED, fixed, done=True),
        CalendarEntry(Milestone.OPENS, head.opens_at, done=row.opened_index is not None),
        CalendarEntry(Milestone.CLOSES, head.closes_at, done=closed is not None or now >= head.closes_at),
        CalendarEntry(Milestone.COUNTING, head.closes_at + objections, done=result is not None),
        CalendarEntry(Milestone.RESULT, result, done=result is not None),
    )
