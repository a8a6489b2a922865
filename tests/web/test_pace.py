"""Whether somebody has signed before is not to be read off a clock."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from web.pace import BEAT, in_step, until_beat
from web.routes import signing


@given(st.floats(min_value=0, max_value=60))
def test_the_next_beat_is_near(taken: float) -> None:
    assert 0 < until_beat(taken) <= BEAT
    assert (taken + until_beat(taken)) / BEAT == pytest.approx(round((taken + until_beat(taken)) / BEAT))


def test_short_and_long_work_leave_at_the_same_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    ends = []
    for work in (0.004, 0.0205, 0.049):

        def handler(_: Request, work: float = work) -> Response:
            now[0] += work
            if work > 0.04:
                raise LookupError
            return Response()

        began = now[0]
        if work > 0.04:
            with pytest.raises(LookupError):
                in_step(handler)(Request({"type": "http"}))
        else:
            in_step(handler)(Request({"type": "http"}))
        ends.append(round(now[0] - began, 9))
    assert ends == [BEAT, BEAT, BEAT]


def test_both_ways_to_sign_are_in_step() -> None:
    assert all(hasattr(each, "__wrapped__") for each in (signing.signed, signing.confirmed))
