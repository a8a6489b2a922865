"""Model folders: what a file says of itself is compared with what is there, and a broken one ends with a sentence."""

import json
import math
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from consultation.similar.bert import TOKENS_MAX, BertEmbedder, UnusableModel, layout, require_fits
from consultation.similar.sense import packed

WIDE: Final = 4
CONFIG: Final = {"num_attention_heads": 2, "num_hidden_layers": 1, "layer_norm_eps": 1e-12}
TOKENIZER: Final = {
    "version": "1.0",
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "x": 1, "lamps": 2}, "unk_token": "[UNK]"},
}


def safetensors(head: object, numbers: bytes) -> bytes:
    """A file with this head."""
    words = json.dumps(head).encode()
    return len(words).to_bytes(8, "little") + words + numbers


def tensor(shape: object, start: object, end: object, kind: object = "F32") -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def test_tensors_are_found_where_the_head_says() -> None:
    head = {
        "__metadata__": {"format": "pt"},
        "b": tensor([3], 16, 22, "F16"),
        "bert.a": tensor([2, 2], 0, 16),
        "ids": tensor([1], 22, 30, "I64"),
    }
    data = safetensors(head, bytes(range(30)))
    found = layout(data)
    assert {name: (each.kind, each.shape) for name, each in found.items()} == {
        "a": ("F32", (2, 2)),
        "b": ("F16", (3,)),
    }
    assert data[found["a"].start : found["b"].end] == bytes(range(22))


@pytest.mark.parametrize(
    "head",
    [
        ["a"],
        {"a": "numbers"},
        {"a": {"dtype": "F32", "shape": [2]}},
        {"a": tensor([2], -8, 0), "b": tensor([2], 0, 8)},
        {"a": tensor([-1, -2], 0, 8)},
        {"a": tensor([2], 0, "8")},
        {"a": tensor([2], False, 8)},
        {"a": tensor(2, 0, 8)},
        {"a": tensor([1], 0, 8)},
        {"a": tensor([3], 0, 12)},
        {"a": tensor([1], 4, 8)},
        {"a": tensor([1], 0, 4)},
        {"a": tensor([2], 0, 8), "b": tensor([2], 0, 8)},
        {"a": tensor([2], 0, 8), "b": tensor([1], 4, 8)},
        {"a": tensor([2], 0, 8), "b": tensor([], 8, 4, ["F32"])},
    ],
    ids=str,
)
def test_a_head_that_does_not_fit_its_file_is_not_believed(head: object) -> None:
    with pytest.raises(ValueError, match=r"head|has no|no numbers|as large|one behind|end where"):
        layout(safetensors(head, bytes(8)))


@pytest.mark.parametrize("data", [b"", bytes(8), b"\xff" * 16, safetensors({}, b"")[:-1]])
def test_what_is_no_file_of_tensors_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"safetensors|Expecting"):
        layout(data)


def test_a_model_has_a_row_for_each_token_and_place() -> None:
    require_fits({"x": 0, "y": 1}, 2, TOKENS_MAX)
    with pytest.raises(ValueError, match="vocabulary"):
        require_fits({"x": 0, "y": 2}, 2, TOKENS_MAX)
    with pytest.raises(ValueError, match="tokens"):
        require_fits({"x": 0, "y": 1}, 2, TOKENS_MAX - 1)


def write_model(folder: Path, config: object = CONFIG, tokenizer: object = TOKENIZER, rows: int = 3) -> Path:
    """The smallest model that there can be; it means nothing."""
    layer = "encoder.layer.0"
    dense: dict[str, tuple[int, ...]]
    dense = {f"{layer}.attention.self.{part}": (WIDE, WIDE) for part in ("query", "key", "value")}
    dense |= {f"{layer}.attention.output.dense": (WIDE, WIDE), f"{layer}.intermediate.dense": (8, WIDE)}
    dense[f"{layer}.output.dense"] = (WIDE, 8)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (rows, WIDE),
        "embeddings.position_embeddings.weight": (TOKENS_MAX, WIDE),
        "embeddings.token_type_embeddings.weight": (1, WIDE),
    }
    for name, shape in dense.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        shapes |= {f"{name}.LayerNorm.weight": (WIDE,), f"{name}.LayerNorm.bias": (WIDE,)}
    head: dict[str, object] = {}
    numbers = array("f")
    for name, shape in shapes.items():
        start = 4 * len(numbers)
        numbers.extend(math.sin(len(numbers) + number) for number in range(math.prod(shape)))
        head[name] = tensor(list(shape), start, 4 * len(numbers))
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(safetensors(head, numbers.tobytes()))
    for file, said in (("config.json", config), ("tokenizer.json", tokenizer)):
        (folder / file).write_text(json.dumps(said), encoding="utf-8")
    return folder


def test_broken_folders_end_with_a_sentence_and_never_while_somebody_writes(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    pytest.importorskip("tokenizers")
    whole = BertEmbedder(write_model(tmp_path / "whole"))
    vectors = whole.embed(["x lamps", "ờ"])
    assert [math.hypot(*each) for each in vectors] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert whole.near(vectors[0], [packed(vectors[0])]) == pytest.approx([1.0], abs=1e-5)
    without_unknown = {**TOKENIZER, "model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "[UNK]"}}
    broken: Mapping[str, tuple[object, object, int]] = {
        "config": ([], TOKENIZER, 3),
        "layers": ({**CONFIG, "num_hidden_layers": 2}, TOKENIZER, 3),
        "padding": ({**CONFIG, "pad_token_id": 3}, TOKENIZER, 3),
        "tokenizer": (CONFIG, {"model": "none"}, 3),
        "unknown": (CONFIG, without_unknown, 3),
        "rows": (CONFIG, TOKENIZER, 2),
    }
    for name, (config, tokenizer, rows) in broken.items():
        folder = write_model(tmp_path / name, config, tokenizer, rows)
        with pytest.raises(UnusableModel, match="holds no BERT"):
            BertEmbedder(folder)
