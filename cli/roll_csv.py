"""Reading `voter,area,weight`: who may vote, before the registrar gives out codes."""

import re
from dataclasses import dataclass

from cli.strict_csv import CsvUnusable, parse_csv
from protocol.manifest import Manifest
from protocol.roll import ENTRIES_MAX, WEIGHT_MAX, RollEntry
from protocol.text import require_text

FILE_BYTES_MAX = 200_000_000
HEADER = ("voter", "area", "weight")

_WEIGHT = re.compile(r"[1-9][0-9]{0,6}")


@dataclass(frozen=True)
class VoterLine:
    """One voter: a name or number for the letter, and what the credential may do."""

    voter: str
    entry: RollEntry


def parse_voters(data: bytes, manifest: Manifest) -> list[VoterLine]:
    """Every line, or none: the first bad one is named. Raises: CsvUnusable."""
    areas = {area.id for area in manifest.areas}
    found: list[VoterLine] = []
    seen: set[str] = set()
    for line, (voter, area, weight) in parse_csv(data, HEADER):
        try:
            require_text(voter, 200, "the voter")
        except ValueError as error:
            raise CsvUnusable(f"Line {line}: {error}.") from error
        if voter in seen:
            raise CsvUnusable(f"Line {line}: {voter!r} stands in the file twice.")
        if area not in areas:
            raise CsvUnusable(f"Line {line}: the manifest has no area {area!r}.")
        if not _WEIGHT.fullmatch(weight) or int(weight) > WEIGHT_MAX:
            raise CsvUnusable(f"Line {line}: weight must be a whole number from 1 to {WEIGHT_MAX}.")
        seen.add(voter)
        found.append(VoterLine(voter, RollEntry(weight=int(weight), area=area)))
    if not 1 <= len(found) <= ENTRIES_MAX:
        raise CsvUnusable(f"The file names {len(found)} voters; 1 to {ENTRIES_MAX} are possible.")
    return found
