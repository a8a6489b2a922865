"""The server's keys: where they lie, who may read them, and that they show up nowhere."""

import os
import stat
from pathlib import Path

import pytest

from tests.support.elections import ELECTION
from tests.support.offices import OfficeUnderTest, cast_request
from voting.errors import SecretMissing, SecretsUnsafe
from voting.office import Office
from voting.server_keys import ServerKeys


def test_a_new_folder_is_private_and_so_is_every_key(tmp_path: Path) -> None:
    before = os.umask(0)  # the most careless administrator
    try:
        keys = ServerKeys.open(tmp_path / "a" / "secrets")
        made = keys.make(ELECTION)
    finally:
        os.umask(before)
    assert stat.S_IMODE(keys.folder.stat().st_mode) == 0o700
    files = sorted(keys.folder.iterdir())
    assert [file.name for file in files] == [f"{ELECTION}.log.key", f"{ELECTION}.server.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert made.log.public_key != made.server.public_key
    assert keys.load(ELECTION).log.public_key == made.log.public_key
    assert keys.load(ELECTION).server.public_key == made.server.public_key


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o710, 0o701, 0o720, 0o777])
def test_a_folder_that_others_can_look_into_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    folder.chmod(mode)
    with pytest.raises(SecretsUnsafe, match=f"Run: chmod 700 {folder}"):
        ServerKeys.open(folder)
    folder.chmod(0o700)
    ServerKeys.open(folder)


def test_a_link_to_an_open_folder_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    target.chmod(0o755)
    (tmp_path / "secrets").symlink_to(target)
    with pytest.raises(SecretsUnsafe):
        ServerKeys.open(tmp_path / "secrets")


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    keys = ServerKeys.open(tmp_path / "secrets")
    first = keys.make(ELECTION)
    with pytest.raises(FileExistsError):
        keys.make(ELECTION)
    assert keys.load(ELECTION).log.public_key == first.log.public_key


@pytest.mark.parametrize("content", [None, "", "00" * 31, "00" * 33, "zz" * 32, "\udcff"])
def test_a_missing_or_broken_key_is_named_without_its_content(tmp_path: Path, content: str | None) -> None:
    keys = ServerKeys.open(tmp_path / "secrets")
    keys.make(ELECTION)
    path = keys.folder / f"{ELECTION}.server.key"
    path.unlink()
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(
        SecretMissing, match=f"The server key of election {ELECTION} cannot be read"
    ) as missing:
        keys.load(ELECTION)
    assert not content or content not in str(missing.value)


def test_a_server_that_lost_its_key_blames_itself(office: OfficeUnderTest) -> None:
    """Not the voter's ballot: 500, no detail of the folder, and nothing stored."""
    (office.secrets / f"{office.id}.log.key").write_text("00\n")
    office.office = Office(
        office.engine, office.office.keys, office.clock
    )  # started anew: nothing is in memory
    before = office.everything()
    office.faults.add(500)
    answer = office.client.post(f"{office.api}/ballots", content=cast_request(office.election, 1))
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "secret" not in answer.text.lower()
    assert str(office.secrets) not in answer.text
    assert "look up its receipt code" in answer.json()["detail"]
    assert office.everything() == before
