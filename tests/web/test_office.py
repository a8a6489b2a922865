"""Officials' pages before the freeze: what is typed stays, faults stand beside the fields, nothing is lost."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from identity.roles import Role
from tests.support.drafts import (
    CALENDAR,
    NOW,
    QUESTIONS,
    VOTERS_CSV,
    at,
    holders,
    question,
    words,
)
from tests.support.office_pages import OfficePages, fault_of, fields_of, office_pages, summary
from tests.support.sites import SiteUnderTest, site_under_test
from voting.draft_document import NO_WORDS, LocalMoment, QuestionsPart, TitlePart, Words
from voting.draft_questions import mark_of, save_question
from voting.drafts import list_drafts, save_section
from web.routes.office_voters import LIST_BYTES_MAX


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteUnderTest]:
    with site_under_test(f"sqlite:///{tmp_path / 'psephos.sqlite'}", tmp_path) as made:
        made.desk.clock.now = NOW
        yield made


@pytest.fixture
def pages(site: SiteUnderTest) -> OfficePages:
    return office_pages(site)


def test_a_vote_is_begun_once_however_often_the_form_is_sent(site: SiteUnderTest) -> None:
    browser = site.browser_of(Role.OFFICIAL)
    form = fields_of(browser.get("/en/office/drafts/new"))
    refused = browser.post("/en/office/drafts/new", {**form, "title-en": "", "title-vi": " "})
    assert refused.status_code == 422
    assert "Write a title" in fault_of(refused, "title-en")
    assert "<title>Error: Prepare a new vote" in refused.text
    kept = fields_of(refused)
    assert kept["draft"] == form["draft"]
    sent = [browser.post("/en/office/drafts/new", {**kept, "title-vi": "Chợ cũ"}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [303, 303]
    assert sent[0].headers["location"] == sent[1].headers["location"]
    drafts = list_drafts(site.app.state.office)
    assert [draft.draft.title.title for draft in drafts] == [words("", "Chợ cũ")]
    assert "Chợ cũ" in browser.get("/en/office").text
    assert browser.get(sent[0].headers["location"]).status_code == 200


def test_a_new_vote_starts_from_another_one(pages: OfficePages) -> None:
    pages.preparing.save(QUESTIONS)
    form = fields_of(pages.browser.get("/en/office/drafts/new"))
    copy = {**form, "title-en": "Again", "base": f"draft-{pages.preparing.draft}"}
    assert pages.browser.post("/en/office/drafts/new", copy).status_code == 303
    newest = list_drafts(pages.preparing.office)
    assert {draft.draft.title.title.en for draft in newest} == {"Again", "The old market land"}
    assert all(draft.draft.questions == QUESTIONS for draft in newest)
    gone = pages.browser.post("/en/office/drafts/new", {**form, "title-en": "X", "base": "draft-" + "0" * 32})
    assert "Choose where to start" in summary(gone)[0]


@pytest.mark.parametrize(
    ("typed", "anchor", "sentence"),
    [
        ({"title-en": "", "title-vi": ""}, "title-en", "Write a title"),
        ({"title-en": "x" * 201}, "title-en", "201"),
        ({"title-en": "The p\u0430rk"}, "title-en", "only look like Latin"),
        ({"title-vi": "a\u202eb"}, "title-vi", "nobody can see"),
        ({"authority-en": "W\u0430rd"}, "authority-en", "only look like Latin"),
    ],
)
def test_a_title_that_cannot_be_kept(
    pages: OfficePages, typed: dict[str, str], anchor: str, sentence: str
) -> None:
    form = fields_of(pages.get("title"))
    answer = pages.post("title", {**form, **typed, "authority-vi": "Kept"})
    assert answer.status_code == 422
    assert sentence in fault_of(answer, anchor)
    assert {**typed, "authority-vi": "Kept"}.items() <= fields_of(answer).items()
    assert pages.preparing.load().draft.title.authority.vi == "Ủy ban phường"


def test_a_title_is_kept_as_it_is_meant(pages: OfficePages) -> None:
    form = fields_of(pages.get("title"))
    typed = {**form, "title-vi": "  Khu  đất\tchợ cu\u0303 ", "rehearsal": "yes"}
    assert pages.post("title", {**typed, "title-vi": "  Khu  đất chợ cu\u0303 "}).status_code == 303
    part = pages.preparing.load().draft.title
    assert (part.title.vi, part.rehearsal) == ("Khu đất chợ c\u0169", True)
    assert "Rehearsal" in pages.get().text


CALENDAR_FORM = {
    "zone": "Europe/Tallinn",
    "opens-day": "23", "opens-month": "11", "opens-year": "2026", "opens-time": "7:00",
    "closes-day": "29", "closes-month": "11", "closes-year": "2026", "closes-time": "20.00",
    "extension": "1,5", "objection": "24",
}  # fmt: skip


def test_a_calendar_in_a_chosen_zone(pages: OfficePages) -> None:
    form = fields_of(pages.get("calendar"))
    assert form["zone"] == ""
    assert pages.post("calendar", {**form, **CALENDAR_FORM}).status_code == 303
    part = pages.preparing.load().draft.calendar
    assert (part.time_zone, part.opens, part.closes) == (
        "Europe/Tallinn",
        at("2026-11-23", "07:00"),
        at("2026-11-29", "20:00"),
    )
    assert (part.extension_seconds, part.objection_seconds) == (5400, 86400)
    again = fields_of(pages.get("calendar"))
    assert (again["opens-time"], again["extension"], again["zone"]) == ("07:00", "1.5", "Europe/Tallinn")


@pytest.mark.parametrize(
    ("typed", "anchor", "sentence"),
    [
        ({"zone": ""}, "zone", "time zone"),
        ({"zone": "Mars/Olympus"}, "zone", "time zone"),
        ({"opens-month": "13"}, "opens-day", "no such day"),
        ({"opens-day": "x"}, "opens-day", "day as a number"),
        ({"opens-year": "26"}, "opens-year", "four digits"),
        ({"opens-time": ""}, "opens-time", "Enter the time"),
        ({"opens-time": "25:00"}, "opens-time", "Enter the time"),
        ({"opens-year": "2025"}, "opens-day", "has passed"),
        ({"closes-year": "2062"}, "closes-year", "many years ahead"),
        ({"closes-day": "22"}, "closes-day", "close after it opens"),
        ({"closes-day": "23", "closes-time": "7:00"}, "closes-day", "close after it opens"),
        ({"extension": "169"}, "extension", "from 0 to 168"),
        ({"objection": "-1"}, "objection", "from 0 to 720"),
        (
            {"opens-day": "28", "opens-month": "3", "opens-year": "2027", "opens-time": "3:30",
             "closes-month": "4", "closes-year": "2027"},
            "opens-time",
            "clocks go from 3:00 to 4:00",
        ),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_kept(
    pages: OfficePages, typed: dict[str, str], anchor: str, sentence: str
) -> None:
    form = {**fields_of(pages.get("calendar")), **CALENDAR_FORM, **typed}
    answer = pages.post("calendar", form)
    assert answer.status_code == 422
    assert sentence in fault_of(answer, anchor)
    kept = fields_of(answer)
    assert {name: kept[name] for name in typed if name != "zone"} == {
        name: value for name, value in typed.items() if name != "zone"
    }
    assert pages.preparing.load().draft.calendar.opens is None


def test_a_time_that_comes_twice_is_chosen(pages: OfficePages) -> None:
    typed = {
        **CALENDAR_FORM,
        "closes-day": "31",
        "closes-month": "10",
        "closes-year": "2027",
        "closes-time": "3:30",
    }
    form = {**fields_of(pages.get("calendar")), **typed}
    answer = pages.post("calendar", form)
    assert "show this time twice" in fault_of(answer, "closes-fold")
    assert "The first time, GMT+3" in answer.text
    assert "The second time, GMT+2" in answer.text
    assert pages.post("calendar", {**form, "closes-fold": "1"}).status_code == 303
    assert pages.preparing.load().draft.calendar.closes == LocalMoment(
        date="2027-10-31", fold=1, time="03:30"
    )
    assert "The second time, GMT+2" in pages.get("calendar").text


def test_counting_areas_as_lines(pages: OfficePages) -> None:
    form = {**fields_of(pages.get("areas")), "rule": "strict"}
    lines = "Hong Ha ward | Phường Hồng Hà\n\n Lò Gốm \nLo Gom"
    assert pages.post("areas", {**form, "areas": lines}).status_code == 303
    part = pages.preparing.load().draft.areas
    assert [(area.id, area.name.en, area.name.vi) for area in part.areas] == [
        ("hong-ha-ward", "Hong Ha ward", "Phường Hồng Hà"),
        ("lo-gom", "Lò Gốm", "Lò Gốm"),
        ("lo-gom-2", "Lo Gom", "Lo Gom"),
    ]
    swapped = "Lò Gốm\nNew\nHong Ha ward|Phường Hồng Hà"
    form = {**fields_of(pages.get("areas")), "areas": swapped, "rule": "own"}
    form |= {"least": "5", "same": "2", "share": "33"}
    assert pages.post("areas", form).status_code == 303
    part = pages.preparing.load().draft.areas
    assert [area.id for area in part.areas] == ["lo-gom", "new", "hong-ha-ward"]
    assert (part.small_areas.min_credentials, part.small_areas.max_share) == (5, (1, 3))
    assert "Every reader is told" in pages.get().text
    form = {**fields_of(pages.get("areas")), "areas": ""}
    assert pages.post("areas", form).status_code == 303
    assert [area.id for area in pages.preparing.load().draft.areas.areas] == ["all"]


@pytest.mark.parametrize(
    ("typed", "anchor", "sentence"),
    [
        ({"areas": "A | B | C"}, "areas", "Line 1"),
        ({"areas": "North | Bắc\n| Nam"}, "areas", "Line 2"),
        ({"areas": "North\nSouth\nNorth"}, "areas", "Line 3: this area stands there already"),
        ({"areas": "x" * 201}, "areas", "at most 200"),
        ({"areas": "N\u043erth"}, "areas", "only look like Latin"),
        ({"rule": ""}, "rule", "Choose one"),
        ({"rule": "own", "share": "0"}, "share", "from 1 to 100"),
        ({"rule": "own", "least": ""}, "least", "from 1 to"),
    ],
)
def test_areas_that_cannot_be_kept(
    pages: OfficePages, typed: dict[str, str], anchor: str, sentence: str
) -> None:
    form = {**fields_of(pages.get("areas")), **typed}
    answer = pages.post("areas", form)
    assert answer.status_code == 422
    assert sentence in fault_of(answer, anchor)
    if "areas" in typed:
        assert fields_of(answer)["areas"].split() == typed["areas"].split()


def test_rules(pages: OfficePages) -> None:
    form = fields_of(pages.get("rules"))
    key = holders().holders[0].key
    answer = pages.post(
        "rules", {**form, "sign-in": "required", "quorum": "50", "registrar": f' key = "{key}"'}
    )
    assert answer.status_code == 303
    part = pages.preparing.load().draft.rules
    assert (part.sign_in, part.revoting, part.quorum, part.registrar_key) == (
        "required",
        True,
        (50, 100),
        key,
    )
    for typed, anchor in (
        ({"quorum": "0"}, "quorum"),
        ({"registrar": "A" * 43}, "registrar"),
        ({"registrar": "short"}, "registrar"),
        ({"sign-in": "maybe"}, "sign-in"),
        ({"revoting": ""}, "revoting"),
    ):
        refused = pages.post("rules", {**form, **typed})
        assert refused.status_code == 422
        assert fault_of(refused, anchor)
    assert pages.preparing.load().draft.rules == part


def test_key_holders(pages: OfficePages, site: SiteUnderTest) -> None:
    trustee = site.desk.person("Trường Đồng Sen", (Role.TRUSTEE,))
    form = {**fields_of(pages.get("key-holders")), "bits": "3072"}
    first, second, third = (holder.key for holder in holders(3).holders)
    names = {"name-1": "School", "person-1": trustee, "key-1": first, "name-2": "Lawyers", "name-3": "Elders"}
    more = pages.post("key-holders", {**form, **names, "deed": "more"})
    assert more.status_code == 200
    assert fields_of(more)["name-3"] == "Elders"
    assert "name-5" in fields_of(more)
    assert pages.preparing.load().draft.key_holders.holders == ()
    assert pages.post("key-holders", {**form, **names, "deed": "save"}).status_code == 303
    part = pages.preparing.load().draft.key_holders
    assert [(holder.name, holder.key, holder.person) for holder in part.holders] == [
        ("School", first, trustee),
        ("Lawyers", "", None),
        ("Elders", "", None),
    ]
    form = fields_of(pages.get("key-holders"))
    for typed, anchor, sentence in (
        ({"key-2": first}, "key-2", "key of key holder 1"),
        ({"key-2": "x" * 43}, "key-2", "not a public key"),
        ({"name-2": "", "key-2": second}, "name-2", "Write the name"),
        ({"person-2": "0" * 32}, "person-2", "Choose one"),
        ({"name-2": "L\u0430wyers"}, "name-2", "only look like Latin"),
    ):
        refused = pages.post("key-holders", {**form, **typed})
        assert refused.status_code == 422
        assert sentence in fault_of(refused, anchor)
    assert pages.post("key-holders", {**form, "key-2": second, "key-3": third}).status_code == 303


def new_question(pages: OfficePages, kind: str, **typed: str) -> dict[str, str]:
    form = fields_of(pages.get(f"questions/new?kind={kind}"))
    words_of = {
        f"option-{n}-{lang}": f"{word} {lang}"
        for n, word in ((1, "Park"), (2, "Pool"))
        for lang in ("en", "vi")
    }
    return {**form, "text-en": "What?", "text-vi": "Gì?", **words_of, "deed": "save", **typed}


@pytest.mark.parametrize("kind", ["choose-one", "approval", "points", "ranking"])
def test_a_question_of_each_kind_is_added_once_and_changed(pages: OfficePages, kind: str) -> None:
    form = new_question(pages, kind)
    for _ in range(2):
        assert pages.post("questions/new", form).status_code == 303
    made = pages.preparing.load().draft.questions.questions
    assert [(each.kind, len(each.options)) for each in made] == [(kind, 2)]
    if kind == "ranking":
        assert made[0].positions == (1, 0)
    edit = fields_of(pages.get("questions/q1"))
    assert {name: edit[name] for name in ("text-en", "option-2-vi")} == {
        "text-en": "What?",
        "option-2-vi": "Pool vi",
    }
    answer = pages.post("questions/q1", {**edit, "text-vi": "Sao?", "deed": "save"})
    assert answer.status_code == 303
    assert pages.preparing.load().draft.questions.questions[0].text == words("What?", "Sao?")
    assert "Sao?" in pages.browser.get(pages.path("questions").replace("/en/", "/vi/")).text


@pytest.mark.parametrize(
    ("kind", "typed", "anchor", "sentence"),
    [
        ("choose-one", {"text-en": "", "text-vi": ""}, "text-en", "Write the question"),
        ("choose-one", {"text-en": "x" * 501}, "text-en", "501"),
        ("choose-one", {"option-2-en": " park EN"}, "option-2-en", "looks like option 1"),
        ("choose-one", {"option-2-vi": "P\u0430rk vi"}, "option-2-vi", "only look like Latin"),
        ("approval", {"maximum": "3"}, "maximum", "2 options only"),
        ("approval", {"minimum": "2", "maximum": "1"}, "minimum", "must not be below"),
        ("approval", {"maximum": ""}, "maximum", "whole number"),
        ("points", {"each": "21"}, "each", "from 1 to 20"),
        ("points", {"maximum": "11"}, "maximum", "from 1 to 10"),
        ("ranking", {"positions": "1, 2"}, "positions", "must not rise"),
        ("ranking", {"positions": "2"}, "positions", "one number for each option"),
        ("ranking", {"positions": "a, b"}, "positions", "one number for each option"),
    ],
)
def test_a_question_that_cannot_be_kept(
    pages: OfficePages, kind: str, typed: dict[str, str], anchor: str, sentence: str
) -> None:
    form = new_question(pages, kind, **typed)
    answer = pages.post("questions/new", form)
    assert answer.status_code == 422
    assert sentence in fault_of(answer, anchor)
    kept = fields_of(answer)
    assert {name: kept[name] for name in ("option-1-en", *typed)} == {
        name: form[name] for name in ("option-1-en", *typed)
    }
    assert pages.preparing.load().draft.questions.questions == ()


def test_options_are_moved_and_pasted_without_being_saved(pages: OfficePages) -> None:
    form = new_question(pages, "choose-one")
    down = fields_of(pages.post("questions/new", {**form, "deed": "down-1"}))
    assert [down[f"option-{n}-en"] for n in (1, 2, 3)] == ["Pool en", "Park en", ""]
    assert down["text-vi"] == "Gì?"
    up = fields_of(pages.post("questions/new", {**down, "deed": "up-2"}))
    assert [up[f"option-{n}-vi"] for n in (1, 2)] == ["Park vi", "Pool vi"]
    pasted = fields_of(
        pages.post("questions/new", {**up, "deed": "paste", "paste": "Library | Thư viện\n\nLan"})
    )
    assert [pasted[f"option-{n}-vi"] for n in range(1, 5)] == ["Park vi", "Pool vi", "Thư viện", "Lan"]
    assert pasted["paste"] == ""
    more = fields_of(pages.post("questions/new", {**pasted, "deed": "more"}))
    assert more["rows"] == "9"
    refused = pages.post("questions/new", {**pasted, "deed": "paste", "paste": "x" * 301})
    assert "Line 1 is too long" in fault_of(refused, "paste")
    assert pages.preparing.load().draft.questions.questions == ()
    for odd in ("up-1", "down-99", "up-x", "nonsense"):
        assert fields_of(pages.post("questions/new", {**up, "deed": odd}))["option-1-en"] == "Park en"


def test_questions_are_moved_and_taken_out(pages: OfficePages) -> None:
    pages.preparing.save(QUESTIONS)
    pages.get("questions")
    for _ in range(2):
        assert pages.post("questions/q4/move", {"to": "2"}).status_code == 303
    for _ in range(2):
        assert pages.post("questions/q1/remove").status_code == 303
    assert [each.id for each in pages.preparing.load().draft.questions.questions] == ["q2", "q4", "q3"]
    assert pages.get("questions/q1").status_code == 404
    assert pages.post("questions/q1/move", {"to": "0"}).status_code == 404


def test_two_officials_on_one_question(pages: OfficePages) -> None:
    pages.preparing.save(QuestionsPart(questions=(question(),)))
    form = fields_of(pages.get("questions/q1"))
    theirs = question(text=words("Theirs <b>?", "Của họ?"))
    save_question(
        pages.preparing.office, pages.preparing.official, pages.preparing.draft, theirs, mark_of(question())
    )
    answer = pages.post("questions/q1", {**form, "text-en": "Mine?", "deed": "save"})
    assert answer.status_code == 409
    assert "Theirs &lt;b&gt;?" in answer.text
    kept = fields_of(answer)
    assert kept["text-en"] == "Mine?"
    assert pages.preparing.load().draft.questions.questions == (theirs,)
    assert pages.post("questions/q1", {**kept, "deed": "save"}).status_code == 303
    assert pages.preparing.load().draft.questions.questions[0].text.en == "Mine?"


def test_two_officials_on_one_section(pages: OfficePages) -> None:
    form = fields_of(pages.get("title"))
    theirs = TitlePart(authority=NO_WORDS, rehearsal=False, title=words("Theirs"))
    save_section(
        pages.preparing.office,
        pages.preparing.official,
        pages.preparing.draft,
        pages.preparing.load().revision,
        theirs,
    )
    answer = pages.post("title", {**form, "title-en": "Mine"})
    assert answer.status_code == 409
    assert "Lan Nguyễn saved this section meanwhile" in answer.text
    assert "<title>Error: Title and authority" in answer.text
    assert "Theirs" in answer.text
    kept = fields_of(answer)
    assert kept["title-en"] == "Mine"
    assert pages.preparing.load().draft.title == theirs
    assert pages.post("title", kept).status_code == 303
    assert pages.preparing.load().draft.title.title.en == "Mine"
    history = pages.get("history").text
    assert history.index("Mine") < history.index("Theirs") < history.index("The old market land")


def test_documents(pages: OfficePages) -> None:
    pages.get("documents")
    for fields, file, anchor in (
        ({"name-en": "Plan"}, None, "file"),
        ({}, ("plan.pdf", b"%PDF-1.7"), "name-en"),
        ({"name-en": "Plan"}, ("plan.exe", b"MZ\x00"), "file"),
        ({"name-en": "Plan"}, ("empty.pdf", b""), "file"),
        ({"name-en": "Pl\u0430n"}, ("plan.pdf", b"%PDF-1.7"), "name-en"),
    ):
        answer = pages.post("documents", fields, **({"file": file} if file else {"other": ("", b"")}))
        assert answer.status_code == 422
        assert fault_of(answer, anchor)
        assert fields_of(answer)["name-en"] == fields.get("name-en", "")
    name = {"name-en": 'A "plan" / <b>', "name-vi": "Quy hoạch"}
    assert pages.post("documents", name, file=("x.pdf", b"%PDF-1.7 one")).status_code == 303
    twice = pages.post("documents", name, file=("y.pdf", b"%PDF-1.7 one"))
    assert "among the documents already" in fault_of(twice, "file")
    document = pages.preparing.load().draft.documents.documents[0]
    got = pages.get(f"documents/{document.sha256}")
    assert (got.status_code, got.content) == (200, b"%PDF-1.7 one")
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith('attachment; filename="A _plan_ _ _b_.pdf"')
    assert "sandbox" in got.headers["content-security-policy"]
    page = pages.get("documents")
    assert "<b>" not in page.text.split("<main")[1]
    assert (
        pages.post(
            f"documents/{document.sha256}", {"deed": "rename", "name-en": "", "name-vi": ""}
        ).status_code
        == 422
    )
    renamed = pages.post(f"documents/{document.sha256}", {"deed": "rename", "name-en": "Plan", "name-vi": ""})
    assert renamed.status_code == 303
    assert pages.preparing.load().draft.documents.documents[0].name == Words(en="Plan", vi="")
    for _ in range(2):
        assert pages.post(f"documents/{document.sha256}", {"deed": "remove"}).status_code == 303
    assert pages.preparing.load().draft.documents.documents == ()
    assert pages.get(f"documents/{document.sha256}").status_code == 404


def test_a_file_that_is_too_large_is_answered_with_a_page(pages: OfficePages) -> None:
    pages.get("documents")
    answer = pages.post("documents", {"name-en": "Plan"}, file=("x.pdf", b"%PDF-" + b"x" * 5_300_000))
    assert answer.status_code == 413
    assert "<h1" in answer.text
    between = pages.post("documents", {"name-en": "Plan"}, file=("x.pdf", b"%PDF-" + b"x" * 5_050_000))
    assert "larger than 5 MB" in fault_of(between, "file")
    assert pages.preparing.load().draft.documents.documents == ()


def test_the_list_of_a_large_town_fits_and_a_larger_one_does_not(
    pages: OfficePages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.get("voters")
    street = "Ngõ 12 Lò Gốm, phường Đồng Sen, " * 8
    data = (
        "voter,address\n" + "".join(f"Cử tri {i},{street.replace(',', ';')}\n" for i in range(30_000))
    ).encode()
    assert 8 * 1024 * 1024 < len(data) < LIST_BYTES_MAX
    shown = pages.post("voters", {"issuer": "none"}, file=("v.csv", data))
    assert shown.status_code == 200
    assert "30,000" in shown.text
    monkeypatch.setattr("web.limits.UPLOAD_CEILING_BYTES", 8 * 1024 * 1024)
    large = pages.post("voters", {"issuer": "none"}, file=("v.csv", data))
    assert large.status_code == 413
    assert "<h1" in large.text


def test_a_voters_list_is_looked_at_and_accepted(pages: OfficePages) -> None:
    pages.preparing.save(CALENDAR)
    pages.get("voters")
    assert "Choose the file" in fault_of(pages.post("voters", {"issuer": "none"}, other=("", b"")), "file")
    bad = b"voter,weight,email\n<script>alert(1)</script>,1,\nB,0,\nB,x,nobody\n"
    refused = pages.post("voters", {"issuer": "none"}, file=("<b>.csv", bad))
    assert refused.status_code == 422
    for line in ("3", "4"):
        assert f'<th scope="row">{line}<' in refused.text
    assert "<script>" not in refused.text.split("<main")[1].split("</main>")[0]
    assert pages.preparing.load().prepared.voters is None
    good = VOTERS_CSV.replace("north", "all").replace("south", "all").encode("utf-16")
    shown = pages.post("voters", {"issuer": "none"}, file=("cử tri.csv", good))
    assert shown.status_code == 200
    assert "Cử tri 1<" in shown.text
    assert pages.preparing.load().prepared.voters is None
    staged = fields_of(shown)["list"]
    for _ in range(2):
        assert pages.post("voters/accept", {"list": staged}).status_code == 303
    voters = pages.preparing.load().prepared.voters
    assert voters is not None
    assert voters.voters == 24
    late = pages.post("voters/accept", {"list": "0" * 32})
    assert late.status_code == 409
    assert "Upload it again" in fault_of(late, "file")
    assert pages.post("voters/remove").status_code == 303
    assert pages.preparing.load().prepared.voters is None


def test_a_weight_that_one_voter_alone_has_is_warned_of(pages: OfficePages) -> None:
    pages.get("voters")
    data = b"voter,weight\nA,1\nB,1\nC,7\n\xd0\xb0d,1\n"
    shown = pages.post("voters", {"issuer": "none"}, file=("v.csv", data))
    assert "first 7 in All voters" in shown.text
    assert "Lines to look at" in shown.text
    assert pages.post("voters/accept", {"list": fields_of(shown)["list"]}).status_code == 303
    assert "first 7 in All voters" in pages.get("voters").text
    assert "A weight that one voter alone has" in pages.get().text


def test_a_list_of_people_who_sign_in_keeps_their_hashes(pages: OfficePages) -> None:
    pages.get("voters")
    data = b"voter,email\nA,a@example.org\nB,b@example.org\n"
    shown = pages.post("voters", {"issuer": "email"}, file=("v.csv", data))
    assert pages.post("voters/accept", {"list": fields_of(shown)["list"]}).status_code == 303
    voters = pages.preparing.load().prepared.voters
    assert voters is not None
    assert (voters.identities, voters.contacts) == (2, 2)
    assert pages.post("voters", {"issuer": "https://evil.example"}, file=("v.csv", data)).status_code == 422


def test_from_the_answers_to_the_frozen_vote(pages: OfficePages) -> None:
    preparing = pages.preparing
    pages.get("terms")
    early = pages.post("terms", {"base": "1"})
    assert early.status_code == 422
    assert "Write the first question" in early.text
    preparing.fill(3)
    page = pages.get("terms")
    assert "Fix the terms" in page.text
    stale = pages.post("terms", {"base": "1"})
    assert stale.status_code == 409
    assert "Read it once more" in stale.text
    for _ in range(2):
        assert pages.post("terms", {"base": str(preparing.load().revision)}).status_code == 303
    assert "Take the terms back" in pages.get("rules").text
    late = pages.post(
        "rules", {"base": "0", "sign-in": "none", "revoting": "no", "quorum": "", "registrar": ""}
    )
    assert late.status_code == 409
    assert "What you sent was not saved" in late.text
    assert pages.get("files/manifest.json").content.endswith(b"}\n")
    assert pages.get("files/roll.json").status_code == 404
    assert pages.get("files/..%2Fpasswd").status_code == 404

    pages.get("ceremony")
    wrong = pages.post("ceremony", {}, file=("ceremony.json", b"{}"))
    assert "not the key of these terms" in fault_of(wrong, "file")
    assert "Choose the file" in fault_of(pages.post("ceremony", {}, other=("", b"")), "file")
    for _ in range(2):
        assert pages.post("ceremony", {}, file=("ceremony.json", preparing.ceremony())).status_code == 303
    pages.get("roll")
    assert "not a roll" in fault_of(pages.post("roll", {}, file=("roll.json", b"{}")), "file")
    other = preparing.roll([("north", 1)] * 24)
    assert pages.post("roll", {}, file=("roll.json", other)).status_code == 303
    assert "The roll is not the voters’ list" in pages.get("roll").text
    stands = pages.post("roll", {}, file=("roll.json", preparing.roll()))
    assert stands.status_code == 422
    pages.get("roll")
    assert pages.post("roll/withdraw").status_code == 303
    assert pages.post("roll", {}, file=("roll.json", preparing.roll())).status_code == 303
    code = re.search(r'class="ps-code"[^>]*>(.*?)</span>\s*</div>', pages.get("signatures").text, re.DOTALL)
    assert code is not None
    for number in (1, 2):
        signed = ("signature.json", preparing.signature(number))
        assert pages.post("signatures", {}, file=signed).status_code == 303
    not_yet = pages.post("freeze")
    assert not_yet.status_code == 422
    assert "Key holder 3" in not_yet.text
    assert pages.post("signatures", {}, file=("s.json", preparing.signature(3))).status_code == 303
    page = pages.get("freeze")
    assert "Freezing is for ever." in page.text
    assert "the roll of 24 voting codes" in page.text
    for _ in range(2):
        frozen = pages.post("freeze")
        assert frozen.status_code == 303
        assert frozen.headers["location"] == pages.path("frozen")
    done = pages.get("frozen")
    assert "The vote is frozen" in done.text
    for place in ("", "questions", "terms", "freeze"):
        assert pages.get(place).headers["location"] == pages.path("frozen")
    election = preparing.load().election
    assert pages.browser.get(f"/vi/elections/{election}").status_code == 200
    assert "Fixed, not open yet" in pages.browser.get("/en/office").text


def test_terms_are_taken_back(pages: OfficePages) -> None:
    pages.preparing.fill()
    pages.preparing.fix()
    pages.preparing.hand_in()
    pages.get("terms")
    for _ in range(2):
        assert pages.post("take-back").status_code == 303
    assert pages.preparing.load().election is None
    assert pages.get("ceremony").headers["location"] == pages.path("terms")


def test_a_draft_is_discarded_only_when_that_is_said(pages: OfficePages) -> None:
    pages.get("discard")
    assert "Tick the box" in fault_of(pages.post("discard"), "sure")
    assert pages.post("discard", {"sure": "yes"}).status_code == 303
    assert pages.get().status_code == 404
    assert pages.post("discard", {"sure": "yes"}).status_code == 404


def test_the_preview_is_the_booth_without_a_way_to_cast(pages: OfficePages) -> None:
    pages.preparing.save(QUESTIONS)
    outer = pages.get("preview")
    assert outer.text.count("<iframe") == 2
    assert "frame-src 'self'" in outer.headers["content-security-policy"]
    for step in ("code", "question-1", "question-4", "review", "end"):
        page = pages.get(f"preview/{step}")
        assert page.status_code == 200
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        assert "script-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "booth.js" not in page.text
    assert "Nothing can be cast here" in pages.get("preview/question-2").text
    for step in ("question-0", "question-5", "cast", "x"):
        assert pages.get(f"preview/{step}").status_code == 404
    for place in ("", "title"):
        assert pages.get(place).headers["x-frame-options"] == "DENY"


def test_a_document_of_a_frozen_vote_is_for_everybody(pages: OfficePages, site: SiteUnderTest) -> None:
    preparing = pages.preparing
    pages.get("documents")
    pages.post("documents", {"name-en": "Plan", "name-vi": "Quy hoạch"}, file=("x.txt", "Chào".encode()))
    digest = preparing.load().draft.documents.documents[0].sha256
    preparing.fill()
    election = preparing.fix()
    everybody = site.browser()
    address = f"/vi/elections/{election}/documents/{digest}"
    assert everybody.get(address).status_code == 404
    assert everybody.get(pages.path(f"documents/{digest}")).status_code == 303  # to sign-in
    preparing.hand_in()
    pages.get("freeze")
    assert pages.post("freeze").status_code == 303
    file = everybody.get(address)
    assert (file.status_code, file.text) == (200, "Chào")
    assert "attachment" in file.headers["content-disposition"]
    assert everybody.get(address[:-1] + "x").status_code == 404


@pytest.mark.parametrize("place", ["", "title", "questions", "voters", "freeze", "preview", "history"])
def test_a_draft_that_is_not_there(pages: OfficePages, place: str) -> None:
    pages.preparing.draft = "0" * 32
    assert pages.get(place).status_code == 404


@pytest.mark.parametrize("place", ["title", "calendar", "areas", "rules", "key-holders"])
def test_the_form_of_a_section_is_sent_to_its_own_address(pages: OfficePages, place: str) -> None:
    assert f'method="post" action="{pages.path(place)}"' in pages.get(place).text
