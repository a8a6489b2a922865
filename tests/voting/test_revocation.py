"""Replacing a lost code: what the door does before and after, and what counts in the end."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from crypto.ballot_seed import BallotSeed
from crypto.display_code import alias
from crypto.encoding import encode_base64url
from protocol.ballot import BallotInvalid, encrypt_ballot
from protocol.errors import MalformedRecord, RecordTooLarge
from protocol.leaf import Kind, body_digest, sign_body
from protocol.manifest import Manifest
from protocol.revocation import RevocationRefused
from storage.session import reading
from tests.support.elections import (
    DURING,
    REGISTRAR_KEY,
    SERVER_KEY,
    choose_one,
    make_election,
    make_manifest,
    voter_key,
)
from tests.support.hostile import canonical
from tests.support.offices import OfficeUnderTest, cast_request, close_early, make_office, signed_reveal
from tests.support.signed_in import ONE, TWO, SignedInOffice, registrar_election, revocation
from tests.support.trustees import tally, votes
from tests.voting.whole import require_whole, verified
from voting.casting import cast_ballot
from voting.errors import NoSuchElection, SignInConflict, WrongState
from voting.lookup import credential_record, find_by_code, turnout, turnout_by_area
from voting.office import find_election
from voting.preparation import open_polls
from voting.revocation import revoke
from voting.sign_in import count_ties


def cast(
    office: OfficeUnderTest, voter: int, values: tuple[tuple[int, ...], ...] = ONE, sequence: int = 1
) -> int:
    return cast_ballot(office.office, office.id, cast_request(office.election, voter, values, sequence)).index


def refused(office: OfficeUnderTest, error: type[Exception], words: str, deed: Callable[[], object]) -> None:
    before = office.everything()
    with pytest.raises(error, match=words):
        deed()
    assert office.everything() == before


def revoked_at_the_door(office: OfficeUnderTest, voter: int, sequence: int = 1) -> None:
    before = office.everything()
    with pytest.raises(BallotInvalid) as seen:
        cast(office, voter, ONE, sequence)
    assert seen.value.code == "revoked-credential"
    assert office.everything() == before


def test_a_lost_code_is_replaced_and_the_new_one_votes(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 2, TWO)
    index = with_letters.replace(1, 11)
    assert require_whole(office) == index + 1
    revoked_at_the_door(office, 1)
    cast(office, 11, ONE)
    assert votes(tally(office)) == [[1, 2, 0]]  # with weight and area of the line
    (event_,) = verified(office).report.events.replaced
    assert (event_.entry, event_.old, event_.new, event_.ballots) == (
        index,
        alias(voter_key(1).public_key),
        alias(voter_key(11).public_key),
        0,
    )


def test_what_the_old_code_has_cast_stops_counting(with_letters: SignedInOffice) -> None:
    """A thief votes with the old code twice; the owner gets a new one, and has the last word."""
    office = with_letters.under_test
    cast(office, 3, TWO)
    cast(office, 3, ONE, 2)
    cast(office, 1, ONE)
    with_letters.replace(3, 13)
    revoked_at_the_door(office, 3, 3)
    cast(office, 13, TWO)
    assert votes(tally(office)) == [[1, 3, 0]]
    report = verified(office).report
    assert [each.ballots for each in report.events.replaced] == [2]
    assert "codes-replaced" in report.warnings


def test_a_code_that_is_not_used_again_leaves_no_vote(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 1, ONE)
    cast(office, 2, TWO)
    with_letters.replace(1, 11)
    assert votes(tally(office)) == [[0, 2, 0]]
    verified(office)


def test_a_new_code_can_be_lost_as_well(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 3, ONE)
    with_letters.replace(3, 13)
    cast(office, 13, ONE)
    with_letters.replace(13, 23)
    revoked_at_the_door(office, 13, 2)
    revoked_at_the_door(office, 3, 2)
    cast(office, 23, TWO)
    assert votes(tally(office)) == [[0, 3, 0]]
    assert [each.ballots for each in verified(office).report.events.replaced] == [1, 1]


def test_where_each_code_has_one_ballot_the_new_one_has_its_own(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    election = registrar_election(sign_in=False, revoting=False)
    office = make_office(database_url, tmp_path_factory.mktemp("once") / "secrets", election)
    letters = SignedInOffice(office)
    cast(office, 1, ONE)
    letters.replace(1, 11)
    cast(office, 11, TWO)
    with pytest.raises(BallotInvalid, match="one ballot"):
        cast(office, 11, ONE, 2)
    assert votes(tally(office)) == [[0, 1, 0]]
    verified(office)
    office.engine.dispose()


def test_codes_are_replaced_before_the_polls_open(frozen_with_letters: SignedInOffice) -> None:
    office = frozen_with_letters.under_test
    frozen_with_letters.replace(2, 12)
    open_polls(office.office, office.id)
    revoked_at_the_door(office, 2)
    cast(office, 12)
    close_early(office.office, office.id)
    verified(office)


def test_turnout_counts_lines_not_codes(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 1)
    cast(office, 2)
    cast(office, 1, TWO, 2)

    def seen() -> tuple[tuple[int, int, int], dict[str, tuple[int, int, int]]]:
        with reading(office.engine) as session:
            row = find_election(session, office.id)
            whole = turnout(session, row)
            areas = turnout_by_area(session, row)
        by_area = {name: (each.voters, each.voted, each.ballots) for name, each in areas.items()}
        return (whole.voters, whole.voted, whole.ballots), by_area

    assert seen() == ((4, 2, 3), {"north": (2, 2, 3), "south": (2, 0, 0)})
    with_letters.replace(1, 11)
    assert seen() == ((4, 1, 3), {"north": (2, 1, 3), "south": (2, 0, 0)})
    cast(office, 11)
    assert seen() == ((4, 2, 4), {"north": (2, 2, 4), "south": (2, 0, 0)})


def test_the_lookup_says_what_became_of_a_code(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 1)
    index = with_letters.replace(1, 11)
    new = voter_key(11).public_key
    with reading(office.engine) as session:
        row = find_election(session, office.id)
        old = credential_record(session, row, voter_key(1).public_key)
        assert (old.revoked_index, old.replaced_by, old.replaces) == (index, new, None)
        assert [ballot.counts for ballot in old.ballots] == [False]
        found, _ = find_by_code(session, row, alias(new))
        assert (found.revoked_index, found.replaced_by, found.replaces) == (None, None, old.key)
        assert (found.weight, found.area, found.next_sequence) == (old.weight, old.area, 1)
    answer = office.client.get(f"{office.api}/credentials/{encode_base64url(old.key)}").json()
    assert (answer["revoked_index"], answer["replaced_by"]) == (index, encode_base64url(new))
    assert [ballot["counts"] for ballot in answer["ballots"]] == [False]
    for language, words in (("en", "was replaced"), ("vi", alias(new))):
        page = office.client.get(f"/{language}/elections/{office.id}/check?code={alias(old.key)}")
        assert page.status_code == 200
        assert words in page.text
        assert alias(new) in page.text
        assert "Thư bị mất." in page.text
    posted = office.client.post(f"{office.api}/ballots", content=cast_request(office.election, 1, TWO, 2))
    assert (posted.status_code, posted.json()["code"]) == (403, "revoked-credential")
    page = office.client.get(f"/en/elections/{office.id}/check?code={alias(new)}")
    assert "Thư bị mất." not in page.text


def test_a_challenge_of_a_replaced_code_is_refused(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    terms, credential, seed = office.election.terms, voter_key(1).public_key, b"c" * 32
    opened = encrypt_ballot(terms, ONE, credential, 1, BallotSeed(seed))
    body = canonical(
        {
            "answers": [{"question": "q1", "values": list(ONE[0])}],
            "credential": encode_base64url(credential),
            "election": terms.election,
            "fingerprint": terms.fingerprint_text,
            "format": "psephos/challenge/v1",
            "seed": encode_base64url(seed),
            "sequence": 1,
            "tracker": encode_base64url(body_digest(Kind.BALLOT, opened)),
        }
    )
    request = signed_reveal(body, voter_key(1))
    with_letters.replace(1, 11)
    before = office.everything()
    answer = office.client.post(f"{office.api}/challenges", content=request)
    assert (answer.status_code, answer.json()["code"]) == (403, "revoked-credential")
    assert office.everything() == before


# Refusals.

SIGNED_BY = {"the server": SERVER_KEY, "the old code itself": voter_key(1), "another voter": voter_key(2)}


@pytest.mark.parametrize("author", SIGNED_BY)
def test_only_the_registrar_revokes(with_letters: SignedInOffice, author: str) -> None:
    office = with_letters.under_test
    body, signature = revocation(office.election, 1, 11, SIGNED_BY[author])
    refused(
        office,
        RevocationRefused,
        "not signed by the registrar",
        lambda: revoke(office.office, office.id, body, signature),
    )


@pytest.mark.parametrize("spoiled", [bytes(64), bytes(63), b""], ids=["zero", "short", "none"])
def test_what_is_no_signature_revokes_nothing(with_letters: SignedInOffice, spoiled: bytes) -> None:
    office = with_letters.under_test
    body, _ = revocation(office.election, 1, 11)
    refused(
        office,
        RevocationRefused,
        "not signed by the registrar",
        lambda: revoke(office.office, office.id, body, spoiled),
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (9, 11, "not on the voters' list"),
        (1, 2, "is or was on the voters' list"),
        (1, 1, "is or was on the voters' list"),
        (4, 15, "replaced already"),
        (15, 4, "is or was on the voters' list"),
        (1, 15, "is or was on the voters' list"),
    ],
    ids=["unknown", "to a code on the roll", "to itself", "twice", "back", "onto another line"],
)
def test_a_code_that_cannot_be_exchanged(
    with_letters: SignedInOffice, old: int, new: int, words: str
) -> None:
    office = with_letters.under_test
    with_letters.replace(4, 14)
    with_letters.replace(14, 15)
    refused(office, RevocationRefused, words, lambda: with_letters.replace(old, new))


def test_a_revocation_is_for_one_election_and_in_one_spelling(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    body, _ = revocation(office.election, 1, 11)
    fields = json.loads(body)

    def put(data: bytes) -> None:
        revoke(office.office, office.id, data, sign_body(Kind.REVOCATION, data, REGISTRAR_KEY))

    small_order = encode_base64url(bytes([1] + [0] * 31))
    cases: list[tuple[type[Exception], str, bytes]] = [
        (RevocationRefused, "another election", canonical(fields | {"election": "f" * 32})),
        (RevocationRefused, "other terms", canonical(fields | {"fingerprint": encode_base64url(bytes(32))})),
        (RevocationRefused, "cannot be used", canonical(fields | {"new": small_order})),
        (RevocationRefused, "cannot be used", canonical(fields | {"old": "AAAA"})),
        (MalformedRecord, "unknown field", canonical(fields | {"voter": "Lan"})),
        (MalformedRecord, "reason", canonical(fields | {"reason": ""})),
        (MalformedRecord, "reason", canonical(fields | {"reason": "x" * 1001})),
        (MalformedRecord, "canonical", body.replace(b":", b": ", 1)),
        (RecordTooLarge, "longer", b" " * 30_000),
    ]
    for error, words, data in cases:
        refused(office, error, words, lambda data=data: put(data))  # type: ignore[misc]
    put(body)  # control


def test_when_codes_are_replaced_and_when_no_more(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    office.clock.now = DURING.replace(day=30, hour=20)
    refused(office, RevocationRefused, "could not be used", lambda: with_letters.replace(1, 11))
    office.clock.now -= timedelta(seconds=1)
    with_letters.replace(1, 11)
    close_early(office.office, office.id)
    refused(office, WrongState, "this election is closed", lambda: with_letters.replace(2, 12))
    body, signature = revocation(office.election, 2, 12)
    with pytest.raises(NoSuchElection):
        revoke(office.office, "0" * 32, body, signature)


def test_without_a_registrar_no_code_is_replaced(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manifest: Manifest = make_manifest((choose_one(2),))
    office = make_office(database_url, tmp_path_factory.mktemp("alone") / "secrets", make_election(manifest))
    body, signature = revocation(office.election, 1, 11)
    refused(
        office,
        RevocationRefused,
        "name no registrar",
        lambda: revoke(office.office, office.id, body, signature),
    )
    office.engine.dispose()


def test_a_fault_at_any_statement_replaces_nothing(with_letters: SignedInOffice) -> None:
    office = with_letters.under_test
    cast(office, 1)
    before, failing = office.everything(), 0

    class DiskFailed(Exception):
        pass

    while True:
        remaining = iter(range(failing))

        def fail(*_: object, remaining: object = remaining) -> None:
            if next(remaining, None) is None:  # type: ignore[call-overload]
                raise DiskFailed

        event.listen(office.engine, "before_cursor_execute", fail)
        try:
            with_letters.replace(1, 11)
        except DiskFailed:
            failing += 1
        else:
            break
        finally:
            event.remove(office.engine, "before_cursor_execute", fail)
        assert office.everything() == before
    assert failing >= 10
    cast(office, 11)
    close_early(office.office, office.id)
    verified(office)


# Where sign-in is asked.


def ties(office: OfficeUnderTest) -> tuple[int, int]:
    with reading(office.engine) as session:
        return count_ties(session, office.id)


def test_the_owner_goes_on_with_the_new_code(signed_in: SignedInOffice) -> None:
    office = signed_in.under_test
    signed_in.cast(1, 1)
    signed_in.replace(1, 11)
    signed_in.cast(1, 11, TWO)
    signed_in.cast(1, 11, ONE, sequence=2)
    assert ties(office) == (1, 1)
    signed_in.replace(11, 21)
    signed_in.cast(1, 21, TWO)
    assert ties(office) == (1, 1)
    assert votes(tally(office)) == [[0, 1, 0]]
    assert json.loads(office.body(Kind.CLOSING))["persons"] == 1
    verified(office)


def test_a_thief_who_signed_in_as_himself_does_not_keep_the_owner_out(signed_in: SignedInOffice) -> None:
    office = signed_in.under_test
    signed_in.cast(9, 1, ONE)  # the thief, with the owner's letter
    with pytest.raises(SignInConflict):
        signed_in.cast(1, 1, TWO, sequence=2)
    signed_in.replace(1, 11)
    signed_in.cast(1, 11, TWO)
    assert ties(office) == (2, 2)
    with pytest.raises(SignInConflict, match="Somebody else"):
        signed_in.cast(9, 11, ONE, sequence=2)  # and the new code is not his
    assert votes(tally(office)) == [[0, 1, 0]]
    closing = json.loads(office.body(Kind.CLOSING))
    assert (closing["persons"], closing["keys"]) == (2, 2)
    verified(office)


def test_whoever_took_the_wrong_letter_may_still_use_the_right_one(signed_in: SignedInOffice) -> None:
    """Husband and wife: he signs in and votes with her letter. Her code is replaced, and both vote once."""
    office = signed_in.under_test
    husband, wife = 1, 2
    signed_in.cast(husband, wife, ONE)
    with pytest.raises(SignInConflict, match="another voting code"):
        signed_in.cast(husband, husband, ONE)
    signed_in.replace(wife, 12)
    signed_in.cast(husband, husband, ONE)
    signed_in.cast(wife, 12, TWO)
    assert ties(office) == (2, 2)
    assert votes(tally(office)) == [[1, 2, 0]]
    verified(office)
