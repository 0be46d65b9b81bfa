"""What every model artifact can be asked, whatever is inside: scores for a table, and decisions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from .draws import draw
from .postprocess import Postprocess
from .untrusted import unfit


@dataclass(frozen=True, kw_only=True)
class Model(ABC):
    """A model artifact, opened.

    Attributes:
        preprocessor: from a table to what the model takes.
        postprocess: from what it gives to scores and decisions.
    """

    preprocessor: Preprocessor
    postprocess: Postprocess

    def __post_init__(self) -> None:
        if self.postprocess.classes != self.preprocessor.schema.classes:
            raise unfit(
                "postprocess.json and preprocess.json belong to different models",
                got=f"classes {self.postprocess.classes}",
                expected=self.preprocessor.schema.classes,
            )
        rule = self.postprocess.group_thresholds
        if rule is not None and not set(rule.over) <= set(self.preprocessor.schema.sensitive):
            raise unfit(
                "postprocess.json names groups that preprocess.json doesn't know",
                got=rule.over,
                expected=f"some of {self.preprocessor.schema.sensitive}",
            )

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
        """The network's inputs in the order of its tokens: numeric, then categorical; `image` for images.

        Texts have the names of their columns.
        """
        inputs = self.preprocessor.inputs()
        if inputs["kind"] == "tabular":
            return (*inputs["numeric"], *inputs["categorical"])
        return self.token_columns

    @property
    def token_columns(self) -> tuple[str, ...]:
        """Of each of `feature_names`, the column of the table that it stems from."""
        inputs = self.preprocessor.inputs()
        return ("image",) if inputs["kind"] == "image" else tuple(inputs["columns"])

    def inputs(self, table: pa.Table) -> tuple[Tensor, ...]:
        """What a network is called with."""
        return tuple(
            torch.from_numpy(np.ascontiguousarray(part)) for part in self.preprocessor.transform(table)
        )

    @abstractmethod
    def outputs(self, table: pa.Table) -> np.ndarray:
        """What is said before calibration: logits `(rows, classes)` or standardised values `(rows, 1)`."""

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
            table: the rows themselves: thresholds may differ by group, and chance is drawn from the features.

        Raises:
            DataError: thresholds differ by group and the table doesn't say which group a row is of.
        """
        rule = self.postprocess.group_thresholds
        if rule is None:
            return self.postprocess.decide(scores)
        groups = self.preprocessor.needed_groups(table, rule.over, "its thresholds differ by it")
        chances = rule.chances(scores[:, 1], [groups[name] for name in rule.over])
        drawn = draw(self.preprocessor.raw(table), salt=rule.salt, purpose="decision")
        return (drawn < chances).astype(np.int64)
