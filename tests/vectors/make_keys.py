"""Make the keys of tests/vectors/keys: `python -m tests.vectors.make_keys NAME…`. Each run makes new keys."""

import sys

from crypto.key_size import KeySize
from crypto.single_key import make_single_key
from tests.support.keys import KEYS_FOLDER, dump_test_key


def main(names: list[str]) -> None:
    """Write each named key."""
    for name in names:
        kind, bits = name.rsplit("-", 1)
        size = KeySize(int(bits))
        if kind != "single":
            raise SystemExit(f"No recipe for {name}.")
        record, share = make_single_key(size)
        path = KEYS_FOLDER / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump_test_key(record, (share,)))
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
