"""A model's names of classes and a schema's: the same, or numbers that stand for them."""

from collections.abc import Sequence

import numpy as np

from ...data.target import in_order
from ...exceptions import ModelError

__all__ = ["codes_of", "softmax"]


def codes_of(names: Sequence[object], classes: Sequence[str]) -> np.ndarray:
    """Code in the schema of each of a model's classes.

    A model that knows only numbers, or `LABEL_0`, counted the classes in sorted order, as label encoders do.

    Raises:
        ModelError: a class of one is none of the other's.
    """
    said = [_text(name) for name in names]
    if set(said) != set(classes) and said in (
        [str(i) for i in range(len(classes))],
        [f"LABEL_{i}" for i in range(len(classes))],
    ):
        said = in_order(list(classes))
    if sorted(said) != sorted(classes):
        raise ModelError(
            "the model knows other classes than the data",
            got=", ".join(said[:10]),
            expected=", ".join(classes[:10]),
            mend="is this the model of this target? its classes have to be named like the data's",
        )
    return np.array([list(classes).index(name) for name in said])


def _text(name: object) -> str:
    """A label as the data would have it: 1.0 is `1`."""
    if isinstance(name, (float, np.floating)) and float(name).is_integer():
        return str(int(name))
    if isinstance(name, (bool, np.bool_)):
        return str(bool(name)).lower()
    return str(name)


def softmax(logits: np.ndarray) -> np.ndarray:
    """`(rows, classes)` probabilities; a single column is the logit of the second of two classes."""
    logits = np.asarray(logits, dtype=np.float64)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return odds / odds.sum(axis=1, keepdims=True)
