"""TARGETS T1 and T5 by simulation: intervals of gaps cover, and gates don't pass by luck.

Worlds are drawn from known rates, so the true gap is known. The table of docs/audits/intervals.md is what
`pytest -m slow -s tests/audits/fairness/test_coverage.py` prints: 10,000 draws of each world; the ordinary
suite draws 1,000 of a few.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from assay.audits.fairness.bootstrap import macro_f1
from assay.audits.fairness.counts import Cells, ConfusionCounts
from assay.audits.fairness.gaps import DIFFERENCES, RATIOS, difference, ratio
from assay.audits.fairness.rates import proportions, rate
from assay.audits.intervals import (
    Estimates,
    Interval,
    Roots,
    area_limits,
    largest_gap,
    means,
    roc_area,
)
from scipy.stats import norm

DRAWS = 10_000
WRONG = 0.05 + 3 * (0.05 * 0.95 / DRAWS) ** 0.5  # three standard errors of the simulation above 5%
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
QUICK = ("2 groups of 20, gap 0", "20 and 500, rates near 0", "5 groups as Adult, gap .02")


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


def hold(found: dict[str, Coverage], *, covered: float, wrong: float) -> list[str]:
    """Metrics that break their promise."""
    return [
        f"{name}: {c}"
        for name, c in found.items()
        if c.covered < covered or max(c.passed_on_limit, c.failed_on_limit) > wrong
    ]


@pytest.mark.parametrize("name", QUICK)
def test_gaps_cover_and_gates_do_not_pass_by_luck_in_a_thousand_draws(name):
    # 1,000 draws of a true 95% fall below 92.9% once in a thousand times.
    assert not hold(gaps_of(WORLDS[name], 1000, seed=1), covered=0.929, wrong=0.071)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_gaps_cover_in_ten_thousand_draws_of_every_world(name):
    found = gaps_of(WORLDS[name], DRAWS, seed=2)
    report(name, found)
    assert not hold(found, covered=0.945, wrong=WRONG)


def report(world: str, found: dict[str, Coverage]) -> None:
    """Rows of the table in the docs."""
    print()
    for metric, c in found.items():
        wrong = f"{c.passed_on_limit:.3f} | {c.failed_on_limit:.3f}"
        print(f"| {world} | {metric} | {c.covered:.3f} | {wrong} | {c.width:.3f} |")


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "shifts"),
    [
        (((5, 15), (5, 15)), (1.5, 1.5)),
        (((5, 15), (100, 300)), (2.5, 0.8)),
        (((10, 30), (10, 30), (50, 150), (300, 900)), (1.5,) * 4),
        (((10, 30), (10, 30), (50, 150), (300, 900)), (3, 2.5, 2, 1.5)),
    ],
    ids=[
        "2 groups of 20, gap 0",
        "20 and 400, gap .25",
        "4 groups of 40 to 1200, gap 0",
        "the same, gap .13",
    ],
)
def test_gaps_in_auroc_cover_in_ten_thousand_draws(sizes, shifts, request):
    found = {"auroc_difference": areas(sizes, shifts, DRAWS)}
    report(request.node.callspec.id, found)
    assert not hold(found, covered=0.945, wrong=WRONG)


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


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("law", ERRORS)
@pytest.mark.parametrize(
    ("sizes", "scales"),
    [((20, 20), (1, 1)), ((20, 500), (1.5, 1)), ((20, 50, 200, 1000), (1, 1, 1, 1))],
    ids=["2 groups of 20, gap 0", "20 and 500, half as large again", "4 groups of 20 to 1000, gap 0"],
)
def test_gaps_in_errors_cover_in_ten_thousand_draws(kind, law, sizes, scales, request):
    found = {kind: errors(kind, law, sizes, scales, DRAWS)}
    report(request.node.callspec.id, found)
    assert not hold(found, covered=0.945, wrong=WRONG)


@pytest.mark.slow
@pytest.mark.parametrize(("accuracy", "sizes"), [(0.5, (20, 20)), (0.8, (40, 200, 1000))])
def test_gaps_in_macro_f1_cover(accuracy, sizes, request):
    rng, draws = np.random.default_rng(5), 1000
    right = accuracy * np.eye(3) + (1 - accuracy) / 2 * (1 - np.eye(3))
    cells = np.array([0.5, 0.3, 0.2])[:, None] * right
    groups = []
    for rows in sizes:
        tables = rng.multinomial(rows, cells.ravel(), size=draws).reshape(draws, 3, 3).astype(float)
        groups.append(macro_f1(Cells(weight=tables, squared=tables), draws=200, seed=0))
    found = Drawn(tuple(groups))
    known = np.isfinite(found.value).all(axis=1)
    gap = largest_gap(found)
    assert known.mean() > 0.95
    assert np.mean(gap.low[known] == 0) >= 0.945
    covered, width = float(np.mean(gap.low[known] == 0)), float(np.mean((gap.high - gap.low)[known]))
    report(request.node.callspec.id, {"macro_f1_difference": Coverage(covered, 0.0, 0.0, width)})
