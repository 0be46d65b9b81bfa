"""The same spec trained with several seeds: how its metrics and gaps vary.

Every other interval of a report speaks of one trained model and of the population that its test rows were
drawn from. This one speaks of retraining: the rows stay, initial weights and the order of batches change
(Bouthillier et al., "Accounting for variance in machine learning benchmarks", 2021,
https://arxiv.org/abs/2103.03098). It says nothing of other rows, and N seeds give N - 1 degrees of freedom:
three of them hardly bound a spread.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from .. import fairness, performance
from ..config import AuditConfig
from ..findings import Findings, pointer
from ..predictions import Predictions

__all__ = ["measure", "vary"]

Numbers = Mapping[str, Mapping[str, Any]]


def measure(seeds: Sequence[int], predictions: Sequence[Predictions], config: AuditConfig) -> Findings:
    """Metrics and gaps of each seed's model on the same test rows, and how they vary.

    Args:
        seeds: the first is that of the model that the report is about.
        predictions: of the test rows, one for each seed.
        config: of the audit.

    Returns:
        `seeds`, `metrics{name: varied}`, `gaps{column: {name: varied}}`; what not every seed has is missing.
    """
    assert len(seeds) == len(predictions) > 1
    overall = [performance.measure(p, confidence=config.confidence).values["metrics"] for p in predictions]
    found = _together(seeds, overall, config.confidence)
    values: dict[str, Any] = {"seeds": list(seeds), "metrics": found.values, "gaps": {}}
    missing = {pointer("metrics") + place: why for place, why in found.missing.items()}
    for column, each in _gaps(predictions, config).items():
        found = _together(seeds, each, config.confidence)
        values["gaps"][column] = found.values
        missing |= {pointer("gaps", column) + place: why for place, why in found.missing.items()}
    return Findings(values=values, missing=missing)


def vary(seeds: Sequence[int], numbers: Sequence[Mapping[str, Any]], confidence: float) -> dict[str, Any]:
    """One metric over seeds.

    Args:
        seeds: of each number.
        numbers: measured numbers, at least two.
        confidence: of the interval of the mean (Student's t over seeds), and of `another`, where the value of
            one more seed would lie if seeds vary normally.
    """
    values, count = np.array([number["value"] for number in numbers]), len(numbers)
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    reach = float(student.ppf((1 + confidence) / 2, count - 1)) * sd
    return {
        "value": mean,
        "low": mean - reach / count**0.5,
        "high": mean + reach / count**0.5,
        "n": count,
        "sd": sd,
        "least": float(values.min()),
        "most": float(values.max()),
        "another": [mean - reach * (1 + 1 / count) ** 0.5, mean + reach * (1 + 1 / count) ** 0.5],
        "by_seed": [
            {"seed": seed, **{key: number[key] for key in ("value", "low", "high")}}
            for seed, number in zip(seeds, numbers, strict=True)
        ],
    }


def _together(seeds: Sequence[int], each: Sequence[Numbers], confidence: float) -> Findings:
    """Numbers that every seed has, varied; the others missing."""
    found = Findings()
    for name in dict.fromkeys(name for numbers in each for name in numbers):
        having = [numbers[name] for numbers in each if name in numbers]
        if len(having) == len(seeds):
            found.values[name] = vary(seeds, having, confidence)
        else:
            found.missing[pointer(name)] = (
                f"{len(seeds) - len(having)} of {len(seeds)} seeds have no such number"
            )
    return found


def _gaps(predictions: Sequence[Predictions], config: AuditConfig) -> dict[str, list[Numbers]]:
    """For each sensitive column, every seed's differences between groups."""
    measured = [fairness.measure(p, config.fairness).values.get("attributes", {}) for p in predictions]
    return {
        column: [attributes[column].get("differences", {}) for attributes in measured]
        for column in measured[0]
    }
