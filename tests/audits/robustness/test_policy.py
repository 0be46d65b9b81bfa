"""Every metric of robustness that a policy may name is measured where the policy looks for it."""

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import AuditConfig
from assay.audits.metrics import METRICS
from assay.audits.policy import Check, evaluate
from assay.audits.robustness import join, measure
from assay.audits.robustness.stress import stress
from assay.audits.validation import validate
from assay.platform.data.schema import Column
from assay.platform.exceptions import SpecError

ELSEWHERE = {"adversarial_accuracy"}  # needs a network: see test_adversarial
OF_IMAGES = {name for name in METRICS if "corruption" in name}


@pytest.fixture(params=["binary", "regression"])
def report(request, build, numbers, tmp_path):
    columns, table, y_true = numbers
    x, texts = table["x"].to_numpy(), pa.array(["some text", "more text"] * 150)
    table = table.append_column("t", texts)
    columns = (*columns, Column(name="t", kind="text", role="feature", why=""))
    task = request.param

    def score(asked):
        found = np.nan_to_num(asked["x"].to_numpy(zero_copy_only=False).astype(float))
        found = found + 0.01 * np.array([len(text) for text in asked["t"].to_pylist()])
        return found if task == "regression" else 1 / (1 + np.exp(-found))

    truth = x if task == "regression" else y_true
    sensitive = {"g": np.array(["a", "b"] * 150)}
    subject = build(columns, table, truth, score, task=task, sensitive=sensitive)
    predictions = subject.predictions
    asked = stress(
        subject.scorer, table, predictions, config=AuditConfig(), background=table, pictures=tmp_path
    )  # fmt: skip
    return task, {"robustness": join(measure(predictions, predictions, AuditConfig()), asked).values}


def test_every_metric_is_found_overall_and_by_group(report):
    task, found = report
    for name, metric in METRICS.items():
        if task not in metric.tasks or name in ELSEWHERE | OF_IMAGES:
            continue
        for section, over in (("robustness", None), ("robustness_group", "g")):
            if section in metric.sections:
                check = Check(metric=name, min=max(metric.range[0], -1e6), over=over)
                validate((check,), sensitive=("g",), task=task)
                assert evaluate((check,), found).status == "pass", (name, over)


def test_a_metric_that_no_group_has_is_refused_by_group():
    with pytest.raises(SpecError, match="not measured by group"):
        validate((Check(metric="foreign_rows_auroc", over="g", min=0.5),), sensitive=("g",))
    with pytest.raises(SpecError, match="needs groups"):
        validate((Check(metric="group_conformal_coverage", min=0.5),), sensitive=("g",))


def test_a_promise_that_one_group_is_not_kept_fails_by_group_and_passes_for_all():
    number = {"value": 0.9, "low": 0.88, "high": 0.92, "one_sided": [0.885, 0.915]}
    poor = {"value": 0.6, "low": 0.5, "high": 0.7, "one_sided": [0.52, 0.68]}
    groups = {"g": {"a": {"n": 90, "metrics": {"conformal_coverage": number}},
                    "b": {"n": 30, "metrics": {"conformal_coverage": poor}}}}  # fmt: skip
    found = {"robustness": {"metrics": {"conformal_coverage": number}, "groups": groups}}
    assert evaluate((Check(metric="conformal_coverage", min=0.85),), found).status == "pass"
    assert evaluate((Check(metric="conformal_coverage", over="g", min=0.85),), found).status == "fail"
