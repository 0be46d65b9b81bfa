"""The audit of a few-shot model: test episodes, answered and measured; measured again by `assay verify`."""

import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from ..audits.bounds import with_bounds
from ..audits.config import AuditConfig
from ..audits.episodes import Episodes, measure
from ..audits.episodes.picture import draw
from ..audits.findings import Findings
from ..platform.data.dataset import Dataset
from ..platform.data.schema import ROW
from ..platform.few_shot.config import FewShotConfig, Shape
from ..platform.few_shot.drawing import rows_of_classes
from ..platform.few_shot.judging import NEAREST_MEAN, answers, drawn, nearest_mean
from ..platform.few_shot.model import FewShotModel
from .findings_file import to_bytes

__all__ = ["audit_few_shot", "measure_few_shot", "redrawn"]

_NO_CLASSES = (
    "A few-shot model has no classes of its own: it answers episodes, whose classes are always others."
)
_UNASKED = {
    "calibration": f"{_NO_CLASSES} Its scores are distances, which nothing calibrates.",
    "fairness": f"{_NO_CLASSES} Accuracy by group of classes stands under performance.",
    "slices": f"{_NO_CLASSES} No columns of its queries were searched.",
    "explanation": f"{_NO_CLASSES} Explanations here are of a class's score.",
    "robustness": f"{_NO_CLASSES} Prediction sets need scores of fixed classes.",
    "stress": f"{_NO_CLASSES} No changed support or query was asked about.",
    "privacy": f"{_NO_CLASSES} No attack for episodes is known here.",
}
"""Rooms of the report that other models fill, and why there is nothing in them."""


def audit_few_shot(
    *, dataset: Path, model: Path, config: AuditConfig, few_shot: FewShotConfig, out: Path
) -> Mapping[str, Any]:
    """Draw the test episodes, have them answered, measure; write evidence, findings and pictures.

    Args:
        dataset: folder of a dataset artifact whose classes don't cross splits.
        model: folder of a few-shot model artifact.
        config: its confidences count here.
        few_shot: the section `few_shot` of the spec.
        out: folder to fill.

    Returns:
        For the manifest: rows that were audited, and how long answering all queries took.
    """
    data, opened = Dataset.open(dataset), FewShotModel.load(model)
    test = data.test_table()
    (pixels,) = opened.preprocessor.raw(test)
    began = time.perf_counter()
    rows, learner = opened.rows(test), opened.learner
    found, asked = [], 0
    for shape in few_shot.audited:
        index = drawn(_codes(data, test), few_shot, shape)
        given = answers(learner, rows, index, shape)
        asked += given.size
        found.append((index, shape, given))
    seconds = time.perf_counter() - began
    plain = torch.from_numpy(pixels)
    (out / "predictions").mkdir()
    (out / "pictures").mkdir()
    for index, shape, given in found:
        baseline = answers(nearest_mean(), plain, index, shape)
        evidence = _evidence(data, opened, test, index, shape, given, baseline)
        evidence.to_parquet(_file(out, shape))
        if shape == few_shot.judged:
            _draw(evidence, index, pixels.reshape(len(pixels), *_image_shape(data)), out)
    findings = measure_few_shot(out, config, few_shot)
    (out / "findings.json").write_bytes(to_bytes(findings))
    return {"rows": test.num_rows, "prediction": {"rows": asked, "seconds": seconds}}


def measure_few_shot(audit: Path, config: AuditConfig, few_shot: FewShotConfig) -> dict[str, Findings]:
    """All findings, from the stored answers alone; deterministic."""
    stored = [Episodes.from_parquet(_file(audit, shape)) for shape in few_shot.audited]

    def at(confidence: float) -> dict[str, Findings]:
        return {"performance": measure(stored, baseline=NEAREST_MEAN, confidence=confidence)}

    found = with_bounds(at, config.confidences, at(config.confidence))
    rows = {"/metrics": "The rows were not audited: what is checked there are labels of fixed classes."}
    return (
        found
        | {room: Findings(missing={"": why}) for room, why in _UNASKED.items()}
        | {"data": Findings(missing=rows)}
    )


def redrawn(dataset: Path, audit: Path, few_shot: FewShotConfig) -> list[str]:
    """What differs where the test episodes are drawn again from the spec's seed: none was picked by hand."""
    data = Dataset.open(dataset)
    test, differences = data.test_table(), []
    codes, numbers = _codes(data, test), test[ROW].to_numpy()
    for shape in few_shot.audited:
        stored = Episodes.from_parquet(_file(audit, shape))
        queries = _queries(drawn(codes, few_shot, shape), shape).ravel()
        same = np.array_equal(numbers[queries], stored.rows) and np.array_equal(codes[queries], stored.y_true)
        differences += [] if same else [f"{shape.shot}-shot episodes aren't those of few_shot.seed"]
    return differences


def _evidence(
    data: Dataset,
    model: FewShotModel,
    test: pa.Table,
    index: np.ndarray,
    shape: Shape,
    given: np.ndarray,
    baseline: np.ndarray,
) -> Episodes:
    """Answers by place in the episode as answers by class, with what else is known of each query."""
    codes, queries = _codes(data, test), _queries(index, shape)
    ways = codes[queries[:, :: shape.queries]]  # (episodes, way): the class at each place
    asked = queries.ravel()
    columns = [
        column.name for column in data.schema.columns
        if column.role == "split" or column.name in data.schema.sensitive
    ]  # fmt: skip
    known = dataclasses.replace(model.preprocessor, schema=data.schema)
    return Episodes(
        way=shape.way,
        shot=shape.shot,
        queries=shape.queries,
        classes=data.schema.classes,
        eligible=len(rows_of_classes(torch.from_numpy(codes), shape, "test")),
        rows=test[ROW].to_numpy()[asked],
        y_true=codes[asked],
        y_pred=np.take_along_axis(ways, given, axis=1).ravel(),
        y_baseline=np.take_along_axis(ways, baseline, axis=1).ravel(),
        groups={name: values[asked] for name, values in known.sensitive(test, columns).items()},
    )


def _codes(data: Dataset, test: pa.Table) -> np.ndarray:
    """`(rows,)` code of each test row's class among all classes of the data."""
    names = {name: code for code, name in enumerate(data.schema.classes)}
    return np.array([names[label] for label in test[data.schema.target].to_pylist()], dtype=np.int64)


def _queries(index: np.ndarray, shape: Shape) -> np.ndarray:
    """`(episodes, way * queries)` positions of the rows that are asked about."""
    return index[:, shape.way * shape.shot :]


def _image_shape(data: Dataset) -> tuple[int, int, int]:
    assert data.schema.image is not None, "few-shot learning is of images"
    return data.schema.image


def _draw(evidence: Episodes, index: np.ndarray, images: np.ndarray, out: Path) -> None:
    """The pictures that the findings name: the first episode as it came, and the worst."""
    shape = Shape(way=evidence.way, shot=evidence.shot, queries=evidence.queries)
    right = (evidence.y_pred == evidence.y_true).reshape(evidence.count, shape.way, shape.queries)
    for shown in evidence.shown:
        number = shown["episode"] - 1
        support, query = np.split(images[index[number]], [shape.way * shape.shot])
        draw(
            support.reshape(shape.way, shape.shot, *images.shape[1:]),
            query.reshape(shape.way, shape.queries, *images.shape[1:]),
            right[number],
            out / shown["picture"],
        )


def _file(audit: Path, shape: Shape) -> Path:
    return audit / "predictions" / f"episodes_{shape.shot}.parquet"
