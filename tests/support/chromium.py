"""A real Chromium for the tests that look at pages: Debian's program, driven by Playwright.

Debian builds it twice from one source: as `chromium`, and as `chromium-headless-shell`, which has no window. For what
is looked at here both are the same; the window's own pages cost nearly as much as ours. So the second is
taken where it is there, unless `PSEPHOS_TEST_CHROMIUM` names another program.

A missing browser fails the test with a sentence that names the package. It never skips: a run without the
browser tests would look like a run that passed them.
"""

import os
import shutil
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# The browser talks to the test's own server and to nobody else.
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for this process."""
    program = next(filter(None, map(shutil.which, _programs())), None)
    if program is None:
        need = f"The browser tests need one of {', '.join(_programs())}. Debian's: apt install chromium-headless-shell"
        pytest.fail(need, pytrace=False)
    # Chromium refuses to run its sandbox as root, and continuous integration is root.
    flags = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else list(QUIET)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=flags)
        yield running
        running.close()


def _programs() -> Sequence[str]:
    named = os.environ.get("PSEPHOS_TEST_CHROMIUM")
    return (named,) if named else ("chromium-headless-shell", "chromium")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile without history, closed after the test. Its language is English."""
    fresh = browser.new_context(locale="en-GB")
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab of `context`."""
    return context.new_page()
