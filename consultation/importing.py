"""Petitions and discussions of another platform, brought in by the same verbs as everybody's.

What people may not write here, an import may not either: such a line is refused with its reason, and the others come
in. Nothing is back-dated: what is imported is published today, and the lines of the site log say who did it. Signatures
are not imported, for nobody could recompute them: each number here stands for entries on a petition's own log.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.rows import note_elsewhere
from consultation.discussions.topics import Text, Topic, open_topic
from consultation.errors import ConsultationError
from consultation.following.follows import unfollow
from consultation.petitions import life
from consultation.petitions.answering import Saying, answer
from consultation.petitions.deciding import Rejecting, admit, reject
from consultation.petitions.settings import rules
from consultation.petitions.store import lock_petition
from consultation.petitions.subjects import PETITION, Petitions
from consultation.petitions.types import Draft, Reason, What
from consultation.subjects import Subject
from identity.assurance import Assurance
from identity.desk import Desk
from identity.people import make_person
from identity.roles import Role
from identity.sessions import SignedIn
from storage.session import reading, writing
from voting.deeds import By

IMPORTER: Final = "Import at the console"
VERSION: Final = 1
_TWIN: Final = re.compile(r"/petitions/([0-9]{1,12})\b")

REASONS: Final[Mapping[str, Reason]] = {
    "duplicate": Reason.DUPLICATE,
    "irrelevant": Reason.NOT_OURS,
    "no-action": Reason.NO_REQUEST,
    "honours": Reason.NOT_OURS,
    "foi": Reason.NOT_OURS,
}
"""Reason codes of the British Parliament's site, where ours have the same meaning."""


class ImportRefused(ConsultationError):
    """A line, or the whole import, that cannot come in. The sentence says why."""

    code = "import-refused"


@dataclass(frozen=True)
class ForeignPetition:
    """A petition elsewhere. line: in its file.  source: its number there.  state: `open`, `closed` or `rejected`.

    rejection: reason code there; rejected_words: what was said with it, with the address of a twin.
    answer: of the office, "" for none.
    """

    line: int
    source: str
    state: str
    action: str
    background: str
    details: str
    rejection: str
    rejected_words: str
    answer: str = field(repr=False)


@dataclass(frozen=True)
class ForeignTopic:
    """A proposal elsewhere, to be discussed here."""

    line: int
    source: str
    title: str
    words: str = field(repr=False)


@dataclass(frozen=True)
class ForeignContribution:
    """A comment elsewhere. parent: source of the one it answers, "" for none.  author: a pseudonym in the file."""

    line: int
    source: str
    topic: str
    parent: str
    author: str
    words: str = field(repr=False)
    agree: int
    disagree: int


@dataclass(frozen=True)
class Refusal:
    """A line that did not come in."""

    line: int
    source: str
    reason: str


@dataclass
class Report:
    """What became of the lines. done: number here, by number there.  votes: agreements and disagreements placed."""

    done: dict[str, str] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    votes: int = 0


def importer(desk: Desk) -> By:
    """Who imports: a person of its own in moderator's and official's role, as whom nobody can ever sign in."""
    now = desk.clock()
    with writing(desk.engine) as session:
        person = make_person(session, name=IMPORTER, language="en", now=now)
    actor = SignedIn(
        person_id=person,
        name=IMPORTER,
        language="en",
        roles=frozenset({Role.MODERATOR, Role.OFFICIAL}),
        methods=("console",),
        assurance=Assurance.HIGH,
        second_factor_at=now,
        issuer="console",
        claim=b"",
        session=b"",
    )
    return By(desk, actor)


