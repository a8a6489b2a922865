"""Citizens' pages of petitions: the same for all readers, usable without script, nothing shown that is hidden."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from consultation.petitions import life
from consultation.petitions.deciding import admit
from consultation.petitions.store import find_petition
from consultation.petitions.types import Draft, Reason, State
from consultation.signing.counting import take_areas
from storage.session import reading, writing
from tests.support.petition_ward import CROSSING, LAMPS, SPONSORS, Ward
from tests.support.petitions import words_read
from tests.support.sites import Browser, SiteUnderTest, site_under_test

TRICKY = replace(CROSSING, action="<script>alert(1)</script> & “trees”", background="a\n\n<img src=x>")
FIELDS = {
    "action": LAMPS.action,
    "background": LAMPS.background,
    "details": LAMPS.details,
    "language": "vi",
    "body": "ward",
    "area": "north",
}


@dataclass
class Asked:
    """A site with petitions in every state."""

    site: SiteUnderTest
    ward: Ward
    draft: str
    sponsors: str
    moderation: str
    open: str
    waiting: str
    answered: str
    duplicate: str
    hidden: str
    closed: str

    def creator(self) -> Browser:
        """The browser of whoever started them."""
        return self.site.browser().hold(self.site.desk.session(self.ward.creator))

    def state(self, petition: str) -> State:
        """Where it stands."""
        with reading(self.site.desk.desk.engine) as session:
            return find_petition(session, petition).state


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("petitions")
    with site_under_test(f"sqlite:///{folder / 'site.db'}", folder) as site:
        ward = Ward(site.desk)
        answered = ward.open(signatures=8)
        ward.answer(answered)
        closed = ward.open(replace(LAMPS, action="Đặt ghế đá ven hồ"))
        with writing(site.desk.desk.engine) as session:
            life.close_early(session, ward.creator, closed, site.desk.clock())
        yield Asked(
            site,
            ward,
            draft=ward.draft(),
            sponsors=ward.sponsors(CROSSING),
            moderation=ward.moderation(CROSSING),
            open=ward.open(TRICKY, 6),
            waiting=ward.open(CROSSING, 9),
            answered=answered,
            duplicate=ward.rejected(Reason.DUPLICATE, CROSSING, answered),
            hidden=ward.rejected(Reason.PERSONAL_DATA, replace(LAMPS, action="Cô giáo Nguyễn Thị Ẩn")),
            closed=closed,
        )


def page(asked: Asked, petition: str, place: str = "", lang: str = "en") -> str:
    asked.site.desk.clock.wait(seconds=11)  # numbers on public pages are some seconds old
    answer = asked.site.browser().get(f"/{lang}/petitions/{petition}{place}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_public_pages_are_the_same_for_all_readers(asked: Asked) -> None:
    paths = ["", "?state=all", "/rejected", "/answers", f"/{asked.open}", f"/{asked.answered}/versions"]
    for path in paths:
        for lang in ("en", "vi"):
            stranger = asked.site.browser().get(f"/{lang}/petitions{path}")
            own = asked.creator().get(f"/{lang}/petitions{path}")
            assert stranger.status_code == 200, path
            assert "set-cookie" not in stranger.headers
            assert stranger.headers["cache-control"] == "no-cache"
            assert stranger.content == own.content
            again = asked.site.browser().client.get(
                f"/{lang}/petitions{path}", headers={"If-None-Match": stranger.headers["etag"]}
            )
            assert again.status_code == 304


def test_a_page_says_where_the_petition_stands(asked: Asked) -> None:
    for petition, sentence in (
        (asked.sponsors, f"{SPONSORS} supporters are needed"),
        (asked.moderation, "A moderator reads it now."),
        (asked.open, "Open for signatures"),
        (asked.waiting, "Waiting for the answer: 29 days left"),
        (asked.answered, "Answer of Ward Office"),
        (asked.closed, "Signing ended on"),
        (asked.duplicate, "Why it was rejected:"),
    ):
        assert sentence in page(asked, petition), sentence
    text = page(asked, asked.waiting)
    assert re.search(r'<span class="ps-big">9</span> signatures', text)
    assert "City Transport Office must answer by" in text
    assert "reached on" in text
    assert f'href="/en/petitions/{asked.answered}"' in page(asked, asked.duplicate)


def test_signing_is_offered_only_while_it_is_possible(asked: Asked) -> None:
    for petition, offered in (
        (asked.sponsors, True),
        (asked.open, True),
        (asked.moderation, False),
        (asked.closed, False),
        (asked.duplicate, False),
        (asked.hidden, False),
    ):
        assert (f"/petitions/{petition}/sign" in page(asked, petition)) is offered, petition


def test_what_was_written_is_text_and_nothing_else(asked: Asked) -> None:
    text = page(asked, asked.open)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “trees”" in text
    assert "<script>alert" not in text
    assert "<img src=x>" not in text
    assert "Lý do của &lt;người&gt; kiểm duyệt." in page(asked, asked.duplicate)


def test_words_that_are_hidden_are_nowhere(asked: Asked) -> None:
    browser = asked.site.browser()
    for path in (f"/{asked.hidden}", "/rejected", "?state=rejected", "?q=Nguyễn+Thị+Ẩn"):
        text = browser.get(f"/en/petitions{path}").text
        assert "Cô giáo" not in text, path
    assert "It holds personal data of somebody else." in browser.get("/en/petitions/rejected").text
    assert browser.get(f"/en/petitions/{asked.hidden}/versions").status_code == 404


def test_before_publication_only_who_has_the_address_reads_it(asked: Asked) -> None:
    browser = asked.site.browser()
    for query in ("", "?state=all", "?q=crossing", "?state=all&sort=signatures"):
        text = browser.get(f"/en/petitions{query}").text
        assert asked.sponsors not in text
        assert asked.moderation not in text
        assert asked.draft not in text
    answer = browser.get(f"/en/petitions/{asked.sponsors}")
    assert answer.headers["cache-control"] == "no-store"
    assert 'name="robots" content="noindex"' in answer.text
    assert browser.get(f"/en/petitions/{asked.draft}").status_code == 404
    for number in ("0" * 16, "x", "A" * 16, asked.open + "0", "%00"):
        assert browser.get(f"/en/petitions/{number}").status_code == 404


def test_lists_are_narrowed_sorted_and_searched(asked: Asked) -> None:
    def listed(query: str) -> list[str]:
        text = asked.site.browser().get(f"/en/petitions{query}").text
        return re.findall(r'<h3[^>]*><a href="/en/petitions/([0-9a-f]{16})"', text)

    asked.site.desk.clock.wait(minutes=1)  # by what is public, which are minutes that are over
    assert set(listed("")) == {asked.open, asked.waiting, asked.answered}
    assert listed("?sort=signatures")[0] == asked.waiting
    assert listed("?state=waiting") == [asked.waiting]
    assert listed("?state=answered") == [asked.answered]
    assert listed("?state=closed") == [asked.closed]
    assert set(listed("?body=city&area=")) == {asked.waiting, asked.open}
    assert listed("?area=north") == [asked.answered]
    assert set(listed("?state=rejected")) == {asked.hidden, asked.duplicate}
    assert listed("?q=den+duong+ho+sen")[0] == asked.answered
    assert listed("?q=ghe+da") == [asked.closed]
    assert listed("?q=ghe+da&state=open") == []
    assert listed("?q=crossing&state=rejected") == [asked.duplicate]
    assert asked.duplicate not in listed("?q=crossing")
    assert listed("?q=Nguyen+Thi+An&state=rejected") == []
    assert listed("?sort=trending")[0] == asked.waiting
    everything = set(listed("?state=all"))
    for nonsense in (
        "?state=x&sort=y&body=z&area=%00",
        "?after=x",
        "?after=" + "9" * 400,
        "?q=" + "a" * 5000,
    ):
        assert set(listed(nonsense)) <= everything


def test_a_long_list_has_pages(asked: Asked) -> None:
    browser = asked.site.browser()

    def listed(query: str) -> list[list[str]]:
        pages, path = [], f"/en/petitions{query}"
        while path:
            text = browser.get(path).text
            pages.append(re.findall(r'<h3[^>]*><a href="/en/petitions/([0-9a-f]{16})"', text))
            found = re.search(r'href="(/en/petitions\?[^"]*after=[^"]*)"', text)
            path = found[1].replace("&amp;", "&") if found else ""
            asked.site.desk.clock.wait(seconds=7)
        assert len({each for page in pages for each in page}) == sum(map(len, pages)), "each is on one page"
        return pages

    many = [asked.ward.open(CROSSING) for _ in range(20)]
    asked.site.desk.clock.wait(minutes=1)
    for query in (
        "?body=city",
        "?sort=trending&body=city",
        "?q=crossing&body=city",
        "?q=crossing&state=open",
    ):
        pages = listed(query)
        assert [len(page) for page in pages] == [20, sum(map(len, pages)) - 20], query
        assert {each for page in pages for each in page} >= {asked.waiting, *many}, query
    assert listed("?q=crossing&state=closed") == [[]]
    assert listed("?q=crossing&area=north") == [[]]
    for beyond in ("?q=crossing&after=1000", "?q=crossing&after=99999", "?sort=trending&after=1.99999"):
        assert browser.get(f"/en/petitions{beyond}").status_code == 200
    assert "Nothing more." in browser.get("/en/petitions?q=crossing&after=1000").text


def test_who_owes_an_answer_is_public(asked: Asked) -> None:
    text = asked.site.browser().get("/en/petitions/answers").text
    assert "No answer is overdue." in text
    row = re.search(r"Ward Office</th>.*?</tr>", text)
    assert row is not None
    assert "100.0%" in row[0]
    asked.site.desk.clock.wait(days=31)
    try:
        late = asked.site.browser().get("/en/petitions/answers").text
        assert "The answer is overdue: 1 day overdue" in late
        assert "0.0%" in late
        assert "The answer is overdue" in page(asked, asked.waiting)
        assert asked.waiting in asked.site.browser().get("/en/").text
    finally:
        asked.site.desk.clock.wait(days=-31)


def test_started_looked_at_sent_off(asked: Asked) -> None:
    browser = asked.site.browser_of(name="Hoa")
    page = browser.get("/en/petitions/new")
    assert "What should be done?" in page.text
    wrong = browser.post("/en/petitions/new", {**FIELDS, "action": "", "body": "", "language": "fr"})
    assert wrong.status_code == 422
    for sentence in (
        "Write what should be done, in one sentence",
        "Choose who should answer",
        "Choose the language in which it is written",
    ):
        assert wrong.text.count(sentence) == 2
    assert LAMPS.details in wrong.text
    made = browser.post("/en/petitions/new", FIELDS)
    assert made.status_code == 303
    manage = made.headers["location"]
    look = browser.get(manage)
    assert LAMPS.action in look.text
    assert f"/petitions/{asked.answered}" in look.text  # a similar one, also without script
    assert asked.site.browser().get(manage.removesuffix("/manage")).status_code == 404
    sent = browser.post(manage, {"deed": "submit"})
    assert sent.status_code == 303
    assert f"0 of {SPONSORS} supporters have signed." in browser.get(manage).text
    assert browser.post(manage, {"deed": "submit"}).status_code == 409
    assert asked.site.browser().get(manage.removesuffix("/manage")).status_code == 200
    assert "Hoa" not in asked.site.browser().get(manage.removesuffix("/manage")).text


def test_only_the_creator_finds_the_pages_behind_a_petition(asked: Asked) -> None:
    stranger = asked.site.browser_of(name="Minh")
    for place in ("manage", "edit"):
        assert stranger.get(f"/en/petitions/{asked.open}/{place}").status_code == 404
        for values in ({"deed": "close"}, {**FIELDS, "version": "1"}):
            assert stranger.post(f"/en/petitions/{asked.open}/{place}", values).status_code == 404
        unknown = asked.site.browser().get(f"/en/petitions/{asked.open}/{place}")
        assert unknown.headers["location"].startswith("/en/sign-in?next=")
    assert asked.state(asked.open) is State.OPEN


def test_a_change_waits_for_a_moderator_and_is_shown(asked: Asked) -> None:
    petition = asked.ward.open(LAMPS)
    browser = asked.creator()
    form = browser.get(f"/en/petitions/{petition}/edit")
    assert LAMPS.details in form.text
    changed = {**FIELDS, "details": LAMPS.details.replace("12", "16"), "body": "city"}
    changed |= words_read(form.text)
    assert browser.post(f"/en/petitions/{petition}/edit", changed).status_code == 303
    assert "Your change waits for a moderator." in browser.get(f"/en/petitions/{petition}/manage").text
    assert "16 bóng đèn" not in page(asked, petition)
    stale = browser.post(f"/en/petitions/{petition}/edit", changed)
    assert stale.status_code == 422
    assert "The words were changed since you opened them." in stale.text
    with writing(asked.site.desk.desk.engine) as session:
        admit(session, asked.ward.moderator, petition, 2)
    text = page(asked, petition)
    assert "16 bóng đèn" in text
    assert f"{SPONSORS} people had signed before; they were asked again." in text
    assert "Petition to Ward Office" in text  # whom it addresses stays as it was signed
    versions = page(asked, petition, "/versions")
    assert re.search(r"<del>.*12</del><ins>.*16</ins>", versions)


def test_ended_early_or_given_up(asked: Asked) -> None:
    browser = asked.creator()
    petition = asked.ward.open(LAMPS)
    browser.get(f"/en/petitions/{petition}/manage")
    assert browser.post(f"/en/petitions/{petition}/manage", {"deed": "close"}).status_code == 303
    assert asked.state(petition) is State.CLOSED
    assert "closed early by whoever started it" in page(asked, petition)
    given_up = asked.ward.sponsors(LAMPS)
    assert browser.post(f"/en/petitions/{given_up}/manage", {"deed": "withdraw"}).status_code == 303
    gone = page(asked, given_up)
    assert LAMPS.action not in gone
    assert LAMPS.background.splitlines()[0] not in gone
    draft = asked.ward.draft(LAMPS)
    answer = browser.post(f"/en/petitions/{draft}/manage", {"deed": "withdraw"})
    assert answer.headers["location"] == "/en/petitions"
    assert browser.get(f"/en/petitions/{draft}/manage").status_code == 404
    assert browser.post(f"/en/petitions/{asked.open}/manage", {"deed": "burn"}).status_code == 200


def test_areas_with_few_signatures_are_withheld(asked: Asked) -> None:
    petition = asked.ward.open(Draft("Trồng cây", "Nóng.", "", "vi", "ward"))
    asked.ward.sign(petition, 13, dict.fromkeys(range(10), "north") | dict.fromkeys(range(10, 13), "south"))
    with writing(asked.site.desk.desk.engine) as session:
        take_areas(session, petition, asked.site.desk.clock())
    text = page(asked, petition)
    table = text[text.index("Signatures by area") : text.index("</table>")]
    assert re.search(r"North</th>.*>10</td>", table)
    assert "South" not in table  # not even that somebody from there has signed
    assert ">3<" not in table
