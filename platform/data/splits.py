"""Dealing rows to train, validation and test.

The order in which rows are dealt is a hash of seed and position, so it depends on no library's random
generator: the same spec gives the same split for ever.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from ..exceptions import DataError, nearest
from .config import Split, SplitConfig

TRAIN, VALIDATION, TEST = 0, 1, 2
UNSET, DROPPED = -1, -2
NAMES = ("train", "validation", "test")

_STRATA = 10
"""Parts into which a numeric target is cut, so that each split sees its whole range."""


def shuffled(count: int, seed: int) -> np.ndarray:
    """A permutation of `count` positions: sorted by SplitMix64 of position and seed.

    Steele et al., "Fast splittable pseudorandom number generators" (2014), https://doi.org/10.1145/2714064.2660195
    """
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(seed % (1 << 64)) * np.uint64(0xD1342543DE82EF95)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.argsort(z, kind="stable")


def strata(target: np.ndarray) -> np.ndarray:
    """`(rows,)` stratum of each row: the class code, or the decile of a numeric target."""
    if target.dtype.kind in "iu":
        return target.astype(np.int64)
    rank = np.empty(len(target), dtype=np.int64)
    rank[np.argsort(target, kind="stable")] = np.arange(len(target))
    return rank * min(_STRATA, max(1, len(target) // 10)) // max(1, len(target))


def deal(
    target: np.ndarray,
    config: SplitConfig,
    *,
    official: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Gives each row its split.

    Args:
        target: `(rows,)` class codes (integers) or numbers (floats).
        official: `(rows,)` codes that the source fixes, `UNSET` where it doesn't.
        groups: `(rows,)` group of each row; rows of one group go to one split.

    Returns:
        `(rows,)` int8 codes of `NAMES`.

    Raises:
        DataError: a class or the groups are too few, or groups cross the official split.
    """
    fixed = np.full(len(target), UNSET, dtype=np.int8) if official is None else official
    free = np.flatnonzero(fixed == UNSET)
    shares = {code: getattr(config, NAMES[code]) for code in (TEST, VALIDATION) if not (fixed == code).any()}
    codes = fixed.copy()
    if groups is not None:
        _check_uncrossed(fixed, groups)
        codes[free] = _deal_groups(groups[free], shares, config.seed)
    else:
        codes[free] = _deal_rows(strata(target[free]), shares, config.seed)
    for code, name in enumerate(NAMES):
        if not (codes == code).any():
            raise DataError(
                f"no row is left for {name}",
                got=f"{len(target)} rows"
                + ("" if groups is None else f" in {len(np.unique(groups))} groups"),
                expected="at least one row a split, and one group a split where data.split.by is set",
                mend="bring more rows, or change data.split",
            )
    return codes


def given(values: np.ndarray, listed: Mapping[Split, Sequence[str]], column: str) -> np.ndarray:
    """The splits that a column's values say.

    Args:
        values: `(rows,)` str.
        listed: values of each split that the spec lists.
        column: its name, for errors.

    Returns:
        `(rows,)` int8 codes of `NAMES`, `UNSET` where a value isn't listed.

    Raises:
        DataError: no row has a value that is listed.
    """
    codes = np.full(len(values), UNSET, dtype=np.int8)
    for name, wanted in listed.items():
        for value in wanted:
            rows = values == value
            if not rows.any():
                raise DataError(
                    f"data.split.fixed names a value that {column!r} doesn't have",
                    got=f"{name}: {value}",
                    expected="values of that column",
                    mend=nearest(value, np.unique(values).tolist()),
                )
            codes[rows] = NAMES.index(name)
    return codes


def check_apart(classes: np.ndarray, codes: np.ndarray, names: Sequence[str]) -> None:
    """Refuse a split that one class is on both sides of, where episodes ask for new classes.

    Args:
        classes: `(rows,)` code of each row's class.
        codes: `(rows,)` split of each row.
        names: of the classes.

    Raises:
        DataError: a class has rows in two splits.
    """
    for code in np.unique(classes):
        found = np.unique(codes[classes == code])
        if len(found) > 1:
            raise DataError(
                "classes cross splits, and few-shot learning is judged by new ones",
                got=f"{names[code]!r} in {' and '.join(NAMES[split] for split in found)}",
                expected="all rows of a class in one split",
                mend="take for data.split.by and data.split.fixed columns that a class has one value of,"
                " or leave them out: classes are then dealt whole",
            )


def _deal_rows(stratum: np.ndarray, shares: dict[int, float], seed: int) -> np.ndarray:
    """Each stratum, shuffled, gives its share to each split and the rest to train."""
    codes = np.full(len(stratum), TRAIN, dtype=np.int8)
    order = shuffled(len(stratum), seed)
    order = order[np.argsort(stratum[order], kind="stable")]  # by stratum, shuffled within
    counts = np.bincount(stratum[order]) if len(order) else np.zeros(0, dtype=int)
    begin = np.concatenate([[0], np.cumsum(counts)])[:-1].astype(int)
    left = counts.copy()
    for later, (code, share) in reversed(list(enumerate(reversed(shares.items())))):
        # A row of each stratum is kept for train and for each split still to come.
        quota = np.clip(apportion(counts, share), 0, np.maximum(left - 1 - later, 0))
        left = left - quota
        for start, number in zip(begin, quota, strict=True):
            codes[order[start : start + number]] = code
        begin = begin + quota
    return codes


def apportion(counts: np.ndarray, share: float) -> np.ndarray:
    """Rows that each stratum gives: `share` of it by largest remainder, at least one where it has three."""
    exact = counts * share
    quota = np.floor(exact).astype(int)
    missing = round(share * counts.sum()) - quota.sum()
    quota[np.argsort(quota - exact, kind="stable")[:missing]] += 1
    return np.where((quota == 0) & (counts >= 3), 1, quota)


def _deal_groups(groups: np.ndarray, shares: dict[int, float], seed: int) -> np.ndarray:
    """Whole groups, shuffled, fill each split up to its share of rows; the rest is train."""
    names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    split = np.full(len(names), TRAIN, dtype=np.int8)
    waiting = list(shuffled(len(names), seed))
    for code, share in shares.items():
        filled, wanted = 0, share * len(groups)
        while waiting and filled < wanted and len(waiting) > 1:
            chosen = waiting.pop()
            # A group that overshoots further than it fills goes to train, unless the split is still empty.
            if filled and filled + sizes[chosen] - wanted > wanted - filled:
                waiting.insert(0, chosen)
                break
            split[chosen] = code
            filled += sizes[chosen]
    return split[group]


def _check_uncrossed(fixed: np.ndarray, groups: np.ndarray) -> None:
    """DataError if a group has rows both in a split that is fixed and outside it."""
    for code in np.unique(fixed[fixed != UNSET]):
        crossing = np.intersect1d(groups[fixed == code], groups[fixed != code])
        if len(crossing):
            raise DataError(
                f"{len(crossing)} groups of data.split.by cross the {NAMES[code]} split that is fixed",
                got=f"for example {str(crossing[0])!r}",
                expected="groups that lie within one split",
                mend="leave out data.split.by or data.split.fixed, or read the rows from a file without"
                " official split",
            )
