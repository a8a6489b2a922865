"""Cut the fonts of paper/fonts out of the packages that ship them whole: Latin with Vietnamese, no hinting."""

import io
import re
import sys
import zipfile
from pathlib import Path

from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FOLDER = Path(__file__).parents[2] / "paper/fonts"
LATIN = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x250),
    *range(0x1E00, 0x1F00),
    0x300,
    0x301,
    0x303,
    0x309,
    0x323,
    0x31B,
]
LATIN += [
    *range(0x2010, 0x2028),
    0x202F,
    0x2030,
    0x2032,
    0x2033,
    0x2039,
    0x203A,
    0x20AB,
    0x20AC,
    0x2122,
    0x2212,
]
CODES = [*range(0x20, 0x7F)]
WANTED = {
    "be-vietnam-pro-400.ttf": ("BeVietnamPro-Regular.ttf", LATIN, None),
    "be-vietnam-pro-600.ttf": ("BeVietnamPro-SemiBold.ttf", LATIN, None),
    "plex-mono-500.ttf": ("IBMPlexMono-Medium.ttf", CODES, "Psephos Code"),
}


def cut(source: bytes, letters: list[int], family: str | None) -> bytes:
    """The font with these letters alone. family: its new name, where the licence reserves the old one."""
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    options = Options()
    options.hinting = False
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)
    if family is not None:
        for record in list(font["name"].names):
            if record.nameID in {1, 3, 4, 6}:
                name = family.replace(" ", "") if record.nameID == 6 else family
                font["name"].setName(name, record.nameID, record.platformID, record.platEncID, record.langID)
    written = io.BytesIO()
    font.save(written)
    return written.getvalue()


def main(packages: list[str]) -> None:
    """packages: the wheels."""
    for path in packages:
        with zipfile.ZipFile(path) as package:
            for name in package.namelist():
                for out, (original, letters, family) in WANTED.items():
                    if name.endswith(f"/{original}"):
                        (FOLDER / out).write_bytes(cut(package.read(name), letters, family))
                if name.endswith("LICENSE") and ".dist-info" not in name:
                    font = "be-vietnam-pro" if "vietnam" in name else "ibm-plex-mono"
                    text = re.sub(rb"[ \t\r]+\n", b"\n", package.read(name))
                    (FOLDER / f"OFL-{font}.txt").write_bytes(text)


if __name__ == "__main__":
    main(sys.argv[1:])
