"""Expected calibration error of binned scores, with bounds that allow for its bias.

ECE = sum over bins of share x |rate - mean score|. The estimate is too large, for noise in a bin counts as
error whatever its sign (Kumar, Liang & Ma, 2019, section 4); so

- the upper bound adds one quantile of the noise: ECE is the largest of the signed sums, and the bound of
  the one with the true signs holds (intersection-union, as for gaps);
- the lower bound takes off all that noise could have added: by the triangle inequality the estimate exceeds
  the truth by at most sum of share x |noise|, whose quantile is drawn.
"""

from dataclasses import dataclass

import numpy as np

from ..findings import number
from ..intervals import GATE, Mass, effective_trials, pointwise

__all__ = ["Bins", "bin_rows", "expected_calibration_error"]

DRAWS = 4000


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Rows in bins of equal mass, by score; every array is (bins,)."""

    low: np.ndarray
    """Least score in the bin."""
    high: np.ndarray
    """Greatest score in the bin."""
    score: np.ndarray
    """Mean score."""
    rate: np.ndarray
    """Share of positives."""
    share: np.ndarray
    """Share of the whole weight."""
    rows: np.ndarray
    trials: np.ndarray
    """Rows, or their effective number where weighted."""


def bin_rows(
    score: np.ndarray,
    outcome: np.ndarray,
    weight: np.ndarray | Mass | None,
    *,
    bins: int,
    ranking: np.ndarray | None = None,
) -> Bins:
    """Bins of equal mass. Equal scores share a bin, so there may be fewer.

    Args:
        score: (n,) in [0, 1].
        outcome: (n,) 0 or 1.
        weight: (n,) sample weights, not all 0, or the mass of entries that stand for several rows.
        bins: how many to aim for.
        ranking: (n,) order of the entries, where it is coarser than that of their scores.
    """
    ranking, mass = score if ranking is None else ranking, Mass.of(weight, len(score))
    order = np.argsort(ranking, kind="stable")
    score, outcome, ranking, mass = score[order], outcome[order], ranking[order], mass[order]
    # Rows with the same score go together, to the bin in which the middle one of them falls.
    reached = np.append(0, np.cumsum(mass.rows))
    first, last = (reached[np.searchsorted(ranking, ranking, side)] for side in ("left", "right"))
    starts = np.flatnonzero(np.diff((first + last) * bins // (2 * reached[-1]), prepend=-1))
    weight = mass.weight
    total, hits = np.add.reduceat(weight, starts), np.add.reduceat(weight * outcome, starts)
    hits_squared = np.add.reduceat(mass.squared * outcome, starts)
    squared = np.add.reduceat(mass.squared, starts)
    used = total > 0
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(weight * score, starts) / total
        rates = hits / total
    rows, ends = np.add.reduceat(mass.rows, starts).astype(int), np.append(starts[1:], len(score)) - 1
    return Bins(
        low=score[starts][used],
        high=score[ends][used],
        score=means[used],
        rate=rates[used],
        share=(total / total.sum())[used],
        rows=rows[used],
        trials=effective_trials(hits, total - hits, hits_squared, squared - hits_squared)[used],
    )


def expected_calibration_error(bins: Bins, *, confidence: float, seed: int) -> dict:
    """The error as a number, in [0, 1]; `noise` is what a calibrated model would show with these bins."""
    value = float((bins.share * np.abs(bins.rate - bins.score)).sum())
    # Agresti & Coull's two added successes and failures keep the noise of an all-or-nothing bin from being 0.
    rate = (bins.rate * bins.trials + 2) / (bins.trials + 4)
    noise = bins.share * np.sqrt(rate * (1 - rate) / bins.trials)
    drawn = np.abs(np.random.default_rng(seed).standard_normal((DRAWS, len(noise)))) @ noise
    error = float(np.sqrt((noise**2).sum()))

    def bounds(level: float) -> tuple[float, float]:
        return max(0.0, value - float(np.quantile(drawn, level))), min(1.0, value + pointwise(level) * error)

    low, high = bounds((1 + confidence) / 2)
    return number(value, low, high, int(bins.rows.sum()), bounds(GATE), noise=float(drawn.mean()))
