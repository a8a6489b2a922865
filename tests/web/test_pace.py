"""Whether somebody has signed before is not to be read off a clock."""

import time
from inspect import iscoroutinefunction
from threading import get_ident

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from tests.support.loops import in_a_loop
from web.pace import BEAT, in_step, until_beat
from web.routes import signing


@given(st.floats(min_value=0, max_value=60))
def test_the_next_beat_is_near(taken: float) -> None:
    assert 0 < until_beat(taken) <= BEAT
    assert (taken + until_beat(taken)) / BEAT == pytest.approx(round((taken + until_beat(taken)) / BEAT))


def test_an_answer_and_a_refusal_wait_for_the_beat_after_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    threads = set()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    def handler(request: Request) -> Response:
        threads.add(get_ident())
        time.sleep(request.scope["work"])
        if request.scope["work"] > BEAT / 2:
            raise LookupError
        return Response()

    monkeypatch.setattr("web.pace.asyncio.sleep", sleep)
    monkeypatch.setattr("web.pace.until_beat", lambda taken: taken)
    in_a_loop(in_step(handler)(Request({"type": "http", "work": BEAT / 5})))
    with pytest.raises(LookupError):
        in_a_loop(in_step(handler)(Request({"type": "http", "work": BEAT * 2 / 3})))
    assert waited[0] >= BEAT / 5
    assert waited[1] >= BEAT * 2 / 3
    assert get_ident() not in threads  # the event loop is free


def test_both_ways_to_sign_are_in_step() -> None:
    assert all(iscoroutinefunction(each) for each in (signing.signed, signing.confirmed))
