"""Whoever sends a mail is killed (SIGKILL) before every line: the mail is neither lost nor sent a second time.

The mail server counts what it accepted, by the mails' tokens.
"""

import time
from collections import Counter

import pytest

from mail.message import message_id
from mail.outbox import MailState
from tests.support.killing import run_program
from tests.support.mail_servers import Post

LINES_AT_LEAST = 60


@pytest.mark.thorough
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_a_sender_is_killed_at_every_line(database_url: str, post: Post, step: int) -> None:
    seen = [
        line.split()
        for line in run_program("tests.mail.kill_sending", database_url, str(post.port), str(step))
    ]
    assert len(seen) * step > LINES_AT_LEAST
    assert [killed for _, _, killed in seen] == ["True"] * (len(seen) - 1) + ["False"]
    time.sleep(0.2)  # for the server, which may have heard the last dot of somebody who is dead by now
    accepted = Counter(post.ids())
    assert set(accepted.values()) == {1}  # never twice

    states = [MailState(state) for _, state, _ in seen]
    assert set(states) == {MailState.SENT, MailState.UNKNOWN}  # never lost, never stuck
    copies = [accepted[message_id(f"{token}.1", "example.org")] for token, _, _ in seen]
    assert all(number == 1 for number, state in zip(copies, states, strict=True) if state is MailState.SENT)

    # Nobody can know only in the lines from the writing of `sending` to the writing of the outcome, in one piece.
    first, last = states.index(MailState.UNKNOWN), len(states) - states[::-1].index(MailState.UNKNOWN)
    assert set(states[first:last]) == {MailState.UNKNOWN}
    assert (last - first) * step < LINES_AT_LEAST // 2
    # In this piece the mail is not with the server at first, and then it is.
    in_doubt = copies[first:last]
    assert in_doubt == sorted(in_doubt)
    assert set(in_doubt) == {0, 1}