def import_petitions(
    by: By, petitions: Sequence[ForeignPetition], body: str, language: str, progress: Callable[[], None]
) -> Report:
    """Publish, close, answer and reject them as they were there. body: whom they are addressed to here.

    Rejected ones come last, so that a duplicate finds its twin. progress: called after each line.
    Raises: ImportRefused when petitions need sponsors here, whom an import cannot bring.
    """
    desk = by.desk
    with reading(desk.engine) as session:
        if rules(session).sponsors:
            raise ImportRefused(
                "Petitions need sponsors on this site, and an import has none. Set their number to 0 on the page "
                "“Petitions: settings” while the import runs."
            )
    with writing(desk.engine) as session:
        creator = make_person(session, name="", language=language, now=desk.clock())
    report = Report()
    for petition in sorted(petitions, key=lambda each: each.state == "rejected"):
        try:
            draft = Draft(petition.action, petition.background, petition.details, language, body)
            with writing(desk.engine) as session:
                report.done[petition.source] = _petition(session, by, creator, draft, petition, report.done)
        except ConsultationError as error:
            report.refused.append(Refusal(petition.line, petition.source, str(error)))
        progress()
    with writing(desk.engine) as session:
        Petitions().forget_author(session, creator)  # nobody here has started them
    return report


def import_discussions(
    by: By,
    topics: Sequence[ForeignTopic],
    contributions: Sequence[ForeignContribution],
    language: str,
    progress: Callable[[], None],
) -> Report:
    """Open the topics, write the contributions in their order, each author of the file as a person of its own.

    An answer to something that is not there stands by itself. Who agreed is not known, only how many: the numbers
    stand beside the contribution as those of the other platform, and nobody here has voted.
    language: `en` or `vi`, in whose place the topics stand; a topic has none for a third language.
    progress: called after each contribution.
    """
    desk, report = by.desk, Report()
    threads: dict[str, str] = {}
    for topic in topics:
        try:
            title, words = (
                Text(vi=text) if language == "vi" else Text(en=text) for text in (topic.title, topic.words)
            )
            said = Topic(title, words, office=True)
            with writing(desk.engine) as session:
                thread = open_topic(session, said, by.actor.person_id, desk.clock())
            threads[topic.source] = report.done[topic.source] = thread.id
        except ConsultationError as error:
            report.refused.append(Refusal(topic.line, topic.source, str(error)))
    people: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for each in contributions:
        if each.topic not in threads:
            report.refused.append(Refusal(each.line, each.source, "Its topic did not come in."))
        else:
            try:
                with writing(desk.engine) as session:
                    author = _person(session, people, each.author, language, desk.clock())
                    said_here = Writing(threads[each.topic], author, each.words, numbers.get(each.parent))
                    made = contribute(session, said_here, desk.clock())
                    note_elsewhere(session, made.id, each.agree, each.disagree)
                people[each.author] = author
                numbers[each.source] = made.number
                report.done[each.source] = f"{made.thread} {made.number}"
                report.votes += each.agree + each.disagree
            except ConsultationError as error:
                report.refused.append(Refusal(each.line, each.source, str(error)))
        progress()
    return report


def _petition(
    session: Session,
    by: By,
    creator: str,
    draft: Draft,
    petition: ForeignPetition,
    done: Mapping[str, str],
) -> str:
    now = by.desk.clock()
    number = life.create_draft(session, creator, draft, now)
    life.submit(session, creator, number, now)
    unfollow(session, creator, Subject(PETITION, number))
    if petition.state == "rejected":
        reject(session, by, number, VERSION, _rejecting(petition, done))
        return number
    admit(session, by, number, VERSION)
    if petition.answer:
        answer(session, by, number, Saying(draft.body, petition.answer, draft.language, 0))
    if petition.state == "closed":
        life.close(session, lock_petition(session, number), What.CLOSED, now)
    return number


def _rejecting(petition: ForeignPetition, done: Mapping[str, str]) -> Rejecting:
    reason = REASONS.get(petition.rejection)
    if reason is None:
        raise ImportRefused(f"No reason code of this site means “{petition.rejection}”.")
    found = _TWIN.search(petition.rejected_words)
    twin = None if found is None else done.get(found[1])
    if reason is Reason.DUPLICATE and twin is None:
        raise ImportRefused("The petition that asks the same did not come in.")
    return Rejecting(reason, petition.rejected_words or petition.rejection, twin)


def _person(session: Session, people: Mapping[str, str], author: str, language: str, now: datetime) -> str:
    return people.get(author) or make_person(session, name="", language=language, now=now)
