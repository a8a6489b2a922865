"""A site of votes and a site of participation for all walks of a process; for each a fresh browser, closely watched."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.participation import Scene, scene
from tests.browser.site import Site, Watch, running_site

PATIENCE_MS = 20_000
"""The tables of a key take a second alone, several on a busy machine."""

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 3,
}

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running site with the ward's elections."""
    with running_site(tmp_path_factory.mktemp("ward")) as running:
        yield running


@pytest.fixture(scope="session")
def participation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The running site full of petitions, discussions and consultations."""
    with scene(tmp_path_factory.mktemp("participation")) as running:
        yield running


@pytest.fixture
def watches() -> list[Watch]:
    """What watches the profiles of this test."""
    return []


@pytest.fixture
def new_context(browser: Browser, site: Site, watches: list[Watch]) -> Iterator[NewContext]:
    """Makes browser profiles. At the end none of them may have spoken to a stranger or met a fault."""
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:

        def make(**options: Any) -> BrowserContext:
            fresh = browser.new_context(**{"locale": "en-GB", **options})
            fresh.set_default_timeout(PATIENCE_MS)
            stack.callback(fresh.close)
            watches.append(Watch(site.url).over(fresh))
            return fresh

        yield make
        for watch in watches:
            watch.require_peace()


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """A profile at a desk, in English."""
    return new_context(viewport={"width": 1280, "height": 720})


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Its first tab."""
    return context.new_page()


@pytest.fixture
def phone(new_context: NewContext) -> Page:
    """A tab on a phone, in Vietnamese."""
    return new_context(locale="vi-VN", **PHONE).new_page()
