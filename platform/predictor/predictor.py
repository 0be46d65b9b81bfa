"""The one way in which a trained model is asked: by audits, by `verify`, and by whoever scores a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ...models.network import Network
from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from .artifact import load_network, read_postprocess
from .postprocess import Postprocess
from .untrusted import unfit

_BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """A model artifact, opened.

    Attributes:
        module: the network, from tensors to logits; in evaluation mode.
        preprocessor: from a table to the network's inputs.
        postprocess: from logits to scores and decisions.
    """

    module: Network
    preprocessor: Preprocessor
    postprocess: Postprocess

    @classmethod
    def load(cls, path: Path) -> "Predictor":
        """Open the artifact in a folder.

        Raises:
            ModelError: it isn't a model artifact, or was tampered with; nothing in it is executed.
        """
        postprocess = read_postprocess(path)
        network, preprocessor = load_network(path)
        if postprocess.classes != preprocessor.schema.classes:
            raise unfit(
                "postprocess.json and preprocess.json belong to different models",
                got=f"classes {postprocess.classes}",
                expected=preprocessor.schema.classes,
            )
        return cls(module=network, preprocessor=preprocessor, postprocess=postprocess)

    @property
    def task(self) -> str:
        """`binary`, `multiclass` or `regression`."""
        return self.postprocess.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes; empty for regression."""
        return self.postprocess.classes

    @property
    def positive(self) -> str | None:
        """The class with code 1 of a binary task."""
        return self.postprocess.positive

    @property
    def schema(self) -> Schema:
        """The columns that it was trained on, and what each is for."""
        return self.preprocessor.schema

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The network's inputs in the order of its tokens: numeric, then categorical; `image` for images."""
        inputs = self.preprocessor.inputs()
        return ("image",) if inputs["kind"] == "image" else (*inputs["numeric"], *inputs["categorical"])

    def predict(self, table: pa.Table) -> np.ndarray:
        """Scores of every row, rounded to six digits.

        Args:
            table: with the columns that the model was trained on, in any order; others are left alone.
                Categories that training didn't see, and missing values, are fine.

        Returns:
            `(rows, classes)` calibrated probabilities, or `(rows,)` values in the target's unit.

        Raises:
            DataError: a column is missing or of another kind.
        """
        return self.postprocess.scores(self.outputs(table))

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """Decisions `(rows,)`: codes of classes, or the values of a regression.

        Args:
            scores: what `predict` said of the rows.
            table: the rows themselves, for whoever decides by more than a score.
        """
        return self.postprocess.decide(scores)

    def inputs(self, table: pa.Table) -> tuple[Tensor, ...]:
        """What `module` is called with."""
        return tuple(
            torch.from_numpy(np.ascontiguousarray(part)) for part in self.preprocessor.transform(table)
        )

    def outputs(self, table: pa.Table) -> np.ndarray:
        """What the network says before calibration: logits `(rows, classes)` or standardised values `(rows,
        1)`."""
        inputs = self.inputs(table)
        device = next(self.module.parameters()).device
        parts = [np.empty((0, len(self.classes) or 1), dtype=np.float32)]
        with torch.inference_mode():
            for start in range(0, table.num_rows, _BATCH):
                batch = (part[start : start + _BATCH].to(device) for part in inputs)
                parts.append(self.module(*batch).float().cpu().numpy())
        return np.concatenate(parts)
