"""What is compared between groups where a model predicts a value: means of predictions and errors."""

from dataclasses import dataclass

import numpy as np

from ..config import FairnessConfig
from ..intervals import Means, largest_gap
from ..predictions import Predictions
from .groups import Groups
from .table import Comparison, Metric

__all__ = ["Errors"]


@dataclass(frozen=True)
class Errors:
    """Means of groups in a regression task, in units of the target."""

    predictions: Predictions
    groups: Groups
    config: FairnessConfig

    def metrics(self) -> dict[str, Metric]:
        """Mean prediction, mean error (prediction - truth), mean absolute and root mean squared error."""
        p = self.predictions
        error = p.y_pred - p.y_true
        squares = self._mean(error**2, positive=True)
        root = np.sqrt(squares.value)
        with np.errstate(divide="ignore", invalid="ignore"):
            half = np.where(root > 0, squares.error / (2 * root), 0.0)
        found = {
            "mean_prediction": self._mean(p.y_pred, positive=False),
            "mean_error": self._mean(error, positive=False),
            "mean_absolute_error": self._mean(np.abs(error), positive=True),
            "root_mean_squared_error": Means(value=root, error=half, freedom=squares.freedom, positive=True),
        }
        return {name: Metric(estimates=e, needs="rows", rows=self.groups.sizes) for name, e in found.items()}

    def metrics_by_class(self) -> dict[str, dict[str, Metric]]:
        """There are no classes."""
        return {}

    def differences(self) -> dict[str, Comparison]:
        """Largest gap between two groups' means."""
        return {
            f"{name}_difference": Comparison(
                families=[metric], interval=largest_gap, options={"span": np.inf}
            )
            for name, metric in self.metrics().items()
        }

    def ratios(self) -> dict[str, Comparison]:
        """None: a ratio of values with no natural zero says nothing."""
        return {}

    def _mean(self, values: np.ndarray, *, positive: bool) -> Means:
        """(groups,) weighted means with linearised standard errors."""
        codes, count, sizes = self.groups.codes, len(self.groups), self.groups.sizes
        weight = np.ones(len(values)) if self.predictions.weight is None else self.predictions.weight
        total = np.bincount(codes, weight, count)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.bincount(codes, weight * values, count) / total
            squares = np.bincount(codes, (weight * (values - mean[codes])) ** 2, count)
            error = np.sqrt(squares * sizes / (sizes - 1)) / total
        error = np.where(sizes > 1, error, np.nan)
        return Means(value=mean, error=error, freedom=np.maximum(sizes - 1.0, 1.0), positive=positive)
