"""The wheel holds all that the server needs at run time, and collides with no package that it is installed beside."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import pytest

from tests.support.locks import locked
from tests.support.repository import ROOMS, ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel_paths(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Paths inside a wheel that is built from a copy of the tracked files, as from a clean clone."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        if path.partition("/")[0] in ROOMS or "/" not in path:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, copy / path)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", str(built), str(copy)], check=True
    )
    (wheel,) = built.glob("psephos-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_file_of_a_room_is_in_the_wheel(wheel_paths: set[str]) -> None:
    # The client's source is left out (what runs is built from it into web/static), and so are words about code.
    wanted = {
        path
        for path in tracked_files()
        if path.partition("/")[0] in ROOMS and not path.startswith("web/client/") and not path.endswith(".md")
    }
    assert not wanted - wheel_paths


def test_the_wheel_brings_rooms_and_nothing_else(wheel_paths: set[str]) -> None:
    tops = {path.partition("/")[0] for path in wheel_paths if ".dist-info/" not in path}
    assert tops == ROOMS


def test_no_path_is_also_a_path_of_a_dependency(wheel_paths: set[str]) -> None:
    """On a disk that ignores case, `Crypto/` of one package and `crypto/` of another would be one folder."""
    ours = {path.lower() for path in wheel_paths}
    our_tops = {room.lower() for room in ROOMS}
    clashes = []
    for name in locked("requirements.lock", installed_only=True):
        for file in distribution(name).files or []:
            path = PurePosixPath(Path(file).as_posix())
            if path.as_posix().lower() in ours or path.parts[0].lower() in our_tops:
                clashes.append(f"{name}: {path}")
    assert not clashes
