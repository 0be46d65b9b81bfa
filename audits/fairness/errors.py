"""What is compared between groups where a model predicts a value: means of predictions and errors."""

from dataclasses import dataclass

import numpy as np

from ..config import FairnessConfig
from ..intervals import Estimates, Means, Roots, largest_gap, means
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
        p, sizes = self.predictions, self.groups.rows(self.predictions.mass)
        error = p.y_pred - p.y_true
        of: dict[str, Estimates] = {
            "mean_prediction": self._means(p.y_pred, positive=False),
            "mean_error": self._means(error, positive=False),
            "mean_absolute_error": self._means(np.abs(error), positive=True),
            "root_mean_squared_error": Roots(self._means(error**2, positive=True)),
        }
        return {name: Metric(estimates=e, needs="rows", rows=sizes) for name, e in of.items()}

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

    def _means(self, values: np.ndarray, *, positive: bool) -> Means:
        return means(values, self.groups.codes, len(self.groups), self.predictions.mass, positive=positive)
