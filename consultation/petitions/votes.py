"""From a petition to a vote: an official begins the draft of an election with one form, and both name each other.

The draft begins with the question, and with the petition's words as a document: once the vote is frozen, its signed
terms hold the digest of what was asked. The link is stored under the draft's number and never taken out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from consultation.happenings import What as Happened
from consultation.happenings import happened
from consultation.petitions.answering import last_official
from consultation.petitions.errors import ChangedSince, NotPublished
from consultation.petitions.models import PetitionVote
from consultation.petitions.store import add_event, find_petition, lock_petition
from consultation.petitions.types import Petition, State, What
from consultation.subjects import Subject
from crypto.encoding import encode_base64url
from storage.session import reading
from storage.statements import insert_once
from voting import drafts
from voting.deeds import By
from voting.draft_document import (
    DocumentsPart,
    DraftDocument,
    DraftOption,
    DraftQuestion,
    QuestionsPart,
    TitlePart,
    Words,
    empty_draft,
)
from voting.draft_models import VotingDraft, VotingFile
from voting.office import Office


@dataclass(frozen=True)
class Ballot:
    """What the vote asks. options: at least two, in their order."""

    title: Words
    authority: Words
    question: Words
    options: tuple[Words, ...]


@dataclass(frozen=True)
class Vote:
    """A vote that a petition became. election: None until the draft was frozen.  gone: whether it was discarded."""

    draft: str
    election: str | None
    gone: bool
    made_at: datetime


def begin_vote(office: Office, by: By, petition: str, ballot: Ballot, draft_id: str, seen: int) -> str:
    """Begin the draft of an election from a published petition; its number, which is `draft_id`.

    draft_id: from `voting.drafts.new_draft_id`, made with the form: sent twice, there is one draft.
    seen: as in `answering`.  Raises: NoSuchPetition, NotPublished, ChangedSince.
    """
    with reading(office.engine) as session:
        found = find_petition(session, petition)
        if session.get(PetitionVote, draft_id) is not None:
            return draft_id
    data = _document(by.desk.base_url, found)
    digest = hashlib.sha256(data).digest()
    name = Words(en="The petition", vi="Kiến nghị")
    document = DraftDocument(
        bytes=len(data), media_type="text/plain", name=name, sha256=encode_base64url(digest)
    )
    base = (
        empty_draft()
        .with_part(QuestionsPart(questions=(_question(ballot),)))
        .with_part(DocumentsPart(documents=(document,)))
    )

    def link(session: Session) -> None:
        row = lock_petition(session, petition)
        if row.state not in (State.OPEN, State.CLOSED) or row.hidden_entry is not None:
            raise NotPublished
        if row.version != found.text.version or last_official(session, petition) != seen:
            raise ChangedSince
        now = office.clock()
        # Locked: another draft with this very file may be discarded at this moment (voting.drafts).
        if session.get(VotingFile, digest, with_for_update=True) is None:
            session.add(VotingFile(digest=digest, media_type="text/plain", data=data))
        values = {"draft": draft_id, "petition": petition, "made_at": now}
        insert_once(session, PetitionVote, values, ("draft",))
        add_event(session, petition, What.BECAME_VOTE, now, detail=draft_id)
        happened(session, Happened.PETITION_BECAME_VOTE, Subject("petition", petition), at=now)
        by.note(session, "petition-became-vote", f"petition {petition}", draft=draft_id)

    title = TitlePart(authority=ballot.authority, rehearsal=False, title=ballot.title)
    return drafts.create(office, by, title, base, draft_id, link)


def votes_of(session: Session, petition: str) -> Sequence[Vote]:
    """The votes that a petition became, the newest first."""
    rows = session.execute(
        select(PetitionVote, VotingDraft)
        .outerjoin(VotingDraft, VotingDraft.id == PetitionVote.draft)
        .where(PetitionVote.petition == petition)
        .order_by(PetitionVote.made_at.desc(), PetitionVote.draft)
    )
    return [
        Vote(
            link.draft,
            draft.election if draft is not None and draft.frozen_at is not None else None,
            draft is None,
            link.made_at,
        )
        for link, draft in rows
    ]


def petition_of_vote(session: Session, election: str) -> Petition | None:
    """The petition from which an election came, if it came from one and its words may be shown."""
    petition = session.scalar(
        select(PetitionVote.petition)
        .join(VotingDraft, VotingDraft.id == PetitionVote.draft)
        .where(VotingDraft.election == election)
    )
    return None if petition is None else find_petition(session, petition)


def _question(ballot: Ballot) -> DraftQuestion:
    return DraftQuestion(
        id="q1",
        kind="choose-one",
        maximum=1,
        minimum=1,
        options=tuple(
            DraftOption(id=f"o{number}", label=label) for number, label in enumerate(ballot.options, start=1)
        ),
        points_max=0,
        positions=(),
        text=ballot.question,
    )


def _document(base_url: str, petition: Petition) -> bytes:
    """What voters may read of the petition: its words and where it stands, as plain text."""
    text = petition.text
    place = f"{base_url}/{'en' if text.language == 'en' else 'vi'}/petitions/{petition.id}"
    head = f"{text.action}\n\n{place}\n{text.version} · {encode_base64url(text.digest)}"
    parts = (head, text.background, text.details)
    return ("\n\n".join(part for part in parts if part) + "\n").encode()
