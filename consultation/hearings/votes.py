"""From a consultation to a vote: an official begins the draft of an election with one form, and both name each other.

What was asked can be put to the vote as it was asked (its questions), or what came of it (a question about the
outcome). Voters read what the consultation was about, what was said of each theme, and each draft as it is public.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from consultation.ballots import (
    Asked,
    Ballot,
    Leaflet,
    Vote,
    begin_draft,
    is_begun,
    link_of_vote,
    votes_behind,
)
from consultation.errors import ChangedMeanwhile, NoSuchSubject
from consultation.happenings import What, happened
from consultation.hearings.documents import documents_of, paragraphs_of
from consultation.hearings.errors import WrongPhase
from consultation.hearings.hearings import HEARING, find_hearing, find_public, lock_hearing
from consultation.hearings.models import HearingVote
from consultation.hearings.outcome import outcome_seen, themes_of
from consultation.hearings.phases import phase_of
from consultation.hearings.questions import SCALE_STEPS, questions_of
from consultation.hearings.types import Document, Hearing, Phase, Question, QuestionKind, Theme, Verdict
from consultation.seen import require_seen, seen_of
from consultation.subjects import Subject
from protocol.text import LocalText
from storage.session import reading
from storage.statements import insert_once
from voting.deeds import By
from voting.draft_document import Words
from voting.office import Office

_VERDICTS: Final = {
    Verdict.ACCEPTED: ("Tiếp thu", "Accepted"),
    Verdict.PARTLY: ("Tiếp thu một phần", "Accepted in part"),
    Verdict.REJECTED: ("Không tiếp thu", "Rejected"),
}


def begin_vote(office: Office, by: By, hearing: str, ballot: Ballot, draft_id: str, seen: str) -> str:
    """Begin the draft of an election from a consultation whose comments have ended; its number, which is `draft_id`.

    draft_id: from `voting.drafts.new_draft_id`, made with the form: sent twice, there is one draft.
    seen: `vote_seen`, when the form was shown.
    Raises: NoSuchSubject (also when it was taken away), WrongPhase, ChangedMeanwhile.
    """
    if is_begun(office, HearingVote, draft_id):
        return draft_id
    with reading(office.engine) as session:
        stands = vote_seen(session, hearing, office)
        leaflets = _leaflets(session, by.desk.base_url, find_public(session, hearing, office.clock()))
    require_seen(seen, stands)

    def link(session: Session) -> None:
        row = lock_hearing(session, hearing)
        now = office.clock()
        if row.hidden_entry is not None:
            raise NoSuchSubject
        if phase_of(row, now) not in (Phase.REVIEW, Phase.OUTCOME):
            raise WrongPhase
        require_seen(seen, vote_seen(session, hearing, office))
        if _leaflets(session, by.desk.base_url, find_public(session, hearing, now)) != leaflets:
            raise ChangedMeanwhile  # what the leaflets say is what stands there, also where a moderator hides words
        values = {"draft": draft_id, "hearing": hearing, "made_at": now}
        insert_once(session, HearingVote, values, ("draft",))
        happened(session, What.CONSULTATION_BECAME_VOTE, Subject(HEARING, hearing), at=now)
        by.note(session, "hearing-became-vote", f"hearing {hearing}", draft=draft_id)

    return begin_draft(office, by, ballot, leaflets, draft_id, link)


def vote_seen(session: Session, hearing: str, office: Office) -> str:
    """Of everything that a vote takes over from a consultation, for `consultation.seen`. Raises: NoSuchSubject."""
    return seen_of(
        find_hearing(session, hearing, office.clock()).plan.seen,
        outcome_seen(themes_of(session, hearing)),
        *(question.seen for question in questions_of(session, hearing)),
        *(document.version for document in documents_of(session, hearing)),
    )


def votes_of(session: Session, hearing: str) -> Sequence[Vote]:
    """The votes that a consultation became, the newest first."""
    return votes_behind(session, HearingVote, HearingVote.hearing == hearing)


def hearing_of_vote(session: Session, election: str, office: Office) -> Hearing | None:
    """The consultation from which an election came, if it came from one that everybody sees."""
    link = link_of_vote(session, HearingVote, election)
    found = None if link is None else find_hearing(session, link.hearing, office.clock())
    return found if found is not None and found.is_public else None


def asked_of(question: Question) -> Asked | None:
    """A question as a vote can ask it; None for one that asks for words."""
    text, options = _words(question.text), tuple(_words(option) for option in question.options)
    match question.kind:
        case QuestionKind.TEXT:
            return None
        case QuestionKind.SCALE:
            return Asked(text, tuple(_step(step, options) for step in range(1, SCALE_STEPS + 1)))
        case QuestionKind.MULTIPLE:
            return Asked(text, options, most=len(options))
        case QuestionKind.SINGLE:
            return Asked(text, options)


def _step(step: int, ends: Sequence[Words]) -> Words:
    if step not in (1, SCALE_STEPS):
        return Words(en=str(step), vi=str(step))
    end = ends[0 if step == 1 else -1]
    return Words(en=f"{step}: {end.en}", vi=f"{step}: {end.vi}")


def _words(text: LocalText) -> Words:
    return Words(en=text.en, vi=text.vi)


def _leaflets(session: Session, base_url: str, hearing: Hearing) -> Sequence[Leaflet]:
    """What voters may read: the consultation with what was said of each theme, and each draft."""
    place = f"consultations/{hearing.id}"
    parts = [*_both(hearing.plan.title), f"{base_url}/vi/{place}", *_both(hearing.plan.about)]
    for theme in themes_of(session, hearing.id):
        parts += _theme(theme)
    whole = Leaflet(Words(en="The consultation", vi="Đợt lấy ý kiến"), "\n\n".join(parts) + "\n")
    drafts = [each for each in documents_of(session, hearing.id) if each.version]
    return [whole, *(_draft(session, base_url, place, each) for each in drafts)]


def _draft(session: Session, base_url: str, place: str, document: Document) -> Leaflet:
    """One that was hidden by a moderator leaves its number without words."""
    parts = [
        *_both(document.title),
        f"{base_url}/vi/{place}/documents/{document.id}?version={document.version}",
    ]
    for each in paragraphs_of(session, document.id, document.version):
        parts.append(f"{each.position}. {each.words if each.hidden_entry is None else '[…]'}")
    return Leaflet(_words(document.title), "\n\n".join(parts) + "\n")


def _theme(theme: Theme) -> Sequence[str]:
    head = f"{theme.number}. {theme.title.vi} / {theme.title.en}"
    verdict = [] if theme.verdict is None else ["{} / {}".format(*_VERDICTS[theme.verdict])]
    return [part for part in (head, *_both(theme.said), *verdict, *_both(theme.reason)) if part]


def _both(text: LocalText) -> Sequence[str]:
    return [text.vi, text.en]
