"""Commands run in this process, through the entry point that is installed."""

from collections.abc import Callable, Iterator

import pytest

from cli.main import run
from tests.support.remembered import remembered_arithmetic
from tests.support.stretching import cheap_stretching

Psephos = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module", autouse=True)
def cheap_passphrases() -> Iterator[None]:
    """Files are sealed and opened by the dozen here; that the program itself is slow at it: test_sealing_cost.py."""
    with cheap_stretching():
        yield


@pytest.fixture(scope="module", autouse=True)
def remembered() -> Iterator[None]:
    """Each test here does much of what the last one did."""
    with remembered_arithmetic():
        yield


@pytest.fixture
def psephos(capsys: pytest.CaptureFixture[str]) -> Psephos:
    """Run a command; exit code, stdout, stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return command
