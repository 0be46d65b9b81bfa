"""What is put to the test: a model, some of its test rows, and how right it was on them unharmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from ...platform.data.schema import Schema
from ..config import AuditConfig
from ..findings import Findings
from ..predictions import Predictions
from .rates import Kind, Marks, by_group

__all__ = ["NoAnswerError", "Scorer", "Subject"]


class NoAnswerError(Exception):
    """The model gave no scores for changed rows; the message is the reason, for the report."""


class Scorer(Protocol):
    """All that tests of rows need of a model; a table goes in, scores come out."""

    @property
    def task(self) -> str:
        """binary, multiclass or regression."""
        ...

    @property
    def schema(self) -> Schema:
        """The columns that it was trained on."""
        ...

    def predict(self, table: pa.Table) -> np.ndarray:
        """Probabilities `(n, classes)`, or values `(n,)`."""
        ...

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """Codes or values `(n,)`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One model and the rows that are changed.

    Args:
        table: the rows.
        predictions: what the model said of them unharmed.
        everyone: groups of all test rows, by sensitive column; the rows may be a sample of these.
    """

    scorer: Any
    table: pa.Table
    predictions: Predictions
    everyone: Mapping[str, np.ndarray]
    config: AuditConfig

    @classmethod
    def draw(
        cls, scorer: Scorer, table: pa.Table, predictions: Predictions, config: AuditConfig, rows: int
    ) -> "Subject":
        """At most `rows` test rows, drawn by the seed, in their own order.

        Args:
            table: all test rows, as `predictions` has them.
        """
        assert table.num_rows == len(predictions), (table.num_rows, len(predictions))
        order = np.random.default_rng(config.robustness.seed).permutation(len(predictions))
        kept = np.sort(order[:rows])
        part = Predictions(
            task=predictions.task,
            classes=predictions.classes,
            positive=predictions.positive,
            rows=predictions.rows[kept],
            y_true=predictions.y_true[kept],
            y_pred=predictions.y_pred[kept],
            scores=None if predictions.scores is None else predictions.scores[kept],
            sensitive={name: values[kept] for name, values in predictions.sensitive.items()},
            weight=_weights(predictions.weight, kept),
        )
        taken = table.take(pa.array(kept)).combine_chunks()
        return cls(
            scorer=scorer, table=taken, predictions=part, everyone=predictions.sensitive, config=config
        )

    @property
    def schema(self) -> Schema:
        """The columns, and what each is for."""
        return self.scorer.schema

    @cached_property
    def weight(self) -> np.ndarray:
        """`(n,)` sample weights."""
        weight = self.predictions.weight
        return np.ones(len(self.predictions)) if weight is None else weight.astype(float)

    def by_group(self, metrics: Mapping[str, Marks]) -> Findings:
        """Metrics of each group, as they stand in the section."""
        found = by_group(
            self.predictions.sensitive,
            metrics,
            self.weight,
            minimum=self.config.fairness.minimum_group_size,
            confidence=self.config.confidence,
            everyone=self.everyone,
        )
        return Findings.gather({"groups": found})

    @property
    def regression(self) -> bool:
        """Whether rows have values instead of classes."""
        return self.predictions.task == "regression"

    @property
    def kind(self) -> Kind:
        """What one row's mark is: right or wrong, or how far off."""
        return "amount" if self.regression else "hit"

    @cached_property
    def clean(self) -> Marks:
        """Marks of the unharmed rows."""
        return self.marks(self.predictions.y_pred)

    def marks(self, y_pred: np.ndarray) -> Marks:
        """1 where a decision is right, else 0; of a regression the absolute error."""
        if self.regression:
            return Marks(values=np.abs(self.predictions.y_true - y_pred), kind="amount")
        return Marks(values=(self.predictions.y_true == y_pred).astype(float))

    def ask(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """Scores and decisions of changed rows.

        Raises:
            NoAnswerError: the model can't answer, or answers with no number.
        """
        try:
            scores = np.asarray(self.scorer.predict(table), dtype=float)
            decided = np.asarray(self.scorer.decide(scores, table))
        # Models from elsewhere raise whatever they like at an empty cell or a category they never saw.
        except Exception as error:
            raise NoAnswerError(
                f"the model gave no answer: {type(error).__name__}: {_first(error)}"
            ) from error
        if not np.isfinite(scores).all():
            raise NoAnswerError("the model answered some of these rows with no number")
        return scores, decided


def _weights(weight: np.ndarray | None, kept: np.ndarray) -> np.ndarray | None:
    """Weights of some rows; none where all of these weigh nothing."""
    return None if weight is None or not weight[kept].sum() else weight[kept]


def _first(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else "no reason given"
