"""Notices: who is told of which ballot, once, and that nothing about them keeps a ballot out of the urn."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text

from mail.models import OutboxMail
from protocol.leaf import Kind, sign_body
from protocol.revocation import make_revocation
from rehearsal.one_machine import seal_vote
from storage.jobs import Job
from storage.models import StorageJob
from storage.session import reading, writing
from storage.worker import Worker
from tests.support.sign_in_votes import REGISTRAR, SignInVote, hold_sign_in_vote
from tests.support.sites import SiteUnderTest, site_under_test
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.draft_models import VotingListPerson
from voting.draft_voters import Contact
from voting.errors import SignInConflict, WrongState
from voting.models import VotingBallot, VotingRoll
from voting.notice_models import VotingContact, VotingNotice, VotingPermitContact
from voting.notices import (
    WRITE_NOTICE,
    NoticeKind,
    count_contacts,
    forget_contacts,
    remember_for_permit,
    set_contacts,
    tell,
)
from voting.registrar import IssuedCode, issue_codes
from voting.revocation import revoke
from voting.sign_in import issue_permit
from web.notices import NoticeWriter

EMAILS = [f"voter{n}@example.org" for n in range(1, 7)]
YES, NO = ((1, 0, 0, 0),), ((0, 1, 0, 0),)


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as site:
        yield site


@pytest.fixture
def signing(site: SiteUnderTest) -> SignInVote:
    """Voters sign in; all but the last one have an address for notices."""
    return hold_sign_in_vote(site.app.state.office, site.desk.desk, site.desk.clock(), EMAILS)


@pytest.fixture
def plain(site: SiteUnderTest) -> SignInVote:
    """Voters have codes only; the registrar has an address of the first two."""
    vote = hold_sign_in_vote(site.app.state.office, site.desk.desk, site.desk.clock(), EMAILS, sign_in=False)
    keys = [issued.public_key for issued in vote.codes]
    contacts = {keys[0]: Contact("an@example.org", "vi"), keys[1]: Contact("binh@example.org", "")}
    set_contacts(vote.office, vote.election, contacts)
    return vote


def permit(vote: SignInVote, n: int) -> str:
    """As the page gives it to voter n, from 1."""
    person, now = vote.person(EMAILS[n - 1]), vote.office.clock()
    with writing(vote.office.engine) as session:
        code = issue_permit(vote.office, session, vote.election, person)
        remember_for_permit(session, vote.election, code, person, now)
    return code


def cast(vote: SignInVote, n: int, entry: str | None = None, sequence: int = 1) -> None:
    data = seal_vote(vote.terms, vote.codes[n - 1].code, YES, sequence)
    cast_ballot(vote.office, vote.election, data, entry)


def replace_code(vote: SignInVote, n: int) -> IssuedCode:
    """The registrar gives voter n a new code."""
    old = vote.codes[n - 1]
    (new,), _ = issue_codes(vote.election, [old.entry])
    body = make_revocation(
        vote.election, vote.terms.fingerprint, old.public_key, new.public_key, "Thư bị mất."
    )
    revoke(vote.office, vote.election, body, sign_body(Kind.REVOCATION, body, REGISTRAR))
    vote.codes[n - 1] = new
    return new


def write_all(vote: SignInVote) -> list[tuple[str, str, str, str]]:
    """Let the job do its work: (kind, to, language, text) of every mail since the vote began."""
    writer = NoticeWriter(vote.office, "https://vote.example.org", "024 0000 0123")
    worker = Worker(vote.office.engine, {WRITE_NOTICE: writer.do}, vote.office.clock)
    while worker.run_once():
        pass
    with reading(vote.office.engine) as session:
        assert session.scalar(select(func.count()).select_from(VotingNotice)) == 0
        rows = session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [
            (row.kind, row.recipient or "", row.language, " ".join((row.text or "").split())) for row in rows
        ]


def test_who_signs_in_is_told_of_every_ballot(signing: SignInVote) -> None:
    cast(signing, 1, permit(signing, 1))
    cast(signing, 1, permit(signing, 1), sequence=2)
    cast(signing, 6, permit(signing, 6))  # the list has no address of this one
    first, second = write_all(signing)
    assert first[:3] == ("cast-notice", EMAILS[0], "vi")
    assert "Khu đất chợ cũ" in first[3]
    assert f"https://vote.example.org/vi/elections/{signing.election}/check " in first[3]
    assert "024 0000 0123" in first[3]
    assert "Lại có một lá phiếu" in second[3]
    assert first[3] != second[3]


def test_owners_of_codes_are_told_in_their_language_or_in_both(plain: SignInVote) -> None:
    for n in (1, 2, 3):
        cast(plain, n)
    an, binh = write_all(plain)
    assert an[:3] == ("cast-notice", "an@example.org", "vi")
    assert "The old market land" not in an[3]
    assert binh[1] == "binh@example.org"
    assert binh[3].index("Khu đất chợ cũ") < binh[3].index("The old market land")


def test_a_replaced_code_is_told_and_the_new_one_keeps_the_address(plain: SignInVote) -> None:
    cast(plain, 1)
    replace_code(plain, 1)
    replace_code(plain, 1)
    cast(plain, 1)
    kinds = [(kind, to) for kind, to, _, _ in write_all(plain)]
    assert kinds == [
        (kind, "an@example.org") for kind in ("cast-notice", *["replaced-notice"] * 2, "cast-notice")
    ]


def test_a_conflict_is_told_to_who_signed_in_and_to_the_owner_of_the_code(signing: SignInVote) -> None:
    key = signing.codes[1].public_key
    set_contacts(signing.office, signing.election, {key: Contact("owner@example.org", "en")})
    cast(signing, 2, permit(signing, 2))
    with pytest.raises(SignInConflict):
        cast(signing, 2, permit(signing, 1), sequence=2)
    told = [(kind, to) for kind, to, _, _ in write_all(signing)]
    assert sorted(told) == [
        ("cast-notice", "owner@example.org"),
        ("cast-notice", EMAILS[1]),
        ("conflict-notice", "owner@example.org"),
        ("conflict-notice", EMAILS[0]),
    ]


def test_nobody_floods_a_mailbox_with_conflicts(signing: SignInVote) -> None:
    cast(signing, 2, permit(signing, 2))
    for _ in range(7):
        with pytest.raises(SignInConflict):
            cast(signing, 2, permit(signing, 1), sequence=2)
    assert sum(kind == "conflict-notice" for kind, _, _, _ in write_all(signing)) == 5


def test_the_same_event_is_told_once(plain: SignInVote) -> None:
    with writing(plain.office.engine) as session:
        line = session.get_one(VotingRoll, (plain.election, plain.codes[0].public_key))
        for _ in range(2):
            tell(session, NoticeKind.CAST, line, b"t" * 32, plain.office.clock(), number=1)
    assert len(write_all(plain)) == 1
    with writing(plain.office.engine) as session:
        line = session.get_one(VotingRoll, (plain.election, plain.codes[0].public_key))
        tell(session, NoticeKind.CAST, line, b"t" * 32, plain.office.clock(), number=1)
    assert len(write_all(plain)) == 1  # the outbox remembers when the notice is gone


def test_a_worker_that_dies_in_between_writes_no_second_mail(plain: SignInVote) -> None:
    cast(plain, 1)
    with reading(plain.office.engine) as session:
        number = session.scalars(select(StorageJob.id).where(StorageJob.kind == WRITE_NOTICE)).one()
        payload = {"notice": session.scalars(select(VotingNotice.id)).one()}
    writer = NoticeWriter(plain.office, "https://vote.example.org", "1")
    lost = Job(number, WRITE_NOTICE, payload, claim=99, failures=0, clock=plain.office.clock)
    with pytest.raises(Exception, match="lease"):
        writer.do(lost)
    assert len(write_all(plain)) == 1


def test_a_fault_of_notices_keeps_no_ballot_out(plain: SignInVote, caplog: pytest.LogCaptureFixture) -> None:
    with writing(plain.office.engine) as session:
        session.execute(text("DROP TABLE voting_notice"))
    cast(plain, 1)
    assert "A notice (cast-notice) was not stored" in caplog.text
    assert "an@example.org" not in caplog.text
    with reading(plain.office.engine) as session:
        row = session.scalar(
            select(func.count()).select_from(StorageJob).where(StorageJob.kind == WRITE_NOTICE)
        )
        assert row == 0


def test_a_refused_ballot_tells_nothing(plain: SignInVote) -> None:
    data = seal_vote(plain.terms, plain.codes[0].code, YES)
    cast_ballot(plain.office, plain.election, data)
    for again in (data, seal_vote(plain.terms, plain.codes[0].code, NO, 7)):
        with pytest.raises(Exception, match=r"already|sequence|number"):
            cast_ballot(plain.office, plain.election, again)
    assert len(write_all(plain)) == 1


def test_addresses_go_after_the_time_for_objections(site: SiteUnderTest, signing: SignInVote) -> None:
    office, election, clock = signing.office, signing.election, site.desk.clock
    set_contacts(office, election, {signing.codes[0].public_key: Contact("an@example.org", "vi")})
    with reading(office.engine) as session:
        assert (count_contacts(session, election).listed, count_contacts(session, election).codes) == (5, 1)
    cast(signing, 1, permit(signing, 1))
    permit(signing, 2)
    write_all(signing)
    close_polls(office, election, "Ms Lan", "A test of the end.")
    with pytest.raises(WrongState):
        set_contacts(office, election, {})

    def linked() -> set[str]:
        """Addresses that the outbox still connects with this ballot, for whoever guesses them and reads the board."""
        with reading(office.engine) as session:
            tracker = session.scalars(select(VotingBallot.tracker)).one()
            keys = set(session.scalars(select(OutboxMail.key)))
        found = set()
        for guess in (*EMAILS, "an@example.org"):
            digest = sha256(b"\0".join((election.encode(), tracker, guess.encode()))).hexdigest()
            found |= {guess} if f"cast-notice.{digest[:32]}" in keys else set()
        return found

    assert linked() != set()
    clock.wait(hours=23)
    assert forget_contacts(office) == 0
    clock.wait(hours=1)
    assert forget_contacts(office) > 0
    assert forget_contacts(office) == 0
    with reading(office.engine) as session:
        assert not count_contacts(session, election).any
        for table in (VotingContact, VotingPermitContact, VotingNotice):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        assert session.scalars(select(VotingListPerson.email).distinct()).all() == [""]
        assert all(mail.recipient is None for mail in session.scalars(select(OutboxMail)))
        assert all(mail.reason is None for mail in session.scalars(select(OutboxMail)))
    assert linked() == set()
    with reading(office.engine) as session:
        # Who may vote stays known: a hash, no address.
        assert session.scalar(select(func.count()).select_from(VotingListPerson)) == len(EMAILS)


def test_an_unspent_permit_leaves_no_address(site: SiteUnderTest, signing: SignInVote) -> None:
    permit(signing, 1)
    site.desk.clock.now += timedelta(minutes=16)
    permit(signing, 6)
    with reading(signing.office.engine) as session:
        assert session.scalar(select(func.count()).select_from(VotingPermitContact)) == 0


def test_contacts_are_replaced_as_a_whole(plain: SignInVote) -> None:
    set_contacts(plain.office, plain.election, {})
    cast(plain, 1)
    assert write_all(plain) == []
    with writing(plain.office.engine) as session:
        session.execute(delete(VotingContact))
