"""The kept bundle: built once however many ask, exact after closing, taken up again after an interruption, bounded."""

import asyncio
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

import web.api.bundles
from audits.bundle import zip_bundle
from tests.support.loops import in_a_loop
from tests.support.offices import FIRST, OfficeUnderTest, close_early, make_office
from tests.web.test_rate_storage import Seconds
from web.api.bundles import BUILD_SHARE, Build, Bundles, Source, bundle_folder, election_source


@pytest.fixture
def office(tmp_path: Path) -> Iterator[OfficeUnderTest]:
    under_test = make_office(f"sqlite:///{tmp_path / 'psephos.sqlite'}", tmp_path / "secrets")
    under_test.cast(1, FIRST)
    yield under_test
    under_test.client.app.state.bundles.close()  # type: ignore[attr-defined]
    under_test.engine.dispose()


class Builds:
    """Counts builds, and can hold one up."""

    def __init__(self) -> None:
        self.count = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, engine: Engine, election_id: str) -> Iterator[bytes]:
        """In the place of `zip_bundle`."""
        self.count += 1
        assert self.go_on.wait(20)
        yield from zip_bundle(engine, election_id)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    counting = Builds()
    monkeypatch.setattr(web.api.bundles, "zip_bundle", counting)
    return counting


def leaves(data: bytes) -> int:
    """How many entries of the board a bundle holds."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("board.jsonl")]
        return len(archive.read(name).splitlines())


def test_it_is_compressed_once_for_each_state_of_the_board(office: OfficeUnderTest, builds: Builds) -> None:
    first = office.client.get(f"{office.api}/bundle")
    again = office.client.get(f"{office.api}/bundle")
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert builds.count == 1
    known = {"If-None-Match": first.headers["etag"]}
    assert office.client.get(f"{office.api}/bundle", headers=known).status_code == 304
    assert office.client.head(f"{office.api}/bundle").headers["content-length"] == str(len(first.content))
    assert builds.count == 1


def test_two_builds_of_one_board_are_the_same_bytes(office: OfficeUnderTest) -> None:
    assert b"".join(zip_bundle(office.engine, office.id)) == b"".join(zip_bundle(office.engine, office.id))


def test_after_closing_it_is_never_old(office: OfficeUnderTest, builds: Builds) -> None:
    office.client.get(f"{office.api}/bundle")
    close_early(office.office, office.id)
    answer = office.client.get(f"{office.api}/bundle")
    assert leaves(answer.content) == len(office.entries())
    assert builds.count == 2
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert f"{office.id}/closing-checkpoint" in archive.namelist()


def test_while_votes_are_cast_building_takes_a_bounded_share(
    office: OfficeUnderTest, builds: Builds, tmp_path: Path
) -> None:
    clock = Seconds()
    bundles = Bundles(tmp_path / "kept", clock=clock)

    def get(size: int) -> web.api.bundles.Kept:
        return in_a_loop(bundles.get(election_source(office.engine, office.id, size, growing=True)))

    first = get(6)
    first.build_seconds = 2.0
    for size in range(7, 20):
        assert get(size) is first  # thirteen ballots later, still within its time
    clock.now += 2.0 * BUILD_SHARE - 1
    assert get(20) is first
    clock.now += 1
    assert get(20) is not first
    assert builds.count == 2
    bundles.close()
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"x"'}], ids=["plain", "conditional"])
def test_requests_side_by_side_wait_for_one_build_and_block_nothing_else(
    office: OfficeUnderTest, builds: Builds, headers: dict[str, str]
) -> None:
    """More than there are worker threads: they wait on the event loop, so the rest of the site goes on answering."""
    builds.go_on.clear()
    with office.client as client, ThreadPoolExecutor(51) as readers:
        waiting = [readers.submit(client.get, f"{office.api}/bundle", headers=headers) for _ in range(50)]
        for _ in range(500):
            if builds.count:
                break
            threading.Event().wait(0.01)
        assert readers.submit(client.get, f"{office.api}/checkpoint").result(timeout=10).status_code == 200
        assert not any(future.done() for future in waiting)
        builds.go_on.set()
        answers = [future.result(timeout=20) for future in waiting]
    assert builds.count == 1
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers follow a build at once."""
    monkeypatch.setattr(web.api.bundles, "PATIENCE_SECONDS", 0)


