"""Trial runs that officials ask for: noted at once, made by a job, because a key ceremony takes its time."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from protocol.errors import ProtocolError
from protocol.roll import RollEntry
from rehearsal.models import RehearsalTrial
from rehearsal.one_machine import UrnNotOpened
from rehearsal.trial_keys import TrialSecretsMissing
from rehearsal.trial_run import VOTERS_MAX, cast_for_invented_voters, count_trial, prepare_trial
from storage.engine import make_engine
from storage.jobs import GiveUp, Handler, Job, enqueue
from storage.session import Beside, reading, writing
from tally.errors import TallyError
from voting.draft_document import Draft, decode_draft, encode_draft
from voting.draft_errors import NoSuchDraft
from voting.draft_store import lock_draft
from voting.drafts import load
from voting.errors import VotingError
from voting.office import Office, State, find_election, state_of
from voting.server_keys import ServerKeys

PREPARE: Final = "trial-prepare"
CAST: Final = "trial-cast"
COUNT: Final = "trial-count"
KINDS: Final = frozenset({PREPARE, CAST, COUNT})

_RENEWED_EVERY_SECONDS: Final = 15

_Answer = TypeVar("_Answer")

PREPARED_WITHIN: Final = timedelta(hours=1)
"""A trial that is not there by then will not come: its job is dead."""

VOTERS_IN_AN_AREA: Final = 12
"""As many as the cautious rule for small areas wants, and a few more."""


@dataclass(frozen=True)
class TrialRow:
    """One trial run of a draft. election: None while its keys are being made.  fault: why that failed, or empty."""

    id: str
    begun_at: datetime
    election: str | None
    fault: str


def begin_trial(office: Office, draft_id: str, voters: int, beside: Beside | None = None) -> str:
    """Ask for a trial run of a draft as it stands; its id. voters: 1 … VOTERS_MAX.

    While one of this draft is being prepared, that one's: a key takes minutes, and a button is pressed twice.
    Raises: NoSuchDraft.
    """
    if not 1 <= voters <= VOTERS_MAX:
        raise ValueError(f"A trial run has 1 to {VOTERS_MAX} invented voters.")
    trial, now = secrets.token_hex(16), office.clock()
    with writing(office.engine) as session:
        lock_draft(session, draft_id)
        waiting = session.scalar(
            select(RehearsalTrial.id).where(
                RehearsalTrial.draft == draft_id,
                RehearsalTrial.election.is_(None),
                RehearsalTrial.fault == "",
                RehearsalTrial.begun_at > now - PREPARED_WITHIN,
            )
        )
        if waiting is not None:
            return waiting
        session.add(
            RehearsalTrial(id=trial, draft=draft_id, voters=voters, begun_at=now, election=None, fault="")
        )
        enqueue(session, PREPARE, {"trial": trial}, now=now, key=f"{PREPARE}-{trial}")
        if beside is not None:
            beside(session)
    return trial


def trials_of(office: Office, draft_id: str) -> tuple[TrialRow, ...]:
    """All trial runs of a draft, the newest first."""
    with reading(office.engine) as session:
        rows = session.scalars(
            select(RehearsalTrial)
            .where(RehearsalTrial.draft == draft_id)
            .order_by(RehearsalTrial.begun_at.desc(), RehearsalTrial.id)
        )
        return tuple(TrialRow(row.id, row.begun_at, row.election, row.fault) for row in rows)


def ask_for_votes(session: Session, election: str, number: int, now: datetime) -> None:
    """Let invented voters cast `number` ballots, soon."""
    enqueue(session, CAST, {"election": election, "number": number}, now=now)


def ask_for_count(session: Session, election: str, now: datetime) -> None:
    """Let the trial's key holders open the count, soon."""
    enqueue(session, COUNT, {"election": election}, now=now, key=f"{COUNT}-{election}")


def handlers(office: Office, site: str) -> dict[str, Handler]:
    """Who does the jobs of trial runs. site: host name of the platform."""
    return {
        PREPARE: lambda job: _prepare(office, site, job),
        CAST: lambda job: _cast(office, job),
        COUNT: lambda job: _count(office, job),
    }


def invented_roll(draft: Draft, voters: int) -> tuple[RollEntry, ...]:
    """Invented voters of weight 1, dealt to the draft's areas in turn."""
    areas: Sequence[str] = [area.id for area in draft.areas.areas]
    return tuple(RollEntry(area=areas[number % len(areas)], weight=1) for number in range(voters))


def _prepare(office: Office, site: str, job: Job) -> None:
    trial = str(job.payload["trial"])
    with reading(office.engine) as session:
        row = session.get(RehearsalTrial, trial)
        wanted = None if row is None or row.election is not None else (row.draft, row.voters)
    election, fault = None, ""
    if wanted is not None:
        try:
            draft = load(office, wanted[0]).draft
            election = _elsewhere(office, job, _prepare_there, encode_draft(draft), site, wanted[1])
        except (NoSuchDraft, ProtocolError, VotingError) as error:
            fault = str(error)
    with writing(office.engine) as session:
        job.finish(session)
        found = session.get(RehearsalTrial, trial)
        if found is not None and wanted is not None:
            found.election, found.fault = election, fault


def _cast(office: Office, job: Job) -> None:
    election, number = str(job.payload["election"]), int(job.payload["number"])
    with reading(office.engine) as session:
        is_open = state_of(find_election(session, election)) is State.OPEN
    if is_open:
        try:
            _elsewhere(office, job, _cast_there, election, number)
        except (ProtocolError, VotingError) as error:  # closed meanwhile
            raise GiveUp(str(error)) from error
    with writing(office.engine) as session:
        job.finish(session)


def _count(office: Office, job: Job) -> None:
    try:
        _elsewhere(office, job, _count_there, str(job.payload["election"]))
    except (ProtocolError, VotingError) as error:
        raise GiveUp(str(error)) from error
    with writing(office.engine) as session:
        job.finish(session)


def _elsewhere(office: Office, job: Job, work: Callable[..., _Answer], *given: object) -> _Answer:
    """Do heavy arithmetic in a process of its own, so that the site stays awake, and keep the job meanwhile.

    Errors of the rooms come back as what they were, with their sentence only.
    """
    url = office.engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(_there, work, url, str(office.keys.folder), given)
        while True:
            done, _ = wait([future], timeout=_RENEWED_EVERY_SECONDS)
            if done:
                break
            with writing(office.engine) as session:
                job.renew(session)
        answer = future.result()
    if isinstance(answer, _Refused):
        raise VotingError(answer.sentence)
    return cast("_Answer", answer)


@dataclass(frozen=True)
class _Refused:
    sentence: str


def _there(work: Callable[..., object], url: str, folder: str, given: tuple[object, ...]) -> object:
    office = Office(make_engine(url), ServerKeys.open(Path(folder)))
    try:
        return work(office, *given)
    except (ProtocolError, VotingError, TallyError, UrnNotOpened, TrialSecretsMissing) as error:
        return _Refused(str(error))
    finally:
        office.engine.dispose()


def _prepare_there(office: Office, draft: bytes, site: str, voters: int) -> str:
    read = decode_draft(draft)
    return prepare_trial(office, read, site, invented_roll(read, voters))


def _cast_there(office: Office, election: str, number: int) -> int:
    return cast_for_invented_voters(office, election, number)


def _count_there(office: Office, election: str) -> None:
    count_trial(office, election)
