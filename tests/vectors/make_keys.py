"""Make the keys of tests/vectors/keys: `python -m tests.vectors.make_keys NAME…`. Each run makes new keys."""

import secrets
import sys

from crypto.ceremony.one_process import run_in_one_process
from crypto.ceremony.parameters import SESSION_BYTES, CeremonyParameters
from crypto.key_record import KeyShare
from crypto.key_size import KeySize
from crypto.single_key import make_single_key
from tests.support.keys import KEYS_FOLDER, dump_test_key


def main(names: list[str]) -> None:
    """Write each named key."""
    for name in names:
        kind, bits = name.rsplit("-", 1)
        size = KeySize(int(bits))
        if kind == "single":
            record, share = make_single_key(size)
            shares: tuple[KeyShare, ...] = (share,)
        elif kind == "threshold-2of3":
            parameters = CeremonyParameters(size, 3, 2, secrets.token_bytes(SESSION_BYTES))
            outcome = run_in_one_process(parameters)
            record, shares = outcome.record, outcome.shares
        else:
            raise SystemExit(f"No recipe for {name}.")
        path = KEYS_FOLDER / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump_test_key(record, shares))
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
