"""Comments stay with their paragraph: when it changes, moves, and when it is taken out."""

import pytest

from consultation.discussions.contributions import Writing, contribute
from consultation.discussions.errors import ThreadClosed
from consultation.discussions.threads import known_thread, thread_of
from consultation.errors import ChangedMeanwhile, NoSuchSubject, TextRefused
from consultation.hearings.documents import (
    PARAGRAPH_CHARACTERS,
    PARAGRAPHS_MAX,
    add_document,
    comments_of,
    compare,
    correct_matching,
    discard_version,
    documents_of,
    history_of,
    paragraphs_of,
    prepare_version,
    prepared_version,
    publish_version,
    removed_paragraphs,
    split,
    versions_of,
)
from consultation.hearings.errors import MatchedTwice, ParagraphsWrong, SameText
from consultation.hearings.types import Document, Fate, Match, Paragraph
from consultation.kinds import describe
from consultation.subjects import Subject
from tests.consultation.hearings.conftest import NOTE, OPENING, RUBBISH, STALLS, TITLE, Hall

CHANGED = STALLS.replace("một lần", "hai lần")
NEW = "Xe đạp để trong sân sau nhà văn hóa."


def ids(hall: Hall, document: Document, version: int) -> list[str]:
    with hall.work() as session:
        found = [each.id for each in paragraphs_of(session, document.id, version)]
    return [each for each in found if each is not None]


def comment(hall: Hall, paragraph: str, words: str = "Nên mở sớm hơn.") -> None:
    author = hall.desk.person()
    with hall.work() as session:
        thread = thread_of(session, Subject("paragraph", paragraph), hall.now())
        contribute(session, Writing(thread.id, author, words), hall.now())


def test_comments_follow_a_changed_and_a_moved_paragraph(own_hall: Hall) -> None:
    document = own_hall.document()
    own_hall.open()
    opening, stalls, rubbish = ids(own_hall, document, 1)
    comment(own_hall, stalls)
    comment(own_hall, rubbish)
    document = own_hall.next_version(document, f"{RUBBISH}\n\n{OPENING}\n\n{CHANGED}\n\n{NEW}")
    moved, first, second, new = ids(own_hall, document, 2)
    assert (moved, first, second) == (rubbish, opening, stalls)
    with own_hall.work() as session:
        assert comments_of(session, [moved, first, second, new]) == {stalls: 1, rubbish: 1}
        fates = {
            each.paragraph: each.fate
            for each in compare(
                paragraphs_of(session, document.id, 1), paragraphs_of(session, document.id, 2)
            )
        }
        assert fates == {
            rubbish: Fate.MOVED,
            opening: Fate.SAME,
            stalls: Fate.CHANGED,
            new: Fate.ADDED,
        }
        assert [(n, each.words) for n, each in history_of(session, document, stalls)] == [
            (2, CHANGED),
            (1, STALLS),
        ]
        thread = known_thread(session, Subject("paragraph", new))
        assert thread is not None
        assert thread.is_open(own_hall.now())


def test_a_paragraph_that_is_taken_out_keeps_its_comments_to_be_read(hall: Hall) -> None:
    document = hall.document()
    hall.open()
    opening, stalls, _ = ids(hall, document, 1)
    comment(hall, stalls)
    document = hall.next_version(document, f"{OPENING}\n\n{RUBBISH}")
    with hall.work() as session:
        assert [(n, each.id) for n, each in removed_paragraphs(session, document)] == [(1, stalls)]
        assert comments_of(session, [stalls]) == {stalls: 1}
        described = describe(session, Subject("paragraph", stalls))
        assert described is not None
        assert described.public
        assert described.words == STALLS
    with pytest.raises(ThreadClosed):
        comment(hall, stalls, "Sao lại bỏ?")
    comment(hall, opening)  # the others are open as before
    with hall.work() as session:
        changes = compare(paragraphs_of(session, document.id, 1), paragraphs_of(session, document.id, 2))
        assert [(each.paragraph, each.fate) for each in changes][1] == (stalls, Fate.REMOVED)


def test_the_official_corrects_the_matching_before_it_is_published(hall: Hall) -> None:
    document = hall.document()
    hall.open()
    opening, stalls, rubbish = ids(hall, document, 1)
    comment(hall, rubbish)
    with hall.work() as session:
        hall.prepare(session, document, f"{OPENING}\n\n{CHANGED}\n\n{NEW}")
        seen = hall.seen(session, document)
        assert [each.match for each in paragraphs_of(session, document.id, 2)] == [
            Match.EXACT,
            Match.SIMILAR,
            Match.NEW,
        ]
        assert [each.id for each in paragraphs_of(session, document.id, 1)] == [opening, stalls, rubbish]
        revision = correct_matching(session, document.id, seen, {2: None, 3: rubbish}, hall.now())
        for late in (
            lambda: publish_version(session, document.id, seen, hall.now()),
            lambda: discard_version(session, document.id, seen, hall.now()),
            lambda: prepare_version(session, document.id, seen, NEW, NOTE, hall.now()),
        ):
            with pytest.raises(ChangedMeanwhile):
                late()
        publish_version(session, document.id, revision, hall.now())
    after = ids(hall, document, 2)
    assert (after[0], after[2]) == (opening, rubbish)
    assert after[1] not in (opening, stalls, rubbish)
    with hall.work() as session:
        assert comments_of(session, after) == {rubbish: 1}


