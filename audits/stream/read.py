"""A predictions file becomes `Predictions`: row by row where they are few, condensed where they are many."""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from ...platform.data.target import in_order, is_quantity, positive_last
from ...platform.data.values import numbers
from ...platform.exceptions import CombinationError, DataError, nearest
from ..condensed import Condensed
from ..fairness.groups import compact
from ..predictions import TASKS, Predictions
from .batches import batches
from .columns import PredictionColumns
from .condenser import BITS, Condenser, Entries, leading_bits, score_ranks
from .labels import Bands, Labels, coder
from .scores import check_scores, order_of_scores

__all__ = ["EXACT_ROWS", "read_predictions"]

EXACT_ROWS = 1_000_000
"""Up to so many rows are held one by one, and nothing is condensed."""

_MOST_KINDS = 1 << 18
_MOST_CLASSES = 1000
_VALUE_BITS = 10  # two values share a key with the groups


@dataclass
class _Rows:
    """One batch as arrays."""

    groups: np.ndarray
    """(columns, n) int64"""
    y_true: np.ndarray
    y_pred: np.ndarray
    scores: np.ndarray
    """(n, score columns)"""
    weight: np.ndarray | None


@dataclass
class _Reader:
    """What is known of the file so far."""

    columns: PredictionColumns
    task: str = ""
    """regression, or empty while only classes are known."""
    labels: Labels = field(default_factory=Labels)
    decided: Labels = field(default_factory=Labels)
    coders: dict[str, Labels | Bands] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    """Cells that hold no number, or no class, by column."""
    rows: int = 0

    def start(self, first: pa.Table) -> None:
        """Choose the task and the groups by the first rows."""
        target = first[self.columns.target]
        given = self.columns.task
        if given is not None and given not in TASKS:
            raise DataError("unknown task", got=given, mend=nearest(given, TASKS))
        guessed = _is_quantity(target)
        self.task = "regression" if given == "regression" or (given is None and guessed) else ""
        if self.task and (self.columns.scores or self.columns.positive):
            raise CombinationError(
                "a regression has neither scores nor a positive class",
                got=f"target {self.columns.target!r} holds numbers",
                mend="leave out --score and --positive, or say --task binary",
            )
        self.coders = {name: coder(name, first[name]) for name in self.columns.sensitive}

    def take(self, table: pa.Table) -> _Rows:
        """One batch; what is no number is counted and replaced, for it is refused at the end."""
        c, n = self.columns, table.num_rows
        self.rows += n
        groups = [self.coders[name].codes(table[name]) for name in c.sensitive]
        if self.task:
            y_true, y_pred = (self._numbers(table, name) for name in (c.target, c.prediction))
        else:
            y_true, y_pred = self.labels.codes(table[c.target]), self.decided.codes(table[c.prediction])
            for name, labels, codes in (
                (c.target, self.labels, y_true),
                (c.prediction, self.decided, y_pred),
            ):
                self._count(name, codes == labels.seen.get(None, -1))
                _check_number_of(name, labels)
        return _Rows(
            groups=np.array(groups, dtype=np.int64).reshape(len(groups), n),
            y_true=y_true,
            y_pred=y_pred,
            scores=np.array([self._numbers(table, name) for name in c.scores]).reshape(len(c.scores), n).T,
            weight=self._numbers(table, c.weight) if c.weight else None,
        )

    def refuse(self) -> None:
        """DataError if cells were counted that hold nothing to audit."""
        for name, count in self.wrong.items():
            raise DataError(
                f"column {name!r} must hold a value in every row",
                got=f"NaN, infinity or nothing in {count:,} of {self.rows:,} rows",
                mend="find out why the model gives none there; dropping the rows would audit other people",
            )

    def _numbers(self, table: pa.Table, name: str) -> np.ndarray:
        values = numbers(table[name], name).to_numpy(zero_copy_only=False).astype(float)
        self._count(name, np.isnan(values))
        return np.nan_to_num(values)

    def _count(self, name: str, wrong: np.ndarray) -> None:
        if count := int(wrong.sum()):
            self.wrong[name] = self.wrong.get(name, 0) + count


