"""A voters' list is taken whole or not at all, and nobody's name stays on the server."""

import pytest
from sqlalchemy import select

from identity.people import email_claim, person_hash
from identity.types import EMAIL
from storage.base import Base
from storage.session import reading
from tests.support.drafts import AREAS, RULES, VOTERS_CSV, Preparing
from voting.draft_document import RulesPart
from voting.draft_errors import ListRefused, TermsFixed
from voting.draft_facts import Cell
from voting.draft_models import VotingListPerson
from voting.draft_terms import freeze
from voting.draft_voters import (
    NothingStaged,
    accept_list,
    contact_of,
    is_eligible,
    read_list,
    remove_lists,
    stage_list,
    stored_lists,
)

WITH_PEOPLE = """voter,area,weight,identity,email,language
Nguyễn Văn An,north,1,EE38001085718,an@example.org,vi
Trần Thị Bình,north,1,EE48002096023,,
Lê Cường,south,3,EE37903110218,cuong@example.org,
""".encode()
ISSUER = "https://issuer.example"
SIGN_IN = RulesPart(quorum=None, registrar_key=None, revoting=True, sign_in="required")


def everything(preparing: Preparing) -> str:
    with reading(preparing.office.engine) as session:
        tables = Base.metadata.sorted_tables
        return repr([tuple(row) for table in tables for row in session.execute(select(table))])


def test_only_numbers_hashes_and_addresses_stay(preparing: Preparing) -> None:
    preparing.save(AREAS)
    number = preparing.voters(WITH_PEOPLE, ISSUER)
    accepted, staged = stored_lists(preparing.office, preparing.draft)
    assert accepted is not None
    assert staged is None
    assert accepted.id == number
    assert accepted.facts.cells == (
        Cell(area="north", voters=2, weight=1),
        Cell(area="south", voters=1, weight=3),
    )
    assert (accepted.facts.voters, accepted.facts.total_weight) == (3, 5)
    assert (accepted.facts.identities, accepted.facts.contacts) == (3, 2)
    assert accepted.facts.lonely == (("south", 3),)
    found = everything(preparing)
    assert "an@example.org" in found
    for name in ("Nguyễn", "Bình", "Cường", "EE38001085718", "EE48002096023", "EE37903110218"):
        assert name not in found


def test_whoever_does_not_sign_in_leaves_only_a_number(preparing: Preparing) -> None:
    preparing.save(AREAS)
    preparing.voters(WITH_PEOPLE)
    accepted, _ = stored_lists(preparing.office, preparing.draft)
    assert accepted is not None
    assert (accepted.facts.voters, accepted.facts.identities, accepted.facts.contacts) == (3, 0, 0)
    assert "example.org" not in everything(preparing)


def test_a_list_with_one_bad_line_changes_nothing(preparing: Preparing) -> None:
    preparing.save(AREAS)
    number = preparing.voters(VOTERS_CSV.encode())
    before = preparing.trail()
    found = read_list(preparing.office, preparing.draft, WITH_PEOPLE + b"X,west,1\n", None)
    assert [fault.line for fault in found.faults] == [5, 5][: found.faults_count]
    with pytest.raises(ListRefused):
        stage_list(preparing.office, preparing.official, preparing.draft, found, None)
    accepted, staged = stored_lists(preparing.office, preparing.draft)
    assert accepted is not None
    assert (accepted.id, staged) == (number, None)
    assert preparing.trail() == before


def test_two_lines_that_would_sign_in_as_one_are_refused(preparing: Preparing) -> None:
    preparing.save(AREAS)
    data = b"voter,area,email\nA,north,x@example.org\nB,north,X@Example.org\nC,south,c@example.org\n"
    assert read_list(preparing.office, preparing.draft, data, None).usable
    found = read_list(preparing.office, preparing.draft, data, EMAIL)
    assert [(fault.line, fault.code) for fault in found.faults] == [(3, "identity-twice")]
    assert not found.usable


def test_a_staged_list_waits_beside_the_accepted_one(preparing: Preparing) -> None:
    preparing.save(AREAS)
    first = preparing.voters(VOTERS_CSV.encode())
    found = read_list(preparing.office, preparing.draft, WITH_PEOPLE, ISSUER)
    second = stage_list(preparing.office, preparing.official, preparing.draft, found, ISSUER)
    voters = preparing.load().prepared.voters
    assert voters is not None
    assert voters.voters == 24
    third = stage_list(preparing.office, preparing.colleague, preparing.draft, found, ISSUER)
    with pytest.raises(NothingStaged):
        accept_list(preparing.office, preparing.official, preparing.draft, second)
    accept_list(preparing.office, preparing.official, preparing.draft, third)
    accept_list(preparing.office, preparing.official, preparing.draft, third)  # sent twice
    accepted, staged = stored_lists(preparing.office, preparing.draft)
    assert accepted is not None
    assert (accepted.id, staged) == (third, None)
    with reading(preparing.office.engine) as session:
        assert {row.list_id for row in session.scalars(select(VotingListPerson))} == {third}
    with pytest.raises(NothingStaged):
        accept_list(preparing.office, preparing.official, preparing.draft, first)
    remove_lists(preparing.office, preparing.official, preparing.draft)
    assert stored_lists(preparing.office, preparing.draft) == (None, None)
    with reading(preparing.office.engine) as session:
        assert list(session.scalars(select(VotingListPerson))) == []


def test_who_is_eligible_once_the_election_is_frozen(preparing: Preparing) -> None:
    preparing.fill(1, SIGN_IN)
    data = b"voter,area,email,language\nA,north,An@Example.org,vi\nB,south,b@example.org,\n"
    preparing.voters(data, EMAIL)
    election = preparing.fix()
    with pytest.raises(TermsFixed):
        remove_lists(preparing.office, preparing.official, preparing.draft)
    an, stranger = (
        person_hash(preparing.desk.keys, EMAIL, email_claim(address))
        for address in ("an@example.org", "c@example.org")
    )
    with reading(preparing.office.engine) as session:
        assert not is_eligible(session, election, an)  # not before the freeze
    preparing.hand_in()
    freeze(preparing.office, preparing.official, preparing.draft)
    with reading(preparing.office.engine) as session:
        assert is_eligible(session, election, an)
        assert not is_eligible(session, election, stranger)
        assert not is_eligible(session, "f" * 32, an)
        contact = contact_of(session, election, an)
        assert contact is not None
        assert (contact.email, contact.language) == ("An@Example.org", "vi")
        assert contact_of(session, election, stranger) is None
    assert RULES.sign_in == "none"
