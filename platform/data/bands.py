"""Groups of a sensitive column: categories as they are, numbers cut into bands that a person can read."""

from itertools import pairwise

import numpy as np
import pyarrow as pa

from ..exceptions import DataError
from .compute import pc
from .values import categories, numbers

MISSING = "missing"
"""The group of rows whose value is missing: absent data about people is audited, not dropped."""

_BANDS = 5
_MOST_VALUES = 10
"""A numeric column with at most so many different values needs no bands: each value is a group."""

_MOST_GROUPS = 200
_STEPS = (1, 2, 5, 10)


def edges(values: pa.ChunkedArray, name: str) -> tuple[float, ...]:
    """Edges at round numbers near the quintiles; empty where the values are few enough to be groups.

    Args:
        values: a numeric column's rows of the train split.
    """
    known = numbers(values, name).drop_null().to_numpy()
    if len(np.unique(known)) <= _MOST_VALUES:
        return ()
    quantiles = np.quantile(known, np.linspace(0, 1, _BANDS + 1)[1:-1])
    step = _round_step(float(np.quantile(known, 0.95) - np.quantile(known, 0.05)) / (1.5 * _BANDS) or 1.0)
    # Rounded to 12 digits, so that 3 * 0.1 is shown as 0.3.
    rounded = {float(f"{round(q / step) * step:.12g}") for q in quantiles}
    return tuple(sorted(edge for edge in rounded if known.min() < edge <= known.max()))


def _round_step(step: float) -> float:
    """The nearest of 1, 2, 5 times a power of ten that isn't above the step."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(max(multiple for multiple in _STEPS if multiple * power <= step * (1 + 1e-9)) * power)


def labels(cuts: tuple[float, ...]) -> list[str]:
    """Names of the bands: `<25`, `25 to <45`, ..., `>=65`."""
    shown = [f"{cut:g}" if abs(cut) < 1e6 else f"{cut:.0f}" for cut in cuts]
    middle = [f"{low} to <{high}" for low, high in pairwise(shown)]
    return [f"<{shown[0]}", *middle, f"≥{shown[-1]}"]


def groups(values: pa.ChunkedArray, kind: str, name: str, cuts: tuple[float, ...] = ()) -> np.ndarray:
    """The group of each row.

    Args:
        values: `(rows,)` column.
        kind: the column's kind; a date is banded by its year.
        cuts: edges of the bands; empty: each value is a group.

    Returns:
        `(rows,)` array of str.
    """
    if cuts:
        known = (pc.year(values) if kind == "date" else numbers(values, name)).to_numpy(zero_copy_only=False)
        band = np.searchsorted(np.asarray(cuts), known, side="right")  # NaN is put last
        band = np.where(np.isnan(known.astype(float)), len(cuts) + 1, band)
        return np.array([*labels(cuts), MISSING])[band]
    text = categories(
        pc.year(values) if kind == "date" else numbers(values, name) if kind == "numeric" else values
    )
    coded = pc.fill_null(text, MISSING).combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return (
        np.array(coded.dictionary.to_pylist(), dtype=str)[coded.indices.to_numpy()]
        if len(values)
        else np.array([], str)
    )


def check_cuts(cuts: tuple[float, ...], name: str) -> tuple[float, ...]:
    """The edges that a spec gives, if they rise."""
    fixed = tuple(float(cut) for cut in cuts)
    if not fixed or any(not low < high for low, high in pairwise(fixed)):
        raise DataError(
            f"the bands of {name!r} can't be used",
            got=list(cuts),
            expected="numbers that rise, at least one",
            mend=f"write for example bands: {{{name}: [25, 45, 65]}}",
        )
    return fixed


def check_groups(count: int, name: str) -> None:
    """DataError if a sensitive column has so many groups that none could be audited."""
    if count > _MOST_GROUPS:
        raise DataError(
            f"the sensitive column {name!r} has too many groups",
            got=f"{count} different values",
            expected=f"at most {_MOST_GROUPS}",
            mend=f"name another column, or declare its kind: data.columns: {{{name}: numeric}} for bands",
        )
