"""Every page renders in both languages and keeps the rules of good HTML."""

import json
import re
from functools import cache

import pytest
from starlette.testclient import TestClient

from tests.web.examples import CLUB, COUNTING, LIBRARY, MARKET, RECEIPT
from tests.web.paths import ERRORS, PAGES
from tests.web.reader import Element, Page
from web.i18n import LANGUAGES

EVERY = [(language, name) for language in LANGUAGES for name in (*PAGES, *ERRORS)]
BOOTHS = ("booth", "booth-one-holder")


@cache
def read(client: TestClient, language: str, name: str) -> Page:
    answer = client.get(f"/{language}{(PAGES | ERRORS)[name]}")
    assert answer.status_code == (404 if name in ERRORS else 200)
    return Page(answer.text)


@pytest.mark.parametrize(("language", "name"), EVERY)
class TestEveryPage:
    def test_language_title_and_landmarks(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        assert page.all("html")[0].attributes["lang"] == language
        assert page.all("title")[0].text.endswith(" – Psephos")
        assert [main.attributes["id"] for main in page.all("main")] == ["main"]
        assert page.elements[[e.name for e in page.elements].index("body") + 1].attributes["href"] == "#main"

    def test_ids_are_unique_and_references_arrive(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        assert len(page.ids) == len(set(page.ids))
        referred = [element.attributes["for"] for element in page.with_attribute("for")]
        for attribute in ("aria-describedby", "aria-labelledby", "hx-target", "list"):
            for element in page.with_attribute(attribute):
                referred += [word.removeprefix("#") for word in element.attributes[attribute].split()]
        for link in page.all("a"):
            href = link.attributes["href"]
            if href.startswith("#") and href not in ("#receipt", "#test"):  # the script replaces these two
                referred.append(href[1:])
        assert set(referred) <= set(page.ids)

    def test_every_field_has_a_label(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        labelled = {element.attributes["for"] for element in page.all("label")}
        fields = [field for field in page.all("input") if field.attributes.get("type") != "hidden"]
        assert all(field.attributes["id"] in labelled for field in fields)
        assert all(button.text for button in page.all("button"))
        assert all(link.text for link in page.all("a") if "data-error-link" not in link.attributes)
        for picture in page.all("svg"):
            assert picture.attributes.get("aria-hidden") == "true" or picture.attributes["role"] == "img"
        assert all(image.attributes["alt"] for image in page.all("img"))

    def test_nothing_inline_and_nothing_from_elsewhere(
        self, client: TestClient, language: str, name: str
    ) -> None:
        page = read(client, language, name)
        assert not page.with_attribute("style")
        assert not page.all("style")
        for element in page.elements:
            assert not any(attribute.startswith("on") for attribute in element.attributes)
            for attribute in ("src", "href", "action"):
                assert not re.match(r"[a-z]+:|//", element.attributes.get(attribute, ""))
        for script in page.all("script"):
            assert "src" in script.attributes or script.attributes["type"] == "application/json"

    def test_htmx_uses_nothing_that_needs_eval(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        for element in page.elements:
            for attribute, value in element.attributes.items():
                assert not attribute.startswith("hx-on")
                if attribute.startswith("hx-"):
                    assert "js:" not in value
                    assert "[" not in value
            if "hx-get" in element.attributes:
                assert "hx-target" in element.attributes

    def test_one_heading_of_the_first_level(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        shown = [heading for heading in page.all("h1") if "section" not in heading.path]
        if name in BOOTHS:
            steps = [section for section in page.all("section") if "data-step" in section.attributes]
            assert len(page.all("h1")) == len(steps) + 1  # and one for those without script
        else:
            assert len(shown) == 1
            assert len(page.all("h1")) == 1

    def test_one_filled_button(self, client: TestClient, language: str, name: str) -> None:
        """The next sensible step stands out; everything else is outlined or a link."""
        page = read(client, language, name)
        filled = [e for e in page.elements if "govuk-button" in e.classes and not is_outlined(e)]
        if name not in BOOTHS:
            assert len(filled) <= 1

    def test_the_other_language_is_one_link_away(self, client: TestClient, language: str, name: str) -> None:
        page = read(client, language, name)
        other = "en" if language == "vi" else "vi"
        switch = [link for link in page.all("a") if link.attributes.get("hreflang") == other]
        target = f"/{other}{(PAGES | ERRORS)[name]}".replace("Ă", "%C4%82")
        assert [link.attributes["href"] for link in switch] == [target]


def is_outlined(element: Element) -> bool:
    return bool(element.classes & {"govuk-button--secondary"})


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_booth_each_step_has_one_filled_button(client: TestClient, language: str) -> None:
    html = client.get(f"/{language}{PAGES['booth']}").text
    steps = re.split(r'<section class="ps-script"', html)[1:]
    for step in steps:
        filled = re.findall(r'class="govuk-button"', step)
        assert len(filled) == (0 if 'data-step="casting"' in step else 1), step[:80]


@pytest.mark.parametrize("name", BOOTHS)
def test_the_booth_sends_nothing(client: TestClient, name: str) -> None:
    answer = client.get(f"/en{PAGES[name]}")
    page = Page(answer.text)
    assert "form-action 'none'" in answer.headers["Content-Security-Policy"]
    code = next(field for field in page.all("input") if field.attributes["id"] == "code")
    assert "name" not in code.attributes
    assert not any("action" in form.attributes or "method" in form.attributes for form in page.all("form"))
    assert not any("checked" in field.attributes for field in page.all("input"))


def test_the_booth_is_the_same_for_everybody(client: TestClient) -> None:
    first = client.get(f"/en{PAGES['booth']}")
    second = client.get(f"/en{PAGES['booth']}", headers={"Cookie": "a=b", "User-Agent": "another"})
    assert first.content == second.content
    assert "set-cookie" not in first.headers


def test_hooks_of_the_booth_are_there(client: TestClient) -> None:
    """What web/client/README.md promises to the script."""
    page = Page(client.get(f"/en{PAGES['booth']}").text)
    steps = [s.attributes["data-step"] for s in page.all("section") if "data-step" in s.attributes]
    assert steps == [
        "code", "question", "question", "question", "question", "review", "casting", "end", "refused", "unknown",
        "test", "failed",
    ]  # fmt: skip
    assert {template.attributes["id"] for template in page.all("template")} == {
        "review-row", "test-row", "tick", "line", "code-group",
    }  # fmt: skip
    actions = {element.attributes["data-action"] for element in page.with_attribute("data-action")}
    assert actions == {
        "scan", "back", "cast", "test", "save", "print", "check", "retry", "back-to-code", "send-again", "save-test",
        "after-test", "reload", "change", "receipt-pdf", "second-device",
    }  # fmt: skip
    assert {
        "code-form", "code", "code-error", "review-list", "sealing", "sealing-progress", "sealed", "end-qr",
        "end-checks", "test-list", "test-second", "test-qr", "booth-not-started", "scan-video", "page-data", "booth",
    } <= set(page.ids)  # fmt: skip
    options = [element.attributes["data-option"] for element in page.with_attribute("data-option")]
    assert options[:5] == ["0", "1", "2", "3", "blank"]
    assert len(page.with_attribute("data-question-text")) == 4
    assert len(page.with_attribute("data-compare")) == 2  # with the first question and with the review
    # A ranking: one list of positions for each option, then the blank vote, each with its own place for a mistake.
    assert options[-5:] == ["0", "1", "2", "3", "blank"]
    lists = page.all("select")
    assert [element.attributes["data-option"] for element in lists] == ["0", "1", "2", "3"]
    assert [element.attributes["value"] for element in page.all("option")] == ["", "1", "2", "3", "4"] * 4
    assert len(page.with_attribute("data-option-group")) == 5
    (points,) = page.with_attribute("data-position-points")
    assert "".join(points.words) == "3, 2, 1, 0"


def test_sign_in_stands_between_review_and_casting_where_it_is_asked(client: TestClient) -> None:
    page = Page(client.get(f"/en{PAGES['booth-one-holder']}").text)
    steps = [s.attributes["data-step"] for s in page.all("section") if "data-step" in s.attributes]
    assert steps[steps.index("review") : steps.index("casting")] == ["review", "sign-in"]
    (link,) = [e for e in page.with_attribute("data-action") if e.attributes["data-action"] == "open-permit"]
    assert (link.attributes["target"], link.attributes["rel"]) == ("_blank", "noopener")
    assert {"entry-form", "entry-code", "entry-error"} <= set(page.ids)


def test_the_texts_of_the_client_are_on_the_page(client: TestClient) -> None:
    page = Page(client.get(f"/vi{PAGES['booth']}").text)
    data = next(e for e in page.all("script") if e.attributes.get("id") == "page-data")
    texts = json.loads("".join(data.words))["texts"]
    assert texts["code.empty"] == "Nhập mã bỏ phiếu"
    assert texts["time.full"] == "{time} {weekday}, {day}/{month}/{year} ({zone})"


def test_every_text_that_the_client_asks_for_exists() -> None:
    """Keys in web/client/README.md's table and in the catalogue are the same."""
    from tests.support.repository import ROOT  # noqa: PLC0415
    from web.client_texts import BOARD, BOOTH, CHECK, PERMIT, SECOND  # noqa: PLC0415

    readme = (ROOT / "web/client/README.md").read_text(encoding="utf-8")
    known = {*BOOTH, *CHECK, *BOARD, *PERMIT, *SECOND, "time.full"}
    named = set()
    for found in re.findall(r"`((?:[a-z]+\.)+[a-z-]+(?:/[a-z]+)?)`", readme):
        stem, _, second = found.partition("/")
        named |= {stem, stem.rsplit(".", 1)[0] + f".{second}"} if second else {stem}
    prefixes = {key.split(".")[0] for key in known}
    assert {
        key for key in named if key.split(".")[0] in prefixes and not key.endswith((".js", ".ts"))
    } <= known


def test_sentences_are_shown_only_where_they_are_true(client: TestClient) -> None:
    alone = "Nobody can open the urn alone."
    assert alone in client.get(f"/en/elections/{MARKET}").text
    for election in (COUNTING, CLUB):
        assert alone not in client.get(f"/en/elections/{election}").text
    assert "made on one machine" in client.get(f"/en/elections/{COUNTING}").text
    assert "One person alone holds the key" in client.get(f"/en/elections/{CLUB}").text
    assert "You can vote again" not in client.get(f"/en/elections/{CLUB}/booth").text
    assert "You can vote again" in client.get(f"/en/elections/{MARKET}/booth").text
    assert "names no witnesses" in client.get(f"/en/elections/{CLUB}/board").text


def test_an_open_vote_shows_no_partial_result(client: TestClient) -> None:
    assert client.get(f"/en/elections/{MARKET}/result").status_code == 404


def test_bars_follow_the_numbers(client: TestClient) -> None:
    page = Page(client.get(f"/en/elections/{LIBRARY}/result").text)
    widths = [r.attributes["width"] for r in page.all("rect") if "ps-bar__fill" in r.classes][:5]
    assert widths == ["45.86%", "35.40%", "13.46%", "3.99%", "1.29%"]


def test_start_leads_to_the_language_of_the_browser(client: TestClient) -> None:
    answer = client.get("/", headers={"Accept-Language": "fr;q=0.9, vi-VN;q=0.8, en;q=0.5"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/vi/")
    assert answer.headers["vary"].startswith("Accept-Language")
    assert client.get("/", headers={"Accept-Language": "xx"}).headers["location"] == "/en/"


def test_parts_of_a_page_come_alone(client: TestClient) -> None:
    path = f"/en/elections/{MARKET}/board?page=2"
    part = client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.text.lstrip().startswith('<section id="entries">')
    assert "HX-Request-Type" in part.headers["vary"]
    assert "<html" in client.get(path).text
    turnout = client.get(f"/en/elections/{MARKET}/turnout").text
    assert turnout.lstrip().startswith('<figure class="ps-gauge" id="turnout"')


def test_an_error_of_a_part_is_a_part(client: TestClient) -> None:
    answer = client.get(
        f"/vi/elections/{MARKET}/board?page=9999",
        headers={"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#entries"},
    )
    assert answer.status_code == 404
    assert answer.text.lstrip().startswith('<div class="ps-missing" id="entries"')


@pytest.mark.parametrize(
    ("sought", "target"),
    [
        ("4128", "/board/4128"),
        ("4,128", "/board/4128"),
        (RECEIPT, f"/check?code={RECEIPT}"),
    ],
)
def test_finding_leads_to_the_entry(client: TestClient, sought: str, target: str) -> None:
    answer = client.get(f"/en/elections/{MARKET}/board", params={"find": sought})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/en/elections/{MARKET}{target}")


@pytest.mark.parametrize("path", ["/xx/", "/en/elections/ABC", f"/en/elections/{MARKET}/board/01", "/vi/x/y"])
def test_addresses_that_mean_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_qr_of_a_receipt_holds_the_whole_tracker(client: TestClient) -> None:
    tracker = "A" * 43
    answer = client.get(f"/elections/{MARKET}/receipts/{tracker}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg")
    assert client.get(f"/elections/{MARKET}/receipts/{tracker[:-1]}B/qr.svg").status_code == 404


def test_what_a_reader_typed_is_never_markup(client: TestClient) -> None:
    nasty = '"><script>alert(1)</script>'
    for parameter, page in (("code", "check"), ("find", "board")):
        html = client.get(f"/en/elections/{MARKET}/{page}", params={parameter: nasty}).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html
