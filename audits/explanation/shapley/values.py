"""Interventional Shapley values, by difference games.

    v(S) = mean over background rows b of f(x_S, b_¬S),    φ = Shapley values of v

Shapley values are linear in the game, so that φ is the mean of the values of the games of x against one b
each. In such a game a column in which x and b agree changes nothing and gets nothing: only those in which
they differ play. Two rows of a table like Adult agree in a third of their columns; the game shrinks from 2^11
coalitions to 2^7. Where a game is still too large it is sampled, in an order of columns of its own, so that
errors of different background rows average out.

Lundberg & Lee (2017), section 4.1, https://arxiv.org/abs/1705.07874; interventional: Janzing et al.,
"Feature relevance quantification in explainable AI" (2020), https://arxiv.org/abs/1910.13413
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .columns import Mixture
from .design import Design, design

__all__ = ["MOST_EXACT", "Shares", "exact", "kernel_shap"]

MOST_EXACT = 12
"""Columns whose coalitions are all asked: 4,096."""

COALITIONS = 64
"""Coalitions of one row against one background row, unless told otherwise."""

_AT_ONCE = 1 << 21
"""Codes of mixed rows that are held at a time: 16 MiB."""

Read = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From outputs `(n, outputs)` and a target code each `(n,)` to what is shared out, `(n,)`."""


@dataclass(frozen=True)
class Shares:
    """Shapley values and what they cost."""

    values: np.ndarray
    """`(rows, columns)`; a row adds up to what is said of it minus `base`."""
    base: np.ndarray
    """`(rows,)`: mean over the background."""
    asked: int
    """Mixed rows that the formula asks for."""
    evaluated: int
    """Of these, the different ones: what the model computed."""
    complete: bool
    """Every coalition of every game was asked: no sampling error."""


def exact(
    mixture: Mixture, rows: np.ndarray, background: np.ndarray, target: np.ndarray, read: Read
) -> Shares:
    """Exact values, by enumeration of the columns in which two rows differ, up to `MOST_EXACT` columns.

    Raises:
        ValueError: there are more columns.
    """
    if mixture.players > MOST_EXACT:
        raise ValueError(
            f"exact Shapley values: got {mixture.players} columns, expected at most {MOST_EXACT}; "
            "take kernel_shap"
        )
    return kernel_shap(mixture, rows, background, target, read, coalitions=2**MOST_EXACT)


def kernel_shap(
    mixture: Mixture,
    rows: np.ndarray,
    background: np.ndarray,
    target: np.ndarray,
    read: Read,
    *,
    coalitions: int = COALITIONS,
    seed: int = 0,
) -> Shares:
    """Shapley values of each row, against the same background.

    Args:
        mixture: coded rows and the model.
        rows: positions in `mixture.codes` of the rows to explain, `(rows,)`.
        background: positions of the background rows, `(background,)`.
        target: code of the class that each row is explained towards, `(rows,)`.
        read: what is shared out.
        coalitions: asked of each row against each background row; games with fewer are exact.
        seed: of the sampled coalitions and of the order of columns in them.
    """
    before, rng = (mixture.asked, mixture.evaluated), np.random.default_rng(seed)
    own, other, count = mixture.codes[rows], mixture.codes[background], mixture.players
    differs = own[:, None, :count] != other[None, :, :count]  # (rows, background, columns)
    players = differs.sum(axis=2)
    shares, complete = np.zeros((len(rows), count)), True
    base = np.zeros(len(rows))
    for size in np.unique(players):
        i, b = np.nonzero(players == size)
        plan = design(int(size), coalitions, seed)
        complete &= plan.complete
        # The players of each pair, in an order of its own.
        order = np.argsort(np.where(differs[i, b], rng.random((len(i), count)), 2.0), axis=1)[:, :size]
        for part in _slices(len(i), plan.coalitions.shape[0] * own.shape[1]):
            values = _ask(mixture, plan, own[i[part]], other[b[part]], order[part], target[i[part]], read)
            np.add.at(shares, (i[part][:, None], order[part]), values @ plan.projection.T)
            np.add.at(base, i[part], values[:, 0])
    # What adding up leaves behind is no share, and differs from machine to machine.
    shares[np.abs(shares) < 1e-12 * np.abs(shares).max(initial=0.0)] = 0.0
    return Shares(
        shares / len(background),
        base / len(background),
        mixture.asked - before[0],
        mixture.evaluated - before[1],
        complete,
    )


def _ask(
    mixture: Mixture,
    plan: Design,
    own: np.ndarray,
    other: np.ndarray,
    order: np.ndarray,
    target: np.ndarray,
    read: Read,
) -> np.ndarray:
    """Values of all coalitions of some pairs, `(pairs, coalitions)`.

    Args:
        own: codes of the explained row of each pair, `(pairs, columns)`; `other`: of its background row.
        order: the columns that play in each pair, `(pairs, players)`.
    """
    pairs, count = len(own), len(plan.coalitions)
    mixed = np.repeat(other[:, None], count, axis=1)  # (pairs, coalitions, columns)
    mixed[:, :, mixture.players :] = own[:, None, mixture.players :]
    for player in range(order.shape[1]):
        column, told = order[:, player], plan.coalitions[:, player]
        pair, line = np.arange(pairs)[:, None], np.flatnonzero(told)[None]
        mixed[pair, line, column[:, None]] = np.take_along_axis(own, column[:, None], axis=1)
    outputs = mixture.outputs(mixed.reshape(pairs * count, -1))
    return read(outputs, target.repeat(count)).reshape(pairs, count)


def _slices(pairs: int, codes: int) -> Iterator[slice]:
    """Pairs, so many at a time that all of their coalitions' codes fit."""
    step = max(1, _AT_ONCE // max(1, codes))
    for start in range(0, pairs, step):
        yield slice(start, start + step)
