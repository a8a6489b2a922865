"""An official (and others of the staff) in front of the officials' pages: forms as browsers send them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from httpx import Response

from identity.roles import Role
from tests.support.drafts import TITLE, Preparing
from tests.support.sites import SAME_SITE, Browser, SiteUnderTest
from voting.deeds import By
from voting.draft_document import TitlePart
from voting.drafts import create

_FIELD = re.compile(
    r'<input[^>]*\bname="([^"]+)"[^>]*>|<textarea[^>]*\bname="([^"]+)"[^>]*>([^<]*)</textarea>', re.DOTALL
)
_VALUE = re.compile(r'\bvalue="([^"]*)"')


@dataclass
class OfficePages:
    """A browser of somebody of the staff and a draft. lang: of the pages."""

    browser: Browser
    preparing: Preparing
    lang: str = "en"

    def path(self, place: str = "") -> str:
        """Address of a page of the draft."""
        base = f"/{self.lang}/office/drafts/{self.preparing.draft}"
        return f"{base}/{place}" if place else base

    def get(self, place: str = "") -> Response:
        """A page of the draft."""
        return self.browser.get(self.path(place))

    def post(
        self, place: str, fields: Mapping[str, Any] | None = None, **files: tuple[str, bytes]
    ) -> Response:
        """A form on a page of the draft, with files if there are any."""
        return send(self.browser, self.path(place), fields, **files)


def send(
    browser: Browser, path: str, fields: Mapping[str, Any] | None = None, **files: tuple[str, bytes]
) -> Response:
    """A form as multipart when files are given."""
    if not files:
        return browser.post(path, fields)
    data = {"csrf": browser.token, **(fields or {})}
    sent = {name: (file, content, "application/octet-stream") for name, (file, content) in files.items()}
    answer: Response = browser.client.post(path, data=data, files=sent, headers=SAME_SITE)
    return answer


def office_pages(site: SiteUnderTest, title: TitlePart = TITLE, *, lang: str = "en") -> OfficePages:
    """An official who has just begun a draft."""
    person = site.desk.person("Lan Nguyễn", (Role.OFFICIAL,))
    token = site.desk.session(person)
    who = site.desk.who(token)
    assert who is not None
    office, by = site.app.state.office, By(site.desk.desk, who)
    draft = create(office, by, title)
    preparing = Preparing(office, site.desk.desk, site.desk.clock, by, by, draft)  # type: ignore[arg-type]
    browser = site.browser().hold(token)
    browser.get("/en/my")
    return OfficePages(browser, preparing, lang)


def fields_of(page: Response) -> dict[str, str]:
    """Every text field and hidden field of a page, as the browser would send it back."""
    found = {}
    for match in _FIELD.finditer(page.text):
        name = match[1] or match[2]
        if match[1] and ('type="radio"' in match[0] or 'type="checkbox"' in match[0]):
            if " checked" in match[0]:
                value = _VALUE.search(match[0])
                found[name] = unescape(value[1]) if value else "on"
            continue
        if match[1]:
            value = _VALUE.search(match[0])
            found[name] = unescape(value[1]) if value else ""
        else:
            found[name] = unescape(match[3])
    for match in re.finditer(r'<select[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        chosen = re.search(r'<option[^>]*value="([^"]*)"[^>]* selected', match[2])
        found[match[1]] = unescape(chosen[1]) if chosen else ""
    found.pop("csrf", None)
    return found


def fault_of(page: Response, anchor: str) -> str:
    """The sentence that the summary leads from to this element; the field must say the same."""
    found = re.search(rf'<li><a href="#{re.escape(anchor)}">(.*?)</a></li>', page.text, re.DOTALL)
    assert found is not None, f"no fault at {anchor}: {summary(page)}"
    sentence = unescape(found[1]).strip()
    beside = [
        unescape(re.sub("<[^>]*>", "", text)).strip()
        for text in re.findall(r"<p[^>]*govuk-error-message[^>]*>(.*?)</p>", page.text, re.DOTALL)
    ]
    assert any(text.endswith(sentence) for text in beside), f"not beside the field: {sentence}, {beside}"
    return sentence


def summary(page: Response) -> list[str]:
    """Every sentence of the error summary."""
    found = re.findall(r'<li><a href="#[^"]*">(.*?)</a></li>', page.text, re.DOTALL)
    return [unescape(text).strip() for text in found]
