"""Predictions of one split: the evidence from which performance, calibration and fairness are recomputed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..platform.exceptions import DataError
from .condensed import Condensed
from .intervals import Mass

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TASKS", "Predictions"]

TASKS = ("binary", "multiclass", "regression")
_METADATA = b"assay.predictions"


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model said of each row, beside what was true and who it was said of.

    `y_true` and `y_pred` are codes into `classes`, or values (regression). Rows whose truth, decision or
    score is not a number are refused, never skipped: a metric over the rest would be a metric of other rows.
    """

    task: str
    """binary, multiclass or regression."""
    classes: tuple[str, ...] = ()
    """Names of the codes; empty for regression."""
    positive: str | None = None
    """binary: the class counted as positive; it is `classes[1]`."""
    rows: np.ndarray
    """(n,) position of each row in the source."""
    y_true: np.ndarray
    """(n,) int64 codes or float64 values."""
    y_pred: np.ndarray
    """(n,) int64 codes or float64 values."""
    scores: np.ndarray | None = None
    """(n, classes) probabilities; None for regression, or where only decisions are known."""
    sensitive: Mapping[str, np.ndarray] = field(default_factory=dict)
    """(n,) strings for each sensitive column; None, NaN and empty strings are the group 'missing'."""
    weight: np.ndarray | None = None
    """(n,) non-negative sample weights; of condensed rows their sums."""
    condensed: Condensed | None = None
    """Where an entry stands for several rows that agree: how many, and what was kept of their scores."""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise DataError("unknown task", got=self.task, expected=" | ".join(TASKS))
        columns = {"y_true": self.y_true, "y_pred": self.y_pred, "scores": self.scores, "weight": self.weight}
        _same_length(
            self.rows, {**columns, **{f"sensitive column {k!r}": v for k, v in self.sensitive.items()}}
        )
        for name, values in columns.items():
            _numbers(name, values)
        if self.task != "regression":
            self._check_classes()
        if self.weight is not None and (np.min(self.weight, initial=0) < 0 or np.sum(self.weight) == 0):
            raise DataError(
                "sample weights are unusable", got="negative or all zero", expected="non-negative weights"
            )

    def _check_classes(self) -> None:
        for name, codes in (("y_true", self.y_true), ("y_pred", self.y_pred)):
            low, high = int(codes.min()), int(codes.max())
            if not np.issubdtype(codes.dtype, np.integer) or low < 0 or high >= len(self.classes):
                raise DataError(
                    f"{name} holds codes that name no class",
                    got=f"{codes.dtype} from {low} to {high}",
                    expected=f"integers from 0 to {len(self.classes) - 1}",
                )
        if self.task == "binary" and (len(self.classes) != 2 or self.positive != self.classes[1]):
            raise DataError(
                "a binary task needs two classes, the positive one second",
                got=f"classes {self.classes}, positive {self.positive!r}",
            )
        if self.scores is not None and self.scores.shape != (len(self), len(self.classes)):
            raise DataError(
                "scores have the wrong shape", got=self.scores.shape, expected=(len(self), len(self.classes))
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        """Number of rows that the entries stand for."""
        return len(self) if self.condensed is None else int(self.condensed.rows.sum())

    @property
    def mass(self) -> Mass:
        """How much each entry counts."""
        if self.condensed is None:
            return Mass.of(self.weight, len(self))
        rows = self.condensed.rows.astype(float)
        if self.weight is None:
            return Mass(rows=rows, weight=rows, squared=rows)
        return Mass(rows=rows, weight=self.weight, squared=self.condensed.squared)

    @property
    def ranking(self) -> np.ndarray | None:
        """(n,) what orders the rows of a binary task: the positive score, or its rank where condensed."""
        return self.positive_score if self.condensed is None else self.condensed.ranks

    @property
    def positive_score(self) -> np.ndarray | None:
        """(n,) score of the positive class, for binary tasks that have scores."""
        return None if self.scores is None or self.task != "binary" else self.scores[:, 1]

    def to_parquet(self, path: Path) -> None:
        """Write rows to one parquet file, with task and classes in the schema's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns: dict[str, pa.Array] = {
            "row": pa.array(self.rows),
            "y_true": pa.array(self.y_true),
            "y_pred": pa.array(self.y_pred),
        }
        if self.scores is not None:
            columns |= {f"score_{i}": pa.array(np.ascontiguousarray(s)) for i, s in enumerate(self.scores.T)}
        # Numbered, so that a sensitive column named "y_true" can't take another's place.
        for i, values in enumerate(self.sensitive.values()):
            columns[f"sensitive_{i}"] = pa.array(values, from_pandas=True).dictionary_encode()
        if self.weight is not None:
            columns["weight"] = pa.array(self.weight)
        if self.condensed is not None:
            columns |= {name: pa.array(of) for name, of in _of_condensed(self.condensed).items()}
        facts = {
            "bits": None if self.condensed is None else self.condensed.bits,
            "task": self.task,
            "classes": self.classes,
            "positive": self.positive,
            "sensitive": list(self.sensitive),
        }
        table = pa.table(columns).replace_schema_metadata({_METADATA: json.dumps(facts).encode()})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def from_parquet(cls, path: Path) -> "Predictions":
        """Read what `to_parquet` wrote.

        Raises:
            DataError: the file isn't one that Assay wrote.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            facts = json.loads((table.schema.metadata or {})[_METADATA])
        except (OSError, pa.ArrowInvalid, KeyError) as error:
            raise DataError(
                "predictions can't be read",
                got=f"{path}: {error}",
                expected="a parquet file that `assay run` wrote",
            ) from error
        scores = [table[name].to_numpy() for name in table.column_names if name.startswith("score_")]
        return cls(
            task=facts["task"],
            classes=tuple(facts["classes"]),
            positive=facts["positive"],
            rows=table["row"].to_numpy(),
            y_true=table["y_true"].to_numpy(),
            y_pred=table["y_pred"].to_numpy(),
            scores=np.stack(scores, axis=1) if scores else None,
            sensitive={name: _strings(table[f"sensitive_{i}"]) for i, name in enumerate(facts["sensitive"])},
            weight=table["weight"].to_numpy() if "weight" in table.column_names else None,
            condensed=_condensed(table, facts.get("bits")),
        )


_COUNT = "count_"


def _of_condensed(condensed: Condensed) -> dict[str, np.ndarray]:
    """Its columns in a file."""
    found = {"rows": condensed.rows, "squared": condensed.squared, "ranks": condensed.ranks}
    return {_COUNT + name: of for name, of in found.items() if of is not None}


def _condensed(table: "pa.Table", bits: int | None) -> Condensed | None:
    if bits is None:
        return None
    names = [name for name in table.column_names if name.startswith(_COUNT)]
    return Condensed(**{name.removeprefix(_COUNT): table[name].to_numpy() for name in names}, bits=bits)


def _strings(column: "pa.ChunkedArray") -> np.ndarray:
    """(n,) object array of strings, None where missing."""
    return column.to_pandas().astype(object).where(lambda values: values.notna(), None).to_numpy()


def _same_length(rows: np.ndarray, columns: Mapping[str, np.ndarray | None]) -> None:
    if len(rows) == 0:
        raise DataError("there are no predictions to audit", got="0 rows", expected="at least one row")
    for name, values in columns.items():
        if values is not None and len(values) != len(rows):
            raise DataError(f"{name} has another length than the rows", got=len(values), expected=len(rows))


def _numbers(name: str, values: np.ndarray | None) -> None:
    if values is None:
        return
    wrong = int((~np.isfinite(values)).any(axis=tuple(range(1, values.ndim))).sum())
    if wrong:
        raise DataError(
            f"{name} must be finite numbers",
            got=f"NaN or infinity in {wrong} of {len(values)} rows",
            mend="find out why the model gives no number there; dropping the rows would audit other people",
        )
