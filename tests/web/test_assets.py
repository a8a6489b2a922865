"""Static files: kept by browsers, small enough for a phone, and nothing in the style sheet that no page uses."""

import gzip
import hashlib
import re

import pytest
from starlette.testclient import TestClient

from tests.support.repository import ROOT
from tests.web.paths import PAGES
from tests.web.reader import Page
from web.assets import FOLDER, IMMUTABLE, TYPES, Assets, MissingAsset

KILOBYTE = 1000


def weight(client: TestClient, path: str) -> int:
    """Bytes over the wire of a page and everything that it loads, on a first visit."""
    answer = client.get(path)
    assert answer.headers["content-encoding"] == "gzip"
    page = Page(answer.text)
    named = {
        element.attributes[attribute]
        for element in page.elements
        for attribute in ("src", "href")
        if element.attributes.get(attribute, "").startswith("/static/")
        and element.attributes.get("rel") not in ("apple-touch-icon", "icon")
    }
    if "booth" in path:
        named |= set(re.findall(r'"worker":"([^"]+)"', answer.text))
    assert any(".woff2" in name for name in named)
    return int(answer.headers["content-length"]) + sum(
        int(client.get(name).headers["content-length"]) for name in named
    )


@pytest.mark.parametrize("language", ["en", "vi"])
def test_pages_are_light(client: TestClient, language: str) -> None:
    for name in ("home", "election-open", "election-one-holder", "result-three-questions"):
        assert weight(client, f"/{language}{PAGES[name]}") < 100 * KILOBYTE
    assert weight(client, f"/{language}{PAGES['booth']}") < 200 * KILOBYTE


def test_a_file_is_kept_as_long_as_its_address(client: TestClient) -> None:
    assets = Assets()
    url = assets.url("psephos.css")
    kept = client.get(url)
    assert kept.headers["cache-control"] == IMMUTABLE
    assert client.get("/static/psephos.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/psephos.css?v=000000000000").headers["cache-control"] == "no-cache"
    assert client.get(url, headers={"If-None-Match": kept.headers["etag"]}).status_code == 304


def test_the_style_sheet_names_its_fonts_by_content(client: TestClient) -> None:
    css = client.get("/static/psephos.css").text
    fonts = re.findall(r"url\(([^)]+)\)", css)
    assert len(fonts) == 2
    assert all(client.get(font).headers["cache-control"] == IMMUTABLE for font in fonts)


def test_plain_and_compressed_are_the_same(client: TestClient) -> None:
    plain = client.get("/static/psephos.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert client.get("/static/psephos.css").content == plain.content
    packed = Assets().get("psephos.css").compressed
    assert packed is not None
    assert gzip.decompress(packed) == plain.content


@pytest.mark.parametrize(
    "name", ["%2e%2e/app.py", "client/%2e%2e%2f%2e%2e/app.py", "nothing.css", "fonts", ""]
)
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code in (302, 404)  # a client may resolve the dots itself and ask for a page /app.py
    assert b"def " not in answer.content


def test_a_page_that_names_a_missing_file_fails() -> None:
    with pytest.raises(MissingAsset, match=r"nothing\.js"):
        Assets().url("nothing.js")


def test_all_types_of_our_files_are_known() -> None:
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} <= set(TYPES)


def test_pages_are_revalidated_not_reloaded(client: TestClient) -> None:
    first = client.get(f"/en{PAGES['result']}")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(f"/en{PAGES['result']}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_htmx_is_the_released_file() -> None:
    """htmx.org 4.0.1, dist/htmx.min.js."""
    digest = hashlib.sha256((FOLDER / "vendor/htmx-4.0.1.min.js").read_bytes()).hexdigest()
    assert digest == "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"


def test_the_style_sheet_and_the_pages_know_the_same_classes() -> None:
    css = re.sub(r"/\*.*?\*/", "", (FOLDER / "psephos.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    defined = set(re.findall(r"\.((?:ps|is)-[a-z_-]+)", css))
    sources = [
        path.read_text(encoding="utf-8")
        for folder, suffix in (("web/templates", "*.html"), ("web/client/src", "*.ts"))
        for path in (ROOT / folder).rglob(suffix)
    ]
    used = set(re.findall(r"(?<![\w-])((?:ps|is)-[a-z_-]+)", " ".join(sources)))
    assert defined - used == set(), "styled, but on no page"
    assert {name for name in used if name.startswith("ps-")} - defined == set(), (
        "on a page, but without style"
    )


def test_light_and_dark_know_the_same_colours() -> None:
    css = (FOLDER / "psephos.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    fixed = {"color-scheme", "--pebble", "--mono", "--amber", "--focus-in"}  # the same by day and by night
    names = set(re.findall(r"(--[a-z-]+\d?):", light)) - fixed
    assert set(re.findall(r"(--[a-z-]+\d?):", dark)) == names
