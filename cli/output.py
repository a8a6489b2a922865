"""What commands print, and the exit codes that they end with."""

import json
import os
import sys
import traceback
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console

from protocol.text import LocalText

DEBUG_VARIABLE: Final = "PSEPHOS_DEBUG"
"""When set, a fault of the program shows where it happened."""

WARNINGS: Final[Mapping[str, str]] = {
    "112-bit": "The key has 2048 bits, which is 112-bit security: enough for an election whose secret need not "
    "outlive the 2030s, no longer recommended for longer.",
    "single-trustee": "One person alone holds the key and could open single ballots.",
    "one-machine-ceremony": "The key was made on one machine. Whoever ran it could have kept all shares and could "
    "open single ballots.",
    "not-witnessed": "No independent witness watched the board. Compare checkpoints with other people.",
    "no-objection-time": "No time for objections lies between closing and opening.",
    "small-areas-relaxed": "Small groups of voters may be counted on their own: a result of few ballots can show "
    "how somebody voted.",
    "rehearsal": "This is a rehearsal with invented voters. Its result decides nothing.",
    "polls-extended": "An official moved the closing time. Who, when and why stands on the board.",
    "codes-replaced": "Voting codes were replaced. Ballots of a replaced code do not count.",
    "sign-in-conflicts": "Ballots were refused because a person and a voting code did not belong together.",
    "closed-early": "The polls were closed before the time that was announced.",
    "statement-quorum-lowered": "An official act lowered the number of trustees who had to confirm the closing. The "
    "act and its reason stand on the board.",
}
"""A sentence for each code of a report."""


# Controls, invisible formatting, surrogates, line and paragraph separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class ExitCode(IntEnum):
    """How a command ends."""

    VERIFIED = 0
    REFUTED = 1
    UNUSABLE = 2
    FAULT = 3


class UnusableInput(Exception):
    """What the command was given cannot be used; the text says what is wrong."""


def stdout() -> Console:
    """For answers. Text of the election is never read as markup."""
    return Console(markup=False, highlight=False, emoji=False)


def stderr() -> Console:
    """For progress and errors."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say(text: str = "") -> None:
    """One paragraph of an answer, as it is: cut by the terminal, not by us."""
    stdout().print(visible(text), soft_wrap=True)


def visible(text: str) -> str:
    """`text` with everything that steers a terminal replaced: parts of it come from files of strangers."""
    return "".join(
        each if unicodedata.category(each) not in _UNSEEN or each == "\n" else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def in_words(text: LocalText) -> str:
    """A text of the manifest in both languages, once when they are the same."""
    return text.en if text.en == text.vi else f"{text.en} / {text.vi}"


def print_json(answer: Mapping[str, Any]) -> None:
    """The one JSON object that `--json` puts onto stdout."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def read_text_file(name: str, limit_bytes: int) -> str:
    """A small text file, `-` for standard input. Raises: UnusableInput."""
    data = sys.stdin.buffer.read(limit_bytes + 1) if name == "-" else read_file(Path(name), limit_bytes)
    if len(data) > limit_bytes:
        raise UnusableInput(f"The standard input is longer than the {limit_bytes} bytes allowed here.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableInput(f"{name} is not UTF-8 text.") from error


def read_file(path: Path, limit_bytes: int) -> bytes:
    """All bytes of a file. Raises: UnusableInput when it cannot be read or is longer than the limit."""
    try:
        with path.open("rb") as file:
            data = file.read(limit_bytes + 1)
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > limit_bytes:
        raise UnusableInput(f"{path} is longer than the {limit_bytes} bytes allowed here.")
    return data


@contextmanager
def verdict_errors(as_json: bool, *unusable: type[Exception]) -> Iterator[None]:
    """End the command with exit code 2 for `unusable` and UnusableInput, and with 3 for any other exception.

    as_json: stdout gets an object with the sentence as well, so that it is one JSON object in any case.
    """
    expected: tuple[type[Exception], ...] = (UnusableInput, *unusable)
    try:
        yield
    except expected as error:
        code, sentence = ExitCode.UNUSABLE, visible(str(error))
        stderr().print(f"Error: {sentence}", soft_wrap=True)
    except typer.Exit:
        raise
    except typer.Abort:  # Ctrl-C, or an end of the input, where something was asked
        code, sentence = ExitCode.UNUSABLE, "Stopped: a question was not answered."
        stderr().print(f"\n{sentence}", soft_wrap=True)
    except Exception as error:
        code, sentence = report_fault(error), _fault_sentence(error)
    else:
        return
    if as_json:
        print_json({"ok": False, "checks": [], "result": None, "error": sentence})
    raise typer.Exit(code)


def report_fault(error: Exception) -> ExitCode:
    """Tell about an exception that nobody expected, on stderr."""
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    stderr().print(_fault_sentence(error), soft_wrap=True)
    return ExitCode.FAULT


def _fault_sentence(error: Exception) -> str:
    return visible(
        f"psephos itself failed ({type(error).__name__}: {error}). This says nothing about the election. "
        f"Set {DEBUG_VARIABLE}=1 to see where, and report it."
    )
