"""Values against scikit-learn's; intervals against known truths."""

import numpy as np
import pytest
from assay.audits.performance import compare, measure
from assay.audits.predictions import Predictions
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2
from sklearn import metrics as sk


def binary(y_true, scores, weight=None, threshold=0.5) -> Predictions:
    scores = np.asarray(scores, float)
    return Predictions(
        task="binary", classes=("no", "yes"), positive="yes", rows=np.arange(len(scores)),
        y_true=np.asarray(y_true), y_pred=(scores > threshold).astype(int),
        scores=np.stack([1 - scores, scores], axis=1), weight=weight,
    )  # fmt: skip


def multiclass(y_true, scores, weight=None) -> Predictions:
    return Predictions(
        task="multiclass", classes=tuple("abc"), rows=np.arange(len(scores)), y_true=np.asarray(y_true),
        y_pred=scores.argmax(axis=1), scores=scores, weight=weight,
    )  # fmt: skip


def regression(y_true, y_pred, weight=None) -> Predictions:
    rows = np.arange(len(y_true))
    return Predictions(task="regression", rows=rows, y_true=y_true, y_pred=y_pred, weight=weight)


def calibrated(rng: np.random.Generator, rows: int, shift: float, base: float) -> Predictions:
    """A model whose scores are the true probabilities of two normal classes `shift` apart."""
    y_true = (rng.random(rows) < base).astype(int)
    logit = shift * (rng.normal(size=rows) + shift * y_true) - shift**2 / 2 + np.log(base / (1 - base))
    return binary(y_true, 1 / (1 + np.exp(-logit)))


ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10), st.floats(0.1, 5)), min_size=2, max_size=60)


@given(ROWS, st.booleans())
@settings(max_examples=60, deadline=None)
def test_binary_values_equal_scikit_learns(rows, weighted):
    y, s, w = (np.array(column) for column in zip(*rows, strict=True))
    w = w if weighted else None
    p = binary(y, s / 10, w)
    found = {name: number["value"] for name, number in measure(p).values["metrics"].items()}
    expected = {
        "accuracy": sk.accuracy_score(y, p.y_pred, sample_weight=w),
        "precision": sk.precision_score(y, p.y_pred, sample_weight=w, zero_division=np.nan),
        "recall": sk.recall_score(y, p.y_pred, sample_weight=w, zero_division=np.nan),
        "f1": sk.f1_score(y, p.y_pred, sample_weight=w, zero_division=np.nan),
        "log_loss": sk.log_loss(y, p.scores, sample_weight=w, labels=[0, 1]),
        "brier_score": sk.brier_score_loss(y, s / 10, sample_weight=w),
    }
    if 0 < y.sum() < len(y):
        expected |= {
            "balanced_accuracy": sk.balanced_accuracy_score(y, p.y_pred, sample_weight=w),
            "auroc": sk.roc_auc_score(y, s, sample_weight=w),
            "average_precision": sk.average_precision_score(y, s, sample_weight=w),
        }
    for name, value in expected.items():
        if np.isnan(value):
            assert name not in found
        else:
            assert found[name] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("weighted", [False, True])
def test_multiclass_values_equal_scikit_learns(weighted):
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 3, 200), rng.dirichlet([1, 1, 1], 200)
    w = rng.uniform(0.5, 2, 200) if weighted else None
    p = multiclass(y, scores, w)
    found = measure(p).values
    one_hot = np.eye(3)[y]
    expected = {
        "accuracy": sk.accuracy_score(y, p.y_pred, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, p.y_pred, sample_weight=w),
        "macro_precision": sk.precision_score(y, p.y_pred, average="macro", sample_weight=w),
        "macro_f1": sk.f1_score(y, p.y_pred, average="macro", sample_weight=w),
        "macro_auroc": sk.roc_auc_score(one_hot, scores, average="macro", sample_weight=w),
        "macro_average_precision": sk.average_precision_score(
            one_hot, scores, average="macro", sample_weight=w
        ),
        "log_loss": sk.log_loss(y, scores, sample_weight=w),
        "brier_score": np.average(((scores - one_hot) ** 2).sum(axis=1), weights=w),
    }
    assert {name: number["value"] for name, number in found["metrics"].items()} == pytest.approx(expected)
    np.testing.assert_allclose(
        found["confusion"]["counts"], sk.confusion_matrix(y, p.y_pred, sample_weight=w)
    )
    recalls = [found["by_class"][name]["recall"]["value"] for name in "abc"]
    np.testing.assert_allclose(recalls, sk.recall_score(y, p.y_pred, average=None, sample_weight=w))


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_values_equal_scikit_learns(weighted):
    rng = np.random.default_rng(1)
    y = rng.normal(3, 2, 300)
    y_pred, w = y + rng.normal(size=300), rng.uniform(0.5, 2, 300) if weighted else None
    found = measure(regression(y, y_pred, w)).values["metrics"]
    expected = {
        "mean_absolute_error": sk.mean_absolute_error(y, y_pred, sample_weight=w),
        "root_mean_squared_error": sk.root_mean_squared_error(y, y_pred, sample_weight=w),
        "r2": sk.r2_score(y, y_pred, sample_weight=w),
    }
    assert {name: number["value"] for name, number in found.items()} == pytest.approx(expected)
    assert all(number["low"] <= number["value"] <= number["high"] for number in found.values())


def test_accuracy_has_the_exact_interval():
    rng = np.random.default_rng(2)
    p = calibrated(rng, 80, 1.0, 0.4)
    found = measure(p).values["metrics"]["accuracy"]
    exact = binomtest(int((p.y_true == p.y_pred).sum()), 80).proportion_ci(0.95, method="exact")
    assert (found["low"], found["high"], found["n"]) == pytest.approx((exact.low, exact.high, 80))


