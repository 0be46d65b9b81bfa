"""Each planted fault raises its own number, and honest rows raise none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from assay.audits.data import Rows, measure
from assay.audits.findings import Findings
from assay.audits.predictions import Predictions
from assay.platform.data.preprocess import Preprocessor
from assay.platform.exceptions import DataError, SpecError
from scipy.stats import binomtest, chi2_contingency

Dealt = Callable[..., tuple[Rows, dict[str, Any]]]


def audited(rows: Rows, datasheet: dict[str, Any]) -> Findings:
    """The audit beside a model that says yes to high incomes."""
    test = rows.splits["test"]
    fitted = Preprocessor.fit(rows.splits["train"], rows.schema)
    said = (test["income"].to_numpy() > 50).astype(int)
    predictions = Predictions(
        task="binary", classes=rows.schema.classes, positive=rows.schema.positive, rows=np.arange(len(test)),
        y_true=fitted.targets(test), y_pred=said, sensitive=fitted.sensitive(test),
    )  # fmt: skip
    return measure(rows, datasheet, predictions, confidence=0.95)


def values(found: Findings) -> dict[str, float]:
    return {name: held["value"] for name, held in found.values["metrics"].items()}


def test_honest_rows_raise_nothing(frame: pd.DataFrame, dealt: Dealt):
    found = audited(*dealt(frame))
    assert values(found) == pytest.approx(
        {"copied_rows": 0, "crossing_rows": 0, "absent_groups": 0, "label_leak": 0.3}, abs=0.25
    )
    assert found.values["audit"]["missingness"] == {"tested": 0, "flagged": []}
    assert found.values["metrics"]["label_leak"]["one_sided"][1] < 0.9


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_column_that_is_written_from_the_label_is_named(frame: pd.DataFrame, dealt: Dealt, noise: float):
    flipped = np.random.default_rng(1).random(len(frame)) < noise
    frame["outcome code"] = np.where((frame.granted == "yes") ^ flipped, "A", "B")
    found = audited(*dealt(frame))
    assert found.values["audit"]["single_columns"][0]["column"] == "outcome code"
    assert found.values["metrics"]["label_leak"]["one_sided"][0] > 0.8


def test_a_number_that_leaks_a_quantity_is_named(frame: pd.DataFrame, dealt: Dealt):
    frame["refund"] = frame.income * 3 + 7 + np.random.default_rng(0).normal(0, 0.1, len(frame))
    rows, datasheet = dealt(frame, target="income", sensitive=())
    test = rows.splits["test"]
    truth = test["income"].to_numpy()
    predictions = Predictions(task="regression", rows=np.arange(len(test)), y_true=truth, y_pred=truth)
    found = measure(rows, datasheet, predictions, confidence=0.95)
    assert found.values["audit"]["single_columns"][0]["column"] == "refund"
    assert found.values["metrics"]["label_leak"]["one_sided"][0] > 0.95


def test_train_rows_that_were_copied_into_the_file_are_counted(frame: pd.DataFrame, dealt: Dealt):
    rows, datasheet = dealt(pd.concat([frame, frame.iloc[:100]]))
    found = audited(rows, datasheet)
    keys = {
        name: table.drop_columns("__row__").to_pandas().apply(tuple, axis=1)
        for name, table in rows.splits.items()
    }
    twins = keys["test"].isin(set(keys["train"]) | set(keys["validation"])).sum()
    assert twins > 10
    assert values(found)["copied_rows"] == pytest.approx(twins / len(keys["test"]))


def test_copies_that_were_changed_in_one_column_are_near_rows(frame: pd.DataFrame, dealt: Dealt):
    copies = frame.iloc[:200].assign(region="west")
    near = audited(*dealt(pd.concat([frame, copies]))).values["audit"]["near_rows"]
    honest = audited(*dealt(frame)).values["audit"]["near_rows"]
    assert near["all_but_one"]["share"] > 0.1
    assert honest["all_but_one"]["share"] == 0
    assert near["rounded"]["share"] == pytest.approx(honest["rounded"]["share"], abs=0.02)


def test_persons_with_several_rows_cross_splits_unless_they_are_dealt_whole(
    frame: pd.DataFrame, dealt: Dealt
):
    frame["person_id"] = np.random.default_rng(0).integers(0, 500, len(frame))
    found = audited(*dealt(frame))
    assert found.values["audit"]["keys"][0]["column"] == "person_id"
    assert values(found)["crossing_rows"] > 0.5
    from assay.platform.data.config import SplitConfig

    whole = audited(*dealt(frame, split=SplitConfig(by="person_id")))
    assert values(whole)["crossing_rows"] == 0


def test_a_group_without_a_test_row_is_named(frame: pd.DataFrame, dealt: Dealt):
    rows, datasheet = dealt(frame)
    test = rows.splits["test"]
    without = Rows(
        {**rows.splits, "test": test.filter(test["gender"].to_pandas().eq("m").to_numpy())}, rows.schema
    )
    found = audited(without, datasheet)
    assert values(found)["absent_groups"] == 1
    assert found.values["audit"]["absent_groups"] == {"gender": ["f"]}


def test_cells_that_are_missing_in_one_group_are_flagged_and_others_are_not(
    frame: pd.DataFrame, dealt: Dealt
):
    rng = np.random.default_rng(0)
    rate = np.where(frame.gender == "f", 0.2, 0.05)
    frame.loc[rng.random(len(frame)) < rate, "debt"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.1, "region"] = None
    found = audited(*dealt(frame)).values["audit"]["missingness"]
    assert found["tested"] == 2
    (flag,) = found["flagged"]
    assert (flag["column"], flag["highest"], flag["lowest"]) == ("debt", "f", "m")
    table = pd.crosstab(frame.debt.isna(), frame.gender).to_numpy()
    assert flag["p"] == pytest.approx(2 * chi2_contingency(table, correction=False)[1], rel=1e-9)


def test_shares_and_labels_have_exact_intervals(frame: pd.DataFrame, dealt: Dealt):
    audit = audited(*dealt(frame)).values["audit"]
    women = frame[frame.gender == "f"]
    for part, hits, of in (
        (audit["representation"]["gender"]["f"]["share"], len(women), len(frame)),
        (audit["labels"]["gender"]["f"]["yes"], (women.granted == "yes").sum(), len(women)),
    ):
        exact = binomtest(int(hits), of).proportion_ci(0.95, method="exact")
        assert (part["value"], part["low"], part["high"]) == pytest.approx((hits / of, *exact))


def test_a_declared_population_gives_ratios_and_the_metrics_of_its_mixture(frame: pd.DataFrame, dealt: Dealt):
    rows, datasheet = dealt(frame, reference={"gender": {"f": 0.7, "m": 0.3}})
    audit = audited(rows, datasheet).values["audit"]
    ratio = audit["representation"]["gender"]["f"]["ratio"]["value"]
    assert ratio == pytest.approx((frame.gender == "f").mean() / 0.7)
    test = rows.splits["test"].to_pandas()
    right = (test.income > 50) == (test.granted == "yes")
    by_group = right.groupby(test.gender).mean()
    accuracy = audit["in_population"]["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(0.7 * by_group["f"] + 0.3 * by_group["m"])
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


@pytest.mark.parametrize(
    ("reference", "error", "why"),
    [
        ({"gender": {"f": 0.7, "m": 0.4}}, SpecError, "sum to 1.1"),
        ({"gender": {"f": 1.2, "m": -0.2}}, SpecError, "isn't a population"),
        ({"gender": {"female": 0.5, "m": 0.5}}, DataError, "'female'"),
        ({"gender": {"f": 1.0}}, DataError, "none for 'm'"),
        ({"region": {"north": 1.0}}, DataError, "no sensitive column"),
    ],
)
def test_a_population_that_is_none_is_refused(frame: pd.DataFrame, dealt: Dealt, reference, error, why):
    with pytest.raises(error, match=why):
        dealt(frame, reference=reference)


def test_a_proxy_of_a_group_is_named_in_the_datasheet(frame: pd.DataFrame, dealt: Dealt):
    rng = np.random.default_rng(0)
    frame["club"] = np.where(rng.random(len(frame)) < 0.95, frame.gender.map({"f": "A", "m": "B"}), "C")
    _, datasheet = dealt(frame)
    proxies = datasheet["proxies"]["gender"]
    assert proxies["auroc"] > 0.9
    assert proxies["columns"][0]["column"] == "club"
