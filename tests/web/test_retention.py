"""The published table is what the server does: each row with a duty is kept until its period is over, and then gone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.threads import thread_of
from consultation.following.contacts import give_address
from consultation.following.models import FollowingContact, FollowingNotice
from consultation.following.notices import tell
from consultation.fraud.models import FraudTrace, FraudWork
from consultation.happenings import What, happened
from consultation.hearings.small_cells import CELL_MIN
from consultation.moderation.models import ModerationReport
from consultation.moderation.reports import report
from consultation.moderation.types import Rule
from consultation.petitions.life import close_early
from consultation.petitions.models import PetitionPetition
from consultation.profiles import set_profile
from consultation.signing.ending import withdraw
from consultation.signing.models import (
    PetitionArea,
    PetitionCount,
    PetitionEnded,
    PetitionLink,
    PetitionSignature,
)
from consultation.subjects import Subject
from identity import email_link
from identity.models import IdentityEmailLink, IdentityPerson, IdentitySession
from mail.models import OutboxMail
from mail.outbox import Mail, MailState, queue_mail
from mail.words import Voice
from storage.jobs import JobState, claim, enqueue, plan
from storage.models import StorageJob
from storage.session import reading, writing
from tests.support.petitions import prepare
from tests.support.repository import ROOT
from tests.support.signatures import Signatures
from tests.support.sites import SiteUnderTest, site_under_test
from web import duties
from web.i18n import LANGUAGES
from web.rate_storage import SqlStorage
from web.retention import RETENTION

Left = Callable[[], int]
ADDRESS = "lan@dong-sen.example"
BY_DUTY = {row.code: row for row in RETENTION if row.duty}


@pytest.fixture
def site(either_database_url: str, tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(either_database_url, tmp_path) as made:
        yield made


def rows_of(site: SiteUnderTest, model: type, *where: object) -> Left:
    def left() -> int:
        with reading(site.desk.desk.engine) as session:
            return session.scalar(select(func.count()).select_from(model).where(*where)) or 0  # type: ignore[arg-type]

    return left


def an_account(site: SiteUnderTest) -> tuple[timedelta, Left]:
    """Of one who does nothing; beside it one who writes, who stays."""
    site.desk.person("")
    writer = site.desk.person("")
    with writing(site.desk.desk.engine) as session:
        set_profile(session, writer, "Lan", None)
    return timedelta(days=62), rows_of(site, IdentityPerson, IdentityPerson.id != writer)


def a_session(site: SiteUnderTest) -> tuple[timedelta, Left]:
    site.desk.session(site.desk.person(""))
    return timedelta(minutes=30), rows_of(site, IdentitySession)


def a_link(site: SiteUnderTest) -> tuple[timedelta, Left]:
    with writing(site.desk.desk.engine) as session:
        email_link.ask(site.desk.desk, session, ADDRESS, b"b" * 32, Voice("vi", "Phường", "024"), "")
    return email_link.LIFETIME + timedelta(days=1), rows_of(site, IdentityEmailLink)


def a_sent_mail(site: SiteUnderTest) -> None:
    now = site.desk.clock()
    with writing(site.desk.desk.engine) as session:
        number = queue_mail(session, Mail(ADDRESS, "vi", "Chào", "Chào\n", "note", "site"), key="1", now=now)
        row = session.get_one(OutboxMail, number)
        row.state, row.changed_at = MailState.SENT, now


def a_mail_text(site: SiteUnderTest) -> tuple[timedelta, Left]:
    a_sent_mail(site)
    return timedelta(days=7), rows_of(site, OutboxMail, OutboxMail.text.is_not(None))


def a_mail_address(site: SiteUnderTest) -> tuple[timedelta, Left]:
    a_sent_mail(site)
    return timedelta(days=30), rows_of(site, OutboxMail, OutboxMail.recipient.is_not(None))


def a_job(site: SiteUnderTest) -> tuple[timedelta, Left]:
    with writing(site.desk.desk.engine) as session:
        number = enqueue(session, "note", {}, now=site.desk.clock())
        row = session.get_one(StorageJob, number)
        row.state, row.ended_at = JobState.DONE, site.desk.clock()
    return timedelta(days=7), rows_of(site, StorageJob, StorageJob.kind == "note")


def a_notice(site: SiteUnderTest) -> tuple[timedelta, Left]:
    engine, now, person = site.desk.desk.engine, site.desk.clock(), site.desk.person("")
    with writing(engine) as session:
        happened(session, What.MENTIONED, Subject("topic", "0" * 16), at=now, to=person)
        tell(session, now)
    return timedelta(days=180), rows_of(site, FollowingNotice)


def an_unconfirmed_address(site: SiteUnderTest) -> tuple[timedelta, Left]:
    person = site.desk.person("")
    with writing(site.desk.desk.engine) as session:
        give_address(site.desk.desk, session, person, ADDRESS, site.desk.clock())
    return timedelta(hours=24), rows_of(site, FollowingContact)


def a_report(site: SiteUnderTest) -> tuple[timedelta, Left]:
    writer, reader, now = site.desk.person(""), site.desk.person(""), site.desk.clock()
    with writing(site.desk.desk.engine) as session:
        thread = thread_of(session, Subject("topic", "0" * 16), now)
        made = contribute(session, Writing(thread.id, writer, "Đồ ngốc."), now)
        report(session, reader, Subject("contribution", str(made.id)), Rule.ATTACK, "Xem giúp.", now)
    return timedelta(days=180), rows_of(site, ModerationReport, ModerationReport.words != "")


def a_trace(site: SiteUnderTest) -> tuple[timedelta, Left]:
    with writing(site.desk.desk.engine) as session:
        session.add(FraudTrace(signature=1, petition="0" * 16, network=b"n" * 16, at=site.desk.clock()))
    return timedelta(days=90), rows_of(site, FraudTrace)


def a_draft(site: SiteUnderTest) -> tuple[timedelta, Left]:
    prepare(site.desk).started()
    return timedelta(days=365), rows_of(site, PetitionPetition)


def a_signing_link(site: SiteUnderTest) -> tuple[timedelta, Left]:
    Signatures(site.desk).ask(prepare(site.desk).published(), ADDRESS)
    return timedelta(hours=24), rows_of(site, PetitionLink)


def a_return(site: SiteUnderTest) -> tuple[timedelta, Left]:
    signed = Signatures(site.desk).sign(prepare(site.desk).published())
    with writing(site.desk.desk.engine) as session:
        withdraw(site.desk.desk, session, signed)
    return timedelta(days=1), rows_of(site, PetitionEnded)


def an_address_of_a_signer(site: SiteUnderTest) -> tuple[timedelta, Left]:
    room, signatures = prepare(site.desk), Signatures(site.desk)
    petition, still_open = room.published(), room.published()
    for one in (petition, still_open):
        signatures.confirm(signatures.ask(one, ADDRESS, mails=True))
    with writing(site.desk.desk.engine) as session:
        close_early(session, room.lan, petition, site.desk.clock())
    which = (PetitionSignature.petition == petition, PetitionSignature.address_sealed.is_not(None))
    return timedelta(days=365), rows_of(site, PetitionSignature, *which)


def spent_work(site: SiteUnderTest) -> tuple[timedelta, Left]:
    with writing(site.desk.desk.engine) as session:
        session.add(FraudWork(challenge=b"c" * 32, network=b"n" * 16, spent_at=site.desk.clock()))
    return timedelta(hours=2), rows_of(site, FraudWork)


SCENES: dict[str, Callable[[SiteUnderTest], tuple[timedelta, Left]]] = {
    "account": an_account,
    "sessions": a_session,
    "links": a_link,
    "mail-texts": a_mail_text,
    "mail-addresses": a_mail_address,
    "jobs": a_job,
    "news": a_notice,
    "unconfirmed-address": an_unconfirmed_address,
    "reports": a_report,
    "traces": a_trace,
    "work": spent_work,
    "signing-links": a_signing_link,
    "returns": a_return,
    "signers-addresses": an_address_of_a_signer,
    "drafts": a_draft,
}
ELSEWHERE = {
    "vote-contacts": ("test_notices.py", "assert forget_contacts(office) > 0"),
    "objection-addresses": ("test_disputes.py", "assert forget_addresses(vote.office) == 1"),
    "ties": ("test_sign_in.py", "close_early(office.office, office.id)"),
}
"""Rows that need a whole vote: where the tests of `voting` try it. That the duty calls the verb is tried below."""


def do_duty(site: SiteUnderTest, kind: str) -> None:
    """As a server does that looks now."""
    office, desk = site.app.state.office, site.desk.desk
    with writing(desk.engine) as session:
        plan(session, kind, 1, desk.clock())
    with writing(desk.engine) as session:
        job = claim(session, [kind], desk.clock)
    assert job is not None
    duties.handlers(office, desk, site.settings)[kind](job)


@pytest.mark.parametrize("code", SCENES)
def test_a_row_is_kept_as_long_as_the_table_says(site: SiteUnderTest, code: str) -> None:
    row = BY_DUTY[code]
    period, left = SCENES[code](site)
    assert left() == 1
    site.desk.clock.now += period - timedelta(seconds=2)
    do_duty(site, row.duty)
    assert left() == 1, "It went before its time."
    site.desk.clock.now += timedelta(seconds=4)
    do_duty(site, row.duty)
    assert left() == 0, "It is still there."
    said = row.until % row.numbers
    number = next(iter(row.numbers.values()), None)
    assert number is None or str(number) in said


def test_counts_go_when_they_say_nothing_any_more(site: SiteUnderTest) -> None:
    engine = site.desk.desk.engine
    moment = [1_700_000_000.0]
    storage = SqlStorage(engine=engine, clock=lambda: moment[0])
    storage.acquire_sliding_window_entry("lan", limit=3, expiry=86_400)
    moment[0] += 2 * 86_400 + 1
    storage.sweep()
    with reading(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM web_rate")) == 0


def test_every_row_with_a_duty_is_tried() -> None:
    assert set(SCENES) | set(ELSEWHERE) | {"counts"} == set(BY_DUTY)
    assert {row.duty for row in RETENTION if row.duty} <= set(duties.PERIODS)
    assert len({row.code for row in RETENTION}) == len(RETENTION)
    for name, line in ELSEWHERE.values():
        assert line in (ROOT / "tests" / "voting" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["forget_contacts", "forget_addresses", "keep_time"])
def test_the_duties_of_votes_call_what_their_rooms_try(
    site: SiteUnderTest, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr(duties, verb, called.append)
    do_duty(site, duties.KEEP_TIME if verb == "keep_time" else duties.FORGET_CONTACTS)
    assert called == [site.app.state.office]


def test_duties_count_areas_and_hold_counters_against_the_log(site: SiteUnderTest) -> None:
    petition = prepare(site.desk).published()
    for _ in range(CELL_MIN):
        Signatures(site.desk).sign(petition)
    do_duty(site, duties.COUNT_AREAS)
    with reading(site.desk.desk.engine) as session:
        assert session.get_one(PetitionArea, (petition, "")).count == CELL_MIN
        assert session.get_one(PetitionCount, petition).areas_at == site.desk.clock()
    with writing(site.desk.desk.engine) as session:
        session.get_one(PetitionCount, petition).count = 70
    do_duty(site, duties.CHECK_SIGNATURES)
    with reading(site.desk.desk.engine) as session:
        counter = session.get_one(PetitionCount, petition)
        assert (counter.count, counter.checked_entries) == (CELL_MIN, counter.entries)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_there_for_everybody(site: SiteUnderTest, language: str) -> None:
    answer = site.browser().get(f"/{language}/data")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "%(" not in answer.text
    for row in RETENTION:
        assert f'id="{row.code}"' in answer.text


def test_the_numbers_are_those_of_the_code(site: SiteUnderTest) -> None:
    said = site.browser().get("/en/data").text
    for sentence in (
        "7 days after sending",
        "30 days after sending",
        "180 days.",
        "24 hours.",
        "8 hours at most",
    ):
        assert sentence in said
    changed = replace(BY_DUTY["news"], numbers={"days": 3})
    assert changed.until % changed.numbers == "3 days."
