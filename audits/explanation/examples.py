"""Which single predictions are worth looking at: mistakes, doubts, and the ordinary."""

from dataclasses import dataclass

import numpy as np

KINDS = ("mistake", "uncertain", "typical")


@dataclass(frozen=True)
class Example:
    """One row to explain."""

    index: int
    """Position in the table."""
    kind: str
    """One of `KINDS`."""


def choose(y_true: np.ndarray, y_pred: np.ndarray, scores: np.ndarray, *, count: int) -> tuple[Example, ...]:
    """About `count` rows of each kind in turn, the classes in turn, no row twice.

    A mistake is worse the less probability the true class had (regression: the larger the error). Uncertain
    is a small lead of the best class over the second (regression has none). Typical is right, with a
    probability near the median of those that are right (regression: an error near the median).

    Args:
        y_true: codes or values `(n,)`.
        y_pred: codes or values `(n,)`.
        scores: probabilities `(n, classes)`, or values `(n,)` for regression.
        count: rows in all; fewer where there are no more.
    """
    rankings = _regression(y_true, y_pred) if scores.ndim == 1 else _classification(y_true, y_pred, scores)
    queues = {kind: list(rows) for kind, rows in rankings.items()}
    taken: dict[int, str] = {}
    while len(taken) < count and any(queues.values()):
        for kind in [kind for kind in KINDS if queues.get(kind)]:
            row = queues[kind].pop(0)
            if len(taken) < count:
                taken.setdefault(row, kind)
    order = sorted(taken.items(), key=lambda item: KINDS.index(item[1]))
    return tuple(Example(row, kind) for row, kind in order)


def _classification(y_true: np.ndarray, y_pred: np.ndarray, scores: np.ndarray) -> dict[str, list[int]]:
    rows = np.arange(len(y_true))
    true_score, ordered = scores[rows, y_true], np.sort(scores, axis=1)
    wrong, right = rows[y_true != y_pred], rows[y_true == y_pred]
    lead = ordered[:, -1] - ordered[:, -2] if scores.shape[1] > 1 else np.ones(len(rows))
    middle = np.median(true_score[right]) if len(right) else 0.0
    return {
        "mistake": _by_class(wrong, true_score[wrong], y_true),
        "uncertain": _by_class(rows, lead, y_true),
        "typical": _by_class(right, np.abs(true_score[right] - middle), y_true),
    }


def _regression(y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, list[int]]:
    error = np.abs(y_true - y_pred)
    return {
        "mistake": np.argsort(-error, kind="stable").tolist(),
        "typical": np.argsort(np.abs(error - np.median(error)), kind="stable").tolist(),
    }


def _by_class(rows: np.ndarray, badness: np.ndarray, y_true: np.ndarray) -> list[int]:
    """Rows by rising badness, but the first of every class before the second of any."""
    order = rows[np.argsort(badness, kind="stable")]
    seen: dict[int, int] = {}
    turns = []
    for row in order.tolist():
        turns.append(seen.get(int(y_true[row]), 0))
        seen[int(y_true[row])] = turns[-1] + 1
    return [row for _, row in sorted(zip(turns, order.tolist(), strict=True), key=lambda pair: pair[0])]
