"""A sentence model of the BERT kind, read from a folder and calculated with numpy: no framework, no graphics card.

The folder is one that `sentence-transformers` writes: `config.json`, `tokenizer.json`, `model.safetensors`, with the
mean of the last layer as the sentence's vector. all-MiniLM-L6-v2 (English) and paraphrase-multilingual-MiniLM-L12-v2
(50 languages, Vietnamese among them) are such models. Nothing is fetched from anywhere.

numpy and tokenizers are imported here alone, when a site names a model: they come with `pip install psephos[sense]`.
Source: Devlin et al., "BERT" (2019); Reimers and Gurevych, "Sentence-BERT" (2019).
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

TOKENS_MAX: Final = 128
"""Of one text; petitions' titles and first sentences are shorter."""
_KINDS: Final = {"F32": "<f4", "F16": "<f2"}
_SIZES: Final = {"F32": 4, "F16": 2}
_HEAD_MAX: Final = 10_000_000
_FILE_MAX: Final = 4_000_000_000
_TRIAL: Final = ("x", "Đèn đường ở hồ 𪚥 🧿")
"""Of different lengths, with letters that a small vocabulary does not have."""


class UnusableModel(Exception):
    """A folder that holds no model of this kind, or libraries that are not installed. The sentence says which."""


class BertEmbedder:
    """An `Embedder` (`consultation.similar.sense`). Its calls may run in several threads."""

    def __init__(self, folder: Path) -> None:
        """Raises: UnusableModel."""
        # Small models: a second thread of the linear algebra gains little and takes the processor from requests.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        try:
            numpy, tokenizers = import_module("numpy"), import_module("tokenizers")
        except ImportError as error:
            raise UnusableModel("Install numpy and tokenizers: pip install 'psephos[sense]'.") from error
        self._np = numpy
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            data = _read(folder / "model.safetensors")
            self._weights = _tensors(numpy, data)
            self._heads, self._layers = int(config["num_attention_heads"]), int(config["num_hidden_layers"])
            self._epsilon = float(config["layer_norm_eps"])
            self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.enable_truncation(TOKENS_MAX)
            self._tokenizer.enable_padding(pad_id=int(config.get("pad_token_id", 0)))
            require_fits(
                self._tokenizer.get_vocab(),
                len(self._weights["embeddings.word_embeddings.weight"]),
                len(self._weights["embeddings.position_embeddings.weight"]),
            )
            self.embed(_TRIAL)
        except Exception as error:  # tokenizers raises bare ones, and a broken model breaks anywhere
            raise UnusableModel(
                f"{folder} holds no BERT sentence model: {type(error).__name__} {error}"
            ) from error
        self._name = f"{folder.name}@{hashlib.sha256(data).hexdigest()[:16]}"

    @property
    def name(self) -> str:
        """The folder's name and the digest of the weights."""
        return self._name

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One unit vector for each text."""
        np = self._np
        tokens = self._tokenizer.encode_batch(list(texts))
        ids = np.array([each.ids for each in tokens])
        mask = np.array([each.attention_mask for each in tokens], dtype=np.float32)
        hidden = self._calculated(ids, mask)
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        vectors: list[list[float]] = unit.tolist()
        return vectors

    def near(self, question: Sequence[float], packed: Sequence[bytes]) -> Sequence[float]:
        """The cosine of `question` with each of these vectors."""
        np = self._np
        matrix = np.frombuffer(b"".join(packed), dtype="<f4").reshape(len(packed), -1)
        cosines: list[float] = (matrix @ np.array(question, dtype=np.float32)).tolist()
        return cosines

    def _calculated(self, ids: Any, mask: Any) -> Any:
        np, weights = self._np, self._weights
        rows, length = ids.shape
        hidden = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:length]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._normed(hidden, "embeddings.LayerNorm")
        unseen = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(self._layers):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                self._dense(hidden, f"{layer}.attention.self.{part}")
                .reshape(rows, length, self._heads, -1)
                .transpose(0, 2, 1, 3)
                for part in ("query", "key", "value")
            )
            scores = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5) + unseen
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            seen = (scores / scores.sum(-1, keepdims=True)) @ value
            seen = seen.transpose(0, 2, 1, 3).reshape(hidden.shape)
            hidden = self._normed(
                hidden + self._dense(seen, f"{layer}.attention.output.dense"),
                f"{layer}.attention.output.LayerNorm",
            )
            inner = self._dense(hidden, f"{layer}.intermediate.dense")
            # GELU by tanh: differs from the exact one by less than 0.001, which no ranking shows.
            inner = (
                inner
                * (1 + np.tanh(np.float32(0.7978845608) * (inner + np.float32(0.044715) * inner**3)))
                / 2
            )
            hidden = self._normed(
                hidden + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm"
            )
        return hidden

    def _dense(self, hidden: Any, name: str) -> Any:
        return hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, hidden: Any, name: str) -> Any:
        mean = hidden.mean(-1, keepdims=True)
        spread = self._np.sqrt(
            ((hidden - mean) ** 2).mean(-1, keepdims=True) + self._np.float32(self._epsilon)
        )
        return (hidden - mean) / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


@dataclass(frozen=True)
class Tensor:
    """Where the numbers of one tensor stand in a file. kind: F32 or F16.  start, end: bytes of the whole file."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


