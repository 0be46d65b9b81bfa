"""Worlds whose truth is known: columns drawn at random, mistakes planted in one conjunction of them."""

from collections.abc import Callable

import numpy as np
import pytest
from assay.audits.predictions import Predictions
from assay.audits.slices import Columns

World = tuple[Predictions, Columns, dict[str, str]]


def world(
    *, rows: int = 50_000, columns: int = 50, bins: int = 4, planted: int = 3, bias: float = 0.15,
    share: float = 0.02, mistakes: float = 0.15, seed: int = 0,
) -> World:  # fmt: skip
    """A model that errs at random, but for one slice of `share` of the rows that it decides against.

    The label depends on two columns and mistakes on none. In the planted slice of `planted` columns (0:
    nowhere) positive decisions are taken away from members until they have `bias` fewer of them.

    Returns:
        Predictions, columns, and the planted slice as it should be reported.
    """  # fmt: skip
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, bins, (rows, columns)).astype(np.uint8)
    chosen = np.sort(rng.choice(columns, planted, replace=False))
    for column in chosen:
        inside = rng.random(rows) < share ** (1 / planted)
        codes[:, column] = np.where(inside, 0, rng.integers(1, bins, rows))
    y_true = (rng.random(rows) < 0.3 + 0.2 * (codes[:, 0] == 1) + 0.1 * (codes[:, 1] == 2)).astype(int)
    y_pred = np.where(rng.random(rows) < mistakes, 1 - y_true, y_true)
    if planted:
        member = (codes[:, chosen] == 0).all(axis=1)
        taken = member & (y_pred == 1) & (rng.random(rows) < bias / y_pred[member].mean())
        y_pred[taken] = 0
    labels = tuple(f"bin {i}" for i in range(bins))
    return (
        binary(y_true, y_pred),
        Columns(
            names=tuple(f"c{i}" for i in range(columns)), labels=(labels,) * columns, codes=codes, left_out={}
        ),
        {f"c{i}": "bin 0" for i in chosen},
    )


def binary(y_true: np.ndarray, y_pred: np.ndarray, score: np.ndarray | None = None) -> Predictions:
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(len(y_true)), y_true=y_true,
        y_pred=y_pred, scores=None if score is None else np.stack([1 - score, score], axis=1),
    )  # fmt: skip


@pytest.fixture
def make_world() -> Callable[..., World]:
    """The generator of worlds."""
    return world


@pytest.fixture
def make_binary() -> Callable[..., Predictions]:
    """Predictions of a binary task from truth, decision and score."""
    return binary
