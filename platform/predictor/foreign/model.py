"""A foreign model behind the surface that every audit asks."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ...exceptions import ModelError
from ..model import Model
from ..postprocess import DIGITS, round_significant
from .source import Source

__all__ = ["ForeignModel"]

_SUM = 1e-3


@dataclass(frozen=True, kw_only=True)
class ForeignModel(Model):
    """A model that Assay did not train.

    Attributes:
        source: the model itself.
        preprocessor: fitted on the train rows here, for the baselines that stand beside; the model itself
            doesn't use it.
    """

    source: Source

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that it reads."""
        return self.source.columns

    @property
    def probabilities(self) -> bool:
        """Whether its scores are probabilities, or only mark its decisions."""
        return self.source.probabilities

    def outputs(self, table: pa.Table) -> np.ndarray:
        """The model's scores as they come: there is nothing before them that could be had."""
        return self.source.scores(table)

    def predict(self, table: pa.Table) -> np.ndarray:
        """Scores of every row, rounded to six digits; checked, for nobody vouches for them.

        Raises:
            ModelError: they are no numbers, or no probabilities.
        """
        scores = np.asarray(self.outputs(table), dtype=np.float64)
        shape = (table.num_rows,) if self.task == "regression" else (table.num_rows, len(self.classes))
        if scores.shape != shape:
            raise ModelError("the model's output has the wrong shape", got=scores.shape, expected=shape)
        if wrong := int((~np.isfinite(scores)).reshape(len(scores), -1).any(axis=1).sum()):
            raise ModelError(
                "the model gives no number", got=f"NaN or infinity in {wrong} of {len(scores)} rows",
                mend="find out why; leaving the rows out would audit other people",
            )  # fmt: skip
        if self.task == "regression":
            return round_significant(scores)
        total = scores.sum(axis=1)
        if len(scores) and (scores.min() < 0 or scores.max() > 1 or np.abs(total - 1).max() > _SUM):
            raise ModelError(
                "the model's outputs are no probabilities",
                got=f"numbers from {scores.min():g} to {scores.max():g}, adding up to {total.min():g}",
                expected="one number in [0, 1] a class, adding up to 1",
                mend="--logits turns logits into probabilities",
            )
        return np.round(scores, DIGITS)

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """What the model itself decides, where it does; otherwise the likeliest class."""
        decided = None if self.task == "regression" else self.source.decisions(table)
        return self.postprocess.decide(scores) if decided is None else decided
