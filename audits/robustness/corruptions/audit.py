"""Accuracy on corrupted images: 15 kinds at five severities, beside a reference, with a sheet of examples."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from ....platform.data.schema import Schema
from ...findings import Findings, number
from ...intervals import GATE, means, pointwise
from ..family import Change, Outcome, run
from ..measure import join
from ..shifted_calibration import after_changes
from ..subject import Subject
from .kinds import KINDS, SEVERITIES, corrupt

__all__ = ["corruptions", "images_of", "with_images"]

NAME = "corruption"
SHOWN_SEVERITY = 3
_PER_ROW = 4
_CELL = 64
_GAP = 2


def corruptions(
    subject: Subject, pictures: Path, reference: Callable[[pa.Table], np.ndarray] | None = None
) -> Findings:
    """Every corruption at every severity, done to the subject's images.

    Args:
        subject: model and images.
        pictures: folder for the sheet of examples.
        reference: scores of a simple model on a table, for the mean corruption error; None leaves that out.
    """
    images = images_of(subject.table, subject.schema)
    beside = None if reference is None or subject.regression else _Beside(reference, subject)
    found, outcomes = run(NAME, subject, _changes(subject, images, beside))
    if not outcomes:
        return found
    more: dict[str, Any] = {"picture": _sheet(images, subject.config.robustness.seed, pictures)}
    calibrated = [
        {"level": level} | after_changes(subject, [o for o in outcomes if o.change.level == level])
        for level in SEVERITIES
    ]
    if "changed" in calibrated[0]:
        more["calibration"] = calibrated
    extended = Findings(values={"families": {NAME: more}})
    return join(found, extended, _mean_corruption_error(subject, outcomes, beside))


def images_of(table: pa.Table, schema: Schema) -> np.ndarray:
    """`(n, channels, height, width)` float64 in [0, 1]."""
    assert schema.image is not None
    column = table[_column(schema)].combine_chunks()
    return column.flatten().to_numpy().reshape(-1, *schema.image) / 255


def with_images(table: pa.Table, schema: Schema, images: np.ndarray) -> pa.Table:
    """The table with other images, `(n, channels, height, width)` uint8."""
    name = _column(schema)
    cells = pa.array(images.reshape(-1))
    return table.set_column(
        table.column_names.index(name),
        name,
        pa.FixedSizeListArray.from_arrays(cells, images[0].size),
    )


def _column(schema: Schema) -> str:
    return next(column.name for column in schema.features if column.kind == "image")


class _Beside:
    """Mistakes of the reference on the tables that the model is asked about, `(n,)` for each kind."""

    def __init__(self, reference: Callable[[pa.Table], np.ndarray], subject: Subject):
        self._reference, self._y_true = reference, subject.predictions.y_true
        self.errors = {kind: np.zeros(len(subject.weight)) for kind in KINDS}

    def judge(self, kind: str, table: pa.Table) -> None:
        self.errors[kind] += self._reference(table).argmax(axis=1) != self._y_true


def _changes(subject: Subject, images: np.ndarray, beside: _Beside | None) -> Iterator[Change]:
    seed = subject.config.robustness.seed

    def table(kind: str, severity: int) -> pa.Table:
        made = with_images(subject.table, subject.schema, corrupt(images, kind, severity, seed))
        if beside is not None:
            beside.judge(kind, made)
        return made

    for kind in KINDS:
        for severity in SEVERITIES:
            yield Change(kind=kind, level=severity, table=partial(table, kind, severity))


def _mean_corruption_error(subject: Subject, outcomes: list[Outcome], beside: _Beside | None) -> Findings:
    """Mean over kinds of the model's errors over the reference's, summed over severities (the paper's mCE).

    The paper divides by AlexNet's errors on ImageNet; here by those of a simple model on the same images. The
    interval is that of the linearised ratio: both models judged the same rows.
    """
    place = "/metrics/mean_corruption_error"
    if beside is None:
        return Findings(missing={place: "there is no reference model to compare errors with"})
    ours, theirs = {kind: np.zeros(len(subject.weight)) for kind in KINDS}, beside.errors
    for each in outcomes:
        ours[each.change.kind] += 1 - each.marks.values
    weight = subject.weight
    levels = {kind: np.average(errors, weights=weight) for kind, errors in theirs.items()}
    if not all(levels.values()):
        return Findings(missing={place: "the reference makes no mistake under one of the corruptions"})
    ratios = {kind: np.average(ours[kind], weights=weight) / levels[kind] for kind in KINDS}
    influence = np.mean([(ours[k] - ratios[k] * theirs[k]) / levels[k] for k in KINDS], axis=0)
    spread = means(influence, np.zeros(len(weight), dtype=np.int64), 1, weight, positive=False)
    value = float(np.mean(list(ratios.values())))

    def bounds(level: float) -> tuple[float, float]:
        low, high = spread.limits(pointwise(level))
        return max(0.0, value + float(low[0])), value + float(high[0])

    low, high = bounds((1 + subject.config.confidence) / 2)
    if not np.isfinite([low, high]).all():
        return Findings(missing={place: "too few rows"})
    measured = number(value, min(low, value), max(high, value), len(weight), bounds(GATE))
    return Findings(values={
        "metrics": {"mean_corruption_error": measured},
        "families": {NAME: {"error_ratios": {kind: float(ratio) for kind, ratio in ratios.items()}}},
    })  # fmt: skip


def _sheet(images: np.ndarray, seed: int, pictures: Path) -> str:
    """One PNG: the first image as it is, then under every corruption at one severity, row by row."""
    first = images[:1]
    cells = [np.uint8(first * 255 + 0.5), *(corrupt(first, kind, SHOWN_SEVERITY, seed) for kind in KINDS)]
    height, width = images.shape[2:]
    factor = max(1, _CELL // max(height, width))
    rows = -(-len(cells) // _PER_ROW)
    step_x, step_y = width * factor + _GAP, height * factor + _GAP
    sheet = Image.new("RGB", (_PER_ROW * step_x - _GAP, rows * step_y - _GAP), "white")
    for place, cell in enumerate(cells):
        grey = cell[0].mean(axis=0, keepdims=True).astype(np.uint8)
        pixels = cell[0] if len(cell[0]) == 3 else np.repeat(grey, 3, axis=0)
        drawn = Image.fromarray(pixels.transpose(1, 2, 0)).resize(
            (width * factor, height * factor), Image.Resampling.NEAREST
        )
        sheet.paste(drawn, (place % _PER_ROW * step_x, place // _PER_ROW * step_y))
    path = pictures / "corruptions.png"
    sheet.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return f"{pictures.name}/{path.name}"
