"""Polls that stay open longer: by whom, until when, and what the door says then."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest

from crypto.encoding import encode_base64url
from protocol.extension import ExtensionRefused
from protocol.leaf import Kind
from storage.session import reading
from tests.support.elections import CLOSES, voter_key
from tests.support.offices import OfficeUnderTest, cast_request, close_early, make_office
from tests.support.signed_in import ONE, SignedInOffice, registrar_election
from tests.voting.whole import require_whole, verified
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.errors import Closed, NoSuchElection, WrongState
from voting.extension import extend_polls
from voting.office import State, effective_closes_at, find_election

CLOSING = datetime(2026, 11, 30, 20, tzinfo=UTC)
LIMIT = CLOSING + timedelta(hours=2)
NAME, REASON = "Nguyễn Thị Lan", "Mất điện từ 18 giờ đến 19 giờ."


def extend(office: OfficeUnderTest, until: datetime, name: str = NAME, reason: str = REASON) -> int:
    return extend_polls(office.office, office.id, until, name, reason)


def refused(office: OfficeUnderTest, error: type[Exception], words: str, deed: Callable[[], object]) -> None:
    before = office.everything()
    with pytest.raises(error, match=words):
        deed()
    assert office.everything() == before


def closes_at(office: OfficeUnderTest) -> str:
    with reading(office.engine) as session:
        return effective_closes_at(find_election(session, office.id))


def cast(office: OfficeUnderTest, voter: int) -> int:
    return cast_ballot(office.office, office.id, cast_request(office.election, voter, ONE)).index


def test_ballots_are_taken_until_the_new_time(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    assert closes_at(office) == CLOSES
    index = extend(office, CLOSING + timedelta(hours=1))
    assert require_whole(office) == index + 1
    assert closes_at(office) == "2026-11-30T21:00:00Z"
    office.clock.now = CLOSING + timedelta(minutes=59, seconds=59)
    cast(office, 1)
    office.clock.now += timedelta(seconds=1)
    refused(office, Closed, "Voting is closed", lambda: cast(office, 2))
    close_polls(office.office, office.id)
    report = verified(office).report
    assert [(each.entry, each.by, each.closes_at, each.reason) for each in report.events.extensions] == [
        (index, NAME, "2026-11-30T21:00:00Z", REASON)
    ]
    assert "polls-extended" in report.warnings
    assert "closed-early" not in report.warnings


def test_the_time_moves_on_and_never_back(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    extend(office, CLOSING + timedelta(hours=1))
    for wrong in (CLOSING, CLOSING + timedelta(minutes=30), CLOSING + timedelta(hours=1)):
        refused(office, ExtensionRefused, "only be moved to a later time", partial(extend, office, wrong))
    refused(office, ExtensionRefused, "at the latest", lambda: extend(office, LIMIT + timedelta(seconds=1)))
    extend(office, LIMIT)
    assert closes_at(office) == "2026-11-30T22:00:00Z"
    refused(office, ExtensionRefused, "at the latest", lambda: extend(office, LIMIT + timedelta(seconds=1)))
    office.clock.now = LIMIT - timedelta(seconds=1)
    cast(office, 1)
    close_early(office.office, office.id)
    verified(office)


def test_what_has_ended_is_not_extended(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    office.clock.now = CLOSING
    refused(office, ExtensionRefused, "Voting ended", lambda: extend(office, LIMIT))
    office.clock.now = CLOSING - timedelta(seconds=1)
    extend(office, LIMIT)  # the last second is in time
    close_early(office.office, office.id)
    refused(office, WrongState, "this election is closed", lambda: extend(office, LIMIT))


def test_only_open_polls_of_an_election_that_is_there(frozen_with_letters: SignedInOffice) -> None:
    office = frozen_with_letters.under_test
    assert office.state() is State.FROZEN
    refused(office, WrongState, "this election is frozen", lambda: extend(office, LIMIT))
    with pytest.raises(NoSuchElection):
        extend_polls(office.office, "0" * 32, LIMIT, NAME, REASON)


def test_terms_that_allow_no_extension(office: OfficeUnderTest) -> None:
    refused(office, ExtensionRefused, "do not let", lambda: extend(office, CLOSING + timedelta(seconds=1)))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("", REASON), (NAME, ""), ("x" * 101, REASON), (NAME, "x" * 1001), (NAME, "a\u202eb"), ("a\nb", REASON)],
    ids=["no name", "no reason", "long name", "long reason", "turned round", "two lines"],
)
def test_name_and_reason_are_plain_text(with_letters: SignedInOffice, name: str, reason: str) -> None:
    office = with_letters.under_test
    refused(office, ExtensionRefused, "cannot be published", lambda: extend(office, LIMIT, name, reason))


def test_any_time_zone_and_no_part_of_a_second(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    extend(office, datetime(2026, 12, 1, 4, 0, 0, 900_000, tzinfo=timezone(timedelta(hours=7))))
    assert closes_at(office) == "2026-11-30T21:00:00Z"


def test_pages_and_api_say_the_new_time(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    extend(office, CLOSING + timedelta(hours=1))
    (listed,) = office.client.get("/api/v1/elections").json()["elections"]
    assert listed["closes_at"] == "2026-11-30T21:00:00Z"
    page = office.client.get(f"/en/elections/{office.id}").text
    assert "4:00" in page  # 21:00 UTC in Ho Chi Minh City
    office.clock.now = CLOSING + timedelta(minutes=30)
    key = encode_base64url(voter_key(1).public_key)
    answer = office.client.get(f"{office.api}/credentials/{key}").json()
    assert (answer["state"], answer["closes_at"]) == ("open", "2026-11-30T21:00:00Z")


def test_closing_by_hand_and_by_the_clock(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office = make_office(
        database_url, tmp_path_factory.mktemp("hand") / "secrets", registrar_election(sign_in=False)
    )
    extend(office, CLOSING + timedelta(hours=1))
    office.clock.now = CLOSING + timedelta(minutes=30)

    def close(by: str, reason: str | None) -> Callable[[], object]:
        return lambda: close_polls(office.office, office.id, by, reason)

    refused(office, WrongState, "name and a reason", close("clock", None))
    refused(office, WrongState, "name and a reason", close("clock", REASON))
    refused(office, WrongState, "name and a reason", close(NAME, None))
    refused(office, WrongState, "reason", close(NAME, ""))
    refused(office, WrongState, "by has", close("", REASON))
    office.clock.now = CLOSING + timedelta(hours=1)
    refused(office, WrongState, "no reason to give", close(NAME, REASON))
    close_polls(office.office, office.id, NAME)
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["by"], closing["reason"]) == (NAME, None)
    closed = verified(office).report.events.closed
    assert closed is not None
    assert (closed.by, closed.reason) == (NAME, None)
    office.engine.dispose()
