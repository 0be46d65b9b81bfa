import json

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import AuditConfig, RobustnessConfig
from assay.audits.robustness.stress import stress
from assay.platform.data.schema import Column


@pytest.fixture
def ask(build, tmp_path):
    def make(columns, table, y_true, score, tests=None, task="binary"):
        config = AuditConfig(robustness=RobustnessConfig(tests=tests, rows=100))
        subject = build(columns, table, y_true, score, task=task)
        return stress(
            subject.scorer, table, subject.predictions, config=config, background=table.slice(0, 50),
            pictures=tmp_path,
        )  # fmt: skip

    return make


def by_x(table):
    x = table["x"].to_numpy(zero_copy_only=False).astype(float)
    return np.where(np.isnan(x), 0.5, 1 / (1 + np.exp(-5 * np.nan_to_num(x))))


def test_a_model_from_elsewhere_is_tested_by_its_front_door_alone(ask, numbers):
    found = ask(*numbers, by_x)
    assert found.values["families"].keys() == {"column_shift", "missing_value"}
    assert found.values["foreign_rows"]["n"] == 100
    assert "/adversarial" in found.missing
    assert "/recalibration" in found.missing
    worst = found.values["families"]["column_shift"]["worst_change"]
    assert worst["kind"] in ("noise", "shift")
    assert worst.get("on", "x") == "x"
    json.dumps(found.values, allow_nan=False)


def test_columns_that_the_model_does_not_read_do_no_harm(ask, numbers):
    held = ask(*numbers, by_x).values["families"]["column_shift"]
    harmless = [c["result"]["value"] for c in held["changes"] if c.get("on") in ("z", "c")]
    assert set(harmless) == {held["clean"]["value"]}


def test_a_regression_is_tested_by_its_errors(ask, numbers):
    columns, table, _ = numbers

    def value(asked):
        return np.nan_to_num(asked["x"].to_numpy(zero_copy_only=False).astype(float))

    found = ask(columns, table, value(table) + 0.1, value, task="regression")
    assert found.values["metrics"]["worst_missing_value_error"]["value"] > 0.1
    assert {"/adversarial", "/foreign_rows"} <= found.missing.keys()
    assert "recalibration" not in found.values


def test_text_is_misspelt_where_the_model_reads_it_and_only_there(ask, numbers):
    columns, table, y_true = numbers
    words = pa.array(["good day" if y else "bad day" for y in y_true])
    table = table.append_column("t", words)
    columns = (*columns, Column(name="t", kind="text", role="feature", why=""))

    def reads(asked):
        return np.array([0.9 if "good" in text else 0.1 for text in asked["t"].to_pylist()])

    held = ask(columns, table, y_true, reads, tests=("typos",)).values["families"]["typo"]
    assert held["clean"]["value"] == 1
    assert held["worst"]["value"] < 1
    deaf = ask(columns, table, y_true, by_x, tests=("typos",))
    assert "does not read" in deaf.missing["/families/typo"]


def test_nothing_is_asked_where_no_test_is_named(ask, numbers):
    found = ask(*numbers, by_x, tests=())
    assert not found.values
    assert not found.missing