def test_two_paragraphs_can_be_exchanged_by_hand(own_hall: Hall) -> None:
    document = own_hall.document()
    opening, stalls, rubbish = ids(own_hall, document, 1)
    with own_hall.work() as session:
        own_hall.prepare(session, document, f"{OPENING}\n\n{STALLS}\n\n{NEW}")
        seen = own_hall.seen(session, document)
        seen = correct_matching(session, document.id, seen, {1: stalls, 2: opening}, own_hall.now())
        assert [each.id for each in paragraphs_of(session, document.id, 2)] == [stalls, opening, None]
        with pytest.raises(MatchedTwice) as refused:
            correct_matching(session, document.id, seen, {3: stalls}, own_hall.now())
        assert refused.value.positions == (1, 3)
        correct_matching(session, document.id, seen, {3: rubbish}, own_hall.now())


@pytest.mark.parametrize("wanted", [{9: None}, {1: "f" * 16}, {1: ""}])
def test_a_matching_with_what_is_not_there_is_refused(hall: Hall, wanted: dict[int, str | None]) -> None:
    document = hall.document()
    with hall.work() as session:
        hall.prepare(session, document, f"{OPENING}\n\n{NEW}")
        with pytest.raises(NoSuchSubject):
            correct_matching(session, document.id, hall.seen(session, document), wanted, hall.now())
        assert [each.id for each in paragraphs_of(session, document.id, 2)][1] is None


def test_preparing_again_replaces_what_was_prepared(hall: Hall) -> None:
    document = hall.document()
    with hall.work() as session:
        hall.prepare(session, document, OPENING)
        hall.prepare(session, document, f"{OPENING}\n\n{NEW}")
        assert len(paragraphs_of(session, document.id, 2)) == 2
        with pytest.raises(SameText):
            hall.prepare(session, document, f"{OPENING}\n\n{STALLS}\r\n\r\n{RUBBISH}")
        discard_version(session, document.id, hall.seen(session, document), hall.now())
        assert prepared_version(session, document) is None
        assert [each.number for each in versions_of(session, document)] == [1]
        with pytest.raises(NoSuchSubject):
            discard_version(session, document.id, hall.seen(session, document), hall.now())


def test_a_form_of_an_earlier_version_publishes_no_later_one(hall: Hall) -> None:
    """The count of changes does not begin anew with each version."""
    document = hall.document()
    with hall.work() as session:
        hall.prepare(session, document, OPENING)
        seen = hall.seen(session, document)
    document = hall.publish(document)
    with hall.work() as session:
        hall.prepare(session, document, NEW)
        with pytest.raises(ChangedMeanwhile):
            publish_version(session, document.id, seen, hall.now())


def test_a_text_that_never_was_public_goes_with_its_first_version(hall: Hall) -> None:
    with hall.work() as session:
        first = add_document(session, hall.hearing, TITLE, "vi", OPENING, hall.now())
        second = add_document(session, hall.hearing, TITLE, "en", OPENING, hall.now())
        discard_version(session, first.id, first.revision, hall.now())
    with hall.work() as session:
        assert [(each.id, each.position) for each in documents_of(session, hall.hearing)] == [(second.id, 1)]


def test_a_digest_changes_with_words_order_and_identity(hall: Hall) -> None:
    document = hall.document()
    document = hall.next_version(document, f"{STALLS}\n\n{OPENING}\n\n{RUBBISH}")
    with hall.work() as session:
        digests = [each.digest for each in versions_of(session, document)]
    assert len({*digests, None}) == 3


def test_as_few_as_possible_are_said_to_have_moved() -> None:
    def text(*order: str) -> list[Paragraph]:
        return [Paragraph(n, each, each, Match.EXACT) for n, each in enumerate(order, start=1)]

    changes = compare(text("a", "b", "c", "d"), text("d", "a", "b", "c"))
    assert [(each.paragraph, each.fate) for each in changes] == [
        ("d", Fate.MOVED),
        ("a", Fate.SAME),
        ("b", Fate.SAME),
        ("c", Fate.SAME),
    ]


def test_texts_are_split_at_empty_lines_and_bounded() -> None:
    assert split("a\nb\r\n\r\n  \n\nc\n") == ["a\nb", "c"]
    with pytest.raises(ParagraphsWrong):
        split("\n\n".join("a" * (PARAGRAPHS_MAX + 1)))
    with pytest.raises(ParagraphsWrong):
        split("a" * (PARAGRAPH_CHARACTERS + 1))
    with pytest.raises(TextRefused):
        split(" \n\n ")
