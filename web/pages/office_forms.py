"""Sections of a draft as forms: what a form is filled with, and the part that a sent form becomes.

`read_*` gives the part, or None with faults beside the fields. A draft may be incomplete: only what cannot be kept is
a fault, the rest is the checklist's.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from crypto.encoding import decode_base64url
from crypto.errors import CryptoError
from crypto.signature import require_sound_public_key
from protocol.manifest import STRICT_SMALL_AREAS, Area, SmallAreas
from protocol.text import LocalText
from voting.draft_document import (
    ALL_VOTERS,
    AREA_CHARACTERS,
    AREAS_MAX,
    HOLDER_CHARACTERS,
    HOLDERS_MAX,
    TITLE_CHARACTERS,
    AreasPart,
    Holder,
    KeyHoldersPart,
    RulesPart,
    TitlePart,
    Words,
    tidy,
)
from voting.look_alikes import mixed_word
from web.forms import Form
from web.i18n import N_

Filled = Mapping[str, str | Sequence[str]]

MIXED: Final = N_(
    "“%(word)s” has letters that only look like Latin ones. Type the word anew with one keyboard."
)
TITLE_MISSING: Final = N_("Write a title in at least one language; the other can follow")
AREA_LINE: Final = N_("Line %(line)s: write the English name, then |, then the Vietnamese name.")
AREA_LONG: Final = N_("Line %(line)s: a name has at most %(most)s characters.")
AREAS_MANY: Final = N_("There are %(have)s areas; at most %(most)s are possible.")
AREA_TWICE: Final = N_("Line %(line)s: this area stands there already.")
SHARE: Final = N_("Write the largest share of one weight in percent, from 1 to 100")
LEAST: Final = N_("Write a number from 1 to 1000000")
QUORUM: Final = N_("Write the share in percent, from 1 to 100")
CHOOSE: Final = N_("Choose one of these")
KEY_WRONG: Final = N_(
    "This is not a public key: it has 43 letters, numbers, - and _. Copy it whole from the file that you got."
)
KEY_TWICE: Final = N_("This is also the key of key holder %(number)s. Each has a key of their own.")
HOLDER_NAMELESS: Final = N_("Write the name of the key holder to whom this key belongs")

_SLUG: Final = re.compile(r"[^a-z0-9]+")


def read_line(form: Form, name: str, most: int, missing: str = "") -> str:
    """One line of text that is what it looks like; empty with or without a fault."""
    text = tidy(form.text(name, most=most, missing=missing, lines=True))
    if text and (mixed := mixed_word(text)) is not None:
        form.wrong(name, form.say(MIXED, word=mixed.word))
    return text


def read_words(form: Form, name: str, most: int) -> Words:
    """The fields name-en and name-vi."""
    return Words(en=read_line(form, f"{name}-en", most), vi=read_line(form, f"{name}-vi", most))


def fill_words(name: str, words: Words) -> dict[str, str]:
    """What `read_words` reads."""
    return {f"{name}-en": words.en, f"{name}-vi": words.vi}


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# Title.


def fill_title(part: TitlePart) -> Filled:
    """The form of the title."""
    return {
        **fill_words("title", part.title),
        **fill_words("authority", part.authority),
        "rehearsal": _yes(part.rehearsal),
    }


def read_title(form: Form) -> TitlePart | None:
    """The title, if it can be kept."""
    title = read_words(form, "title", TITLE_CHARACTERS)
    authority = read_words(form, "authority", TITLE_CHARACTERS)
    if not title.either:
        form.wrong("title-en", form.say(TITLE_MISSING))
    if not form.ok:
        return None
    return TitlePart(authority=authority, rehearsal=form.ticked("rehearsal"), title=title)


# Areas.


def fill_areas(part: AreasPart) -> Filled:
    """The form of the areas."""
    rule = part.small_areas
    lines = [f"{area.name.en} | {area.name.vi}" for area in part.areas]
    return {
        "areas": "" if part.areas == (ALL_VOTERS,) else "\n".join(lines),
        "rule": "strict" if rule == STRICT_SMALL_AREAS else "own",
        "share": str(round(100 * rule.max_share[0] / rule.max_share[1])),
        "least": str(rule.min_credentials),
        "same": str(rule.min_same_weight),
        "whole": _yes(rule.open_whole),
    }


def read_areas(form: Form, known: AreasPart) -> AreasPart | None:
    """The areas, in order. known: what stands there now; an area that keeps its names keeps its id."""
    ids = {(area.name.en, area.name.vi): area.id for area in known.areas}
    areas = _read_area_lines(form, ids)
    rule = form.choice("rule", ("strict", "own"), form.say(CHOOSE))
    small = STRICT_SMALL_AREAS
    if rule == "own":
        share = form.number("share", least=1, most=100, wrong=form.say(SHARE), missing=form.say(SHARE))
        least, same = (
            form.number(name, least=1, most=1_000_000, wrong=form.say(LEAST), missing=form.say(LEAST))
            for name in ("least", "same")
        )
        if share is None or least is None or same is None:
            return None
        # 33 % is how a form writes the third that the cautious rule means.
        fraction = STRICT_SMALL_AREAS.max_share if share == 33 else (share, 100)
        small = SmallAreas(
            max_share=fraction, min_credentials=least, min_same_weight=same, open_whole=form.ticked("whole")
        )
    if not form.ok:
        return None
    return AreasPart(areas=areas or (ALL_VOTERS,), small_areas=small)


def _read_area_lines(form: Form, ids: Mapping[tuple[str, str], str]) -> tuple[Area, ...]:
    text = form.text("areas", most=AREAS_MAX * 2 * (AREA_CHARACTERS + 2), lines=True)
    found: list[Area] = []
    taken: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        names = [tidy(name) for name in line.split("|")]
        english, vietnamese = names[0], names[-1]
        if len(names) > 2 or not english or not vietnamese:
            form.wrong("areas", form.say(AREA_LINE, line=number))
            return ()
        if max(len(english), len(vietnamese)) > AREA_CHARACTERS:
            form.wrong("areas", form.say(AREA_LONG, line=number, most=AREA_CHARACTERS))
            return ()
        if (mixed := mixed_word(f"{english} {vietnamese}")) is not None:
            form.wrong("areas", form.say(MIXED, word=mixed.word))
            return ()
        name = LocalText(en=english, vi=vietnamese)
        if any(area.name == name for area in found):
            form.wrong("areas", form.say(AREA_TWICE, line=number))
            return ()
        area_id = ids.get((english, vietnamese)) or _new_id(english, taken | set(ids.values()), number)
        taken.add(area_id)
        found.append(Area(id=area_id, name=name))
    if len(found) > AREAS_MAX:
        form.wrong("areas", form.say(AREAS_MANY, have=len(found), most=AREAS_MAX))
        return ()
    return tuple(found)


def _new_id(name: str, taken: set[str], number: int) -> str:
    """The name as an id that a voters' list can write, such as `hong-ha`."""
    plain = _without_marks(name)
    base = _SLUG.sub("-", plain).strip("-")[:24].strip("-") or f"area-{number}"
    candidate, count = base, 2
    while candidate in taken:
        candidate, count = f"{base}-{count}", count + 1
    return candidate


