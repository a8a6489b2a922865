"""Forms: read strictly, every fault said once, what was typed stays."""

from datetime import UTC, date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.web.conftest import SETTINGS
from tests.web.examples import SITE
from tests.web.reader import Page
from web.assets import Assets
from web.forms import FIELDS_MAX, Form, MalformedForm, Upload, moment_fields, read_form
from web.rendering import loader, renderer

SAIGON, BERLIN = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("Europe/Berlin")
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


def typed(**values: str) -> Form:
    return Form.filled("en", values)


class TestText:
    def test_is_trimmed_and_in_normal_form_c(self) -> None:
        form = typed(name="  Le\u0302 Va\u0306n \u0110a\u0323t ")
        assert form.text("name", most=40) == "Lê Văn Đạt"
        assert form.ok

    def test_missing_is_said_only_where_it_is_asked_for(self) -> None:
        form = typed(name="   ")
        assert form.text("name", most=40) == ""
        assert form.ok
        assert form.text("name", most=40, missing="Enter your name") == ""
        assert [(fault.field, fault.sentence, fault.anchor) for fault in form.faults] == [
            ("name", "Enter your name", "name")
        ]

    def test_too_long_says_by_how_much(self) -> None:
        form = typed(name="x" * 41)
        assert form.text("name", most=40) == ""
        assert form.fault("name") == "Shorten this to 40 characters; it has 41."
        assert form.value("name") == "x" * 41  # what was typed stays

    @pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u202e", "\u200b", "\u2066", "\ufeff", "\x85", "\t"])
    def test_what_nobody_can_see_is_refused(self, hidden: str) -> None:
        form = typed(name=f"Lan{hidden}Anh")
        assert form.text("name", most=40) == ""
        assert "nobody can see" in form.fault("name")

    def test_lines_only_where_they_are_allowed(self) -> None:
        assert typed(name="a\r\nb").text("name", most=9, lines=True) == "a\nb"
        form = typed(name="a\nb")
        assert form.text("name", most=9) == ""
        assert not form.ok

    def test_a_field_sent_twice_is_no_form_of_ours(self) -> None:
        form = Form("en", {"name": ("a", "b")})
        with pytest.raises(MalformedForm):
            form.text("name", most=9)

    def test_first_fault_of_a_field_is_the_one_that_is_shown(self) -> None:
        form = Form("vi")
        form.wrong("a", "First")
        form.wrong("a", "Second")
        form.wrong("b", "Third", "b-day")
        assert [(fault.sentence, fault.anchor) for fault in form.faults] == [
            ("First", "a"),
            ("Third", "b-day"),
        ]


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "value"), [("7", 7), (" 10 ", 10), ("1 000", 1000), ("-3", -3), ("0", 0)]
    )
    def test_whole_numbers(self, text: str, value: int) -> None:
        assert typed(n=text).number("n", least=-5, most=1000, wrong="no") == value

    @pytest.mark.parametrize("text", ["x", "1.5", "1_0", "٣", "1e3", "9" * 5000, "1001", "-6", "--1"])
    def test_anything_else_is_refused(self, text: str) -> None:
        form = typed(n=text)
        assert form.number("n", least=-5, most=1000, wrong="Write a number from -5 to 1000") is None
        assert form.fault("n") == "Write a number from -5 to 1000"


class TestChoices:
    def test_one_of_what_was_offered(self) -> None:
        assert typed(kind="b").choice("kind", ("a", "b"), "Choose one") == "b"
        form = typed(kind="c")
        assert form.choice("kind", ("a", "b"), "Choose one") == ""
        assert form.fault("kind") == "Choose one"

    def test_several_in_the_order_of_the_offer(self) -> None:
        form = Form("en", {"roles": ("b", "a")})
        assert form.choices("roles", ("a", "b", "c")) == ("a", "b")
        assert form.choices("none", ("a",)) == ()
        assert form.ok

    def test_a_forged_value_takes_nothing(self) -> None:
        form = Form("en", {"roles": ("a", "administrator")})
        assert form.choices("roles", ("a", "b")) == ()
        assert form.fault("roles")

    def test_ticked(self) -> None:
        assert typed(sure="yes").ticked("sure")
        assert not typed(sure="no").ticked("sure")
        assert not typed().ticked("sure")


def moment_form(day: str, month: str, year: str, clock: str) -> Form:
    return typed(**{"at-day": day, "at-month": month, "at-year": year, "at-time": clock})


