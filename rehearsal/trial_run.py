"""The official's trial run: the election that a draft describes, marked as a rehearsal, with invented voters.

Everything in it is real (ceremony, ballots, board, opening, verification) but the people: the server makes all keys
and codes itself. The manifest says `rehearsal`, so pages and verifier say that it is a trial. Times are now and the
next hours whatever the draft says; sign-in is left out, because invented voters have no identity.
"""

import secrets as os_secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from crypto.ceremony.one_process import CeremonyProgress
from crypto.credential import credential_of
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from crypto.signature import SigningKey
from crypto.voting_code import VotingCode
from protocol.roll import RollEntry
from rehearsal.ceremony import Trustees, hold_ceremony
from rehearsal.one_machine import freeze_and_open, open_urn, seal_vote
from rehearsal.random_votes import random_answer
from rehearsal.trial_keys import (
    TrialSecrets,
    forget_trial_secrets,
    keep_trial_secrets,
    read_trial_secrets,
)
from storage.session import reading
from tally.aggregation import aggregate
from tally.opening import publish_result
from voting.calendar import local_moment
from voting.casting import cast_ballot
from voting.draft_document import CalendarPart, Draft, Holder, KeyHoldersPart, TitlePart
from voting.draft_manifest import make_manifest
from voting.errors import VotingError
from voting.models import VotingBallot
from voting.office import Office, State, find_election, read_manifest, state_of
from voting.preparation import log_origin, new_election_id
from voting.registrar import IssuedCode

TRIAL_HOURS: Final = 24
VOTERS_MAX: Final = 500
LEFT_FOR_THE_OFFICIAL: Final = 5
"""Codes that no invented voter uses: with them the official walks through the booth."""

INVENTED_HOLDERS: Final = ("Trial key holder 1", "Trial key holder 2", "Trial key holder 3")


class NotATrial(VotingError):
    """This election is a real one; nobody but its own people may act in it."""

    code = "not-a-trial"

    def __init__(self) -> None:
        super().__init__("This election is no trial run. Invented voters and keys have no place in it.")


@dataclass(frozen=True)
class TrialVoter:
    """One invented voter whose code the official may try. alias: the voter number."""

    code: VotingCode
    alias: str


def prepare_trial(
    office: Office,
    draft: Draft,
    site: str,
    voters: Sequence[RollEntry],
    progress: Callable[[CeremonyProgress], None] | None = None,
) -> str:
    """Make keys, codes and an open election after the draft; its id. Takes as long as a key ceremony.

    draft: with title and at least one question; what else is missing is invented.  site: host name of the platform.
    voters: 1 … VOTERS_MAX lines.
    Raises: ManifestInvalid naming what the draft lacks; WrongState, RollInvalid.
    """
    if not 1 <= len(voters) <= VOTERS_MAX:
        raise ValueError(f"A trial run has 1 to {VOTERS_MAX} invented voters.")
    election = new_election_id()
    seeds = tuple(os_secrets.token_bytes(32) for _ in range(max(1, len(draft.key_holders.holders))))
    signing = [SigningKey.from_seed(seed) for seed in seeds]
    manifest = make_manifest(
        _trial_draft(draft, signing, office.clock()),
        election,
        log_origin(site, election),
        office.keys.make(election),
    )
    trustees = hold_ceremony(manifest, signing, progress)

    def keep(issued: list[IssuedCode]) -> None:
        codes = tuple(item.code for item in issued)
        keep_trial_secrets(
            office.keys.folder, election, TrialSecrets(seeds, trustees.shares, codes), manifest.size
        )

    freeze_and_open(office, manifest, trustees, voters, keep)
    return election


def cast_for_invented_voters(office: Office, election: str, number: int) -> int:
    """Cast ballots of up to `number` invented voters who have not voted; how many were cast.

    Each goes through the casting door like any voter's. Raises: NotATrial, TrialSecretsMissing, and the door's
    errors when the polls are not open.
    """
    terms, secrets, voted = office.terms(election), _secrets(office, election), _voted(office, election)
    waiting = [
        code
        for code in secrets.codes[LEFT_FOR_THE_OFFICIAL:]
        if credential_of(code, election).public_key not in voted
    ][:number]
    for code in waiting:
        vote = tuple(random_answer(layout) for layout in terms.layouts)
        cast_ballot(office, election, seal_vote(terms, code, vote))
    return len(waiting)


def codes_to_try(office: Office, election: str) -> tuple[TrialVoter, ...]:
    """Codes that invented voters leave alone. Raises: NotATrial, TrialSecretsMissing."""
    codes = _secrets(office, election).codes[:LEFT_FOR_THE_OFFICIAL]
    return tuple(TrialVoter(code, alias(credential_of(code, election).public_key)) for code in codes)


def count_trial(office: Office, election: str) -> None:
    """After closing: aggregate, open with the trial's key holders, publish. The trial's secrets end with it.

    Picks up where an interrupted count stopped. Raises: NotATrial, TrialSecretsMissing, TallyRefused, UrnNotOpened.
    """
    with reading(office.engine) as session:
        row = find_election(session, election)
        state, aggregated = state_of(row), row.aggregates_index is not None
    if state is not State.PUBLISHED:
        secrets = _secrets(office, election)
        if not aggregated:
            aggregate(office, election)
        threshold = office.terms(election).manifest.threshold
        trustees = Trustees(secrets.signing_keys, secrets.shares, b"")
        open_urn(office, election, trustees, range(1, threshold + 1))
        publish_result(office, election)
    forget_trial_secrets(office.keys.folder, election)


def _trial_draft(draft: Draft, signing: Sequence[SigningKey], now: datetime) -> Draft:
    place = ZoneInfo(draft.calendar.time_zone or "UTC")
    names = [holder.name for holder in draft.key_holders.holders] or list(INVENTED_HOLDERS[:1])
    holders = tuple(
        Holder(key=encode_base64url(key.public_key), name=name, person=None)
        for name, key in zip(names, signing, strict=True)
    )
    replace = msgspec.structs.replace
    return replace(
        draft,
        title=TitlePart(authority=draft.title.authority, rehearsal=True, title=draft.title.title),
        calendar=CalendarPart(
            closes=local_moment(now + timedelta(hours=TRIAL_HOURS), place),
            extension_seconds=draft.calendar.extension_seconds,
            objection_seconds=0,
            opens=local_moment(now, place),
            time_zone=place.key,
        ),
        key_holders=KeyHoldersPart(bits=draft.key_holders.bits, holders=holders),
        rules=replace(draft.rules, registrar_key=None, sign_in="none"),
    )


def _secrets(office: Office, election: str) -> TrialSecrets:
    with reading(office.engine) as session:
        manifest = read_manifest(find_election(session, election))
    if not manifest.rehearsal:
        raise NotATrial
    return read_trial_secrets(office.keys.folder, election, manifest.size)


def _voted(office: Office, election: str) -> set[bytes]:
    with reading(office.engine) as session:
        found = session.scalars(
            select(VotingBallot.credential).where(VotingBallot.election == election).distinct()
        )
        return set(found)
