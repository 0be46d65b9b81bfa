"""Hugging Face classifiers of text or images, from a folder with safetensors.

Nothing is fetched and no code of the folder is run: `local_files_only`, `use_safetensors`, and no
`trust_remote_code`. Images are resized and normalised here, from the numbers in `preprocessor_config.json`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ...data.schema import Schema
from ...data.values import categories
from ...exceptions import ModelError
from ..untrusted import read_json
from .classes import codes_of, softmax

__all__ = ["load"]

_SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_BATCH = 32


@dataclass(frozen=True)
class _Classifier:
    """What both kinds share: logits of batches, and the classes of `id2label`."""

    model: Any
    schema: Schema

    @property
    def name(self) -> str:
        """The architecture's class."""
        return f"Hugging Face {type(self.model).__name__}"

    @property
    def module(self) -> Any:
        """The torch module: it says what gradients there are."""
        return self.model

    @property
    def columns(self) -> tuple[str, ...]:
        raise AssertionError

    @property
    def probabilities(self) -> bool:
        return True

    def scores(self, table: pa.Table) -> np.ndarray:
        parts = [np.empty((0, len(self.schema.classes)))]
        with torch.inference_mode():
            for start in range(0, table.num_rows, _BATCH):
                logits = self.model(**self._inputs(table.slice(start, _BATCH))).logits
                parts.append(softmax(logits.float().numpy()))
        found = np.concatenate(parts)
        scores = np.empty_like(found)
        scores[:, _codes(self.model.config, self.schema)] = found
        return scores

    def decisions(self, table: pa.Table) -> np.ndarray | None:
        """None: the likeliest class."""
        return None

    def _inputs(self, table: pa.Table) -> dict[str, Tensor]:
        raise AssertionError


@dataclass(frozen=True)
class _Text(_Classifier):
    tokenizer: Any
    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    def _inputs(self, table: pa.Table) -> dict[str, Tensor]:
        texts = [text or "" for text in categories(table[self.column]).to_pylist()]
        longest = min(self.tokenizer.model_max_length, _positions(self.model.config))
        return dict(
            self.tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        )


@dataclass(frozen=True)
class _Image(_Classifier):
    settings: dict[str, Any]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("image",)

    def _inputs(self, table: pa.Table) -> dict[str, Tensor]:
        assert self.schema.image is not None
        flat = table["image"].combine_chunks().flatten().to_numpy().astype(np.float32)
        return {"pixel_values": prepared(torch.from_numpy(flat).view(-1, *self.schema.image), self.settings)}


def prepared(images: Tensor, settings: dict[str, Any]) -> Tensor:
    """Resize, crop, rescale and normalise as `preprocessor_config.json` says.

    Args:
        images: `(batch, channels, height, width)` pixels from 0 to 255; grey ones are shown in three colours.
        settings: the file's content.
    """
    if images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    size = settings.get("size", {})
    size = {"shortest_edge": size} if isinstance(size, int) else size
    if settings.get("do_resize", True) and size:
        images = _resized(images, size, settings.get("resample", 2))
    if settings.get("do_center_crop") and "crop_size" in settings:
        crop = settings["crop_size"]
        height, width = (crop, crop) if isinstance(crop, int) else (crop["height"], crop["width"])
        top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
        images = images[:, :, top : top + height, left : left + width]
    if settings.get("do_rescale", True):
        images = images * settings.get("rescale_factor", 1 / 255)
    if settings.get("do_normalize", True) and "image_mean" in settings:
        mean, std = (torch.tensor(settings[key]).view(1, -1, 1, 1) for key in ("image_mean", "image_std"))
        images = (images - mean) / std
    return images


def _resized(images: Tensor, size: dict[str, int], resample: int) -> Tensor:
    if "shortest_edge" in size:
        scale = size["shortest_edge"] / min(images.shape[2:])
        shape = [round(edge * scale) for edge in images.shape[2:]]
    else:
        shape = [size["height"], size["width"]]
    mode = {0: "nearest", 2: "bilinear", 3: "bicubic"}.get(resample, "bilinear")
    smooth = {"align_corners": False, "antialias": True} if mode != "nearest" else {}
    return torch.nn.functional.interpolate(images, shape, mode=mode, **smooth).clamp(0, 255)


def _positions(config: Any) -> int:
    """Most tokens that the model takes."""
    return int(getattr(config, "max_position_embeddings", 512) or 512)


def _codes(config: Any, schema: Schema) -> np.ndarray:
    return codes_of([config.id2label[i] for i in range(config.num_labels)], schema.classes)


def load(path: Path, schema: Schema, *, logits: bool) -> _Classifier:
    """Open a folder with `config.json` and safetensors; its outputs are logits in any case.

    Raises:
        ModelError: it isn't a classifier of this data's classes, or needs code of its own.
    """
    import transformers

    config = read_json(path / "config.json")
    kinds = " ".join(config.get("architectures") or ())
    image = "ForImageClassification" in kinds
    if not image and "ForSequenceClassification" not in kinds:
        raise ModelError(
            "the folder holds no classifier", got=kinds or "no architectures in config.json",
            expected="…ForSequenceClassification or …ForImageClassification",
        )  # fmt: skip
    if schema.task == "regression":
        raise ModelError("the model is for another task", got=kinds, expected="regression")
    auto = "AutoModelForImageClassification" if image else "AutoModelForSequenceClassification"
    try:
        model = getattr(transformers, auto).from_pretrained(path, use_safetensors=True, **_SAFE).eval()
        tokenizer = None if image else transformers.AutoTokenizer.from_pretrained(path, **_SAFE)
    except Exception as error:  # transformers raises whatever its parts raise
        raise ModelError(
            f"{kinds} can't be opened", got=f"{type(error).__name__}: {error}"[:300],
            expected="a folder that save_pretrained wrote, its tokenizer in it",
        ) from error  # fmt: skip
    _codes(model.config, schema)
    if image:
        settings = path / "preprocessor_config.json"
        return _Image(model, schema, read_json(settings) if settings.exists() else {})
    return _Text(model, schema, tokenizer, _text_column(schema))


def _text_column(schema: Schema) -> str:
    """The one column of text."""
    columns = [c for c in schema.columns if c.role not in ("target", "weight", "split")]
    found = [c.name for c in columns if c.kind == "text"]
    if len(found) != 1:
        raise ModelError(
            "it can't be told which column the model reads",
            got=f"columns of text: {', '.join(found) or 'none'}",
            expected="one",
            mend="declare the kind of the column: data.columns: {NAME: text}",
        )
    return found[0]
