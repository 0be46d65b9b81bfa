"""The fairness audit of one split: every group, every gap, by column and by intersection."""

import numpy as np

from ..config import FairnessConfig
from ..findings import Findings
from ..predictions import Predictions
from .bootstrap import replicates
from .decisions import Decisions
from .errors import Errors
from .gaps import DIFFERENCES
from .groups import Groups, groupings
from .rates import rate
from .table import Sizes, compare, describe

__all__ = ["measure"]

AUDITS = {"binary": Decisions, "multiclass": Decisions, "regression": Errors}


def measure(predictions: Predictions, config: FairnessConfig) -> Findings:
    """Measure every group and every gap.

    Args:
        predictions: of one split, with its sensitive columns.
        config: depth of intersections, minimum group size, confidence.

    Returns:
        `attributes{column: {groups, differences, ratios}}` and `intersections{"a × b": the same}`.
    """
    if not predictions.sensitive:
        return Findings(missing={"/attributes": "no sensitive column is named"})
    single, deeper = groupings(predictions.sensitive, depth=config.intersections)
    return Findings.gather(
        {
            kind: Findings.gather({groups.name: _partition(predictions, groups, config) for groups in of})
            for kind, of in (("attributes", single), ("intersections", deeper))
        }
    )


def _partition(predictions: Predictions, groups: Groups, config: FairnessConfig) -> Findings:
    audit = AUDITS[predictions.task](predictions, groups)
    sizes = Sizes(names=groups.names, rows=groups.sizes, minimum=config.minimum_group_size)
    differences = compare(audit.differences(), sizes, confidence=config.confidence)
    if isinstance(audit, Decisions) and predictions.task == "binary" and predictions.weight is None:
        _add_stability(differences, audit, sizes, config)
    return Findings.gather(
        {
            "groups": _groups(audit, sizes, config),
            "differences": differences,
            "ratios": compare(audit.ratios(), sizes, confidence=config.confidence),
        }
    )


def _groups(audit: Decisions | Errors, sizes: Sizes, config: FairnessConfig) -> Findings:
    metrics = describe(audit.metrics(), sizes, confidence=config.confidence)
    by_class = {
        name: describe(of, sizes, confidence=config.confidence)
        for name, of in audit.metrics_by_class().items()
    }
    found = {}
    for group, name in enumerate(sizes.names):
        parts = {"metrics": metrics[group]}
        if by_class:
            parts["by_class"] = Findings.gather({of: findings[group] for of, findings in by_class.items()})
        found[name] = Findings.gather(parts)
        found[name].values["n"] = int(sizes.rows[group])
        found[name].values["small"] = not bool(sizes.large[group])
    return Findings.gather(found)


def _add_stability(differences: Findings, audit: Decisions, sizes: Sizes, config: FairnessConfig) -> None:
    """Beside each gap of one rate: in what share of resamples the same two groups are furthest apart."""
    kept = np.flatnonzero(sizes.large)
    resampled = replicates(audit.cells[kept], draws=config.replicates, seed=config.seed).confusion()
    for name, found in differences.values.items():
        rates = DIFFERENCES[name].rates if name in DIFFERENCES else ()
        if len(rates) == 1:
            drawn = rate(resampled, rates[0])
            first, last = (sizes.names.index(group) for group in found["between"])
            # A group that a resample leaves without a row in the denominator has no rate there.
            highest = kept[np.where(np.isnan(drawn), -np.inf, drawn).argmax(axis=1)]
            lowest = kept[np.where(np.isnan(drawn), np.inf, drawn).argmin(axis=1)]
            found["stability"] = float(np.mean((highest == first) & (lowest == last)))
