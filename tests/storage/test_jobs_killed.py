"""A worker is killed (SIGKILL) before every line of the queue's code: no job is lost and none takes effect twice."""

import pytest

from tests.support.killing import run_program

LINES_AT_LEAST = 40
"""The lines of a job's way through the queue; fewer would mean that the program looked at the wrong files."""


@pytest.mark.thorough
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_whoever_does_a_job_is_killed_at_every_line(database_url: str, step: int) -> None:
    seen = run_program("tests.storage.kill_jobs", database_url, "work", str(step))
    assert set(seen[:-1]) == {"1 1 done True"}
    assert seen[-1] == "1 1 done False"  # the last time, no line was left to die at
    assert len(seen) * step > LINES_AT_LEAST


def test_whoever_enqueues_a_job_is_killed_at_every_line(database_url: str) -> None:
    """The deed and its job are stored both or neither."""
    seen = run_program("tests.storage.kill_jobs", database_url, "enqueue", "1")
    assert set(seen) == {"0 0 None True", "1 1 done True", "1 1 done False"}
    committed = [line.startswith("1") for line in seen]
    assert committed == sorted(committed)  # from the commit on, always
    assert seen[-1] == "1 1 done False"
    assert len(seen) > LINES_AT_LEAST // 2
