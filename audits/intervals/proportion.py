"""Exact limits of a proportion.

Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial" (1934),
Biometrika 26(4). Wilson's interval is narrower, but covers as little as 85% where a rate is near 0 or 1 and
the group small: `docs/audits/intervals.md` has the enumeration.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainccinv, betaincinv, ndtr

__all__ = ["Proportions", "effective_trials"]


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """Rates of groups, each a binomial proportion.

    With sample weights `trials` is an effective number and `value` the weighted rate; the limits are then the
    exact ones of a binomial with the same rate and variance (Korn & Graubard, 1998, Survey Methodology
    24(2)).
    """

    value: np.ndarray
    """(..., groups) rates in [0, 1]; NaN where a group has no trial."""
    trials: np.ndarray
    """(..., groups) number of rows that could have been hits, effective where weighted."""

    @classmethod
    def weighted(
        cls, hits: np.ndarray, misses: np.ndarray, hits_squared: np.ndarray, misses_squared: np.ndarray
    ) -> "Proportions":
        """Rates from sums of weights and of squared weights; arguments as of `effective_trials`."""
        with np.errstate(invalid="ignore"):
            value = hits / (hits + misses)
        return cls(value=value, trials=effective_trials(hits, misses, hits_squared, misses_squared))

    def limits(self, z: float) -> tuple[np.ndarray, np.ndarray]:
        """One-sided exact limits, each at the confidence of a normal quantile `z`.

        Args:
            z: 1.645 for 95%; 0 gives the medians of the lower and of the upper confidence distribution, which
                lie on either side of the estimate.

        Returns:
            (..., groups) lower and upper limits; 0 and 1 for a group without trials.
        """
        tail = float(ndtr(-z))
        hits = np.where(self.trials > 0, np.nan_to_num(self.value) * self.trials, 0.0)
        misses = np.maximum(self.trials - hits, 0.0)
        # A weighted sum that should be a whole number may miss it by rounding.
        none, all_ = hits < 1e-9, misses < 1e-9
        lower = betaincinv(np.where(none, 1.0, hits), misses + 1.0, tail)
        upper = betainccinv(hits + 1.0, np.where(all_, 1.0, misses), tail)
        return np.where(none, 0.0, lower), np.where(all_, 1.0, upper)


def effective_trials(
    hits: np.ndarray, misses: np.ndarray, hits_squared: np.ndarray, misses_squared: np.ndarray
) -> np.ndarray:
    """Size of the unweighted sample whose rate would vary as the weighted one does.

    The smaller of Kish's `(sum w)^2 / sum w^2` and `p (1 - p) / variance` with the linearised variance of a
    ratio of weighted sums. Without weights both are the number of rows.

    Args:
        hits: sum of the weights of hits.
        misses: sum of the weights of misses.
        hits_squared: sum of their squared weights.
        misses_squared: the same for misses.
    """
    total = hits + misses
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = total**2 / (hits_squared + misses_squared)
        linearised = hits * misses * total**2 / (hits_squared * misses**2 + misses_squared * hits**2)
    return np.nan_to_num(np.fmin(kish, linearised))
