"""Model folders: what a file says of itself is compared with what is there, and a broken one ends with a sentence."""

import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import pytest

from consultation.similar.bert import TOKENS_MAX, BertEmbedder, UnusableModel, layout, require_fits
from consultation.similar.sense import packed
from tests.support.sentence_models import (
    CONFIG,
    HEADS,
    TOKENIZER,
    WIDE,
    Weights,
    meaningless,
    safetensors,
    tensor,
    write_folder,
    write_model,
)

Vector = list[float]


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


def test_broken_folders_end_with_a_sentence_and_never_while_somebody_writes(tmp_path: Path) -> None:
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


class ByHand:
    """BERT as its paper defines it, a number at a time: no arrays, no padding, no approximation."""

    def __init__(self, weights: Weights, layers: int) -> None:
        # As the file keeps them, in 32 bits.
        self.weights = {name: (shape, array("f", values)) for name, (shape, values) in weights.items()}
        self.layers = layers

    def vector(self, ids: Sequence[int]) -> Vector:
        """Of one text: the mean of the last layer, with length 1."""
        hidden = [
            self.normed(
                [
                    word + place + kind
                    for word, place, kind in zip(
                        self.row("embeddings.word_embeddings", number),
                        self.row("embeddings.position_embeddings", at),
                        self.row("embeddings.token_type_embeddings", 0),
                        strict=True,
                    )
                ],
                "embeddings",
            )
            for at, number in enumerate(ids)
        ]
        for number in range(self.layers):
            hidden = self.layer(hidden, f"encoder.layer.{number}")
        mean = [fmean(parts) for parts in zip(*hidden, strict=True)]
        return [part / math.hypot(*mean) for part in mean]

    def layer(self, hidden: Sequence[Vector], name: str) -> list[Vector]:
        query, key, value = (
            [self.dense(each, f"{name}.attention.self.{part}") for each in hidden]
            for part in ("query", "key", "value")
        )
        after = []
        for at, each in enumerate(hidden):
            seen: Vector = []
            for head in range(HEADS):
                mine = slice(head * WIDE // HEADS, (head + 1) * WIDE // HEADS)
                scores = [
                    math.exp(dot(query[at][mine], other[mine]) / math.sqrt(WIDE / HEADS)) for other in key
                ]
                parts = zip(*(other[mine] for other in value), strict=True)
                seen += [dot(scores, part) / sum(scores) for part in parts]
            looked = self.added(
                each, self.dense(seen, f"{name}.attention.output.dense"), f"{name}.attention.output"
            )
            inner = [gelu(part) for part in self.dense(looked, f"{name}.intermediate.dense")]
            after.append(self.added(looked, self.dense(inner, f"{name}.output.dense"), f"{name}.output"))
        return after

    def row(self, name: str, number: int) -> Vector:
        (_, wide), values = self.weights[f"{name}.weight"]
        return list(values[number * wide : (number + 1) * wide])

    def dense(self, vector: Vector, name: str) -> Vector:
        bias = self.weights[f"{name}.bias"][1]
        return [dot(self.row(name, at), vector) + bias[at] for at in range(len(bias))]

    def added(self, one: Vector, other: Vector, name: str) -> Vector:
        return self.normed([a + b for a, b in zip(one, other, strict=True)], name)

    def normed(self, vector: Vector, name: str) -> Vector:
        mean = fmean(vector)
        spread = math.sqrt(fmean((part - mean) ** 2 for part in vector))
        scale, shift = (self.weights[f"{name}.LayerNorm.{part}"][1] for part in ("weight", "bias"))
        return [(part - mean) / spread * a + b for part, a, b in zip(vector, scale, shift, strict=True)]


def dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def gelu(part: float) -> float:
    return part * (1 + math.erf(part / math.sqrt(2))) / 2


def test_vectors_are_those_of_the_paper_whatever_stands_beside_a_text(tmp_path: Path) -> None:
    weights = meaningless(layers=2)
    model = BertEmbedder(
        write_folder(tmp_path / "two", weights, {**CONFIG, "num_hidden_layers": 2}, TOKENIZER)
    )
    texts = {
        "x": [1],
        "Lamps": [2],
        "lamps x lamps": [2, 1, 2],
        "x x lamps đèn x lamps x": [1, 1, 2, 0, 1, 2, 1],
    }
    by_hand = [ByHand(weights, 2).vector(ids) for ids in texts.values()]
    assert math.dist(by_hand[0], by_hand[1]) > 0.1, "they differ"
    together, alone = model.embed([*texts]), [model.embed([text])[0] for text in texts]
    for number, expected in enumerate(by_hand):
        assert together[number] == pytest.approx(expected, abs=2e-3)
        assert together[number] == pytest.approx(alone[number], abs=1e-5)
    (long,) = model.embed(["x " * 10_000])
    assert long == pytest.approx(ByHand(weights, 2).vector([1] * TOKENS_MAX), abs=2e-3)
