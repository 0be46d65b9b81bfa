"""Columns of every type that a table may have, and what is missing in them: no crash, and JSON that holds."""

import datetime
import json
import warnings

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import ExplainConfig
from assay.audits.explanation import METHODS, explain
from assay.platform.data.schema import Column, Schema

ROWS = 60


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(int(d)) for d in rng.integers(0, 900, ROWS)]
    numbers = rng.normal(size=ROWS)
    holes = numbers.copy()
    holes[::7], holes[3] = np.nan, np.inf
    return pa.table(
        {
            "x": numbers,
            "holes": pa.array(holes),
            "whole": pa.array(rng.integers(0, 5, ROWS), pa.int8()),
            "yes": pa.array(rng.random(ROWS) < 0.5),
            "nothing": pa.array([None] * ROWS, pa.float64()),
            "day": pa.array(days),
            "<b>colour</b>": pa.array([None, "red", "\u202eblue"] * 20).dictionary_encode(),
            "number in words": pa.array(["1", "2", "?"] * 20),
        }
    )


KINDS = ("numeric", "numeric", "numeric", "numeric", "numeric", "date", "categorical", "numeric")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_any_column_is_explained_without_a_crash_or_a_number_that_is_none(worlds, table, tmp_path, task):
    classes = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    columns = tuple(
        Column(name=name, kind=kind, role="feature", why="")
        for name, kind in zip(table.column_names, KINDS, strict=True)
    )
    schema = Schema(modality="tabular", task=task, columns=columns, target="y", classes=classes)

    def says(table):
        points = np.nan_to_num(table["x"].to_numpy()) + np.array(table["yes"].to_pylist(), float)
        score = 1 / (1 + np.exp(-points))
        return np.stack([score / 2, 1 - score, score / 2], axis=1) if task == "multiclass" else score

    y = np.random.default_rng(1).integers(0, max(2, len(classes)), ROWS)
    scoring = tuple(
        name
        for name, method in METHODS.items()
        if "tabular" in method.modalities and name not in ("integrated_gradients", "gradient_shap")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = explain(
            worlds.Asked(says, schema),
            table,
            y_true=y,
            config=ExplainConfig(methods=scoring, examples=3),
            pictures=tmp_path,
            background=table,
            sensitive={"colour": np.array(["red", "blue", "none"] * 20)},
        )
    json.dumps(found.values, allow_nan=False)
    worlds.fits_the_report(found.values)
    top = found.values["methods"]["exact_shapley"]["global"][0]
    assert top["feature"] == "x"


def test_a_constant_model_shares_out_nothing(worlds, table, tmp_path):
    columns = (Column(name="x", kind="numeric", role="feature", why=""),)
    schema = Schema(modality="tabular", task="binary", columns=columns, target="y", classes=("no", "yes"))
    found = explain(
        worlds.Asked(lambda t: np.full(t.num_rows, 0.3), schema),
        table,
        y_true=np.arange(ROWS) % 2,
        config=ExplainConfig(),
        pictures=tmp_path,
        background=table,
    )
    assert found.values["methods"]["kernel_shap"]["global"][0]["value"] == 0
    assert found.values["faithfulness"]["kernel_shap_deletion_advantage"]["value"] == pytest.approx(
        0, abs=1e-9
    )
    for example in found.values["methods"]["counterfactuals"]["examples"]:
        assert "the decision stayed" in example["none_found"]
