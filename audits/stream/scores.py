"""Which score is whose, and whether scores are probabilities at all."""

from collections.abc import Sequence

import numpy as np

from ...platform.exceptions import DataError

__all__ = ["check_scores", "order_of_scores"]

_SUM = 1e-3


def check_scores(scores: np.ndarray, names: Sequence[str]) -> None:
    """DataError if scores lie outside [0, 1], or those of several classes don't add up to 1.

    Args:
        scores: (n, columns)
        names: of the columns.
    """
    outside = ((scores < 0) | (scores > 1)).sum(axis=0)
    for name, count in zip(names, outside.tolist(), strict=True):
        if count:
            raise DataError(
                f"the scores of {name!r} are no probabilities",
                got=f"{count:,} of {len(scores):,} outside [0, 1], from {scores.min():g} to {scores.max():g}",
                expected="numbers from 0 to 1",
                mend="turn logits or margins into probabilities first",
            )
    if len(names) > 1 and (off := int((np.abs(scores.sum(axis=1) - 1) > _SUM).sum())):
        raise DataError(
            "the scores of the classes don't add up to 1",
            got=f"{off:,} of {len(scores):,} rows",
            expected="one probability a class",
            mend="name a score column for every class",
        )


def order_of_scores(names: Sequence[str], classes: Sequence[str]) -> list[int] | None:
    """Position of each class's score column; None where the one column is that of the positive class.

    Raises:
        DataError: a class has no column, or more than one.
    """
    if len(names) == 1 and len(classes) == 2:
        return None
    found = [[i for i, name in enumerate(names) if _is_of(name, of)] for of in classes]
    if len(names) != len(classes) or any(len(places) != 1 for places in found):
        raise DataError(
            "it can't be told which score belongs to which class",
            got=f"score columns {', '.join(names)} for the classes {', '.join(classes)}",
            expected="one column a class, named score_CLASS; of two classes one column will do",
            mend=f"rename them: {', '.join(f'score_{name}' for name in classes)}",
        )
    return [places[0] for places in found]


def _is_of(column: str, name: str) -> bool:
    return column == name or column.endswith(f"_{name}")
