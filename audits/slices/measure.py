"""Search the slices, test them, and show the few that explain the rest."""

import math
from typing import Any

import numpy as np

from ..config import SlicesConfig
from ..findings import Findings, number
from ..predictions import Predictions
from .columns import Columns
from .effect import Effect
from .explain import explain
from .permutation import adjusted_p, critical, draw
from .residuals import Residual, residuals
from .search import Scan, Space, Strata, scan

__all__ = ["measure"]

_POWER = 0.8416  # normal quantile of 80%
_SHARES = (0.01, 0.02, 0.05, 0.1)
_BLOCK = 256  # permutations that are searched together: bounds the memory


def measure(predictions: Predictions, columns: Columns, config: SlicesConfig) -> Findings:
    """Slices where the model is worse or biased, by statistic.

    Args:
        predictions: of the test rows; weights aren't used.
        columns: bins of the same rows.

    Returns:
        `statistics`: for each the slices that were found (`found`), how many were looked at, the z that
        chance doesn't exceed (`critical`), and how large an effect would have been found (`detectable`).
    """
    assert len(columns.codes) == len(predictions)
    minimum = max(config.minimum_rows, math.ceil(config.minimum_share * min(len(predictions), config.rows)))
    reason = _nothing(predictions, columns, config, minimum)
    if reason:
        return Findings(missing={"": reason})
    rows = _sample(len(predictions), config)
    space, searched = Space(columns.take(rows)), [one.take(rows) for one in residuals(predictions)]
    able = {one.name: one for one in searched if one.varies}
    statistics = {
        name: _statistic(one, space, columns, config, minimum, len(able)) for name, one in able.items()
    }
    few = f"{config.permutations} permutations are too few to call anything found at {config.alpha:g}."
    return Findings(
        values={
            "n": len(rows),
            "columns": list(columns.names),
            "left_out": dict(columns.left_out),
            "statistics": statistics,
            "settings": {
                "depth": config.depth, "beam": config.beam, "permutations": config.permutations,
                "family-wise error": config.alpha, "seed": config.seed, "fewest rows": minimum,
            },
        },
        missing={
            f"/statistics/{one.name}": "It is the same in every row that could be compared."
            for one in searched
            if not one.varies
        }
        | {f"/statistics/{name}/critical": few for name, one in statistics.items() if "critical" not in one},
    )  # fmt: skip


def _nothing(predictions: Predictions, columns: Columns, config: SlicesConfig, minimum: int) -> str | None:
    if not config.enabled:
        return "Not asked for: audit.slices.enabled is false."
    if not columns.names:
        return "The data has no column that slices could be made of."
    if len(predictions) < 4 * minimum:
        return f"{len(predictions)} rows are too few to search for slices of {minimum} rows."
    return None


def _sample(n: int, config: SlicesConfig) -> np.ndarray:
    """All rows, or a seeded part of them."""
    if n <= config.rows:
        return np.arange(n)
    return np.sort(np.random.default_rng(config.seed).choice(n, config.rows, replace=False))


def _statistic(
    residual: Residual, space: Space, columns: Columns, config: SlicesConfig, minimum: int, searches: int
) -> dict[str, Any]:
    whole = residual.whole()
    strata = Strata(residual.strata, whole, minimum, residual.signed)
    drawn = draw(whole, residual.strata, config.permutations, config.seed)
    first, largest = _scan_all(space, strata, drawn, config)
    limit = critical(largest, config.alpha, searches)
    explained = explain(
        residual, whole, space, minimum=minimum, limit=limit, most=config.shown,
        search=lambda left, strata: scan(space, strata, left[:, None], depth=config.depth, beam=config.beam),
    )  # fmt: skip
    return {
        "n": len(residual.values),
        "overall": float(residual.values.mean()),
        "looked_at": list(first.looked_at),
        **({"critical": limit} if math.isfinite(limit) else {}),
        "found": [
            {
                "slice": {columns.names[space.owner[p]]: _label(columns, space, p) for p in one.places},
                "n": len(one.rows),
                "value": one.effect.value,
                "elsewhere": one.effect.elsewhere,
                "difference": _difference(one.effect, limit, len(one.rows)),
                "z": one.z,
                "p": adjusted_p(one.z, largest, searches),
            }
            for one in explained
        ],
        "detectable": _detectable(residual, limit, minimum),
    }


def _scan_all(
    space: Space, strata: Strata, drawn: np.ndarray, config: SlicesConfig
) -> tuple[Scan, np.ndarray]:
    """The data's own search, and the largest z of each permutation."""
    blocks = [
        scan(space, strata, drawn[:, start : start + _BLOCK], depth=config.depth, beam=config.beam)
        for start in range(0, drawn.shape[1], _BLOCK)
    ]
    return blocks[0], np.concatenate([block.largest for block in blocks])[1:]


def _label(columns: Columns, space: Space, place: int) -> str:
    column = space.owner[place]
    return columns.labels[column][place - space.first[column]]


def _difference(held: Effect, limit: float, n: int) -> dict[str, Any]:
    """Slice minus elsewhere; the interval holds for all the slices of the search at once."""
    wide = limit * held.error
    return number(held.difference, held.difference - wide, held.difference + wide, n)


def _detectable(residual: Residual, limit: float, minimum: int) -> list[dict[str, Any]]:
    """The difference that a slice of so many rows must have to be significant in 80% of samples."""
    if not math.isfinite(limit):
        return []
    total = len(residual.values)
    mean = np.bincount(residual.strata, residual.values) / np.bincount(residual.strata)
    spread = float(np.sqrt(np.mean((residual.values - mean[residual.strata]) ** 2)))
    sizes = sorted({minimum, *(n for share in _SHARES if (n := round(share * total)) > minimum)})
    return [
        {"n": n, "difference": (limit + _POWER) * spread * math.sqrt(1 / n + 1 / (total - n))} for n in sizes
    ]