class TestMoments:
    def test_on_the_clocks_of_the_zone(self) -> None:
        form = moment_form("29", "11", "2026", "20:00")
        assert form.moment("at", SAIGON) == datetime(2026, 11, 29, 13, 0, tzinfo=UTC)
        assert form.ok

    @pytest.mark.parametrize("clock", ["20:00", "20.00", "20h00"])
    def test_as_people_write_the_time(self, clock: str) -> None:
        assert moment_form("1", "2", "2026", clock).moment("at", SAIGON)

    def test_what_is_shown_is_read_back(self) -> None:
        moment = datetime(2026, 3, 1, 20, 5, tzinfo=UTC)
        assert Form.filled("en", moment_fields("at", moment, SAIGON)).moment("at", SAIGON) == moment

    @pytest.mark.parametrize(
        ("fields", "anchor", "words"),
        [
            (("31", "11", "2026", "20:00"), "at-day", "no such day"),
            (("29", "2", "2027", "20:00"), "at-day", "no such day"),
            (("x", "11", "2026", "20:00"), "at-day", "day as a number"),
            (("1", "", "2026", "20:00"), "at-month", "month as a number"),
            (("1", "11", "26", "20:00"), "at-year", "four digits"),
            (("1", "11", "2026", ""), "at-time", "Enter the time"),
            (("1", "11", "2026", "8 pm"), "at-time", "hours and minutes"),
            (("1", "11", "2026", "24:00"), "at-time", "hours and minutes"),
            (("", "", "", ""), "at-day", "Enter the closing time"),
        ],
    )
    def test_each_fault_leads_to_its_field(
        self, fields: tuple[str, str, str, str], anchor: str, words: str
    ) -> None:
        form = moment_form(*fields)
        assert form.moment("at", SAIGON, missing="Enter the closing time") is None
        assert [fault.anchor for fault in form.faults] == [anchor]
        assert words in form.faults[0].sentence

    def test_a_time_that_the_clocks_skip(self) -> None:
        form = moment_form("29", "3", "2026", "02:30")
        assert form.moment("at", BERLIN) is None
        assert "skip this time" in form.fault("at")
        assert moment_form("29", "3", "2026", "01:59").moment("at", BERLIN)
        assert moment_form("29", "3", "2026", "03:00").moment("at", BERLIN)

    def test_a_time_that_comes_twice(self) -> None:
        form = moment_form("25", "10", "2026", "02:30")
        assert form.moment("at", BERLIN) is None
        assert "this time twice" in form.fault("at")

    def test_a_day_alone(self) -> None:
        assert moment_form("29", "2", "2028", "").day("at") == date(2028, 2, 29)
        assert typed().day("at") is None


class TestFiles:
    def test_one_file(self) -> None:
        upload = Upload("roll.csv", "text/csv", b"a,b")
        assert Form("en", files={"roll": (upload,)}).file("roll", most_bytes=3) == upload

    def test_none_and_too_large(self) -> None:
        form = Form("en", files={"roll": (Upload("", "application/octet-stream", b""),)})
        assert form.file("roll", most_bytes=9, missing="Choose the list") is None
        assert form.fault("roll") == "Choose the list"
        form = Form("en", files={"roll": (Upload("r", "text/csv", bytes(3000)),)})
        assert form.file("roll", most_bytes=2048) is None
        assert form.fault("roll") == "The file has 3 kB. Choose one of at most 2 kB."
        assert "bytes" not in repr(form)


@pytest.fixture(scope="module")
def echo() -> TestClient:
    async def answer(request: Request) -> Response:
        form = await read_form(request, "en", limit=100_000)
        files = {name: [(f.name, len(f.data)) for f in found] for name, found in form.files.items()}
        return JSONResponse({"fields": dict(form.fields), "files": files})

    return TestClient(Starlette(routes=[Route("/", answer, methods=["POST"])]))


class TestReading:
    def test_fields_of_both_kinds(self, echo: TestClient) -> None:
        read = echo.post("/", data={"name": "Lê Văn Đạt", "roles": ["a", "b"], "empty": ""}).json()
        assert read["fields"] == {"name": ["Lê Văn Đạt"], "roles": ["a", "b"], "empty": [""]}
        read = echo.post(
            "/", data={"name": "Đạt"}, files={"roll": ("r.csv", b"x" * 70_000, "text/csv")}
        ).json()
        assert read == {"fields": {"name": ["Đạt"]}, "files": {"roll": [["r.csv", 70_000]]}}

    @pytest.mark.parametrize(
        "body",
        [b"name=%FF", b"name=\xff", b"name", b"a=1&&b=2;%", urlencode([("a", "b")] * (FIELDS_MAX + 1))],
    )
    def test_what_no_browser_sends_is_refused(self, echo: TestClient, body: bytes) -> None:
        assert echo.post("/", content=body, headers=URLENCODED).status_code == 400

    @pytest.mark.parametrize("media_type", ["", "text/plain", "application/json", "multipart/form-data"])
    def test_other_media_types_are_refused(self, echo: TestClient, media_type: str) -> None:
        assert echo.post("/", content=b"a=b", headers={"content-type": media_type}).status_code == 400

    def test_broken_multipart_is_refused(self, echo: TestClient) -> None:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        assert echo.post("/", content=b"--x\r\nnothing", headers=headers).status_code == 400
        many = b"".join(
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nz\r\n' for _ in range(21)
        )
        assert echo.post("/", content=many + b"--x--\r\n", headers=headers).status_code == 400

    def test_more_than_the_limit_is_refused(self, echo: TestClient) -> None:
        assert echo.post("/", data={"a": "x" * 100_001}).status_code == 413


