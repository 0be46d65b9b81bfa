"""Worlds whose true gaps are known, and how intervals and gates fare in draws from them.

Read by `interval_coverage.py` and `gate_luck.py`, which print tables, and by the tests of the same promises.
"""

from dataclasses import dataclass

import numpy as np
from assay.audits.fairness.counts import ConfusionCounts
from assay.audits.fairness.gaps import DIFFERENCES, RATIOS, difference, ratio
from assay.audits.fairness.rates import proportions, rate
from assay.audits.intervals import Estimates, Interval, Roots, area_limits, largest_gap, means, roc_area
from scipy.stats import norm

ADULT_RACE = (13946, 1561, 480, 159, 135)
ADULT_SEX_RACE = (9000, 4900, 760, 800, 310, 170, 110, 50, 85, 45)


@dataclass(frozen=True)
class World:
    """Groups with known rates; `spread` moves the rates of the groups apart, evenly, by that much in all."""

    sizes: tuple[int, ...]
    base: float = 0.25
    tpr: float = 0.6
    fpr: float = 0.08
    spread: float = 0.0

    @property
    def cells(self) -> np.ndarray:
        """(groups, 4) probabilities of tp, fp, fn, tn."""
        step = self.spread * (np.arange(len(self.sizes)) / (len(self.sizes) - 1) - 0.5)
        base, tpr, fpr = (np.clip(of + step, 0, 1) for of in (self.base, self.tpr, self.fpr))
        return np.stack([base * tpr, (1 - base) * fpr, base * (1 - tpr), (1 - base) * (1 - fpr)], axis=1)

    def draw(self, draws: int, seed: int) -> ConfusionCounts:
        """Counts of shape (draws, groups)."""
        rng = np.random.default_rng(seed)
        tables = [rng.multinomial(n, p, size=draws) for n, p in zip(self.sizes, self.cells, strict=True)]
        tp, fp, fn, tn = np.moveaxis(np.array(tables, float), (0, 1, 2), (2, 1, 0))
        return ConfusionCounts(tp=tp, fp=fp, fn=fn, tn=tn)

    @property
    def truth(self) -> ConfusionCounts:
        """The rates themselves, as counts."""
        tp, fp, fn, tn = self.cells.T
        return ConfusionCounts(tp=tp, fp=fp, fn=fn, tn=tn)


WORLDS = {
    "2 groups of 20, gap 0": World((20, 20), tpr=0.5, fpr=0.3),
    "2 groups of 20, gap .3": World((20, 20), base=0.5, tpr=0.5, fpr=0.3, spread=0.3),
    "20 and 500, gap 0": World((20, 500)),
    "20 and 500, rates near 0": World((20, 500), base=0.05, tpr=0.05, fpr=0.01),
    "20 and 500, rates near 1": World((20, 500), base=0.95, tpr=0.99, fpr=0.97),
    "2 groups of 50, gap .9": World((50, 50), base=0.5, tpr=0.5, fpr=0.5, spread=0.9),
    "5 groups as Adult, gap 0": World(ADULT_RACE),
    "5 groups as Adult, gap .02": World(ADULT_RACE, spread=0.02),
    "5 groups as Adult, gap .15": World(ADULT_RACE, spread=0.15),
    "5 groups of 20 to 5000, gap 0": World((5000, 200, 50, 20, 20), base=0.4, tpr=0.7, fpr=0.2),
    "5 groups of 20 to 5000, gap .3": World((5000, 200, 50, 20, 20), base=0.4, tpr=0.7, fpr=0.2, spread=0.3),
    "10 intersections as Adult, gap 0": World(ADULT_SEX_RACE),
    "10 intersections as Adult, gap .1": World(ADULT_SEX_RACE, spread=0.1),
    "10 groups of 20, gap 0": World((20,) * 10, base=0.5, tpr=0.5, fpr=0.3),
}  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """Shares of draws."""

    covered: float
    passed_on_limit: float
    failed_on_limit: float
    width: float


def cover(interval: Interval, truth: float, *, smaller_is_better: bool = True) -> Coverage:
    """How often the interval holds the truth, and a gate with its limit at the truth decides wrongly."""
    lower, upper = interval.one_sided
    below, above = np.mean(upper < truth - 1e-12), np.mean(lower > truth + 1e-12)
    return Coverage(
        covered=float(np.mean((interval.low <= truth + 1e-12) & (truth - 1e-12 <= interval.high))),
        passed_on_limit=float(below if smaller_is_better else above),
        failed_on_limit=float(above if smaller_is_better else below),
        width=float(np.mean(interval.high - interval.low)),
    )


