"""What was spent on a data set, and whether one more run still fits.

A row is charged with every event that ran on a data set it lies in; a data set has spent the most that any
of its rows was charged. Charging rows one by one is what Feldman & Zrnic's filter is for: which data sets a
row lies in depends on that row alone.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...exceptions import BudgetError
from .events import Event, NonPrivate
from .overlap import Block, families
from .rdp_filter import composed_epsilon, filter_epsilon
from .records import Budget, Reservation, State
from .renyi import ORDERS, renyi_curve

__all__ = ["Charge", "Spent", "check_budget_holds", "check_fits", "spent_on"]


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One run's part in what was spent, by itself."""

    run: str
    """Its stable key."""
    label: str
    """The version that came of it, or the run."""
    dataset: str
    """The data set it ran on, which may be another one with common rows."""
    event: Event
    epsilon: float
    """Its own, at the same delta; epsilons of several runs don't add up, their curves do."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What was spent on the rows of a data set that were charged most."""

    epsilon: float
    """Composed as if all runs had been fixed in advance: what accountants report."""
    delta: float
    filtered: float | None
    """What the budget's filter counts, valid whatever the runs were chosen by; None without a budget."""
    budget: Budget | None
    charges: tuple[Charge, ...]
    """Every run that is counted for any of the rows, oldest first."""


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Rows that the same runs were charged to, with the curve of each run."""

    runs: tuple[Reservation, ...]
    curves: tuple[np.ndarray, ...]
    first: np.ndarray | None
    """Curve of the first run as it was reserved, which is all that is known before anything ran."""

    @property
    def total(self) -> np.ndarray:
        return sum(self.curves, np.zeros(len(ORDERS)))

    def epsilon(self, delta: float) -> float:
        return composed_epsilon(self.total, delta)

    def filtered(self, budget: Budget) -> float:
        if self.first is None:
            return 0.0
        return filter_epsilon(self.total, first=self.first, epsilon=budget.epsilon, delta=budget.delta)


def spent_on(state: State, blocks: Sequence[Block], unit: str, dataset: str, delta: float) -> Spent:
    """What was spent on one data set, by all runs on all data sets with common rows."""
    rows = list(_rows(state, blocks, unit, dataset, state.reservations.values()))
    budget = state.budgets.get((unit, dataset))
    runs = {
        run.number: (run, curve)
        for group in rows
        for run, curve in zip(group.runs, group.curves, strict=True)
    }
    charges = (
        Charge(
            run=run.run,
            label=run.label,
            dataset=run.dataset,
            event=run.charged or run.event,
            epsilon=composed_epsilon(curve, delta),
        )
        for _, (run, curve) in sorted(runs.items())
    )
    return Spent(
        epsilon=max((group.epsilon(delta) for group in rows), default=0.0),
        delta=delta,
        filtered=max((group.filtered(budget) for group in rows), default=0.0) if budget else None,
        budget=budget,
        charges=tuple(charges),
    )


def check_fits(state: State, blocks: Sequence[Block], run: Reservation) -> None:
    """Refuse a run that would bring any row of any budgeted data set above its budget.

    Raises:
        BudgetError: it names the data set, its budget, and what was spent by which version.
    """
    for (unit, dataset), budget in sorted(state.budgets.items()):
        every = [*state.reservations.values(), run]
        touched = [g for g in _rows(state, blocks, unit, dataset, every) if run in g.runs]
        after = max((group.filtered(budget) for group in touched), default=0.0)
        if after > budget.epsilon:
            raise _refusal(spent_on(state, blocks, unit, dataset, budget.delta), dataset, unit, run, after)


def _rows(
    state: State, blocks: Sequence[Block], unit: str, dataset: str, runs: Iterable[Reservation]
) -> Iterator[_Rows]:
    """A data set's rows, those together that the same runs were charged to."""
    family = families(state.datasets, blocks, unit)
    live = [run for run in runs if run.charged is not None and (unit, run.dataset) in state.datasets]
    groups = {
        tuple(run for run in live if family[run.dataset] & block.members)
        for block in blocks
        if block.unit == unit and dataset in block.members
    }
    for group in groups:
        curves = tuple(_curve(run, run.charged, unit) for run in group)
        first = _curve(group[0], group[0].event, unit) if group else None
        yield _Rows(runs=group, curves=curves, first=first)


def _curve(run: Reservation, event: Event | None, unit: str) -> np.ndarray:
    """A run's curve for this unit: what hides a record doesn't hide a person, nor the reverse."""
    assert event is not None, "released runs are left out"
    return renyi_curve(event if run.unit == unit else NonPrivate())


def _refusal(spent: Spent, dataset: str, unit: str, run: Reservation, after: float) -> BudgetError:
    budget = spent.budget
    assert budget is not None, "only budgets refuse"
    if math.isfinite(after):
        message = f"this run would overspend the privacy budget of {dataset}"
        mend = "train with more noise or fewer steps, or on rows that have no part in this budget"
    elif run.unit != unit:
        message = f"the privacy budget of {dataset} counts by {unit}, this run hides by {run.unit}"
        mend = f"train with {unit} as the privacy unit"
    elif any(math.isinf(charge.epsilon) for charge in spent.charges):
        message = f"nothing is left of the privacy budget of {dataset}"
        mend = "train on rows that have no part in this budget"
    else:
        message = f"{dataset} has a privacy budget, and this run has no privacy"
        mend = "train with a `privacy` section, or on rows that have no part in this budget"
    return BudgetError(message, got=_said(spent, after), expected=_limit(budget, unit), mend=mend)


def _limit(budget: Budget, unit: str) -> str:
    return f"at most epsilon {budget.epsilon:g} at delta {budget.delta:g}, a unit being one {unit}"


def _said(spent: Spent, after: float | None = None) -> str:
    """What was spent, by whom; the newest ten by name."""
    shown = [f"{one.label} {one.epsilon:.3g} on {one.dataset}" for one in spent.charges[-10:]]
    if len(spent.charges) > len(shown):
        shown.insert(0, f"{len(spent.charges) - len(shown)} before")
    by = f": {', '.join(shown)} (each by itself)" if shown else ""
    with_it = f"epsilon {after:.4g} with it; " if after is not None else ""
    return f"{with_it}{spent.filtered or 0:.4g} spent{by}"


def check_budget_holds(spent: Spent, budget: Budget, dataset: str, unit: str) -> None:
    """Refuse a budget that was overspent before it was set.

    Raises:
        BudgetError: it names what was spent by which version.
    """
    if (spent.filtered or 0.0) > budget.epsilon:
        raise BudgetError(
            f"this privacy budget of {dataset} is spent already",
            got=_said(spent),
            expected=f"{_limit(budget, unit)}, no more having been spent",
            mend="what was published can't be taken back: set a budget that holds, or one for other rows",
        )