FIELDS = """
{% from "macros/forms.html" import area_field, button, checkbox_field, csrf_field, error_prefix, error_summary,
   file_field, moment_field, number_field, radio_field, select_field, text_field, tick_field %}
<div><title>{{ error_prefix(form) }}Form</title>{{ error_summary(form) }}<form method="post">{{ csrf_field(csrf) }}
{{ text_field(form, "name", "Name", hint="As in the letter", autocomplete="name") }}
{{ number_field(form, "count", "Count", suffix="voters") }}
{{ area_field(form, "reason", "Reason") }}
{{ select_field(form, "zone", "Zone", [("a", "A"), ("b", "B")]) }}
{{ radio_field(form, "kind", "Kind", [("a", "A", "first"), ("b", "B")], hint="One") }}
{{ checkbox_field(form, "roles", "Roles", [("a", "A"), ("b", "B")]) }}
{{ tick_field(form, "sure", "I am sure") }}
{{ moment_field(form, "at", "Closing", "GMT+7") }}
{{ file_field(form, "roll", "List", accept=".csv") }}
{{ button("Send") }}{{ button("End it", kind="warning", name="do", value="end") }}
</form></div>
"""


class FixedToken:
    """Stands where the renderer puts the tokens of a session."""

    def token(self) -> str:
        return "token"


@pytest.mark.parametrize("language", ["en", "vi"])
def test_macros_show_what_was_typed_and_what_is_wrong_beside_it(language: str) -> None:
    form = Form(
        "vi" if language == "vi" else "en",
        {
            "name": ['"><script>'],
            "reason": ["</textarea>"],
            "kind": ["b"],
            "roles": ["b"],
            "sure": ["yes"],
            "zone": ["b"],
            "at-day": ["31"],
        },
    )
    for name in ("name", "count", "reason", "zone", "kind", "roles", "sure", "roll"):
        form.wrong(name, f"Mend {name}")
    form.wrong("at", "Mend at", "at-day")
    environment = renderer(SITE, Assets()).environments[form.language]
    page = Page(environment.from_string(FIELDS).render(form=form, csrf=FixedToken()))
    links = [link for link in page.all("a") if link.attributes["href"].startswith("#")]
    assert [link.text for link in links] == [f"Mend {fault.field}" for fault in form.faults]
    assert {link.attributes["href"][1:] for link in links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.all("title")[0].text == ("Lỗi: Form" if language == "vi" else "Error: Form")
    messages = [element.text for element in page.elements if "govuk-error-message" in element.classes]
    assert len(messages) == 9
    assert all(message.startswith("Lỗi:" if language == "vi" else "Error:") for message in messages)
    for element in page.elements:
        for reference in element.attributes.get("aria-describedby", "").split():
            assert reference in page.ids
    assert not page.all("script")
    values = {field.attributes["name"]: field.attributes for field in page.all("input")}
    assert values["name"]["value"] == '"><script>'
    assert values["csrf"] == {"type": "hidden", "name": "csrf", "value": "token"}
    assert page.all("textarea")[0].text == "</textarea>"
    assert [f.attributes["value"] for f in page.all("input") if "checked" in f.attributes] == [
        "b",
        "b",
        "yes",
    ]
    assert [
        option.attributes["value"] for option in page.all("option") if "selected" in option.attributes
    ] == ["b"]
    labelled = {label.attributes["for"] for label in page.all("label")}
    fields = [*page.all("input"), *page.all("textarea"), *page.all("select")]
    assert all(f.attributes["id"] in labelled for f in fields if f.attributes.get("type") != "hidden")


def test_the_loader_knows_the_macros() -> None:
    assert "macros/forms.html" in loader().list_templates()
    assert SETTINGS.base_url == "http://localhost:8000"
