"""S2: bootstrap of group metrics on a table like Adult's test set, sex × race, 1,000 replicates.

Against Fairlearn's documented usage, `MetricFrame(n_boot=...)`, and against the loop that one would write in
numpy: draw rows with replacement, count, repeat; plain, and tuned. All compute selection rate, true and false
    positive rate of every group.

Fairlearn is too slow for 1,000 replicates here: it runs a few, and the time of a run with one replicate is
taken off before its time per replicate is multiplied. Our time is for 1,000 replicates from the rows on, the
one pass included.
"""

from functools import partial

import numpy as np
from assay.audits.fairness.bootstrap import replicates
from assay.audits.fairness.counts import cells
from assay.audits.fairness.groups import encode, intersect
from assay.audits.fairness.rates import rate
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from record import interleave, write

SEED = 0
REPLICATES = 1000
FEW = 11
RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")
PEERS = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}
RACES = {
    "White": 0.855,
    "Black": 0.096,
    "Asian-Pac-Islander": 0.029,
    "Amer-Indian-Eskimo": 0.01,
    "Other": 0.01,
}


def table(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sex, race, truth and decision of as many rows, with Adult's shares."""
    rng = np.random.default_rng(SEED)
    sex = np.array(["Female", "Male"])[(rng.random(rows) < 0.667).astype(int)]
    race = np.array(list(RACES))[rng.choice(len(RACES), rows, p=list(RACES.values()))]
    y_true = (rng.random(rows) < np.where(sex == "Male", 0.3, 0.11)).astype(int)
    y_pred = (rng.random(rows) < np.where(y_true == 1, 0.62, 0.07)).astype(int)
    return sex, race, y_true, y_pred


def count(sex: np.ndarray, race: np.ndarray, y_true: np.ndarray, y_pred: np.ndarray):
    """The one pass over the rows."""
    return cells(intersect([encode("sex", sex), encode("race", race)]), y_true, y_pred, 2)


def bootstrap(counted) -> list[np.ndarray]:
    """Rates of every group in every replicate, from the cells alone."""
    drawn = replicates(counted, draws=REPLICATES, seed=SEED).confusion()
    return [rate(drawn, name) for name in RATES]


def fairlearn(data, draws: int) -> MetricFrame:
    """The peer's documented usage."""
    sex, race, y_true, y_pred = data
    return MetricFrame(
        metrics=PEERS,
        y_true=y_true,
        y_pred=y_pred,
        sensitive_features={"sex": sex, "race": race},
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=SEED,
    )


def resample_rows(data) -> np.ndarray:
    """A plain loop in numpy: groups coded once; in each replicate rows are drawn and rates counted."""
    sex, race, y_true, y_pred = data
    codes = np.unique(np.char.add(sex, race), return_inverse=True)[1]
    groups = codes.max() + 1
    rng = np.random.default_rng(SEED)
    found = np.empty((REPLICATES, 3, groups))
    for draw in range(REPLICATES):
        rows = rng.integers(0, len(codes), len(codes))
        group, true, pred = codes[rows], y_true[rows], y_pred[rows]
        with np.errstate(invalid="ignore"):
            found[draw, 0] = np.bincount(group, pred, groups) / np.bincount(group, minlength=groups)
            found[draw, 1] = np.bincount(group, true * pred, groups) / np.bincount(group, true, groups)
            found[draw, 2] = np.bincount(group, (1 - true) * pred, groups) / np.bincount(
                group, 1 - true, groups
            )
    return found


def resample_cells(data) -> np.ndarray:
    """The same loop tuned: one code for each (group, truth, decision), so one count a replicate suffices."""
    sex, race, y_true, y_pred = data
    codes = np.unique(np.char.add(sex, race), return_inverse=True)[1]
    groups = codes.max() + 1
    cell = codes * 4 + y_true * 2 + y_pred
    rng = np.random.default_rng(SEED)
    found = np.empty((REPLICATES, groups, 4))
    for draw in range(REPLICATES):
        rows = rng.integers(0, len(cell), len(cell))
        found[draw] = np.bincount(cell[rows], minlength=groups * 4).reshape(groups, 4)
    tn, fp, fn, tp = np.moveaxis(found, -1, 0)
    with np.errstate(invalid="ignore"):
        return np.stack([(tp + fp) / found.sum(axis=-1), tp / (tp + fn), fp / (fp + tn)])


def main() -> None:
    """Measure, print, write."""
    data = table(16_281)
    seconds = interleave(
        {
            "ours": lambda: bootstrap(count(*data)),
            "rows": partial(resample_rows, data),
            "cells": partial(resample_cells, data),
            "fairlearn_1": partial(fairlearn, data, 1),
            "fairlearn_few": partial(fairlearn, data, FEW),
        },
        repeats=5,
    )
    each = (seconds["fairlearn_few"] - seconds["fairlearn_1"]) / (FEW - 1)
    compared = {
        "ours: one pass, then cells": (REPLICATES, seconds["ours"]),
        "numpy: resampled rows": (REPLICATES, seconds["rows"]),
        "numpy: the same loop, tuned to one count": (REPLICATES, seconds["cells"]),
        f"fairlearn MetricFrame: {each:.3f} s a replicate, times {REPLICATES}": (FEW, each * REPLICATES),
    }
    rows = [
        {"what": what, "replicates": draws, "seconds": taken, "ratio": taken / seconds["ours"]}
        for what, (draws, taken) in compared.items()
    ]
    counted, cells_only = count(*data), {}
    cells_only["16,281 rows"] = interleave({"ours": lambda: bootstrap(counted)})["ours"]
    large = table(10_000_000)
    counted = count(*large)
    cells_only["10,000,000 rows"] = interleave({"ours": lambda: bootstrap(counted)})["ours"]
    passed = interleave({"pass": lambda: count(*large)}, repeats=3)["pass"]
    rows += [
        {"what": f"ours: after the pass, {of}", "replicates": REPLICATES, "seconds": taken}
        for of, taken in cells_only.items()
    ]
    rows.append({"what": "ours: the one pass over 10,000,000 rows of strings", "seconds": passed})
    write("group_intervals", rows, seed=SEED)


if __name__ == "__main__":
    main()
