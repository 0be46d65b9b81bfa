"""An artifact of Assay's own, from another home, asked on other data than it was trained on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from ...data.schema import Schema
from ...exceptions import ModelError
from ..model import Model
from .classes import codes_of

__all__ = ["load"]


@dataclass(frozen=True)
class _Own:
    """A model of ours whose classes may stand in another order than the data's."""

    model: Model
    schema: Schema

    @property
    def name(self) -> str:
        return f"Assay {type(self.model).__name__.lower()}"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.model.preprocessor.feature_columns

    @property
    def probabilities(self) -> bool:
        return self.schema.task != "regression"

    def scores(self, table: pa.Table) -> np.ndarray:
        found = self.model.predict(table)
        if self.schema.task == "regression":
            return found
        scores = np.empty_like(found)
        scores[:, codes_of(self.model.classes, self.schema.classes)] = found
        return scores

    def decisions(self, table: pa.Table) -> np.ndarray:
        codes = codes_of(self.model.classes, self.schema.classes)
        return codes[self.model.decide(self.model.predict(table), table)]


def load(path: Path, schema: Schema, *, logits: bool) -> _Own:
    """Open a model artifact.

    Raises:
        ModelError: it is none, or is for another task or other classes.
    """
    from ..predictor import load_model

    model = load_model(path)
    if model.task != schema.task:
        raise ModelError("the model is for another task", got=model.task, expected=schema.task)
    if schema.task != "regression":
        codes_of(model.classes, schema.classes)
    return _Own(model, schema)
