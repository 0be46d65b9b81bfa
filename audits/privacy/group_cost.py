"""What privacy cost each group of a sensitive column, and whether the gap between groups grew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..config import AuditConfig
from ..fairness.groups import Groups, groupings
from ..findings import Findings, number, pointer
from ..intervals import Interval, largest_gap
from ..performance.classification import proportion
from ..performance.statistic import Statistic, difference, interval, mean
from ..predictions import Predictions
from .gap_change import gap_change
from .side import Change, Side

__all__ = ["GroupCosts", "by_group", "columns", "metric"]


def columns(predictions: Predictions) -> list[Groups]:
    """The groups of each sensitive column."""
    return groupings(predictions.sensitive, depth=1)[0]


def metric(predictions: Predictions) -> str:
    """What groups are compared in."""
    return "mean_absolute_error" if predictions.task == "regression" else "accuracy"


def by_group(p: Predictions, groups: Groups) -> dict[str, Statistic]:
    """Accuracy, or mean absolute error, of each group that has any weight."""
    found = {}
    for code, name in enumerate(groups.names):
        part = groups.codes == code
        mass, y_true, y_pred = p.mass[part], p.y_true[part], p.y_pred[part]
        if not mass.weight.any():
            continue
        if p.task == "regression":
            found[name] = mean(np.abs(y_pred - y_true), mass)
        else:
            found[name] = proportion(y_true == y_pred, np.ones(len(y_true), dtype=bool), mass)
    return found


@dataclass(frozen=True, kw_only=True)
class GroupCosts:
    """The groups of one column under a private model and its plain twin."""

    names: Sequence[str]
    private: Mapping[str, Statistic]
    plain: Mapping[str, Statistic]
    rises: bool
    """Whether more is better: of accuracy, not of an error."""
    config: AuditConfig

    @classmethod
    def of(
        cls, private: Predictions, plain: Predictions, groups: Groups, config: AuditConfig
    ) -> "GroupCosts":
        """Of predictions of the same rows."""
        return cls(
            names=groups.names,
            private=by_group(private, groups),
            plain=by_group(plain, groups),
            rises=private.task != "regression",
            config=config,
        )

    def groups(self) -> Findings:
        """`{group: {n, small, private, plain, cost}}`; a cost is plain minus private accuracy, or the error
        that was added."""
        found = Findings()
        for name in self.names:
            if name not in self.private:
                found.missing[pointer(name)] = "the group's rows have weight 0"
                continue
            ours, theirs = self.private[name], self.plain[name]
            sides = {"private": self._shown(ours), "plain": self._shown(theirs)}
            if None in sides.values():
                found.missing[pointer(name)] = "the group has a single row"
                continue
            lost = (theirs, ours) if self.rises else (ours, theirs)
            found.values[name] = {
                "n": int(ours.rows),
                "small": name not in self._large,
                **sides,
                "cost": difference(*lost, confidence=self.config.confidence),
            }
        return found

    def gaps(self) -> Findings:
        """`private`, `plain`: the largest gap between two groups; its `change`; the largest gap `of_costs`.

        Groups below the minimum size are left out and listed under `excluded`.
        """
        if len(self._large) < 2:
            return Findings(
                missing={"": f"fewer than two groups have {self.config.fairness.minimum_group_size} rows"}
            )
        private, plain = ([of[name] for name in self._large] for of in (self.private, self.plain))
        change = Change(private, plain)
        confidence, span = self.config.confidence, (1.0 if self.rises else np.inf)
        grown = gap_change(private, plain, confidence=confidence)
        if grown is None:
            return Findings(missing={"": "too many groups to compare every pair with every other"})
        measured = {
            "private": largest_gap(Side(private), confidence=confidence, span=span),
            "plain": largest_gap(Side(plain), confidence=confidence, span=span),
            "change": grown,
            "of_costs": largest_gap(change, confidence=confidence, span=2 * span),
        }
        rows = sum(statistic.rows for statistic in private)
        values: dict[str, Any] = {name: _number(of, rows) for name, of in measured.items()}
        lost = -change.value if self.rises else change.value
        values["of_costs"]["between"] = [self._large[int(pick(lost))] for pick in (np.argmax, np.argmin)]
        if len(self._large) < len(self.names):
            values["excluded"] = [name for name in self.names if name not in self._large]
        return Findings(values=values)

    @cached_property
    def _large(self) -> list[str]:
        least = self.config.fairness.minimum_group_size
        return [name for name, statistic in self.private.items() if statistic.rows >= least]

    def _shown(self, statistic: Statistic) -> dict[str, Any] | None:
        return interval(statistic, confidence=self.config.confidence)


def _number(of: Interval, rows: float) -> dict[str, Any]:
    lower, upper = of.one_sided
    return number(float(of.value), float(of.low), float(of.high), rows, (float(lower), float(upper)))