@pytest.mark.parametrize(
    "metric", ["f1", "balanced_accuracy", "average_precision", "auroc", "brier_score", "log_loss"]
)
def test_variances_equal_the_bootstraps(metric):
    rng = np.random.default_rng(3)
    p = calibrated(rng, 1500, 1.5, 0.3)
    drawn = []
    for rows in rng.integers(0, 1500, (200, 1500)):
        again = binary(p.y_true[rows], p.scores[rows, 1])
        drawn.append(measure(again).values["metrics"][metric]["value"])
    found = measure(p, confidence=0.6826895).values["metrics"][metric]
    assert found["value"] - found["low"] == pytest.approx(np.std(drawn), rel=0.2)


def coverage(rows: int, shift: float, base: float, draws: int) -> dict[str, float]:
    """Share of draws in which each metric's interval holds the value of a very large sample."""
    rng = np.random.default_rng(4)
    truth = measure(calibrated(rng, 2_000_000, shift, base)).values["metrics"]
    held: dict[str, list[bool]] = {name: [] for name in truth}
    for _ in range(draws):
        for name, number in measure(calibrated(rng, rows, shift, base)).values["metrics"].items():
            held[name].append(number["low"] <= truth[name]["value"] <= number["high"])
    return {name: float(np.mean(of)) for name, of in held.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "shift", "base"), [(20, 1.0, 0.5), (20, 2.0, 0.25), (100, 3.5, 0.1), (1000, 2.0, 0.25)]
)
def test_every_metric_covers_in_ten_thousand_draws(rows, shift, base):
    found = coverage(rows, shift, base, 10_000)
    print(
        f"\n{rows} rows, shift {shift}, base {base}:",
        {name: round(share, 3) for name, share in found.items()},
    )
    assert min(found.values()) >= 0.945


def test_every_metric_covers_in_a_few_draws_of_twenty_rows():
    assert min(coverage(20, 2.0, 0.25, 300).values()) >= 0.91


def test_paired_difference_is_narrower_than_two_intervals_and_equals_the_closed_form():
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 1000)
    good, bad = np.where(rng.random(1000) < 0.85, y, 1 - y), None
    bad = np.where(rng.random(1000) < 0.05, 1 - good, good)
    ours, other = binary(y, good), binary(y, bad)
    found = compare(ours, other).values["accuracy"]
    gain = (good == y).astype(float) - (bad == y)
    assert found["value"] == pytest.approx(gain.mean())
    # McNemar's interval, and one more row on which they disagree.
    closed = 1.959964 * gain.std() / np.sqrt(1000)
    assert closed < found["high"] - found["value"] < closed + 4 / 1000
    alone = measure(ours).values["metrics"]["accuracy"]
    assert found["high"] - found["low"] < alone["high"] - alone["low"]


def test_models_that_agree_on_every_row_may_differ_by_what_was_not_seen():
    p = calibrated(np.random.default_rng(6), 200, 1.0, 0.4)
    found = compare(p, p).values
    assert all(number["value"] == 0 for number in found.values())
    # The rule of three: what n rows don't show has, with 95% confidence, a chance below -ln(.05) / n.
    lower, upper = found["accuracy"]["one_sided"]
    assert -lower == upper <= -np.log(0.05) / 200
    assert upper > 0.8 * -np.log(0.05) / 200


@pytest.mark.parametrize("losses", [0, 1, 2, 5, 20])
def test_a_few_disagreements_have_the_limits_of_poisson_counts(losses):
    truth = np.ones(4000, int)
    truth[:2000] = 0
    ours = truth.copy()
    ours[:losses] = 1 - ours[:losses]
    lower = compare(binary(truth, ours), binary(truth, truth)).values["accuracy"]["one_sided"][0]
    assert -lower * 4000 == pytest.approx(chi2.ppf(0.95, 2 * losses + 2) / 2, rel=0.02)


def test_one_class_leaves_rank_metrics_missing_with_the_reason():
    found = measure(binary(np.ones(30, int), np.linspace(0.1, 0.9, 30)))
    assert "accuracy" in found.values["metrics"]
    assert found.missing["/metrics/auroc"] == "only one class is present"
    assert found.missing["/metrics/balanced_accuracy"] == "a class has no row"


def test_constant_predictions_have_no_precision_and_chance_auroc():
    found = measure(binary([0, 1] * 20, np.full(40, 0.2)))
    assert found.missing["/metrics/precision"] == "no row is predicted positive"
    assert found.values["metrics"]["auroc"]["value"] == 0.5
    assert found.values["metrics"]["recall"]["value"] == 0


def test_a_single_row_is_measured_or_named_as_missing():
    found = measure(binary([1], [0.7]))
    assert found.values["metrics"]["accuracy"]["low"] == pytest.approx(0.025)
    assert "/metrics/log_loss" in found.missing
    found = measure(regression(np.array([1.0]), np.array([2.0])))
    assert set(found.missing) == {
        "/metrics/mean_absolute_error",
        "/metrics/root_mean_squared_error",
        "/metrics/r2",
    }


def test_a_constant_target_has_no_r2():
    found = measure(regression(np.ones(30), np.linspace(0, 2, 30)))
    assert found.missing["/metrics/r2"] == "the target is constant"


def test_faultless_predictions_do_not_pretend_to_certainty():
    found = measure(binary([0, 1] * 10, [0.0, 1.0] * 10)).values["metrics"]
    assert found["accuracy"]["low"] < 0.9
    assert found["auroc"]["low"] < 0.9
    assert found["brier_score"]["high"] > 0.05
