"""What invented voters choose: any allowed answer, by the operating system's chance."""

from secrets import SystemRandom

from protocol.layout import QuestionLayout
from protocol.manifest import Approval, ChooseOne, Points, Ranking

_CHANCE = SystemRandom()


def random_answer(layout: QuestionLayout) -> tuple[int, ...]:
    """One allowed answer: an integer for each slot (PROTOCOL section 6)."""
    question = layout.question
    match question:
        case ChooseOne():
            return _marked(layout.slot_count, {_CHANCE.randrange(layout.slot_count)})
        case Approval():
            number = _CHANCE.randint(question.min, question.max)
            return _marked(layout.slot_count, set(_CHANCE.sample(range(layout.slot_count), number)))
        case Points():
            return _points(question, layout.slot_count)
        case Ranking():
            return _ranked(len(question.options))


def _marked(slots: int, chosen: set[int]) -> tuple[int, ...]:
    return tuple(int(slot in chosen) for slot in range(slots))


def _points(question: Points, slots: int) -> tuple[int, ...]:
    given = [0] * slots
    for _ in range(_CHANCE.randint(question.total_min, question.total_max)):
        slot = _CHANCE.choice([i for i in range(slots) if given[i] < question.points_max])
        given[slot] += 1
    return tuple(given)


def _ranked(options: int) -> tuple[int, ...]:
    # The last slot is the blank vote; one in ten leaves the ranking blank.
    if _CHANCE.randrange(10) == 0:
        return _marked(options * options + 1, {options * options})
    places = _CHANCE.sample(range(options), options)
    return _marked(options * options + 1, {i * options + place for i, place in enumerate(places)})