def gaps_of(world: World, draws: int, seed: int) -> dict[str, Coverage]:
    """Every gap and ratio of decisions, over draws in which every group has the rows that it needs."""
    counts = world.draw(draws, seed)
    found = {}
    for table, true, better in ((DIFFERENCES, difference, True), (RATIOS, ratio, False)):
        for name, gap in table.items():
            usable = np.all([np.isfinite(rate(counts, of)).all(axis=1) for of in gap.rates], axis=0)
            kept = ConfusionCounts(
                **{cell: getattr(counts, cell)[usable] for cell in ("tp", "fp", "fn", "tn")}
            )
            truth = float(true(world.truth, name))
            interval = gap.interval(*(proportions(kept, kept, of) for of in gap.rates))
            known = np.isfinite(interval.value)  # no ratio where every rate is 0
            trimmed = Interval(
                value=interval.value[known],
                low=interval.low[known],
                high=interval.high[known],
                one_sided=(interval.one_sided[0][known], interval.one_sided[1][known]),
            )
            found[name] = cover(trimmed, truth, smaller_is_better=better)
    return found


@dataclass(frozen=True)
class Drawn:
    """Groups whose estimates were made one by one, stacked to (draws, groups)."""

    groups: tuple[Estimates, ...]

    @property
    def value(self) -> np.ndarray:
        return np.stack([of.value for of in self.groups], axis=1)

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        limits = np.stack([of.limits(z) for of in self.groups], axis=-1)
        return limits[0], limits[1]


def areas(sizes: tuple[tuple[int, int], ...], shifts: tuple[float, ...], draws: int) -> Coverage:
    """Gap in AUROC of groups with (positives, negatives) rows, whose scores are normal and `shifts` apart."""
    rng = np.random.default_rng(3)
    groups = []
    for (positives, negatives), shift in zip(sizes, shifts, strict=True):
        positive = np.arange(positives + negatives) < positives
        drawn = [roc_area(rng.normal(size=len(positive)) + shift * positive, positive) for _ in range(draws)]
        area, variance = np.array([a for a, _ in drawn]), np.array([np.sum(i**2) for _, i in drawn])
        groups.append(area_limits(area, variance, np.full(draws, positives), np.full(draws, negatives)))
    return cover(largest_gap(Drawn(tuple(groups))), float(np.ptp(norm.cdf(np.array(shifts) / np.sqrt(2)))))


ERRORS = {"normal": np.random.Generator.normal, "Laplace": np.random.Generator.laplace}
KINDS = {
    "mean_error_difference": (lambda e: e, False),
    "mean_absolute_error_difference": (np.abs, True),
    "root_mean_squared_error_difference": (np.square, True),
}


def errors(kind: str, law: str, sizes: tuple[int, ...], scales: tuple[float, ...], draws: int) -> Coverage:
    """Gap in a mean of errors that follow `law`, as large as `scales` say."""
    rng = np.random.default_rng(4)
    of, positive = KINDS[kind]
    groups, true = [], []
    for rows, scale in zip(sizes, scales, strict=True):
        drawn = of(scale * ERRORS[law](rng, size=(draws, rows))).ravel()
        found = means(drawn, np.repeat(np.arange(draws), rows), draws, positive=positive)
        moment = {"mean_error_difference": 0.0}.get(kind, scale * MOMENTS[kind, law])
        groups.append(Roots(found) if kind.startswith("root") else found)
        true.append(moment)
    return cover(largest_gap(Drawn(tuple(groups)), span=np.inf), float(np.ptp(true)))


MOMENTS = {
    ("mean_error_difference", "normal"): 0.0,
    ("mean_error_difference", "Laplace"): 0.0,
    ("mean_absolute_error_difference", "normal"): np.sqrt(2 / np.pi),
    ("mean_absolute_error_difference", "Laplace"): 1.0,
    ("root_mean_squared_error_difference", "normal"): 1.0,
    ("root_mean_squared_error_difference", "Laplace"): np.sqrt(2),
}
