"""Sign-in at the door: permits, ties of people to codes, conflicts, and what is left of them after closing."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from board import log as board
from crypto.encoding import encode_base64url
from crypto.transcript import tuple_hash
from protocol.ballot import BallotInvalid
from protocol.canonical import decode_canonical
from protocol.leaf import Kind, body_digest
from protocol.sign_in import CONFLICTS_PER_CREDENTIAL, Conflict, ConflictReason
from protocol.text import parse_time
from storage.session import reading, writing
from tally.aggregation import aggregate
from tally.clock import keep_time
from tests.support.elections import CLOSES, OPENS, voter_key
from tests.support.offices import (
    OfficeUnderTest,
    ballot_body,
    cast_request,
    close_early,
    make_office,
    signed_request,
)
from tests.support.signed_in import ONE, TWO, SignedInOffice, person, registrar_election
from tests.voting.whole import require_whole, verified
from voting.casting import cast_ballot
from voting.closing import close_polls
from voting.errors import (
    AlreadyCast,
    Closed,
    NotOpen,
    PermitExpired,
    SecretMissing,
    SignInConflict,
    SignInNeeded,
    VotingError,
    WrongState,
)
from voting.models import VotingElection, VotingPermit, VotingRoll, VotingTie
from voting.notice_models import VotingNotice, VotingPermitContact
from voting.office import State
from voting.preparation import open_polls
from voting.sign_in import PERMIT_SECONDS, count_ties, issue_permit


def door(signed_in: SignedInOffice) -> OfficeUnderTest:
    return signed_in.under_test


def tie_file(office: OfficeUnderTest) -> Path:
    return office.secrets / f"{office.id}.ties.key"


def ties(office: OfficeUnderTest) -> tuple[int, int]:
    with reading(office.engine) as session:
        return count_ties(session, office.id)


def rows(office: OfficeUnderTest, table: type[VotingPermit] | type[VotingTie]) -> int:
    with reading(office.engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def refused(office: OfficeUnderTest, error: type[Exception], deed: Callable[[], object]) -> Exception:
    """The deed is refused like this, and nothing is written."""
    before = office.everything()
    with pytest.raises(error) as seen:
        deed()
    assert office.everything() == before
    return seen.value


def conflicts(office: OfficeUnderTest) -> list[Conflict]:
    return [
        decode_canonical(office.body(Kind.CONFLICT, number), Conflict, limit_bytes=10_000)
        for number in range(office.kinds().count(Kind.CONFLICT))
    ]


def test_whoever_signs_in_casts_and_casts_again(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    signed_in.cast(2, 2, TWO)
    again = signed_in.cast(1, 1, TWO, sequence=2)
    assert again.sequence == 2
    assert ties(office) == (2, 2)
    assert rows(office, VotingPermit) == 0
    close_early(office.office, office.id)
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["persons"], closing["keys"]) == (2, 2)
    verified(office)


def test_after_closing_nothing_is_left_that_ties_anybody(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    signed_in.permit(2)
    key = tie_file(office)
    assert key.stat().st_mode & 0o077 == 0
    assert (rows(office, VotingTie), rows(office, VotingPermit)) == (3, 1)
    close_early(office.office, office.id)
    assert not key.exists()
    assert (rows(office, VotingTie), rows(office, VotingPermit)) == (0, 0)
    with pytest.raises(SecretMissing):
        office.office.keys.tie_key(office.id)
    office.office.keys.destroy_tie_key(office.id)  # once more: nothing to do
    with pytest.raises(WrongState):
        open_polls(office.office, office.id)
    assert not key.exists()


def test_a_key_that_a_crash_left_behind_goes_with_the_next_step(signed_in: SignedInOffice) -> None:
    """The process died after the closing was stored and before the file was removed."""
    office = door(signed_in)
    signed_in.cast(1, 1)
    held = tie_file(office).read_text()
    close_early(office.office, office.id)
    tie_file(office).write_text(held)
    aggregate(office.office, office.id)
    assert not tie_file(office).exists()
    verified(office)


def test_the_key_is_overwritten_before_its_name_goes(
    signed_in: SignedInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = door(signed_in)
    seen: list[bytes] = []
    unlink = Path.unlink

    def look(path: Path, *, missing_ok: bool = False) -> None:
        seen.append(path.read_bytes())
        unlink(path, missing_ok=missing_ok)

    held = tie_file(office).read_bytes()
    monkeypatch.setattr(Path, "unlink", look)
    close_early(office.office, office.id)
    assert seen == [bytes(len(held))]


def test_a_closing_that_fails_keeps_key_and_ties(
    signed_in: SignedInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    before = office.everything()

    def fail(*_: object) -> str:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(type(office.office), "sign_head", fail)
        with pytest.raises(OSError, match="disk full"):
            close_early(office.office, office.id)
    assert office.everything() == before
    assert tie_file(office).exists()
    signed_in.cast(1, 1, TWO, sequence=2)
    close_early(office.office, office.id)
    assert json.loads(office.body(Kind.CLOSING))["persons"] == 1


def test_the_clock_destroys_the_key_that_a_stopped_server_left_behind(
    signed_in: SignedInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = door(signed_in)

    def stop(*_: object) -> None:
        raise SystemExit  # the power goes after the closing is written, and before the key is gone

    with monkeypatch.context() as stopped:
        stopped.setattr(type(office.office.keys), "destroy_tie_key", stop)
        with pytest.raises(SystemExit):
            close_early(office.office, office.id)
    assert office.state() is State.CLOSED
    assert tie_file(office).exists()
    keep_time(office.office)
    assert not tie_file(office).exists()


def test_a_permit_that_is_being_given_does_not_outlive_the_closing(signed_in: SignedInOffice) -> None:
    """Without the board's lock the closing would empty the sets, and the permit would be written afterwards."""
    office = door(signed_in)
    closing = threading.Thread(target=close_early, args=(office.office, office.id))
    with writing(office.engine) as session:
        issue_permit(office.office, session, office.id, person(1))
        session.flush()
        closing.start()
        closing.join(1)
    closing.join()
    assert office.state() is State.CLOSED
    assert rows(office, VotingPermit) == 0


