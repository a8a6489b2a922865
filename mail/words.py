"""What our mails say: plain text, short, each in the reader's language. Pure: facts in, subject and text out.

Every fact is one line, and words of citizens are quoted (`mail.quoting`). Times come in already written in the
election's zone, addresses of pages as whole links. Nothing here asks for a voting code, and no mail but the
registrar's letter may hold one: whoever has taught people to expect codes and links in one mailbox has taught them to
be deceived.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mail.address import is_one_line
from mail.outbox import SUBJECT_MAX
from mail.quoting import quoted
from mail.words_en import ENGLISH
from mail.words_vi import VIETNAMESE

Language = Literal["en", "vi"]

WIDTH: Final = 72
"""Columns of a paragraph. Links are never broken."""

TEMPLATES: Final[Mapping[Language, Mapping[str, tuple[str, str]]]] = {"en": ENGLISH, "vi": VIETNAMESE}
"""Subject and text of each mail. An empty line ends a paragraph; a line that begins with two spaces stays as it is."""


@dataclass(frozen=True)
class Words:
    """One mail, ready to be queued."""

    subject: str
    text: str

    def beside(self, other: "Words") -> "Words":
        """The same mail in two languages, for readers of whom nobody knows which one they read."""
        return Words(_shorten(f"{self.subject} / {other.subject}"), f"{self.text}{_BETWEEN}{other.text}")


_BETWEEN: Final = "\n" + "· " * 20 + "\n\n"


@dataclass(frozen=True)
class Voice:
    """Who writes, and in which language. authority: in that language.  help_line: where people can ask."""

    language: Language
    authority: str
    help_line: str


def sign_in_link(voice: Voice, *, link: str, minutes: int) -> Words:
    """The link that signs somebody in. It leads to a page with a button: opening the page alone does nothing."""
    return _write("sign-in-link", voice, link=link, minutes=minutes)


def invitation(voice: Voice, *, inviter: str, role: str, link: str, days: int) -> Words:
    """A new member of staff. role: its name in the reader's language."""
    return _write("invitation", voice, inviter=inviter, role=role, link=link, days=days)


def cast_notice(
    voice: Voice, *, title: str, moment: str, number: int, closes: str, check_link: str, revoting: bool
) -> Words:
    """A ballot was cast with the reader's voting code. number: 1 for the first one of this code."""
    name = "cast-notice-again" if number > 1 else "cast-notice" if revoting else "cast-notice-final"
    return _write(
        name, voice, title=title, moment=moment, number=number, closes=closes, check_link=check_link
    )


def receipt(
    voice: Voice, *, title: str, receipt_code: str, voter_number: str, moment: str, check_link: str
) -> Words:
    """A receipt, sent because somebody asked for it."""
    return _write(
        "receipt",
        voice,
        title=title,
        receipt_code=receipt_code,
        voter_number=voter_number,
        moment=moment,
        check_link=check_link,
    )


def opens_soon(voice: Voice, *, title: str, opens: str, closes: str, link: str) -> Words:
    """Voting begins soon."""
    return _write("opens-soon", voice, title=title, opens=opens, closes=closes, link=link)


def closes_soon(voice: Voice, *, title: str, closes: str, link: str) -> Words:
    """Voting ends soon. It goes to everyone, also to those who have voted: the sender does not know who has."""
    return _write("closes-soon", voice, title=title, closes=closes, link=link)


def dispute_answered(voice: Voice, *, title: str, number: str, link: str) -> Words:
    """The office has answered an objection. number: under which it stands in the public log."""
    return _write("dispute-answered", voice, title=title, number=number, link=link)


def conflict(voice: Voice, *, title: str, moment: str, link: str) -> Words:
    """A ballot with the reader's voting code or sign-in was turned away because they do not belong together."""
    return _write("conflict", voice, title=title, moment=moment, link=link)


def code_replaced(voice: Voice, *, title: str, moment: str, link: str) -> Words:
    """The reader's voting code was ended and a new one made."""
    return _write("code-replaced", voice, title=title, moment=moment, link=link)


PetitionNews = Literal["published", "rejected", "edited", "answered", "no-debate", "outcome", "closed"]


def petition_news(voice: Voice, *, what: PetitionNews, title: str, link: str, stop_link: str) -> Words:
    """What became of a petition that the reader has signed. link: of the words about it, or of the difference."""
    facts = {"petition": _of_citizen(title), "link": link, "stop_link": stop_link}
    return _write(f"petition-{what}", voice, *_TO_SIGNERS, **facts)


