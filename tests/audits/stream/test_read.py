"""Predictions in files: every form says the same, a stream says what rows say, wrong files are refused."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.audits import calibration, fairness, performance
from assay.audits.config import FairnessConfig
from assay.audits.predictions import Predictions
from assay.audits.stream import PredictionColumns, read_predictions
from assay.platform.exceptions import UsageError
from sklearn.metrics import roc_auc_score

BINARY = PredictionColumns(
    target="truth", prediction="said", scores=("p",), sensitive=("sex", "race"), weight="w"
)
CONFIG = FairnessConfig(replicates=20)
COUNTED = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")


def people(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.beta(1, 2, rows)
    return pd.DataFrame(
        {
            "truth": np.where(rng.random(rows) < score, "yes", "no"),
            "said": np.where(score > 0.5, "yes", "no"),
            "p": score,
            "sex": rng.choice(["f", "m"], rows),
            "race": rng.choice(["a", "b", "c", None], rows),
            "w": rng.uniform(0.5, 2, rows),
        }
    )


def written(table: pd.DataFrame, folder: Path, form: str = "parquet") -> Path:
    path = folder / f"predictions.{form}"
    {
        "parquet": lambda: table.to_parquet(path, row_group_size=2000),
        "csv": lambda: table.to_csv(path, index=False),
        "json": lambda: table.to_json(path, orient="records"),
        "jsonl": lambda: table.to_json(path, orient="records", lines=True),
    }[form]()
    return path


def same(one: Predictions, other: Predictions) -> None:
    assert one.classes == other.classes
    np.testing.assert_array_equal(one.y_true, other.y_true)
    np.testing.assert_array_equal(one.y_pred, other.y_pred)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-9)
    for name, values in one.sensitive.items():
        np.testing.assert_array_equal(values, other.sensitive[name])


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_every_form_of_a_file_is_read_alike(tmp_path, form):
    table = people(300)
    same(
        read_predictions(written(table, tmp_path), BINARY),
        read_predictions(written(table, tmp_path, form), BINARY),
    )


def test_a_cell_of_another_column_may_hold_line_breaks(tmp_path):
    table = people(50).assign(letter="dear all,\n\nyours")
    same(
        read_predictions(written(table, tmp_path, "csv"), BINARY),
        read_predictions(written(table, tmp_path), BINARY),
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_a_stream_gives_what_the_rows_give(tmp_path, weighted):
    path = written(people(6000), tmp_path)
    columns = BINARY if weighted else PredictionColumns(
        target="truth", prediction="said", scores=("p",), sensitive=("sex", "race")
    )  # fmt: skip
    rows, entries = read_predictions(path, columns), read_predictions(path, columns, exact_rows=100)
    assert rows.condensed is None
    assert entries.condensed is not None
    assert entries.size == len(rows) == 6000
    one, other = performance.measure(rows).values, performance.measure(entries).values
    for name in COUNTED:
        for key in ("value", "low", "high", "n"):
            assert other["metrics"][name][key] == pytest.approx(one["metrics"][name][key], abs=1e-12), name
    np.testing.assert_allclose(other["confusion"]["counts"], one["confusion"]["counts"], rtol=1e-12)
    for name in ("log_loss", "brier_score"):
        assert other["metrics"][name]["value"] == pytest.approx(one["metrics"][name]["value"], abs=1e-6)
    for name in ("auroc", "average_precision"):
        exact, found = one["metrics"][name], other["metrics"][name]
        assert found["low"] <= exact["low"] + 1e-9
        assert found["high"] >= exact["high"] - 1e-9
        assert found["value"] == pytest.approx(exact["value"], abs=1e-3)
    one, other = fairness.measure(rows, CONFIG).values, fairness.measure(entries, CONFIG).values
    for kind in ("attributes", "intersections"):
        for column, held in one[kind].items():
            for name, gap in held["differences"].items():
                if name != "auroc_difference":
                    again = other[kind][column]["differences"][name]
                    assert again["value"] == pytest.approx(gap["value"], abs=1e-12), name
                    assert again["high"] == pytest.approx(gap["high"], abs=1e-12), name
    one, other = (calibration.measure(of, config=CONFIG).values for of in (rows, entries))
    for metric in ("expected_calibration_error", "mean_calibration_gap"):
        found, exact = other["metrics"][metric], one["metrics"][metric]
        assert found["value"] == pytest.approx(exact["value"], abs=3e-3 if weighted else 2e-3)


def test_the_area_of_coarse_scores_is_within_its_stated_error(tmp_path):
    table = people(20_000)
    path = written(table, tmp_path)
    truth = roc_auc_score(table["truth"] == "yes", table["p"])
    from assay.audits.intervals import ties
    from assay.audits.stream import condenser, read

    small = condenser.Condenser
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "Condenser", lambda bits: small(bits=bits, most=1500))
        found = read_predictions(path, PredictionColumns(target="truth", prediction="said", scores=("p",)),
                                 exact_rows=100)  # fmt: skip
    assert found.condensed is not None
    assert found.condensed.bits < 12
    assert len(found) <= 3000
    measured = performance.measure(found).values["metrics"]["auroc"]["value"]
    stated = ties(found.ranking, found.y_true == 1, found.mass) / 2
    assert 0 < abs(measured - truth) <= stated < 0.01


def test_condensed_predictions_survive_their_file(tmp_path):
    found = read_predictions(written(people(500), tmp_path), BINARY, exact_rows=100)
    found.to_parquet(tmp_path / "stored.parquet")
    again = Predictions.from_parquet(tmp_path / "stored.parquet")
    assert performance.measure(again).values == performance.measure(found).values
    assert fairness.measure(again, CONFIG).values == fairness.measure(found, CONFIG).values


def test_values_of_a_stream_without_groups_are_measured(tmp_path):
    rng = np.random.default_rng(1)
    path = written(pd.DataFrame({"truth": rng.normal(size=900), "said": rng.normal(size=900)}), tmp_path)
    found = read_predictions(path, PredictionColumns(target="truth", prediction="said"), exact_rows=100)
    assert found.size == 900
    measured = performance.measure(found).values
    assert measured["metrics"]["mean_absolute_error"]["n"] == 900
    assert "truth and error" in measured["settings"]["values"]


def test_values_are_measured_alike_as_rows_and_as_entries(tmp_path):
    rng = np.random.default_rng(1)
    truth = rng.normal(2000, 5, 5000)
    table = pd.DataFrame(
        {"truth": truth, "said": truth + rng.normal(0.3, 2, 5000), "g": rng.choice(["a", "b"], 5000)}
    )
    columns = PredictionColumns(target="truth", prediction="said", sensitive=("g",))
    path = written(table, tmp_path)
    rows, entries = read_predictions(path, columns), read_predictions(path, columns, exact_rows=100)
    assert rows.task == entries.task == "regression"
    one, other = (performance.measure(of).values["metrics"] for of in (rows, entries))
    for name, number in one.items():
        assert other[name]["value"] == pytest.approx(number["value"], rel=1e-5), name
    one, other = (fairness.measure(of, CONFIG).values["attributes"]["g"] for of in (rows, entries))
    for name, number in one["differences"].items():
        assert other["differences"][name]["value"] == pytest.approx(number["value"], rel=1e-3, abs=1e-6), name


def test_scores_of_several_classes_find_their_class(tmp_path):
    rng = np.random.default_rng(2)
    scores = rng.dirichlet(np.ones(3), 200)
    table = pd.DataFrame(scores, columns=["score_b", "score_c", "score_a"])
    table["said"] = np.array(list("bca"))[scores.argmax(axis=1)]
    table["truth"] = rng.choice(list("abc"), 200)
    names = ("score_a", "score_b", "score_c")
    found = read_predictions(
        written(table, tmp_path), PredictionColumns(target="truth", prediction="said", scores=names)
    )
    assert found.classes == ("a", "b", "c")
    np.testing.assert_array_equal(found.scores.argmax(axis=1), found.y_pred)


def test_a_stream_of_several_classes_keeps_counts_and_says_that_it_keeps_no_scores(tmp_path):
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.dirichlet(np.ones(3), 2000), columns=["score_a", "score_b", "score_c"])
    table["said"], table["truth"] = rng.choice(list("abc"), (2, 2000))
    columns = PredictionColumns(target="truth", prediction="said", scores=tuple(table.columns[:3]))
    path = written(table, tmp_path)
    rows, entries = (
        performance.measure(read_predictions(path, columns, exact_rows=n)) for n in (10_000, 100)
    )
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        assert entries.values["metrics"][name]["value"] == pytest.approx(
            rows.values["metrics"][name]["value"]
        )
    assert "no scores" in entries.missing["/metrics/log_loss"]
    assert "log_loss" in rows.values["metrics"]


def test_a_stream_without_scores_keeps_everything_else(tmp_path):
    columns = PredictionColumns(target="truth", prediction="said", sensitive=("sex",))
    path = written(people(2000), tmp_path)
    rows, entries = (read_predictions(path, columns, exact_rows=n) for n in (10_000, 100))
    assert len(entries) == 8  # two groups, two truths, two decisions
    one, other = (performance.measure(of) for of in (rows, entries))
    assert other.missing == one.missing
    for name, number in one.values["metrics"].items():
        assert other.values["metrics"][name]["high"] == pytest.approx(number["high"], abs=1e-12), name


def test_two_score_columns_of_a_stream_keep_their_order(tmp_path):
    table = people(3000).assign(score_yes=lambda t: t["p"], score_no=lambda t: 1 - t["p"])
    columns = PredictionColumns(target="truth", prediction="said", scores=("score_no", "score_yes"))
    path = written(table, tmp_path)
    rows, entries = (read_predictions(path, columns, exact_rows=n) for n in (10_000, 100))
    one, other = (performance.measure(of).values["metrics"] for of in (rows, entries))
    assert other["auroc"]["value"] == pytest.approx(one["auroc"]["value"], abs=1e-3)
    assert other["log_loss"]["value"] == pytest.approx(one["log_loss"]["value"], abs=1e-6)


def test_many_numbers_of_a_sensitive_column_become_bands(tmp_path):
    table = people(500).assign(age=np.random.default_rng(0).integers(17, 90, 500))
    columns = PredictionColumns(target="truth", prediction="said", sensitive=("age",))
    found = read_predictions(written(table, tmp_path), columns)
    assert len(set(found.sensitive["age"])) <= 7


@pytest.mark.parametrize(
    ("change", "columns", "said"),
    [
        ({}, {"target": "trut"}, "truth"),
        ({"p": np.nan}, {}, "300 of 300"),
        ({"p": 1.5}, {}, "no probabilities"),
        ({"said": "maybe"}, {}, "never true"),
        ({"said": None}, {}, "300 of 300"),
        ({"truth": "no", "said": "no"}, {}, "one class only"),
        ({}, {"positive": "ja"}, "no class"),
        ({}, {"task": "regression"}, "regression"),
        ({}, {"task": "clustering"}, "unknown task"),
        ({"p": "high"}, {}, "numbers"),
        ({"w": -1.0}, {}, "weights"),
    ],
)
@pytest.mark.parametrize("exact", [1000, 50])
def test_a_file_that_can_not_be_audited_is_refused_in_words(tmp_path, change, columns, said, exact):
    path = written(people(300).assign(**change), tmp_path)
    facts = {"target": "truth", "prediction": "said", "scores": ("p",), "weight": "w"} | columns
    with pytest.raises(UsageError, match=said):
        read_predictions(path, PredictionColumns(**facts), exact_rows=exact)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("header.csv", b"truth,said,p,sex,race,w\n"),
        ("not.parquet", b"truth,said\n"),
        ("broken.json", b'[{"truth": 1'),
        ("words.json", b'["truth"]'),
        ("ragged.csv", b"truth,said,p,sex,race,w\n1,2\n"),
        ("bytes.csv", b"truth,said,p,sex,race,w\nyes,no,0.5,\xff\xfe,a,1\n"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError):
        read_predictions(tmp_path / name, BINARY)


def test_a_json_line_that_lacks_a_column_is_refused(tmp_path):
    (tmp_path / "some.jsonl").write_text(json.dumps({"truth": "yes"}) + "\n")
    with pytest.raises(UsageError, match="no column"):
        read_predictions(tmp_path / "some.jsonl", BINARY)
