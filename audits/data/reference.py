"""What the model would be in a declared population: the test rows weighted to its shares.

Raking (iterative proportional fitting): Deming & Stephan, "On a least squares adjustment of a sampled
frequency table" (1940), https://doi.org/10.1214/aoms/1177731829; of one attribute it is post-stratification.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..findings import Findings
from ..performance import measure as performance
from ..predictions import Predictions

__all__ = ["in_population", "rake"]

_ROUNDS = 500
_CLOSE = 1e-10


def rake(
    groups: Mapping[str, np.ndarray], shares: Mapping[str, Mapping[str, float]], start: np.ndarray
) -> np.ndarray:
    """Weights under which each attribute has its declared shares.

    Args:
        groups: attribute -> (n,) group of each row.
        shares: attribute -> share of each group; every group with a share has rows of positive weight.
        start: (n,) weights to begin with; rows of groups without a share end with 0.

    Returns:
        (n,) weights of mean 1 over the rows that count.
    """
    weights = start.astype(float)
    coded = []
    for attribute, declared in shares.items():
        names, codes = np.unique(groups[attribute], return_inverse=True)
        coded.append((codes, np.array([declared.get(str(name), 0.0) for name in names])))
    for _ in range(_ROUNDS):
        before = weights
        for codes, wanted in coded:
            held = np.bincount(codes, weights, len(wanted))
            factor = np.divide(wanted, held, out=np.zeros_like(held), where=held > 0)
            weights = weights * factor[codes]
        if np.abs(weights - before).max() <= _CLOSE * weights.max():
            break
    return weights * (weights > 0).sum() / weights.sum()


def in_population(
    predictions: Predictions, shares: Mapping[str, Mapping[str, float]], confidence: float
) -> Findings:
    """Performance on the test rows, weighted to the declared shares of the sensitive columns.

    It is right only if, within each group, the test rows stand for the population's people of that group.
    What differs inside groups stays as it is in the test rows.
    """
    groups = {
        name: np.array(["missing" if v is None else str(v) for v in predictions.sensitive[name]])
        for name in shares
    }
    for name, declared in shares.items():
        lost = sorted(g for g, part in declared.items() if part > 0 and g not in set(groups[name].tolist()))
        if lost:
            return Findings(
                missing={"": f"No test row of {name} is {', '.join(lost)}: nothing stands for them."}
            )
    start = np.ones(len(predictions)) if predictions.weight is None else predictions.weight
    weights = rake(groups, shares, start)
    held = performance(replace(predictions, weight=weights), confidence=confidence)
    values: dict[str, Any] = {
        "metrics": held.values["metrics"],
        "rows": int((weights > 0).sum()),
        "effective_rows": float(weights.sum() ** 2 / (weights**2).sum()),
        "largest_weight": float(weights.max()),
    }
    inside = "/metrics"
    missing = {place: why for place, why in held.missing.items() if place.startswith(inside)}
    return Findings(values=values, missing=missing)
