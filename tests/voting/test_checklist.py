"""What the checklist says of a draft, item by item; a whole draft as control."""

from datetime import timedelta

import msgspec
import pytest

from protocol.manifest import RELAXED_SMALL_AREAS, Area
from protocol.text import LocalText
from tests.support.drafts import (
    AREAS,
    CALENDAR,
    NOW,
    QUESTIONS,
    RULES,
    TITLE,
    at,
    holders,
    question,
    words,
)
from voting.checklist import BEFORE_TERMS, State, checklist, hindrances, state_of_section
from voting.draft_document import (
    DocumentsPart,
    Draft,
    DraftDocument,
    DraftOption,
    Part,
    QuestionsPart,
    Section,
    Words,
    empty_draft,
)
from voting.draft_facts import Cell, ListFacts, Prepared, cells_of, decode_cells, differences, encode_cells

replace = msgspec.structs.replace
VOTERS = ListFacts((Cell(area="north", voters=12, weight=1), Cell(area="south", voters=12, weight=1)), 0, 0)


def whole(*parts: Part) -> Draft:
    """A draft to which nothing is missing, with some sections replaced."""
    draft = empty_draft()
    for part in (TITLE, QUESTIONS, CALENDAR, AREAS, RULES, holders(3), *parts):
        draft = draft.with_part(part)
    return draft


def codes(prepared: Prepared, state: State | None = None) -> list[str]:
    """The codes of all items, or of those in this state."""
    return [item.code for item in checklist(prepared, NOW) if state in (None, item.state)]


def missing(*parts: Part, voters: ListFacts | None = VOTERS) -> list[str]:
    """What keeps a draft with these sections from having its terms fixed."""
    items = checklist(Prepared(whole(*parts), voters), NOW)
    return [item.code for item in hindrances(items, BEFORE_TERMS)]


def warnings(*parts: Part, voters: ListFacts | None = VOTERS) -> list[str]:
    return codes(Prepared(whole(*parts), voters), State.WARNING)


def test_every_section_has_an_item_in_order() -> None:
    for prepared in (Prepared(empty_draft()), Prepared(whole(), VOTERS)):
        sections = [item.section for item in checklist(prepared, NOW)]
        assert sorted(set(sections), key=sections.index) == list(Section)


def test_an_empty_draft_lacks_nearly_everything() -> None:
    assert codes(Prepared(empty_draft()), State.MISSING) == [
        "title-missing",
        "authority-missing",
        "no-question",
        "zone-missing",
        "no-key-holder",
        "terms-wait",
        "after-terms",
        "after-terms",
        "after-terms",
    ]


def test_a_whole_draft_is_ready_and_says_what_it_does_without() -> None:
    prepared = Prepared(whole(), VOTERS)
    assert missing() == []
    assert codes(prepared, State.MISSING) == ["terms-ready", "after-terms", "after-terms", "after-terms"]
    assert codes(prepared, State.WARNING) == ["no-registrar-key", "one-machine-ceremony", "112-bit"]
    items = checklist(prepared, NOW)
    assert state_of_section(items, Section.TITLE) is State.DONE
    assert state_of_section(items, Section.RULES) is State.WARNING
    assert state_of_section(items, Section.TERMS) is State.MISSING


def options(*labels: Words) -> tuple[DraftOption, ...]:
    return tuple(DraftOption(id=f"o{i}", label=label) for i, label in enumerate(labels, start=1))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (question(text=words("")), "question-text"),
        (question(text=Words(en="What?", vi="")), "question-text"),
        (question(options=options(words("A"))), "too-few-options"),
        (question(options=options(words("A"), Words(en="B", vi=""))), "option-in-one-language"),
        (question(options=options(words("Park"), words("P\u0430rk"))), "options-alike"),
        (question(options=options(words("Yes"), words("yes"))), "options-alike"),
        (question(options=options(Words(en="A", vi="Có"), Words(en="B", vi="có"))), "options-alike"),
        (question(text=words("What of the P\u0430rk?")), "mixed-scripts"),
        (question(text=words("What of the par\u200bk?")), "unseen-character"),
        (question("approval", minimum=3), "approval-bounds"),
        (question("approval", maximum=4), "approval-bounds"),
        (question("approval", minimum=0, maximum=0), "approval-bounds"),
        (question("points", points_max=0), "points-bounds"),
        (question("points", maximum=10), "points-bounds"),
        (question("points", minimum=5), "points-bounds"),
        (question("ranking", positions=(2, 1)), "positions-count"),
        (question("ranking", positions=(0, 1, 2)), "positions-order"),
        (question("ranking", positions=(1, 1, 1)), "positions-order"),
        (
            question(
                "ranking",
                options=options(*(words(f"Choice {i}") for i in range(9))),
                positions=tuple(range(8, -1, -1)),
            ),
            "too-many-to-rank",
        ),
    ],
)
def test_what_a_question_lacks(changed: object, code: str) -> None:
    assert isinstance(changed, type(question()))
    assert code in missing(QuestionsPart(questions=(changed,)))