def test_neither_person_nor_key_stands_in_the_database(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    signed_in.permit(1)
    key = office.office.keys.tie_key(office.id)
    stored = [value for table in office.everything().values() for row in table for value in row]
    held = [value for value in stored if isinstance(value, bytes)]
    assert any(voter_key(1).public_key in value for value in held)  # control: the search finds what is there
    assert not any(person(1) in value or key in value for value in held)
    texts = [value for value in stored if isinstance(value, str)]
    for secret in (person(1), key):
        for spelling in (secret.hex(), encode_base64url(secret)):
            assert not any(spelling in value for value in texts)


# Permits.


def test_without_a_permit_nothing_is_taken(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    request = cast_request(office.election, 1, ONE)
    error = refused(office, SignInNeeded, lambda: cast_ballot(office.office, office.id, request))
    assert getattr(error, "code", None) == "sign-in-needed"


@pytest.mark.parametrize("permit", ["", "A" * 43, "A" * 42, "not a permit", "é" * 43, "A" * 100_000])
def test_what_is_no_permit_is_refused(signed_in: SignedInOffice, permit: str) -> None:
    office = door(signed_in)
    request = cast_request(office.election, 1, ONE)
    refused(office, PermitExpired, lambda: cast_ballot(office.office, office.id, request, permit))


def test_a_permit_is_good_for_fifteen_minutes(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    late, in_time = signed_in.permit(1), signed_in.permit(2)
    office.clock.now += timedelta(seconds=PERMIT_SECONDS - 1)
    signed_in.cast(2, 2, permit=in_time)
    office.clock.now += timedelta(seconds=1)
    refused(office, PermitExpired, lambda: signed_in.cast(1, 1, permit=late))
    signed_in.permit(3)  # and with the next sign-in the old one is swept away
    assert rows(office, VotingPermit) == 1


def test_a_permit_is_good_for_one_ballot(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    permit = signed_in.permit(1)
    signed_in.cast(1, 1, permit=permit)
    refused(office, PermitExpired, lambda: signed_in.cast(1, 1, TWO, 2, permit))


def test_a_new_sign_in_ends_the_permit_of_the_one_before(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    old, new = signed_in.permit(1), signed_in.permit(1)
    refused(office, PermitExpired, lambda: signed_in.cast(1, 1, permit=old))
    signed_in.cast(1, 1, permit=new)


def test_a_permit_of_another_election_is_refused(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    permit = signed_in.permit(1)
    with writing(office.engine) as session:
        row = session.scalars(select(VotingPermit)).one()
        other = "f" * 32
        _another_election(session, other)
        row.election = other
    refused(office, PermitExpired, lambda: signed_in.cast(1, 1, permit=permit))


def _another_election(session: Session, election: str) -> None:
    log_id = board.create_log(session, f"test.invalid/{election}")
    session.add(VotingElection(id=election, log_id=log_id, manifest=b"{}"))
    session.flush()


def test_the_same_bytes_again_are_one_ballot_though_the_permit_is_spent(signed_in: SignedInOffice) -> None:
    """The answer was lost: whoever sends again learns that the ballot is in, not that the sign-in is gone."""
    office = door(signed_in)
    permit = signed_in.permit(1)
    cast = signed_in.cast(1, 1, permit=permit)
    error = refused(office, AlreadyCast, lambda: signed_in.cast(1, 1, permit=permit))
    assert getattr(error, "index", None) == cast.index


def _of_another(office: OfficeUnderTest) -> bytes:
    """Voter 2's ciphertexts and proofs under voter 1's name: decodes, is signed, and proves nothing."""
    record = json.loads(ballot_body(office.election, 2, ONE))
    record["credential"] = encode_base64url(voter_key(1).public_key)
    body = msgspec.json.encode(record, order="sorted")
    return signed_request(body, voter_key(1))


BAD_BALLOTS: dict[str, Callable[[OfficeUnderTest], bytes]] = {
    "signed by another": lambda office: signed_request(ballot_body(office.election, 1, ONE), voter_key(2)),
    "numbered far ahead": lambda office: cast_request(office.election, 1, ONE, 9),
    "of nobody on the list": lambda office: cast_request(office.election, 77, ONE),
    "with a changed proof": lambda office: signed_request(
        ballot_body(office.election, 1, ONE).replace(b'"z":["', b'"z":["A', 1), voter_key(1)
    ),
    "proved for another": _of_another,
}


@pytest.mark.parametrize("name", BAD_BALLOTS)
def test_a_ballot_that_is_refused_does_not_use_the_permit_up(signed_in: SignedInOffice, name: str) -> None:
    office = door(signed_in)
    permit = signed_in.permit(1)
    request = BAD_BALLOTS[name](office)
    refused(office, BallotInvalid, lambda: cast_ballot(office.office, office.id, request, permit))
    signed_in.cast(1, 1, permit=permit)


class DiskFailed(Exception):
    """What the tests throw."""


def failing_everywhere(office: OfficeUnderTest, deed: Callable[[], object]) -> int:
    """The deed fails at each of its statements, and each time nothing is left of it; then it is done. How many."""
    before = office.everything()
    failing = 0
    while True:
        remaining = iter(range(failing))

        def fail(*_: object, remaining: Iterator[int] = remaining) -> None:
            if next(remaining, None) is None:
                raise DiskFailed

        event.listen(office.engine, "before_cursor_execute", fail)
        try:
            deed()
        except DiskFailed:
            failing += 1
        else:
            return failing
        finally:
            event.remove(office.engine, "before_cursor_execute", fail)
        assert office.everything() == before


def test_a_fault_at_any_statement_leaves_neither_tie_nor_leaf_and_the_permit(
    signed_in: SignedInOffice,
) -> None:
    office = door(signed_in)
    permit = signed_in.permit(1)
    assert failing_everywhere(office, lambda: signed_in.cast(1, 1, permit=permit)) >= 25
    assert require_whole(office) == 6
    assert ties(office) == (1, 1)


def test_a_fault_at_any_statement_leaves_nothing_of_a_conflict(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)

    permit = signed_in.permit(1)

    def accuse() -> None:
        with pytest.raises(SignInConflict):
            signed_in.cast(1, 2, permit=permit)

    assert failing_everywhere(office, accuse) >= 20
    assert len(conflicts(office)) == 1


def test_a_key_that_is_missing_takes_no_ballot_and_no_permit(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    permit = signed_in.permit(1)
    key = tie_file(office)
    for spoiled in ("", "00" * 31, "zz" * 32):
        held = key.read_text()
        key.write_text(spoiled)
        refused(office, SecretMissing, lambda: signed_in.cast(1, 1, permit=permit))
        refused(office, SecretMissing, lambda: signed_in.permit(2))
        key.write_text(held)
    signed_in.cast(1, 1, permit=permit)


def test_permits_are_for_open_polls_of_elections_that_ask(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    now = office.clock.now
    office.clock.now = now.replace(month=12)
    refused(office, Closed, lambda: signed_in.permit(1))
    office.clock.now = now.replace(day=1)
    error = refused(office, NotOpen, lambda: signed_in.permit(1))
    assert OPENS in str(error)
    office.clock.now = now
    close_early(office.office, office.id)
    refused(office, Closed, lambda: signed_in.permit(1))
    with pytest.raises(ValueError, match="32 bytes"), writing(office.engine) as session:
        issue_permit(office.office, session, office.id, b"short")


def test_elections_without_sign_in_give_no_permits_and_read_none(with_letters: SignedInOffice) -> None:
    office = door(with_letters)
    refused(office, WrongState, lambda: with_letters.permit(1))
    assert not tie_file(office).exists()
    cast_ballot(office.office, office.id, cast_request(office.election, 1, ONE), "not a permit")
    close_early(office.office, office.id)
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["persons"], closing["keys"]) == (None, None)
    verified(office)


# Conflicts.


def test_one_person_with_two_codes_is_refused_in_public(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    permit = signed_in.permit(1)
    with pytest.raises(SignInConflict, match="another voting code already") as seen:
        signed_in.cast(1, 2, permit=permit)
    (conflict,) = conflicts(office)
    assert conflict.reason is seen.value.reason is ConflictReason.PERSON_HAS_ANOTHER_KEY
    assert conflict.credential == encode_base64url(voter_key(2).public_key)
    tracker = body_digest(Kind.BALLOT, ballot_body(office.election, 2, ONE))
    assert conflict.tracker == encode_base64url(tracker)
    assert seen.value.index == require_whole(office) - 1
    refused(office, PermitExpired, lambda: signed_in.cast(1, 2, permit=permit))
    signed_in.cast(2, 2)  # the owner of the code is not hindered: the very ballot may even be the same
    close_early(office.office, office.id)
    assert json.loads(office.body(Kind.CLOSING))["persons"] == 2
    report = verified(office).report
    assert [(each.entry, each.reason) for each in report.events.conflicts] == [
        (seen.value.index, "person-has-another-key")
    ]
    assert "sign-in-conflicts" in report.warnings


def test_one_code_with_two_people_is_refused_in_public(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    with pytest.raises(SignInConflict, match="Somebody else"):
        signed_in.cast(2, 1, TWO, sequence=2)
    assert [each.reason for each in conflicts(office)] == [ConflictReason.KEY_HAS_ANOTHER_PERSON]
    signed_in.cast(2, 2)
    close_early(office.office, office.id)
    verified(office)


def test_at_most_five_conflicts_of_one_code_are_published(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    for number in range(CONFLICTS_PER_CREDENTIAL):
        with pytest.raises(SignInConflict) as seen:
            signed_in.cast(1, 2)
        assert (seen.value.index is not None) is (number < CONFLICTS_PER_CREDENTIAL)
    size = require_whole(office)
    permit = signed_in.permit(1)
    with pytest.raises(SignInConflict) as seen:
        signed_in.cast(1, 2, permit=permit)
    assert seen.value.index is None
    assert require_whole(office) == size
    refused(office, PermitExpired, lambda: signed_in.cast(1, 2, permit=permit))
    with pytest.raises(SignInConflict) as another:
        signed_in.cast(1, 3)
    assert another.value.index == size
    close_early(office.office, office.id)
    verified(office)


def test_a_conflict_is_said_by_the_server_alone_and_only_after_the_ballot_was_proved(
    signed_in: SignedInOffice,
) -> None:
    """Else a stranger with one permit would write other people's codes onto the board."""
    office = door(signed_in)
    signed_in.cast(1, 1)
    permit = signed_in.permit(1)
    forged = signed_request(ballot_body(office.election, 2, ONE), voter_key(1))
    refused(office, BallotInvalid, lambda: cast_ballot(office.office, office.id, forged, permit))
    assert conflicts(office) == []


def test_racing_with_two_codes_one_person_gets_one_ballot(signed_in: SignedInOffice) -> None:
    """Two requests start at the same moment; whoever is second is refused, and is on the board."""
    office = door(signed_in)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)
    permits = [signed_in.permit(1)]
    with writing(
        office.engine
    ) as session:  # two live permits of one person: as after two sign-ins at one moment
        row = session.scalars(select(VotingPermit)).one()
        session.add(_copy(row, b"second permit".ljust(32, b".")))
    permits.append(encode_base64url(b"second permit".ljust(32, b".")))

    def cast(voter: int, permit: str) -> None:
        request = cast_request(office.election, voter, ONE)
        barrier.wait(10)
        try:
            cast_ballot(office.office, office.id, request, permit)
            outcomes.append("in")
        except (VotingError, DBAPIError) as error:
            outcomes.append(getattr(error, "code", "fault"))

    threads = [
        threading.Thread(target=cast, args=(voter, permit))
        for voter, permit in zip((1, 2), permits, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "sign-in-conflict"]
    assert ties(office) == (1, 1)
    close_early(office.office, office.id)
    verified(office)


def _copy(row: VotingPermit, permit: bytes) -> VotingPermit:
    digest = tuple_hash("permit", [permit])
    return VotingPermit(digest=digest, election=row.election, holder=row.holder, expires_at=row.expires_at)


def test_many_replaced_codes_do_not_hold_the_urn_up(signed_in: SignedInOffice) -> None:
    """One person with two codes would stop everybody for as many questions to the database as codes were replaced."""
    office = door(signed_in)
    signed_in.cast(1, 1)
    with writing(office.engine) as session:
        session.execute(
            insert(VotingRoll),
            [
                {
                    "election": office.id,
                    "key": number.to_bytes(32, "big"),
                    "alias": str(number),
                    "weight": 1,
                    "area": "north",
                    "revoked_index": 5,
                }
                for number in range(3000)
            ],
        )
    permit, questions = signed_in.permit(1), []
    request = cast_request(office.election, 2, ONE)

    def count(*_: object) -> None:
        questions.append(1)

    event.listen(office.engine, "before_cursor_execute", count)
    try:
        with pytest.raises(SignInConflict):
            cast_ballot(office.office, office.id, request, permit)
    finally:
        event.remove(office.engine, "before_cursor_execute", count)
    assert len(questions) < 60


def test_a_permit_tells_nothing_where_another_election_is_voted_in(with_letters: SignedInOffice) -> None:
    """Else a thief with the owner's permit would first use the owner's address up in an election of his own."""
    office, permit = with_letters.under_test, bytes(32)
    other = "f" * 32
    with writing(office.engine) as session:
        _another_election(session, other)
        session.add(
            VotingPermitContact(
                digest=hashlib.sha256(b"contact\0" + permit).digest(),
                election=other,
                email="owner@example.org",
                language="vi",
                expires_at=parse_time(CLOSES),
            )
        )
    cast_ballot(office.office, office.id, cast_request(office.election, 1, ONE), encode_base64url(permit))
    with reading(office.engine) as session:
        assert session.scalar(select(func.count()).select_from(VotingPermitContact)) == 1
        assert session.scalar(select(func.count()).select_from(VotingNotice)) == 0


# Through HTTP.


def test_the_api_takes_the_permit_as_a_header_and_names_each_refusal(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    request = cast_request(office.election, 1, ONE)

    def post(body: bytes, permit: str | None = None) -> tuple[int, str]:
        headers = {} if permit is None else {"Psephos-Permit": permit}
        answer = office.client.post(f"{office.api}/ballots", content=body, headers=headers)
        return answer.status_code, answer.json().get("code", "")

    assert post(request) == (401, "sign-in-needed")
    assert post(request, "x") == (403, "permit-expired")
    office.client.cookies.set("Psephos-Permit", signed_in.permit(1))
    assert post(request) == (401, "sign-in-needed")  # a cookie is nothing to the API
    office.client.cookies.clear()
    assert post(request, signed_in.permit(1)) == (201, "")
    assert post(cast_request(office.election, 2, ONE), signed_in.permit(1)) == (409, "sign-in-conflict")


def test_polls_that_open_again_after_a_crash_keep_their_key(database_url: str, tmp_path: Path) -> None:
    """The key file is on disk before the leaf: a crash between the two leaves a key, and the next opening takes it."""
    office = make_office(database_url, tmp_path / "secrets", registrar_election(), State.FROZEN)
    office.office.keys.make_tie_key(office.id)
    key = office.office.keys.tie_key(office.id)
    open_polls(office.office, office.id)
    assert office.office.keys.tie_key(office.id) == key
    office.engine.dispose()


def test_a_closing_in_time_is_the_clocks(signed_in: SignedInOffice) -> None:
    office = door(signed_in)
    signed_in.cast(1, 1)
    with pytest.raises(WrongState, match=CLOSES):
        close_polls(office.office, office.id)
    office.clock.now = office.clock.now.replace(day=30, hour=20)
    close_polls(office.office, office.id)
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["by"], closing["reason"], closing["persons"]) == ("clock", None, 1)
    assert verified(office).report.events.closed is not None
