"""TARGETS T1 and T5 by simulation: intervals of gaps cover, and gates don't pass by luck.

Worlds (benchmarks/interval_worlds.py) are drawn from known rates, so the true gap is known. The table of
docs/audits/intervals.md is what `pytest -m slow -s tests/audits/fairness/test_coverage.py` prints: 10,000
draws of each world; the ordinary suite draws 1,000 of a few.
"""

import numpy as np
import pytest
from assay.audits.fairness.bootstrap import macro_f1
from assay.audits.fairness.counts import Cells
from assay.audits.intervals import largest_gap
from interval_worlds import ERRORS, KINDS, WORLDS, Coverage, Drawn, areas, errors, gaps_of

DRAWS = 10_000
WRONG = 0.05 + 3 * (0.05 * 0.95 / DRAWS) ** 0.5  # three standard errors of the simulation above 5%
QUICK = ("2 groups of 20, gap 0", "20 and 500, rates near 0", "5 groups as Adult, gap .02")


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
