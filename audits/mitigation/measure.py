"""The trade-off: accuracy and gaps of every candidate, on the rows that chose and on the rows that didn't.

The operating point is chosen on validation rows alone, so the chosen candidate's test numbers are those of
one model that was fixed beforehand. The other candidates' intervals hold one by one: to pick another from
this table by its test numbers would be to choose on test rows.
"""

import dataclasses
from typing import Any

import numpy as np

from ...platform.mitigation.groups import Groups as MitigatedGroups
from ...platform.mitigation.groups import gap
from ...platform.mitigation.methods import CONSTRAINTS
from ..config import FairnessConfig
from ..fairness.decisions import Decisions
from ..fairness.groups import Groups, encode, intersect
from ..fairness.table import Sizes, compare, describe
from ..findings import Findings
from ..predictions import Predictions
from .candidates import Candidates

__all__ = ["GAPS", "measure"]

GAPS = (
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "average_odds_difference",
    "equalized_odds_difference",
)
"""Gaps that are shown of every candidate."""


def measure(candidates: Candidates, config: FairnessConfig) -> Findings:
    """Measure every candidate.

    Args:
        candidates: predictions of validation and test rows.
        config: minimum group size and confidence.

    Returns:
        `method`, `over`, `constraint`, `metric` (the gap that the constraint is judged by), `limit`,
        `chosen`, `chosen_on` and `candidates` [{name, parameter, validation {accuracy, gap}, test {accuracy,
        gaps {metric: number}}}].
    """
    facts = candidates.facts
    constraint = CONSTRAINTS[facts["constraint"]]
    parts = [_candidate(candidates, one, config) for one in facts["candidates"]]
    return Findings(
        values={
            "method": facts["method"],
            "over": list(facts["over"]),
            "constraint": facts["constraint"],
            "metric": constraint.metric,
            "limit": facts["limit"],
            "chosen": facts["chosen"],
            "chosen_on": "validation",
            "candidates": [part.values for part in parts],
        },
        missing={
            f"/candidates/{index}{place}": why
            for index, part in enumerate(parts)
            for place, why in part.missing.items()
        },
    )


def _candidate(candidates: Candidates, one: dict[str, Any], config: FairnessConfig) -> Findings:
    facts, splits = candidates.facts, candidates.predictions[one["name"]]
    seen, over = splits["validation"], tuple(facts["over"])
    groups = MitigatedGroups.of_values({name: seen.sensitive[name] for name in over})
    held = {
        "accuracy": float(np.average(seen.y_pred == seen.y_true, weights=seen.weight)),
        "gap": gap(CONSTRAINTS[facts["constraint"]], groups, seen.y_true, seen.y_pred, seen.weight),
    }
    found = Findings.gather({"test": _of_test(splits["test"], over, config)})
    parameter = {} if one["parameter"] is None else {"parameter": one["parameter"]}
    return Findings(
        values={"name": one["name"], **parameter, "validation": held, **found.values}, missing=found.missing
    )


def _of_test(predictions: Predictions, over: tuple[str, ...], config: FairnessConfig) -> Findings:
    decided = dataclasses.replace(predictions, scores=None)
    everyone = Groups(columns=(), names=("everyone",), codes=np.zeros(len(predictions), dtype=np.int64))
    overall, of_all = Decisions(decided, everyone, config), _sizes(everyone, decided, 1)
    (described,) = describe({"accuracy": overall.metrics()["accuracy"]}, of_all, confidence=config.confidence)
    columns = [encode(name, predictions.sensitive[name]) for name in over]
    groups = columns[0] if len(columns) == 1 else intersect(columns)
    differences = Decisions(decided, groups, config).differences()
    gaps = compare(
        {name: differences[name] for name in GAPS},
        _sizes(groups, decided, config.minimum_group_size),
        confidence=config.confidence,
    )
    return Findings(
        values={**described.values, "gaps": gaps.values},
        missing={**described.missing, **{f"/gaps{place}": why for place, why in gaps.missing.items()}},
    )


def _sizes(groups: Groups, predictions: Predictions, minimum: int) -> Sizes:
    return Sizes(names=groups.names, rows=groups.rows(predictions.mass), minimum=minimum)
