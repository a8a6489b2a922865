"""The official's pages of a vote after the freeze: every deed, refused and done, with its line in the site log."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from board import log as board
from board.log import LogId
from crypto.key_record import KeyShare, PublicKeyRecord
from crypto.key_size import KeySize
from identity import trail
from identity.roles import Role
from protocol.leaf import Kind
from protocol.text import parse_time
from rehearsal.trial_run import cast_for_invented_voters, prepare_trial
from rehearsal.trials import handlers, trials_of
from storage.session import reading
from storage.worker import Worker
from tally.aggregation import aggregate
from tally.clock import keep_time
from tests.rehearsal.test_trial_run import VOTERS, draft
from tests.support.drafts import NOW
from tests.support.keys import load_test_key
from tests.support.office_pages import office_pages
from tests.support.sites import SAME_SITE, Browser, SiteUnderTest, site_under_test
from tests.voting.test_disputes import filing
from tests.web.reader import Page
from voting.deeds import By
from voting.disputes import file_dispute
from voting.draft_document import CalendarPart
from voting.draft_terms import freeze
from voting.drafts import create
from voting.office import Office, State, effective_closes_at, find_election, read_manifest, state_of

REASON = "Mất điện ở nhiều khu phố."


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials have a test key: making one is the longest of a trial, and tests/rehearsal does it."""
    record, (share,) = load_test_key("single-2048")

    def known(size: KeySize) -> tuple[PublicKeyRecord, KeyShare]:
        assert size.bits == record.n.bit_length()
        return record, share

    monkeypatch.setattr("rehearsal.ceremony.make_single_key", known)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(f"sqlite:///{tmp_path / 'site.db'}", tmp_path) as found:
        yield found


@pytest.fixture
def official(site: SiteUnderTest) -> Browser:
    return site.browser_of(Role.OFFICIAL, name="Lê Văn An")


@pytest.fixture
def election(site: SiteUnderTest) -> str:
    """A trial election with room to extend, on the site's own clock."""
    base = draft()
    calendar = CalendarPart(
        closes=None,
        extension_seconds=7200,
        objection_seconds=0,
        opens=None,
        time_zone="Asia/Ho_Chi_Minh",
    )
    return prepare_trial(office_of(site), msgspec.structs.replace(base, calendar=calendar), "test", VOTERS)


def office_of(site: SiteUnderTest) -> Office:
    office: Office = site.app.state.office
    return office


def state(site: SiteUnderTest, election: str) -> State:
    with reading(office_of(site).engine) as session:
        return state_of(find_election(session, election))


def last_deed(site: SiteUnderTest) -> tuple[str, str]:
    """(what was done, to what) of the site log's last line."""
    with reading(office_of(site).engine) as session:
        size = trail.size(site.desk.desk, session)
        (deed,) = trail.deeds(site.desk.desk, session, size - 1, 1, with_names=True)
        return deed.deed, deed.subject


def words(html: str) -> str:
    return " ".join(Page(html).visible)


def test_the_page_says_where_the_vote_stands(site: SiteUnderTest, official: Browser, election: str) -> None:
    cast_for_invented_voters(office_of(site), election, 3)
    page = words(official.get(f"/en/office/{election}").text)
    assert "Closes by itself on" in page
    assert "25.0%" in page
    assert "Rehearsal" in page
    assert "Ends voting for 9 people who have not voted." in page


def test_closing_early_needs_a_reason_and_a_tick(
    site: SiteUnderTest, official: Browser, election: str
) -> None:
    path = f"/en/office/{election}/close"
    assert "Closing now ends voting for 12 people" in official.get(path).text
    refused = official.post(path, {"reason": "   ", "sure": ""})
    assert refused.status_code == 422
    assert "Write the reason. Everybody can read it." in refused.text
    kept = official.post(path, {"reason": REASON})
    assert REASON in kept.text
    assert state(site, election) is State.OPEN

    done = official.post(path, {"reason": REASON, "sure": "yes"})
    assert (done.status_code, done.headers["location"]) == (303, f"/en/office/{election}")
    assert state(site, election) is State.CLOSED
    assert last_deed(site) == ("polls-closed", f"election {election}")
    with reading(office_of(site).engine) as session:
        row = find_election(session, election)
        entry = board.entry(session, LogId(row.log_id), row.closing_index or 0)
        assert REASON in board.body(session, entry.digest).decode()

    again = official.post(path, {"reason": REASON, "sure": "yes"})
    assert again.status_code == 409


