"""scikit-learn in skops files: the same numbers as in memory, and nothing executed that a file names."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from assay.platform.exceptions import ModelError, UsageError
from assay.platform.predictor import load_model
from assay.platform.predictor.foreign import take
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC


def pipeline(columns, last=None):
    steps = make_column_transformer(
        (StandardScaler(), ["x", "z"]), (OneHotEncoder(), [c for c in columns if c not in ("x", "z")])
    )
    return make_pipeline(steps, last or LogisticRegression())


def opened(model, dataset, folder):
    skops.io.dump(model, folder / "model.skops")
    (folder / "artifact").mkdir()
    take(folder / "model.skops", dataset, folder / "artifact", logits=False)
    return load_model(folder / "artifact")


def test_a_pipeline_says_what_it_said_in_memory_in_the_order_of_the_schemas_classes(dataset, table, tmp_path):
    frame = table.to_pandas()
    model = pipeline(["x", "z", "colour"]).fit(frame[["x", "z", "colour"]], frame["y"])
    found = opened(model, dataset, tmp_path)
    assert found.classes == ("yes", "no")
    expected = pd.DataFrame(model.predict_proba(frame), columns=model.classes_)[["yes", "no"]]
    np.testing.assert_allclose(found.predict(table), expected, atol=1e-6)
    decided = found.decide(found.predict(table), table)
    assert [found.classes[code] for code in decided] == model.predict(frame).tolist()
    assert found.source.name == "scikit-learn LogisticRegression"


def test_boosted_trees_and_their_private_classes_are_trusted(dataset, table, tmp_path):
    frame = table.to_pandas()
    model = HistGradientBoostingClassifier(max_iter=3).fit(frame[["x", "z"]], frame["y"])
    found = opened(model, dataset, tmp_path)
    np.testing.assert_allclose(
        found.predict(table)[:, 1], model.predict_proba(frame[["x", "z"]])[:, 0], atol=1e-6
    )


def test_a_model_that_reads_a_sensitive_column_makes_it_a_feature(dataset, table, tmp_path):
    frame = table.to_pandas()
    model = pipeline(["x", "z", "sex"]).fit(frame[["x", "z", "sex"]], frame["y"])
    found = opened(model, dataset, tmp_path)
    assert "sex" in {column.name for column in found.schema.features}
    assert found.columns == ("x", "z", "sex")


def test_a_model_without_probabilities_marks_its_decisions(dataset, table, tmp_path):
    frame = table.to_pandas()
    model = pipeline(["x", "z"], LinearSVC()).fit(frame[["x", "z"]], frame["y"])
    found = opened(model, dataset, tmp_path)
    assert not found.probabilities
    assert set(np.unique(found.predict(table))) == {0.0, 1.0}


def test_numbers_for_classes_are_read_in_sorted_order(dataset, table, tmp_path):
    frame = table.to_pandas()
    model = LogisticRegression().fit(frame[["x", "z"]], (frame["y"] == "yes").astype(int))
    found = opened(model, dataset, tmp_path)
    np.testing.assert_allclose(
        found.predict(table)[:, 0], model.predict_proba(frame[["x", "z"]])[:, 1], atol=1e-6
    )


RAN = []


def runs(values):
    RAN.append(values)
    return values


@pytest.mark.parametrize("function", [runs, np.linalg.svd, eval])
def test_a_file_that_names_a_function_is_refused_before_anything_runs(dataset, table, tmp_path, function):
    frame = table.to_pandas()
    model = make_pipeline(FunctionTransformer(function), LogisticRegression())
    model.steps[1][1].fit(frame[["x", "z"]], frame["y"])
    if function is runs:
        RAN.clear()
    with pytest.raises(ModelError, match=r"trusted|opened"):
        opened(model, dataset, tmp_path)
    assert not RAN


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (lambda f: DummyRegressor().fit(f[["x"]], f["z"]), "another task"),
        (lambda f: LogisticRegression().fit(f[["x"]], f["colour"]), "other classes"),
        (lambda f: StandardScaler().fit(f[["x"]]), "no model"),
        (lambda f: LogisticRegression().fit(f[["x"]].rename(columns={"x": "age"}), f["y"]), "no column"),
    ],
)
def test_a_model_of_something_else_is_refused(dataset, table, tmp_path, fit, said):
    with pytest.raises(UsageError, match=said):
        opened(fit(table.to_pandas()), dataset, tmp_path)


@pytest.mark.parametrize("name", ["m.pkl", "m.joblib", "m.pt", "m.pth", "m.pt2", "m.pickle", "m.bin", "m.h5"])
def test_pickles_and_unknown_files_are_never_opened(dataset, tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(ModelError, match=r"isn't opened|can't be told"):
        take(tmp_path / name, dataset, tmp_path, logits=False)


def test_a_damaged_file_is_refused(dataset, tmp_path):
    (tmp_path / "m.skops").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ModelError, match="can't be opened"):
        take(tmp_path / "m.skops", dataset, tmp_path, logits=False)
