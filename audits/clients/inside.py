"""Each client on test rows: how good the model is there, and how differently it treats the groups inside.

Only where a column says whose a row is: rows that were dealt by a draw have no client beyond training. Limits
hold for all clients at once, by Bonferroni's inequality; clients and groups below the minimum size are shown,
and neither compared nor named. Whatever differs between clients may be their rows, not the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..config import FairnessConfig
from ..fairness.decisions import Decisions
from ..fairness.errors import Errors
from ..fairness.groups import Groups, encode, intersect
from ..fairness.table import Comparison, Sizes, compare, describe
from ..findings import Findings, pointer
from ..predictions import Predictions

__all__ = ["measure"]

_AUDITS = {"binary": Decisions, "multiclass": Decisions, "regression": Errors}

_METRIC = {"binary": "accuracy", "multiclass": "accuracy", "regression": "mean_absolute_error"}

_GAPS = {
    "binary": ("demographic_parity_difference", "equalized_odds_difference", "accuracy_difference"),
    "multiclass": ("demographic_parity_difference", "accuracy_difference"),
    "regression": ("mean_error_difference", "mean_absolute_error_difference"),
}


def measure(predictions: Predictions, clients: np.ndarray, column: str, config: FairnessConfig) -> Findings:
    """Measure every client, and the gaps between the groups inside each.

    Args:
        predictions: of the test rows.
        clients: `(rows,)` name of each row's client.
        column: that names them; as a sensitive column it has one group in each.
        config: minimum sizes and confidence.

    Returns:
        `metric`, its value for all rows `together`, `clients` with a row each (`client`, `n`, `small`,
        `gaps` by sensitive column, and a `score`, but where rows are too few for limits), those served
        `worse` beyond chance, worst first, the `lowest` of those that are large enough, and `widest`: by
        column and gap, the client where it is largest.
    """
    owners = encode(column, clients)
    sizes = _sizes(owners, predictions, config)
    many = max(1, int(sizes.large.sum()))
    config = replace(config, confidence=1 - (1 - config.confidence) / many)
    metric = _METRIC[predictions.task]
    scores = describe(
        {metric: _AUDITS[predictions.task](predictions, owners, config).metrics()[metric]},
        sizes,
        confidence=config.confidence,
    )
    rows: list[dict[str, Any]] = [
        {"client": name, "n": int(sizes.rows[place]), "small": not sizes.large[place], "gaps": {}}
        | ({"score": scores[place].values[metric]} if metric in scores[place].values else {})
        for place, name in enumerate(owners.names)
    ]
    missing: dict[str, str] = {}
    for of in (name for name in predictions.sensitive if name != column):
        missing |= _add_gaps(rows, predictions, owners, of, config)
    everybody = replace(owners, names=("all",), codes=np.zeros_like(owners.codes))
    whole = _AUDITS[predictions.task](predictions, everybody, config).metrics()[metric]
    values = {
        "column": column,
        "metric": metric,
        "together": float(whole.estimates.value[0]),
        "clients": rows,
    }
    return Findings(values=values | _named(rows, values["together"], predictions.task), missing=missing)


def _sizes(groups: Groups, predictions: Predictions, config: FairnessConfig) -> Sizes:
    return Sizes(names=groups.names, rows=groups.rows(predictions.mass), minimum=config.minimum_group_size)


def _add_gaps(
    rows: Sequence[dict[str, Any]], predictions: Predictions, owners: Groups, of: str, config: FairnessConfig
) -> dict[str, str]:
    """Put the gaps between one column's groups into each client's row; say where there are none.

    Groups are counted once, inside all clients; a client's gap looks at its own.
    """
    parts = encode(of, predictions.sensitive[of])
    inside = intersect([owners, parts])
    audit = _AUDITS[predictions.task](predictions, inside, config)
    differences = audit.differences()
    wanted = {name: differences[name] for name in _GAPS[predictions.task]}
    first = np.unique(inside.codes, return_index=True)[1]  # a row of each group tells whose it is
    whose, which = owners.codes[first], parts.codes[first]
    names = tuple(parts.names[code] for code in which)
    sizes, without = replace(_sizes(inside, predictions, config), names=names), dict.fromkeys(wanted, 0)
    for client, row in enumerate(rows):
        row["gaps"][of] = _own(wanted, sizes, whose == client, config)
        for name in wanted:
            without[name] += name not in row["gaps"][of]
    return {
        pointer("gaps", of, name): f"{count} of {len(rows)} clients have fewer than two groups with "
        f"{config.minimum_group_size} rows and what the rates need."
        for name, count in without.items()
        if count
    }


def _own(
    wanted: Mapping[str, Comparison], sizes: Sizes, mine: np.ndarray, config: FairnessConfig
) -> dict[str, Any]:
    """One client's gaps: groups of the others count as empty, and are not named."""
    names = tuple(name if here else "" for name, here in zip(sizes.names, mine, strict=True))
    own = replace(sizes, names=names, rows=np.where(mine, sizes.rows, 0))
    found = compare(wanted, own, confidence=config.confidence).values
    for gap in found.values():
        gap["excluded"] = [name for name in gap.get("excluded", ()) if name]
    return found


def _named(rows: Sequence[Mapping[str, Any]], together: float, task: str) -> dict[str, Any]:
    """Clients that a reader should hear of."""
    sign = 1 if task == "regression" else -1  # of a worse score
    large = [row for row in rows if not row["small"] and "score" in row]
    large.sort(key=lambda row: -sign * row["score"]["value"])
    end = "low" if task == "regression" else "high"
    found: dict[str, Any] = {
        "worse": [row["client"] for row in large if sign * (row["score"][end] - together) > 0],
        "widest": {},
    }
    if large:
        found["lowest"] = large[0]["client"]
    gaps = [
        (of, name, gap["value"], row["client"])
        for row in rows
        for of, several in row["gaps"].items()
        for name, gap in several.items()
    ]
    for of, name, value, client in gaps:
        best = found["widest"].setdefault(of, {}).setdefault(name, {"client": client, "value": value})
        if value > best["value"]:
            best |= {"client": client, "value": value}
    return found
