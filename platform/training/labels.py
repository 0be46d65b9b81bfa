"""Which labels a run may look at, when it is told to do with few.

A practitioner with fifty labels hasn't three thousand more to choose the best epoch with. So what is asked of
the train labels holds for the validation labels too: the same share of them, or the same number a class (as
far as there are that many). Early stopping and calibration both see only those.
"""

import numpy as np

from .seeding import derive


def labelled_rows(
    target: np.ndarray, *, classes: int, fraction: float, per_class: int | None, seed: int, split: str
) -> np.ndarray:
    """Rows of a split whose labels may be looked at, stratified by class.

    With the same seed a larger share contains every smaller one, and each class keeps at least one row.

    Args:
        target: `(rows,)` codes of classes, or values for regression.
        classes: number of classes; 0 for regression, which is one stratum.
        fraction: share of the labels, in (0, 1].
        per_class: labels of each class; takes the place of `fraction`.
        seed: of the choice.
        split: name of the split, so that the choices in two splits are unrelated.

    Returns:
        Row numbers, ascending.
    """
    assert classes or per_class is None, "labels by class need classes"
    if per_class is None and fraction == 1.0:
        return np.arange(len(target))
    order = np.random.default_rng(derive(seed, "labels", split)).permutation(len(target))
    strata = [order[target[order] == code] for code in range(classes)] if classes else [order]
    kept = [
        stratum[: per_class if per_class is not None else max(1, round(fraction * len(stratum)))]
        for stratum in strata
    ]
    return np.sort(np.concatenate(kept))
