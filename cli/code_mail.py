"""The e-mail that carries a voting code: the letter's sentences as plain text, in the voter's language."""

import textwrap
from dataclasses import dataclass, field
from typing import Final

from paper.letter import ElectionOnPaper, Letter
from paper.words import full_moment, words

SUBJECT_MAX: Final = 200
WIDTH: Final = 72


@dataclass(frozen=True)
class CodeMail:
    """Subject and text. The text is secret and shows in no repr."""

    subject: str
    text: str = field(repr=False)


def code_mail(election: ElectionOnPaper, letter: Letter, booth: str) -> CodeMail:
    """booth: address of the booth, without the code."""
    language = letter.language
    title = election.title.in_(language)

    def say(key: str) -> str:
        return words(key, language)

    steps = [
        "mail-step-code",
        "step-fingerprint",
        "step-cast",
        *(["step-sign-in"] if election.sign_in else []),
        "step-again" if election.revoting else "step-once",
    ]
    paragraphs = [
        election.authority.in_(language),
        title,
        *([say("rehearsal")] if election.rehearsal else []),
        *([say("replaces")] if letter.replaces else []),
        f"{say('opens')}: {full_moment(election.opens_at, language)}",
        f"{say('closes')}: {full_moment(election.closes_at, language)}",
        f"{say('where')}:\n  {booth}",
        f"{say('voting-code')}:\n  {letter.code}",
        f"{say('voter-number')}:\n  {letter.voter_number}",
        f"{say('fingerprint')}:\n  {election.fingerprint}",
        *[f"{number}. {say(step)}" for number, step in enumerate(steps, start=1)],
        say("secret"),
        say("mail-lost") if election.replaceable else say("not-replaceable"),
        f"{say('mail-help')}:\n  {election.help_line}",
    ]
    subject = say("mail-subject").format(title=title)
    text = "\n\n".join(_paragraph(each) for each in paragraphs) + "\n"
    return CodeMail(subject if len(subject) <= SUBJECT_MAX else f"{subject[: SUBJECT_MAX - 1]}…", text)


def _paragraph(text: str) -> str:
    # Addresses and codes stand on lines of their own and are never broken.
    if "\n  " in text:
        return text
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
