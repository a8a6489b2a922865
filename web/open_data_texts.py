"""The data sets as the page about open data lists them: what is in each, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.i18n import N_

_API: Final = "/api/v1/"


@dataclass(frozen=True)
class OpenDataSet:
    """One data set. name: in its address.  files: (format, address) beside the JSON.  schema: of its CSV."""

    name: str
    title: str
    words: str
    feed: bool = False
    calendar: bool = False
    per_thread: bool = False

    @property
    def files(self) -> Sequence[tuple[str, str]]:
        """Formats and their addresses."""
        found = [("JSON", self._address("")), ("CSV", self._address(".csv"))]
        found += [("Atom", self._address(".atom"))] if self.feed else []
        return [*found, ("iCalendar", self._address(".ics"))] if self.calendar else found

    @property
    def schema(self) -> str:
        """Address of the schema of the CSV."""
        return f"{_API}schemas/{self.name}{'-contributions' if self.per_thread else ''}"

    def _address(self, ending: str) -> str:
        return f"{_API}{self.name}{'/{thread}' if self.per_thread else ''}{ending}"


DATA_SETS: Final[tuple[OpenDataSet, ...]] = (
    OpenDataSet(
        "petitions", N_("Petitions"), N_("Words, state, signatures, dates, whom they ask."), feed=True
    ),
    OpenDataSet(
        "deadlines",
        N_("Deadlines"),
        N_("What is due to petitions, from whom, until when, and when it came."),
        feed=True,
        calendar=True,
    ),
    OpenDataSet(
        "answers",
        N_("Answers"),
        N_("What the office answered, days of debates, what became of petitions."),
        feed=True,
    ),
    OpenDataSet(
        "discussions", N_("Discussions"), N_("What each is about, and how many contributions it has.")
    ),
    OpenDataSet(
        "discussions",
        N_("Contributions"),
        N_(
            "What was written in a discussion, without the names of its authors. {thread} is the id of the discussion."
        ),
        feed=True,
        per_thread=True,
    ),
    OpenDataSet(
        "moderation",
        N_("Moderation"),
        N_("What was decided about what was written here, by which rule, in which role."),
        feed=True,
    ),
)
