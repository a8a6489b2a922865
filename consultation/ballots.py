"""From what citizens asked or said to a vote: the draft of an election, with their words as its documents.

A petition and a consultation become votes in the same way (`petitions.votes`, `hearings.votes`). The draft begins with
the questions, and with the words as documents: once the vote is frozen, its signed terms hold the digests of what was
asked. The link is a row under the draft's number (`VoteLink`) and is never taken out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crypto.encoding import encode_base64url
from storage.session import Beside, reading
from voting import drafts
from voting.deeds import By
from voting.draft_document import (
    DocumentsPart,
    DraftDocument,
    DraftOption,
    DraftQuestion,
    Kind,
    QuestionsPart,
    TitlePart,
    Words,
    empty_draft,
)
from voting.draft_models import VotingDraft, VotingFile
from voting.office import Office


class VoteLink:
    """Columns of a table whose rows lead from a subject to the draft of the vote that it became."""

    draft: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]


_Link = TypeVar("_Link", bound=VoteLink)


@dataclass(frozen=True)
class Asked:
    """One question. options: at least two, in their order.  most: how many of them may be chosen, at least one."""

    text: Words
    options: tuple[Words, ...]
    most: int = 1


@dataclass(frozen=True)
class Ballot:
    """What the vote asks. questions: at least one."""

    title: Words
    authority: Words
    questions: tuple[Asked, ...]


@dataclass(frozen=True)
class Leaflet:
    """What voters may read, as plain text."""

    name: Words
    text: str


@dataclass(frozen=True)
class Vote:
    """A vote that a subject became. election: None until the draft was frozen.  gone: whether it was discarded."""

    draft: str
    election: str | None
    gone: bool
    made_at: datetime


def begin_draft(
    office: Office, by: By, ballot: Ballot, leaflets: Sequence[Leaflet], draft_id: str, link: Beside
) -> str:
    """Begin the draft of an election; its number, which is `draft_id`.

    link: in the same transaction, when the draft is made: decides whether it may be, and stores the `VoteLink`.
    Raises: what `link` raises.
    """
    files = {hashlib.sha256(each.text.encode()).digest(): each for each in leaflets}
    documents = [
        DraftDocument(
            bytes=len(each.text.encode()),
            media_type="text/plain",
            name=each.name,
            sha256=encode_base64url(digest),
        )
        for digest, each in files.items()
    ]
    base = (
        empty_draft()
        .with_part(QuestionsPart(questions=_questions(ballot)))
        .with_part(DocumentsPart(documents=tuple(documents)))
    )

    def beside(session: Session) -> None:
        link(session)
        for digest, each in sorted(files.items()):
            # Locked: another draft with this very file may be discarded at this moment (voting.drafts).
            if session.get(VotingFile, digest, with_for_update=True) is None:
                session.add(VotingFile(digest=digest, media_type="text/plain", data=each.text.encode()))

    title = TitlePart(authority=ballot.authority, rehearsal=False, title=ballot.title)
    return drafts.create(office, by, title, base, draft_id, beside)


def is_begun(office: Office, link: type[VoteLink], draft_id: str) -> bool:
    """Whether this draft was begun already: a form that is sent twice begins one."""
    with reading(office.engine) as session:
        return session.get(link, draft_id) is not None


def votes_behind(session: Session, link: type[_Link], of: ColumnElement[bool]) -> Sequence[Vote]:
    """The votes to which the rows of `link` lead that `of` chooses, the newest first."""
    rows = session.execute(
        select(link, VotingDraft)
        .outerjoin(VotingDraft, VotingDraft.id == link.draft)
        .where(of)
        .order_by(link.made_at.desc(), link.draft)
    )
    return [
        Vote(
            row.draft,
            draft.election if draft is not None and draft.frozen_at is not None else None,
            draft is None,
            row.made_at,
        )
        for row, draft in rows
    ]


def link_of_vote(session: Session, link: type[_Link], election: str) -> _Link | None:
    """The row that leads to this election, if it came from such a subject."""
    return session.scalar(
        select(link).join(VotingDraft, VotingDraft.id == link.draft).where(VotingDraft.election == election)
    )


def _questions(ballot: Ballot) -> tuple[DraftQuestion, ...]:
    return tuple(
        DraftQuestion(
            id=f"q{number}",
            kind=Kind.CHOOSE_ONE.value if asked.most == 1 else Kind.APPROVAL.value,
            maximum=asked.most,
            minimum=1,
            options=tuple(
                DraftOption(id=f"o{place}", label=label) for place, label in enumerate(asked.options, start=1)
            ),
            points_max=0,
            positions=(),
            text=asked.text,
        )
        for number, asked in enumerate(ballot.questions, start=1)
    )
