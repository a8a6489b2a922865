"""Where pages come from: the database when serving, examples in tests."""

from typing import Protocol

from web.pages.board import BoardPage, EntryPage
from web.pages.booth import BoothPage
from web.pages.check import CheckPage
from web.pages.election import ElectionPage
from web.pages.home import CheckAnyPage, ElectionsPage, HomePage, HowPage
from web.pages.result import ResultPage
from web.pages.verify import VerifyPage


class PageSource(Protocol):
    """Builds the contexts. Every verb may raise PageNotFound. Called in a worker thread, never on the event loop."""

    def home(self) -> HomePage:
        """The front page."""

    def elections(self) -> ElectionsPage:
        """All votes."""

    def check_any(self) -> CheckAnyPage:
        """Votes whose ballots can be looked up."""

    def how(self) -> HowPage:
        """How voting here works."""

    def election(self, election: str) -> ElectionPage:
        """One vote."""

    def booth(self, election: str) -> BoothPage:
        """Its booth."""

    def check(self, election: str, code: str, *, submitted: bool) -> CheckPage:
        """Look up a receipt code, full tracker or voter number. submitted: then an empty code is a mistake."""

    def board(self, election: str, page: int | None, sought: str) -> BoardPage:
        """A page of the board, the newest for None. sought: what the reader looked for in vain."""

    def entry(self, election: str, index: int) -> EntryPage:
        """One entry of the board."""

    def result(self, election: str) -> ResultPage:
        """The result."""

    def verify(self, election: str) -> VerifyPage:
        """How to check it elsewhere."""
