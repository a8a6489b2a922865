"""What every page of a vote says about it: state, times, key holders, warnings, turnout."""

from datetime import datetime

from sqlalchemy.orm import Session

from board import log as board
from board.log import LogId
from crypto.display_code import display_code
from protocol.manifest import Manifest
from protocol.text import LocalText, parse_time
from voting.lookup import turnout
from voting.models import VotingElection
from voting.office import State as ElectionState
from voting.office import effective_closes_at, read_manifest, state_of
from web.i18n import Text
from web.pages.common import Head, KeyHolders, State, Turnout, Warnings


def words(text: LocalText) -> Text:
    """A text of the manifest."""
    return Text(text.en, text.vi)


def state_on_pages(row: VotingElection, manifest: Manifest, now: datetime, withheld: bool) -> State:
    """Where a frozen vote stands for a reader at `now`."""
    state = state_of(row)
    if state is ElectionState.PUBLISHED:
        return State.WITHHELD if withheld else State.RESULT
    if state is ElectionState.CLOSED or (
        state is ElectionState.OPEN and now >= parse_time(effective_closes_at(row))
    ):
        return State.COUNTING
    if state is ElectionState.OPEN and now >= parse_time(manifest.opens_at):
        return State.OPEN
    return State.ANNOUNCED


def head_of(session: Session, row: VotingElection, now: datetime, withheld: bool) -> Head:
    """The head of a frozen vote. closes_at is when it really closed, once that is earlier than announced."""
    manifest = read_manifest(row)
    closes_at = parse_time(effective_closes_at(row))
    if row.closing_index is not None:
        closes_at = min(closes_at, board.entry(session, LogId(row.log_id), row.closing_index).time)
    return Head(
        id=row.id,
        title=words(manifest.title),
        authority=words(manifest.authority),
        state=state_on_pages(row, manifest, now, withheld),
        opens_at=parse_time(manifest.opens_at),
        closes_at=closes_at,
        time_zone=manifest.time_zone,
        fingerprint=None if row.fingerprint is None else display_code(row.fingerprint),
        revoting=manifest.revoting,
        rehearsal=manifest.rehearsal,
    )


def holders_of(manifest: Manifest) -> KeyHolders:
    """Who holds the key."""
    return KeyHolders(
        names=tuple(trustee.name for trustee in manifest.trustees),
        threshold=manifest.threshold,
        one_machine=manifest.ceremony == "one-machine" and len(manifest.trustees) > 1,
    )


def warnings_of(manifest: Manifest) -> Warnings:
    """What this vote does without."""
    codes = manifest.warnings()
    return Warnings(
        unwitnessed="not-witnessed" in codes,
        no_objection_time="no-objection-time" in codes,
        relaxed_areas="small-areas-relaxed" in codes,
        short_key="112-bit" in codes,
    )


def turnout_of(session: Session, row: VotingElection, now: datetime) -> Turnout:
    """How many have voted, now."""
    found = turnout(session, row)
    return Turnout(voted=found.voted, listed=found.voters, as_of=now)
