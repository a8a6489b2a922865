"""Tâm writes, Minh reports it, a moderator hides it, Tâm appeals, another moderator shows it again.

Without script, as everything here works; each page of the way is looked at with axe, and fits into 320 px.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from consultation.discussions.topics import Text, Topic, open_topic
from consultation.following.notices import tell
from crypto.encoding import encode_base64url
from identity.roles import Role
from identity.trail import begin, verify_trail
from storage.session import reading, writing
from tests.browser.said import said
from tests.browser.test_accessibility import NARROW, OVERFLOW, faults
from tests.support.sites import SiteUnderTest, served
from web.i18n import Language

pytestmark = pytest.mark.browser

WORDS = "Bà Sáu bán cá ở chợ Lò Gốm là đồ ăn cướp!"
KINDER = "Giá cá ở chợ cao hơn bảng niêm yết."
REASON = "Xin viết lại mà không gọi ai như vậy."
BECAUSE = "Tôi trích nguyên văn biên bản họp tổ dân phố."
GRANTED = "Đúng là trích biên bản, có dẫn nguồn."


@dataclass
class Walk:
    """A site, its people in browsers of their own, and the language in which all of them read it."""

    site: SiteUnderTest
    browser: Browser
    lang: Language
    stack: ExitStack
    thread: str
    bad: dict[str, list[str]] = field(default_factory=dict)

    def say(self, message: str, **values: object) -> str:
        """A sentence of the pages in this language."""
        return said(self.lang, message, **values)

    def as_one_who_is(self, *roles: Role) -> Page:
        """A tab in which somebody new is signed in, without script."""
        url, desk = self.site.settings.base_url, self.site.desk
        context = self.browser.new_context(reduced_motion="reduce", locale="en-GB")
        self.stack.callback(context.close)
        cookie = encode_base64url(desk.session(desk.person(roles=roles)))
        context.add_cookies([{"name": "psephos", "value": cookie, "url": url}])
        context.route(
            "**/*.js", lambda route: route.abort()
        )  # the site's own script; axe is put in from outside
        return context.new_page()

    def anybody(self) -> Page:
        """A tab of somebody who is not signed in."""
        context = self.browser.new_context(reduced_motion="reduce", locale="en-GB")
        self.stack.callback(context.close)
        return context.new_page()

    def open(self, page: Page, place: str) -> None:
        """Go to a page of the site, and look at it."""
        page.goto(f"{self.site.settings.base_url}/{self.lang}{place}")
        self.look(page)

    def press(self, page: Page, message: str) -> None:
        """Press a button, and look at the page that comes."""
        page.locator("main").get_by_role("button", name=self.say(message), exact=True).click()
        self.look(page)

    def follow(self, page: Page, message: str, **values: object) -> None:
        """Follow a link of the page, and look at where it leads."""
        page.locator("main").get_by_role("link", name=self.say(message, **values)).first.click()
        self.look(page)

    def look(self, page: Page) -> None:
        """Note what is wrong with it. Discussions are looked at elsewhere, but for what is hidden in them."""
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_load_state()  # without its style a page is wider
        if "/discussions/" in page.url and not page.locator(".ps-hidden").count():
            return
        if self.lang == "vi":  # the same elements with longer words
            page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            bad = ["wider than 320 px"] if page.evaluate(OVERFLOW) > 0 else []
        else:
            bad = faults(page)
        if bad:
            self.bad.setdefault(page.url, []).extend(bad)


@pytest.fixture(params=[pytest.param("en", marks=pytest.mark.thorough), "vi"])
def walk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Walk]:
    with served(tmp_path_factory.mktemp("moderation")) as site, ExitStack() as stack:
        desk, official = site.desk.desk, site.desk.person(roles=(Role.OFFICIAL,))
        with writing(desk.engine) as session:
            begin(desk, session)
            topic = Topic(Text("Prices on the market", "Giá cả ở chợ"), office=True)
            thread = open_topic(session, topic, official, desk.clock())
        yield Walk(site, browser, request.param, stack, thread.id)


def write(walk: Walk, page: Page, words: str) -> None:
    """A contribution, looked at first."""
    walk.open(page, f"/discussions/{walk.thread}")
    page.locator("#words").fill(words)
    walk.press(page, "Preview")
    walk.press(page, "Publish")
    expect(page.locator("main")).to_contain_text(words)


def test_reported_hidden_and_shown_again(walk: Walk) -> None:
    expect.set_options(timeout=20_000)
    author, reader = walk.as_one_who_is(), walk.as_one_who_is()
    first, second = walk.as_one_who_is(Role.MODERATOR), walk.as_one_who_is(Role.MODERATOR)
    everybody = walk.anybody()
    discussion, record = f"/discussions/{walk.thread}", "/moderation/record"
    write(walk, author, WORDS)

    walk.open(reader, discussion)
    reader.locator(".ps-post").filter(has_text=WORDS).get_by_role("link", name=walk.say("Report")).click()
    expect(reader.locator("blockquote")).to_have_text(WORDS)
    walk.press(reader, "Send the report")
    expect(reader.locator(".govuk-error-summary")).to_contain_text(walk.say("Choose the rule that it breaks"))
    reader.locator("input[name=rule][value=attack]").check()
    reader.locator("#words").fill("Bà Sáu là mẹ tôi.")
    walk.press(reader, "Send the report")
    expect(reader.locator("h1")).to_have_text(walk.say("Your report has arrived"))
    walk.open(everybody, discussion)
    expect(everybody.locator("main")).to_contain_text(WORDS)  # a report alone hides nothing

    walk.open(first, "/moderation")
    first.get_by_role("link", name=WORDS[:20]).click()
    walk.look(first)
    case = first.url
    second.goto(case)
    walk.press(first, "Take this case")
    walk.press(second, "Take this case")  # on a page that is older than the other one's claim
    expect(second.locator(".govuk-error-summary")).to_contain_text(
        walk.say("Another moderator works on this now.")
    )
    expect(first.locator("main")).to_contain_text("Bà Sáu là mẹ tôi.")
    first.locator("input[name=deed][value=hide]").check()
    first.locator("select[name=reason]").select_option("person-insulted")
    first.locator("#note").fill(REASON)
    first.locator("input[name=warn]").check()
    first.locator("select[name=pause]").select_option("7")
    walk.press(first, "Decide")
    expect(first.locator("h1")).to_have_text(walk.say("Entry %(n)s", n=1))

    for page in (everybody, reader):
        walk.open(page, discussion)
        expect(page.locator("main")).not_to_contain_text("Bà Sáu")
    everybody.locator(".ps-hidden a[href$='/moderation/record/1']").click()
    walk.look(everybody)
    expect(everybody.locator("main")).not_to_contain_text("Bà Sáu")
    expect(everybody.locator("main")).not_to_contain_text(REASON)

    author.goto(f"{walk.site.settings.base_url}/{walk.lang}{discussion}")
    author.locator("#words").fill(KINDER)
    author.get_by_role("button", name=walk.say("Preview"), exact=True).click()
    author.get_by_role("button", name=walk.say("Publish"), exact=True).click()
    expect(author.locator("main")).not_to_contain_text("#2")  # paused
    walk.open(author, "/appeals")
    author.locator(".ps-rows a").first.click()
    walk.look(author)
    expect(author.locator("main")).to_contain_text(REASON)
    expect(author.locator("main")).to_contain_text(WORDS)
    walk.press(author, "Send the appeal")
    expect(author.locator(".govuk-error-summary")).to_be_visible()
    author.locator("#words").fill(BECAUSE)
    walk.press(author, "Send the appeal")
    expect(author.locator("main")).to_contain_text(BECAUSE)

    for page in (first, second):
        walk.open(page, "/moderation")
        walk.follow(page, "Appeal about decision %(n)s", n=1)
    expect(first.locator("main")).to_contain_text(
        walk.say("You have decided about this before. Another moderator decides.")
    )
    expect(first.locator("main form")).to_have_count(0)
    expect(second.locator("main")).to_contain_text(BECAUSE)
    second.locator("input[name=answer][value=grant]").check()
    second.locator("#note").fill(GRANTED)
    walk.press(second, "Decide the appeal")

    walk.open(everybody, discussion)
    expect(everybody.locator("main")).to_contain_text(WORDS)
    walk.open(everybody, record)
    expect(everybody.locator("main")).to_contain_text("100.0%" if walk.lang == "en" else "100,0%")
    expect(everybody.locator(".ps-rows h3")).to_have_count(6)
    expect(everybody.locator("main")).not_to_contain_text("Bà Sáu")
    walk.open(everybody, "/moderation/rules")
    author.reload()
    expect(author.locator("main")).to_contain_text(GRANTED)
    desk = walk.site.desk.desk
    with writing(desk.engine) as session:
        tell(session, desk.clock())  # as the server does every few seconds
    walk.open(author, "/my/news")
    expect(author.locator("main")).to_contain_text(walk.say("Your appeal was decided"))
    write(walk, author, KINDER)  # the pause is over
    with reading(desk.engine) as session:
        verify_trail(session, desk.trail_origin, desk.keys.log.public_key)
    assert walk.bad == {}