def layout(data: bytes) -> Mapping[str, Tensor]:
    """Of a file as safetensors writes it: length of the head in 8 bytes, a head in JSON, then the numbers.

    As the format demands, they lie one behind another from the head to the end, whatever their order in the head.
    Tensors of other kinds are left out. Raises: ValueError.
    """
    length = int.from_bytes(data[:8], "little")
    if length > min(_HEAD_MAX, len(data) - 8):
        raise ValueError("This is no safetensors file.")
    head = json.loads(data[8 : 8 + length])
    if not isinstance(head, dict):
        raise ValueError("The head of the file is no object.")
    found: dict[str, Tensor] = {}
    places: list[tuple[int, int]] = []
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        start, end = _numbers(name, entry, "data_offsets", 2)
        places.append((start, end))
        kind = entry.get("dtype")
        if not isinstance(kind, str) or kind not in _KINDS:
            continue
        shape = _numbers(name, entry, "shape")
        if math.prod(shape) * _SIZES[kind] != end - start:
            raise ValueError(f"{name} is not as large as its shape.")
        found[name.removeprefix("bert.")] = Tensor(kind, shape, 8 + length + start, 8 + length + end)
    reached = 0
    for start, end in sorted(places):
        if start != reached or end < start:
            raise ValueError("The tensors do not lie one behind another.")
        reached = end
    if reached != len(data) - 8 - length:
        raise ValueError("The tensors do not end where the file does.")
    return found


def require_fits(vocabulary: Mapping[str, int], words: int, positions: int) -> None:
    """Raises ValueError unless there is a row for each token, and for each place in a text.

    words, positions: rows of the model's two tables.
    """
    if max(vocabulary.values(), default=0) >= words:
        raise ValueError("The vocabulary is larger than the model.")
    if positions < TOKENS_MAX:
        raise ValueError(f"The model takes texts of {positions} tokens, {TOKENS_MAX} are needed.")


def _numbers(name: str, entry: object, part: str, count: int | None = None) -> tuple[int, ...]:
    found = entry.get(part) if isinstance(entry, dict) else None
    if not isinstance(found, list) or count not in (None, len(found)):
        raise ValueError(f"{name} has no {part}.")
    if any(type(number) is not int or number < 0 for number in found):
        raise ValueError(f"{part} of {name} are no numbers.")
    return tuple(found)


def _read(file: Path) -> bytes:
    if file.stat().st_size > _FILE_MAX:
        raise ValueError(f"{file.name} is larger than {_FILE_MAX // 10**9} GB.")
    return file.read_bytes()


def _tensors(np: Any, data: bytes) -> dict[str, Any]:
    return {
        name: np.frombuffer(data[each.start : each.end], dtype=_KINDS[each.kind])
        .reshape(each.shape)
        .astype(np.float32)
        for name, each in layout(data).items()
    }
