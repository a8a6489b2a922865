"""The data sets as the page about open data lists them: what is in each, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from web.i18n import N_

_API: Final = "/api/v1/"


@dataclass(frozen=True)
class OpenDataSet:
    """One data set. name: in its address.  table: name of the schema of its CSV, if it is another one."""

    name: str
    title: str
    words: str
    feed: bool = False
    calendar: bool = False
    table: str = ""

    @property
    def files(self) -> Sequence[tuple[str, str]]:
        """Formats and their addresses."""
        found = [("JSON", self._address("")), ("CSV", self._address(".csv"))]
        found += [("Atom", self._address(".atom"))] if self.feed else []
        return [*found, ("iCalendar", self._address(".ics"))] if self.calendar else found

    @property
    def schema(self) -> str:
        """Address of the schema of the CSV."""
        return f"{_API}schemas/{self.table or self.name}"

    def _address(self, ending: str) -> str:
        return f"{_API}{self.name}{ending}"


def _of_consultation(part: str, title: str, words: str) -> OpenDataSet:
    name = f"consultations/{{consultation}}/{part}"
    return OpenDataSet(name, title, words, table=f"consultations-{part}")


DATA_SETS: Final[tuple[OpenDataSet, ...]] = (
    OpenDataSet(
        "petitions",
        N_("Petitions"),
        N_("Words, state, signatures, dates, whom they ask."),
        feed=True,
        calendar=True,
    ),
    OpenDataSet(
        "thresholds",
        N_("Thresholds"),
        N_("How many signatures a petition needs, what is due then, from whom and within how many days."),
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
        "discussions",
        N_("Discussions"),
        N_("What each is about, and how many contributions it has."),
        feed=True,
        calendar=True,
    ),
    OpenDataSet(
        "discussions/{thread}",
        N_("Contributions"),
        N_(
            "What was written in a discussion, without the names of its authors. {thread} is the id of the discussion."
        ),
        feed=True,
        table="discussions-contributions",
    ),
    OpenDataSet(
        "consultations",
        N_("Consultations"),
        N_("What each is about, its phase and its dates, how many took part."),
        feed=True,
        calendar=True,
    ),
    _of_consultation(
        "questions",
        N_("Questions and results"),
        N_("What was asked and how many chose what, after the end. Numbers below 5 are withheld."),
    ),
    _of_consultation(
        "answers", N_("Written answers"), N_("What was answered in own words, after the end, without names.")
    ),
    _of_consultation(
        "paragraphs",
        N_("Draft texts"),
        N_("Paragraph by paragraph, with how many comments each has and where they are."),
    ),
    _of_consultation("themes", N_("Outcomes"), N_("What came of each theme, and why.")),
    OpenDataSet(
        "moderation",
        N_("Moderation"),
        N_("What was decided about what was written here, by which rule, in which role."),
        feed=True,
        calendar=True,
    ),
)
