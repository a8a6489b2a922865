"""An account is deleted, and nothing leads to its person any more: tried with every column of every table."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, String, Table, select
from sqlalchemy.exc import IntegrityError

from consultation.areas import Area, set_areas
from consultation.discussions.contributions import Writing, contribute, vote
from consultation.discussions.models import DiscussionContribution
from consultation.discussions.threads import thread_of
from consultation.following.contacts import confirm, give_address
from consultation.following.follows import follow
from consultation.following.notices import tell
from consultation.fraud.models import FraudTrace
from consultation.hands import note_hand
from consultation.happenings import What, happened
from consultation.hearings.answers import answer
from consultation.hearings.hearings import make_hearing, publish_hearing, turn_phases
from consultation.hearings.questions import add_question
from consultation.hearings.types import Answer, Question, QuestionKind
from consultation.leaving import VOTE_MAILS, delete_account
from consultation.moderation.appeals import appeal
from consultation.moderation.cases import claim, waiting_cases
from consultation.moderation.decisions import Decision, decide
from consultation.moderation.reports import report
from consultation.moderation.types import Rule, Template
from consultation.personal import PERSONAL
from consultation.profiles import set_profile
from consultation.signing.models import PetitionSignature
from consultation.signing.signing import confirm as confirm_signature
from consultation.signing.signing import signer_mark
from consultation.subjects import Subject
from identity import email_link, joining
from identity.assurance import Assurance
from identity.errors import HoldsRoles, NoSuchPerson
from identity.models import IdentityClaim, IdentityInvitation, IdentityPasskey, IdentityPerson, IdentityTotp
from identity.people import find_by_claim, make_person, set_roles
from identity.roles import Role
from identity.sessions import KnownAs, find_session, sign_in_known
from identity.types import EMAIL
from mail.models import OutboxMail
from mail.outbox import Mail, MailState, queue_mail
from mail.words import Voice
from protocol.text import LocalText
from storage.base import Base
from storage.session import reading, writing
from tests.consultation.hearings.conftest import PLAN
from tests.support.desks import DeskUnderTest, desk_under_test
from tests.support.personal import (
    LEADS,
    STAYS,
    files_of,
    fill,
    filled,
    found_in_files,
    found_in_tables,
    name_of,
    tables,
    ties,
    traces,
    undeclared,
    write_down,
)
from tests.support.petitions import prepare
from tests.support.signatures import Signatures
from voting.notices import NoticeKind
from web.routes import receipts

MAILBOX, NEWS, NEXT = "lan.nguyen+thu@dong-sen.example", "tin-tuc@dong-sen.example", "moi@dong-sen.example"
VOICE = Voice("vi", "Phường Đồng Sen", "024 0000 0123")
NOBODY = "0" * 32
LAKE = Subject("petition", "5f00000000000001")
PLACE = Subject("topic", "5f00000000000001")


@pytest.fixture
def under_test(database_url: str, tmp_path: Path) -> Iterator[DeskUnderTest]:
    with desk_under_test(database_url, tmp_path) as made:
        yield made


def a_full_life(site: DeskUnderTest) -> tuple[str, list[bytes]]:
    """Somebody who has done everything. Gives their number, and what else must not be found later."""
    desk, engine, clock = site.desk, site.desk.engine, site.clock
    petition, signatures = prepare(site).published(), Signatures(site)
    signatures.confirm(signatures.ask(petition, MAILBOX, mails=True))
    signatures.ask(petition, MAILBOX)
    with writing(engine) as session:
        email_link.ask(desk, session, MAILBOX, b"b" * 32, VOICE, "/vi/my")
        sent = select(OutboxMail.text).where(OutboxMail.kind == email_link.KIND)
        token = session.scalars(sent).one() or ""
        known, _ = email_link.use(desk, session, token.split("?t=")[1].split()[0])
        cookie = sign_in_known(desk, session, known, language="vi", device="Firefox")
        who = find_session(desk, session, cookie)
        assert who is not None
        person, minh = who.person_id, make_person(session, name="", language="vi", now=clock())
        joining.begin(desk, session, who, b"b" * 32)
        session.add(IdentityTotp(person=person, sealed=b"s" * 60, sealed_next=b"n" * 60, last_step=1))
        session.add(
            IdentityPasskey(
                credential_id=b"c" * 32,
                person=person,
                public_key=b"k" * 77,
                sign_count=0,
                name="phone",
                transports="",
                issuer=known.issuer,
                claim=known.claim,
                assurance=1,
                made_at=clock(),
            )
        )
        session.add(
            IdentityInvitation(
                digest=b"i" * 32,
                name="Lan",
                language="vi",
                roles="moderator",
                claim=known.claim,
                mailbox=known.mailbox,
                invited_by="console",
                made_at=clock(),
                expires_at=clock(),
            )
        )
        set_areas(session, [Area("ho-sen", LocalText(en="Lotus Lake", vi="Hồ Sen"))])
        set_profile(session, person, "Lan", "ho-sen")
        _, secret = give_address(desk, session, person, NEWS, clock())
        confirm(desk, session, secret, clock())
        contact, _ = give_address(desk, session, person, NEXT, clock())
        queue_mail(
            session,
            Mail(NEWS, "vi", "Tin mới", "Tin\n", "digest", contact.key),
            key=f"digest {contact.key} 1",
            now=clock(),
        )
        thread = thread_of(session, PLACE, clock())
        follow(session, person, thread.subject, clock())
        contribute(session, Writing(thread.id, person, "Tôi đồng ý."), clock())
        other = contribute(session, Writing(thread.id, minh, "Tôi thì không."), clock())
        vote(session, other.id, person, agrees=False, version=1, now=clock())
        tell(session, clock())
        happened(session, What.MENTIONED, thread.subject, at=clock(), by=minh, to=person)
        happened(session, What.CONTRIBUTION_MADE, thread.subject, at=clock(), by=person)
    _petitions(site, person)
    _consultation(site, person)
    _moderation(site, person, minh)
    site.session(person)
    with writing(engine) as session:
        for column in ties():
            if not filled(session, column, person):
                fill(session, column, person)
        missing = [name_of(column) for column in ties() if not filled(session, column, person)]
        assert missing == []
        # People with a role cannot leave; that column is empty of whoever leaves.
        session.execute(Base.metadata.tables["identity_role"].delete())
        digests = [*session.scalars(select(IdentityClaim.digest).where(IdentityClaim.person == person))]
        digests += session.scalars(select(IdentityClaim.mailbox).where(IdentityClaim.person == person))
        digests += session.scalars(
            select(PetitionSignature.mailbox).where(PetitionSignature.person == person)
        )
        digests += session.scalars(select(PetitionSignature.salt).where(PetitionSignature.person == person))
        digests += [
            signer_mark(desk, petition, person)
            for petition in session.scalars(
                select(PetitionSignature.petition).where(PetitionSignature.person == person)
            )
        ]
        sealed = [
            value
            for name in LEADS
            if "sealed" in name
            for table, column in [name.split(".")]
            for value in session.scalars(select(Base.metadata.tables[table].columns[column]))
            if value is not None
        ]
    return person, [one for one in (*digests, *sealed) if one is not None]


def _petitions(site: DeskUnderTest, person: str) -> None:
    """Drafts, petitions in each state, and one that they have signed by mail."""
    room = replace(prepare(site), lan=person)
    room.started()
    room.submitted()
    room.waiting()
    petition = room.published()
    signatures = Signatures(site)
    token = signatures.ask(petition, MAILBOX, mails=True)
    with writing(site.desk.engine) as session:
        confirm_signature(site.desk, session, token, 1, "192.0.2.1")
    signatures.ask(petition, MAILBOX)


def _consultation(site: DeskUnderTest, person: str) -> None:
    with writing(site.desk.engine) as session:
        hearing = make_hearing(session, PLAN, site.clock())
        question = Question(QuestionKind.TEXT, LocalText(en="What is missing?", vi="Còn thiếu gì?"))
        add_question(session, hearing, question, site.clock())
        publish_hearing(session, hearing, site.clock())
    site.clock.now = PLAN.opens_at
    with writing(site.desk.engine) as session:
        turn_phases(session, site.clock())
        answer(session, hearing, person, {1: Answer(words="Một vòi nước.")}, site.clock)


def _moderation(site: DeskUnderTest, person: str, other: str) -> None:
    """They have reported somebody, were paused, and have appealed."""
    desk, now = site.desk, site.clock()
    moderator = site.signed_in(Role.MODERATOR, name="An")
    with writing(desk.engine) as session:
        thread = thread_of(session, PLACE, now)
        bad = contribute(session, Writing(thread.id, person, "Đồ ngốc."), now)
        said = contribute(session, Writing(thread.id, other, "Bạn cũng vậy."), now)
        report(session, person, Subject("contribution", str(said.id)), Rule.ATTACK, "Xem lại giúp.", now)
        report(session, other, Subject("contribution", str(bad.id)), Rule.ATTACK, "", now)
        note_hand(session, LAKE, person)
    with writing(desk.engine) as session:
        [case] = [
            one
            for one in waiting_cases(session, moderator.person_id, now).cases
            if one.subject == Subject("contribution", str(bad.id))
        ]
        claim(session, case.id, moderator.person_id, now)
    with writing(desk.engine) as session:
        assert case.described is not None
        ruling = Decision(Template.PERSON_INSULTED, case.described.digest, "Lời nói xúc phạm.", True, 7)
        group = decide(session, desk, moderator, case.id, ruling)
    with writing(desk.engine) as session:
        appeal(session, person, group, "Tôi nói đùa.", now)


def test_nothing_leads_to_whoever_has_left(under_test: DeskUnderTest, tmp_path: Path) -> None:
    desk, engine = under_test.desk, under_test.desk.engine
    person, digests = a_full_life(under_test)
    sought = traces(person, [MAILBOX, NEWS, NEXT], digests)
    # Control: all of it is found before, in the tables and in the files.
    before = found_in_tables(engine, sought)
    assert {line.partition(":")[0] for line in before} >= (set(LEADS) - {"mail_outbox.subject_key"})
    write_down(engine)
    assert found_in_files(files_of(engine, tmp_path), sought)

    with writing(engine) as session:
        delete_account(desk, session, person)

    assert found_in_tables(engine, sought) == []
    with reading(engine) as session:
        assert session.scalars(select(FraudTrace)).all() == []
    write_down(engine)
    for folder in (tmp_path, files_of(engine, tmp_path)):
        assert found_in_files(folder, sought) == []
    with reading(engine) as session:
        mails = session.scalars(select(OutboxMail)).all()
        assert {mail.state for mail in mails} <= {MailState.REFUSED, MailState.SENT}
        assert all(mail.recipient is None and mail.text is None for mail in mails)
        words = session.execute(select(DiscussionContribution.words, DiscussionContribution.author)).all()
    # Words that others have answered stay, without their author.
    assert ("Tôi đồng ý.", None) in [tuple(row) for row in words]


def test_every_tie_is_known_and_every_column_that_sounds_personal_is_declared() -> None:
    known = {name_of(column) for table in tables() for column in table.columns}
    assert undeclared() == []
    assert set(LEADS) | set(STAYS) <= known, "A declared column is gone."
    assert not set(LEADS) & set(STAYS)
    assert len(ties()) > 10


@pytest.fixture
def new_column() -> Iterator[Table]:
    """What somebody may add one day without thinking of those who leave."""
    table = Table(
        "forgotten_part",
        Base.metadata,
        Column("id", String, primary_key=True),
        Column("chosen", String, ForeignKey(IdentityPerson.id), nullable=True),
        Column("author_note", String, nullable=True),
    )
    yield table
    Base.metadata.remove(table)


def test_a_new_column_that_nobody_handles_is_found(
    under_test: DeskUnderTest, tmp_path: Path, new_column: Table
) -> None:
    new_column.create(under_test.desk.engine)
    assert undeclared() == ["forgotten_part.author_note"]
    with pytest.raises(IntegrityError):
        test_nothing_leads_to_whoever_has_left(under_test, tmp_path)


def test_a_trace_without_a_key_is_found(under_test: DeskUnderTest, tmp_path: Path, new_column: Table) -> None:
    person, engine = under_test.person(), under_test.desk.engine
    new_column.create(engine)
    with writing(engine) as session:
        session.execute(new_column.insert().values(id="a", author_note=f"by {person}"))
        delete_account(under_test.desk, session, person)
    assert found_in_tables(engine, traces(person, [], [])) == ["forgotten_part.author_note: number"]
    if engine.dialect.name == "sqlite":
        assert found_in_files(tmp_path, traces(person, [], []))


def test_staff_stays_until_its_role_has_ended(under_test: DeskUnderTest) -> None:
    desk, person = under_test.desk, under_test.person("Hoa", (Role.MODERATOR,))
    with pytest.raises(HoldsRoles), writing(desk.engine) as session:
        delete_account(desk, session, person)
    with writing(desk.engine) as session:
        assert session.get(IdentityPerson, person) is not None
        set_roles(session, person, ())
        delete_account(desk, session, person)
    with reading(desk.engine) as session:
        assert session.get(IdentityPerson, person) is None
    with pytest.raises(NoSuchPerson), writing(desk.engine) as session:
        delete_account(desk, session, person)


def test_others_keep_everything(under_test: DeskUnderTest) -> None:
    desk, lan, minh = under_test.desk, under_test.person(), under_test.person()
    with writing(desk.engine) as session:
        for person in (lan, minh):
            follow(session, person, LAKE, under_test.clock())
            give_address(desk, session, person, f"{person}@example.org", under_test.clock())
            mail = Mail(f"{person}@example.org", "vi", "Tin", "Tin\n", "digest", person)
            queue_mail(session, mail, key=person, now=under_test.clock())
    cookie = under_test.session(minh)
    before = found_in_tables(desk.engine, traces(minh, [f"{minh}@example.org"], []))
    with writing(desk.engine) as session:
        delete_account(desk, session, lan)
    assert found_in_tables(desk.engine, traces(minh, [f"{minh}@example.org"], [])) == before
    assert under_test.who(cookie) is not None


def test_a_strangers_deletion_takes_no_mail_to_an_address_that_they_only_typed(
    under_test: DeskUnderTest,
) -> None:
    desk, mallory, victim = under_test.desk, under_test.person(), "victim@office.example"
    with writing(desk.engine) as session:
        invited = Mail(victim, "en", "Invitation", "Come in\n", "invitation", "office")
        queue_mail(session, invited, key="invitation", now=under_test.clock())
        give_address(desk, session, mallory, victim, under_test.clock())
        delete_account(desk, session, mallory)
    with reading(desk.engine) as session:
        left = session.scalars(select(OutboxMail).where(OutboxMail.recipient == victim)).all()
        assert [(mail.kind, mail.state) for mail in left] == [("invitation", MailState.QUEUED)]


def test_mails_about_votes_are_still_sent(under_test: DeskUnderTest) -> None:
    desk, person = under_test.desk, under_test.person()
    address = f"{person}@example.org"
    kinds = ("cast-notice", "receipt", "dispute-answer", "sign-in-link")
    with writing(desk.engine) as session:
        for kind in kinds:
            mail = Mail(address, "vi", "Lá phiếu", "Lá phiếu\n", kind, "election")
            queue_mail(session, mail, key=kind, now=under_test.clock())
        delete_account(desk, session, person)
    with reading(desk.engine) as session:
        waiting = select(OutboxMail.kind).where(OutboxMail.state == MailState.QUEUED)
        assert set(session.scalars(waiting)) == set(kinds) - {"sign-in-link"}
    assert {receipts.KIND, *(kind.value for kind in NoticeKind)} < VOTE_MAILS


def test_whoever_comes_back_is_somebody_new(under_test: DeskUnderTest) -> None:
    desk, person = under_test.desk, under_test.person()
    claim = desk.keys.person_digest(EMAIL, f"{person}@example.org")
    cookie = under_test.session(person)
    with writing(desk.engine) as session:
        delete_account(desk, session, person)
    assert under_test.who(cookie) is None
    with writing(desk.engine) as session:
        assert find_by_claim(session, EMAIL, claim) is None
        known = KnownAs(EMAIL, claim, Assurance.LOW, ("email",))
        sign_in_known(desk, session, known, language="vi", device="Firefox")
        again = find_by_claim(session, EMAIL, claim)
    assert again not in (None, person)


def test_every_part_has_a_name_of_its_own(under_test: DeskUnderTest) -> None:
    names = [part.name for part in PERSONAL]
    assert len(set(names)) == len(names)
    with reading(under_test.desk.engine) as session:
        assert all(not part.export(under_test.desk, session, NOBODY) for part in PERSONAL)
