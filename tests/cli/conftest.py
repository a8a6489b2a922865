"""Commands run in this process, through the entry point that is installed."""

from collections.abc import Callable

import pytest

from cli.main import run

Psephos = Callable[..., tuple[int, str, str]]


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
