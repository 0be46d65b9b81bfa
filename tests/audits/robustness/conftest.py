"""Models whose answers are known, and the tables that they answer."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import AuditConfig, RobustnessConfig
from assay.audits.predictions import Predictions
from assay.audits.robustness.subject import Subject
from assay.platform.data.schema import Column, Schema

ROWS = 300


def column(name: str, kind: str, role: str = "feature") -> Column:
    return Column(name=name, kind=kind, role=role, why="")


def schema(*columns: Column, task: str = "binary", **more) -> Schema:
    classes = {"binary": ("no", "yes"), "regression": ()}.get(task, ("a", "b", "c"))
    return Schema(
        modality=more.pop("modality", "tabular"), task=task, columns=columns, target="y", classes=classes,
        positive="yes" if task == "binary" else None, **more,
    )  # fmt: skip


class Rule:
    """A model from elsewhere: a table in, scores out, and nothing to look into."""

    def __init__(self, schema: Schema, score: Callable[[pa.Table], np.ndarray]):
        self.schema, self.task, self._score = schema, schema.task, score

    def predict(self, table: pa.Table) -> np.ndarray:
        found = self._score(table)
        return found if self.task == "regression" or found.ndim == 2 else np.stack([1 - found, found], axis=1)

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        return scores if self.task == "regression" else scores.argmax(axis=1)


def said(model, table: pa.Table, y_true: np.ndarray, **more) -> Predictions:
    scores = model.predict(table)
    return Predictions(
        task=model.task, classes=model.schema.classes, positive=model.schema.positive,
        rows=np.arange(len(y_true)), y_true=y_true, y_pred=model.decide(scores, table),
        scores=None if model.task == "regression" else scores, **more,
    )  # fmt: skip


@pytest.fixture
def build():
    """Schema, model and subject from a rule: `build(columns, table, y_true, score, ...)`."""

    def make(columns, table, y_true, score, *, task="binary", model=None, sensitive=None, **settings):
        described = schema(*columns, task=task, **settings.pop("schema", {}))
        model = Rule(described, score) if model is None else model(described)
        config = AuditConfig(robustness=RobustnessConfig(**settings))
        predictions = said(model, table, y_true, sensitive=sensitive or {})
        return Subject.draw(model, table, predictions, config, len(y_true))

    return make


@pytest.fixture
def numbers():
    """Two numeric columns and a category; the label is whether x is above 0."""
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, ROWS))
    table = pa.table({"x": x, "z": z, "c": rng.choice(["u", "v"], ROWS)})
    columns = column("x", "numeric"), column("z", "numeric"), column("c", "categorical")
    return columns, table, (x > 0).astype(np.int64)
