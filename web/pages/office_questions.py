"""One question of a draft as a form: its text, its options row by row, and the numbers of its kind."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from protocol.manifest import POSITION_POINTS_MAX, RANKED_OPTIONS_MAX
from voting.draft_document import (
    OPTION_CHARACTERS,
    OPTIONS_MAX,
    QUESTION_CHARACTERS,
    DraftOption,
    DraftQuestion,
    Kind,
    Words,
    tidy,
)
from voting.look_alikes import first_pair_alike
from web.forms import Form
from web.i18n import N_
from web.pages.office_forms import fill_words, read_words

ROWS_AT_FIRST: Final = 3
ROWS_MORE: Final = 5
TEXT_MISSING: Final = N_("Write the question in at least one language; the other can follow")
NUMBER: Final = N_("Write a whole number from %(least)s to %(most)s")
MIN_MAX: Final = N_("The largest number must not be below the smallest. Change one of the two.")
MORE_THAN_OPTIONS: Final = N_("There are %(count)s options only. Write a smaller number, or add options.")
TOO_MANY: Final = N_("At most %(most)s options are possible in this kind of question. Take some out.")
ALIKE: Final = N_("This option looks like option %(first)s. Change one of them.")
POSITIONS: Final = N_(
    "Write one number for each option, from the first place to the last, such as 3, 2, 1. They must not rise, and the "
    "first must be larger than the last."
)
PASTE_LONG: Final = N_("Line %(line)s is too long: an option has at most %(most)s characters.")

_NUMBERS: Final = re.compile(r"[0-9]{1,4}(?:[\s,;]+[0-9]{1,4})*")


def fill_question(question: DraftQuestion) -> dict[str, str]:
    """The form of a question."""
    filled = {**fill_words("text", question.text), "rows": str(_rows_for(len(question.options)))}
    for number, option in enumerate(question.options, start=1):
        filled |= fill_words(f"option-{number}", option.label)
    kind = Kind(question.kind)
    if kind is Kind.APPROVAL:
        filled |= {"minimum": str(question.minimum), "maximum": str(question.maximum)}
    if kind is Kind.POINTS:
        filled |= {
            "each": str(question.points_max),
            "minimum": str(question.minimum),
            "maximum": str(question.maximum),
        }
    if kind is Kind.RANKING and question.positions != borda(len(question.options)):
        filled["positions"] = ", ".join(str(points) for points in question.positions)
    return filled


def empty_question(kind: Kind) -> dict[str, str]:
    """The form of a new question."""
    filled = {"rows": str(ROWS_AT_FIRST)}
    if kind is Kind.APPROVAL:
        filled |= {"minimum": "1", "maximum": "1"}
    if kind is Kind.POINTS:
        filled |= {"each": "5", "minimum": "0", "maximum": "10"}
    return filled


def row_count(form: Form) -> int:
    """How many rows of options the form has."""
    typed = form.value("rows")
    number = int(typed) if re.fullmatch(r"[0-9]{1,3}", typed) else ROWS_AT_FIRST
    return max(1, min(OPTIONS_MAX, number))


def rearranged(form: Form, deed: str) -> Form:
    """The same form after `more`, `up-3`, `down-3` or `paste`: nothing is saved, nothing that was typed is lost."""
    rows = [
        (form.value(f"option-{number}-en"), form.value(f"option-{number}-vi"))
        for number in range(1, row_count(form) + 1)
    ]
    verb, _, place = deed.partition("-")
    at = int(place) - 1 if re.fullmatch(r"[0-9]{1,3}", place) else -1
    target = at + {"up": -1, "down": 1}.get(verb, 0)
    if verb == "more":
        rows += [("", "")] * ROWS_MORE
    elif verb == "paste":
        rows = [row for row in rows if any(row)] + _pasted(form)
    elif 0 <= at < len(rows) and 0 <= target < len(rows):
        rows[at], rows[target] = rows[target], rows[at]
    rows = rows[:OPTIONS_MAX]
    kept: dict[str, str | Sequence[str]] = {
        name: values
        for name, values in form.fields.items()
        if not name.startswith("option-") and name not in ("rows", "paste", "csrf", "deed")
    }
    if not form.ok:
        kept["paste"] = form.value("paste")
    kept["rows"] = str(len(rows))
    for number, (english, vietnamese) in enumerate(rows, start=1):
        kept |= {f"option-{number}-en": english, f"option-{number}-vi": vietnamese}
    again = Form.filled(form.language, kept)
    again.faults = form.faults
    return again


def read_question(form: Form, question_id: str, kind: Kind) -> DraftQuestion | None:
    """The question, if it can be kept."""
    text = read_words(form, "text", QUESTION_CHARACTERS)
    if not text.either:
        form.wrong("text-en", form.say(TEXT_MISSING))
    labels = _read_labels(form)
    most = RANKED_OPTIONS_MAX if kind is Kind.RANKING else OPTIONS_MAX
    if len(labels) > most:
        form.wrong("option-1-en", form.say(TOO_MANY, most=most))
    minimum, maximum, each, positions = _read_numbers(form, kind, len(labels))
    if not form.ok:
        return None
    return DraftQuestion(
        id=question_id,
        kind=kind.value,
        maximum=maximum,
        minimum=minimum,
        options=tuple(
            DraftOption(id=f"o{number}", label=label) for number, label in enumerate(labels, start=1)
        ),
        points_max=each,
        positions=positions,
        text=text,
    )


def borda(options: int) -> tuple[int, ...]:
    """Points of a ranking unless others are written: as many as options stand below."""
    return tuple(range(options - 1, -1, -1))


def _rows_for(options: int) -> int:
    return max(ROWS_AT_FIRST, options + 1)


def _read_labels(form: Form) -> list[Words]:
    labels: list[Words] = []
    numbers: list[int] = []
    for number in range(1, row_count(form) + 1):
        words = read_words(form, f"option-{number}", OPTION_CHARACTERS)
        if words.either:
            labels.append(words)
            numbers.append(number)
    for language in ("en", "vi"):
        pair = first_pair_alike([getattr(label, language) for label in labels])
        if pair is not None:
            first, second = (numbers[place] for place in pair)
            form.wrong(f"option-{second}-{language}", form.say(ALIKE, first=first))
    return labels


def _read_numbers(form: Form, kind: Kind, count: int) -> tuple[int, int, int, tuple[int, ...]]:
    """(minimum, maximum, points for one option, points of positions)."""
    if kind is Kind.APPROVAL:
        minimum, maximum = (
            _number(form, name, least, OPTIONS_MAX) for name, least in (("minimum", 0), ("maximum", 1))
        )
        if maximum > count > 0:
            form.wrong("maximum", form.say(MORE_THAN_OPTIONS, count=count))
        if maximum < minimum:
            form.wrong("minimum", form.say(MIN_MAX))
        return minimum, maximum, 0, ()
    if kind is Kind.POINTS:
        each = _number(form, "each", 1, 20)
        largest = max(1, each * max(1, count))
        minimum, maximum = (
            _number(form, name, least, largest) for name, least in (("minimum", 0), ("maximum", 1))
        )
        if maximum < minimum:
            form.wrong("minimum", form.say(MIN_MAX))
        return minimum, maximum, each, ()
    if kind is Kind.RANKING:
        return 1, 1, 0, _read_positions(form, count)
    return 1, 1, 0, ()


def _number(form: Form, name: str, least: int, most: int) -> int:
    wrong = form.say(NUMBER, least=least, most=most)
    return form.number(name, least=least, most=most, wrong=wrong, missing=wrong) or 0


def _read_positions(form: Form, count: int) -> tuple[int, ...]:
    typed = form.text("positions", most=200)
    if not typed:
        return borda(count)
    points = tuple(int(number) for number in re.findall("[0-9]+", typed)) if _NUMBERS.fullmatch(typed) else ()
    falls = all(later <= earlier for earlier, later in pairwise(points))
    if len(points) != count or not falls or points[0] == points[-1] or points[0] > POSITION_POINTS_MAX:
        form.wrong("positions", form.say(POSITIONS))
        return ()
    return points


def _pasted(form: Form) -> list[tuple[str, str]]:
    """One option a line, `English | Tiếng Việt`; a line without | is the same in both languages."""
    found = []
    text = form.text("paste", most=OPTIONS_MAX * 2 * (OPTION_CHARACTERS + 2), lines=True)
    for number, line in enumerate(text.split("\n"), start=1):
        names = [tidy(name) for name in line.split("|", 1)]
        if max(map(len, names)) > OPTION_CHARACTERS:
            form.wrong("paste", form.say(PASTE_LONG, line=number, most=OPTION_CHARACTERS))
            return []
        if any(names):
            found.append((names[0], names[-1]))
    return found
