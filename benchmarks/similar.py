"""Whether people find the petition that is there already: `python -m benchmarks.similar [FOLDER] [--model MODEL]`.

FOLDER holds uk_petitions_2020_2022.csv and uk_petitions_duplicate_pairs.csv: petitions that the moderators of the UK
Parliament rejected as duplicates, with those that they linked as similar. Without it, the small sample of the tests.
MODEL: folder of a sentence model; then the ranking by words and sense is measured beside that by words alone.
Others that nobody linked may resemble as well, so the true share is higher than what is measured.
"""

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from consultation.similar.bert import BertEmbedder
from consultation.similar.index import index_text, similar_petitions
from consultation.similar.sense import Sense
from consultation.subjects import Subject
from storage.engine import make_engine
from storage.migrate import migrate
from storage.session import reading, writing

SAMPLE = Path(__file__).parent.parent / "tests" / "data" / "petitions" / "duplicates.csv"
AT = (1, 5, 10)


@dataclass
class Labelled:
    """petitions: number → action, rest.  duplicates: number → action, background.  linked: what moderators named."""

    petitions: dict[str, tuple[str, str]] = field(default_factory=dict)
    duplicates: dict[str, tuple[str, str]] = field(default_factory=dict)
    linked: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def sample() -> Labelled:
    found = Labelled()
    for row in rows(SAMPLE):
        if row["role"] == "petition":
            found.petitions[row["id"]] = row["action"], row["background"]
        else:
            found.duplicates[row["id"]] = row["action"], row["background"]
            found.linked[row["id"]].add(row["similar_to"])
    return found


def everything(folder: Path) -> Labelled:
    found = Labelled()
    every = {row["id"]: row for row in rows(folder / "uk_petitions_2020_2022.csv")}
    for number, row in every.items():
        if row["state"] != "rejected":
            found.petitions[number] = row["action"], f"{row['background']}\n{row['additional_details']}"
    for pair in rows(folder / "uk_petitions_duplicate_pairs.csv"):
        row = every[pair["duplicate_id"]]
        found.duplicates[row["id"]] = row["action"], row["background"]
        found.linked[row["id"]].add(pair["similar_to_id"])
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fill(engine: Engine, petitions: Mapping[str, tuple[str, str]]) -> float:
    """Milliseconds for each."""
    start = time.perf_counter()
    with writing(engine) as session:
        for number, (action, rest) in petitions.items():
            index_text(session, Subject("petition", number), action, rest, open=True)
    return 1000 * (time.perf_counter() - start) / len(petitions)


def measure(engine: Engine, labelled: Labelled, sense: Sense | None, *, background: bool) -> str:
    ask = similar_petitions if sense is None else sense.similar_petitions
    hits, spans = dict.fromkeys(AT, 0), []
    with reading(engine) as session:
        for number, (action, rest) in labelled.duplicates.items():
            start = time.perf_counter()
            found = ask(session, f"{action}\n{rest}" if background else action, max(AT))
            spans.append(time.perf_counter() - start)
            names = [each.subject.id for each in found]
            for k in AT:
                hits[k] += not labelled.linked[number].isdisjoint(names[:k])
    spans.sort()
    shares = ", ".join(f"recall@{k} {hits[k] / len(spans):.3f}" for k in AT)
    middle, slow = spans[len(spans) // 2], spans[int(0.95 * len(spans))]
    return f"{shares}; {1000 * middle:.1f} ms in the middle, {1000 * slow:.1f} ms at 95 %"


def by_sense(engine: Engine, labelled: Labelled, model: Path) -> Sense:
    """With the vectors of all petitions made."""

    def words_of(session: Session, subject: Subject, title: str) -> str:
        del session
        return f"{title}\n{labelled.petitions[subject.id][1]}"

    start = time.perf_counter()
    sense = Sense(BertEmbedder(model))
    made = sense.fill(engine, words_of)
    each = 1000 * (time.perf_counter() - start) / made
    print(f"{sense.embedder.name}: {made} vectors, {each:.1f} ms each")
    return sense


def main() -> None:
    parser = argparse.ArgumentParser(description="Recall of similar petitions on labelled duplicates.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", type=Path)
    asked = parser.parse_args()
    labelled = everything(asked.folder) if asked.folder else sample()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'similar.db'}")
        migrate(engine)
        each = fill(engine, labelled.petitions)
        print(f"{len(labelled.petitions)} petitions in the index, {each:.1f} ms each")
        backs: list[Sense | None] = [None]
        if asked.model:
            backs.append(by_sense(engine, labelled, asked.model))
        for sense in backs:
            print("by words" if sense is None else "by words and sense")
            for background in (False, True):
                told = measure(engine, labelled, sense, background=background)
                print(f"  {'with background' if background else 'action alone'}: {told}")
        engine.dispose()


if __name__ == "__main__":
    main()