def test_extending_keeps_the_limits(site: SiteUnderTest, official: Browser, election: str) -> None:
    path = f"/en/office/{election}/extend"
    official.get(path)
    office = office_of(site)
    with reading(office.engine) as session:
        before = parse_time(effective_closes_at(find_election(session, election)))

    def wanted(later: timedelta) -> dict[str, str]:
        local = (before + later).astimezone(site.desk.clock().tzinfo) + timedelta(hours=7)
        return {
            "closes-day": str(local.day),
            "closes-month": str(local.month),
            "closes-year": str(local.year),
            "closes-time": f"{local:%H:%M}",
            "reason": REASON,
        }

    for later, sentence in (
        (timedelta(0), "Voting closes then already, or earlier. Enter a later time."),
        (timedelta(hours=3), "The terms of this vote allow a closing up to"),
    ):
        refused = official.post(path, wanted(later))
        assert refused.status_code == 422
        assert sentence in refused.text
    done = official.post(path, wanted(timedelta(hours=1)))
    assert done.status_code == 303
    with reading(office.engine) as session:
        assert parse_time(effective_closes_at(find_election(session, election))) == before + timedelta(
            hours=1
        )
    assert last_deed(site) == ("polls-extended", f"election {election}")


def test_nobody_takes_a_trial_for_a_real_vote(site: SiteUnderTest, election: str) -> None:
    citizen, vote = site.browser(), f"/elections/{election}"
    for place in ("", "/booth", "/check", "/board", "/board/0", "/verify"):
        page = citizen.get(f"/en{vote}{place}").text
        assert "This is a rehearsal with invented voters. It decides nothing." in page, place
    assert "Rehearsal" in citizen.get("/en/elections").text
    front = citizen.get("/en/").text
    assert election not in front
    assert "No vote is open now." in front


def test_a_trial_is_counted_and_published(site: SiteUnderTest, official: Browser, election: str) -> None:
    office = office_of(site)
    work = Worker(office.engine, handlers(office, "test"), office.clock)
    official.get(f"/en/office/{election}")
    assert (
        official.post(f"/en/office/{election}/rehearse", {"deed": "vote", "number": "4"}).status_code == 303
    )
    assert work.run_once()
    official.get(f"/en/office/{election}/close")
    official.post(f"/en/office/{election}/close", {"reason": REASON, "sure": "yes"})
    aggregate(office, election)
    official.get(f"/en/office/{election}")
    assert official.post(f"/en/office/{election}/rehearse", {"deed": "count"}).status_code == 303
    assert work.run_once()
    assert state(site, election) is State.PUBLISHED
    assert "Everything is done." in official.get(f"/en/office/{election}").text
    assert official.get(f"/en/elections/{election}/result").status_code == 200


def test_publishing_waits_for_the_key_holders(site: SiteUnderTest, official: Browser, election: str) -> None:
    path = f"/en/office/{election}/publish"
    official.get(path)
    refused = official.post(path, {"sure": "yes"})
    assert refused.status_code == 409
    assert state(site, election) is State.OPEN


def test_a_trial_run_is_begun_from_a_draft(site: SiteUnderTest, official: Browser) -> None:
    office = office_of(site)
    by = By(site.desk.desk, site.desk.signed_in(Role.OFFICIAL))
    made = create(office, by, draft().title, draft())
    path = f"/en/office/drafts/{made}/trial"
    official.get(path)
    refused = official.post(path, {"voters": "0"})
    assert refused.status_code == 422
    assert "Enter a number of invented voters from 1 to 500" in refused.text
    assert official.post(path, {"voters": "7"}).status_code == 303
    assert "Its key is being made" in official.get(path).text
    assert Worker(office.engine, handlers(office, "test"), office.clock).run_once()
    (trial,) = trials_of(office, made)
    assert f"/en/office/{trial.election}" in official.get(path).text


@pytest.mark.parametrize("place", ["", "/close", "/extend", "/publish", "/act", "/opening"])
def test_pages_of_an_election_that_is_not_there(official: Browser, place: str) -> None:
    assert official.get(f"/en/office/{'0' * 32}{place}").status_code == 404
    assert official.get(f"/en/office/nonsense{place}").status_code == 404


def test_kinds_of_leaves_are_as_the_pages_did(site: SiteUnderTest, official: Browser, election: str) -> None:
    official.get(f"/en/office/{election}/close")
    official.post(f"/en/office/{election}/close", {"reason": REASON, "sure": "yes"})
    with reading(office_of(site).engine) as session:
        row = find_election(session, election)
        entries = board.entries(session, LogId(row.log_id), 0, 100)
    assert [entry.kind for entry in entries][-2:] == [Kind.POLLS_OPENED, Kind.CLOSING]


