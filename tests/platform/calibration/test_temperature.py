"""One number that makes scores mean what they say."""

import json
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from assay.platform.calibration.temperature import (
    PRIOR,
    calibrate,
    fit_temperature,
    negative_log_likelihood,
)
from assay.platform.data.dataset import Dataset
from assay.platform.predictor import Predictor
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from hypothesis import given, settings
from hypothesis import strategies as st

MODEL = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})


def sample(rows: int, classes: int, sharpness: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `sharpness` times those that the labels were drawn by: the true temperature."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 1.5, (rows, classes))
    shares = scipy.special.softmax(logits, axis=1).cumsum(axis=1)
    return sharpness * logits, (draw.random((rows, 1)) > shares).sum(axis=1).clip(max=classes - 1)


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(20, 300), classes=st.integers(2, 5), sharpness=st.floats(0.3, 8), seed=st.integers(0, 99)
)
def test_it_is_the_optimum_that_scipy_finds(rows, classes, sharpness, seed):
    logits, labels = sample(rows, classes, sharpness, seed)

    def objective(log_temperature: float) -> float:
        likelihood = scipy.special.log_softmax(logits / math.exp(log_temperature), axis=1)
        return -likelihood[np.arange(rows), labels].sum() + log_temperature**2 / (2 * PRIOR**2)

    best = scipy.optimize.minimize_scalar(
        objective, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}
    )
    found = math.log(fit_temperature(logits, labels))
    assert objective(found) <= best.fun + 1e-8
    assert found == pytest.approx(best.x, abs=1e-4)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoiled_the_logits_is_recovered(sharpness):
    logits, labels = sample(20_000, 3, sharpness, seed=1)
    assert fit_temperature(logits, labels) == pytest.approx(sharpness, rel=0.03)


def test_among_many_rows_the_prior_is_not_felt():
    logits, labels = sample(3000, 2, 2.0, seed=2)
    likeliest = scipy.optimize.minimize_scalar(
        lambda log_temperature: negative_log_likelihood(logits / math.exp(log_temperature), labels),
        bounds=(-4, 4), method="bounded",
    )  # fmt: skip
    assert fit_temperature(logits, labels) == pytest.approx(math.exp(likeliest.x), rel=0.01)


def test_rows_that_are_all_right_do_not_make_it_certain():
    logits = np.tile([[0.0, 2.0]], (10, 1))
    assert 0.3 < fit_temperature(logits, np.ones(10, int)) < 1
    assert 1 < fit_temperature(logits, np.zeros(10, int)) < 10


def test_a_row_of_weight_two_counts_as_two_rows():
    logits, labels = sample(60, 3, 2.0, seed=3)
    weight = np.where(np.arange(60) < 20, 2.0, 1.0)
    doubled = np.concatenate([np.arange(60), np.arange(20)])
    weighted = negative_log_likelihood(logits, labels, weight)
    assert weighted == pytest.approx(negative_log_likelihood(logits[doubled], labels[doubled]))
    # The fit scales weights to the number of rows, so a common factor has no say.
    assert fit_temperature(logits, labels, weight) == fit_temperature(logits, labels, 7 * weight)


def test_the_likelihood_of_huge_logits_is_finite():
    logits = np.array([[1e4, 0.0], [0.0, 1e4]])
    assert negative_log_likelihood(logits, np.array([0, 1])) == 0
    assert negative_log_likelihood(logits, np.array([1, 0])) == 1e4
    assert math.isfinite(fit_temperature(logits, np.array([1, 0])))


@pytest.fixture
def model(tmp_path):
    """Train a small model on a dataset and give its folder."""

    def run(dataset, **config):
        out = tmp_path / "model"
        out.mkdir()
        settings = TrainConfig(epochs=2, batch_size=32, learning_rate=1e-2, **config)
        train(dataset=dataset, model=MODEL, config=settings, out=out, scratch=tmp_path / "scratch")
        return out

    return run


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_artifact_is_the_models_but_for_the_temperature(model, tabular, tmp_path):
    source = model(tabular)
    (source / "manifest.json").write_text("{}")  # as the store leaves it: the new artifact gets its own
    before = contents(source)
    details = calibrate(dataset=tabular, model=source, out=tmp_path / "calibrated")
    after = contents(tmp_path / "calibrated")
    assert contents(source) == before, "the model itself must not change, though its files are linked"
    assert {name for name in before if before[name] != after.get(name)} == {
        "manifest.json", "postprocess.json",
    }  # fmt: skip
    one, other = (json.loads(found["postprocess.json"]) for found in (before, after))
    assert other == one | {"temperature": details["temperature"]}
    assert details["nll_after"] <= details["nll_before"]
    assert details["rows"] == 100


def test_decisions_stay_and_scores_follow_the_temperature(model, tabular, tmp_path):
    source = model(tabular)
    details = calibrate(dataset=tabular, model=source, out=tmp_path / "calibrated")
    table = Dataset.open(tabular).test_table()
    before, after = Predictor.load(source), Predictor.load(tmp_path / "calibrated")
    assert np.array_equal(
        before.decide(before.predict(table), table), after.decide(after.predict(table), table)
    )
    expected = scipy.special.softmax(before.outputs(table).astype(float) / details["temperature"], axis=1)
    np.testing.assert_allclose(after.predict(table), expected, atol=1e-6)


def test_it_looks_at_the_labels_that_training_looked_at_and_no_others(model, tabular, tmp_path):
    source = model(tabular, labels_per_class=4)
    details = calibrate(dataset=tabular, model=source, out=tmp_path / "calibrated")
    assert details["rows"] == 8


def test_a_regression_passes_through(model, prices, tmp_path):
    source = model(prices)
    details = calibrate(dataset=prices, model=source, out=tmp_path / "calibrated")
    assert contents(tmp_path / "calibrated") == contents(source)
    assert "temperature" not in details
