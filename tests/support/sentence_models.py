"""Sentence models as small as they can be, in folders as `sentence-transformers` writes them.

One calculates as a large one does and means nothing; the other knows what a few words mean, and its vectors can be
worked out by hand.
"""

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from consultation.similar.bert import TOKENS_MAX

WIDE: Final = 4
INNER: Final = 8
HEADS: Final = 2
CONFIG: Final = {"num_attention_heads": HEADS, "num_hidden_layers": 1, "layer_norm_eps": 1e-12}
UNKNOWN: Final = "[UNK]"

Shape = tuple[int, ...]
Weights = Mapping[str, tuple[Shape, Sequence[float]]]
"""Shape and numbers of each tensor."""


def tokenizer(*known: str) -> dict[str, object]:
    """Words of small letters, one token each; 0 is everything else."""
    vocabulary = {word: number for number, word in enumerate((UNKNOWN, *known))}
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
    }


TOKENIZER: Final = tokenizer("x", "lamps")


def tensor(shape: object, start: object, end: object, kind: object = "F32") -> dict[str, object]:
    """A line of the head."""
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def safetensors(head: object, numbers: bytes) -> bytes:
    """A file with this head."""
    words = json.dumps(head).encode()
    return len(words).to_bytes(8, "little") + words + numbers


def write_folder(folder: Path, weights: Weights, config: object, tokens: object) -> Path:
    """The three files of a model."""
    head: dict[str, object] = {}
    numbers = array("f")
    for name, (shape, values) in weights.items():
        start = 4 * len(numbers)
        numbers.extend(values)
        head[name] = tensor(list(shape), start, 4 * len(numbers))
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors(head, numbers.tobytes()))
    for file, said in (("config.json", config), ("tokenizer.json", tokens)):
        (folder / file).write_text(json.dumps(said), encoding="utf-8")
    return folder


def meaningless(rows: int = 3, layers: int = 1) -> Weights:
    """Weights of all parts, each unlike its neighbours."""
    shapes: dict[str, Shape] = {
        "embeddings.word_embeddings.weight": (rows, WIDE),
        "embeddings.position_embeddings.weight": (TOKENS_MAX, WIDE),
        "embeddings.token_type_embeddings.weight": (1, WIDE),
        **_norm("embeddings"),
    }
    for layer in (f"encoder.layer.{number}" for number in range(layers)):
        for part in ("query", "key", "value"):
            shapes |= _dense(f"{layer}.attention.self.{part}", WIDE, WIDE)
        shapes |= _dense(f"{layer}.attention.output.dense", WIDE, WIDE) | _norm(f"{layer}.attention.output")
        shapes |= _dense(f"{layer}.intermediate.dense", INNER, WIDE)
        shapes |= _dense(f"{layer}.output.dense", WIDE, INNER) | _norm(f"{layer}.output")
    weights: dict[str, tuple[Shape, Sequence[float]]] = {}
    begun = 0
    for name, shape in shapes.items():
        count = math.prod(shape)
        # What is added is small, and what norms is about 1: else all texts would end at one vector.
        middle, spread = float(name.endswith("Norm.weight")), 1 if len(shape) > 1 else 0.25
        weights[name] = shape, [middle + spread * math.sin((begun + at) ** 2) for at in range(count)]
        begun += count
    return weights


def write_model(folder: Path, config: object = CONFIG, tokens: object = TOKENIZER, rows: int = 3) -> Path:
    """The smallest model that there can be; it means nothing."""
    return write_folder(folder, meaningless(rows), config, tokens)


MEANINGS: Final[Mapping[str, Sequence[float]]] = {
    UNKNOWN: (0.01, 0.01, -0.01, -0.01),
    "lamps": (1, -1, 0, 0),
    "illuminate": (1, -1, 0, 0),
    "đèn": (1, -1, 0, 0),
    "school": (0, 0, 1, -1),
    "pupils": (0, 0, 1, -1),
}
"""Two ideas that have nothing in common, and every other word, which hardly counts. The mean of each row is 0."""


def write_meanings(folder: Path) -> Path:
    """A model without layers: a text is the mean of its words, as `MEANINGS` has them."""
    zeros = [0.0] * WIDE
    weights: Weights = {
        "embeddings.word_embeddings.weight": ((len(MEANINGS), WIDE), [*chain(*MEANINGS.values())]),
        "embeddings.position_embeddings.weight": ((TOKENS_MAX, WIDE), zeros * TOKENS_MAX),
        "embeddings.token_type_embeddings.weight": ((1, WIDE), zeros),
        "embeddings.LayerNorm.weight": ((WIDE,), [1.0] * WIDE),
        "embeddings.LayerNorm.bias": ((WIDE,), zeros),
    }
    # So large that what is small stays small.
    config = {**CONFIG, "num_hidden_layers": 0, "layer_norm_eps": 1.0}
    return write_folder(folder, weights, config, tokenizer(*list(MEANINGS)[1:]))


def _dense(name: str, out: int, into: int) -> dict[str, Shape]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name: str) -> dict[str, Shape]:
    return {f"{name}.LayerNorm.weight": (WIDE,), f"{name}.LayerNorm.bias": (WIDE,)}
