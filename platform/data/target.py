"""The column to predict: which task it makes, its classes and their codes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..exceptions import DataError, nearest
from .compute import pc
from .kinds import Kind
from .splits import TRAIN
from .values import categories, numbers

_FEW_VALUES = 20
"""A numeric target with more different values is a quantity, with at most as many a set of classes."""

_MOST_CLASSES = 1000
_ROWS_A_CLASS = 3


@dataclass(frozen=True, kw_only=True)
class Target:
    """The target column, read.

    Args:
        labelled: `(rows,)` bool; rows without label are left out of the dataset.
        codes: `(labelled rows,)` int64 class codes, or float64 values for regression.
    """

    task: str
    classes: tuple[str, ...]
    positive: str | None
    why: str
    labelled: np.ndarray
    codes: np.ndarray


def read_target(
    name: str, column: pa.ChunkedArray, kind: Kind, *, declared: bool, positive: str | None
) -> Target:
    """Reads the target column.

    Args:
        declared: the spec gives the column's kind: numeric is then regression, categorical classes.
        positive: binary tasks: the class with code 1; by default the last in sorted order.

    Raises:
        DataError: all labels are missing, there is one class only, or too many.
    """
    if kind.kind == "numeric" and (declared or is_quantity(numbers(column, name))):
        return _regression(name, numbers(column, name), positive)
    labels = categories(kind.convert(column, name))
    labelled = labels.is_valid().to_numpy(zero_copy_only=False).astype(bool)
    classes = in_order(pc.unique(labels.drop_null()).to_pylist())
    _check_labels(name, labelled, classes)
    if positive is not None or len(classes) == 2:
        classes, positive = positive_last(name, classes, positive)
    codes = pc.index_in(labels.drop_null(), value_set=pa.array(classes)).to_numpy().astype(np.int64)
    task = "binary" if len(classes) == 2 else "multiclass"
    why = f"{len(classes)} classes: {', '.join(classes[:10])}{', ...' if len(classes) > 10 else ''}"
    return Target(
        task=task, classes=tuple(classes), positive=positive, why=why, labelled=labelled, codes=codes
    )


def check_classes(name: str, target: Target, codes: np.ndarray | None = None) -> None:
    """DataError if a class has too few rows for three splits or, once dealt, none in train.

    Args:
        codes: `(labelled rows,)` split of each row; None before the rows are dealt.
    """
    if target.task == "regression":
        return
    seen = target.codes if codes is None else target.codes[codes == TRAIN]
    counts = np.bincount(seen, minlength=len(target.classes))
    few = np.flatnonzero(counts < (_ROWS_A_CLASS if codes is None else 1))
    if len(few):
        where = "" if codes is None else " in train"
        raise DataError(
            f"classes of {name!r} are too small to be split",
            got=", ".join(f"{target.classes[code]!r}: {counts[code]} rows{where}" for code in few[:5]),
            expected=f"at least {_ROWS_A_CLASS} rows a class, one of them in train",
            mend="drop those rows, merge the class into another, or bring more rows of it",
        )


def is_quantity(values: pa.ChunkedArray) -> bool:
    distinct = pc.unique(values.drop_null()).to_numpy()
    return len(distinct) > _FEW_VALUES or (len(distinct) > 2 and bool((distinct != np.floor(distinct)).any()))


def _regression(name: str, values: pa.ChunkedArray, positive: str | None) -> Target:
    if positive is not None:
        raise DataError(
            f"{name!r} holds numbers, so no class can be the positive one",
            got=f"data.positive: {positive}",
            expected="a target with two classes",
            mend=f"leave out data.positive, or declare data.columns: {{{name}: categorical}}",
        )
    labelled = values.is_valid().to_numpy(zero_copy_only=False).astype(bool)
    codes = values.drop_null().to_numpy()
    _check_labels(name, labelled, np.unique(codes)[:2].tolist())
    why = f"numbers from {codes.min():g} to {codes.max():g}"
    return Target(task="regression", classes=(), positive=None, why=why, labelled=labelled, codes=codes)


def _check_labels(name: str, labelled: np.ndarray, values: list) -> None:
    if len(values) > 1 and len(values) <= _MOST_CLASSES:
        return
    got = (
        "no label at all"
        if not labelled.any()
        else f"one value only: {values[0]!r}"
        if len(values) == 1
        else f"{len(values)} different texts"
    )
    raise DataError(
        f"nothing can be learnt from the target {name!r}",
        got=got,
        expected=f"2 to {_MOST_CLASSES} classes, or numbers",
        mend="name the column that holds the labels: data.target",
    )


def in_order(classes: list[str]) -> list[str]:
    """Numbers by value, texts by spelling."""
    try:
        return sorted(classes, key=float)
    except ValueError:
        return sorted(classes)


def positive_last(name: str, classes: list[str], positive: str | None) -> tuple[list[str], str]:
    if len(classes) != 2 or (positive is not None and positive not in classes):
        raise DataError(
            f"data.positive is no class of {name!r}"
            if len(classes) == 2
            else f"{name!r} has {len(classes)} classes",
            got=f"data.positive: {positive}",
            expected="one of two classes",
            mend=nearest(str(positive), classes) if len(classes) == 2 else "leave out data.positive",
        )
    chosen = positive if positive is not None else classes[1]
    return [next(label for label in classes if label != chosen), chosen], chosen
