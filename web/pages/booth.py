"""The voting booth: the same page for everybody. Code and choices stay in the browser."""

from dataclasses import dataclass

from web.i18n import Text
from web.pages.common import Head, KeyHolders, Turnout, Warnings
from web.pages.election import Kind


@dataclass(frozen=True)
class BoothOption:
    """One option. Its place in the tuple is its place in the manifest."""

    id: str
    label: Text


@dataclass(frozen=True)
class BoothQuestion:
    """One screen of the booth."""

    id: str
    kind: Kind
    text: Text
    options: tuple[BoothOption, ...]
    minimum: int
    maximum: int
    points_max: int
    positions: tuple[int, ...] = ()
    """ranking: points of position 1, 2, …"""


@dataclass(frozen=True)
class BoothPage:
    """All screens; which one is shown is decided in the browser."""

    head: Head
    questions: tuple[BoothQuestion, ...]
    holders: KeyHolders
    warnings: Warnings
    turnout: Turnout
    """For the urn of the end page."""
    sign_in: bool = False
    """Who casts has to sign in, after the ballot is sealed."""
