"""Accuracy of a few-shot model: the mean over episodes, with an interval over episodes.

Episodes are drawn alike and apart, so their accuracies are a sample, and Student's t gives the limits of
their mean (audits/intervals/mean.py). Where all agree there is no spread to go by: the limits are then those
of a share of so many wholes (audits/performance/statistic.py).
What the limits don't hold: other classes. The episodes share one set of test classes, and a hundred of these
are a small sample of what there is to be told apart; accuracy by class, and by the groups of a column, shows
how far classes differ.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..findings import Findings, number
from ..intervals import means, tails
from ..performance.statistic import Statistic, difference, interval, share
from .evidence import Episodes

__all__ = ["measure"]

_CONFUSED = 10
"""Pairs of classes that are named."""


def measure(found: Sequence[Episodes], *, baseline: str, confidence: float = 0.95) -> Findings:
    """The report's section `performance` of a few-shot model.

    Args:
        found: episodes of the shot that is promised first, then of further shots.
        baseline: what `y_baseline` is called.
        confidence: of the two-sided intervals.

    Returns:
        `n` episodes, `metrics.accuracy`, the baseline's and the paired difference, `by_class` and `episodes`:
        shape, number of classes, chance, `shots{shot: accuracy}`, `groups{column: {group: {n, accuracy}}}`,
        `confused`, the pairs of classes most often taken for each other, and `shown`, what there are
        pictures of. Every `n` of an accuracy counts episodes, every other one queries.
    """
    first = found[0]
    ours, theirs = (_by_episode(first, given) for given in (first.y_pred, first.y_baseline))
    beside = {
        "metrics": {"accuracy": _mean(theirs, confidence)},
        "difference": {"accuracy": _gap(ours, theirs, confidence)},
    }
    return Findings(
        values={
            "split": "test",
            "n": first.count,
            "metrics": {"accuracy": _mean(ours, confidence)},
            "baselines": {baseline: beside},
            "by_class": _told_apart(first, np.array(first.classes)[first.y_true], confidence),
            "episodes": _told(found, confidence),
        }
    )


def _told(found: Sequence[Episodes], confidence: float) -> dict[str, Any]:
    """What `episodes` holds."""
    first = found[0]
    by_shot = sorted(found, key=lambda each: each.shot)
    return {
        **{key: getattr(first, key) for key in ("way", "shot", "queries", "shown")},
        "classes": first.eligible,
        "chance": 1 / first.way,
        "shots": {str(each.shot): _mean(_by_episode(each, each.y_pred), confidence) for each in by_shot},
        "groups": {name: _told_apart(first, values, confidence) for name, values in first.groups.items()},
        "confused": _confused(first),
    }


def _by_episode(found: Episodes, answered: np.ndarray) -> np.ndarray:
    """(episodes,) share of the queries that are answered rightly."""
    return (answered == found.y_true).reshape(found.count, -1).mean(axis=1)


def _mean(values: np.ndarray, confidence: float) -> dict[str, Any]:
    """Mean of what each of (episodes,) gave, in [0, 1]."""
    if np.ptp(values) > 0:
        return _by_spread(values, confidence, least=0.0)
    found = interval(_whole(values), confidence=confidence)
    assert found is not None, "shares have limits, however few the episodes"
    return found


def _gap(ours: np.ndarray, theirs: np.ndarray, confidence: float) -> dict[str, Any]:
    """Mean difference in the same episodes."""
    if np.ptp(ours - theirs) > 0:
        return _by_spread(ours - theirs, confidence, least=-1.0)
    return difference(_whole(ours), _whole(theirs), confidence=confidence)


def _by_spread(values: np.ndarray, confidence: float, *, least: float) -> dict[str, Any]:
    """Mean of values in [least, 1] with the limits of Student's t."""
    estimates = means(values, np.zeros(len(values), dtype=int), 1, positive=False)
    ends = [float(np.clip(end[0], least, 1.0)) for z in tails(confidence) for end in estimates.limits(z)]
    return number(values.mean(), ends[0], ends[1], len(values), (ends[2], ends[3]))


def _whole(values: np.ndarray) -> Statistic:
    """A share of episodes, each counted as one fact however many queries it has."""
    value, count = float(values.mean()), len(values)
    return share(value, (values - value) / count, smallest=count, rows=count)


def _told_apart(found: Episodes, labels: np.ndarray, confidence: float) -> dict[str, Any]:
    """Accuracy on the queries of each label: the mean over the episodes that have some of it."""
    names, codes = np.unique(labels, return_inverse=True)
    cells, place = np.unique(found.episode * len(names) + codes, return_inverse=True)
    right = np.bincount(place, found.y_pred == found.y_true) / np.bincount(place)  # of an episode and a label
    asked = np.bincount(codes)
    return {
        name: {
            "n": int(asked[code]),
            "accuracy": _mean(right[cells % len(names) == code], confidence),
        }
        for code, name in enumerate(names.tolist())
    }


def _confused(found: Episodes) -> list[dict[str, Any]]:
    """Pairs most often taken for each other: `n` queries of `true` got `given`, `of` those that could."""
    wrong = found.y_pred != found.y_true
    pairs, counts = np.unique(
        np.stack([found.y_true[wrong], found.y_pred[wrong]]), axis=1, return_counts=True
    )
    present = np.zeros((found.count, len(found.classes)), dtype=bool)
    present[found.episode, found.y_true] = True
    order = np.argsort(-counts, kind="stable")[:_CONFUSED]
    return [
        {
            "true": found.classes[true],
            "given": found.classes[given],
            "n": int(n),
            "of": int((present[:, true] & present[:, given]).sum()) * found.queries,
        }
        for (true, given), n in zip(pairs.T[order].tolist(), counts[order].tolist(), strict=True)
    ]
