"""A lower bound of epsilon from one training run with many canaries.

Steinke, Nasr & Jagielski, "Privacy Auditing with One (1) Training Run" (2023), theorem 5.2,
https://arxiv.org/abs/2305.08846

Each of m canaries is put into the training data, or left out, by a fair coin. Afterwards somebody who sees
the result guesses r of the coins. If training is (epsilon, delta)-differentially private, each guess is right
with a chance of at most e^epsilon / (1 + e^epsilon), whatever the others are: so too many right guesses
refute the claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log

import numpy as np
from scipy.special import betainc, expit

from ..findings import Findings, number

__all__ = [
    "Guesses",
    "epsilon_lower_bound",
    "faultless_guesses",
    "guess",
    "largest_detectable",
    "measure",
    "p_value",
]

SHARES = (0.9, 0.6, 0.3, 0.1)
"""Shares of the canaries that are guessed, fixed before any score is seen."""

_STEPS, _CERTAIN = 60, 40.0


@dataclass(frozen=True)
class Guesses:
    """How many of the coins were guessed, and how many rightly."""

    made: int
    right: int


def p_value(canaries: int, guesses: int, right: int, *, epsilon: float, delta: float) -> float:
    """Largest chance of so many right guesses under (epsilon, delta)-differential privacy.

    Args:
        canaries: m, coins that were flipped, those included of which nothing was guessed.
        guesses: r, coins that were guessed.
        right: v, of them rightly.
        epsilon: of the claim.
        delta: of the claim.
    """
    assert 0 <= right <= guesses <= canaries, (right, guesses, canaries)
    if right == 0:
        return 1.0
    chance = expit(epsilon)
    tail = betainc(right, guesses - right + 1, chance)  # P[Binomial(r, chance) >= v]
    if delta == 0:
        return float(tail)
    fewer = np.arange(right, dtype=float)  # 0 … v - 1
    reached = betainc(np.maximum(fewer, 1), guesses - fewer + 1, chance)
    reached[0] = 1.0
    # P[v > Binomial(r, chance) >= v - i] / i, for i = v … 1
    slack = np.max((reached - tail) / (right - fewer))
    return float(min(1.0, tail + 2 * canaries * delta * slack))


@lru_cache(maxsize=4096)
def epsilon_lower_bound(
    canaries: int, guesses: int, right: int, *, delta: float, confidence: float = 0.95
) -> float:
    """Smallest epsilon that these guesses don't refute: the true one is below it with chance 1 - confidence.

    0 says that nothing was shown, not that the model is private. Arguments as of `p_value`.
    """
    level = 1 - confidence
    low, high = 0.0, _CERTAIN
    if p_value(canaries, guesses, right, epsilon=low, delta=delta) >= level:
        return 0.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        refuted = p_value(canaries, guesses, right, epsilon=middle, delta=delta) < level
        low, high = (middle, high) if refuted else (low, middle)
    return low


def largest_detectable(canaries: int, guesses: int, *, delta: float, confidence: float = 0.95) -> float:
    """The bound that faultless guesses would have given: no claim above it could have been refuted."""
    return epsilon_lower_bound(canaries, guesses, guesses, delta=delta, confidence=confidence)


def faultless_guesses(epsilon: float, *, confidence: float = 0.95) -> int:
    """Right guesses in a row that it takes to show this epsilon, at delta 0."""
    return ceil(log(1 - confidence) / log(expit(epsilon)))


def guess(scores: np.ndarray, included: np.ndarray, guesses: int, *, seed: int = 0) -> Guesses:
    """Say "in" of the highest scores and "out" of the lowest, half each; keep silent of the rest.

    Ties are broken by lot: their order in memory may betray who was included.

    Args:
        scores: (canaries,) the higher, the more likely included.
        included: (canaries,) bool, how the coins fell.
        guesses: how many to make.
        seed: of the lot.
    """
    lot = np.random.default_rng(seed).permutation(len(scores))
    order = lot[np.argsort(scores[lot], kind="stable")]
    outs = guesses // 2
    ins = guesses - outs
    right = np.count_nonzero(~included[order[:outs]]) + np.count_nonzero(included[order[len(order) - ins :]])
    return Guesses(guesses, int(right))


def measure(
    scores: np.ndarray,
    included: np.ndarray,
    *,
    delta: float,
    confidence: float = 0.95,
    shares: Sequence[float] = SHARES,
    seed: int = 0,
) -> Findings:
    """The largest of the bounds that several numbers of guesses give, each at its share of the error.

    How many guesses are best depends on the scores, and to choose by looking would refute honest claims too
    often. So the numbers are fixed beforehand, and k of them share the error: each has confidence
    1 - (1 - confidence) / k (Bonferroni).

    It can't tell that a model is private: another attack may find more. It rests on the coins having been
    fair, independent, and unknown to whoever made the scores.

    Args:
        scores: (canaries,) the higher, the more likely included.
        included: (canaries,) bool, how the coins fell.
        delta: of the claim.
        confidence: of the bound.
        shares: of the canaries that are guessed.
        seed: by which ties are broken.

    Returns:
        `epsilon_lower`: a number whose `one_sided` has no upper end, with `detectable`, the largest that the
        attack could have shown; `guesses` it made and `right` ones, `delta`, `confidence`; `n` canaries.
    """
    canaries = len(scores)
    if canaries < 2:
        few = f"an attack needs two canaries or more, there are {canaries}"
        return Findings(missing={"/epsilon_lower": few})
    if not np.all(np.isfinite(scores)):
        return Findings(missing={"/epsilon_lower": "some canaries' scores are not numbers"})
    tried = sorted({max(2, round(share * canaries)) for share in shares})
    terms = {"delta": delta, "confidence": 1 - (1 - confidence) / len(tried)}
    made = [guess(scores, included, count, seed=seed) for count in tried]
    bounds = [epsilon_lower_bound(canaries, of.made, of.right, **terms) for of in made]
    best = int(np.argmax(bounds))
    bound = bounds[best]
    found = number(
        bound,
        bound,
        bound,  # a bound is what it is; epsilon itself has no upper end
        canaries,
        detectable=max(largest_detectable(canaries, count, **terms) for count in tried),
        guesses=made[best].made,
        right=made[best].right,
        delta=delta,
        confidence=confidence,
    )
    found["one_sided"] = [bound, None]
    return Findings(values={"epsilon_lower": found})
