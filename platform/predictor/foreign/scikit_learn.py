"""scikit-learn models in skops files: loaded without unpickling anything.

skops rebuilds objects from a JSON schema, and makes objects only of types that it trusts or is told to trust.
Told are classes in scikit-learn's rooms of models, never functions; a file that names anything else is
refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ...data.schema import Schema, resolve
from ...exceptions import ModelError
from .classes import codes_of

__all__ = ["load"]

_ROOMS = (
    "_loss base calibration cluster compose covariance cross_decomposition decomposition dummy ensemble "
    "discriminant_analysis feature_extraction feature_selection gaussian_process impute isotonic "
    "kernel_approximation linear_model metrics mixture model_selection multiclass multioutput naive_bayes "
    "neighbors neural_network pipeline preprocessing semi_supervised svm tree"
)
#: A class, by its capital letter, in a room of scikit-learn: functions and whatever tests bring stay out.
_TRUSTED = re.compile(rf"sklearn\.({'|'.join(_ROOMS.split())})(\.\w+)*\._*[A-Z]\w*")


@dataclass(frozen=True)
class _Estimator:
    """A fitted estimator or pipeline."""

    model: Any
    schema: Schema

    @property
    def name(self) -> str:
        """The class; of a pipeline, that of its last step."""
        last = self.model.steps[-1][1] if hasattr(self.model, "steps") else self.model
        return f"scikit-learn {type(last).__name__}"

    @property
    def columns(self) -> tuple[str, ...]:
        known = [column.name for column in self.schema.columns]
        return tuple(resolve(name, known, what="column of the model") for name in self._names())

    @property
    def probabilities(self) -> bool:
        return self.schema.task != "regression" and hasattr(self.model, "predict_proba")

    def scores(self, table: pa.Table) -> np.ndarray:
        frame = self._frame(table)
        if self.schema.task == "regression":
            return np.asarray(self.model.predict(frame), dtype=np.float64).reshape(table.num_rows)
        if not self.probabilities:
            decided = self.decisions(table)
            return np.eye(len(self.schema.classes))[decided]
        scores = np.empty((table.num_rows, len(self.schema.classes)))
        scores[:, codes_of(self.model.classes_, self.schema.classes)] = self.model.predict_proba(frame)
        return scores

    def decisions(self, table: pa.Table) -> np.ndarray:
        codes = codes_of(self.model.classes_, self.schema.classes)
        known = dict(zip(self.model.classes_.tolist(), codes, strict=True))
        decided = np.asarray(self.model.predict(self._frame(table))).tolist()
        return np.array([known[label] for label in decided], dtype=np.int64)

    def _frame(self, table: pa.Table) -> Any:
        """The columns that it was fitted on, by name; without names, the features in their order."""
        frame = table.select(list(self.columns)).rename_columns(self._names()).to_pandas()
        return frame if hasattr(self.model, "feature_names_in_") else frame.to_numpy()

    def _names(self) -> list[str]:
        wanted = getattr(self.model, "feature_names_in_", None)
        return [c.name for c in self.schema.features] if wanted is None else [str(name) for name in wanted]


def load(path: Path, schema: Schema, *, logits: bool) -> _Estimator:
    """Open a `.skops` file.

    Raises:
        ModelError: it isn't one, or names a type that isn't trusted; nothing of it was executed.
    """
    from skops.io import get_untrusted_types
    from skops.io import load as load_skops

    try:
        named = get_untrusted_types(file=path)
        strangers = [name for name in named if not _TRUSTED.fullmatch(name)]
        if strangers:
            raise ModelError(
                f"{path.name} names types that aren't trusted", got=", ".join(strangers[:5]),
                expected="models of scikit-learn alone", mend="convert the model to ONNX",
            )  # fmt: skip
        model = load_skops(path, trusted=named)
    except ModelError:
        raise
    except Exception as error:  # skops raises whatever its parts raise
        raise ModelError(
            f"{path.name} can't be opened", got=f"{type(error).__name__}: {error}"[:300],
            expected="a file that skops.io.dump wrote",
        ) from error  # fmt: skip
    if not hasattr(model, "predict"):
        raise ModelError(
            f"{path.name} holds no model", got=type(model).__name__, expected="a fitted estimator"
        )
    if (schema.task == "regression") == hasattr(model, "classes_"):
        raise ModelError("the model is for another task", got=type(model).__name__, expected=schema.task)
    if schema.task != "regression":
        codes_of(model.classes_, schema.classes)
    return _Estimator(model, schema)