def test_bounds_that_just_fit() -> None:
    fits = (
        question("approval", "a", minimum=0, maximum=3),
        question("points", "b", points_max=20, minimum=60, maximum=60),
        question("ranking", "c", positions=(1, 1, 0)),
    )
    assert missing(QuestionsPart(questions=fits)) == []


def test_two_questions_that_read_alike() -> None:
    pair = (question(), question(name="q2"))
    assert missing(QuestionsPart(questions=pair)) == ["questions-alike"]


@pytest.mark.parametrize(
    ("changes", "codes_found"),
    [
        ({"time_zone": ""}, ["zone-missing"]),
        ({"opens": None}, ["opens-missing"]),
        ({"closes": None}, ["closes-missing"]),
        ({"closes": at("2026-11-23", "07:00")}, ["closes-before-opens"]),
        ({"closes": at("2026-11-20", "07:00")}, ["closes-before-opens"]),
        ({"opens": at("2026-10-31", "07:00")}, ["opens-past"]),
        ({"opens": at("2026-10-20", "07:00"), "closes": at("2026-10-30", "07:00")}, ["closes-past"]),
        ({"time_zone": "Europe/Tallinn", "opens": at("2027-03-28", "03:30")}, ["opens-does-not-exist"]),
        ({"time_zone": "No/Where"}, ["opens-does-not-exist", "closes-does-not-exist"]),
    ],
)
def test_what_a_calendar_lacks(changes: dict[str, object], codes_found: list[str]) -> None:
    assert missing(replace(CALENDAR, **changes)) == codes_found


def test_what_a_calendar_should_be_looked_at_for() -> None:
    short = replace(CALENDAR, opens=at("2026-11-29", "08:00"))
    soon = replace(CALENDAR, opens=at("2026-11-05", "08:00"))
    far = replace(CALENDAR, closes=at("2036-11-05", "08:00"))
    none = replace(CALENDAR, objection_seconds=0)
    for part, code in (
        (short, "short-vote"),
        (soon, "opens-soon"),
        (far, "far-ahead"),
        (none, "no-objection-time"),
    ):
        assert missing(part) == []
        assert code in warnings(part)
    assert "opens-soon" not in warnings(soon, replace(TITLE, rehearsal=True))
    assert "rehearsal" in warnings(replace(TITLE, rehearsal=True))


def test_a_vote_that_should_have_opened_already_can_still_be_frozen() -> None:
    late = Prepared(whole(), VOTERS, election="0" * 32)
    after = NOW + timedelta(days=25)
    assert ("opens-past", State.WARNING) in [(item.code, item.state) for item in checklist(late, after)]
    assert "closes-past" in [item.code for item in hindrances(checklist(late, NOW + timedelta(days=60)))]


def test_areas_and_the_voters_in_them() -> None:
    west = Area(id="west", name=LocalText(en="West", vi="Tây"))
    more = replace(AREAS, areas=(*AREAS.areas, west))
    assert "area-without-voters" in warnings(more)
    twins = replace(AREAS, areas=(*AREAS.areas, replace(west, name=LocalText(en="North", vi="Tây"))))
    assert missing(twins) == ["areas-alike"]
    few = ListFacts((Cell(area="north", voters=9, weight=1), Cell(area="south", voters=12, weight=1)), 0, 0)
    assert "small-areas-joined" in warnings(voters=few)
    assert "small-areas-relaxed" in warnings(replace(AREAS, small_areas=RELAXED_SMALL_AREAS))
    strange = ListFacts((Cell(area="east", voters=9, weight=1),), 0, 0)
    assert "list-with-other-areas" in missing(voters=strange)
    lonely = ListFacts((*VOTERS.cells, Cell(area="south", voters=1, weight=7)), 0, 0)
    found = [item for item in checklist(Prepared(whole(), lonely), NOW) if item.code == "lonely-weight"]
    assert [dict(item.values) for item in found] == [{"count": 1, "area": "south", "weight": 7}]