def _without_marks(text: str) -> str:
    """Hồng Hà → hong ha; đ has no mark that could be taken off."""
    apart = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


# Rules.


def fill_rules(part: RulesPart) -> Filled:
    """The form of the rules."""
    quorum = part.quorum
    return {
        "sign-in": part.sign_in,
        "revoting": _yes(part.revoting),
        "quorum": "" if quorum is None else str(round(100 * quorum[0] / quorum[1])),
        "registrar": part.registrar_key or "",
    }


def read_rules(form: Form) -> RulesPart | None:
    """The rules."""
    sign_in = form.choice("sign-in", ("none", "required"), form.say(CHOOSE))
    revoting = form.choice("revoting", ("yes", "no"), form.say(CHOOSE))
    quorum = form.number("quorum", least=1, most=100, wrong=form.say(QUORUM))
    registrar = read_key(form, "registrar")
    if not form.ok:
        return None
    return RulesPart(
        quorum=None if quorum is None else (quorum, 100),
        registrar_key=registrar or None,
        revoting=revoting == "yes",
        sign_in="required" if sign_in == "required" else "none",
    )


def read_key(form: Form, name: str) -> str:
    """An Ed25519 public key in base64url as people copy it, or nothing."""
    typed = form.text(name, most=100)
    found = re.search(r"[A-Za-z0-9_-]{43}", typed)
    if not typed:
        return ""
    try:
        if found is None:
            raise ValueError(typed)
        require_sound_public_key(decode_base64url(found[0], 32))
    except (CryptoError, ValueError):
        form.wrong(name, form.say(KEY_WRONG))
        return ""
    return found[0]


# Key holders.


def fill_holders(part: KeyHoldersPart) -> Filled:
    """The form of the key holders."""
    filled: dict[str, str] = {"bits": str(part.bits)}
    for number, holder in enumerate(part.holders, start=1):
        filled |= {
            f"name-{number}": holder.name,
            f"key-{number}": holder.key,
            f"person-{number}": holder.person or "",
        }
    return filled


def read_holders(form: Form, people: Sequence[str]) -> KeyHoldersPart | None:
    """The key holders; empty rows are left out. people: accounts that may be chosen."""
    bits = form.choice("bits", ("3072", "2048"), form.say(CHOOSE))
    holders: list[Holder] = []
    rows: dict[str, int] = {}
    for number in range(1, HOLDERS_MAX + 1):
        name = read_line(form, f"name-{number}", HOLDER_CHARACTERS)
        key = read_key(form, f"key-{number}")
        person = form.value(f"person-{number}")
        if person and person not in people:
            form.wrong(f"person-{number}", form.say(CHOOSE))
        if not name:
            if key or form.value(f"key-{number}").strip():
                form.wrong(f"name-{number}", form.say(HOLDER_NAMELESS))
            continue
        if key and rows.setdefault(key, number) != number:
            form.wrong(f"key-{number}", form.say(KEY_TWICE, number=rows[key]))
        holders.append(Holder(key=key, name=name, person=person or None))
    if not form.ok:
        return None
    return KeyHoldersPart(bits=2048 if bits == "2048" else 3072, holders=tuple(holders))