def test_a_rehearsal_of_real_key_holders_waits_for_them(
    site: SiteUnderTest, official: Browser, election: str
) -> None:
    for secret in office_of(site).keys.folder.glob("*.trial.json"):
        secret.unlink()  # as where nobody but the key holders ever had the keys
    official.get(f"/en/office/{election}/close")
    official.post(f"/en/office/{election}/close", {"reason": REASON, "sure": "yes"})
    aggregate(office_of(site), election)
    page = words(official.get(f"/en/office/{election}").text)
    assert "trial’s key holders" not in page
    assert "Everything is there. The result can be published." in page  # nobody voted, so nothing is opened


def test_objections_that_wait_are_named(site: SiteUnderTest, official: Browser, election: str) -> None:
    assert "without an answer" not in official.get(f"/en/office/{election}").text
    file_dispute(office_of(site), site.desk.desk, election, filing())
    page = official.get(f"/en/office/{election}").text
    assert "1 without an answer" in page
    assert f'href="/en/office/{election}/disputes"' in page


def test_an_official_opens_by_hand(site: SiteUnderTest) -> None:
    """Chosen before the time, pressed when it has come; the clock leaves it alone."""
    site.desk.clock.now = NOW
    pages = office_pages(site)
    preparing, browser = pages.preparing, pages.browser
    preparing.fill()
    election = preparing.fix()
    preparing.hand_in()
    freeze(preparing.office, preparing.official, preparing.draft)
    path = f"/en/office/{election}/opening"
    browser.get(path)
    assert browser.post(path, {"by": "hand", "deed": "open"}).status_code == 409  # it is not time yet
    browser.get(path)
    assert browser.post(path, {"by": "nobody"}).status_code == 422
    assert browser.post(path, {"by": "hand"}).status_code == 303
    assert last_deed(site) == ("opening-chosen", f"election {election}")
    with reading(preparing.office.engine) as session:
        opens_at = read_manifest(find_election(session, election)).opens_at
    site.desk.clock.now = parse_time(opens_at)
    assert keep_time(preparing.office) == ()
    browser = site.browser_of(Role.OFFICIAL)
    assert "The polls open when you say so." in browser.get(f"/en/office/{election}").text
    browser.get(path)
    assert browser.post(path, {"by": "hand", "deed": "open"}).status_code == 303
    assert state(site, election) is State.OPEN
    assert last_deed(site) == ("polls-opened", f"election {election}")


def closed_election(site: SiteUnderTest, trustees: int) -> tuple[Browser, str]:
    """A real election that the clock has opened, closed and multiplied; its official, signed in."""
    site.desk.clock.now = NOW
    preparing = office_pages(site).preparing
    preparing.fill(trustees)
    election = preparing.fix()
    preparing.hand_in(trustees)
    freeze(preparing.office, preparing.official, preparing.draft)
    with reading(preparing.office.engine) as session:
        closes_at = effective_closes_at(find_election(session, election))
    site.desk.clock.now = parse_time(closes_at)
    assert len(keep_time(preparing.office)) == 3
    return site.browser_of(Role.OFFICIAL, name="Lê Văn An"), election


def test_fewer_key_holders_are_made_enough_once(site: SiteUnderTest) -> None:
    browser, election = closed_election(site, trustees=3)
    path = f"/en/office/{election}/act"
    assert "confirm the same closing state" in browser.get(path).text
    assert browser.post(path, {"sure": "yes"}).status_code == 422
    assert browser.post(path, {"reason": REASON}).status_code == 422
    done = browser.post(path, {"reason": REASON, "sure": "yes"})
    assert done.status_code == 303
    assert last_deed(site) == ("quorum-lowered", f"election {election}")
    assert browser.post(path, {"reason": REASON, "sure": "yes"}).status_code == 409


def test_a_file_that_is_no_key_holders_is_refused_beside_the_field(site: SiteUnderTest) -> None:
    browser, election = closed_election(site, trustees=1)
    path = f"/en/office/{election}/files"
    browser.get(path)
    for data in (b"", b"{}", b"\xff\xfe", b"[" * 5000, b'{"kind":"ballot"}'):
        form = {"csrf": browser.token}
        answer = browser.client.post(path, data=form, files={"file": ("x.json", data)}, headers=SAME_SITE)
        assert answer.status_code == 422
        assert 'id="file-error"' in answer.text
    with reading(office_of(site).engine) as session:
        row = find_election(session, election)
        assert board.tree_size(session, LogId(row.log_id)) == (row.aggregates_index or 0) + 1
