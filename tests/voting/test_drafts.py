"""Drafts: written by several officials, with nothing lost; every deed in the site log."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from protocol.errors import MalformedRecord
from storage.session import reading, writing
from tests.support.drafts import (
    AREAS,
    CALENDAR,
    PARTS,
    QUESTIONS,
    RULES,
    TITLE,
    Preparing,
    question,
    words,
)
from voting.deeds import By
from voting.draft_document import (
    PART_TYPES,
    QuestionsPart,
    Section,
    TitlePart,
    decode_draft,
    empty_draft,
    encode_draft,
)
from voting.draft_errors import ChangedMeanwhile, DraftFrozen, NoSuchDraft, TermsFixed
from voting.draft_files import attach_document, draft_document
from voting.draft_models import VotingDraft, VotingFile
from voting.draft_store import note
from voting.draft_terms import freeze
from voting.drafts import (
    changes,
    copied_draft,
    copied_election,
    create,
    discard,
    draft_of_election,
    list_drafts,
    load,
    new_draft_id,
)
from voting.office import find_election


def test_a_draft_is_written_section_by_section(preparing: Preparing) -> None:
    assert preparing.load().draft.title == TITLE
    for part in PARTS:
        preparing.save(part)
    found = preparing.load().draft
    assert found == decode_draft(encode_draft(found))
    assert (found.questions, found.calendar, found.areas, found.rules) == (QUESTIONS, CALENDAR, AREAS, RULES)
    assert [draft.id for draft in list_drafts(preparing.office)] == [preparing.draft]
    assert preparing.trail()[1:] == [
        ("Ms Lan", "draft-created"),
        *[("Ms Lan", "draft-saved")] * (len(PARTS) - 1),  # the title was there from the beginning
    ]


def test_saving_the_same_twice_changes_nothing(preparing: Preparing) -> None:
    base = preparing.load().revision
    first = preparing.save(QUESTIONS, base=base)
    deeds = preparing.trail()
    assert preparing.save(QUESTIONS, base=base) == first == base + 1
    assert preparing.trail() == deeds


def test_two_officials_write_on_different_sections(preparing: Preparing) -> None:
    base = preparing.load().revision
    preparing.save(QUESTIONS, base=base)
    preparing.save(CALENDAR, preparing.colleague, base)
    found = preparing.load().draft
    assert (found.questions, found.calendar) == (QUESTIONS, CALENDAR)


def test_the_later_of_two_on_one_section_is_told_and_nothing_is_lost(preparing: Preparing) -> None:
    base = preparing.load().revision
    preparing.save(QUESTIONS, base=base)
    mine = QuestionsPart(questions=(question("approval"),))
    before = preparing.trail()
    with pytest.raises(ChangedMeanwhile) as refused:
        preparing.save(mine, preparing.colleague, base)
    assert (refused.value.theirs, refused.value.by) == (QUESTIONS, "Ms Lan")
    assert preparing.load().draft.questions == QUESTIONS
    assert preparing.trail() == before
    preparing.save(mine, preparing.colleague, refused.value.revision)
    assert preparing.load().draft.questions == mine
    kept = [change.part for change in changes(preparing.office, preparing.draft)]
    assert kept == [mine, QUESTIONS, TITLE]


def test_a_copy_of_a_draft_has_no_dates_and_no_keys(preparing: Preparing) -> None:
    preparing.fill()
    title = msgspec.structs.replace(TITLE, title=words("Again"))
    copy = create(
        preparing.office, preparing.colleague, title, copied_draft(preparing.office, preparing.draft)
    )
    found, original = load(preparing.office, copy).draft, preparing.load().draft
    assert found.title == title
    assert (found.questions, found.areas, found.rules) == (
        original.questions,
        original.areas,
        original.rules,
    )
    assert (found.calendar.opens, found.calendar.closes) == (None, None)
    assert found.calendar.time_zone == original.calendar.time_zone
    assert [holder.name for holder in found.key_holders.holders] == ["Key holder 1"]
    assert [holder.key for holder in found.key_holders.holders] == [""]


def test_a_copy_of_an_election_has_its_documents_but_no_dates(preparing: Preparing) -> None:
    preparing.fill()
    attach_document(
        preparing.office, preparing.official, preparing.draft, words("Plan", "Quy hoạch"), b"%PDF-1.7 x"
    )
    preparing.fix()
    preparing.hand_in()
    terms = freeze(preparing.office, preparing.official, preparing.draft)
    found = copied_election(preparing.office, terms.election)
    original = preparing.load().draft
    assert (found.questions, found.areas, found.documents) == (
        original.questions,
        original.areas,
        original.documents,
    )
    assert (found.calendar.opens, found.rules.registrar_key) == (None, None)
    became = draft_of_election(preparing.office, terms.election)
    assert became is not None
    assert became.id == preparing.draft
    assert list_drafts(preparing.office) == []


def test_fixed_terms_and_frozen_elections_take_no_change(preparing: Preparing) -> None:
    preparing.fill()
    preparing.fix()
    with pytest.raises(TermsFixed):
        preparing.save(QuestionsPart(questions=()))
    preparing.hand_in()
    freeze(preparing.office, preparing.official, preparing.draft)
    with pytest.raises(DraftFrozen):
        preparing.save(QuestionsPart(questions=()))
    with pytest.raises(DraftFrozen):
        discard(preparing.office, preparing.official, preparing.draft)
    assert preparing.load().draft.questions == QUESTIONS


def test_discarding_takes_everything_away_but_the_log(preparing: Preparing) -> None:
    office = preparing.office
    preparing.fill()
    attach_document(office, preparing.official, preparing.draft, words("Plan"), b"%PDF-1.7 x")
    election = preparing.fix()
    preparing.hand_in()
    discard(office, preparing.official, preparing.draft)
    with pytest.raises(NoSuchDraft):
        preparing.load()
    with reading(office.engine) as session:
        assert list(session.scalars(select(VotingFile))) == []
        with pytest.raises(Exception, match="no election"):
            find_election(session, election)
    assert preparing.trail()[-1] == ("Ms Lan", "draft-discarded")


def test_a_document_of_another_draft_survives_the_discarding(preparing: Preparing) -> None:
    office = preparing.office
    attach_document(office, preparing.official, preparing.draft, words("Plan"), b"%PDF-1.7 x")
    copy = create(office, preparing.official, TITLE, copied_draft(office, preparing.draft))
    discard(office, preparing.official, preparing.draft)
    with reading(office.engine) as session:
        assert len(list(session.scalars(select(VotingFile)))) == 1
    discard(office, preparing.official, copy)
    with reading(office.engine) as session:
        assert list(session.scalars(select(VotingFile))) == []


def test_a_document_that_is_attached_while_its_other_draft_is_discarded_stays(
    preparing: Preparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, by, data = preparing.office, preparing.official, b"%PDF-1.7 x"
    other = create(office, by, TITLE)
    attach_document(office, by, other, words("Plan"), data)
    attached, may_end = threading.Event(), threading.Event()

    def slowly(session: Session, who: By, deed: str, draft_id: str, **detail: str) -> None:
        if deed == "document-attached":
            attached.set()
            may_end.wait(10)
        note(session, who, deed, draft_id, **detail)

    monkeypatch.setattr("voting.drafts.note", slowly)
    with ThreadPoolExecutor(2) as pool:
        attaching = pool.submit(attach_document, office, by, preparing.draft, words("Plan"), data)
        assert attached.wait(10)
        discarding = pool.submit(discard, office, by, other)
        time.sleep(0.5)  # it waits for the other one, or deletes the file
        may_end.set()
        digest = attaching.result()
        discarding.result()
    assert draft_document(office, preparing.draft, digest).data == data


@pytest.mark.parametrize("name", ["", "../x", "0" * 31, "0" * 33, "G" * 32, "\x00" * 32])
def test_there_is_no_draft_of_that_name(preparing: Preparing, name: str) -> None:
    with pytest.raises(NoSuchDraft):
        load(preparing.office, name)


def test_a_damaged_document_in_the_database_is_refused(preparing: Preparing) -> None:
    with writing(preparing.office.engine) as session:
        row = session.get_one(VotingDraft, preparing.draft)
        row.document = row.document.replace(b'"revoting":true', b'"revoting":"yes"')
    with pytest.raises(MalformedRecord):
        preparing.load()


def test_every_section_that_is_written_down_has_a_place() -> None:
    draft = empty_draft()
    assert [type(draft.part(section)) for section in PART_TYPES] == list(PART_TYPES.values())
    assert set(PART_TYPES) < set(Section)


@pytest.mark.parametrize(
    "part",
    [
        '{"authority":{"en":"a\\u202eb","vi":""},"rehearsal":false,"title":{"en":"","vi":""}}',
        '{"authority":{"en":"%s","vi":""},"rehearsal":false,"title":{"en":"","vi":""}}' % ("x" * 201),
        '{"authority":{"en":"Ho\\u0300a","vi":""},"rehearsal":false,"title":{"en":"","vi":""}}',
        '{"authority":{"en":"","vi":""},"rehearsal":false,"title":{"en":"","vi":""},"more":1}',
    ],
    ids=["bidi", "too-long", "not-nfc", "unknown-field"],
)
def test_a_section_that_no_form_could_make_is_refused(part: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(part, type=TitlePart)


def test_a_vote_is_begun_once_however_often_it_is_sent(preparing: Preparing) -> None:
    name = new_draft_id()
    for _ in range(2):
        assert create(preparing.office, preparing.official, TITLE, draft_id=name) == name
    assert [draft.id for draft in list_drafts(preparing.office)].count(name) == 1
    assert len(changes(preparing.office, name)) == 1


def test_of_many_who_save_at_once_one_is_first_and_all_others_are_told(preparing: Preparing) -> None:
    base = preparing.load().revision

    def save(number: int) -> str:
        part = QuestionsPart(questions=(question(text=words(f"Question {number}")),))
        try:
            preparing.save(part, base=base)
        except ChangedMeanwhile:
            return "told"
        return f"Question {number}"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(save, range(6)))
    first = [outcome for outcome in outcomes if outcome != "told"]
    assert len(first) == 1
    assert preparing.load().draft.questions.questions[0].text.en == first[0]
    assert preparing.load().revision == base + 1
    assert preparing.trail()[-2:] == [("Ms Lan", "draft-created"), ("Ms Lan", "draft-saved")]