def read_predictions(path: Path, columns: PredictionColumns, *, exact_rows: int = EXACT_ROWS) -> Predictions:
    """Read a CSV, JSON or parquet file of any size.

    Args:
        path: the file.
        columns: which of its columns is what; others are not read.
        exact_rows: with more rows than these, rows that agree become one entry (see `Condensed`).

    Returns:
        Predictions; in the order of the file where nothing is condensed.

    Raises:
        DataError: a column isn't there, or holds what can't be audited.
    """
    reader, stream = _Reader(columns), batches(path, columns.names)
    kept: list[_Rows] = []
    for rows in _rows(reader, stream):
        kept.append(rows)
        if reader.rows > exact_rows:
            break
    else:
        reader.refuse()
        return _finish(reader, _joined(kept), None)
    return _condense(reader, kept, _rows(reader, stream))


def _rows(reader: _Reader, stream: Iterator[pa.Table]) -> Iterator[_Rows]:
    for table in stream:
        if not reader.coders and not reader.rows:
            reader.start(table)
        rows = reader.take(table)
        check_scores(rows.scores, reader.columns.scores)
        yield rows


def _joined(parts: Sequence[_Rows]) -> _Rows:
    weights = [part.weight for part in parts if part.weight is not None]
    return _Rows(
        groups=np.concatenate([part.groups for part in parts], axis=1),
        y_true=np.concatenate([part.y_true for part in parts]),
        y_pred=np.concatenate([part.y_pred for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        weight=np.concatenate(weights) if weights else None,
    )


class _Kinds:
    """Combinations of groups, truth and decision, numbered as they are seen."""

    def __init__(self) -> None:
        self.seen: dict[tuple[int, ...], int] = {}

    def codes(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """(n,) number of each row's combination."""
        sizes = [int(part.max()) + 1 for part in parts]
        code = np.zeros(len(parts[0]), dtype=np.int64)
        for part, size in zip(parts, sizes, strict=True):
            code = code * size + part
        present, rank = compact(code, math.prod(sizes))
        found = zip(*(of.tolist() for of in np.unravel_index(present, sizes)), strict=True)
        place = np.array([self.seen.setdefault(kind, len(self.seen)) for kind in found])
        if len(self.seen) > _MOST_KINDS:
            raise DataError(
                "the sensitive columns make too many groups",
                got=f"more than {_MOST_KINDS:,} combinations with truth and decision",
                mend="name fewer sensitive columns, or columns with fewer values",
            )
        return place[rank]


def _condense(reader: _Reader, kept: list[_Rows], rest: Iterator[_Rows]) -> Predictions:
    """The file as entries: those of the rows that were kept so far, and of the rest as it is read."""
    regression = bool(reader.task)
    kinds, condenser = _Kinds(), Condenser(bits=_VALUE_BITS if regression else BITS)
    centre = float(np.mean(np.concatenate([part.y_true for part in kept]))) if regression else 0.0
    while kept:
        condenser.add(_entries(kept.pop(0), kinds, regression, centre))
    for rows in rest:
        condenser.add(_entries(rows, kinds, regression, centre))
    reader.refuse()
    found, bits = condenser.entries(), condenser.bits
    known = np.array(list(kinds.seen) or [()], dtype=np.int64)
    table = known[found.kind].T  # (groups, and truth and decision; n)
    means = found.sums / found.rows
    if regression:
        (truth, decision), groups, scores = means, table, np.empty((len(found), 0))
    else:
        groups, truth, decision = table[:-2], table[-2], table[-1]
        both = np.stack([means[0], 1 - means[0]], axis=1) if len(means) else np.empty((len(found), 0))
        scores = both[:, : len(reader.columns.scores)]
    rows = _Rows(groups, truth, decision, scores, found.weight if reader.columns.weight else None)
    ranks = found.codes[0] if len(found.codes) and not regression else None
    condensed = Condensed(
        rows=found.rows, squared=found.squared, ranks=ranks, bits=bits if len(found.codes) else 0
    )
    return _finish(reader, rows, condensed)


def _entries(rows: _Rows, kinds: _Kinds, regression: bool, centre: float) -> Entries:
    """One entry a row."""
    n = len(rows.y_true)
    one = np.ones(n, dtype=np.int64)
    weight = one.astype(float) if rows.weight is None else rows.weight
    if regression:
        codes = [leading_bits(of, _VALUE_BITS) for of in (rows.y_true - centre, rows.y_pred - rows.y_true)]
        values, parts = [rows.y_true, rows.y_pred], [*rows.groups]
    else:
        # With more than two classes the scores have too many dimensions to be kept.
        scored = rows.scores.shape[1] in (1, 2)
        codes = [score_ranks(rows.scores[:, 0], BITS)] if scored else []
        values, parts = [rows.scores[:, 0]] if scored else [], [*rows.groups, rows.y_true, rows.y_pred]
    return Entries(
        kind=kinds.codes(parts) if parts else np.zeros(n, dtype=np.int64),
        codes=np.array(codes, dtype=np.int64).reshape(len(codes), n),
        rows=one,
        weight=weight,
        squared=weight**2,
        sums=np.array(values, dtype=float).reshape(len(values), n),
    )


def _finish(reader: _Reader, rows: _Rows, condensed: Condensed | None) -> Predictions:
    """Codes of classes in their order, names of groups, and scores beside each class."""
    columns = reader.columns
    facts = {"task": "regression"} if reader.task else _as_classes(reader, rows, condensed)
    return Predictions(
        **{"y_true": rows.y_true, "y_pred": rows.y_pred, "scores": None, "condensed": condensed, **facts},
        rows=np.arange(len(rows.y_true)),
        sensitive={
            name: np.array(reader.coders[name].names, dtype=object)[codes]
            for name, codes in zip(columns.sensitive, rows.groups, strict=True)
        },
        weight=rows.weight,
    )


def _as_classes(reader: _Reader, rows: _Rows, condensed: Condensed | None) -> Mapping[str, object]:
    columns = reader.columns
    classes = _classes(reader)
    binary = len(classes) == 2
    place = {name: code for code, name in enumerate(classes)}
    truth, decision = (
        np.array([place.get(str(name), -1) for name in labels.names])[codes]
        for labels, codes in ((reader.labels, rows.y_true), (reader.decided, rows.y_pred))
    )
    found = {
        "task": "binary" if binary else "multiclass",
        "classes": tuple(classes),
        "positive": classes[1] if binary else None,
        "y_true": truth,
        "y_pred": decision,
    }
    if not columns.scores or (condensed is not None and len(columns.scores) > 2):
        return found
    order = order_of_scores(columns.scores, classes)
    if order is None:
        return found | {"scores": np.stack([1 - rows.scores[:, 0], rows.scores[:, 0]], axis=1)}
    if condensed is not None and order[0] == 0 and condensed.ranks is not None:
        # Ranks are those of the first column, which is the score of the class that isn't positive.
        found["condensed"] = dataclasses.replace(condensed, ranks=-condensed.ranks)
    return found | {"scores": rows.scores[:, order]}


def _classes(reader: _Reader) -> list[str]:
    """Classes in the order of their codes, the positive one last; every decision names one of them."""
    c = reader.columns
    true, decided = (
        [str(name) for name in of.names if name is not None] for of in (reader.labels, reader.decided)
    )
    if len(true) == 1:  # all rows are of one class: the other is known from the decisions, if at all
        true = list(dict.fromkeys((*true, *decided, *((c.positive,) if c.positive else ()))))
    unknown = [name for name in decided if name not in true]
    if unknown:
        raise DataError(
            f"the predictions of {c.prediction!r} name a class that is never true",
            got=", ".join(map(repr, unknown[:5])),
            expected=f"classes of {c.target!r}",
            mend=nearest(unknown[0], true),
        )
    if len(true) < 2:
        raise DataError(
            f"{c.target!r} and {c.prediction!r} hold one class only",
            got=", ".join(map(repr, true)),
            expected="at least two classes",
            mend="name the other class with --positive, if this is the negative one",
        )
    classes = in_order(true)
    if c.task == "binary" and len(classes) > 2:
        raise DataError(f"{c.target!r} has more than two classes", got=", ".join(classes[:10]))
    if c.positive is not None or len(classes) == 2:
        classes, _ = positive_last(c.target, classes, c.positive)
    return classes


def _is_quantity(column: pa.ChunkedArray) -> bool:
    """Whether these are numbers of something, not codes of classes."""
    try:
        return is_quantity(numbers(column, ""))
    except DataError:
        return False


def _check_number_of(name: str, labels: Labels) -> None:
    if len(labels.seen) > _MOST_CLASSES:
        raise DataError(
            f"column {name!r} holds too many different values to be classes",
            got=f"more than {_MOST_CLASSES:,}",
            expected="classes, or numbers",
            mend="is this the right column? of a regression say --task regression",
        )
