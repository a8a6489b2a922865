"""What a guess costs in the files of the program as it is installed; the other tests here seal and open cheaply."""

import hashlib
import json
import subprocess
from pathlib import Path

from crypto.encoding import decode_base64url
from tests.cli.desk import PASSPHRASE, PSEPHOS, Desk, clean_environment

IDENTITY = ("registrar", "identity", "--name", "Registrar", "--passphrase-file", "passphrase", "--out")


def test_the_program_itself_stretches_a_passphrase_at_the_full_cost(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write("passphrase", PASSPHRASE + "\n")
    subprocess.run(
        [*PSEPHOS, *IDENTITY, "real.key"],
        cwd=tmp_path,
        env=clean_environment(**desk.environment),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    desk.do(*IDENTITY, "cheap.key")
    assert costs_fully((tmp_path / "real.key").read_bytes())
    # The control: what the tests seal says so too, but it is not true, and who goes by the words cannot open it.
    assert not costs_fully((tmp_path / "cheap.key").read_bytes())


def costs_fully(sealed: bytes) -> bool:
    """Whether the commitment in the head of a file is what scrypt makes at the cost that stands there."""
    head = json.loads(sealed.partition(b"\n")[0])
    assert [head["sealing"][name] for name in ("log2_n", "r", "p")] == [17, 8, 1]
    salt = decode_base64url(head["sealing"]["salt"], 32)
    derived = hashlib.scrypt(PASSPHRASE.encode(), salt=salt, n=1 << 17, r=8, p=1, maxmem=1 << 28, dklen=64)
    return decode_base64url(head["commitment"], 32) == derived[32:]
