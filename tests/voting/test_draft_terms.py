"""From answers to a frozen election, and everything that must not get through on the way."""

import msgspec
import pytest

from board import log as board
from board.log import LogId
from protocol.leaf import Kind
from protocol.manifest import decode_manifest
from protocol.roll import RollEntry, make_roll
from storage.session import reading
from tests.support.drafts import CALENDAR, QUESTIONS, SITE, Preparing, at, holders
from tests.support.elections import voter_key
from voting.checklist import State, checklist
from voting.draft_document import QuestionsPart, Section
from voting.draft_errors import (
    DraftFrozen,
    FileRefused,
    NotReady,
    ReadAgain,
    TermsNotFixed,
)
from voting.draft_terms import (
    fix_terms,
    freeze,
    handed_in,
    take_back_terms,
    take_ceremony,
    take_freeze_signature,
    take_roll,
    terms_files,
    withdraw,
)
from voting.office import State as ElectionState
from voting.office import find_election, read_manifest, state_of


def test_an_election_from_nothing_to_frozen(preparing: Preparing) -> None:
    preparing.fill(trustees=3)
    election = preparing.fix()
    preparing.hand_in(trustees=3)
    assert not [
        item
        for item in checklist(preparing.load().prepared, preparing.clock())
        if item.state is State.MISSING
    ]
    terms = freeze(preparing.office, preparing.official, preparing.draft)
    assert terms.election == election
    with reading(preparing.office.engine) as session:
        row = find_election(session, election)
        manifest = read_manifest(row)
        assert state_of(row) is ElectionState.FROZEN
        assert row.voters == 24
        entries = board.entries(session, LogId(row.log_id), 0, 10)
        assert [entry.kind for entry in entries] == [Kind.MANIFEST, Kind.CEREMONY, Kind.ROLL, Kind.FREEZE]
    assert [question.id for question in manifest.questions] == ["q1", "q2", "q3", "q4"]
    assert (manifest.opens_at, manifest.closes_at) == ("2026-11-23T00:00:00Z", "2026-11-29T13:00:00Z")
    assert manifest.log_origin == f"{SITE}/elections/{election}"
    assert preparing.load().frozen_at == preparing.clock()
    assert preparing.trail()[-1] == ("Ms Lan", "election-frozen")


def test_fixing_twice_and_freezing_twice(preparing: Preparing) -> None:
    preparing.fill()
    election = preparing.fix()
    assert preparing.fix() == election
    preparing.hand_in()
    freeze(preparing.office, preparing.official, preparing.draft)
    deeds = preparing.trail()
    with pytest.raises(DraftFrozen):
        freeze(preparing.office, preparing.official, preparing.draft)
    with pytest.raises(DraftFrozen):
        take_back_terms(preparing.office, preparing.official, preparing.draft)
    assert preparing.trail() == deeds


def test_incomplete_answers_are_not_fixed(preparing: Preparing) -> None:
    preparing.fill()
    preparing.save(QuestionsPart(questions=()))
    preparing.save(msgspec.structs.replace(CALENDAR, closes=at("2026-11-20", "20:00")))
    with pytest.raises(NotReady) as refused:
        preparing.fix()
    assert {item.code for item in refused.value.items} == {"no-question", "closes-before-opens"}
    assert preparing.load().election is None


def test_terms_that_somebody_changed_meanwhile_are_not_fixed(preparing: Preparing) -> None:
    preparing.fill()
    read = preparing.load().revision
    preparing.save(QuestionsPart(questions=QUESTIONS.questions[:1]), preparing.colleague)
    with pytest.raises(ReadAgain):
        fix_terms(preparing.office, preparing.official, preparing.draft, read, SITE)
    assert preparing.load().election is None


def test_nothing_is_handed_in_before_the_terms(preparing: Preparing) -> None:
    preparing.fill()
    for take in (take_ceremony, take_roll, take_freeze_signature):
        with pytest.raises(TermsNotFixed):
            take(preparing.office, preparing.official, preparing.draft, b"{}")
    with pytest.raises(TermsNotFixed):
        terms_files(preparing.office, preparing.draft)


def test_taking_back_throws_away_what_was_made_for_the_old_terms(preparing: Preparing) -> None:
    preparing.fill()
    old = preparing.fix()
    preparing.hand_in()
    ceremony, roll = preparing.ceremony(), preparing.roll()
    take_back_terms(preparing.office, preparing.official, preparing.draft)
    found = preparing.load()
    assert found.election is None
    assert not found.prepared.ceremony
    assert handed_in(preparing.office, preparing.draft) == {}
    new = preparing.fix()
    assert new != old
    for take, data in ((take_ceremony, ceremony), (take_roll, roll)):
        with pytest.raises(FileRefused, match="belongs to another election"):
            take(preparing.office, preparing.official, preparing.draft, data)


