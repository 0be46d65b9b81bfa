"""ONNX graphs, run by onnxruntime on the CPU: known operators, and no program that could be executed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ...data.schema import Schema, resolve
from ...data.values import categories, numbers
from ...exceptions import ModelError, nearest
from .classes import codes_of, softmax

__all__ = ["load"]

_NUMBERS = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}
_BATCH = 1 << 16


@dataclass(frozen=True)
class _Graph:
    """An inference session beside the schema that its inputs are taken from."""

    session: Any
    schema: Schema
    logits: bool

    @property
    def name(self) -> str:
        """The program that wrote the graph."""
        producer = self.session.get_modelmeta().producer_name
        return f"ONNX graph ({producer})" if producer else "ONNX graph"

    @property
    def columns(self) -> tuple[str, ...]:
        known = [column.name for column in self.schema.columns]
        inputs = self.session.get_inputs()
        if len(inputs) > 1 or inputs[0].name in known:
            return tuple(one.name for one in inputs)
        if self.schema.modality == "image":
            return ("image",)
        return tuple(resolve(name, known, what="column of the model") for name in self._named())

    @property
    def probabilities(self) -> bool:
        return self.schema.task != "regression" and self._score_output() is not None

    def scores(self, table: pa.Table) -> np.ndarray:
        parts = [
            self._batch(table.slice(start, _BATCH)) for start in range(0, max(table.num_rows, 1), _BATCH)
        ]
        return np.concatenate(parts)

    def decisions(self, table: pa.Table) -> np.ndarray | None:
        """None: a label beside scores is what the scores say; without scores they mark the label."""
        return None

    def _batch(self, table: pa.Table) -> np.ndarray:
        found = self.session.run(None, self._feed(table))
        by_name = {
            output.name: value for output, value in zip(self.session.get_outputs(), found, strict=True)
        }
        if self.schema.task == "regression":
            return np.asarray(next(iter(by_name.values())), dtype=np.float64).reshape(table.num_rows)
        output = self._score_output()
        if output is None:
            return self._marked(np.asarray(next(iter(by_name.values()))).ravel())
        return self._of_classes(by_name[output])

    def _score_output(self) -> str | None:
        """The output that isn't a label: maps from class to probability, or a matrix of floats."""
        for output in self.session.get_outputs():
            if output.type.startswith("seq(map(") or output.type in ("tensor(float)", "tensor(double)"):
                return output.name
        return None

    def _of_classes(self, found: Any) -> np.ndarray:
        classes = self.schema.classes
        if isinstance(found, list):  # ZipMap: a dictionary a row
            names = list(found[0]) if found else list(classes)
            matrix = np.array([[row[name] for name in names] for row in found]).reshape(-1, len(names))
        else:
            matrix = np.asarray(found, dtype=np.float64)
            matrix = matrix.reshape(len(matrix), -1)
            names = [str(i) for i in range(len(classes))]
        if self.logits:
            matrix = softmax(matrix)
        elif matrix.shape[1] == 1 and len(classes) == 2:
            matrix = np.concatenate([1 - matrix, matrix], axis=1)
        if matrix.shape[1] != len(classes):
            raise ModelError(
                "the model's output has the wrong width",
                got=matrix.shape[1],
                expected=f"{len(classes)} classes",
            )
        scores = np.empty_like(matrix)
        scores[:, codes_of(names, classes)] = matrix
        return scores

    def _marked(self, labels: np.ndarray) -> np.ndarray:
        """1 at the label of each row."""
        distinct = list(range(len(self.schema.classes)))
        names = distinct if np.issubdtype(labels.dtype, np.integer) else list(self.schema.classes)
        place = dict(zip(names, codes_of(names, self.schema.classes), strict=True))
        return np.eye(len(self.schema.classes))[[place[label] for label in labels.tolist()]]

    def _feed(self, table: pa.Table) -> dict[str, np.ndarray]:
        inputs = self.session.get_inputs()
        known = [name for name in table.column_names if not name.startswith("__")]
        if len(inputs) == 1 and inputs[0].name not in known:
            return {inputs[0].name: self._matrix(inputs[0], table)}
        feed = {}
        for one in inputs:
            if one.name not in known:
                raise ModelError(
                    "the graph's input is no column of the data", got=one.name, mend=nearest(one.name, known)
                )
            column = table[one.name]
            if one.type == "tensor(string)":
                values = np.array(categories(column).to_pylist(), dtype=object)
            else:
                values = numbers(column, one.name).to_numpy(zero_copy_only=False).astype(_kind(one))
            feed[one.name] = values[:, None] if len(one.shape) == 2 else values
        return feed

    def _matrix(self, one: Any, table: pa.Table) -> np.ndarray:
        """Columns beside each other: those that the graph's metadata name, or the numeric features."""
        if self.schema.modality == "image":
            flat = table["image"].combine_chunks().flatten().to_numpy().astype(_kind(one))
            assert self.schema.image is not None
            return flat.reshape(-1, *self.schema.image)
        names = self._named()
        if isinstance(one.shape[-1], int) and one.shape[-1] != len(names):
            raise ModelError(
                f"the graph's input {one.name!r} has another width than the data",
                got=f"{one.shape[-1]} columns",
                expected=f"{len(names)} numeric features: {', '.join(names[:20])}",
                mend="give each column an input of its own, or put `feature_names` (JSON) in the metadata",
            )
        columns = [numbers(table[name], name).to_numpy(zero_copy_only=False) for name in self.columns]
        return np.stack(columns, axis=1).astype(_kind(one))

    def _named(self) -> list[str]:
        said = self.session.get_modelmeta().custom_metadata_map.get("feature_names")
        return json.loads(said) if said else [c.name for c in self.schema.features if c.kind == "numeric"]


def _kind(one: Any) -> Any:
    if one.type not in _NUMBERS:
        raise ModelError("the graph takes inputs of a kind that isn't known", got=f"{one.name}: {one.type}")
    return _NUMBERS[one.type]


def load(path: Path, schema: Schema, *, logits: bool) -> _Graph:
    """Open an `.onnx` file.

    Raises:
        ModelError: onnxruntime can't read it, or it needs operators or files of its own.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the order of summation must not depend on the cores
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no root
        raise ModelError(
            f"{path.name} can't be opened", got=f"{type(error).__name__}: {error}"[:300],
            expected="one ONNX file with its weights in it, of standard operators",
        ) from error  # fmt: skip
    return _Graph(session, schema, logits)
