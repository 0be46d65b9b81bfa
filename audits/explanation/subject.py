"""What is explained: a model, the rows it is explained on, and what it said of them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, SupportsFloat

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ..config import ExplainConfig
from .examples import Example


class Explainable(Protocol):
    """The part of a predictor that explanations use."""

    @property
    def module(self) -> Any:
        """A torch module from inputs to logits `(batch, classes)`, or to `(batch, 1)` for regression.

        Tables: it has `tokens(*inputs)` and `from_tokens(tokens)`. Images: it has `maps`, through which the
        feature maps pass.
        """
        ...

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the codes; empty for regression."""
        ...

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each token: its column, or "column (part)" where a column makes several."""
        ...

    def predict(self, table: pa.Table) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        ...

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """Codes or values `(n,)`."""
        ...

    def inputs(self, table: pa.Table) -> tuple[Tensor, ...]:
        """What `module` takes."""
        ...


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model on one table of test rows.

    Args:
        y_true: codes or values `(n,)`, in the unit of `predictor.predict`.
        background: train rows.
        pictures: folder for PNGs; they are named relative to its parent.
    """

    predictor: Explainable
    table: pa.Table
    y_true: np.ndarray
    background: pa.Table
    config: ExplainConfig
    pictures: Path

    @cached_property
    def scores(self) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        return self.predictor.predict(self.table)

    @cached_property
    def y_pred(self) -> np.ndarray:
        """Codes or values `(n,)`."""
        return self.predictor.decide(self.scores, self.table)

    @cached_property
    def modality(self) -> str:
        """tabular or image: an image enters a network as one four-dimensional tensor."""
        return "image" if self.predictor.inputs(self.table.slice(0, 1))[0].ndim == 4 else "tabular"

    @cached_property
    def token_columns(self) -> tuple[str, ...]:
        """The column that each token stems from."""
        known = set(self.table.column_names)
        names = self.predictor.feature_names
        return tuple(name if name in known else name.rsplit(" (", 1)[0] for name in names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column once, in the order of the tokens."""
        return tuple(dict.fromkeys(self.token_columns))

    def sample(self, count: int) -> np.ndarray:
        """Positions of at most `count` rows, drawn without replacement, in a random order of their own."""
        rows = self.table.num_rows
        return np.random.default_rng(self.config.seed).permutation(rows)[:count]

    def inputs(self, rows: np.ndarray) -> tuple[Tensor, ...]:
        """What the network takes for some rows."""
        return self.predictor.inputs(self.table.take(pa.array(rows, type=pa.int64())))

    def explained(self, rows: np.ndarray) -> Tensor:
        """The class that some rows are explained towards: positive or predicted; 0 for regression."""
        if self.predictor.task == "binary":
            return torch.ones(len(rows), dtype=torch.int64)
        return self.predicted(rows)

    def predicted(self, rows: np.ndarray) -> Tensor:
        """The predicted class of some rows; 0 for regression."""
        codes = np.zeros(len(rows)) if self.predictor.task == "regression" else self.y_pred[rows]
        return torch.from_numpy(np.asarray(codes, dtype=np.int64))

    def describe(self, example: Example) -> dict[str, Any]:
        """Which row it is and why it was chosen, what was true, what was said, and with what score."""
        i, scores = example.index, self.scores
        score = scores[i] if scores.ndim == 1 else scores[i, int(self.y_pred[i])]
        row = self.table["__row__"][i].as_py() if "__row__" in self.table.column_names else i
        return {
            "row": int(row),
            "kind": example.kind,
            "y_true": self._named(self.y_true[i]),
            "y_pred": self._named(self.y_pred[i]),
            "score": rounded(score),
        }

    def _named(self, value: Any) -> str | float:
        return rounded(value) if self.predictor.task == "regression" else self.predictor.classes[int(value)]


def rounded(value: SupportsFloat) -> float:
    """Six significant digits: what single precision can promise on another machine."""
    return float(f"{float(value):.6g}") + 0.0
