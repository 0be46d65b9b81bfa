"""Updates that are unlike the others' of their round, with a stated rate of false alarms.

Two scores a client and round: the logarithm of its update's norm, too large or too small, and Fisher's
transform of the update's cosine to the median of all updates, too small. Each is held against the median
and the MAD of its round, which few clients can't move (Iglewicz & Hoaglin, "How to Detect and Handle
Outliers", 1993, section 3.3); the limit is not their 3.5 but the quantile, by simulation, that the largest of
as many normal scores exceeds with the chance `rate / (2 rounds)`: in a whole training nobody is named with
the chance `1 - rate`, by Bonferroni's inequality over rounds and scores.

That holds where the scores of clients differ as draws of one normal distribution do. Clients whose rows are
of another kind, or far fewer, are named too: an alarm is a question, no proof of malice. Liars that agree are
the median once they are half, and small lies that point where the others do aren't seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

__all__ = ["LEAST", "limit", "measure", "robust_scores"]

#: Answers of a round without which it isn't searched: the MAD of fewer says next to nothing.
LEAST = 5

#: Smallest spread that scores are measured in: below it they differ by rounding.
_SPREAD = 1e-6

_SMALLEST = float(np.finfo(np.float64).tiny)

#: Draws beyond the limit that a simulation should see, so that the rate is right to a tenth or so.
_BEYOND = 100


def robust_scores(values: np.ndarray) -> np.ndarray:
    """(value - median) / MAD along the last axis.

    Args:
        values: `(…, clients)`.
    """
    centred = values - np.median(values, axis=-1, keepdims=True)
    spread = np.median(np.abs(centred), axis=-1, keepdims=True)
    return centred / np.maximum(spread, _SPREAD)


@cache
def limit(clients: int, chance: float, *, both: bool) -> float:
    """What the largest robust score of so many normal draws exceeds with that chance.

    Args:
        clients: in the round.
        chance: of one or more beyond it.
        both: whether low scores count as high ones do.
    """
    generator = np.random.default_rng([clients, int(both)])
    draws = max(20_000, int(np.ceil(_BEYOND / chance)))
    largest = np.concatenate(
        [
            (np.abs(scores) if both else scores).max(axis=-1)
            for scores in _simulated(generator, draws, clients)
        ]
    )
    return float(np.quantile(largest, 1 - chance, method="higher"))


def measure(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Who stands out in which round.

    Args:
        told: the `rate` of false alarms, the number of rounds `planned`, and of `rounds` the `clients` whose
            answers counted with the `norm` and the `cosine` of each one's update.
        names: of the clients, by number.

    Returns:
        `rate`, rounds `searched` and those with `few` answers, and `named`: `client`, `round`, `by`, its
        robust `score` and the `limit`, the largest ratio of the two first.
    """
    chance, named, searched = told["rate"] / (2 * told["planned"]), [], 0
    for one in told["rounds"]:
        clients = len(one["clients"])
        if clients < LEAST:
            continue
        searched += 1
        for by, scores, most in _scored(one, chance):
            named += [
                {"client": names[one["clients"][place]], "round": one["round"], "by": by}
                | {"score": float(scores[place]), "limit": most}
                for place in np.flatnonzero((np.abs(scores) if by == "norm" else -scores) > most)
            ]
    named.sort(key=lambda row: -abs(row["score"]) / row["limit"])
    few = len(told["rounds"]) - searched
    return {"rate": told["rate"], "searched": searched, "few": few, "named": named}


def _scored(one: Mapping[str, Any], chance: float) -> Iterator[tuple[str, np.ndarray, float]]:
    """By what, the robust scores of a round's clients, and the limit of them."""
    norms = np.log(np.maximum(one["norm"], _SMALLEST))
    cosines = np.arctanh(np.clip(one["cosine"], -1 + 1e-12, 1 - 1e-12))
    yield "norm", robust_scores(norms), limit(norms.size, chance, both=True)
    yield "direction", robust_scores(cosines), limit(norms.size, chance, both=False)


def _simulated(generator: np.random.Generator, draws: int, clients: int) -> Iterator[np.ndarray]:
    """Robust scores of normal draws, in blocks of about a million numbers."""
    block = max(1, 2**20 // clients)
    for start in range(0, draws, block):
        yield robust_scores(generator.standard_normal((min(block, draws - start), clients)))
