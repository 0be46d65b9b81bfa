"""Models of tables and of images whose true explanation is known."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.audits import report
from assay.platform.data.schema import Column, Schema


def schema_of(
    table: pa.Table,
    task: str,
    classes: Sequence[str],
    sensitive: Sequence[str] = (),
    features: Sequence[str] | None = None,
    image: tuple[int, int, int] | None = None,
) -> Schema:
    """Every column but `__row__` a feature: text by its name, strings categorical, the rest numeric."""
    kinds = {
        name: "image"
        if name == "image"
        else "text"
        if "text" in name
        else "categorical"
        if pa.types.is_string(table[name].type)
        else "numeric"
        for name in table.column_names
    }
    role = lambda name: (  # noqa: E731
        "sensitive"
        if name in sensitive
        else "feature"
        if name != "__row__" and (features is None or name in features)
        else "ignored"
    )
    return Schema(
        modality="image" if image else "tabular",
        task=task,
        columns=tuple(
            Column(name=name, kind=kinds[name], role=role(name), why="") for name in table.column_names
        ),
        target="y",
        classes=tuple(classes),
        positive=classes[1] if len(classes) == 2 else None,
        sensitive=tuple(sensitive),
        image=image,
    )


class Asked:
    """A model that can only be asked: scores of a function of the table."""

    def __init__(self, function: Callable[[pa.Table], np.ndarray], schema: Schema):
        self.function, self.schema = function, schema
        self.task, self.classes, self.positive = schema.task, schema.classes, schema.positive

    def predict(self, table: pa.Table) -> np.ndarray:
        """Of a binary task the function gives the probability of the positive class."""
        found = self.function(table)
        return np.stack([1 - found, found], axis=1) if self.task == "binary" else found

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        return scores if self.task == "regression" else scores.argmax(axis=1)


class Shown(Asked):
    """A predictor of a network over a table."""

    def __init__(self, module: Any, names: Sequence[str], schema: Schema, inputs: Callable[..., Any]):
        self.module, self.feature_names, self.inputs = module.eval(), tuple(names), inputs
        self.schema, self.task = schema, schema.task
        self.classes, self.positive = schema.classes, schema.positive

    def predict(self, table: pa.Table) -> np.ndarray:
        with torch.no_grad():
            logits = self.module(*self.inputs(table))
        return (logits[:, 0] if self.task == "regression" else logits.softmax(dim=1)).numpy()


def numbers(table: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Columns as `(rows, columns)` float."""
    return np.stack([table[name].to_numpy() for name in names], axis=1).astype(float)


def table_of_images(pixels: np.ndarray, **columns: Any) -> pa.Table:
    """Images `(rows, channels, height, width)` uint8 as a table."""
    flat = pixels.reshape(len(pixels), -1)
    images = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1])
    return pa.table({"__row__": np.arange(len(pixels)), "image": images, **columns})


def image_inputs(shape: tuple[int, int, int]) -> Callable[[pa.Table], tuple[torch.Tensor, ...]]:
    """From a table of images to what a network takes."""

    def inputs(table: pa.Table) -> tuple[torch.Tensor, ...]:
        flat = table["image"].combine_chunks().flatten().to_numpy()
        return (torch.from_numpy(flat.reshape(-1, *shape).astype(np.float32)) / 255 - 0.5,)

    return inputs


def train(module: Any, inputs: tuple[torch.Tensor, ...], y: np.ndarray, steps: int = 150, rate: float = 0.01):
    """Full-batch Adam."""
    optimizer, target = torch.optim.Adam(module.parameters(), lr=rate), torch.from_numpy(y)
    module.train()
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(*inputs), target).backward()
        optimizer.step()
    return module.eval()


def fits_the_report(values: dict[str, Any]) -> None:
    """Findings are what the report's schema calls an explanation."""
    import jsonschema

    schema = json.loads((Path(report.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator({"$ref": "#/$defs/explanation", "$defs": schema["$defs"]}).validate(
        values
    )


class Worlds:
    """What tests build models with."""

    fits_the_report = staticmethod(fits_the_report)

    schema_of = staticmethod(schema_of)
    numbers = staticmethod(numbers)
    table_of_images = staticmethod(table_of_images)
    image_inputs = staticmethod(image_inputs)
    train = staticmethod(train)
    Asked = Asked
    Shown = Shown


@pytest.fixture(scope="session")
def worlds() -> type[Worlds]:
    return Worlds


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small gain nothing from more threads, and lose much where the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
