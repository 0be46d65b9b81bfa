"""The fairness audit of one split: every group, every gap, by column and by intersection."""

import dataclasses

from ..config import FairnessConfig
from ..findings import Findings
from ..predictions import Predictions
from .decisions import Decisions
from .errors import Errors
from .groups import Groups, groupings
from .stability import add_stability
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
    found = Findings.gather(
        {
            kind: Findings.gather({groups.name: _partition(predictions, groups, config) for groups in of})
            for kind, of in (("attributes", single), ("intersections", deeper))
        }
    )
    found.values["settings"] = dataclasses.asdict(config)
    return found


def _partition(predictions: Predictions, groups: Groups, config: FairnessConfig) -> Findings:
    audit = AUDITS[predictions.task](predictions, groups, config)
    sizes = Sizes(names=groups.names, rows=groups.rows(predictions.mass), minimum=config.minimum_group_size)
    differences = compare(audit.differences(), sizes, confidence=config.confidence)
    if isinstance(audit, Decisions):
        add_stability(differences, audit.cells, sizes, config)
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
        found[name].values.update(n=int(sizes.rows[group]), small=not sizes.large[group])
    return Findings.gather(found)
