"""Which coalitions are asked, and how their values become shares: made once, used for every row.

Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions" (2017), theorem 2,
https://arxiv.org/abs/1705.07874; coalitions in pairs with their complements: Covert & Lee, "Improving
KernelSHAP" (2021), section 4.1, https://arxiv.org/abs/2012.01536
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb, factorial

import numpy as np

__all__ = ["Design", "design"]


@dataclass(frozen=True)
class Design:
    """Coalitions of `players`, and the linear map from their values to shares.

    Shares of a game are `values @ projection.T`, whatever the game: the solver is one matrix.
    """

    coalitions: np.ndarray
    """`(coalitions, players)` bool, each once; the first is empty, the last is everybody."""
    projection: np.ndarray
    """`(players, coalitions)`."""
    complete: bool
    """All 2^players coalitions are there: shares are exact."""


@lru_cache(maxsize=256)
def design(players: int, most: int, seed: int = 0) -> Design:
    """At most `most` coalitions (never fewer than 2 · players + 2) and their map.

    Sizes are enumerated from the outside in, 1 and players - 1 first, because they weigh most; where a size
    no longer fits, pairs of a coalition and its complement are drawn without replacement from what is left.
    """
    if 2**players <= max(most, 2 * players + 2):
        members = _all(players)
        return Design(members, _exact(members), complete=True)
    rng = np.random.default_rng((seed, players))
    proper, weights = _proper(players, max(most, 2 * players + 2) - 2, rng)
    nobody, everybody = np.zeros((1, players), bool), np.ones((1, players), bool)
    return Design(
        np.concatenate([nobody, proper, everybody]), _least_squares(proper, weights), complete=False
    )


def _all(players: int) -> np.ndarray:
    return (np.arange(2**players)[:, None] >> np.arange(players) & 1).astype(bool)


def _exact(members: np.ndarray) -> np.ndarray:
    """Shapley's formula: v(S ∪ j) - v(S) weighs |S|! (d - |S| - 1)! / d!."""
    d = members.shape[1]
    gain = np.array([factorial(s) * factorial(d - s - 1) / factorial(d) for s in range(d)] + [0.0])
    size = members.sum(axis=1)
    # A coalition with j is some S ∪ j, of one member more than S.
    return np.where(members, gain[size - 1][:, None], -gain[size][:, None]).T


def _proper(players: int, left: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Coalitions that are neither empty nor everybody, each with its complement, and their weights.

    The kernel's weight of a coalition of size s is (d - 1) / (C(d, s) s (d - s)); drawn ones share equally
    what all of the sizes that weren't enumerated weigh together.
    """
    every, found, weights = _all(players)[1:-1] if players <= 16 else None, [], []
    size_weight = {s: (players - 1) / (s * (players - s)) for s in range(1, players)}
    size = 1
    while 2 * size <= players and left >= _level(players, size):
        for s in sorted({size, players - size}):
            chosen = _of_size(players, s) if every is None else every[every.sum(axis=1) == s]
            found.append(chosen)
            weights.append(np.full(len(chosen), size_weight[s] / comb(players, s)))
        left -= _level(players, size)
        size += 1
    rest = {s: size_weight[s] for s in range(size, players - size + 1)}
    if rest and left >= 2:
        drawn = _drawn(players, rest, left // 2, rng)
        found.append(drawn)
        weights.append(np.full(len(drawn), sum(rest.values()) / len(drawn)))
    return np.concatenate(found), np.concatenate(weights)


def _level(players: int, size: int) -> int:
    """Coalitions of this size and their complements."""
    return comb(players, size) * (1 if 2 * size == players else 2)


def _of_size(players: int, size: int) -> np.ndarray:
    chosen = np.array(list(combinations(range(players), size)))
    members = np.zeros((len(chosen), players), bool)
    np.put_along_axis(members, chosen, True, axis=1)
    return members


def _drawn(players: int, sizes: dict[int, float], pairs: int, rng: np.random.Generator) -> np.ndarray:
    """Different pairs of a coalition and its complement, sizes by the kernel's weight: `(≤ 2 pairs, d)`."""
    chances = np.array(list(sizes.values())) / sum(sizes.values())
    seen: dict[bytes, np.ndarray] = {}
    for size in rng.choice(list(sizes), size=8 * pairs, p=chances):
        members = np.zeros(players, bool)
        members[rng.permutation(players)[:size]] = True
        if members.tobytes() not in seen:
            seen[members.tobytes()], seen[(~members).tobytes()] = members, ~members
        if len(seen) >= 2 * pairs:
            break
    return np.array(list(seen.values()))


def _least_squares(proper: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted least squares of v(S) - v(∅) on members, shares adding up to v(all) - v(∅), as one matrix.

    With A = Zᵀ W Z and q = A⁻¹ 1 / (1ᵀ A⁻¹ 1) the solution is
    (I - q 1ᵀ) A⁻¹ Zᵀ W (v - v(∅)) + q (v(all) - v(∅)).
    """
    Z, d = proper.astype(float), proper.shape[1]
    solved = np.linalg.solve(Z.T * weights @ Z, np.concatenate([Z.T * weights, np.ones((d, 1))], axis=1))
    q = solved[:, -1] / solved[:, -1].sum()
    inner = solved[:, :-1] - np.outer(q, solved[:, :-1].sum(axis=0))
    return np.concatenate([-(inner.sum(axis=1) + q)[:, None], inner, q[:, None]], axis=1)
