"""Rows that are put into the training data, or left out, by fair coins: the black-box attack.

Steinke, Nasr & Jagielski (2023), section 6, https://arxiv.org/abs/2305.08846: a row with a wrong label is
learned only by heart, so whether it was there shows in its loss. Nothing but the model's outputs is needed.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["MislabelledRows", "coins", "mislabelled", "mislabelled_scores"]


@dataclass(frozen=True, kw_only=True)
class MislabelledRows:
    """Rows with wrong labels, and how their coins fell."""

    rows: np.ndarray
    """(canaries,) int64, positions among the candidates, each once."""
    labels: np.ndarray
    """(canaries,) int64, the code of a class that isn't the row's own."""
    included: np.ndarray
    """(canaries,) bool: train on these with their wrong labels, and on the others not at all."""


def coins(count: int, rng: np.random.Generator) -> np.ndarray:
    """`(count,)` bool: fair and independent. Fixing how many are included would make them dependent."""
    return rng.random(count) < 0.5


def mislabelled(y_true: np.ndarray, classes: int, count: int, *, rng: np.random.Generator) -> MislabelledRows:
    """Choose canaries among rows that training otherwise doesn't see.

    They cost the model some accuracy: included canaries are wrong labels that it learns from.

    Args:
        y_true: (candidates,) codes of the right classes. A row that isn't chosen may be trained on; one that
            is chosen must not be, with its right label either.
        classes: how many there are, at least two.
        count: canaries, at most as many as candidates.
        rng: of the choice, the labels and the coins; keep its seed from whoever trains.
    """
    assert classes >= 2, classes
    assert count <= len(y_true), (count, len(y_true))
    rows = rng.choice(len(y_true), size=count, replace=False)
    shift = rng.integers(1, classes, size=count)
    return MislabelledRows(rows=rows, labels=(y_true[rows] + shift) % classes, included=coins(count, rng))


def mislabelled_scores(probabilities: np.ndarray, canaries: MislabelledRows) -> np.ndarray:
    """How well the model knows the wrong labels: minus the loss, (canaries,); higher for those it saw.

    Args:
        probabilities: (canaries, classes) what the trained model says of the canaries' inputs.
        canaries: with their wrong labels.
    """
    of_label = probabilities[np.arange(len(canaries.labels)), canaries.labels]
    return np.log(np.maximum(of_label, np.finfo(float).tiny))
