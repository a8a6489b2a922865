"""The official's page of a vote, from the database."""

from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from board.models import BoardCheckpoint
from protocol.manifest import Manifest
from protocol.text import parse_time
from rehearsal.trial_keys import TrialSecretsMissing
from rehearsal.trial_run import codes_to_try
from rehearsal.trials import CAST, COUNT
from storage.jobs import work_left
from storage.session import reading
from tally.opening import count_progress
from voting.disputes import open_disputes
from voting.errors import NoSuchElection
from voting.lookup import turnout, turnout_by_area
from voting.models import VotingElection, VotingRoll
from voting.office import Office, State, effective_closes_at, find_election, read_manifest, state_of
from voting.turnout_course import turnout_course
from web.formats import zone_of
from web.i18n import Text
from web.live.heads import head_of
from web.pages.common import PageNotFound, Turnout
from web.pages.running import AreaRow, Counting, CourseChart, HolderRow, Next, RunningPage, Trial, draw_course


def running_page(office: Office, election: str) -> RunningPage:
    """Where a frozen vote stands. Raises: PageNotFound."""
    now = office.clock()
    with reading(office.engine) as session:
        try:
            row = find_election(session, election)
        except NoSuchElection:
            raise PageNotFound(election) from None
        state, manifest = state_of(row), read_manifest(row)
        if state is State.DRAFT:
            raise PageNotFound("a draft")
        found, head = turnout(session, row), head_of(session, row, now, withheld=False)
        revocations, conflicts = session.execute(
            select(
                func.count(VotingRoll.revoked_index), func.coalesce(func.sum(VotingRoll.conflicts), 0)
            ).where(VotingRoll.election == election)
        ).one()
        trial = _trial(office, session, election) if manifest.rehearsal else None
        counting = _counting(office, session, row, manifest) if row.aggregates_index is not None else None
        signed_at = session.scalar(
            select(func.max(BoardCheckpoint.signed_at)).where(BoardCheckpoint.log_id == row.log_id)
        )
        return RunningPage(
            head=head,
            state=state.value,
            rehearsal=manifest.rehearsal,
            next=_next(row, manifest, state, counting, trial, now),
            turnout=Turnout(voted=found.voted, listed=found.voters, as_of=now),
            ballots=found.ballots,
            areas=_areas(session, row, manifest) if row.opened_index is not None else (),
            chart=_chart(session, row, manifest, head.closes_at, now),
            counting=counting,
            signed_at=signed_at,
            opens_by_hand=row.opens_by_hand,
            can_extend_until=_latest(row, manifest, state, now),
            quorum=None if manifest.quorum is None else Fraction(*manifest.quorum),
            has_registrar=manifest.registrar_key is not None,
            revocations=revocations,
            conflicts=int(conflicts),
            objections=open_disputes(session).get(election, 0),
            trial=trial,
            now=now,
        )


def _next(
    row: VotingElection,
    manifest: Manifest,
    state: State,
    counting: Counting | None,
    trial: Trial | None,
    now: datetime,
) -> Next:
    if state is State.PUBLISHED:
        return Next.NOTHING
    if state is State.FROZEN:
        due = now >= parse_time(manifest.opens_at)
        return Next.OPEN_BY_HAND if row.opens_by_hand and due else Next.WAIT_FOR_OPENING
    if state is State.OPEN:
        return Next.WAIT_FOR_CLOSING
    if trial is not None:
        return Next.COUNT_TRIAL
    if counting is None:
        return Next.WAIT_FOR_AGGREGATES
    return _next_of_count(counting, now)


def _next_of_count(counting: Counting, now: datetime) -> Next:
    if not counting.to_open:
        return Next.PUBLISH
    needed = counting.threshold if counting.lowered else counting.quorum
    if counting.statements < needed:
        return Next.WAIT_FOR_STATEMENTS
    if counting.objections_until is not None and now < counting.objections_until:
        return Next.WAIT_FOR_OBJECTIONS
    return Next.PUBLISH if counting.openings >= counting.threshold else Next.WAIT_FOR_OPENINGS


def _counting(office: Office, session: Session, row: VotingElection, manifest: Manifest) -> Counting | None:
    if row.closing_index is None:
        return None
    progress = count_progress(office, row.id)
    closed_at = board.entry(session, LogId(row.log_id), row.closing_index).time
    return Counting(
        holders=tuple(
            HolderRow(trustee.name, number in progress.statements, number in progress.openings)
            for number, trustee in enumerate(manifest.trustees, start=1)
        ),
        quorum=manifest.statement_quorum,
        threshold=manifest.threshold,
        lowered=progress.lowered,
        to_open=progress.to_open,
        objections_until=closed_at + timedelta(seconds=manifest.objection_seconds)
        if manifest.objection_seconds
        else None,
    )


def _areas(session: Session, row: VotingElection, manifest: Manifest) -> tuple[AreaRow, ...]:
    if len(manifest.areas) == 1:
        return ()
    found = turnout_by_area(session, row)
    return tuple(
        AreaRow(Text(area.name.en, area.name.vi), found[area.id].voted, found[area.id].voters)
        for area in manifest.areas
        if area.id in found
    )


def _chart(
    session: Session, row: VotingElection, manifest: Manifest, closes_at: datetime, now: datetime
) -> CourseChart | None:
    if row.opened_index is None:
        return None
    opened = board.entry(session, LogId(row.log_id), row.opened_index).time
    zone = zone_of(manifest.time_zone)
    return draw_course(turnout_course(session, row, opened, min(now, closes_at), zone))


def _latest(row: VotingElection, manifest: Manifest, state: State, now: datetime) -> datetime | None:
    closes_at = parse_time(effective_closes_at(row))
    latest = parse_time(manifest.latest_closes_at)
    return latest if state is State.OPEN and now < closes_at < latest else None


def _trial(office: Office, session: Session, election: str) -> Trial | None:
    """What belongs to a trial run; None for a rehearsal whose keys real people hold, and for one that is over."""
    working = work_left(session, (CAST, COUNT))
    try:
        codes = codes_to_try(office, election)
    except TrialSecretsMissing:
        return None
    return Trial(tuple((voter.code.written, voter.alias) for voter in codes), working)