@pytest.mark.usefixtures("impatient")
def test_a_large_bundle_is_read_while_it_is_made(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first bytes arrive before the last are made; what arrived is the whole file."""
    go_on, seen = threading.Event(), []

    def slowly(engine: Engine, election_id: str) -> Iterator[bytes]:
        data = b"".join(zip_bundle(engine, election_id))
        yield data[:1000]
        assert go_on.wait(20)
        yield data[1000:]

    monkeypatch.setattr(web.api.bundles, "zip_bundle", slowly)

    async def follow() -> bytes:
        bundles: Bundles = office.client.app.state.bundles  # type: ignore[attr-defined]
        build = await bundles.get_or_follow(election_source(office.engine, office.id, 6, growing=False))
        assert isinstance(build, Build)
        assert not await build.ends_within(0)
        async for piece in build.read():
            seen.append(piece)
            go_on.set()
        return b"".join(seen)

    followed = in_a_loop(follow())
    assert len(seen[0]) == 1000
    kept = office.client.get(f"{office.api}/bundle")
    assert kept.content == followed
    assert leaves(followed) == 6


@pytest.mark.usefixtures("impatient")
def test_half_a_bundle_never_looks_whole(office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def breaks(_engine: Engine, _election: str) -> Iterator[bytes]:
        yield b"half"
        assert go_on.wait(20)
        raise RuntimeError("database gone")

    async def follow() -> None:
        bundles: Bundles = office.client.app.state.bundles  # type: ignore[attr-defined]
        build = await bundles.get_or_follow(election_source(office.engine, office.id, 6, growing=False))
        assert isinstance(build, Build)
        async for piece in build.read():
            assert piece == b"half"
            go_on.set()

    monkeypatch.setattr(web.api.bundles, "zip_bundle", breaks)
    with pytest.raises(RuntimeError, match="database gone"):
        in_a_loop(follow())


@pytest.mark.usefixtures("impatient")
def test_whoever_asks_after_closing_does_not_follow_a_build_from_before(
    office: OfficeUnderTest, builds: Builds
) -> None:
    builds.go_on.clear()
    with office.client as client, ThreadPoolExecutor(2) as readers:
        early = readers.submit(client.get, f"{office.api}/bundle")
        while not builds.count:
            threading.Event().wait(0.01)
        close_early(office.office, office.id)
        late = readers.submit(client.get, f"{office.api}/bundle")
        builds.go_on.set()
        assert leaves(late.result(timeout=20).content) == len(office.entries())
        assert leaves(early.result(timeout=20).content) >= 6


def test_without_spare_room_nothing_is_kept(
    office: OfficeUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Ballots may be stored on the same disk, and go first."""
    monkeypatch.setattr(web.api.bundles, "FREE_BYTES_MIN", 1 << 60)
    answer = office.client.get(f"{office.api}/bundle")
    assert leaves(answer.content) == len(office.entries())
    assert "cannot be kept: OSError" in caplog.text
    assert list(office.client.app.state.bundles.folder.iterdir()) == []  # type: ignore[attr-defined]


def test_a_reader_who_leaves_does_not_stop_the_build(
    office: OfficeUnderTest, builds: Builds, tmp_path: Path
) -> None:
    bundles = Bundles(tmp_path / "kept")
    builds.go_on.clear()

    async def both() -> web.api.bundles.Kept:
        impatient = asyncio.create_task(
            bundles.get(election_source(office.engine, office.id, 6, growing=False))
        )
        patient = asyncio.create_task(
            bundles.get(election_source(office.engine, office.id, 6, growing=False))
        )
        await asyncio.sleep(0.05)
        impatient.cancel()
        builds.go_on.set()
        return await patient

    assert in_a_loop(both()).path.exists()
    assert builds.count == 1
    bundles.close()


@pytest.mark.parametrize(
    ("range_header", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes = 5 - 5", slice(5, 6)),
        ("bytes=3-999999999", slice(3, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
def test_a_part_of_it(office: OfficeUnderTest, range_header: str, part: slice) -> None:
    whole = office.client.get(f"{office.api}/bundle")
    answer = office.client.get(
        f"{office.api}/bundle", headers={"Range": range_header, "If-Range": whole.headers["etag"]}
    )
    assert answer.content == whole.content[part]
    if len(answer.content) < len(whole.content):
        assert answer.status_code == 206
        first = part.indices(len(whole.content))[0]
        last = first + len(answer.content) - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(whole.content)}"


@pytest.mark.parametrize(
    "range_header", ["bytes=1-2,4-5", "bytes=x", "lines=1-2", "bytes=-", "bytes=--1", "0-5", ""]
)
def test_ranges_that_are_not_understood_give_the_whole(office: OfficeUnderTest, range_header: str) -> None:
    whole = office.client.get(f"{office.api}/bundle").content
    answer = office.client.get(f"{office.api}/bundle", headers={"Range": range_header})
    assert (answer.status_code, answer.content) == (200, whole)


def test_a_part_of_another_file_is_not_sent(office: OfficeUnderTest) -> None:
    """Resuming after the board has grown must not sew two files together."""
    old = office.client.get(f"{office.api}/bundle")
    close_early(office.office, office.id)
    answer = office.client.get(
        f"{office.api}/bundle", headers={"Range": "bytes=10-", "If-Range": old.headers["etag"]}
    )
    assert answer.status_code == 200
    assert answer.headers["etag"] != old.headers["etag"]
    assert leaves(answer.content) == len(office.entries())


def test_while_it_grows_a_part_is_given_only_to_who_names_the_file(office: OfficeUnderTest) -> None:
    """Another process of the server may hold another file at the same moment."""
    part = {"Range": "bytes=10-"}
    assert office.client.get(f"{office.api}/bundle", headers=part).status_code == 200
    close_early(office.office, office.id)
    assert office.client.get(f"{office.api}/bundle", headers=part).status_code == 206


def test_what_is_forgotten_is_gone_in_every_process(tmp_path: Path) -> None:
    folders = [tmp_path / "0", tmp_path / "1"]
    first, second = Bundles(folders[0], beside=folders[1:]), Bundles(folders[1], beside=folders[:1])
    one = Source("petition-1", 1, False, lambda: iter([b"words"]))
    other = Source("petition-1-without-words", 1, False, lambda: iter([b"none"]))
    for bundles in (first, second):
        for source in (one, other):
            in_a_loop(bundles.get(source))
    first.forget("petition-1")
    assert [path.name for folder in folders for path in sorted(folder.iterdir())] == [
        "petition-1-without-words-1.zip",
        "petition-1-without-words-1.zip",
    ]
    assert in_a_loop(second.get(one)).path.read_bytes() == b"words"  # made anew when it may be shown again
    first.close()
    second.close()


@pytest.mark.parametrize("range_header", ["bytes=99999999-", "bytes=5-4", "bytes=-0"])
def test_a_part_beyond_the_end(office: OfficeUnderTest, range_header: str) -> None:
    whole = office.client.get(f"{office.api}/bundle")
    length = len(whole.content)
    answer = office.client.get(
        f"{office.api}/bundle", headers={"Range": range_header, "If-Range": whole.headers["etag"]}
    )
    assert (answer.status_code, answer.json()["code"]) == (416, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{length}"


def test_without_room_on_the_disk_it_is_sent_all_the_same(
    office: OfficeUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    bundles = office.client.app.state.bundles  # type: ignore[attr-defined]
    bundles.folder.parent.mkdir(exist_ok=True)
    bundles.folder.write_text("not a folder")
    answer = office.client.get(f"{office.api}/bundle")
    assert answer.status_code == 200
    assert leaves(answer.content) == len(office.entries())
    assert "cannot be kept" in caplog.text
    bundles.folder.unlink()
    assert office.client.get(f"{office.api}/bundle").headers["accept-ranges"] == "bytes"


def test_a_build_that_fails_leaves_nothing_and_the_next_one_is_tried(
    office: OfficeUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = Bundles(tmp_path / "kept")

    def breaks(_engine: Engine, _election: str) -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("database gone")

    with monkeypatch.context() as broken:
        broken.setattr(web.api.bundles, "zip_bundle", breaks)
        with pytest.raises(RuntimeError, match="database gone"):
            in_a_loop(bundles.get(election_source(office.engine, office.id, 6, growing=False)))
    assert list((tmp_path / "kept").iterdir()) == []
    assert (
        in_a_loop(bundles.get(election_source(office.engine, office.id, 6, growing=False))).length_bytes
        > 1000
    )
    bundles.close()


def test_the_disk_is_used_within_bounds(
    office: OfficeUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old files go first, and only those that nobody was handed a minute ago."""
    clock = Seconds()
    monkeypatch.setattr(
        web.api.bundles, "zip_bundle", lambda _engine, election: iter([election.encode() * 100])
    )
    bundles = Bundles(tmp_path / "kept", bytes_max=250, clock=clock)

    def kept() -> set[str]:
        return {path.name[0] for path in (tmp_path / "kept").iterdir()}

    for name in "abc":
        in_a_loop(bundles.get(election_source(office.engine, name, 1, growing=False)))
        clock.now += 1
    assert kept() == {"a", "b", "c"}  # all three were handed out just now
    clock.now += 60
    in_a_loop(bundles.get(election_source(office.engine, "a", 1, growing=False)))  # used again
    in_a_loop(bundles.get(election_source(office.engine, "d", 1, growing=False)))
    assert kept() == {"a", "d"}
    in_a_loop(
        bundles.get(election_source(office.engine, "d", 2, growing=False))
    )  # a newer one takes the place of the older
    assert len(list((tmp_path / "kept").iterdir())) == 2
    bundles.close()


def test_the_folder_is_this_servers_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = bundle_folder("127.0.0.1-8000")
    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / "left-by-a-killed-server.zip").write_bytes(b"x")
    folder.chmod(0o755)
    assert bundle_folder("127.0.0.1-8000") == folder
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")  # somebody was here before
    other = bundle_folder("127.0.0.1-8000")
    assert other != folder
    assert not other.is_symlink()


def test_the_list_of_files_is_right(office: OfficeUnderTest) -> None:
    with zipfile.ZipFile(io.BytesIO(office.client.get(f"{office.api}/bundle").content)) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read(f"{office.id}/key.json"))["n"]