def petition_debate(voice: Voice, *, title: str, day: str, link: str, stop_link: str) -> Words:
    """A day is set for the debate about a petition that the reader has signed."""
    facts = {"petition": _of_citizen(title), "day": day, "link": link, "stop_link": stop_link}
    return _write("petition-debate", voice, *_TO_SIGNERS, **facts)


def petition_removed(voice: Voice, *, title: str, batch: int, link: str, stop_link: str) -> Words:
    """The signature of the reader was removed. batch: its number in the public record."""
    facts = {"petition": _of_citizen(title), "batch": str(batch), "link": link, "stop_link": stop_link}
    return _write("petition-removed", voice, *_TO_SIGNERS, **facts)


def petition_answer_due(voice: Voice, *, title: str, count: int, body: str, until: str, link: str) -> Words:
    """To the office of a body: so many have signed that an answer is due from it."""
    return _write(
        "petition-answer-due",
        voice,
        petition=_of_citizen(title),
        count=count,
        body=body,
        until=until,
        link=link,
    )


def petition_debate_due(voice: Voice, *, title: str, count: int, body: str, until: str, link: str) -> Words:
    """To the office of a body: so many have signed that a day for a debate is due from it."""
    return _write(
        "petition-debate-due",
        voice,
        petition=_of_citizen(title),
        count=count,
        body=body,
        until=until,
        link=link,
    )


def confirm_address(voice: Voice, *, link: str, hours: int) -> Words:
    """Somebody wants mails at this address. It leads to a page with a button: opening the page alone does nothing."""
    return _write("confirm-address", voice, link=link, hours=hours)


def sign_petition(voice: Voice, *, title: str, link: str, hours: int) -> Words:
    """The link that signs a petition. It leads to a page with a button: opening the page alone does nothing."""
    return _write("sign-petition", voice, petition=_of_citizen(title), link=link, hours=hours)


def sign_unread_petition(voice: Voice, *, number: str, link: str, hours: int) -> Words:
    """The same for a petition that no moderator has read: a stranger's words are not sent in the authority's name."""
    return _write("sign-unread-petition", voice, number=number, link=link, hours=hours)


@dataclass(frozen=True)
class News:
    """One thing that the reader follows. title: "" when it is not shown any more.  happened: one sentence each."""

    title: str
    happened: Sequence[str]
    link: str


def digest(voice: Voice, *, news: Sequence[News], more: int, my_link: str, stop_link: str) -> Words:
    """What happened to what the reader follows. more: things that did not fit.  stop_link: needs no sign-in."""
    first = next((one.title for one in news if one.title), "")
    name = "digest-one" if len(news) == 1 and first and not more else "digest"
    blocks = [_news(one) for one in news] + (["  …"] if more else [])
    said = _write(
        name, voice, petition=_of_citizen(first), count=len(news) + more, my_link=my_link, stop_link=stop_link
    )
    return Words(said.subject, said.text.replace(_NEWS, "\n\n".join(blocks)))


_NEWS: Final = "  \x00"
"""Where the news stand in the text; no fact holds a NUL."""


def _news(news: News) -> str:
    every = (news.link, *news.happened)
    if any(not is_one_line(line) for line in every):
        raise ValueError("A fact in a mail is one line.")
    title = ""
    if news.title:
        title = textwrap.fill(f"“{_of_citizen(news.title)}”", WIDTH, break_long_words=False)
    lines = [title, *(f"· {line}" for line in news.happened), f"  {news.link}"]
    return "\n".join(line for line in lines if line)


def _of_citizen(words: str) -> str:
    """As they may stand in a mail that carries the authority's name."""
    return quoted(words) or "…"


def test_mail(voice: Voice, *, site: str) -> Words:
    """What `psephos mail test` sends."""
    return _write("test-mail", voice, site=site)


_TO_SIGNERS: Final = ("to-signers", "signature")


def _write(name: str, voice: Voice, *endings: str, **facts: str | int) -> Words:
    every = {**facts, "authority": voice.authority, "help_line": voice.help_line}
    if any(not is_one_line(str(fact)) for fact in every.values()):
        raise ValueError("A fact in a mail is one line.")
    subject, text = TEMPLATES[voice.language][name]
    parts = [text, *(TEMPLATES[voice.language][ending][1] for ending in endings or ("signature",))]
    paragraphs = [paragraph for part in parts for paragraph in part.strip("\n").split("\n\n")]
    filled = [_paragraph(paragraph, every) for paragraph in paragraphs]
    return Words(_shorten(subject.format_map(every)), "\n\n".join(filled) + "\n")


def _paragraph(template: str, facts: Mapping[str, str | int]) -> str:
    if template.startswith("  "):
        return "\n".join(line.format_map(facts) for line in template.split("\n"))
    return textwrap.fill(
        " ".join(template.split()).format_map(facts),
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _shorten(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
