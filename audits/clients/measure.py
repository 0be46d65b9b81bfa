"""Clients of a federated training: how good the global weights are for each, and for whom they are worse.

Each client's accuracy is of its own validation rows, of which the best round was chosen by all clients'
together: it flatters a little, as every validation score does. What test rows say, and of the groups inside a
client, is in `inside.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from ..findings import Findings
from ..intervals.proportion import Proportions
from . import contributions, energy, outliers

__all__ = ["measure"]

_SECRET = "Who took part, and whose answers didn't count, is secret: the noise hides clients."

_SUMMED = "Whom the global weights serve worse nobody was told: validation was summed in secret, too."

_UNTIMED = "Clients that are summed in secret don't say how long they computed, which tells of their rows."

_NODES = "nodes"
"""How rows were dealt where they lie at machines of their own: they weren't."""

_OWN_MACHINES = "Clients are machines of their own, whose meters nobody read: a stage's energy is this one's."

_UNASKED = {
    "contributions": "What each client's data contributed wasn't measured: federated.contributions is none.",
    "outliers": "No round was searched for outlying updates: federated.outliers is null.",
}

_WATCHED = {"contributions": contributions.measure, "outliers": outliers.measure}


def measure(
    told: Mapping[str, Any],
    *,
    reading: Mapping[str, Any] | None = None,
    effort: Mapping[str, Any] | None = None,
    inside: Findings | None = None,
    seconds: float | None = None,
    confidence: float = 0.95,
) -> Findings:
    """A section for the report from a model artifact's `clients.json`, and what stands beside it.

    Args:
        told: content of the file.
        reading: what the meter said of the stage.
        effort: processor time by client and round, from the stage's manifest.
        inside: what test rows say of clients; None where they belong to none.
        seconds: that secure sums took beside the training; None where there were none.
        confidence: that every client's limits hold at once, by Bonferroni's inequality.

    Returns:
        `partition`, `strategy`, `preprocessing`, `faults` by kind, `clients` with a row each, and for classes
        `together`, the accuracy over all clients' rows, and `worse`, the clients whose upper limit lies below
        it, worst first; `contributions`, `outliers`, `energy` and `test` where they were measured; and
        `secure`, what secure sums took.
    """
    clients = [dict(row) for row in told["clients"]]
    names = [row["client"] for row in clients]
    found: dict[str, Any] = {
        "partition": _given(told["partition"]),
        "strategy": dict(told["strategy"]),
        "preprocessing": told["preprocessing"],
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
    missing: dict[str, str] = {}
    if "faults" in told:
        found["faults"] = _counted(fault["kind"] for fault in told["faults"])
    else:
        missing["/faults"] = _SECRET
    for part, of in _WATCHED.items():
        if part in told:
            found[part] = of(told[part], names)
        else:
            missing[f"/{part}"] = _UNASKED[part]
    if "secure" in told:
        found["secure"] = dict(told["secure"]) | ({} if seconds is None else {"seconds": seconds})
        missing["/worse"] = _SUMMED
    for part, beside in (("energy", _shared(told, reading, effort)), ("test", _inside(inside, told))):
        if beside.values:
            found[part] = beside.values
        missing |= {f"/{part}{place}": why for place, why in beside.missing.items()}
    return Findings(values=found, missing=missing)


def _shared(
    told: Mapping[str, Any], reading: Mapping[str, Any] | None, effort: Mapping[str, Any] | None
) -> Findings:
    """The stage's energy by client, where it is all of theirs and processor time was told."""
    if told["partition"]["by"] == _NODES:
        return Findings(missing={"": _OWN_MACHINES})
    if "secure" in told:
        return Findings(missing={"": _UNTIMED})
    names = [row["client"] for row in told["clients"]]
    if reading is None or not effort:
        return Findings(missing={"": "Nobody told whose work processor time was."})
    return energy.measure(reading, effort, names)


def _inside(inside: Findings | None, told: Mapping[str, Any]) -> Findings:
    """What test rows say, or why they don't."""
    if inside is not None:
        return inside
    by = told["partition"]["by"]
    if by == _NODES:
        return Findings(missing={"": "Rows lie with the clients: the test rows are none of theirs."})
    return Findings(missing={"": f"Rows were dealt by {by}: test rows belong to no client."})


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
    gathered = ("minimum",) if partition.get("minimum", 1) > 1 else ()
    used = {
        "dirichlet": ("alpha",),
        "quantity": ("alpha",),
        "label_shards": ("shards",),
        "column": ("column", *gathered),
    }
    return {"by": partition["by"], **{key: partition[key] for key in used.get(partition["by"], ())}}


def _counted(kinds: Any) -> dict[str, int]:
    """How often each kind."""
    found: dict[str, int] = {}
    for kind in kinds:
        found[kind] = found.get(kind, 0) + 1
    return dict(sorted(found.items()))
