"""What is compared between groups where a model decides between classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..config import FairnessConfig
from ..intervals import Estimates, Mass, Proportions, area_limits, largest_gap, roc_area, ties, widened
from ..predictions import Predictions
from .bootstrap import macro_f1
from .counts import Cells, cells
from .gaps import DIFFERENCES, RATIOS, Gap
from .groups import Groups
from .rates import RATES, proportions, sides
from .table import Comparison, Metric

__all__ = ["Decisions"]

_BY_CLASS = ("selection_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value")


@dataclass(frozen=True)
class Decisions:
    """Rates of groups in a binary task, or of each class against the rest."""

    predictions: Predictions
    groups: Groups
    config: FairnessConfig

    @cached_property
    def cells(self) -> Cells:
        """The one pass over the rows."""
        p = self.predictions
        weight = None if p.weight is None and p.condensed is None else p.mass
        return cells(self.groups, p.y_true, p.y_pred, len(p.classes), weight)

    def metrics(self) -> dict[str, Metric]:
        """One number a group: every rate (binary), or accuracy (more classes); and means over classes."""
        rates = (
            {name: self._rate(name, 1) for name in RATES} if self._binary else {"accuracy": self._accuracy()}
        )
        return rates | self._over_classes

    def metrics_by_class(self) -> dict[str, dict[str, Metric]]:
        """More than two classes: rates of each class against the rest."""
        classes = self.predictions.classes if self.predictions.task == "multiclass" else ()
        return {of: {name: self._rate(name, c) for name in _BY_CLASS} for c, of in enumerate(classes)}

    def differences(self) -> dict[str, Comparison]:
        """Gaps by name; with more than two classes, the largest over classes."""
        found = {name: self._comparison(gap) for name, gap in DIFFERENCES.items()}
        return found | {
            f"{name}_difference": Comparison(families=[metric], interval=largest_gap)
            for name, metric in self._over_classes.items()
        }

    def ratios(self) -> dict[str, Comparison]:
        """Ratios by name; with more than two classes, the smallest over classes."""
        return {name: self._comparison(gap) for name, gap in RATIOS.items()}

    @property
    def _binary(self) -> bool:
        return self.predictions.task == "binary"

    @cached_property
    def _over_classes(self) -> dict[str, Metric]:
        """What is no rate: AUROC (binary), mean recall in closed form, mean F1 (multiclass) by bootstrap."""
        p, rows = self.predictions, self.groups.rows(self.predictions.mass)
        recalls = _Mean([self._rate("true_positive_rate", c).estimates for c in range(len(p.classes))])
        found = {"balanced_accuracy": Metric(estimates=recalls, needs="rows of every class", rows=rows)}
        if not self._binary:
            f1 = macro_f1(self.cells, draws=self.config.replicates, seed=self.config.seed)
            found["macro_f1"] = Metric(estimates=f1, needs="rows of every class", rows=rows)
        elif p.scores is not None:
            found["auroc"] = self._auroc()
        return found

    def _comparison(self, gap: Gap) -> Comparison:
        classes = (1,) if self._binary else range(len(self.predictions.classes))
        families = [
            metric
            for rate in gap.rates
            for metric in (
                [self._accuracy()] if rate == "accuracy" else [self._rate(rate, c) for c in classes]
            )
        ]
        return Comparison(families=families, interval=gap.interval)

    def _rate(self, name: str, positive: int) -> Metric:
        counts, squared = self.cells.confusion(positive), self.cells.confusion_squared(positive)
        estimates = proportions(counts, squared, name)
        return Metric(estimates=estimates, needs=RATES[name].needs, rows=self._rows(name, positive))

    def _rows(self, name: str, positive: int) -> np.ndarray:
        """(groups,) rows in the denominator, counted without weights."""
        counts = self._unweighted.confusion(positive)
        return np.add(*sides(counts, name))

    @cached_property
    def _unweighted(self) -> Cells:
        p = self.predictions
        if p.weight is None:
            return self.cells
        rows = p.mass.rows
        return cells(
            self.groups, p.y_true, p.y_pred, len(p.classes), Mass(rows=rows, weight=rows, squared=rows)
        )

    def _accuracy(self) -> Metric:
        """Share of rows decided rightly; the same for any number of classes."""
        weight, squared = self.cells.weight, self.cells.squared
        right, right_squared = (np.trace(table, axis1=-2, axis2=-1) for table in (weight, squared))
        total, total_squared = weight.sum(axis=(-2, -1)), squared.sum(axis=(-2, -1))
        return Metric(
            estimates=Proportions.weighted(
                right, total - right, right_squared, total_squared - right_squared
            ),
            needs="rows",
            rows=self._unweighted.weight.sum(axis=(-2, -1)),
        )

    def _auroc(self) -> Metric:
        p, mass, count = self.predictions, self.predictions.mass, len(self.groups)
        order = np.argsort(self.groups.codes, kind="stable")
        parts = np.split(order, np.cumsum(self.groups.sizes)[:-1])
        scores, positive = np.asarray(p.ranking), p.y_true == 1
        sides = (positive & (mass.weight > 0), ~positive & (mass.weight > 0))
        positives, negatives = (np.bincount(self.groups.codes, mass.rows * side, count) for side in sides)
        area, variance, slack = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count)
        for group in np.flatnonzero((positives > 0) & (negatives > 0)):
            of = parts[group]
            area[group], influence = roc_area(scores[of], positive[of], mass[of])
            variance[group] = np.sum(influence**2)
            if p.condensed is not None:
                slack[group] = ties(scores[of], positive[of], mass[of]) / 2
        return Metric(
            estimates=widened(area_limits(area, variance, positives, negatives), slack),
            needs="truly positive and truly negative rows",
            rows=self.groups.rows(mass),
        )


@dataclass(frozen=True)
class _Mean:
    """Mean of independent estimates, such as the classes' recalls; limits by MOVER around the medians."""

    of: Sequence[Estimates]

    @property
    def value(self) -> np.ndarray:
        return np.mean([estimates.value for estimates in self.of], axis=0)

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        medians = np.array([estimates.limits(0.0) for estimates in self.of])  # (classes, 2, ..., groups)
        limits = np.array([estimates.limits(z) for estimates in self.of])
        reach = np.sqrt(((limits - medians) ** 2).sum(axis=0)) / len(self.of)
        lower, upper = medians.mean(axis=0)
        return np.maximum(lower - reach[0], 0.0), np.minimum(upper + reach[1], 1.0)
