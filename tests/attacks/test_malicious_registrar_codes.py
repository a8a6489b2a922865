"""A registrar who keeps all codes, and has an accomplice who may sign in."""

import json

import pytest

from crypto.encoding import encode_base64url
from protocol.leaf import Kind
from tests.support.elections import voter_key
from tests.support.offices import OfficeUnderTest, cast_request
from tests.support.signed_in import ONE, TWO, WEIGHTS, SignedInOffice
from tests.support.trustees import tally, votes
from tests.voting.whole import verified
from voting.casting import cast_ballot
from voting.errors import SignInConflict, SignInNeeded

ACCOMPLICE = 99
VOTERS = range(1, len(WEIGHTS) + 1)


def persons(office: OfficeUnderTest) -> tuple[int, int]:
    closing = json.loads(office.body(Kind.CLOSING))
    return closing["persons"], closing["keys"]


def test_control_where_no_sign_in_is_asked_the_registrar_can_do_it(with_letters: SignedInOffice) -> None:
    """PROTOCOL section 11 says so; this is what sign-in is for."""
    office = with_letters.under_test
    for voter in VOTERS:
        cast_ballot(office.office, office.id, cast_request(office.election, voter, ONE))
    assert votes(tally(office)) == [[7, 0, 0]]


def test_one_accomplice_casts_one_ballot_and_the_others_are_refused_in_public(
    signed_in: SignedInOffice,
) -> None:
    office = signed_in.under_test
    signed_in.cast(1, 1, TWO)  # an honest voter
    signed_in.cast(ACCOMPLICE, 2, ONE)
    for voter in (3, 4):
        with pytest.raises(SignInConflict):
            signed_in.cast(ACCOMPLICE, voter, ONE)
    with pytest.raises(SignInConflict):
        signed_in.cast(ACCOMPLICE, 1, ONE, sequence=2)
    with pytest.raises(SignInNeeded):
        cast_ballot(office.office, office.id, cast_request(office.election, 3, ONE))
    assert votes(tally(office)) == [[2, 1, 0]]
    assert persons(office) == (2, 2)
    report = verified(office).report
    assert [each.reason for each in report.events.conflicts] == ["person-has-another-key"] * 3
    assert report.events.closed is not None
    assert report.events.closed.persons == 2


def test_replacing_codes_gives_the_accomplice_no_second_ballot_that_counts(signed_in: SignedInOffice) -> None:
    """Vote, have the code replaced, vote with the code of somebody else, and so on: the last one alone counts."""
    office = signed_in.under_test
    for step, voter in enumerate(VOTERS):
        signed_in.cast(ACCOMPLICE, voter, ONE)
        if step < len(VOTERS) - 1:
            with pytest.raises(SignInConflict):
                signed_in.cast(ACCOMPLICE, voter + 1, ONE)
            signed_in.replace(voter, voter + 10)
    assert votes(tally(office)) == [[WEIGHTS[-1][0], 0, 0]]
    assert persons(office) == (1, 1)
    assert len(verified(office).report.events.replaced) == len(VOTERS) - 1


def test_a_code_taken_from_somebody_who_has_voted_is_seen_and_costs_the_accomplice_his_own(
    signed_in: SignedInOffice,
) -> None:
    """The registrar can end a vote, in public. What he gains is his accomplice's one vote, in another's place."""
    office = signed_in.under_test
    signed_in.cast(3, 3, TWO)
    signed_in.replace(3, 13)
    signed_in.cast(ACCOMPLICE, 13, ONE)
    with pytest.raises(SignInConflict):
        signed_in.cast(ACCOMPLICE, 4, ONE)
    with pytest.raises(SignInConflict):
        signed_in.cast(3, 13, TWO, sequence=2)
    assert votes(tally(office)) == [[3, 0, 0]]
    assert persons(office) == (2, 2)
    report = verified(office).report
    assert [(each.entry, each.ballots) for each in report.events.replaced] == [(6, 1)]
    assert len(report.events.conflicts) == 2


def test_a_forged_sign_in_is_none(signed_in: SignedInOffice) -> None:
    """Whoever knows all codes and all board does not know what a permit is made of."""
    office = signed_in.under_test
    signed_in.permit(1)
    before = office.everything()
    stored = [value for row in before["voting_permit"] for value in row if isinstance(value, bytes)]
    assert len(stored) == 2
    for guess in (*stored, voter_key(1).public_key, bytes(32)):
        answer = office.client.post(
            f"{office.api}/ballots",
            content=cast_request(office.election, 1, ONE),
            headers={"Psephos-Permit": encode_base64url(guess)},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "permit-expired")
    assert office.everything() == before
