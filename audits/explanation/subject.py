"""What is explained: a model, the rows it is explained on, and what it said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, SupportsFloat

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ...platform.data.schema import Schema
from ..config import ExplainConfig
from .examples import Example


class Scorer(Protocol):
    """A model that can be asked: all that an explanation may count on.

    Methods that look inside need more, and are missing where it isn't there: `module`, a torch module from
    inputs to logits `(batch, classes)` (regression: `(batch, 1)`), and `inputs(table)`, what it takes. For
    tables the module has `tokens(*inputs)` and `from_tokens(tokens)`, and `feature_names` names the column of
    each token, or "column (part)" where a column makes several. For images it has `maps`, through which the
    feature maps pass.
    """

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the codes; empty for regression."""
        ...

    @property
    def schema(self) -> Schema:
        """What each column is."""
        ...

    def predict(self, table: pa.Table) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        ...

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """Codes or values `(n,)`."""
        ...


_READ = ("numeric", "categorical", "date", "text")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model on one table of test rows.

    Args:
        y_true: codes or values `(n,)`, in the unit of `predictor.predict`.
        background: train rows.
        pictures: folder for PNGs; they are named relative to its parent.
        sensitive: group of each row by attribute, `(n,)` str.
    """

    predictor: Scorer
    table: pa.Table
    y_true: np.ndarray
    background: pa.Table
    config: ExplainConfig
    pictures: Path
    sensitive: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def module(self) -> Any:
        """The network, where the model is one and shows it; else None."""
        return getattr(self.predictor, "module", None)

    @cached_property
    def has_tokens(self) -> bool:
        """Is there a network that shows a token for each column?"""
        return hasattr(self.module, "from_tokens")

    @cached_property
    def scores(self) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        return self.predictor.predict(self.table)

    @cached_property
    def y_pred(self) -> np.ndarray:
        """Codes or values `(n,)`."""
        return self.predictor.decide(self.scores, self.table)

    @property
    def modality(self) -> str:
        """tabular, image or text."""
        return self.predictor.schema.modality

    @cached_property
    def token_columns(self) -> tuple[str, ...]:
        """The column that each token of the network stems from."""
        said = getattr(self.predictor, "token_columns", None)
        if said is not None:
            return said
        known = set(self.table.column_names)
        names = getattr(self.predictor, "feature_names", ())
        return tuple(name if name in known else name.rsplit(" (", 1)[0] for name in names)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Every column that the model reads, once: in the order of its tokens where it has any.

        A model that was made elsewhere says itself what it reads, if it knows; it may read what no model of
        ours does, such as free text.
        """
        if self.has_tokens:
            return tuple(dict.fromkeys(self.token_columns))
        named = getattr(self.predictor, "columns", ())
        if named:
            return tuple(name for name in dict.fromkeys(named) if name in self.table.column_names)
        schema = self.predictor.schema
        roles = ("feature", "sensitive") if schema.use_sensitive else ("feature",)
        return tuple(c.name for c in schema.columns if c.role in roles and c.kind in _READ)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of `columns` that hold numbers as such: not as text, nor yes and no."""
        kinds = (pa.types.is_integer, pa.types.is_floating)
        return tuple(
            name
            for name in self.of_kind("numeric")
            if any(is_kind(self.table[name].type) for is_kind in kinds)
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Those of `columns` that hold texts; short ones that all differ look like identifiers."""
        return self.of_kind("text", "identifier")

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Those of `columns` that are of one of these kinds."""
        kind = {column.name: column.kind for column in self.predictor.schema.columns}
        return tuple(name for name in self.columns if kind.get(name) in kinds)

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Sensitive columns that aren't features: a model may read them all the same, to decide by group."""
        present = set(self.table.column_names) - set(self.columns)
        return tuple(name for name in self.predictor.schema.sensitive if name in present)

    def take(self, rows: np.ndarray) -> pa.Table:
        """Some test rows."""
        return self.table.take(pa.array(rows, type=pa.int64()))

    def sample(self, count: int) -> np.ndarray:
        """Positions of at most `count` rows, drawn without replacement, in a random order of their own."""
        rows = self.table.num_rows
        return np.random.default_rng(self.config.seed).permutation(rows)[:count]

    def inputs(self, table: pa.Table) -> tuple[Tensor, ...]:
        """What the network takes for some rows."""
        inputs: Any = getattr(self.predictor, "inputs", None)
        assert inputs is not None, "only asked where there is a network"
        return inputs(table)

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
