"""From a petition to a vote: an official begins the draft of an election with one form, and both name each other."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from consultation.ballots import Ballot, Leaflet, Vote, begin_draft, is_begun, link_of_vote, votes_behind
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
from voting.deeds import By
from voting.draft_document import Words
from voting.office import Office


def begin_vote(office: Office, by: By, petition: str, ballot: Ballot, draft_id: str, seen: int) -> str:
    """Begin the draft of an election from a published petition; its number, which is `draft_id`.

    draft_id: from `voting.drafts.new_draft_id`, made with the form: sent twice, there is one draft.
    seen: as in `answering`.  Raises: NoSuchPetition, NotPublished, ChangedSince.
    """
    with reading(office.engine) as session:
        found = find_petition(session, petition)
    if is_begun(office, PetitionVote, draft_id):
        return draft_id

    def link(session: Session) -> None:
        row = lock_petition(session, petition)
        if row.state not in (State.OPEN, State.CLOSED) or row.hidden_entry is not None:
            raise NotPublished
        if row.version != found.text.version or last_official(session, petition) != seen:
            raise ChangedSince
        now = office.clock()
        values = {"draft": draft_id, "petition": petition, "made_at": now}
        insert_once(session, PetitionVote, values, ("draft",))
        add_event(session, petition, What.BECAME_VOTE, now, detail=draft_id)
        happened(session, Happened.PETITION_BECAME_VOTE, Subject("petition", petition), at=now)
        by.note(session, "petition-became-vote", f"petition {petition}", draft=draft_id)

    return begin_draft(office, by, ballot, [_leaflet(by.desk.base_url, found)], draft_id, link)


def votes_of(session: Session, petition: str) -> Sequence[Vote]:
    """The votes that a petition became, the newest first."""
    return votes_behind(session, PetitionVote, PetitionVote.petition == petition)


def petition_of_vote(session: Session, election: str) -> Petition | None:
    """The petition from which an election came, if it came from one and its words may be shown."""
    link = link_of_vote(session, PetitionVote, election)
    return None if link is None else find_petition(session, link.petition)


def _leaflet(base_url: str, petition: Petition) -> Leaflet:
    """What voters may read of the petition: its words and where it stands."""
    text = petition.text
    place = f"{base_url}/{'en' if text.language == 'en' else 'vi'}/petitions/{petition.id}"
    head = f"{text.action}\n\n{place}\n{text.version} · {encode_base64url(text.digest)}"
    parts = (head, text.background, text.details)
    words = "\n\n".join(part for part in parts if part) + "\n"
    return Leaflet(Words(en="The petition", vi="Kiến nghị"), words)