def test_who_signs_in_must_be_on_the_list_by_an_identity() -> None:
    asks = replace(RULES, sign_in="required")
    assert missing(asks, voters=None) == ["no-list-to-sign-in"]
    assert missing(asks) == ["lines-without-identity"]
    assert missing(asks, voters=ListFacts(VOTERS.cells, 24, 0)) == []
    assert warnings(voters=None)[1:2] == ["no-list"]
    assert "no-revoting" in warnings(replace(RULES, revoting=False))


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (holders(2), "two-key-holders"),
        (replace(holders(3), holders=()), "no-key-holder"),
        (
            replace(holders(3), holders=tuple(replace(h, key="") for h in holders(3).holders)),
            "keys-missing",
        ),
        (
            replace(holders(3), holders=tuple(replace(h, name="Lan") for h in holders(3).holders)),
            "key-holders-alike",
        ),
    ],
)
def test_what_the_key_holders_lack(part: Part, code: str) -> None:
    assert code in missing(part)


def test_one_key_holder_alone_is_said() -> None:
    assert missing(holders(1)) == []
    assert "single-trustee" in warnings(holders(1))
    assert "one-machine-ceremony" not in warnings(holders(1))


def test_a_document_needs_its_name_in_both_languages() -> None:
    document = DraftDocument(bytes=9, media_type="text/plain", name=Words(en="Plan", vi=""), sha256="A" * 43)
    assert missing(DocumentsPart(documents=(document,))) == ["document-name"]
    assert missing(DocumentsPart(documents=(replace(document, name=words("Plan")),))) == []


def test_a_ballot_with_too_many_proofs_is_found_before_the_terms() -> None:
    big = tuple(
        question(
            "points", f"q{number}", text=words(f"How much {number}?"), points_max=20, maximum=20,
            options=options(*(words(f"Choice {i}") for i in range(200))),
        )
        for number in range(2)
    )  # fmt: skip
    found = checklist(Prepared(whole(QuestionsPart(questions=big)), VOTERS), NOW)
    assert [item.code for item in hindrances(found, (Section.TERMS,))] == ["terms-impossible"]


def test_after_the_terms_the_files_are_missing_in_turn() -> None:
    fixed = Prepared(whole(), VOTERS, election="0" * 32)
    assert codes(fixed, State.MISSING) == ["ceremony-missing", "roll-missing", "signatures-wait"]
    with_files = Prepared(whole(), VOTERS, "0" * 32, ceremony=True, roll=VOTERS.cells)
    assert codes(with_files, State.MISSING) == ["signatures-missing"]
    signed = Prepared(whole(), VOTERS, "0" * 32, True, VOTERS.cells, frozenset({1, 2, 3}))
    assert codes(signed, State.MISSING) == []
    unlisted = Prepared(whole(), None, "0" * 32, True, VOTERS.cells, frozenset({1, 2, 3}))
    assert codes(unlisted, State.MISSING) == []
    assert "roll-not-compared" in codes(unlisted, State.WARNING)


def test_where_roll_and_list_differ() -> None:
    on_roll = cells_of([("north", 1)] * 12 + [("south", 1)] * 11 + [("south", 2)])
    found = differences(VOTERS.cells, on_roll)
    assert [(each.area, each.weight, each.on_list, each.on_roll) for each in found] == [
        ("south", 1, 12, 11),
        ("south", 2, 0, 1),
    ]
    assert differences(VOTERS.cells, VOTERS.cells) == ()
    assert decode_cells(encode_cells(on_roll)) == on_roll
    fixed = Prepared(whole(), VOTERS, "0" * 32, ceremony=True, roll=on_roll)
    assert codes(fixed, State.MISSING) == ["roll-differs", "signatures-missing"]
