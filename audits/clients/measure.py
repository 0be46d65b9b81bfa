"""Clients of a federated training: how good the global weights are for each, and for whom they are worse.

Each client's accuracy is of its own validation rows, of which the best round was chosen by all clients'
together: it flatters a little, as every validation score does. It says nothing of groups inside a client; a
sensitive column that names the clients has the section on fairness say that, on test rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from ..intervals.proportion import Proportions

__all__ = ["measure"]


def measure(told: Mapping[str, Any], *, confidence: float = 0.95) -> dict[str, Any]:
    """A section for the report from a model artifact's `clients.json`.

    Args:
        told: content of the file.
        confidence: that every client's limits hold at once, by Bonferroni's inequality.

    Returns:
        `partition`, `strategy`, `preprocessing`, `faults` by kind, `clients` with a row each, and for classes
        `together`, the accuracy over all clients' rows, and `worse`, the clients whose upper limit lies below
        it, worst first.
    """
    clients = [dict(row) for row in told["clients"]]
    found: dict[str, Any] = {
        "partition": _given(told["partition"]),
        "strategy": dict(told["strategy"]),
        "preprocessing": told["preprocessing"],
        "faults": _counted(fault["kind"] for fault in told["faults"]),
        "clients": clients,
    }
    for key in ("validation", "personalized"):
        _with_limits(clients, key, confidence)
    judged = [row for row in clients if "validation_accuracy" in row]
    if judged:
        rows = sum(row["validation"] for row in judged)
        together = sum(row["validation_accuracy"]["value"] * row["validation"] for row in judged) / rows
        worse = [row for row in judged if row["validation_accuracy"]["high"] < together]
        worse.sort(key=lambda row: row["validation_accuracy"]["value"])
        found |= {"together": together, "worse": [row["client"] for row in worse], "confidence": confidence}
    return found


def _with_limits(clients: Sequence[dict[str, Any]], key: str, confidence: float) -> None:
    """Put exact limits around accuracies, in place."""
    name = f"{key}_accuracy"
    judged = [row for row in clients if name in row]
    if not judged:
        return
    rates = Proportions(
        value=np.array([row[name] for row in judged]),
        trials=np.array([float(row["validation"]) for row in judged]),
    )
    lows, highs = rates.limits(float(ndtri(1 - (1 - confidence) / (2 * len(judged)))))
    for row, low, high in zip(judged, lows.tolist(), highs.tolist(), strict=True):
        row[name] = {"value": row[name], "low": low, "high": high, "n": row["validation"]}


def _given(partition: Mapping[str, Any]) -> dict[str, Any]:
    """How rows were dealt, without the settings that this way has no use for."""
    used = {
        "dirichlet": ("alpha",),
        "quantity": ("alpha",),
        "label_shards": ("shards",),
        "column": ("column",),
    }
    return {"by": partition["by"], **{key: partition[key] for key in used.get(partition["by"], ())}}


def _counted(kinds: Any) -> dict[str, int]:
    """How often each kind."""
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))