def test_the_same_file_again_is_harmless_and_another_is_refused(preparing: Preparing) -> None:
    office, official, draft = preparing.office, preparing.official, preparing.draft
    preparing.fill()
    preparing.fix()
    preparing.hand_in()
    deeds = preparing.trail()
    preparing.hand_in()
    assert preparing.trail() == deeds
    other = preparing.roll([("north", 1)] * 12 + [("south", 2)] * 12)
    with pytest.raises(FileRefused) as refused:
        take_roll(office, official, draft, other)
    assert refused.value.reason == "stands"
    withdraw(office, official, draft, "roll")
    found = preparing.load().prepared
    assert (found.roll, found.ceremony, found.signed) == (None, True, frozenset())
    take_roll(office, official, draft, other)
    with pytest.raises(NotReady) as not_ready:
        freeze(office, official, draft)
    assert "roll-differs" in {item.code for item in not_ready.value.items}


def test_a_signature_of_other_terms_is_refused(preparing: Preparing) -> None:
    office, official, draft = preparing.office, preparing.official, preparing.draft
    preparing.fill(trustees=3)
    preparing.fix()
    with pytest.raises(FileRefused) as early:
        take_freeze_signature(office, official, draft, b"{}")
    assert early.value.reason == "too-early"
    take_ceremony(office, official, draft, preparing.ceremony())
    take_roll(office, official, draft, preparing.roll())
    old = preparing.signature(1)
    with pytest.raises(FileRefused) as others:
        take_freeze_signature(office, official, draft, old, trustee=2)
    assert others.value.reason == "other-trustee"
    withdraw(office, official, draft, "roll")
    take_roll(office, official, draft, preparing.roll([("north", 1)] * 24))
    with pytest.raises(FileRefused, match="did not sign this fingerprint"):
        take_freeze_signature(office, official, draft, old)
    forged = preparing.signature(2).replace(b'"trustee":2', b'"trustee":1')
    with pytest.raises(FileRefused, match="did not sign this fingerprint"):
        take_freeze_signature(office, official, draft, forged)
    assert preparing.load().prepared.signed == frozenset()


@pytest.mark.parametrize("kind", ["not-json", "other-shape", "two-lines", "half"])
def test_files_that_are_something_else_are_refused(preparing: Preparing, kind: str) -> None:
    office, official, draft = preparing.office, preparing.official, preparing.draft
    preparing.fill()
    preparing.fix()
    before = preparing.trail()
    for take, good in ((take_ceremony, preparing.ceremony()), (take_roll, preparing.roll())):
        data = {
            "not-json": b"\xff\xfe\x00",
            "other-shape": b'{"format":"psephos/roll/v1"}',
            "two-lines": good + good,
            "half": good[: len(good) // 2],
        }[kind]
        with pytest.raises(FileRefused):
            take(office, official, draft, data)
    assert handed_in(office, draft) == {}
    assert preparing.trail() == before


def test_a_roll_with_strange_areas_is_refused(preparing: Preparing) -> None:
    preparing.fill()
    election = preparing.fix()
    body = make_roll(election, [(voter_key(1).public_key, RollEntry(weight=1, area="west"))])
    with pytest.raises(FileRefused, match="no area 'west'"):
        take_roll(preparing.office, preparing.official, preparing.draft, body)


def test_what_is_missing_keeps_the_election_from_being_frozen(preparing: Preparing) -> None:
    preparing.fill(trustees=3)
    preparing.fix()
    preparing.hand_in(trustees=2)
    with pytest.raises(NotReady) as refused:
        freeze(preparing.office, preparing.official, preparing.draft)
    assert [item.code for item in refused.value.items] == ["signatures-missing"]
    assert refused.value.items[0].values["names"] == "Key holder 3"
    election = preparing.load().election
    assert election is not None
    with reading(preparing.office.engine) as session:
        assert state_of(find_election(session, election)) is ElectionState.DRAFT


def test_too_late_to_freeze_a_vote_that_would_be_over(preparing: Preparing) -> None:
    preparing.fill()
    preparing.fix()
    preparing.hand_in()
    preparing.clock.now = preparing.clock.now.replace(month=12)
    with pytest.raises(NotReady) as refused:
        freeze(preparing.office, preparing.official, preparing.draft)
    assert [(item.section, item.code) for item in refused.value.items] == [(Section.CALENDAR, "closes-past")]


def test_the_keys_of_the_manifest_are_this_servers(preparing: Preparing) -> None:
    preparing.fill()
    election = preparing.fix()
    manifest = decode_manifest(terms_files(preparing.office, preparing.draft).manifest)
    assert manifest.election == election
    assert preparing.office.election_keys(election).server.public_key.hex() != "00" * 32
    assert [named.key for named in manifest.trustees] == [holder.key for holder in holders().holders]
